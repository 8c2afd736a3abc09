"""The store as a source: what `fetch` and `import` brought, unless something in it is known to be wrong."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from backfolio import store
from backfolio.bars import build_bars
from backfolio.errors import StoreError, command, counted
from backfolio.quality.rules import UNEXAMINED
from backfolio.ratings import one_list
from backfolio.source.files import read_facts
from backfolio.source.model import Source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from backfolio.quality import Finding
    from backfolio.store import Reader
    from backfolio.universe import Universe

LABEL: Final = "store"
SHOWN: Final = 5
"""Findings in a message before it says how many more there are."""

EXAMINED_WITHIN: Final = 2.0
"""Seconds for which a fetch may still be examining what it has just put in."""

LOOK_AGAIN: Final = 0.2
"""Seconds between two looks at whether it has."""


def read(workspace: Path, wanted: Collection[str | None]) -> Source:
    """Read the members of some universes, or everything, from the store of a workspace.

    Raises
    ------
    StoreError
        If there is no store, it cannot be read, it holds no bar of what is
        wanted, or an open error about it.
    """
    kept, universes = read_facts(workspace / "data")
    symbols = _symbols(wanted, universes)
    with _examined(store.folder_of(workspace), wanted, symbols) as (reader, findings, indexes):
        tables = reader.tables(symbols)
        fetched = reader.catalysts(symbols)
    bars, catalysts = build_bars(tables), one_list(kept, fetched)
    doubtful = _doubtful([one for one in findings if one.symbol in indexes])
    return Source(LABEL, False, bars, catalysts, universes, LABEL, findings, doubtful)  # noqa: FBT003


@contextmanager
def _examined(
    folder: Path, wanted: Collection[str | None], symbols: Sequence[str] | None
) -> Iterator[tuple[Reader, tuple[Finding, ...], tuple[str, ...]]]:
    """Yield a reader, the findings about some symbols, all indexes and the store as a whole, and the indexes.

    A fetch examines what it puts in within moments: for so long it is waited for.

    Raises
    ------
    StoreError
        If there is no bar of what is wanted, or an open error about it or about
        the store as a whole.
    """
    until = time.monotonic() + EXAMINED_WITHIN
    while True:
        with store.reading(folder) as reader:
            _demand_bars(reader, wanted, symbols)
            indexes = reader.indexes()
            findings = reader.findings(None if symbols is None else (*symbols, *indexes, ""))
            errors = [one for one in findings if one.is_open_error and one.symbol not in indexes]
            if not errors:
                yield reader, findings, indexes
                return
        if time.monotonic() >= until or any(one.rule != UNEXAMINED for one in errors):
            raise StoreError(_refusal(errors))
        time.sleep(LOOK_AGAIN)


def _symbols(wanted: Collection[str | None], universes: Mapping[str, Universe]) -> tuple[str, ...] | None:
    """Return the members of the universes wanted; None = every symbol, also where one of them is not known.

    (Who asks for a universe that is not there gets that message from `prepare`.)
    """
    names = {name for name in wanted if name is not None}
    if None in wanted or not names <= set(universes):
        return None
    return tuple(sorted({symbol for name in names for symbol in universes[name].symbols}))


def _demand_bars(reader: Reader, wanted: Collection[str | None], symbols: Sequence[str] | None) -> None:
    held = reader.symbols()
    if held and (symbols is None or set(symbols) & set(held)):
        return
    names = sorted(name for name in wanted if name is not None)
    remedy = command(f"fetch --universe {names[0]}") if names else command("fetch")
    what = f"of {', '.join(names)}" if names and held else "yet"
    near = f" (it holds {held[0]} and {len(held) - 1} more)" if held else ""
    message = f"the store has no bars {what}{near}: bring them in with {remedy}, or with {command('import PATH')}"
    raise StoreError(message)


def _refusal(errors: Sequence[Finding]) -> str:
    more = f"\n... and {len(errors) - SHOWN} more" if len(errors) > SHOWN else ""
    shown = "\n".join(_line(error) for error in errors[:SHOWN])
    if all(one.rule == UNEXAMINED for one in errors):
        return (
            f"{counted(len(errors), 'name')} of this run came into the store and no rule has looked at the new rows: "
            f"a fetch or import is still at work, or was cut off:\n{shown}{more}\n"
            f"Let it end and run this again; if none is at work, {command('data check')} looks at all of it"
        )
    return (
        f"the store has {counted(len(errors), 'open error')} about names of this run, "
        f"and a fill on wrong data is a wrong fill:\n{shown}{more}\n"
        f"See them with {command('data check')}; then fetch or import the right rows, "
        f"or say why they are right after all: {command('data accept KEY --because TEXT')}"
    )


def _doubtful(findings: Sequence[Finding]) -> Mapping[str, str]:
    """Return why an index may not be a benchmark, for those with an open error."""
    errors = [one for one in findings if one.is_open_error]
    return {
        symbol: f"benchmark {symbol} cannot be relied on: {_refusal([one for one in errors if one.symbol == symbol])}"
        for symbol in sorted({one.symbol for one in errors})
    }


def _line(finding: Finding) -> str:
    day = "" if finding.first is None else f" {finding.first}"
    return f"{finding.key}  {finding.symbol}{day} {finding.rule}: {finding.value}"
