"""The commands `data ...`: what the store holds, whether it is sound, and how it comes out again."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from backfolio.cli import console, parts
from backfolio.errors import StoreError, counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from backfolio.cli.config import Config
    from backfolio.cli.workspace import Workspace
    from backfolio.fetch.exporting import FileForm
    from backfolio.quality import Finding
    from backfolio.store import LogEntry
    from backfolio.universe import Universe

SHOWN: Final = {"error": 20, "warning": 5, "note": 2}
"""Findings of one rule that are printed; the page has more, `--json` all."""


def show(here: Workspace, *, as_json: bool) -> None:
    """Print what is in the store."""
    from backfolio import store  # noqa: PLC0415  DuckDB: only for this

    folder = store.folder_of(here.folder)
    with store.reading(folder) as reader:
        days = reader.tables().bars["date"]
        said: dict[str, Any] = {
            "store": str(folder),
            "symbols": len(reader.symbols()),
            "bars": len(days),
            "first": None if days.empty else f"{days.min():%Y-%m-%d}",
            "last": None if days.empty else f"{days.max():%Y-%m-%d}",
            "last_call": _last_call(reader.log(1)),
            **_counts(reader.findings()),
            "blocks": {
                host: {"until": block.until.isoformat(), "reason": block.reason}
                for host, block in reader.blocks().items()
            },
        }
    if as_json:
        console.as_json(said)
        return
    call = said["last_call"]
    asked = "" if call is None else f"{call['at']}, {call['what']}"
    console.out(parts.shown_path(folder))
    for name, value in (
        ("symbols", f"{said['symbols']:,}"),
        ("bars", f"{said['bars']:,}"),
        ("sessions", f"{said['first']} to {said['last']}" if said["first"] else "none"),
        ("open findings", ", ".join(counted(said[f"{name}s"], name) for name in SHOWN)),
        ("last fetch or import", asked or "none"),
    ):
        console.out(f"  {name:<22}{value}")
    for host, block in said["blocks"].items():
        console.out(f"{host} must be left alone until {block['until']}: {block['reason']}")
    if said["errors"]:
        console.out(f"Runs refuse what has an open error: {here.program} data check shows them.")


def check(here: Workspace, config: Config, *, as_json: bool, quiet: bool) -> None:
    """Examine everything in the store, write the page, and leave with 1 if there is an open error."""
    from backfolio import store  # noqa: PLC0415
    from backfolio.quality import examine  # noqa: PLC0415

    folder = store.folder_of(here.folder)
    demand(folder, here)
    with console.progress(shown=not (as_json or quiet)) as update, store.writing(folder) as writer:
        update("Reading the store", 0, 1)
        with writer.read() as reader:
            held = reader.held()
        known = {one.name: one for one in held.universes} | dict(universes_of(here))
        writer.replace_findings(examine(replace(held, universes=tuple(known.values())), update), None)
        del held
        with writer.read() as reader:
            findings = reader.findings()
    page = write_page(here, config)
    counts = _counts(findings)
    if as_json:
        console.as_json({**counts, "findings": [_described(one) for one in findings], "page": page})
    elif quiet:
        console.out(page)
    else:
        _print(findings)
        console.out(
            ", ".join(counted(counts[f"{name}s"], name) for name in SHOWN) + f", {counts['accepted']} accepted."
        )
        if counts["errors"]:
            console.out(f"An error that is right after all: {here.program} data accept KEY --because TEXT")
        console.out(f"Page: {page}")
    if counts["errors"]:
        sys.exit(1)


def export(here: Workspace, target: str, form: str, symbols: Sequence[str], *, as_json: bool) -> None:
    """Write the store, or some symbols of it, in the import format."""
    from backfolio import fetch, store  # noqa: PLC0415

    folder = store.folder_of(here.folder)
    chosen = listed(symbols)
    with console.progress(shown=not as_json) as update:
        update("Writing", 0, 1)
        files = fetch.export(folder, Path(target).expanduser().absolute(), chosen or None, cast("FileForm", form))
    if as_json:
        console.as_json({"files": [str(file) for file in files]})
        return
    for file in files:
        console.out(f"Wrote {parts.shown_path(file)}")


def accept(here: Workspace, config: Config, key: str, because: str) -> None:
    """Record why a finding is right after all."""
    from backfolio import store  # noqa: PLC0415

    folder = store.folder_of(here.folder)
    demand(folder, here)
    with store.writing(folder) as writer:
        writer.accept(key, because)
        with writer.read() as reader:
            (found,) = (one for one in reader.findings() if one.key == key)
    console.out(f"Accepted: {found.rule}, {found}")
    console.out(f"Page: {write_page(here, config)}")


def restore(here: Workspace, config: Config) -> None:
    """Put the last good copy of the store back."""
    from backfolio import store  # noqa: PLC0415

    kept = store.restore(store.folder_of(here.folder))
    console.out("The copy made after the last finished fetch or import is in place again.")
    console.out(f"What was there before is kept as {parts.shown_path(kept)}")
    console.out(f"Bring what came since: {here.program} fetch")
    console.out(f"Page: {write_page(here, config)}")


def write_page(here: Workspace, config: Config) -> str:
    """Write the page of the store and return its path, as shown."""
    from backfolio import store  # noqa: PLC0415
    from backfolio.report.data import gather, write_data  # noqa: PLC0415  jinja: only for a page

    with store.reading(store.folder_of(here.folder)) as reader:
        shelf = gather(reader, universes_of(here), here.program)
    return parts.shown_path(write_data(shelf, parts.reports_folder(here, config)))


def demand(folder: Path, here: Workspace) -> None:
    """Refuse where there is no store, which writing would make.

    Raises
    ------
    StoreError
        If there is none.
    """
    from backfolio import store  # noqa: PLC0415

    if not store.exists(folder):
        message = (
            f"there is no store in {folder} yet: {here.program} fetch --universe NAME or {here.program} import PATH "
            "makes one"
        )
        raise StoreError(message)


def universes_of(here: Workspace) -> Mapping[str, Universe]:
    """Return the universes of the workspace."""
    from backfolio.universe import read_universes  # noqa: PLC0415

    folder = here.folder / "data" / "universes"
    return read_universes(folder) if folder.exists() else {}


def listed(words: Sequence[str]) -> tuple[str, ...]:
    """Return what stands in words, one or several in each, joined by commas; each once."""
    return tuple(dict.fromkeys(part.strip() for word in words for part in word.split(",") if part.strip()))


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    """Return how many are open, by severity, and how many accepted."""
    open_ = [one for one in findings if not one.accepted]
    counts = {f"{name}s": sum(one.severity == name for one in open_) for name in SHOWN}
    return {**counts, "accepted": len(findings) - len(open_)}


def _last_call(log: Sequence[LogEntry]) -> dict[str, str] | None:
    """Return when something was fetched or imported last, and what."""
    from backfolio.calendar import SHANGHAI  # noqa: PLC0415

    if not log:
        return None
    last = log[0]
    what = f"import {last.subject}" if last.source == "import" else "fetch"
    return {"at": f"{last.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}", "what": what}


def _described(one: Finding) -> dict[str, object]:
    return {
        "key": one.key,
        "rule": one.rule,
        "severity": one.severity,
        "symbol": one.symbol,
        "first": None if one.first is None else one.first.isoformat(),
        "last": None if one.last is None else one.last.isoformat(),
        "count": one.count,
        "value": one.value,
        "remedy": one.remedy,
        "accepted": one.accepted,
    }


def _print(findings: Sequence[Finding]) -> None:
    """Print open findings by rule, the worst severity last, where it is seen."""
    from backfolio.quality import RULES  # noqa: PLC0415

    for severity, most in reversed(SHOWN.items()):
        for rule in RULES:
            own = [one for one in findings if one.rule == rule and one.severity == severity and not one.accepted]
            if not own:
                continue
            console.out(f"{severity.upper()} {rule} ({len(own):,}): {RULES[rule].demands}")
            for one in own[:most]:
                console.out(f"    {one.key}  {one}")
            if len(own) > most:
                console.out(f"    ... and {len(own) - most:,} more")
            console.out(f"    To do: {own[0].remedy}")
