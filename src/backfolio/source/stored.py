"""The store as a source: what `fetch` and `import` brought, unless something in it is known to be wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from backfolio import store
from backfolio.bars import build_bars
from backfolio.errors import StoreError, counted
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
OUTSIDE: Final = "outside_limits"
SHOWN: Final = 5
"""Findings in a message before it says how many more there are."""


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
    with store.reading(store.folder_of(workspace)) as reader:
        _demand_bars(reader, wanted, symbols)
        errors = reader.findings(symbols, open_errors=True)
        if errors:
            raise StoreError(_refusal(errors))
        findings = reader.findings(symbols)
        tables = replace(reader.tables(symbols), unlimited=tuple(_days_without_limits(findings)))
        fetched = reader.catalysts(symbols)
    bars, catalysts = build_bars(tables), one_list(kept, fetched)
    return Source(LABEL, False, bars, catalysts, universes, LABEL, tuple(_notes(findings)))  # noqa: FBT003


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
    remedy = f"backfolio fetch --universe {names[0]}" if names else "backfolio fetch"
    what = f"of {', '.join(names)}" if names and held else "yet"
    near = f" (it holds {held[0]} and {len(held) - 1} more)" if held else ""
    message = f"the store has no bars {what}{near}: bring them in with {remedy}, or with backfolio import PATH"
    raise StoreError(message)


def _refusal(errors: Sequence[Finding]) -> str:
    more = f"\n... and {len(errors) - SHOWN} more" if len(errors) > SHOWN else ""
    shown = "\n".join(_line(error) for error in errors[:SHOWN])
    return (
        f"the store has {counted(len(errors), 'open error')} about names of this run, "
        f"and a fill on wrong data is a wrong fill:\n{shown}{more}\n"
        "See them with backfolio data check; then fetch or import the right rows, "
        "or say why they are right after all: backfolio data accept KEY --because TEXT"
    )


def _line(finding: Finding) -> str:
    day = "" if finding.first is None else f" {finding.first}"
    return f"{finding.key}  {finding.symbol}{day} {finding.rule}: {finding.value}"


def _days_without_limits(
    findings: Sequence[Finding],
) -> Iterator[tuple[str, np.datetime64, np.datetime64]]:
    """Return the stretches whose bars outside their limits a person accepted."""
    for one in findings:
        if one.rule == OUTSIDE and one.accepted and one.first is not None:
            yield one.symbol, np.datetime64(one.first, "D"), np.datetime64(one.last or one.first, "D")


def _notes(findings: Sequence[Finding]) -> Iterator[str]:
    """Say what was accepted, and how many warnings stand."""
    accepted = [f"{one.symbol} {one.rule} ({one.accepted})" for one in findings if one.accepted]
    if accepted:
        more = f" and {len(accepted) - SHOWN} more" if len(accepted) > SHOWN else ""
        yield f"Findings about the data that a person accepted: {'; '.join(accepted[:SHOWN])}{more}."
    warnings = sum(one.severity == "warning" and not one.accepted for one in findings)
    if warnings:
        yield f"The store has {counted(warnings, 'warning')} about this data: backfolio data check shows them."
