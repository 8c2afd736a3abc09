"""Risk warnings by dated spells: which bars they speak of, from files and from the store alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from backfolio import store
from backfolio.bars import Tables, build_bars, read_tables
from backfolio.bars.spells import UNKNOWN, UNWARNED, filled
from backfolio.errors import DataError
from backfolio.fetch import export, import_path
from stocked import bars

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("000001.SZ", "600000.SH")
DAYS = np.array(["2025-08-18", "2025-08-19", "2025-08-20"], dtype="datetime64[D]")
START = np.datetime64("1990-12-19", "D")


def spells(*rows: tuple[str, str | None, str | None, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["symbol", "first", "last", "kind"])


CASES = {
    "nothing known": ({}, spells((NAMES[0], None, None, "ST")), [None] * 6),
    "never": ({NAMES[0]: START}, spells(), [0, 0, 0, None, None, None]),
    "from a day on": ({NAMES[1]: DAYS[1]}, spells((NAMES[1], None, None, "ST")), [None, None, None, None, 1, 1]),
    "unknown in a spell": (
        {NAMES[0]: START},
        spells((NAMES[0], "2025-08-19", "2025-08-19", UNKNOWN), (NAMES[0], "2025-08-18", None, "*ST")),
        [1, None, 1, None, None, None],
    ),
    "unknown no longer": ({NAMES[0]: START}, spells((NAMES[0], None, None, UNWARNED)), [0, 0, 0, None, None, None]),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [5, 1, 3, 0, 2, 4]])
def test_spells_fill_what_bars_do_not_say(case: str, order: list[int]) -> None:
    known, told, wanted = CASES[case]
    symbol, day = np.repeat([0, 1], 3)[order], np.tile(DAYS, 2)[order]
    flag = filled(np.full(6, np.nan), symbol, day, NAMES, known, told)
    expected = np.array(wanted, dtype=np.float64)[order]
    assert np.array_equal(flag, expected, equal_nan=True)
    said = filled(np.zeros(6), symbol, day, NAMES, known, told)
    assert not said.any()  # what a bar says stays


def test_an_export_keeps_what_was_told_and_what_follows_from_spells_apart(tmp_path: Path) -> None:
    days = [str(day) for day in DAYS]
    told = pd.array([True, None, None], dtype="boolean")
    with store.writing(tmp_path / "one") as writer:
        writer.put(store.Batch({
            "bars": pd.concat([bars(NAMES[0], days, is_st=told), bars(NAMES[1], days)]),
            "listings": pd.DataFrame({
                "symbol": NAMES, "listed": pd.Timestamp("1999-11-10"), "st_known_from": pd.Timestamp(START),
                "source": "sse",
            }),
            "st_spells": pd.DataFrame({
                "symbol": NAMES, "first": pd.Timestamp(days[1]), "last": [pd.NaT, pd.Timestamp(days[1])],
                "kind": ["ST", "*ST"], "source": ["szse", "eastmoney"],
            }),
        }))  # fmt: skip
        writer.replace_findings([], None)
        with writer.read() as reader:
            before, spells_before = build_bars(reader.tables()), reader.frame("st_spells")
    assert before.st.tolist() == [[True, False], [True, True], [True, False]]
    export(tmp_path / "one", tmp_path / "out", form="csv")
    assert build_bars(read_tables(tmp_path / "out")).fingerprint == before.fingerprint
    for folder in (tmp_path / "one", tmp_path / "two"):
        summary = import_path(folder, tmp_path / "out")
        assert summary.counts["st_spells"].new == (0 if folder.name == "one" else 2)
        with store.reading(folder) as reader:
            assert reader.frame("bars")["is_st"].isna().sum() == 5  # nothing that only followed is written down
            assert reader.frame("st_spells").equals(spells_before)
            assert build_bars(reader.tables()).fingerprint == before.fingerprint
    export(tmp_path / "two", tmp_path / "again", form="csv")
    for file in (tmp_path / "out").iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (("000001.SZ", "18.08.2025", None, "ST"), "a date is written YYYY-MM-DD"),
        (("000001.SZ", None, "soon", "ST"), "a date is written YYYY-MM-DD"),
        (("000001.SX", None, None, "ST"), "000001.SX"),
        ((None, None, None, "ST"), "symbol is missing"),
        (("000001.SZ", None, None, None), "every spell has its kind"),
    ],
)
def test_a_spell_that_cannot_be_read_is_named(row: tuple[str, str | None, str | None, str], says: str) -> None:
    frame = bars(NAMES[0], [str(day) for day in DAYS]).drop(columns="source")
    with pytest.raises(DataError, match=says):
        build_bars(Tables(bars=frame, st_spells=spells(row)))
