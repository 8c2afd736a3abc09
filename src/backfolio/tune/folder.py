"""From what is asked of a tune to its finished trials, in its folder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from backfolio.calendar import SESSIONS_A_YEAR
from backfolio.errors import UsageError
from backfolio.tune import ever
from backfolio.tune.evaluate import make_job
from backfolio.tune.identity import difference, identify, source_hash, tune_id
from backfolio.tune.log import Log, equity_rows, read_head
from backfolio.tune.loop import run_trials
from backfolio.tune.samplers import make_sampler
from backfolio.tune.trials import FIGURES, make_trials
from backfolio.verdict import Spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from backfolio.backtest import ThesisFile
    from backfolio.prepare import Prepared
    from backfolio.source import Source
    from backfolio.tune.evaluate import Job
    from backfolio.tune.identity import Asked
    from backfolio.tune.log import Columns
    from backfolio.tune.loop import Progress
    from backfolio.tune.trials import Trials
    from backfolio.verdict import Earlier

PREFIX: Final = "tune-"
"""Of the names of folders."""


@dataclass(frozen=True, slots=True, eq=False)
class Tune:
    """A tune that can be run: checked, with nothing written yet.

    Parameters
    ----------
    thesis, source, window, asked
        What it is made of.
    job
        What evaluates a trial.
    identity
        All that the trials follow from.
    folder
        Where they are kept.
    reports
        The reports folder, for the run ledger.
    """

    thesis: ThesisFile
    source: Source
    window: Prepared
    asked: Asked
    job: Job
    identity: Mapping[str, Any]
    folder: Path
    reports: Path

    @property
    def id(self) -> str:
        """12 hex digits."""
        return tune_id(self.identity)

    @property
    def head(self) -> dict[str, Any]:
        """What ``tune.json`` holds."""
        return {"tune_id": self.id, "command": self.asked.command, "identity": dict(self.identity)}


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """The trials of a tune.

    Parameters
    ----------
    trials
        All of them.
    existed
        How many were there already.
    seconds
        That the others took.
    trials_ever
        Trials ever run on this thesis and data.
    command
        The command line that makes them.
    earlier
        The trials ever that were not in this tune, run by run.
    """

    trials: Trials
    existed: int
    seconds: float
    trials_ever: int
    command: str
    earlier: tuple[Earlier, ...] = ()


def plan_tune(
    thesis: ThesisFile, source: Source, window: Prepared, asked: Asked, reports: Path, resume: str | None = None
) -> Tune:
    """Check a tune and find its folder; write nothing.

    Parameters
    ----------
    resume
        Id, folder name or path of an earlier tune that this must continue.

    Raises
    ------
    UsageError
        If a fixed parameter or the window does not fit, or `resume` names no
        tune, or another one.
    """
    identity = identify(thesis, source, window, asked)
    fixed = {name: value for name, value in identity["params"].items() if name in asked.params}
    fixed.update({name: None for name in asked.params if name not in fixed})  # an exit that is switched off
    job = make_job(thesis, window.known, window.rows, asked.settings, fixed, asked.space)
    home = reports / thesis.name
    folder = home / f"{PREFIX}{tune_id(identity)}"
    if resume is not None:
        folder = _found(resume, reports, home)
        differs = difference(read_head(folder)["identity"], identity)
        if differs:
            message = (
                f"{folder} cannot be resumed, {differs}: ask for the same again, or leave --resume out to start "
                "another tune; nothing was written"
            )
            raise UsageError(message)
    elif (folder / "tune.json").exists() and difference(read_head(folder)["identity"], identity):
        message = f"{folder} holds another tune than its name says: move it away, and run the tune again"
        raise UsageError(message)
    return Tune(thesis, source, window, asked, job, identity, folder, reports)


def run_tune(
    tune: Tune,
    on_progress: Callable[[Progress], None] | None = None,
    command: Callable[[int], str] | None = None,
) -> Finished:
    """Evaluate what is missing; every finished trial is kept, however this ends.

    Parameters
    ----------
    command
        The command line of a tune of so many trials, which ``tune.json`` then
        holds: there may be more than are asked for. None = as it was asked.
    """
    sessions = tune.job.sessions
    sampler = make_sampler(tune.asked.sampler, tune.asked.space, tune.asked.seed)
    with Log(tune.folder, tune.head, tune.asked.space, len(sessions)) as log:
        existed = log.found
        line = tune.asked.command if command is None else command(max(tune.asked.trials, log.columns.end))
        log.describe({**tune.head, "command": line})
        try:
            seconds = run_trials(tune.job, sampler, tune.asked, log, on_progress)
        finally:
            count = log.columns.count
            if count:
                ever.record(
                    tune.reports,
                    kind="tune",
                    thesis=tune.thesis.name,
                    source=source_hash(tune.identity),
                    data=tune.source.market,
                    window=(str(sessions[0]), str(sessions[-1])),
                    run_id=tune.id,
                    trials=count,
                    spread=_spread(log.columns, len(sessions)),
                )
        columns = log.columns
    numbers = columns.numbers()
    rows = {int(number): row for row, number in enumerate(numbers)}
    trials = make_trials(
        space=tune.asked.space,
        places=columns.places[numbers],
        figures={name: columns.figures[at, numbers] for at, name in enumerate(FIGURES)},
        errors={rows[number]: columns.errors[number] for number in sorted(columns.errors)},
        equity=equity_rows(tune.folder, numbers, len(sessions)),
        sessions=sessions,
        start_cash=tune.asked.settings.cash_mills,
        score=tune.asked.score,
        constraints=tune.asked.constraints,
    )
    known = ever.trials_ever(tune.reports, tune.thesis.name, tune.source.market)
    others = ever.earlier(tune.reports, tune.thesis.name, tune.source.market, tune.id)
    return Finished(trials, existed, seconds, max(known, len(trials)), line, others)


def _spread(columns: Columns, sessions: int) -> Spread | None:
    """Return the spread of the Sharpe ratios of the trials that finished."""
    annual = columns.figures[FIGURES.index("sharpe"), columns.numbers()]
    return Spread.of(annual / math.sqrt(SESSIONS_A_YEAR), sessions)


def _found(resume: str, reports: Path, home: Path) -> Path:
    """Return the folder that an id, a name or a path means."""
    given = Path(resume).expanduser()
    path = given.parent if given.name == "tune.json" else given
    places = [path, home / resume, home / f"{PREFIX}{resume}"]
    places += sorted(reports.glob(f"*/{resume}")) if _plain(resume) else []
    places += sorted(reports.glob(f"*/{PREFIX}{resume}")) if _plain(resume) else []
    for place in places:
        if (place / "tune.json").is_file():
            return place
    near = ", ".join(sorted(folder.name for folder in home.glob(f"{PREFIX}*"))) or "none"
    message = f"--resume {resume}: no tune is there; give the id, the folder or the path of one (in {home}: {near})"
    raise UsageError(message)


def _plain(word: str) -> bool:
    return word.replace("-", "").isalnum()
