"""What several commands share: finding theses, reading parameters, writing commands and reports."""

from __future__ import annotations

import shlex
import sys
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from backfolio.cli import console
from backfolio.errors import ThesisError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from backfolio.cli.config import Config
    from backfolio.cli.workspace import Workspace
    from backfolio.discover import Catalogue, Thesis
    from backfolio.report import Written
    from backfolio.report.look import Look
    from backfolio.result import Result


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
