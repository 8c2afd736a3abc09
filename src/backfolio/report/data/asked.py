"""What hosts were asked and what came of it, as plain values: from the log of the store."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from backfolio.calendar import SHANGHAI

if TYPE_CHECKING:
    import pandas as pd

MOST_LINES: Final = 40
"""Of calls that went wrong, replies kept aside and changes of history: the latest."""

OUTCOMES: Final = {
    "ok": "came",
    "empty": "empty",
    "quarantined": "kept aside",
    "refused": "refused",
    "failed": "failed",
}
"""How a call ended, and how the page says so."""


def when(instant: Any) -> str:  # noqa: ANN401  a cell of a frame
    """Write an instant in the time of the exchange; "" where there is none."""
    if instant is None or instant != instant:  # noqa: PLR0124  NaT differs from itself
        return ""
    moment: dt.datetime = instant
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def brought(log: pd.DataFrame) -> str:
    """Say when something was brought in last."""
    sound = log[log["outcome"] == "ok"]
    if sound.empty:
        return ""
    last = sound.sort_values("at", kind="stable").iloc[-1]
    return f"last {'import' if last['source'] == 'import' else 'fetch'} {when(last['at'])}"


def hosts(log: pd.DataFrame, blocks: pd.DataFrame) -> list[dict[str, object]]:
    """Return what each host was asked, what came of it, and until when it is left alone."""
    asked = log[log["host"] != ""]
    blocked = {str(row["host"]): row for row in blocks.to_dict("records")}
    found: list[dict[str, object]] = []
    for host in sorted({*asked["host"], *blocked}):
        own = asked[asked["host"] == host]
        counts = own["outcome"].value_counts()
        block = blocked.get(host)
        found.append(
            {
                "name": host,
                "calls": int(own["calls"].sum()),
                "outcomes": ", ".join(
                    f"{int(counts[one]):,} {said}" for one, said in OUTCOMES.items() if one in counts
                ),
                "last": when(own["at"].max()) if len(own) else "",
                "until": "" if block is None else when(block["until"]),
                "reason": "" if block is None else block["reason"],
            }
        )
    return found


def functions(log: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return (function, host, calls, rows, version, last) of all that was asked, by host."""
    asked = log[(log["host"] != "") & (log["outcome"].isin(("ok", "empty")))]
    lines: list[tuple[str, ...]] = []
    for (host, function), own in asked.groupby(["host", "function"], sort=True):
        last = own.sort_values("at", kind="stable").iloc[-1]
        rows = f"{int(own['rows'].sum()):,}"
        lines.append((str(function), str(host), f"{len(own):,}", rows, str(last["version"] or ""), when(last["at"])))
    return lines


def imports(log: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return (path, rows, hash, time) of the latest imports, the last first."""
    own = log[log["source"] == "import"].sort_values("at", ascending=False, kind="stable")
    return [
        (str(row["subject"]), f"{row['rows']:,}", str(row["hash"]), when(row["at"]))
        for row in own.head(MOST_LINES).to_dict("records")
    ]


def troubles(log: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return (time, host, function, subject, outcome, detail) of the latest calls that gave nothing, the last first."""
    own = log[log["outcome"].isin(("quarantined", "refused", "failed"))]
    return latest(own, "at host function subject outcome detail")


def latest(frame: pd.DataFrame, columns: str) -> list[tuple[str, ...]]:
    """Return the latest rows of a frame as text, the last first."""
    rows = frame.sort_values("at", ascending=False, kind="stable").head(MOST_LINES)
    named = columns.split()
    return [tuple(_cell(row[column]) for column in named) for row in rows.to_dict("records")]


def _cell(value: Any) -> str:  # noqa: ANN401  a cell of a frame
    if value is None or value != value:  # noqa: PLR0124  NaN and NaT differ from themselves
        return ""
    if isinstance(value, dt.datetime):
        return when(value) if value.tzinfo else f"{value:%Y-%m-%d}"
    return str(value)
