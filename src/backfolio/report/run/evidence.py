"""What a reports folder holds about the thesis of a run: its newest event study, and the attempts to break it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple
from urllib.parse import quote

from backfolio.report.gallery.entry import count, number, table, text
from backfolio.report.gallery.folders import fault_of, record_of
from backfolio.report.gallery.kinds import FALSIFY_FILE, STUDY_FILE
from backfolio.report.text import gain, p_said
from backfolio.result import Evidence
from backfolio.said import said
from backfolio.tune.identity import source_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from backfolio.said import Said

SAME: Final = ("params", "exits", "rebalance")
"""What a report must have had as the run has it, where it says so."""

TRADED: Final = ("market",)
"""The same of a report whose figures come from trades alone; an event study measures names, whatever is traded."""


class Sort(NamedTuple):
    """A kind of report that speaks of a thesis: its file, what must be the same, and how its figures are said."""

    kind: Literal["study", "falsify"]
    file: str
    same: tuple[str, ...]
    words: Callable[[Mapping[str, Any]], Said]


def evidence(
    folder: Path,
    run: Mapping[str, Any],
    fingerprint: Callable[[str | None], str],
    commands: Mapping[str, str],
) -> tuple[Evidence, ...]:
    """Return the newest event study and falsification of a run's thesis.

    They are of the same text of the thesis and of what it imports, of the same
    parameters where they say which, of the same window and data.

    Parameters
    ----------
    folder
        Of the thesis, in the folder of reports.
    run
        The run's record.
    fingerprint
        From a benchmark to the fingerprint of the run's data with it, for an
        event study may be held against another one than the run; "" where the
        data has no such benchmark.
    commands
        Kind to the command line that makes such a report.

    Returns
    -------
    One of each kind of `SORTS`; without a page where there is none.
    """
    return tuple(_newest(folder, sort, run, fingerprint, commands[sort.kind]) for sort in SORTS)


def _newest(
    folder: Path, sort: Sort, run: Mapping[str, Any], fingerprint: Callable[[str | None], str], command: str
) -> Evidence:
    faults = []
    for path in _by_age(folder, sort.file):
        try:
            record = record_of(path)
            if not _matches(record, sort, run, fingerprint):
                continue
            headline = table(record, "headline")
            grade, words = text(headline, "grade"), sort.words(headline)
        except (OSError, ValueError) as error:
            faults.append(f"{path.parent.name} ({fault_of(sort.file, error)})")
            continue
        page = f"../{quote(path.parent.name)}/index.html"
        return Evidence(sort.kind, command, page, said(grade), words, tuple(faults))
    return Evidence(sort.kind, command, faults=tuple(faults))


def _by_age(folder: Path, file: str) -> list[Path]:
    """Return the records of a kind, the newest first; what vanishes meanwhile is left out."""
    found = []
    for path in folder.glob(f"*/{file}"):
        if path.parent.name.startswith("."):
            continue
        try:
            found.append((path.stat().st_mtime_ns, path.parent.name, path))
        except OSError:
            continue
    return [path for _, _, path in sorted(found, reverse=True)]


def _matches(
    record: Mapping[str, Any], sort: Sort, run: Mapping[str, Any], fingerprint: Callable[[str | None], str]
) -> bool:
    thesis = table(record, "thesis")
    if _source(record) != _source(run) or any(record.get(name) != run.get(name) for name in ("start", "end", "rules")):
        return False
    told = {**thesis, **record}
    if any(name in told and told[name] != run.get(name) for name in sort.same):
        return False
    benchmark = record.get("benchmark")
    if not isinstance(benchmark, str | None):
        message = "its benchmark is no text"
        raise ValueError(message)  # noqa: TRY004  a fault of a file, whichever it is
    return table(record, "data").get("fingerprint") == fingerprint(benchmark)


def _source(record: Mapping[str, Any]) -> str:
    """Return the hash of a thesis' text; some records hold the text, some its hash."""
    source = text(table(record, "thesis"), "source")
    if "modules" not in record:
        return source
    return source_hash({"source": source, "modules": table(record, "modules")})


def _studied(headline: Mapping[str, Any]) -> Said:
    window = headline.get("window")
    if not isinstance(window, list) or len(window) != 2 or not all(isinstance(day, int) for day in window):  # noqa: PLR2004
        message = "its window is no pair of sessions"
        raise ValueError(message)
    mean = number(headline, "mean")
    if mean is None:
        return said("%(n)s events cannot be judged", n=f"{count(headline, 'events'):,}")
    return said(
        "%(mean)s over sessions %(first)s to %(last)s, p %(p)s",
        mean=gain(mean),
        first=window[0],
        last=window[1],
        p=p_said(number(headline, "p")),
    )


def _broken(headline: Mapping[str, Any]) -> Said:
    return said(
        "held up in %(held)s of %(all)s attempts; random dates p %(dates)s, random names p %(names)s",
        held=count(headline, "stood"),
        all=count(headline, "attempts"),
        dates=p_said(number(headline, "random_dates")),
        names=p_said(number(headline, "random_names")),
    )


SORTS: Final = (
    Sort("study", STUDY_FILE, SAME, _studied),
    Sort("falsify", FALSIFY_FILE, (*SAME, *TRADED), _broken),
)
"""What is looked for, in the order of the page."""
