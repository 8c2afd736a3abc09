"""What runs read from the store: the import format, what an examination sees, and small questions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from backfolio import bars as import_format
from backfolio import calendar
from backfolio.catalysts import Catalyst
from backfolio.errors import StoreError
from backfolio.store import TABLES, Batch, empty, reading, writing
from backfolio.universe import Member, Universe
from stocked import AT, bars, entry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from backfolio.bars import Tables
    from backfolio.store import LogEntry, Reader

DAYS = ["2025-08-20", "2025-08-21", "2025-08-22", "2025-08-25", "2025-08-26"]


def stock(folder: Path, *batches: dict[str, pd.DataFrame], log: tuple[LogEntry, ...] = ()) -> None:
    with writing(folder) as writer:
        for tables in batches:
            writer.put(Batch(tables, log))


def read(folder: Path, ask: Callable[[Reader], Any]) -> Any:
    with reading(folder) as reader:
        return ask(reader)


def rows(*lines: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(list(lines))
    for column in set(frame) & {
        "date",
        "ex_date",
        "first",
        "last",
        "listed",
        "delisted",
        "st_known_from",
        "from_",
        "to",
    }:
        frame[column] = pd.to_datetime(frame[column])
    return frame


def test_bars_are_sorted_whatever_came_first_and_have_the_columns_that_hold_anything(tmp_path: Path) -> None:
    stock(
        tmp_path,
        {"bars": bars("688256.SH", DAYS[3:], amount=1e4)},
        {"bars": bars("000001.SZ", DAYS[::-1])},
        {"bars": bars("688256.SH", DAYS[:3], name="寒武纪")},
    )
    tables: Tables = read(tmp_path, lambda reader: reader.tables())
    assert tables.label == "store"
    assert list(tables.bars) == ["date", "symbol", "open", "high", "low", "close", "volume", "amount", "name"]
    assert tables.bars["symbol"].tolist() == ["000001.SZ"] * 5 + ["688256.SH"] * 5
    assert tables.bars["date"].dt.strftime("%Y-%m-%d").tolist() == DAYS * 2
    assert tables.bars["amount"].fillna(0).tolist() == [0] * 8 + [1e4] * 2
    assert tables.bars["name"].dropna().tolist() == ["寒武纪"] * 3
    assert (tables.index, tables.ex_rights, tables.listings) == (None, None, None)
    assert import_format.build_bars(tables).names == {"000001.SZ": "", "688256.SH": "寒武纪"}


def test_some_symbols_are_read_alone_and_absent_ones_are_absent(tmp_path: Path) -> None:
    stock(
        tmp_path,
        *({"bars": bars(symbol, DAYS)} for symbol in ("688256.SH", "000001.SZ", "600000.SH")),
        {"listings": rows(*({"symbol": symbol, "listed": DAYS[0]} for symbol in ("688256.SH", "000001.SZ")))},
        {
            "factors": rows(
                *({"symbol": symbol, "date": DAYS[0], "source": "sina"} for symbol in ("688256.SH", "600000.SH"))
            )
        },
    )
    with reading(tmp_path) as reader:
        assert reader.symbols() == ("000001.SZ", "600000.SH", "688256.SH")
        tables = reader.tables(["688256.SH", "999999.SH"])
        assert set(tables.bars["symbol"]) == {"688256.SH"}
        assert tables.listings is not None
        assert tables.listings["symbol"].tolist() == ["688256.SH"]
        assert set(reader.frame("bars", ["600000.SH"])["symbol"]) == {"600000.SH"}
        assert reader.frame("factors", ["600000.SH", "000001.SZ"])["symbol"].tolist() == ["600000.SH"]
        nothing = reader.tables(["999999.SH"])
        assert len(nothing.bars) == 0
        assert list(nothing.bars) == ["date", "symbol", "open", "high", "low", "close", "volume"]


def test_flags_are_whole_numbers_and_missing_where_nobody_said_so(tmp_path: Path) -> None:
    stock(tmp_path, {"bars": bars("000001.SZ", DAYS, is_st=pd.array([True, None, False, None, True], dtype="boolean"))})
    stock(tmp_path, {"bars": bars("000001.SZ", DAYS, traded=[1, 1, 1, 0, 1])})
    tables: Tables = read(tmp_path, lambda reader: reader.tables())
    assert tables.bars["is_st"].tolist() == [1, pd.NA, 0, pd.NA, 1]
    assert tables.bars["traded"].tolist() == [1, 1, 1, 0, 1]
    built = import_format.build_bars(tables)
    assert built.st[:, 0].tolist() == [True, True, False, False, True]
    assert built.traded[:, 0].tolist() == [True, True, True, False, True]


SPELLS = {
    "never known": (None, [], None),
    "known, never under warning": ("1990-12-19", [], [0, 0, 0, 0, 0]),
    "known from a day on": (DAYS[2], [(DAYS[0], None)], [None, None, 1, 1, 1]),
    "two spells": ("1990-12-19", [(None, DAYS[0]), (DAYS[3], DAYS[3])], [1, 0, 0, 1, 0]),
    "an unknown date": (None, [(DAYS[0], None)], None),
}


@pytest.mark.parametrize("case", SPELLS)
def test_risk_warning_comes_from_the_spells_where_they_say_all(tmp_path: Path, case: str) -> None:
    known, spells, wanted = SPELLS[case]
    lines = [{"symbol": "000001.SZ", "first": a, "last": b, "kind": "ST", "source": "szse"} for a, b in spells]
    stock(
        tmp_path,
        {"bars": bars("000001.SZ", DAYS), "listings": rows({"symbol": "000001.SZ", "st_known_from": known})},
        {"st_spells": rows(*lines) if lines else empty("st_spells")},
    )
    frame = read(tmp_path, lambda reader: reader.tables().bars)
    assert (None if "is_st" not in frame else [None if pd.isna(cell) else cell for cell in frame["is_st"]]) == wanted


def test_what_a_bar_says_of_risk_warning_wins_over_the_spells(tmp_path: Path) -> None:
    told = pd.array([False, None, None, None, None], dtype="boolean")
    stock(
        tmp_path,
        {"bars": pd.concat([bars("000001.SZ", DAYS, is_st=told), bars("688256.SH", DAYS)])},
        {"listings": rows({"symbol": "000001.SZ", "st_known_from": "1990-12-19"})},
        {"st_spells": rows({"symbol": "000001.SZ", "first": DAYS[0], "last": DAYS[1], "kind": "*ST"})},
    )
    frame = read(tmp_path, lambda reader: reader.tables().bars)
    assert [None if pd.isna(cell) else cell for cell in frame["is_st"]] == [0, 1, 0, 0, 0, *[None] * 5]


ACTIONS: dict[str, tuple[list[dict[str, Any]], list[tuple[str, float]]]] = {
    "cash and shares": (
        [{"source": "sina", "cash": 0.17, "shares": 0.4}],
        [("cash/share", 0.17), ("shares/share", 0.4)],
    ),
    "who corrects a host before the hosts": (
        [{"source": name, "cash": at + 1.0} for at, name in enumerate(("cninfo", "eastmoney", "sina", "import"))],
        [("cash/share", 4.0)],
    ),
    "sina before the rest": (
        [{"source": name, "cash": at + 1.0} for at, name in enumerate(("cninfo", "eastmoney", "sina"))],
        [("cash/share", 3.0)],
    ),
    "nothing happened, by hand": ([{"source": "sina", "cash": 0.3}, {"source": "import", "cash": 0.0}], []),
    "a source that says nothing": (
        [{"source": "sina", "cash": 0.0, "plan": "不分配"}, {"source": "cninfo", "cash": 0.3}],
        [("cash/share", 0.3)],
    ),
    "a rights issue alone": ([{"source": "sina", "rights": 0.3, "rights_price": 5.0}], []),
    "a ratio": ([{"source": "import", "ratio": 0.73895}], [("price ratio", 0.73895)]),
    "a split and its ratio": ([{"source": "import", "shares": 0.3, "ratio": 0.769}], [("shares/share", 0.3)]),
    "an unknown source": ([{"source": "zz", "cash": 0.2}, {"source": "aa", "cash": 0.1}], [("cash/share", 0.1)]),
    "no date yet": ([{"source": "sina", "cash": 0.2, "ex_date": None}], []),
}


@pytest.mark.parametrize("case", ACTIONS)
def test_one_source_speaks_for_an_ex_date(tmp_path: Path, case: str) -> None:
    lines, wanted = ACTIONS[case]
    stock(
        tmp_path,
        {
            "bars": bars("000001.SZ", DAYS),
            "actions": rows(*({"symbol": "000001.SZ", "ex_date": DAYS[2], **line} for line in lines)),
        },
    )
    frame = read(tmp_path, lambda reader: reader.tables().ex_rights)
    if not wanted:
        assert frame is None
        return
    assert list(frame[["kind", "value"]].itertuples(index=False, name=None)) == wanted
    assert set(frame["ex_date"]) == {pd.Timestamp(DAYS[2])}


def test_listings_and_indexes_have_what_the_format_has(tmp_path: Path) -> None:
    index = bars("000688.SH", DAYS, name="STAR 50")[["symbol", "date", "open", "high", "low", "close", "name"]]
    listings = rows(
        {"symbol": "000001.SZ", "listed": None, "assumed": True},
        {"symbol": "688256.SH", "listed": "2020-07-20", "name": "寒武纪", "delisted": "2026-01-05", "assumed": False},
    )
    both = pd.concat([bars("000001.SZ", DAYS), bars("688256.SH", DAYS)])
    stock(tmp_path, {"bars": both, "index_bars": index, "listings": listings})
    tables: Tables = read(tmp_path, lambda reader: reader.tables())
    assert tables.index is not None
    assert list(tables.index) == ["date", "symbol", "open", "high", "low", "close", "name"]
    assert tables.listings is not None
    assert tables.listings.drop(columns=["listed", "delisted"]).fillna({"name": ""}).to_dict("list") == {
        "symbol": ["000001.SZ", "688256.SH"],
        "name": ["", "寒武纪"],
        "assumed": [1, 0],
    }
    built = import_format.build_bars(tables)
    assert built.listed.astype(str).tolist() == ["NaT", "2020-07-20"]
    assert built.delisted.astype(str).tolist() == ["NaT", "2026-01-05"]
    assert built.index_close["000688.SH"].tolist() == [10.0] * 5
    assert built.names["688256.SH"] == "寒武纪"


@pytest.mark.shared
@pytest.mark.parametrize("name", ["compute", "broad"])
def test_the_bars_of_a_store_are_those_of_the_files(shared: Path, tmp_path: Path, name: str) -> None:
    files = import_format.read_tables(shared / "market" / name)
    known = [column for column in files.bars if column in TABLES["bars"].columns]
    assert files.index is not None
    backwards = files.bars[known].iloc[::-1].assign(source="import")
    stock(tmp_path, {"bars": backwards, "index_bars": files.index.assign(source="import")})
    tables: Tables = read(tmp_path, lambda reader: reader.tables())
    # Listings and corporate actions are read by other tests; the same ones make the rest comparable.
    tables = replace(tables, listings=files.listings, ex_rights=files.ex_rights)
    assert import_format.build_bars(tables).fingerprint == import_format.build_bars(files).fingerprint


def test_catalysts_of_the_symbols_and_of_segments(tmp_path: Path) -> None:
    shared = {"source": "sina", "certainty": "high", "time_known": "no"}
    known = dt.datetime.fromisoformat("2025-08-24T18:00:00+08:00")
    raised = Catalyst(
        "a",
        "target_raise",
        "up",
        known,
        ("688256.SH", "688041.SH"),
        strength=0.5,
        house="高盛",
        old=1.5,
        new=2.25,
        **shared,
    )
    one = Catalyst("b", "analyst_upgrade", "up", known, ("000001.SZ",), strength=0.0, note="n", **shared)
    all_ = Catalyst("c", "policy", "rule", known - dt.timedelta(days=1), segment="*", **shared)
    lines = [
        {name: getattr(each, name) for name in TABLES["catalysts"].columns if name != "first_seen"}
        | {"symbols": ";".join(each.symbols), "known_at": each.known_at.isoformat()}
        for each in (one, raised, all_)
    ]
    stock(tmp_path, {"catalysts": rows(*lines)})
    assert read(tmp_path, lambda reader: reader.catalysts()) == (all_, raised, one)
    assert read(tmp_path, lambda reader: reader.catalysts(["688041.SH"])) == (all_, raised)
    assert read(tmp_path, lambda reader: reader.catalysts([])) == (all_,)


def test_universes_come_back_with_their_open_ends(tmp_path: Path) -> None:
    day = np.datetime64("2024-01-02", "D")
    members = (
        Member("000001.SZ", "PAB", "平安银行", "bank"),
        Member("688256.SH", "Cambricon", "寒武纪", "accelerator", "own", day, day + 9),
    )
    lines = [
        {"universe": "u", "symbol": one.symbol, "name": one.name, "name_zh": one.name_zh, "segment": one.segment}
        | {"route": one.route, "from_": one.from_.astype("datetime64[s]"), "to": one.to.astype("datetime64[s]")}
        for one in members
    ]
    stock(tmp_path, {"universes": rows(*lines)}, {"universes": rows(*lines)})
    assert read(tmp_path, lambda reader: reader.universes()) == (Universe("u", members),)


def test_what_an_examination_looks_at(tmp_path: Path) -> None:
    stock(
        tmp_path,
        {"bars": pd.concat([bars("000001.SZ", DAYS), bars("688256.SH", DAYS)])},
        {"bars": bars("688256.SH", DAYS[:1], close=9.0)},
        {"suspensions": rows({"symbol": "000001.SZ", "first": DAYS[0], "reason": "重组"})},
    )
    held = read(tmp_path, lambda reader: reader.held(["688256.SH"]))
    assert held.symbols == ("688256.SH",)
    assert set(held.tables.bars["symbol"]) == {"688256.SH"}
    assert held.suspensions.empty
    assert held.revisions["old"].tolist() == ["10.0"]
    whole = read(tmp_path, lambda reader: reader.held())
    assert whole.symbols is None
    assert whole.suspensions["reason"].tolist() == ["重组"]
    assert whole.as_of == np.datetime64("2025-08-26")


AS_OF = {
    "files alone end where they end": ([("import", "2026-03-01T12:00+08:00", "ok")], "2025-08-26"),
    "the session of the answer is over": ([("akshare", "2025-08-28T17:00+08:00", "ok")], "2025-08-28"),
    "it is not": ([("akshare", "2025-08-28T16:59+08:00", "empty")], "2025-08-27"),
    "at a week-end": ([("akshare", "2025-08-31T12:00+08:00", "ok")], "2025-08-29"),
    "before the last bar": ([("akshare", "2025-08-22T12:00+08:00", "ok")], "2025-08-26"),
    "no answer": ([("akshare", "2025-08-28T17:00+08:00", "failed")], "2025-08-26"),
    "beyond the calendar": ([("akshare", "2099-01-01T12:00+08:00", "ok")], None),
}


@pytest.mark.parametrize("case", AS_OF)
def test_the_last_session_that_should_be_there(tmp_path: Path, case: str) -> None:
    calls, wanted = AS_OF[case]
    log = tuple(
        entry(
            "x",
            source=source,
            host="" if source == "import" else "sina",
            at=dt.datetime.fromisoformat(at),
            outcome=outcome,
        )
        for source, at, outcome in calls
    )
    stock(tmp_path, {"bars": bars("000001.SZ", DAYS)}, log=log)
    found = read(tmp_path, lambda reader: reader.as_of())
    assert found == (calendar.all_sessions()[-1] if wanted is None else np.datetime64(wanted))


def test_an_empty_store_answers_every_question(tmp_path: Path) -> None:
    stock(tmp_path)
    with reading(tmp_path) as reader:
        assert reader.symbols() == ()
        assert reader.last_bar() == {}
        assert np.isnat(reader.as_of())
        assert len(reader.tables().bars) == len(reader.held().tables.bars) == 0
        assert (reader.catalysts(), reader.findings(), reader.universes(), reader.log(5)) == ((), (), (), ())
        assert (reader.calls_today(), reader.blocks(), reader.asked("f")) == ({}, {}, frozenset())
        for table in TABLES:
            frame = reader.frame(table)
            assert frame.dtypes.astype(str).to_dict() == empty(table).dtypes.astype(str).to_dict()
            assert len(frame) == (table == "migrations")
        with pytest.raises(StoreError, match=r"no table 'bar' \(did you mean 'bars'\?\): it has bars, actions"):
            reader.frame("bar")


def test_small_questions_to_the_log(tmp_path: Path) -> None:
    midnight = dt.datetime.fromisoformat("2025-08-22T00:00+08:00")
    hour = dt.timedelta(hours=1)
    calls = (
        entry("a", at=midnight - hour, calls=5),
        entry("b", at=midnight, calls=2),
        entry("c", at=midnight + hour, calls=3, outcome="failed"),
        entry("d", at=midnight + hour, host="szse", outcome="empty"),
        entry("e", at=midnight + 2 * hour, host="", source="import", function="import"),
    )
    stock(tmp_path, {}, log=calls)
    with reading(tmp_path) as reader:
        assert reader.calls_today(midnight + 3 * hour) == {"sina": 5, "szse": 1}
        assert reader.calls_today(midnight + 24 * hour) == {}
        assert reader.asked("stock_zh_a_daily") == {"a", "b", "d"}
        assert reader.asked("stock_zh_a_daily", since=midnight) == {"b", "d"}
        assert reader.log(2) == (calls[4], calls[3])
        assert reader.log(99)[-1].at == calls[0].at.astimezone(dt.UTC) < AT
    wrong = entry("f", at=midnight + 400 * 24 * hour, calls=7)  # by a clock that was a year ahead
    with writing(tmp_path) as writer:
        writer.put(Batch({}, (wrong,)))
        writer.put(Batch({}, (entry("g", at=midnight + 3 * hour),)))
    with reading(tmp_path) as reader:
        assert reader.calls_today(midnight + 4 * hour) == {"sina": 6, "szse": 1}
        assert [call.subject for call in reader.log(2)] == ["g", "f"]


def test_the_last_bar_of_each_symbol(tmp_path: Path) -> None:
    stock(tmp_path, {"bars": pd.concat([bars("000001.SZ", DAYS), bars("688256.SH", DAYS[:2])])})
    assert read(tmp_path, lambda reader: reader.last_bar()) == {
        "000001.SZ": np.datetime64(DAYS[4]),
        "688256.SH": np.datetime64(DAYS[1]),
    }
