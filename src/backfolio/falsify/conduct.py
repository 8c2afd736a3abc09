"""The steps of a falsification: from a thesis and its market to a `Falsified`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from backfolio import errors
from backfolio.errors import UsageError
from backfolio.falsify import attempts as trying
from backfolio.falsify import claims, variants, without, words
from backfolio.falsify.alike import LEAST_ALIKE
from backfolio.falsify.held import held
from backfolio.falsify.model import Falsified
from backfolio.falsify.placebos import random_dates, random_names
from backfolio.falsify.record import falsify_id, record
from backfolio.falsify.scene import look
from backfolio.said import counted, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backfolio.backtest import ThesisFile
    from backfolio.falsify.model import Asked, Placebos
    from backfolio.falsify.names import Candidates
    from backfolio.falsify.scene import Scene
    from backfolio.prepare import Prepared
    from backfolio.said import Said
    from backfolio.settings import MarketSettings
    from backfolio.source import Source
    from backfolio.strategy import Strategy
    from backfolio.tune.stated import Stamp

LEAST_CATALYSTS: Final = 10
"""In the window, below which a reader is told how few there are."""

MOST_SAME: Final = 0.05
"""Of the placebos that ask for what the thesis does, above which a reader is told."""


def falsify(
    thesis: ThesisFile,
    strategy: Strategy,
    source: Source,
    prepared: Prepared,
    settings: MarketSettings,
    asked: Asked,
    *,
    command: str = "",
    stamp: Stamp | None = None,
    on_step: Callable[[str, int, int], None] | None = None,
) -> Falsified:
    """Try to break a thesis: placebos, worse markets, less to rest on; and answer its claims.

    Everything trades under the thesis' own exits, settings and rules, in the
    compiled engine. Nothing is written; the same arguments give the same.

    Parameters
    ----------
    thesis
        As found in its file.
    strategy
        It, built with its parameters.
    source
        Where `prepared` was cut from.
    prepared
        Its market.
    settings
        How it trades.
    asked
        Placebos and seed.
    command
        The command line, for the page.
    stamp
        When its claims were stated.
    on_step
        Called with what is being done, how many are done, and of how many.

    Raises
    ------
    UsageError
        If it is a plain backtrader strategy, buys nothing, or an account
        outgrows what the compiled engine holds.
    ThesisError
        If the thesis fails, on other sessions or without a name, too.
    """
    if cast("str", thesis.kind) != "backfolio":
        message = (
            f"{thesis.name} is a plain backtrader strategy, whose orders are not known before they are sent, so it "
            "cannot be asked again under other catalysts: write it as a Strategy with targets(history), or only "
            f"run it: {errors.command(f'run {thesis.name}')}"
        )
        raise UsageError(message)
    scene = look(strategy, prepared, settings, asked.seed, on_step)
    (base,) = scene.outcomes([scene.rows])
    dates = random_dates(scene, asked.placebos, asked.seed)
    names, may = random_names(scene, asked.placebos, asked.seed)
    capital, outgrown = variants.capitals(scene)
    families = (
        variants.lags(scene),
        variants.costs(scene),
        variants.slippages(scene),
        variants.participations(scene),
        capital,
        without.catalysts(scene),
        without.names(scene),
        without.sessions(scene),
    )
    own = held(scene)
    figures = trying.figures(base, dates, names, own, families)
    tried = trying.attempts(figures, own, (dates, names))
    scene.step("Answering the claims", 0, 1)
    answered = claims.answers(strategy.claims, thesis.name, prepared, scene.kinds, scene.targets, figures)
    grade, sentence = claims.judge(answered, tried)
    kept = record(thesis, strategy, source, prepared, settings, asked)
    return Falsified(
        falsify_id=falsify_id(kept),
        record=kept,
        strategy=thesis.name,
        title=thesis.title,
        params=strategy.params,
        kinds=scene.kinds,
        start=kept["start"],
        end=kept["end"],
        sessions=len(prepared.bars.sessions),
        symbols=len(prepared.bars.symbols),
        source_label=source.label,
        simulated=source.simulated,
        benchmark=prepared.benchmark_name,
        command=command,
        asked=asked,
        base=base,
        dates=dates,
        names=names,
        families=families,
        held=own,
        attempts=tried,
        answers=answered,
        stamp=stamp,
        grade=grade,
        sentence=sentence,
        figures=figures,
        warnings=(*_warnings(scene, dates, names, may), *outgrown),
    )


def _warnings(scene: Scene, dates: Placebos, names: Placebos, may: Candidates) -> Iterator[Said]:
    """Say what a reader must know of the placebos."""
    inside = len(scene.inside)
    if 0 < inside < LEAST_CATALYSTS:
        yield said(words.FEW_CATALYSTS, catalysts=counted(inside, "catalyst"))
    for one, template in ((dates, words.SAME_DATES), (names, words.SAME_NAMES)):
        if one.drawn and one.same > MOST_SAME * one.drawn:
            yield said(template, n=f"{one.same:,}", drawn=f"{one.drawn:,}")
    if may.few and names.drawn:
        few, fixed = f"{may.few:,}", f"{may.fixed:,}"
        yield said(words.FEW_ALIKE, n=few, trades=f"{len(may.classes):,}", least=LEAST_ALIKE, fixed=fixed)
    if inside > without.MOST_CATALYSTS:
        yield said(words.NOT_ALL, tried=f"{without.MOST_CATALYSTS:,}", all=f"{inside:,}")
