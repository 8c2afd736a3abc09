"""The command `tune`: reads its words, runs it, replays the winner, prints and writes what came out."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backfolio.cli import console, flags, parts, stop
from backfolio.cli.config import FLAG, Config
from backfolio.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from backfolio.cli.workspace import Workspace
    from backfolio.discover import Thesis
    from backfolio.tune.folder import Finished, Tune
    from backfolio.tune.identity import Asked
    from backfolio.tune.space import Space
    from backfolio.tune.study import Study

INTERRUPTED = stop.INTERRUPTED


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a `tune` command that are no settings, as they were typed."""

    thesis: str
    vary: tuple[str, ...]
    params: tuple[str, ...] = ()
    sampler: str = "grid"
    trials: int | None = None
    score: str = "sharpe"
    constraints: tuple[str, ...] = ()
    train: str | None = None
    seed: int = 0
    workers: int | None = None
    cluster: str | None = None
    resume: str | None = None

    def command(self) -> list[str]:
        """Return the words that make the same tune again, the window's and the parameters' apart."""
        words = [word for each in self.vary for word in ("--vary", each)]
        words += ["--sampler", self.sampler] if self.sampler != "grid" else []
        words += ["--trials", str(self.trials)] if self.trials is not None else []
        words += ["--score", self.score] if self.score != "sharpe" else []
        words += [word for each in self.constraints for word in ("--constraint", each)]
        return words + (["--seed", str(self.seed)] if self.seed and self.sampler != "grid" else [])


@flags.settings(flags.WINDOW, flags.TRADING, flags.PAGES, flags.WRITTEN, {"tearsheet": flags.WinnerTearsheet})
def command(
    context: typer.Context,
    thesis: Annotated[str, typer.Argument(metavar="THESIS", help="The thesis to tune.")],
    vary: flags.Vary = None,
    sampler: flags.SamplerKind = "grid",
    trials: flags.TrialCount = None,
    score: flags.ScoreName = "sharpe",
    constraint: flags.Constraints = None,
    seed: flags.Seed = 0,
    workers: flags.Workers = None,
    cluster: flags.ClusterAt = None,
    resume: flags.Resume = None,
    plan: flags.PlanOnly = False,  # noqa: FBT002
    param: flags.Param = None,
    train: flags.Train = None,
    *,
    config: Config,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Try many parameter sets, replay the best in backtrader, and say how far to believe it."""
    words = Words(
        thesis=thesis,
        vary=tuple(vary or ()),
        params=tuple(param or ()),
        sampler=sampler,
        trials=trials,
        score=score,
        constraints=tuple(constraint or ()),
        train=train,
        seed=seed,
        workers=workers,
        cluster=cluster,
        resume=resume,
    )
    tune(context.obj, config, words, plan=plan, as_json=as_json, quiet=quiet)


def tune(here: Workspace, config: Config, words: Words, *, plan: bool, as_json: bool, quiet: bool) -> None:
    """Tune a thesis."""
    config = _windowed(config, words.train)
    thesis = tunable(parts.catalogue(here, config).find(words.thesis))
    asked = read_asked(here, config, words, thesis)

    from backfolio.prepare import prepare  # noqa: PLC0415  pandas and the rest: only when the words are right
    from backfolio.source import load  # noqa: PLC0415
    from backfolio.tune.folder import plan_tune, run_tune  # noqa: PLC0415
    from backfolio.tune.trials import SCORES  # noqa: PLC0415

    shown = not (as_json or quiet)
    with console.progress(shown=shown) as update:
        update("Loading bars", 0, 1)
        source = load(config.values["data"], here.folder, parts.universes([thesis]))
        window = prepare(thesis.strategy, source, asked.start, asked.end, asked.benchmark)
    planned = plan_tune(thesis, source, window, asked, parts.reports_folder(here, config), words.resume)
    if plan:
        _show_plan(planned, as_json=as_json)
        return
    if asked.cluster is not None:
        from backfolio.tune.cluster import reach  # noqa: PLC0415  before anything is written

        reach(asked.cluster)
    gc.freeze()  # what is there so far stays, and is not worth looking through
    gc.enable()  # a tune may be long
    from backfolio.cli.tuned import figure  # noqa: PLC0415

    try:
        with console.tuning(shown=shown, best=lambda score: figure(SCORES[asked.score], score)) as tell:
            finished = run_tune(
                planned, tell, lambda count: _command(here, config, words, asked.space, asked.params, count)
            )
        study, page = _judged(here, config, planned, finished, shown=shown)
    except KeyboardInterrupt as stopped:
        again = f"{asked.command} --resume {planned.id}"
        console.err(f"Interrupted: {_kept(planned.folder)} are kept in {parts.shown_path(planned.folder)}.")
        console.err(f"Resume: {again}")
        sys.exit(stop.exit_status(stopped))
    _show(study, planned.folder, page, as_json=as_json, quiet=quiet)


TO_SWEEP = "no targets to sweep"
OR_THERE = ", or tune it with backtrader's own optstrategy"


def tunable(thesis: Thesis, lacks: str = TO_SWEEP, remedy: str = OR_THERE) -> Thesis:
    """Return a thesis that can be asked for its targets again and again.

    Parameters
    ----------
    lacks, remedy
        What a plain backtrader strategy has not, and what else there is to do; as a sweep has it.

    Raises
    ------
    UsageError
        If it is a plain backtrader strategy.
    """
    if thesis.kind == "backtrader":
        message = (
            f"{thesis.name} is a plain backtrader strategy, which has {lacks}: "
            f"write it as a thesis on backfolio.Strategy{remedy}"
        )
        raise UsageError(message)
    return thesis


def read_asked(here: Workspace, config: Config, words: Words, thesis: Thesis) -> Asked:
    """Check the words of a tune.

    Raises
    ------
    UsageError
        If one of them is not allowed.
    """
    from backfolio.sweep.engine import processors  # noqa: PLC0415
    from backfolio.tune.identity import Asked  # noqa: PLC0415
    from backfolio.tune.samplers import check_kind, count_trials  # noqa: PLC0415
    from backfolio.tune.space import MARKET_PREFIX, MARKET_SETTINGS, read_space  # noqa: PLC0415
    from backfolio.tune.trials import read_constraints, read_score  # noqa: PLC0415

    settings = config.market()
    chosen = parts.read_params(words.params)
    typed = [MARKET_PREFIX + name for name in MARKET_SETTINGS if config.origins[name] == FLAG]
    space = read_space(words.vary, thesis.strategy, [*chosen, *typed])
    check_kind(words.sampler)
    if words.seed < 0:
        message = f"--seed is {words.seed}: give a whole number from 0"
        raise UsageError(message)
    if words.workers is not None and words.workers < 1:
        message = f"--workers is {words.workers}: give a whole number from 1"
        raise UsageError(message)
    if words.cluster is not None:
        from backfolio.tune.cluster import check_cluster  # noqa: PLC0415

        check_cluster(words.cluster)
    varied = {axis.name for axis in space.axes}
    kept = {**config.params.get(thesis.name, {}), **chosen}
    params = {name: value for name, value in kept.items() if name not in varied}
    trials = count_trials(words.sampler, space, words.trials)
    return Asked(
        settings=settings,
        params=params,
        space=space,
        sampler=words.sampler,
        trials=trials,
        score=read_score(words.score),
        constraints=read_constraints(words.constraints),
        seed=words.seed,
        start=config.values["start"],
        end=config.values["end"],
        benchmark=config.values["benchmark"],
        workers=words.workers or processors(),
        cluster=words.cluster,
        command=_command(here, config, replace(words, thesis=thesis.name), space, params, trials),
    )


def _command(
    here: Workspace, config: Config, words: Words, space: Space, params: Mapping[str, object], trials: int
) -> str:
    """Return the command line that makes a tune of so many trials."""
    from backfolio.tune.samplers import count_trials  # noqa: PLC0415

    usual = trials == count_trials(words.sampler, space, None)
    said = replace(words, trials=None if usual else trials)
    settings = config.flags(without=space.market)
    return parts.command_line(here, ["tune", words.thesis, *settings, *said.command(), *parts.param_words(params)])


def _windowed(config: Config, train: str | None) -> Config:
    """Lay ``--train START:END`` over the window."""
    if train is None:
        return config
    start, colon, end = (part.strip() for part in train.partition(":"))
    if not colon or ":" in end or not (start or end):
        message = f"--train {train!r}: write START:END, as in --train 2021-01-01:2023-12-31; either may be left out"
        raise UsageError(message)
    for key in ("start", "end"):
        if config.origins[key] == FLAG:
            message = f"--train {train} and --{key} both give the window: drop one of the two"
            raise UsageError(message)
    window = {"start": start or None, "end": end or None}
    return replace(
        config,
        values={**config.values, **window},
        origins={**config.origins, **dict.fromkeys(window, FLAG)},
    )


def _judged(
    here: Workspace, config: Config, planned: Tune, finished: Finished, *, shown: bool
) -> tuple[Study, Path | None]:
    """Replay the winner, judge it, and write both reports."""
    from backfolio.tune.study import Study, judged, no_best  # noqa: PLC0415
    from backfolio.tune.winner import Winner, replayed  # noqa: PLC0415

    asked, thesis, trials = planned.asked, planned.thesis, finished.trials
    constraints = tuple(map(str, asked.constraints))
    if trials.best is None:
        raise no_best(trials, constraints, asked.score, parts.shown_path(planned.folder))
    winner = Winner.of(trials, trials.best, planned.job.fixed)
    command = _winner_command(here, config, thesis.name, winner)
    with console.progress(shown=shown) as update:
        with parts.aside(thesis.name):
            result = replayed(
                thesis, planned.source, planned.job, trials, asked, command,
                lambda done, total: update("Replaying the winner", done, total),
            )  # fmt: skip
        update("Judging it", 0, 1)
        benchmark = result.benchmark_returns()
        verdict = judged(
            trials, benchmark=benchmark, ever=finished.trials_ever, seed=asked.seed,
            earlier=finished.earlier, score=asked.score,
        )  # fmt: skip
        update("Writing the reports", 0, 1)
        drawn = config.origins["tearsheet"] == FLAG and bool(config.values["tearsheet"])
        result = parts.with_evidence(here, config, thesis, planned.source, result)
        report = parts.write_report(here, config, result, tearsheet=drawn)
        new = len(trials) - finished.existed
        study = Study(
            strategy=thesis.name,
            title=thesis.title,
            doc=thesis.doc,
            tune_id=planned.id,
            trials=trials,
            score_name=asked.score,
            constraints=constraints,
            sampler=asked.sampler,
            seed=asked.seed,
            start=str(trials.sessions[0]),
            end=str(trials.sessions[-1]),
            settings=asked.settings,
            params=dict(planned.identity["params"]),
            benchmark_name=result.benchmark_name,
            benchmark_returns=benchmark,
            verdict=verdict,
            trials_ever=finished.trials_ever,
            trials_asked=asked.trials,
            simulated=planned.source.simulated,
            source_label=planned.source.label,
            command=finished.command,
            winner_command=command,
            winner_toml=winner.toml(thesis.name),
            winner_report=None if report is None else _link(report.path, planned.folder),
            seconds=finished.seconds,
            trials_per_second=new / finished.seconds if finished.seconds else 0.0,
            existed=finished.existed,
            warnings=result.warnings,
            record={**planned.head, "command": finished.command},
        )
        if report is None:
            return study, None
        from backfolio.report.tune import write_tune  # noqa: PLC0415  jinja: only for a page

        page = write_tune(study, planned.folder, parts.look(config))
        parts.state_claims(here, config, thesis, planned.source, "tune", planned.id)
        return study, page


def _winner_command(here: Workspace, config: Config, thesis: str, winner: Any) -> str:  # noqa: ANN401
    changed = replace(config, values={**config.values, **winner.market})
    settings = changed.flags(always=winner.market)
    return parts.command_line(here, ["run", thesis, *settings, *parts.param_words(winner.words())])


def _link(report: Path, folder: Path) -> str:
    """Return the winner's page as seen from the tune's folder."""
    return f"{os.path.relpath(report, folder)}/index.html".replace(os.sep, "/")


def _kept(folder: Path) -> str:
    from backfolio.tune.log import count_trials  # noqa: PLC0415

    count = count_trials(folder)
    return "1 finished trial" if count == 1 else f"{count:,} finished trials"


def _show_plan(planned: Tune, *, as_json: bool) -> None:
    from backfolio.cli.tuned import show_plan  # noqa: PLC0415
    from backfolio.tune.plan import measure  # noqa: PLC0415

    plan = measure(planned)
    if as_json:
        console.as_json(plan.as_dict())
    else:
        show_plan(plan, parts.shown_path(planned.folder))


def _show(study: Study, folder: Path, page: Path | None, *, as_json: bool, quiet: bool) -> None:
    from backfolio.cli.tuned import show  # noqa: PLC0415

    if as_json:
        where = {"folder": parts.shown_path(folder), "report": None if page is None else parts.shown_path(page)}
        console.as_json({**study.as_dict(), **where})
    elif quiet:
        console.out(parts.shown_path(folder if page is None else page))
    else:
        show(study, folder, page)
