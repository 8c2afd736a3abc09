"""What several commands share: finding theses, reading parameters, writing commands and reports."""

from __future__ import annotations

import shlex
import sys
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backfolio.cli import console
from backfolio.errors import BackfolioError, ThesisError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from backfolio.backtest import ThesisFile
    from backfolio.cli.config import Config
    from backfolio.cli.workspace import Workspace
    from backfolio.discover import Catalogue, Thesis
    from backfolio.report import Written
    from backfolio.report.look import Look
    from backfolio.result import Result
    from backfolio.source import Source
    from backfolio.tune.stated import Stamp


def catalogue(here: Workspace, config: Config) -> Catalogue:
    """Return the theses of the workspace and of the folders named beside it."""
    from backfolio.discover import discover  # noqa: PLC0415

    more = [Path(folder).expanduser() for folder in config.values["strategies"]]
    own = [here.strategies] if here.strategies.is_dir() or not more else []
    with redirect_stdout(sys.stderr):
        return discover([*own, *more], here.folder)


def universes(theses: Sequence[Thesis]) -> set[str | None]:
    """Return the universes that theses trade; None among them where one trades every symbol."""
    return {getattr(thesis.strategy, "universe", None) for thesis in theses}


@contextmanager
def aside(thesis: str) -> Iterator[None]:
    """Send what a thesis prints to standard error, for standard output is ours, perhaps JSON.

    Raises
    ------
    ThesisError
        If it calls `sys.exit`: whether the command succeeds is not its to say.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except SystemExit as error:
        message = f"{thesis}: it calls sys.exit({error.code!r}): raise an error with a message there instead"
        raise ThesisError(message) from error


def read_params(words: Sequence[str]) -> dict[str, str]:
    """Read ``--param`` words.

    Raises
    ------
    UsageError
        If one is not NAME=VALUE.
    """
    params = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            message = f"--param {word!r}: write NAME=VALUE, as in --param hold=30"
            raise UsageError(message)
        params[name.strip()] = value.strip()
    return params


def run_command(here: Workspace, config: Config, thesis: Thesis, params: Mapping[str, object]) -> str:
    """Return the command line of a run."""
    return command_line(here, ["run", thesis.name, *config.flags(), *param_words(params)])


def param_words(params: Mapping[str, object]) -> list[str]:
    """Return parameters as ``--param`` words."""
    return [word for name, value in params.items() for word in ("--param", f"{name}={value}")]


def command_line(here: Workspace, words: Sequence[str]) -> str:
    """Return a command as it is typed."""
    return f"{here.program} {shlex.join(words)}"


def reports_folder(here: Workspace, config: Config) -> Path:
    """Return the folder of reports: a flag counts from the current folder, anything else from the workspace."""
    folder = Path(config.values["reports"]).expanduser()
    return folder if config.origins["reports"] == "flag" else here.folder / folder


def look(config: Config) -> Look:
    """Return how pages look; their language and the colour of gains."""
    from backfolio.report.look import Look  # noqa: PLC0415  only for a page

    return Look(config.values["lang"], config.values["up_colour"])


def write_report(
    here: Workspace,
    config: Config,
    result: Result,
    *,
    tearsheet: bool | None = None,
    tell: Callable[[str], None] | None = None,
) -> Written | None:
    """Write the report of a run with its null hypotheses, unless none is wanted.

    `tearsheet` None goes by the settings; `tell` is called with what takes long.
    """
    if not config.values["report"]:
        return None
    result = with_nulls(result, tell)
    from backfolio import report  # noqa: PLC0415  jinja: only for a page

    drawn = config.values["tearsheet"] if tearsheet is None else tearsheet
    return report.write(result, reports_folder(here, config), tearsheet=drawn, look=look(config))


def with_evidence(here: Workspace, config: Config, thesis: ThesisFile, source: Source, result: Result) -> Result:
    """Return a result with what the reports folder says of its thesis; as it is where no report is wanted.

    A plain backtrader strategy has neither event study nor falsification.
    """
    if not config.values["report"] or thesis.kind == "backtrader":
        return result
    from backfolio.prepare import prepare  # noqa: PLC0415
    from backfolio.report.run.evidence import evidence  # noqa: PLC0415  jinja: only for a page

    run: Any = result.record

    def fingerprint(benchmark: str | None) -> str:
        if benchmark == run["benchmark"]:
            return str(run["data"]["fingerprint"])
        try:
            return prepare(thesis.strategy, source, run["start"], run["end"], benchmark, covered=False).fingerprint
        except BackfolioError:  # the data has no such benchmark, so the report is of other data
            return ""

    start = f"{here.program} run "
    rest = result.command.removeprefix(start)
    commands = {kind: f"{here.program} {kind} {rest}" for kind in ("study", "falsify")}
    folder = reports_folder(here, config) / thesis.name
    return replace(result, evidence=evidence(folder, run, fingerprint, commands))


def show_report(
    told: Mapping[str, object], written: Written | None, tables: Callable[[], None], *, as_json: bool, quiet: bool
) -> None:
    """Print what came out, and where its page lies.

    Parameters
    ----------
    told
        For ``--json``, the page beside it.
    written
        None where no report was wanted.
    tables
        Prints it for a person, but for the page.
    """
    page = None if written is None else shown_path(written.path / "index.html")
    if as_json:
        console.as_json({**told, "report": page, "existed": written is not None and written.existed})
    elif quiet:
        if page is not None:
            console.out(page)
    else:
        tables()
        if written is not None:
            console.out(f"{'Report, there already' if written.existed else 'Report'}: {page}")


def state_claims(
    here: Workspace, config: Config, thesis: ThesisFile, source: Source, made: str, run_id: str
) -> Stamp | None:
    """Note in the run ledger under which claims of a thesis a report is made, and return since when they stand.

    None where it states none, and nothing is noted where no report is wanted.

    Parameters
    ----------
    made
        The command that makes it, as in "run".
    run_id
        Of the report.

    Raises
    ------
    UsageError
        If the folder of reports cannot be written.
    """
    if not config.values["report"]:
        return None
    from backfolio.tune import stated  # noqa: PLC0415

    reports = reports_folder(here, config)
    try:
        reports.mkdir(parents=True, exist_ok=True)
        stated.record(reports, thesis, source.market, command=made, run_id=run_id)
        return stated.stamp(reports, thesis, source.market)
    except OSError as error:
        message = f"the run ledger cannot be kept in {reports} ({error}): choose another folder with --reports"
        raise UsageError(message) from error


def with_nulls(result: Result, tell: Callable[[str], None] | None = None) -> Result:
    """Return a result with its null hypotheses; as it is where an account outgrows the compiled engine."""
    from backfolio.nulls import nulls  # noqa: PLC0415  numba: only for a page
    from backfolio.sweep import is_kept  # noqa: PLC0415

    if tell is not None and not is_kept():
        tell(console.STARTING)
    try:
        return replace(result, nulls=nulls(result.history, result.targets, result.exits, result.settings))
    except UsageError:
        return result


def shown_path(path: Path) -> str:
    """Write a path from the current folder, if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
