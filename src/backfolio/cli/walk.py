"""The command `walk-forward`: reads its words, walks, prints and writes what came out."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from backfolio.cli import console, flags, parts, stop, tune
from backfolio.cli.config import Config  # noqa: TC001  `flags.settings` reads the annotations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backfolio.cli.workspace import Workspace
    from backfolio.discover import Thesis
    from backfolio.report import Written
    from backfolio.tune.walk_model import Walk, WalkWindow
    from backfolio.tune.walk_plan import PlannedWalk, WalkRequest

HEADLINE = ("total_return", "cagr", "volatility", "sharpe", "sortino", "max_drawdown", "calmar")
"""Figures of the printed table."""


@dataclass(frozen=True, slots=True)
class Stretches:
    """The words of a `walk-forward` command beyond those of a tune, in sessions."""

    train: int
    test: int
    anchored: bool = False
    purge: int = 0

    def command(self) -> list[str]:
        """Return the words that make the same windows again."""
        words = ["--train", str(self.train), "--test", str(self.test)]
        words += ["--anchored"] if self.anchored else []
        return words + (["--purge", str(self.purge)] if self.purge else [])


@flags.settings(flags.WINDOW, flags.TRADING, flags.PAGES, flags.WRITTEN)
def command(
    context: typer.Context,
    thesis: Annotated[str, typer.Argument(metavar="THESIS", help="The thesis to walk forward.")],
    train: Annotated[
        int, typer.Option("--train", metavar="N", help="Sessions to tune on.", rich_help_panel=flags.SEARCH)
    ],
    test: Annotated[
        int, typer.Option("--test", metavar="N", help="Sessions to trade next.", rich_help_panel=flags.SEARCH)
    ],
    anchored: flags.Anchored = False,  # noqa: FBT002
    purge: Annotated[
        int,
        typer.Option("--purge", metavar="K", help="Sessions dropped between the two.", rich_help_panel=flags.SEARCH),
    ] = 0,
    vary: flags.Vary = None,
    sampler: flags.SamplerKind = "grid",
    trials: Annotated[
        int | None,
        typer.Option("--trials", metavar="N", help="A window; all of a grid, else 200.", rich_help_panel=flags.SEARCH),
    ] = None,
    score: flags.ScoreName = "sharpe",
    constraint: flags.Constraints = None,
    seed: flags.Seed = 0,
    workers: flags.Workers = None,
    param: flags.Param = None,
    *,
    config: Config,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Tune on one stretch, trade the next, in turn; judge by what was traded."""
    words = tune.Words(
        thesis=thesis,
        vary=tuple(vary or ()),
        params=tuple(param or ()),
        sampler=sampler,
        trials=trials,
        score=score,
        constraints=tuple(constraint or ()),
        seed=seed,
        workers=workers,
    )
    stretches = Stretches(train=train, test=test, anchored=anchored, purge=purge)
    walk_forward(context.obj, config, words, stretches, as_json=as_json, quiet=quiet)


def walk_forward(
    here: Workspace, config: Config, words: tune.Words, stretches: Stretches, *, as_json: bool, quiet: bool
) -> None:
    """Walk a thesis forward."""
    thesis = tune.tunable(parts.catalogue(here, config).find(words.thesis))
    request = _request(here, config, words, stretches, thesis)

    from backfolio.source import load  # noqa: PLC0415  pandas and the rest: only when the words are right
    from backfolio.tune import walk  # noqa: PLC0415
    from backfolio.tune.walk_plan import plan_walk  # noqa: PLC0415

    shown = not (as_json or quiet)
    with console.progress(shown=shown) as update:
        update("Loading bars", 0, 1)
        source = load(config.values["data"], here.folder, parts.universes([thesis]))
    planned = plan_walk(thesis, source, request)
    gc.enable()  # a walk may be long
    finished: list[WalkWindow] = []
    trials: dict[int, int] = {}
    try:
        with _bar(shown=shown) as tell:

            def count(window: int, windows: int, done: int, asked: int) -> None:
                trials[window] = done
                if tell is not None:
                    tell(window, windows, done, asked)

            made = walk.run_walk(planned, count, lambda window, _: finished.append(window))
        written = _write(here, config, made)
        parts.state_claims(here, config, thesis, planned.source, "walk-forward", planned.asked_id)
    except KeyboardInterrupt as stopped:
        console.err(_interrupted(finished, len(planned.windows)))
        sys.exit(stop.exit_status(stopped))
    finally:  # whoever looked at them has looked, whatever came of it
        _record(here, config, planned, sum(trials.values()))
    parts.show_report(made.as_dict(), written, lambda: _told(made), as_json=as_json, quiet=quiet)


def _request(here: Workspace, config: Config, words: tune.Words, stretches: Stretches, thesis: Thesis) -> WalkRequest:
    asked = tune.read_asked(here, config, words, thesis)
    from backfolio.tune.walk_plan import WalkRequest  # noqa: PLC0415

    line = ["walk-forward", thesis.name, *config.flags(), *words.command(), *stretches.command()]
    return WalkRequest(
        settings=asked.settings,
        params=asked.params,
        space=asked.space,
        train=stretches.train,
        test=stretches.test,
        anchored=stretches.anchored,
        purge=stretches.purge,
        score=asked.score,
        constraints=asked.constraints,
        sampler=asked.sampler,
        trials=asked.trials,
        seed=asked.seed,
        workers=asked.workers,
        start=asked.start,
        end=asked.end,
        benchmark=asked.benchmark,
        command=parts.command_line(here, [*line, *parts.param_words(asked.params)]),
    )


@contextmanager
def _bar(*, shown: bool) -> Iterator[Callable[[int, int, int, int], None] | None]:
    """Yield ``tell(window, windows, trials done, trials of it)``, which draws a bar over all trials.

    It draws when it is told and has no thread of its own: every window starts
    processes, which must not inherit a thread's locks.
    """
    if not (shown and sys.stderr.isatty()):
        yield None
        return
    with console.bar(console.DESCRIBED, "trials", auto_refresh=False) as bar:
        task = bar.add_task(console.STARTING, total=None)
        bar.refresh()

        def tell(window: int, windows: int, done: int, trials: int) -> None:
            bar.update(
                task,
                description=f"Window {window} of {windows}",
                completed=(window - 1) * trials + done,
                total=windows * trials,
                refresh=True,
            )

        yield tell


def _write(here: Workspace, config: Config, made: Walk) -> Written | None:
    """Write the report, unless none is wanted."""
    if not config.values["report"]:
        return None
    from backfolio.report.walk import write_walk  # noqa: PLC0415  jinja: only for a page

    return write_walk(made, parts.reports_folder(here, config), parts.look(config))


def _record(here: Workspace, config: Config, planned: PlannedWalk, trials: int) -> None:
    """Count the trials that were finished, in the run ledger."""
    if not trials:
        return
    from backfolio.tune import ever  # noqa: PLC0415
    from backfolio.tune.identity import source_hash  # noqa: PLC0415

    thesis, sessions = planned.thesis, planned.market.bars.sessions
    text = {"source": thesis.source, "modules": {module.name: module.source for module in thesis.modules}}
    reports = parts.reports_folder(here, config)
    reports.mkdir(parents=True, exist_ok=True)
    ever.record(
        reports,
        kind="walk-forward",
        thesis=thesis.name,
        source=source_hash(text),
        data=planned.source.market,
        window=(str(sessions[0]), str(sessions[-1])),
        run_id=planned.asked_id,
        trials=trials,
    )


def _interrupted(finished: list[WalkWindow], windows: int) -> str:
    if not finished:
        return "Interrupted before the first window was finished; no report was written."
    first, last = finished[0].test[0], finished[-1].test[1]
    done = "1 window was" if len(finished) == 1 else f"{len(finished)} windows were"
    return f"Interrupted: {done} finished of {windows} ({first} to {last} out of sample); no report was written."


def _told(made: Walk) -> None:
    _tables(made)
    for warning in made.warnings:
        console.out(f"Note: {warning}")
    console.out(made.sentence)


def _tables(made: Walk) -> None:
    from backfolio.cli.tuned import COLUMNS, FIGURES, figure  # noqa: PLC0415
    from backfolio.tune.trials import SCORES  # noqa: PLC0415
    from backfolio.tune.winner import written  # noqa: PLC0415

    score = SCORES[made.score_name]
    axes = [axis.name for axis in made.space.axes]

    def said(name: str, value: float | None) -> str:
        return figure(name, float("nan") if value is None else value)

    rows = []
    for each in made.windows:
        chosen = ["cash"] * len(axes) if each.chosen is None else [written(each.chosen[name]) for name in axes]
        figures = [said(score, each.in_score), said(score, each.out_score), said("total_return", each.out_return)]
        kept = "n/a" if each.efficiency is None else f"{each.efficiency:.0%}"
        rows.append([str(each.number), "..".join(each.test), *chosen, *figures, kept])
    label = COLUMNS[score]
    heads = ["", "traded", *axes, f"{label} in", f"{label} out", "Return", "Effic."]
    sessions = f"{made.sessions[0]} to {made.sessions[-1]} ({len(made.sessions):,} sessions out of sample)"
    console.table(f"{made.strategy}, {made.source_label}, {sessions}", heads, rows)
    columns = [made.metrics, made.default_metrics]
    names = ["", "tuned", "default"]
    if made.benchmark_metrics is not None:
        columns.append(made.benchmark_metrics)
        names.append(made.benchmark_name)
    lines = [[FIGURES[name].label, *(said(name, getattr(each, name)) for each in columns)] for name in HEADLINE]
    console.table("Out of sample", names, lines)
    console.out("Decided after the close, filled at the next open.")
    for each in made.windows:
        if each.note:
            console.out(f"Window {each.number}: {each.note}")
