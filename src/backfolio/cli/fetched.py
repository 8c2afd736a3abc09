"""The commands `fetch` and `import`: what they are asked, how far they are, what they brought."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backfolio.cli import console, data, stop
from backfolio.errors import UsageError, counted, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from backfolio.cli.config import Config
    from backfolio.cli.workspace import Workspace
    from backfolio.fetch import Ask, Step, Summary
    from backfolio.universe import Universe


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a `fetch` command.

    Parameters
    ----------
    universe
        Name of one of ``data/universes``.
    symbols, indexes
        One or several in each word, joined by commas.
    since, until
        Dates.
    ratings, all_market, full
        As in `fetch.Ask`.
    """

    universe: str | None = None
    symbols: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    ratings: bool = False
    all_market: bool = False
    full: bool = False


def fetch(here: Workspace, config: Config, words: Words, *, as_json: bool, quiet: bool) -> None:
    """Bring market data into the store, print what came, and leave with 1 if anything is missing."""
    from backfolio import fetch as fetching  # noqa: PLC0415  pandas and the rest: only for this
    from backfolio import store  # noqa: PLC0415

    folder = store.folder_of(here.folder)
    universes = data.universes_of(here)
    ask = _ask(here, folder, words, universes)
    gc.enable()  # a fetch may be long
    try:
        with _bar(shown=not (as_json or quiet)) as tell:
            summary = fetching.fetch(folder, ask, fetching.desk_for(folder), tell)
    except KeyboardInterrupt as stopped:
        console.err("Interrupted: what had come is in the store. The same command goes on where it stopped.")
        sys.exit(stop.exit_status(stopped))
    _end(here, config, summary, as_json=as_json, quiet=quiet)


def import_(here: Workspace, config: Config, path: str, *, as_json: bool, quiet: bool) -> None:
    """Bring data in the import format into the store."""
    source = Path(path).expanduser()
    if not path.strip() or not source.exists():
        message = (
            f"import {path!r}: no such file or folder (looked in {source.absolute().parent}); "
            "give the path of data in the import format"
        )
        raise UsageError(message)
    from backfolio import fetch as fetching  # noqa: PLC0415
    from backfolio import store  # noqa: PLC0415

    try:
        with _bar(shown=not (as_json or quiet)) as tell:
            universes = data.universes_of(here).values()
            summary = fetching.import_path(store.folder_of(here.folder), source, tell, universes)
    except KeyboardInterrupt as stopped:
        stands = "; ".join(getattr(stopped, "__notes__", ["nothing of it is in the store: run the import again"]))
        console.err(f"Interrupted: {stands}.")
        sys.exit(stop.exit_status(stopped))
    _end(here, config, summary, as_json=as_json, quiet=quiet)


def _ask(here: Workspace, folder: Path, words: Words, universes: Mapping[str, Universe]) -> Ask:
    """Read the words; with nothing named, all that the store holds is brought up to date."""
    from backfolio.calendar import as_day  # noqa: PLC0415
    from backfolio.fetch import Ask  # noqa: PLC0415

    given: dict[str, Any] = {"ratings": words.ratings, "all_market": words.all_market, "full": words.full}
    if words.universe is not None:
        given["universe"] = _universe(words.universe, universes)
    given["symbols"], given["indexes"] = data.listed(words.symbols), data.listed(words.indexes)
    given |= {name: as_day(day) for name in ("since", "until") if (day := getattr(words, name)) is not None}
    if not any(given[name] for name in ("symbols", "indexes", "ratings", "all_market")) and "universe" not in given:
        given["symbols"], given["indexes"] = _held(here, folder, universes)
    return Ask(**given)


def _universe(name: str, universes: Mapping[str, Universe]) -> Universe:
    if name not in universes:
        choice = f"choose from {', '.join(universes)}" if universes else "data/universes holds none: write one there"
        message = f"--universe {name!r}: there is no such universe{did_you_mean(name, universes)}; {choice}"
        raise UsageError(message)
    return universes[name]


def _held(here: Workspace, folder: Path, universes: Mapping[str, Universe]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the symbols and indexes in the store."""
    from backfolio import store  # noqa: PLC0415

    if store.exists(folder):
        with store.reading(folder) as reader:
            symbols = reader.symbols()
            # Imported data may hold indexes of Beijing, which no host gives.
            indexes = tuple(index for index in reader.indexes() if index.endswith((".SH", ".SZ")))
        if symbols or indexes:
            return symbols, indexes
    named = f"{here.program} fetch --universe {next(iter(universes), 'NAME')}"
    message = f"fetch: the store holds nothing that could be brought up to date; say what to fetch, as in {named}"
    raise UsageError(message)


@contextmanager
def _bar(*, shown: bool) -> Iterator[Callable[[Step], None] | None]:
    """Yield a function that draws how far the work is, on standard error; None where nothing is shown."""
    if not (shown and sys.stderr.isatty()):
        yield None
        return
    with console.bar(console.DESCRIBED) as drawn:
        task = drawn.add_task("Starting", total=None)

        def tell(step: Step) -> None:
            drawn.update(task, description=step.now, completed=step.done, total=step.total)

        yield tell


def _end(here: Workspace, config: Config, summary: Summary, *, as_json: bool, quiet: bool) -> None:
    """Write the page, print the summary, and leave with 1 if anything is missing or a run would refuse it."""
    from backfolio import store  # noqa: PLC0415

    page = data.write_page(here, config) if store.exists(store.folder_of(here.folder)) else None
    lines = [line[:1].upper() + line[1:] for line in summary.lines()]
    errors = [one for one in summary.findings if one.severity == "error"]
    refused = sum(one.is_open_error for one in errors)
    lines += _of_errors(refused, len(errors) - refused, here.program)
    no = summary.missing or refused > 0
    if as_json:
        console.as_json({**summary.as_dict(), "page": page})
    else:
        tell = console.err if quiet else console.out
        for line in lines if no or not quiet else ():
            tell(line)
        if page is not None:
            console.out(page if quiet else f"Page: {page}")
    if no:
        sys.exit(1)


def _of_errors(refused: int, accepted: int, program: str) -> Iterator[str]:
    """Say how many errors were found in what came, the open and the accepted ones apart."""
    if refused:
        also = f", and {counted(accepted, 'error')} that a person accepted" if accepted else ""
        yield (
            f"{counted(refused, 'open error')} in this data{also}: a run that reads it is refused. "
            f"{program} data check shows the open ones."
        )
    elif accepted:
        yield f"No open error in this data; {counted(accepted, 'error')} that a person accepted."
