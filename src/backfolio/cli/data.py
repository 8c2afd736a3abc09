"""The commands `data ...`: what the store holds, whether it is sound, and how it comes out again."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from backfolio.cli import console, parts
from backfolio.errors import UsageError, counted, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from backfolio.cli.config import Config
    from backfolio.cli.workspace import Workspace
    from backfolio.fetch.exporting import FileForm
    from backfolio.quality import Finding
    from backfolio.store import LogEntry
    from backfolio.universe import Universe

SHOWN: Final = {"error": 20, "warning": 5, "note": 2}
"""Findings of one rule that are printed; the page has more, `--all` and `--json` all."""

LATEST: Final = 1_000
"""Entries of the log in which the files of the last import are looked for."""


def show(here: Workspace, *, as_json: bool) -> None:
    """Print what is in the store."""
    from backfolio import store  # noqa: PLC0415  DuckDB: only for this
    from backfolio.calendar import clock_text  # noqa: PLC0415

    folder = store.folder_of(here.folder)
    with store.reading(folder) as reader:
        rows, span, indexes = reader.counts(), reader.span(), reader.indexes()
        findings, blocks = reader.findings(), reader.blocks()
        said: dict[str, Any] = {
            "store": str(folder),
            "symbols": len(reader.symbols()),
            "bars": rows["bars"],
            "first": None if span is None else span[0].isoformat(),
            "last": None if span is None else span[1].isoformat(),
            "indexes": list(indexes),
            "rows": {name: rows[name] for name in store.GIVEN},
            "last_call": _last_call(reader.log(LATEST)),
            **_counts(findings),
            "blocks": {
                host: {"until": block.until.isoformat(), "reason": block.reason} for host, block in blocks.items()
            },
        }
    if as_json:
        console.as_json(said)
        return
    call = said["last_call"]
    open_ = ", ".join(counted(said[f"{name}s"], name) for name in SHOWN)
    console.out(parts.shown_path(folder))
    for name, value in (
        ("symbols", f"{said['symbols']:,}"),
        ("bars", f"{said['bars']:,}"),
        ("sessions", f"{said['first']} to {said['last']}" if span else "none"),
        ("indexes", ", ".join(indexes) or "none"),
        ("corporate actions", f"{rows['actions']:,}"),
        ("ratings", f"{rows['ratings']:,}"),
        ("open findings", f"{open_}; {said['accepted']:,} accepted" if said["accepted"] else open_),
        ("last fetch or import", "none" if call is None else f"{call['said']}, {call['what']}"),
    ):
        console.out(f"  {name:<22}{value}")
    for host, block in blocks.items():
        console.out(f"{host} must be left alone until {clock_text(block.until)}: {block.reason}")
    if said["errors"]:
        console.out(f"Runs refuse what has an open error: {here.program} data check shows them.")


def check(
    here: Workspace, config: Config, symbols: Sequence[str], *, everything: bool, as_json: bool, quiet: bool
) -> None:
    """Examine the store, or some symbols of it, write the page, and leave with 1 if there is an open error.

    Parameters
    ----------
    symbols
        Symbols or indexes, one or several in each; none = all, and the store as a whole.
    everything
        Whether accepted findings are printed too, and none is left out.
    """
    from backfolio import store  # noqa: PLC0415
    from backfolio.quality import examine  # noqa: PLC0415

    folder = store.folder_of(here.folder)
    store.demand(folder)
    chosen = listed(symbols)
    with console.progress(shown=not (as_json or quiet)) as update, store.writing(folder) as writer:
        update("Reading the store", 0, 1)
        with writer.read() as reader:
            _demand_held(chosen, (*reader.symbols(), *reader.indexes()), here)
            held = reader.held(chosen or None)
        known = {one.name: one for one in held.universes} | dict(universes_of(here))
        found = examine(replace(held, universes=tuple(known.values())), update)
        del held
        writer.replace_findings(found, chosen or None)
        with writer.read() as reader:
            findings = reader.findings(chosen or None)
    page = write_page(here, config)
    counts = _counts(findings)
    if as_json:
        console.as_json({**counts, "findings": [_described(one) for one in findings], "page": page})
    elif quiet:
        console.out(page)
    else:
        _print([one for one in findings if not one.accepted], everything=everything)
        if everything:
            _print([one for one in findings if one.accepted], everything=True)
        console.out(
            ", ".join(counted(counts[f"{name}s"], name) for name in SHOWN) + f", {counts['accepted']:,} accepted."
        )
        if counts["accepted"] and not everything:
            console.out(f"The accepted ones too: {here.program} data check --all")
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
    """Record why a finding is right after all, and look at its symbol again."""
    from backfolio import store  # noqa: PLC0415
    from backfolio.quality import examine  # noqa: PLC0415

    folder = store.folder_of(here.folder)
    store.demand(folder)
    with store.writing(folder) as writer:
        writer.accept(key, because)
        with writer.read() as reader:
            (found,) = (one for one in reader.findings() if one.key == key)
            held = reader.held((found.symbol,)) if found.severity == "error" and found.symbol else None
        if held is not None:  # with that day accepted, other rules may see more
            writer.replace_findings([one for one in examine(held) if one.severity == "error"], ())
        with writer.read() as reader:
            left = len(reader.findings((found.symbol,), open_errors=True))
    console.out(f"Accepted: {found.rule}, {found}")
    if left:
        whose = found.symbol or "the store as a whole"
        shown = f"data check {found.symbol}".rstrip()
        console.out(f"{counted(left, 'open error')} left about {whose}: {here.program} {shown} shows what.")
    console.out(f"Page: {write_page(here, config)}")


def restore(here: Workspace, config: Config, *, older: bool) -> None:
    """Put the last good copy of the store back."""
    from backfolio import store  # noqa: PLC0415

    done = store.restore(store.folder_of(here.folder), older=older)
    if done.copied:
        console.out("The copy made after the last finished fetch or import is in place again.")
    else:
        console.out("The store's file is sound; only the log of its last commits was torn, and is set aside.")
    if done.kept is not None:
        console.out(f"What was there before is kept as {parts.shown_path(done.kept)}")
    console.out(f"Bring what came since: {here.program} fetch")
    console.out(f"Page: {write_page(here, config)}")


def write_page(here: Workspace, config: Config) -> str:
    """Write the page of the store and return its path, as shown."""
    from backfolio import store  # noqa: PLC0415
    from backfolio.report.data import gather, write_data  # noqa: PLC0415  jinja: only for a page

    with store.reading(store.folder_of(here.folder)) as reader:
        shelf = gather(reader, universes_of(here), here.program)
    return parts.shown_path(write_data(shelf, parts.reports_folder(here, config), parts.look(config)))


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


def _last_call(log: Sequence[LogEntry]) -> dict[str, Any] | None:
    """Return when something was fetched or imported last, and what; an import with all its files."""
    from backfolio.calendar import SHANGHAI, clock_text  # noqa: PLC0415

    if not log:
        return None
    last = log[0]
    files = [one.subject for one in log if one.source == "import" and one.at == last.at]
    said = {"at": last.at.astimezone(SHANGHAI).isoformat(timespec="seconds"), "said": clock_text(last.at)}
    if last.source != "import":
        return {**said, "what": "fetch", "files": []}
    folders = {str(Path(file).parent) for file in files}
    named = files[0] if len(files) == 1 else f"{len(files)} files of {', '.join(sorted(folders))}"
    return {**said, "what": f"import of {named}", "files": sorted(files)}


def _demand_held(chosen: Sequence[str], held: Sequence[str], here: Workspace) -> None:
    """Refuse a symbol or index that the store does not hold."""
    for symbol in chosen:
        if symbol not in held:
            message = (
                f"data check {symbol!r}: the store has no bars of it{did_you_mean(symbol, held)}; "
                f"{here.program} data says what it holds, {here.program} fetch --symbols brings more"
            )
            raise UsageError(message)


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


def _print(findings: Sequence[Finding], *, everything: bool) -> None:
    """Print findings by rule, the worst severity last, where it is seen."""
    from backfolio.quality import RULES  # noqa: PLC0415

    for severity, usual in reversed(SHOWN.items()):
        for rule in RULES:
            own = [one for one in findings if one.rule == rule and one.severity == severity]
            if not own:
                continue
            most = len(own) if everything else usual
            accepted = "ACCEPTED " if own[0].accepted else ""
            console.out(f"{accepted}{severity.upper()} {rule} ({len(own):,}): {RULES[rule].title}")
            console.out(f"    Asked of the data: {RULES[rule].demands}")
            for one in own[:most]:
                reason = f" [accepted: {one.accepted}]" if one.accepted else ""
                console.out(f"    {one.key}  {one}{reason}")
            if len(own) > most:
                console.out(f"    ... and {len(own) - most:,} more, which --all prints")
            if not accepted:
                console.out(f"    To do: {own[0].remedy}")
