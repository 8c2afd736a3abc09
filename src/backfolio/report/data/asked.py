"""What hosts were asked and what came of it, as plain values: from the log of the store."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from backfolio.calendar import clock_text
from backfolio.said import listed, said

if TYPE_CHECKING:
    import pandas as pd

MOST_LINES: Final = 40
"""Of calls that went wrong, replies kept aside and changes of history: the latest."""

OUTCOMES: Final = {
    "ok": "%(n)s came",
    "empty": "%(n)s empty",
    "quarantined": "%(n)s kept aside",
    "refused": "%(n)s refused",
    "failed": "%(n)s failed",
}
"""How a call ended, and how the page says so."""


def when(instant: Any) -> str:  # noqa: ANN401  a cell of a frame
    """Write an instant as the exchange's clock shows it; "" where there is none."""
    if instant is None or instant != instant:  # noqa: PLR0124  NaT differs from itself
        return ""
    moment: dt.datetime = instant
    return clock_text(moment)


def brought(log: pd.DataFrame) -> str:
    """Say when something was brought in last."""
    sound = log[log["outcome"] == "ok"]
    if sound.empty:
        return ""
    last = sound.sort_values("at", kind="stable").iloc[-1]
    if last["source"] == "import":
        return said("last import %(when)s", when=when(last["at"]))
    return said("last fetch %(when)s", when=when(last["at"]))


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
                "outcomes": listed(
                    said(words, n=f"{int(counts[one]):,}") for one, words in OUTCOMES.items() if one in counts
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


class Imported(NamedTuple):
    """A file that was imported, as text; with other bytes it is another one."""

    path: str
    rows: str
    hash: str
    times: int
    last: str


def imports(log: pd.DataFrame) -> list[Imported]:
    """Return the files of the latest imports, the last first, each with how often it came."""
    own = log[log["source"] == "import"].sort_values("at", ascending=False, kind="stable")
    times = own.groupby(["subject", "hash"], dropna=False).size()
    return [
        Imported(
            str(row["subject"]),
            f"{row['rows']:,}",
            str(row["hash"]),
            int(times[row["subject"], row["hash"]]),
            when(row["at"]),
        )
        for row in own.drop_duplicates(["subject", "hash"]).head(MOST_LINES).to_dict("records")
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
