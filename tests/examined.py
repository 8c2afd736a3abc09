"""Small stores for the tests of `backfolio.quality`: sound ones, and ways to break them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from backfolio import calendar
from backfolio.bars import Tables
from backfolio.quality import Held

SESSIONS = calendar.sessions("2024-03-01", "2024-04-30")
DAYS = [str(day) for day in SESSIONS]
A, B, C = "600001.SH", "688001.SH", "300001.SZ"
NOTHING = pd.DataFrame()
FRAMES = (
    "actions", "factors", "suspensions", "st_spells", "names", "listings", "second_bars", "revisions", "quarantine",
)  # fmt: skip


def closes(seed: int, start: float = 10.0) -> list[float]:
    """Return a close a session: whole fen, steps of at most 2%."""
    steps = np.random.default_rng(seed).uniform(-0.02, 0.02, len(SESSIONS))
    return [round(float(price), 2) for price in start * np.cumprod(1 + steps)]


def quotes(symbol: str, seed: int, *, start: float = 10.0, without: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return sound bars with reference prices, amounts and risk warnings; none on the days `without`."""
    close = closes(seed, start)
    frame = pd.DataFrame(
        {
            "date": SESSIONS.astype("datetime64[s]"),
            "symbol": symbol,
            "open": close,
            "high": [round(price + 0.02, 2) for price in close],
            "low": [round(price - 0.02, 2) for price in close],
            "close": close,
            "volume": [100_000.0 + 100 * at for at in range(len(close))],
            "is_st": 0,
        }
    )
    frame = frame[~frame["date"].astype(str).isin(without)].reset_index(drop=True)
    frame["amount"] = frame["close"] * frame["volume"]
    frame["pre_close"] = frame["close"].shift(1)
    return frame


def ex(frame: pd.DataFrame, day: str, *, cash: float = 0.0, shares: float = 0.0) -> pd.DataFrame:
    """Return the bars with every price from `day` on moved as by a corporate action; half up to the fen."""
    at = int(np.flatnonzero(frame["date"].astype(str) == day)[0])
    before = frame["close"].iloc[at - 1]
    reference = np.floor((before - cash) / (1 + shares) * 100 + 0.5 + 1e-9) / 100
    moved = frame.copy()
    for column in ("open", "high", "low", "close"):
        moved.loc[at:, column] = (moved.loc[at:, column] * reference / before).round(2)
    moved["high"] = moved[["open", "high", "low", "close"]].max(axis=1)
    moved["low"] = moved[["open", "high", "low", "close"]].min(axis=1)
    moved.loc[at + 1 :, "pre_close"] = moved["close"].shift(1).loc[at + 1 :]
    moved.loc[at, "pre_close"] = reference
    moved["amount"] = moved["close"] * moved["volume"]
    return moved


def put(frame: pd.DataFrame, day: str, **cells: object) -> pd.DataFrame:
    """Return the bars with some cells of one day changed."""
    changed = frame.copy()
    for column, value in cells.items():
        changed[column] = changed[column].astype(object) if isinstance(value, str) else changed[column]
        changed.loc[changed["date"].astype(str) == day, column] = value
    return changed


def listings(*rows: tuple[str, str | None, str | None]) -> pd.DataFrame:
    """Return a table of listings of the import format: symbol, listed, delisted."""
    return pd.DataFrame(
        [(symbol, "", *days) for symbol, *days in rows], columns=["symbol", "name", "listed", "delisted"]
    )


def ex_rights(*rows: tuple[str, str, str, float]) -> pd.DataFrame:
    """Return a table of corporate actions of the import format."""
    return pd.DataFrame(rows, columns=["symbol", "ex_date", "kind", "value"])


def table(**columns: Any) -> pd.DataFrame:
    """Return a table of the store; columns of dates by their names."""
    frame = pd.DataFrame(columns)
    for name in ("date", "ex_date", "first", "last"):
        if name in frame:
            frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
    if "at" in frame:
        frame["at"] = pd.to_datetime(frame["at"], utc=True)
    return frame


def held(*bars: pd.DataFrame, **parts: Any) -> Held:
    """Return what is examined; symbols of the bars are listed long ago where no table says otherwise."""
    frame = pd.concat(bars, ignore_index=True) if bars else pd.DataFrame(columns=quotes(A, 1).columns)
    old = listings(*((str(symbol), "2000-01-04", None) for symbol in dict.fromkeys(frame["symbol"])))
    sides = {name: parts.pop(name) for name in ("index", "ex_rights") if name in parts}
    tables = Tables(frame, listings=parts.pop("listed", old), label="store", **sides)
    blank = Held(tables, **dict.fromkeys(FRAMES, NOTHING), universes=(), as_of=SESSIONS[-1])  # type: ignore[arg-type]
    return replace(blank, **parts)
