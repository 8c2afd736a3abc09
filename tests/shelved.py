"""What the page of the store is made of, made by hand: for the tests of the page."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backfolio import calendar
from backfolio.quality import Coverage, Finding
from backfolio.quality.model import BAR, DELISTED, GAP, NOTHING, SUSPENDED
from backfolio.report.data import Shelf
from backfolio.store import empty
from backfolio.universe import Member, Universe

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = {"000977.SZ": "浪潮信息", "300474.SZ": "景嘉微", "603019.SH": "中科曙光", "688256.SH": "寒武纪"}
SESSIONS = calendar.sessions("2025-01-02", "2025-12-31")
NOW = pd.Timestamp("2026-01-01 09:30", tz="Asia/Shanghai").tz_convert("UTC")


def small_states() -> np.ndarray[Any, np.dtype[np.int8]]:
    """Return four symbols: whole, listed late, delisted, and one with a halt, a gap and no end."""
    states = np.full((len(SESSIONS), 4), BAR, dtype=np.int8)
    states[:60, 1] = NOTHING
    states[200:, 2] = DELISTED
    states[100:110, 3] = SUSPENDED
    states[150:153, 3] = GAP
    return states


def finding(rule: str = "gap", severity: str = "warning", symbol: str = "688256.SH", **changes: Any) -> Finding:
    fields = {
        "first": dt.date(2025, 8, 18),
        "last": dt.date(2025, 8, 20),
        "count": 3,
        "value": "3 sessions without a bar",
        "remedy": "fetch the symbol again",
        **changes,
    }
    return Finding(rule, severity, symbol, **fields)  # type: ignore[arg-type]


def entry(host: str, function: str, outcome: str = "ok", minutes: int = 0, **changes: Any) -> dict[str, Any]:
    """Return a row of the log."""
    fields = {"source": "akshare", "version": "1.19.5", "subject": "688256.SH", "rows": 243, "hash": "0" * 16}
    return {
        "at": NOW + pd.Timedelta(minutes=minutes), "host": host, "function": function, "outcome": outcome,
        "detail": "", "calls": 2, **fields, **changes,
    }  # fmt: skip


def rows(table: str, *given: dict[str, Any]) -> pd.DataFrame:
    """Return a table of the store with some rows."""
    frame = empty(table)
    return frame if not given else pd.DataFrame(list(given))[list(frame.columns)].astype(frame.dtypes.to_dict())


def small_shelf(findings: Sequence[Finding] | None = None, **changes: Any) -> Shelf:
    """Return a shelf in which everything that the page can show is there once."""
    universe = Universe(
        "compute <b>",
        tuple(Member(symbol, name, name, "server") for symbol, name in {**NAMES, "688041.SH": "海光信息"}.items()),
    )
    log = rows(
        "fetch_log",
        entry("", "import", source="import", version="", subject="bars <b>/bars.parquet", rows=871, calls=0),
        entry("", "bars are there", minutes=1, rows=0, calls=0),
        entry("eastmoney", "stock_zh_a_hist", "refused", 2, rows=0, detail="it <b>closed</b> the connection"),
        entry("sina", "stock_zh_a_daily", minutes=3),
        entry("tencent", "stock_zh_a_hist_tx", "quarantined", 4, detail="volume 100 times too small"),
    )
    fields: dict[str, Any] = {
        "coverage": Coverage(SESSIONS, tuple(NAMES), small_states()),
        "names": NAMES,
        "universes": (universe,),
        "findings": findings
        if findings is not None
        else (
            finding("outside_limits", "error", value="high 33.30 > <b>32.10</b>"),
            finding(),
            finding("listing_assumed", "note", "300474.SZ", first=None, last=None),
            finding("factor_jump", "error", "000977.SZ", accepted="the exchange <b>announced</b> it"),
        ),
        "counts": {"bars": 871, "actions": 12, "ratings": 0},
        "log": log,
        "blocks": rows("blocks", {"host": "eastmoney", "until": NOW + pd.Timedelta(hours=1), "reason": "a <b>ban</b>"}),
        "quarantine": rows(
            "quarantine",
            {"at": NOW, "host": "tencent", "function": "stock_zh_a_hist_tx", "subject": "000977.SZ",
             "reason": "amount / volume <b>outside</b>", "payload": b"{}"},
        ),
        "revisions": rows(
            "revisions",
            {"at": NOW, "table": "bars", "symbol": "688256.SH", "date": pd.Timestamp("2025-08-18"), "column": "close",
             "old": "100.1", "new": "100.2", "old_source": "eastmoney", "new_source": "sina"},
        ),
        "as_of": SESSIONS[-1],
        "program": "python run_backtest.py",
        **changes,
    }  # fmt: skip
    return Shelf(**fields)
