"""The command `study`: reads its words, conducts the event study, prints and writes what came out."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple, cast

import typer

from backfolio.cli import console, flags, parts
from backfolio.cli.config import FLAG, Config
from backfolio.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from backfolio.cli.workspace import Workspace
    from backfolio.discover import Thesis
    from backfolio.prepare import Prepared
    from backfolio.report import Written
    from backfolio.settings import MarketSettings
    from backfolio.source import Source
    from backfolio.strategy import Strategy
    from backfolio.study import Asked, Measured, Portfolio, Study, Subject, Tradable
    from backfolio.study.model import Model, Returns

PANEL: Final = "Event study"

NO_EVIDENCE: Final = 1
"""Exit status where it ran and found nothing, or too little to say."""

FOUND: Final = ("evidence", "weak")
"""Grades that leave with 0."""

WINDOW: Final = re.compile(r"\s*([+-]?\d+)\s*:\s*([+-]?\d+)\s*")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a `study` command that are no settings, as they were typed."""

    thesis: str | None
    kind: str | None = None
    universe: str | None = None
    symbols: tuple[str, ...] = ()
    window: str = "-5:20"
    model: str = "market"
    estimation: int = 120
    returns: str = "log"
    drop_confounded: bool = False
    params: tuple[str, ...] = ()

    def command(self) -> list[str]:
        """Return the words that make the same study again, the thesis or kind and the parameters apart."""
        plain = Words(None)
        words = [] if self.universe is None else ["--universe", self.universe]
        words += ["--symbols", ",".join(self.symbols)] if self.symbols else []
        for name in ("window", "model", "estimation", "returns"):
            value = getattr(self, name)
            words += [f"--{name}", str(value)] if value != getattr(plain, name) else []
        return words + (["--drop-confounded"] if self.drop_confounded else [])


@flags.settings(flags.WINDOW, flags.TRADING, flags.PAGES, flags.WRITTEN)
def command(
    context: typer.Context,
    thesis: Annotated[
        str | None, typer.Argument(metavar="[THESIS]", help="Studies the catalysts that it asks for.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", metavar="KIND", help="A kind of catalyst instead of a thesis.", rich_help_panel=PANEL),
    ] = None,
    universe: Annotated[
        str | None,
        typer.Option(
            "--universe", metavar="NAME", help="With --kind: its members; else every name.", rich_help_panel=PANEL
        ),
    ] = None,
    symbols: Annotated[
        list[str] | None,
        typer.Option("--symbols", metavar="A,B", help="With --kind: these names.", rich_help_panel=PANEL),
    ] = None,
    window: Annotated[
        str,
        typer.Option(
            "--window", metavar="FIRST:LAST", help="Sessions; 0 is the first tradable.", rich_help_panel=PANEL
        ),
    ] = "-5:20",
    model: Annotated[
        str,
        typer.Option("--model", metavar="market|mean|market-adjusted", help="What is expected.", rich_help_panel=PANEL),
    ] = "market",
    estimation: Annotated[
        int,
        typer.Option("--estimation", metavar="N", help="Sessions before the window.", rich_help_panel=PANEL),
    ] = 120,
    returns: Annotated[
        str, typer.Option("--returns", metavar="log|simple", help="Of closes.", rich_help_panel=PANEL)
    ] = "log",
    drop_confounded: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--drop-confounded", help="Leave out events with another catalyst in the window.", rich_help_panel=PANEL
        ),
    ] = False,
    param: flags.Param = None,
    *,
    config: Config,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Measure what names did around their catalysts, whether that is chance, and what a portfolio kept of it."""
    from backfolio.cli.data import listed  # noqa: PLC0415

    words = Words(
        thesis, kind, universe, listed(symbols or ()), window, model, estimation, returns, drop_confounded,
        tuple(param or ()),
    )  # fmt: skip
    study(context.obj, config, words, as_json=as_json, quiet=quiet)


def study(here: Workspace, config: Config, words: Words, *, as_json: bool, quiet: bool) -> None:
    """Conduct an event study; leaves with status 1 where there is no evidence, or too little to say."""
    _check(words, config)
    asked = read_asked(words)
    settings = config.market()

    from backfolio import study as studying  # noqa: PLC0415  numpy and the rest: only when the words are right

    with console.progress(shown=not (as_json or quiet)) as update:
        update("Loading bars", 0, 1)
        if words.kind is None:
            found = _thesis(here, config, words, asked, settings)
        else:
            found = _kind(here, config, words, words.kind, asked)
        subject = found.subject
        line = ["study", *([subject.name] if subject.thesis else ["--kind", subject.name])]
        line += [*config.flags(without=() if subject.thesis else TRADED), *words.command()]
        line += parts.param_words(parts.read_params(words.params))
        update("Measuring", 0, 1)
        told = parts.command_line(here, line)
        made = studying.study(subject, found.source, found.prepared, found.kinds, asked, told, found.portfolio)
        update("Writing", 0, 1)
        written = _write(here, config, made)
        if found.thesis is not None:
            parts.state_claims(here, config, found.thesis, found.source, "study", made.study_id)
    parts.show_report(made.as_dict(), written, lambda: _told(made), as_json=as_json, quiet=quiet)
    if made.verdict.grade not in FOUND:
        sys.exit(NO_EVIDENCE)


TRADED: Final = ("cash", "slippage", "participation", "chase", "price", "commission", "min_commission", "dividend_tax")
"""Settings that change nothing where nothing is traded: of a kind."""


class Found(NamedTuple):
    """What is studied, and in what."""

    subject: Subject
    source: Source
    prepared: Prepared
    kinds: tuple[str, ...]
    portfolio: Portfolio | None = None
    thesis: Thesis | None = None


def read_asked(words: Words) -> Asked:
    """Check what is asked.

    Raises
    ------
    UsageError
        If the window or the model is not allowed.
    """
    from backfolio.study import Asked, Window  # noqa: PLC0415

    found = WINDOW.fullmatch(words.window)
    if found is None:
        message = f"--window is {words.window!r}: write it as FIRST:LAST in sessions, as in -5:20"
        raise UsageError(message)
    return Asked(
        Window(int(found[1]), int(found[2])),
        cast("Model", words.model),
        words.estimation,
        cast("Returns", words.returns),
        words.drop_confounded,
    )


def _check(words: Words, config: Config) -> None:
    """Refuse words that contradict each other."""
    from backfolio.catalysts import KINDS  # noqa: PLC0415

    if (words.thesis is None) == (words.kind is None):
        message = (
            "study takes a thesis, or --kind with a kind of catalyst, one of the two: as in 'study model_release' or "
            "'study --kind model_release --universe domestic-compute'"
        )
        raise UsageError(message)
    if words.kind is not None and words.kind not in KINDS:
        message = (
            f"no kind of catalyst is {words.kind!r}{did_you_mean(words.kind, KINDS)}: choose from {', '.join(KINDS)}"
        )
        raise UsageError(message)
    if words.thesis is not None and (words.universe is not None or words.symbols):
        message = f"{words.thesis} says itself which names it trades: give --universe and --symbols with --kind only"
        raise UsageError(message)
    if words.universe is not None and words.symbols:
        message = "--universe and --symbols both say which names: give one of the two"
        raise UsageError(message)
    if words.kind is not None and words.params:
        message = "--param sets a parameter of a thesis: a --kind has none"
        raise UsageError(message)
    idle = [name for name in TRADED if config.origins[name] == FLAG]
    if words.kind is not None and idle:
        flag = "--" + idle[0].replace("_", "-")
        message = f"{flag} is a setting of trades, and a --kind trades nothing: leave it out, or study a thesis"
        raise UsageError(message)


def _kind(here: Workspace, config: Config, words: Words, kind: str, asked: Asked) -> Found:
    from backfolio import study as studying  # noqa: PLC0415
    from backfolio.prepare import prepare  # noqa: PLC0415
    from backfolio.source import load  # noqa: PLC0415

    values = config.values
    source = _only(load(values["data"], here.folder, {words.universe}), words.symbols)
    names = type(kind, (), {"universe": words.universe})
    prepared = prepare(names, source, values["start"], values["end"], _benchmark(config, source, asked), covered=False)
    return Found(studying.Subject(kind), source, prepared, (kind,))


def _thesis(here: Workspace, config: Config, words: Words, asked: Asked, settings: MarketSettings) -> Found:
    from backfolio import study as studying  # noqa: PLC0415
    from backfolio.cli.tune import tunable  # noqa: PLC0415
    from backfolio.prepare import prepare  # noqa: PLC0415
    from backfolio.source import load  # noqa: PLC0415
    from backfolio.strategy.listening import emit_listening  # noqa: PLC0415
    from backfolio.study.decisions import KIND, decided  # noqa: PLC0415
    from backfolio.tune.identity import source_hash  # noqa: PLC0415

    values = config.values
    thesis = tunable(parts.catalogue(here, config).find(words.thesis or ""), "no targets to follow", "")
    params = {**config.params.get(thesis.name, {}), **parts.read_params(words.params)}
    strategy = cast("type[Strategy]", thesis.strategy).with_params(params)
    source = load(values["data"], here.folder, parts.universes([thesis]))
    benchmark = _benchmark(config, source, asked)
    prepared = prepare(thesis.strategy, source, values["start"], values["end"], benchmark, covered=False)
    with parts.aside(thesis.name):
        targets, heard = emit_listening(strategy, prepared.known, prepared.rows)
    own, data = not heard, ""
    if own:
        data = prepared.fingerprint
        prepared, heard = decided(prepared, targets, thesis.name), (KIND,)
    have = {event.kind for event in prepared.known.events}
    kinds = tuple(kind for kind in heard if kind in have) or heard
    text = {"source": thesis.source, "modules": {module.name: module.source for module in thesis.modules}}
    subject = studying.Subject(thesis.name, True, thesis.title, source_hash(text), own, data)  # noqa: FBT003
    held = studying.Portfolio(targets, strategy.exits, settings, strategy.params, strategy.rebalance, heard)
    return Found(subject, source, prepared, kinds, held, thesis)


def _benchmark(config: Config, source: Source, asked: Asked) -> str | None:
    """Return the benchmark that was chosen, or the usual one; None where the model needs none."""
    from backfolio.study import default_benchmark  # noqa: PLC0415

    if not asked.needs_market:
        return None
    chosen = config.values["benchmark"]
    return default_benchmark(source) if chosen is None else str(chosen)


def _only(source: Source, symbols: tuple[str, ...]) -> Source:
    """Return a source with some symbols alone; as it is where none are named."""
    if not symbols:
        return source
    missing = [symbol for symbol in symbols if symbol not in source.bars.symbols]
    if missing:
        near = did_you_mean(missing[0], source.bars.symbols)
        message = f"{source.label} has no {missing[0]}{near}: choose --symbols that it has"
        raise UsageError(message)
    return replace(source, bars=source.bars.columns(tuple(sorted(symbols))))


def _write(here: Workspace, config: Config, made: Study) -> Written | None:
    """Write the report, unless none is wanted."""
    if not config.values["report"]:
        return None
    from backfolio.report.study import write_study  # noqa: PLC0415  jinja: only for a page

    return write_study(made, parts.reports_folder(here, config), parts.look(config))


def _told(made: Study) -> None:
    from backfolio.study.judge import LABELS  # noqa: PLC0415

    _tables(made)
    for warning in made.warnings:
        console.out(f"Note: {warning}")
    console.out(f"{LABELS[made.verdict.grade]}: {made.verdict.sentence}")


def _tables(made: Study) -> None:
    from backfolio.study import TESTS  # noqa: PLC0415

    heads = ["sessions", "events", "mean", "95% band", "indep.", *(about.short for about in TESTS.values())]
    against = f", against {made.benchmark}" if made.benchmark else ""
    for group in made.groups:
        title = f"{made.subject}: {made.called(group.name)}, {made.source_label}, {made.start} to {made.end}"
        console.table(f"{title}, {made.asked.model}{against}; p-values", heads, [_line(one) for one in group.windows])
    if made.tradable is not None:
        _waterfalls(made, made.tradable)


def _waterfalls(made: Study, tradable: Tradable) -> None:
    """Print from paper to kept: a column a kind, CNY and its part of what was asked for."""
    from backfolio.metrics import NOT_AVAILABLE  # noqa: PLC0415
    from backfolio.money import MILLS  # noqa: PLC0415
    from backfolio.study.chain import STEPS  # noqa: PLC0415
    from backfolio.study.judge import percent, picked_words  # noqa: PLC0415

    shown = [one for one in tradable.shown if one.asks]

    def cells(values: Sequence[int]) -> list[str]:
        found = []
        for one, mills in zip(shown, values, strict=True):
            share = percent(mills / one.notional) if one.notional else NOT_AVAILABLE
            found += [f"{mills / MILLS:+,.0f}" if mills else "0", share]
        return found

    heads = ["CNY, and % of what was asked for"]
    for one in shown:
        heads += ["all" if one is tradable.total else made.called(one.kind), "%"]
    rows = [["paper (CAR)", *cells([one.paper for one in shown])]]
    rows += [[step.label, *cells([one.steps[at] for one in shown])] for at, step in enumerate(STEPS.values())]
    rows += [["kept", *cells([one.kept for one in shown])]]
    counts = {"asked for, CNY": [f"{one.notional / MILLS:,.0f}" for one in shown]}
    counts |= {"asks": [f"{one.asks:,}" for one in shown], "of them bought": [f"{one.bought:,}" for one in shown]}
    rows += [[label, *(text for value in values for text in (value, ""))] for label, values in counts.items()]
    if shown:
        title = f"{made.subject}: from paper to kept, sessions {tradable.window}, {made.start} to {made.end}"
        console.table(title, heads, rows)
    if tradable.total.picked is not None:
        console.out(str(picked_words(tradable.total.picked)))
    _missed(
        "never asked for", {made.called(one.kind): (one.unasked - one.covered, one.events) for one in tradable.kinds}
    )
    _missed(
        "of names held, or asked for after other news, already",
        {made.called(one.kind): (one.covered, one.events) for one in tradable.kinds},
    )


def _missed(what: str, counts: Mapping[str, tuple[int, int]]) -> None:
    """Print how many events of each kind explain no ask for one reason."""
    told = [f"{kind} {count:,} of {every:,}" for kind, (count, every) in counts.items() if count]
    if told:
        console.out(f"Events {what}: {', '.join(told)}")


def _line(one: Measured) -> list[str]:
    from backfolio.study.judge import percent  # noqa: PLC0415

    band = "n/a" if one.low is None or one.high is None else f"{percent(one.low)} {percent(one.high)}"
    mean = "n/a" if one.mean is None else percent(one.mean)
    tests = ["n/a" if test.p is None else f"{test.p:.3f}" for test in one.tests]
    return [str(one.window), f"{one.events:,}", mean, band, f"{one.effective:,.1f}", *tests]
