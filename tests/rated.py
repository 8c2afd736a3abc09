"""Small tables of ratings, factors and corporate actions, in the store's columns."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TEXTS = ("id", "symbol", "name", "house", "analyst", "time", "rating", "previous_rating", "change", "title")
SEEN = dt.datetime(2025, 9, 30, 12, tzinfo=dt.UTC)


def ratings(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """Return a table of ratings; each row a day with what it holds, the rest as a host would leave it.

    `target` is both ends of the target.
    """
    filled = [_row(at, dict(row)) for at, row in enumerate(rows)]
    columns = (*TEXTS, "source", "url", "published", "first_rating", "target_low", "target_high", "first_seen")
    frame = pd.DataFrame(filled, columns=list(columns))
    dtypes = {
        "published": "datetime64[s]",
        "first_rating": "boolean",
        "target_low": "float64",
        "target_high": "float64",
        "first_seen": "datetime64[us, UTC]",
    }
    return frame.astype({**dict.fromkeys((*TEXTS, "source", "url"), "object"), **dtypes})


def _row(at: int, given: dict[str, Any]) -> dict[str, Any]:
    target = given.pop("target", None)
    row: dict[str, Any] = {
        **dict.fromkeys(TEXTS),
        "id": f"{at:04d}",
        "symbol": "688256.SH",
        "name": "寒武纪",
        "house": "高盛",
        "source": "cninfo",
        "url": None,
        "first_rating": None,
        "target_low": target,
        "target_high": target,
        "first_seen": SEEN,
    }
    return {**row, **given}


def factors(*rows: tuple[str, float], symbol: str = "688256.SH", source: str = "sina") -> pd.DataFrame:
    """Return a table of factors from (date, factor)."""
    frame = pd.DataFrame(
        [(symbol, day, source, factor) for day, factor in rows], columns=["symbol", "date", "source", "factor"]
    )
    return frame.astype({"date": "datetime64[s]", "factor": "float64"})


def actions(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """Return a table of corporate actions, with the columns that ratings read."""
    blank = {"symbol": "688256.SH", "source": "sina", "cash": None, "shares": None, "rights": None, "ratio": None}
    frame = pd.DataFrame([{**blank, **row} for row in rows], columns=[*blank, "ex_date"])
    numbers = dict.fromkeys(("cash", "shares", "rights", "ratio"), "float64")
    return frame.astype({"ex_date": "datetime64[s]", **numbers})


def joined(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return tables one under the other."""
    return pd.concat(list(tables), ignore_index=True)
