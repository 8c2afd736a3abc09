"""What is known of risk warnings after boards, names and renamings were read, and what is not."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from answered import Answer, answered, quick
from backfolio import calendar, store
from backfolio.bars import build_bars
from backfolio.fetch import export, import_path, market, warned
from backfolio.source.akshare.transport import Desk
from backfolio.store import Batch, LogEntry, Quarantined
from facts_payload import BOARD_AT, board

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SYMBOL = "600001.SH"
JULY = [str(day) for day in calendar.sessions("2025-07-01", "2025-07-11")]
"""Tuesday 1 to Friday 11: nine sessions."""


class Diary:
    """A store, and what is read into it from day to day."""

    def __init__(self, folder: Path, symbols: Iterable[str] = (SYMBOL,)) -> None:
        self.folder = folder
        if not symbols:
            return
        listings = pd.DataFrame({"symbol": list(symbols), "name": "New", "assumed": False, "source": "sse"})
        plain = {"open": 10.0, "high": 10.0, "low": 10.0, "close": 10.0, "volume": 1000.0, "source": "sina"}
        bars = [pd.DataFrame({"symbol": one, "date": pd.to_datetime(JULY), **plain}) for one in symbols]
        self.put(Batch({"listings": listings, "bars": pd.concat(bars, ignore_index=True)}))

    def put(self, batch: Batch) -> None:
        with store.writing(self.folder) as writer:
            writer.put(batch)

    def board(self, day: str, names: Sequence[tuple[str, str]] = (), hour: int = 17) -> None:
        """Read the board on a day; it always holds one name that is not looked at."""
        now = at(day, hour)
        desk = Desk(policies=quick(), now=lambda: now)
        with store.reading(self.folder) as reader:
            spells, read = reader.frame("st_spells"), warned.readings(reader)
        with answered(Answer(BOARD_AT, board([*names, ("600654", "ST中安")]))):
            got = market.gather(desk, market.BOARD, np.datetime64(day, "D"), spells, read)
        assert not got.missing
        self.put(got.batch())

    def names(self, day: str, *former: str, symbol: str = SYMBOL) -> None:
        """Read the former names of a symbol on a day."""
        entry = LogEntry(at(day), "akshare", "sina", "stock_info_change_name", "", symbol, len(former), "", "ok")
        found = pd.DataFrame({"symbol": symbol, "name": list(former), "source": "sina"})
        self.put(Batch({"names": found} if former else {}, (entry,)))

    def renamings(self, day: str) -> None:
        entry = LogEntry(at(day), "akshare", "szse", "stock_info_sz_change_name", "", "renamings", 1, "", "ok")
        self.put(Batch({}, (entry,)))

    def told(self, last: str = JULY[-1], symbol: str = SYMBOL) -> str:
        """Return what a run reads of each session, once what is known was worked out: 0, 1 or ? each."""
        with store.reading(self.folder) as reader:
            tables = warned.known(reader, np.datetime64(last, "D"))
        self.put(Batch(tables))
        with store.reading(self.folder) as reader:
            assert warned.known(reader, np.datetime64(last, "D")) == {}  # once said, there is nothing more to say
            bars = reader.tables((symbol,)).bars
        cells = bars["is_st"].tolist() if "is_st" in bars else [pd.NA] * len(bars)
        return "".join("?" if pd.isna(cell) else str(cell) for cell in cells)

    def unknown(self) -> bool:
        with store.reading(self.folder) as reader:
            return bool(build_bars(reader.tables((SYMBOL,))).st_unknown[0])


def at(day: str, hour: int = 17) -> dt.datetime:
    return dt.datetime.combine(dt.date.fromisoformat(day), dt.time(hour), calendar.SHANGHAI)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store in which nothing was read yet. Tests do not change it."""
    return Diary(tmp_path_factory.mktemp("begun")).folder


@pytest.fixture
def diary(begun: Path, tmp_path: Path) -> Diary:
    return Diary(Path(shutil.copytree(begun, tmp_path / "store")), ())


ST = [("600001", "ST旧")]
STAR = [("600001", "*ST旧")]


def test_a_board_read_each_session_tells_of_each(diary: Diary) -> None:
    for day in JULY[4:]:
        diary.board(day, ST if JULY[5] <= day <= JULY[6] else ())
    assert diary.told() == "????01100"


def test_what_began_between_two_readings_is_unknown_in_between(diary: Diary) -> None:
    diary.board(JULY[0])
    diary.board(JULY[5], ST)
    assert diary.told(JULY[5]) == "0????1111"
    assert diary.unknown()


def test_what_ended_between_two_readings_ended_with_the_first_and_is_unknown_in_between(diary: Diary) -> None:
    diary.board(JULY[0], ST)
    diary.board(JULY[5])
    assert diary.told(JULY[5]) == "1????0000"


def test_what_may_have_come_and_gone_between_two_readings_is_unknown(diary: Diary) -> None:
    diary.board(JULY[0])
    diary.board(JULY[5])
    assert diary.told(JULY[5]) == "0????0000"


def test_on_the_board_at_both_readings_is_on_it_in_between(diary: Diary) -> None:
    diary.board(JULY[0], ST)
    diary.board(JULY[4], ST)
    diary.board(JULY[8], STAR)
    assert diary.told() == "111111111"
    with store.reading(diary.folder) as reader:
        spells = reader.frame("st_spells", (SYMBOL,))
    assert [(str(row.first)[:10], str(row.last)[:10], row.kind) for row in spells.itertuples()] == [
        (JULY[0], JULY[7], "ST"),
        (JULY[8], "NaT", "*ST"),
    ]


def test_sessions_after_the_last_reading_are_unknown_until_the_next_one(diary: Diary) -> None:
    diary.board(JULY[2], ST)
    assert diary.told() == "??1??????"
    diary.board(JULY[8], ST)
    assert diary.told() == "??1111111"


def test_names_without_an_st_speak_of_all_sessions_before_they_were_read(diary: Diary) -> None:
    diary.board(JULY[0])
    diary.board(JULY[5])
    diary.names(JULY[4], "Old")
    assert diary.told() == "0000?0???"
    diary.names(JULY[8], "Old", "Older")
    assert diary.told() == "00000000?"
    diary.board(JULY[8])
    assert diary.told() == "000000000"
    assert not diary.unknown()


def test_an_st_that_came_and_went_and_is_among_the_names_by_now_takes_back_what_was_known(diary: Diary) -> None:
    diary.names(JULY[0], "Old")
    diary.board(JULY[0])
    diary.board(JULY[6])
    diary.names(JULY[5], "Old")
    assert diary.told(JULY[6]) == "000000000"[:5] + "?000"
    diary.names(JULY[8], "Old", "ST Old")
    diary.board(JULY[8])
    assert diary.told() == "0?????0?0"


def test_names_with_an_st_take_back_everything_where_no_board_was_read(diary: Diary) -> None:
    diary.names(JULY[7])
    assert diary.told() == "0000000??"
    diary.names(JULY[8], "ST Old")
    assert diary.told() == "?????????"


@pytest.mark.parametrize(
    ("day", "hour", "about"),
    [
        ("2025-07-04", 17, "2025-07-04"),
        ("2025-07-04", 10, "2025-07-04"),
        ("2025-07-04", 8, "2025-07-03"),
        ("2025-07-05", 12, "2025-07-04"),
        ("2025-07-07", 1, "2025-07-04"),
    ],
)
def test_a_board_speaks_of_the_last_session_that_had_begun(diary: Diary, day: str, hour: int, about: str) -> None:
    assert str(warned.told_of(at(day, hour))) == about
    diary.board(day, ST, hour)
    wanted = "".join("1" if session >= about else "?" for session in JULY if session <= about)
    assert diary.told(about)[: len(wanted)] == wanted


def test_a_second_reading_of_one_session_changes_nothing(diary: Diary) -> None:
    diary.board(JULY[0], ST, 16)
    diary.board(JULY[0], ST, 20)
    assert diary.told(JULY[0]) == "111111111"


def test_shenzhen_is_known_up_to_the_day_its_renamings_were_read(tmp_path: Path) -> None:
    diary = Diary(tmp_path, ("000001.SZ", "000002.SZ"))
    aside = "变更日期,证券代码,变更前简称,变更后简称\n2021-05-06,000002,万科A,ST万科\n".encode()
    kept = Quarantined(at(JULY[5]), "szse", "stock_info_sz_change_name", "renamings", "they contradict", aside)
    diary.put(Batch({}, quarantine=(kept,)))
    diary.board(JULY[8], [("000001", "ST甲")])  # its own list is dated, and says more than the board
    diary.renamings(JULY[5])
    assert diary.told(symbol="000001.SZ") == "000000???"
    assert diary.told(symbol="000002.SZ") == "?????????"  # renamings that were set aside say nothing
    diary.renamings(JULY[8])
    assert diary.told(symbol="000001.SZ") == "000000000"


@pytest.mark.parametrize("still", [True, False])
def test_what_an_import_told_stands_and_its_unknown_stretches_with_it(
    diary: Diary, tmp_path: Path, *, still: bool
) -> None:
    diary.names(JULY[0])
    diary.board(JULY[0])
    diary.board(JULY[3], ST)
    diary.board(JULY[5], ST)
    assert diary.told() == "0??111???"
    export(diary.folder, tmp_path / "files")
    other = tmp_path / "other"
    import_path(other, tmp_path / "files")
    again = Diary(other, ())
    assert again.told() == "0??111???"
    again.board(JULY[8], ST if still else ())  # in the other store nobody read the board before
    assert again.told() == ("0??111111" if still else "0??111??0")


def test_a_board_cut_short_ends_no_spell(diary: Diary) -> None:
    diary.board(JULY[0], ST)
    short = board([("600654", "ST中安")]).replace('"total": 1', '"total": 2')
    now = at(JULY[1])
    with answered(Answer(BOARD_AT, short)), store.reading(diary.folder) as reader:
        got = market.gather(
            Desk(policies=quick(), now=lambda: now),
            market.BOARD,
            np.datetime64(JULY[1], "D"),
            reader.frame("st_spells"),
            warned.readings(reader),
        )
    (why,) = got.missing
    assert why.endswith("is not believed: 1 names came of the 2 that the reply speaks of")
    diary.put(got.batch())
    assert diary.told(JULY[1]) == "1????????"
