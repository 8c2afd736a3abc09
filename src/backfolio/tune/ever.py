"""The run ledger: one line for every tune, so that trials are counted over all of them.

Whoever looks at a thousand trials today and a thousand tomorrow has looked at
two thousand; a verdict that knows only today's is too kind. How far apart the
Sharpe ratios of today's lay is kept as well, for tomorrow's may all resemble the
best of them.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from backfolio.verdict import Earlier, Spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LEDGER: Final = "ledger.jsonl"


def record(
    reports: Path,
    *,
    kind: str,
    thesis: str,
    source: str,
    data: str,
    window: tuple[str, str],
    run_id: str,
    trials: int,
    spread: Spread | None = None,
) -> None:
    """Append a line to the ledger of a reports folder.

    Parameters
    ----------
    kind
        "tune" or "walk-forward".
    thesis, source
        Name, and a hash of its text.
    data
        The market that was looked at; see `Source.market`.
    window
        First and last date.
    run_id
        Of the tune.
    trials
        Distinct trials of that id so far; nothing is appended where a line says as
        many, unless that line lacks the spread.
    spread
        Of the daily Sharpe ratios of these trials, where it is known.
    """
    known = _largest(reports, thesis, data).get((kind, run_id), Earlier(0))
    if known.trials > trials or (known.trials == trials and (spread is None or known.spread is not None)):
        return
    line: dict[str, Any] = {
        "kind": kind,
        "thesis": thesis,
        "source": source,
        "data": data,
        "start": window[0],
        "end": window[1],
        "id": run_id,
        "trials": trials,
        "sharpe": None if spread is None else asdict(spread),
    }
    append(reports, line)


def append(reports: Path, line: Mapping[str, Any]) -> None:
    """Append a line to the ledger of a reports folder, with the time before all else.

    Several processes may do so at once: a line goes in by one write at the end.
    """
    path = reports / LEDGER
    told = {"time": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), **line}
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        # A line that was cut short must not swallow this one.
        torn = os.lseek(handle, 0, os.SEEK_END) > 0 and not path.read_bytes().endswith(b"\n")
        os.write(handle, (("\n" if torn else "") + json.dumps(told, ensure_ascii=False) + "\n").encode())
    finally:
        os.close(handle)


def trials_ever(reports: Path, thesis: str, data: str) -> int:
    """Return how many trials were ever run of a thesis on a market: the sum over ids of the largest count.

    A thesis whose text was changed in between is the same thesis: what its
    earlier forms tried counts too.
    """
    return sum(run.trials for run in _largest(reports, thesis, data).values())


def earlier(reports: Path, thesis: str, data: str, run_id: str) -> tuple[Earlier, ...]:
    """Return what was tried of a thesis on a market by all other runs than the tune `run_id`, in their order.

    Each counts with the line that has the most trials. Lines of walk-forwards
    and of older versions do not say how far apart Sharpe ratios lay.
    """
    runs = _largest(reports, thesis, data)
    return tuple(run for key, run in runs.items() if key != ("tune", run_id) and run.trials)


def _largest(reports: Path, thesis: str, data: str) -> dict[tuple[str, str], Earlier]:
    largest: dict[tuple[str, str], Earlier] = {}
    for line in lines(reports):
        if line.get("thesis") == thesis and line.get("data") == data:
            key = (str(line.get("kind")), str(line.get("id")))
            trials = line.get("trials")
            run = Earlier(trials if isinstance(trials, int) else 0, _spread(line.get("sharpe")))
            known = largest.setdefault(key, run)
            if run.trials > known.trials or (run.trials == known.trials and known.spread is None):
                largest[key] = run
    return largest


def _spread(told: object) -> Spread | None:
    """Read the spread of a line; None where it is not there, or no such thing."""
    if not isinstance(told, dict):
        return None
    count, mean, variance, sessions = (told.get(name) for name in ("count", "mean", "variance", "sessions"))
    if not isinstance(count, int) or not isinstance(sessions, int) or count < 1 or sessions < 2:  # noqa: PLR2004
        return None
    if not isinstance(mean, int | float) or not isinstance(variance, int | float):
        return None
    if not math.isfinite(mean) or not math.isfinite(variance) or variance < 0.0:
        return None
    return Spread(count, float(mean), float(variance), sessions)


def lines(reports: Path) -> Iterator[dict[str, Any]]:
    """Yield every line of the ledger of a reports folder that can be read, in order; none without a ledger."""
    try:
        text = (reports / LEDGER).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    for row in text.splitlines():
        try:
            line = json.loads(row)
        except ValueError:
            continue  # cut short by a full disk, say
        if isinstance(line, dict):
            yield line
