"""Putting rows into the store: what is new, what fills, what changes, and that nothing is lost."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfolio.errors import StoreError, UsageError
from backfolio.quality import Finding
from backfolio.store import GIVEN, TABLES, Batch, Block, Count, Quarantined, Reader, empty, reading, writing
from backfolio.store.frames import shaped
from backfolio.store.merge import merge
from backfolio.store.migrations import migrate
from stocked import AT, bars, entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

DAY = "2025-08-22"
DATES = ("2025-08-21", "2025-08-22", "2025-08-25")
COLUMNS = ("close", "pre_close", "name", "is_st", "source")


@contextmanager
def in_memory() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        migrate(connection)
        yield connection


def put(connection: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame) -> Count:
    rows = shaped(table, frame)
    return merge(connection, table, rows, AT)[0] if len(rows) else Count()


def said(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as dictionaries in which missing is None."""
    return [
        {name: None if pd.isna(cell) or cell == "" else cell for name, cell in row.items()}
        for row in frame.to_dict("records")
    ]


ROW = st.fixed_dictionaries(
    {
        "symbol": st.sampled_from(["688256.SH", "000001.SZ"]),
        "date": st.sampled_from(DATES).map(pd.Timestamp),
        "close": st.sampled_from([None, 9.99, 10.0]),
        "pre_close": st.sampled_from([None, 9.5, 0.1 + 0.2]),
        "name": st.sampled_from([None, "", "平安银行", "PAB"]),
        "is_st": st.sampled_from([None, True, False]),
        "source": st.sampled_from(["sina", "tencent"]),
    }
)


def frame_of(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["symbol", "date", *COLUMNS])
    return frame.astype({"close": "float64", "pre_close": "float64", "is_st": "boolean"})


class Model:
    """What a put should do, a row at a time."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, pd.Timestamp], dict[str, Any]] = {}
        self.changes: list[tuple[Any, ...]] = []

    def put(self, rows: Sequence[dict[str, Any]]) -> Count:
        kinds = [self._put({name: None if cell == "" else cell for name, cell in row.items()}) for row in rows]
        same = kinds.count("same") + kinds.count("filled")
        return Count(kinds.count("new"), kinds.count("revised"), same, kinds.count("filled"))

    def _put(self, row: dict[str, Any]) -> str:
        held = self.rows.setdefault((row["symbol"], row["date"]), row)
        if held is row:
            return "new"
        kind, source = "same", held["source"]
        for column in COLUMNS[:-1]:
            old, new = held[column], row[column]
            if new is None or old == new:
                continue
            kind = "revised" if old is not None else kind if kind == "revised" else "filled"
            if old is not None:
                old, new = (str(cell).lower() if isinstance(cell, bool) else str(cell) for cell in (old, new))
                self.changes.append((row["symbol"], row["date"], column, old, new, source, row["source"]))
            held[column] = row[column]
        if kind == "revised":
            held["source"] = row["source"]
        return kind


@settings(max_examples=20)
@given(st.lists(st.lists(ROW, max_size=6), min_size=1, max_size=4))
def test_a_put_does_what_the_rule_says_a_row_at_a_time(batches: list[list[dict[str, Any]]]) -> None:
    model = Model()
    with in_memory() as connection:
        for rows in batches:
            assert put(connection, "bars", frame_of(rows)) == model.put([dict(row) for row in rows])
        held = said(Reader(connection).frame("bars")[["symbol", "date", *COLUMNS]])
        changes = Reader(connection).frame("revisions")
    assert held == [model.rows[key] for key in sorted(model.rows)]
    assert sorted(changes.drop(columns=["at", "table"]).itertuples(index=False, name=None)) == sorted(model.changes)


@settings(max_examples=8)
@given(st.lists(ROW, min_size=1, max_size=6), st.permutations(["symbol", "date", *COLUMNS]))
def test_a_put_again_changes_nothing_and_the_order_of_columns_says_nothing(
    rows: list[dict[str, Any]], columns: list[str]
) -> None:
    alone = list({(row["symbol"], row["date"]): row for row in rows}.values())
    with in_memory() as connection:
        put(connection, "bars", frame_of(alone))
        before = said(Reader(connection).frame("bars"))
        assert put(connection, "bars", frame_of(alone)[columns]) == Count(same=len(alone))
        assert said(Reader(connection).frame("bars")) == before
        assert Reader(connection).frame("revisions").empty


def example(table: str) -> dict[str, Any]:
    """Return a row with a value in every column."""
    values = {
        "text": "words",
        "date": pd.Timestamp(DAY),
        "number": 0.1 + 0.2,
        "whole": 7,
        "flag": True,
        "instant": pd.Timestamp(AT),
        "bytes": b"\x00\xff",
    }
    return {column: values[kind] for column, kind in TABLES[table].kinds.items()}


@pytest.mark.parametrize("table", GIVEN)
def test_every_table_gives_back_what_went_in(tmp_path: Path, table: str) -> None:
    row = example(table)
    with writing(tmp_path) as writer:
        assert writer.put(Batch({table: pd.DataFrame([row])})) == {table: Count(new=1)}
        with writer.read() as reader:
            frame = reader.frame(table)
    assert frame.to_dict("records") == [row]
    assert frame.dtypes.astype(str).to_dict() == empty(table).dtypes.astype(str).to_dict()


@pytest.mark.parametrize("table", GIVEN)
def test_a_row_of_keys_alone_is_a_row_and_erases_nothing(tmp_path: Path, table: str) -> None:
    row, key = example(table), list(TABLES[table].key)
    with writing(tmp_path) as writer:
        writer.put(Batch({table: pd.DataFrame([row])}))
        assert writer.put(Batch({table: pd.DataFrame([row])[key]})) == {table: Count(same=1)}
        with writer.read() as reader:
            (held,) = reader.frame(table).to_dict("records")
    # The periods of a member are told as a whole: an end that is left out is open.
    opened = {"to"} if TABLES[table].group else set()
    assert {name: held[name] for name in row if name not in opened} == {
        name: cell for name, cell in row.items() if name not in opened
    }
    assert all(pd.isna(held[name]) for name in opened)


@pytest.mark.parametrize("table", [name for name in GIVEN if TABLES[name].kept])
def test_what_was_first_seen_stays_so(tmp_path: Path, table: str) -> None:
    row, (kept,) = example(table), TABLES[table].kept
    with writing(tmp_path) as writer:
        writer.put(Batch({table: pd.DataFrame([row])}))
        later = {**row, kept: pd.Timestamp(AT) + pd.Timedelta(days=9)}
        assert writer.put(Batch({table: pd.DataFrame([later])})) == {table: Count(same=1)}
        nameless = {**row, TABLES[table].key[0]: "another", kept: None}
        writer.put(Batch({table: pd.DataFrame([later, nameless])}))
        with writer.read() as reader:
            times = reader.frame(table).set_index(TABLES[table].key[0])[kept]
    assert times["words"] == pd.Timestamp(AT)
    assert abs(times["another"] - pd.Timestamp.now("UTC")) < pd.Timedelta(minutes=1)


def test_a_changed_history_is_recorded_with_old_and_new(tmp_path: Path) -> None:
    with writing(tmp_path) as writer:
        writer.put(Batch({"bars": bars("688256.SH", [DAY], name="寒武纪-U")}))
        count = writer.put(
            Batch({"bars": bars("688256.SH", [DAY], close=10.01, name="寒武纪", amount=1e4, source="tencent")})
        )
        assert count == {"bars": Count(revised=1)}
        action = pd.DataFrame({"symbol": ["688256.SH"], "ex_date": [pd.Timestamp(DAY)], "source": "sina", "cash": 0.1})
        writer.put(Batch({"actions": action}))
        writer.put(Batch({"actions": action.assign(cash=0.2, plan="10派2元")}))
        with writer.read() as reader:
            changes = reader.frame("revisions").drop(columns="at").to_dict("records")
            (row,) = said(reader.frame("bars"))
    told = {"table": "bars", "symbol": "688256.SH", "date": pd.Timestamp(DAY)}
    sources = {"old_source": "sina", "new_source": "tencent"}
    assert changes == [
        {**told, "column": "close", "old": "10.0", "new": "10.01", **sources},
        {**told, "column": "name", "old": "寒武纪-U", "new": "寒武纪", **sources},
        {**told, "table": "actions", "column": "cash", "old": "0.1", "new": "0.2"}
        | {"old_source": "sina", "new_source": "sina"},
    ]
    assert (row["close"], row["amount"], row["name"], row["source"]) == (10.01, 1e4, "寒武纪", "tencent")


def test_a_period_whose_beginning_is_unknown_is_one_row(tmp_path: Path) -> None:
    spell = {"symbol": "000001.SZ", "first": pd.NaT, "kind": "ST", "source": "szse"}
    with writing(tmp_path) as writer:
        writer.put(Batch({"st_spells": pd.DataFrame([spell])}))
        ended = pd.DataFrame([{**spell, "last": pd.Timestamp(DAY)}])
        assert writer.put(Batch({"st_spells": ended})) == {"st_spells": Count(same=1, filled=1)}
        with writer.read() as reader:
            (row,) = said(reader.frame("st_spells"))
    assert row == {**spell, "first": None, "last": pd.Timestamp(DAY)}


BAD: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown column": ("bars", {"closs": 1.0}, r"bars has no column 'closs' \(did you mean 'close'\?\)"),
    "text for a number": ("bars", {"close": "ten"}, "bars, column close: "),
    "time of day": ("bars", {"date": pd.Timestamp("2025-08-22 15:00")}, "column date: a date has no time of day"),
    "zone of a date": ("bars", {"date": pd.Timestamp(AT)}, "column date: a date has no time zone"),
    "no date": ("bars", {"date": pd.NaT}, "1 rows of bars have no date, which is of their key"),
    "no symbol": ("bars", {"symbol": ""}, "1 rows of bars have no symbol"),
    "instant without zone": ("ratings", {"first_seen": pd.Timestamp(DAY)}, "an instant has a time zone"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_frame_that_does_not_fit_is_refused_and_nothing_is_in(tmp_path: Path, case: str) -> None:
    table, wrong, words = BAD[case]
    good = bars("000001.SZ", [DAY])
    with writing(tmp_path) as writer:
        frame = pd.DataFrame([example(table) | wrong])
        with pytest.raises(StoreError, match=words):
            writer.put(Batch({"index_bars": good, table: frame}, (entry("x"),)))
        with writer.read() as reader:
            assert reader.frame("index_bars").empty
            assert reader.log(10) == ()


def test_a_key_column_that_did_not_come_and_a_table_that_is_not_given(tmp_path: Path) -> None:
    with writing(tmp_path) as writer:
        with pytest.raises(StoreError, match="rows of bars came without the column 'date'"):
            writer.put(Batch({"bars": bars("000001.SZ", [DAY]).drop(columns="date")}))
        for name, hint in (("revisions", "it has bars, actions"), ("bar", r"\(did you mean 'bars'\?\)")):
            with pytest.raises(StoreError, match=f"a batch has no table '{name}'.*{hint}"):
                writer.put(Batch({name: empty("bars")}))
        assert writer.put(Batch({"bars": empty("bars")})) == {"bars": Count()}


def test_log_quarantine_and_blocks_come_back_as_they_went(tmp_path: Path) -> None:
    calls = tuple(entry(f"{day}", at=AT + dt.timedelta(minutes=day), detail="", calls=2) for day in range(3))
    reply = Quarantined(AT, "sina", "f", "688256.SH", "a column is missing", b"\xff{half")
    first, then = Block("sina", AT, "456"), Block("sina", AT + dt.timedelta(hours=1), "456 again")
    with writing(tmp_path) as writer:
        writer.put(Batch({}, calls, (reply,), (first, Block("szse", AT, "403"))))
        writer.put(Batch({}, blocks=(first, then)))
    with reading(tmp_path) as reader:
        assert reader.log(2) == (calls[2], calls[1])
        assert reader.blocks() == {"sina": then, "szse": Block("szse", AT, "403")}
        (kept,) = reader.frame("quarantine").to_dict("records")
        assert Quarantined(**{**kept, "at": kept["at"].to_pydatetime()}) == reply
        assert reader.frame("revisions").empty


FINDING = Finding("gap", "warning", "688256.SH", dt.date(2025, 8, 22), dt.date(2025, 8, 25), 2, "no bar", "fetch")
ERROR = Finding("outside_limits", "error", "000001.SZ", dt.date(2025, 8, 22), None, 1, "12.00", "correct it")
WHOLE = Finding("survivorship", "warning", "", None, None, 3, "compute: 3 names", "fetch them")


def test_findings_of_the_symbols_give_way_and_an_accepted_one_stays_accepted(tmp_path: Path) -> None:
    with writing(tmp_path) as writer:
        writer.replace_findings([FINDING, ERROR, WHOLE], None)
        with writer.read() as reader:
            assert reader.findings() == (ERROR, FINDING, WHOLE)
            assert reader.findings([""]) == (WHOLE,)
            assert reader.findings(open_errors=True) == (ERROR,)
            assert reader.findings(["688256.SH"]) == (FINDING,)
            found_at = reader.frame("findings").set_index("key")["found_at"]
        writer.accept(ERROR.key, " the exchange said so ")
        writer.replace_findings([ERROR], ["000001.SZ"])
        with writer.read() as reader:
            assert reader.findings(open_errors=True) == ()
            assert reader.findings(["000001.SZ"])[0].accepted == "the exchange said so"
            assert len(reader.findings()) == 3
            assert reader.frame("findings").set_index("key")["found_at"][ERROR.key] == found_at[ERROR.key]
        writer.replace_findings([], ["000001.SZ", ""])
        writer.replace_findings([WHOLE], [""])
        writer.replace_findings([], [""])
        writer.replace_findings([FINDING], [])
        with writer.read() as reader:
            assert reader.findings() == (FINDING,)
        writer.replace_findings([], None)
        with writer.read() as reader:
            assert reader.findings() == ()


def test_accepting_needs_a_finding_and_a_reason(tmp_path: Path) -> None:
    with writing(tmp_path) as writer:
        writer.replace_findings([ERROR], None)
        with pytest.raises(UsageError, match=rf"no finding .* \(did you mean '{ERROR.key}'\?\)"):
            writer.accept(ERROR.key[:-1], "why")
        with pytest.raises(
            UsageError, match="no finding 'zz': the store has 1, which backfolio data check --all lists"
        ):
            writer.accept("zz", "why")
        with pytest.raises(UsageError, match="say why it is accepted"):
            writer.accept(ERROR.key, "  ")
        with writer.read() as reader:
            assert reader.findings() == (ERROR,)


MARKED = {
    "bars": {"symbol": "000001.SZ", "date": pd.Timestamp(DAY), "volume": 7.0},
    "actions": {"symbol": "000001.SZ", "ex_date": pd.Timestamp(DAY), "source": "sina", "cash": 0.1},
    "factors": {"symbol": "000001.SZ", "date": pd.Timestamp(DAY), "source": "sina", "factor": 2.0},
    "suspensions": {"symbol": "000001.SZ", "first": pd.Timestamp(DAY), "source": "eastmoney"},
    "st_spells": {"symbol": "000001.SZ", "first": pd.Timestamp(DAY), "kind": "ST", "source": "szse"},
    "names": {"symbol": "000001.SZ", "name": "深发展A", "source": "sina"},
    "listings": {"symbol": "000001.SZ", "listed": pd.Timestamp("1991-04-03"), "source": "szse"},
    "second_bars": {"symbol": "000001.SZ", "date": pd.Timestamp(DAY), "host": "sina", "close": 10.0},
}


@pytest.mark.parametrize("table", MARKED)
def test_rows_that_no_rule_has_looked_at_are_marked_until_one_has(tmp_path: Path, table: str) -> None:
    frame = pd.DataFrame([MARKED[table]])
    with writing(tmp_path) as writer:
        writer.put(Batch({"bars": pd.concat([bars("000001.SZ", [DAY]), bars("688256.SH", [DAY])])}))
        with writer.read() as reader:
            assert reader.unexamined() == ("000001.SZ", "688256.SH")
        writer.replace_findings([], None)
        for unexamined in (("000001.SZ",), ()):  # what changes nothing marks nothing
            writer.put(Batch({table: frame}))
            with writer.read() as reader:
                assert reader.unexamined() == unexamined
                assert [one.is_open_error for one in reader.findings()] == [True] * len(unexamined)
            writer.replace_findings([], ["688256.SH"])
            with writer.read() as reader:
                assert reader.unexamined() == unexamined
            for one in unexamined:
                writer.replace_findings([], [one])


def test_a_mark_is_of_bars_or_an_index_and_cannot_be_accepted(tmp_path: Path) -> None:
    with writing(tmp_path) as writer:
        tables = {table: pd.DataFrame([row]) for table, row in MARKED.items() if table != "bars"}
        writer.put(Batch({**tables, "index_bars": bars("000300.SH", [DAY])}))
        with writer.read() as reader:
            assert reader.unexamined() == ("000300.SH",)  # of the symbol there is nothing that a run could read
            assert reader.indexes() == ("000300.SH",)
            (mark,) = reader.findings()
        with pytest.raises(UsageError, match=r"\(unexamined\) cannot be accepted"):
            writer.accept(mark.key, "it is right")
        writer.put(Batch({"bars": pd.DataFrame([MARKED["bars"]])}))
        with writer.read() as reader:
            assert reader.unexamined() == ("000001.SZ", "000300.SH")


def test_numbers_go_through_to_the_last_bit(tmp_path: Path) -> None:
    values = np.random.default_rng(4).random(50) * 10.0 ** np.arange(-20, 30)
    days = [str(day.date()) for day in pd.date_range("2025-01-01", periods=50)]
    with writing(tmp_path) as writer:
        writer.put(Batch({"bars": bars("688256.SH", days, amount=values)}))
        with writer.read() as reader:
            assert reader.frame("bars")["amount"].tolist() == values.tolist()


def catalysts(*ids: str, strength: float = 0.5) -> pd.DataFrame:
    rows = [
        {
            "id": name,
            "kind": "target_raise",
            "title": name,
            "known_at": "2025-08-22T18:00:00+08:00",
            "symbols": "688256.SH",
            "strength": strength,
            "first_seen": AT,
        }
        for name in ids
    ]
    return pd.DataFrame(rows) if rows else empty("catalysts")


def test_catalysts_that_the_ratings_no_longer_tell_of_are_gone(tmp_path: Path) -> None:
    with writing(tmp_path) as writer:
        writer.put(Batch({"catalysts": catalysts("a", "b")}))
        writer.put(Batch({"bars": bars("688256.SH", [DAY])}))  # a batch without catalysts leaves them alone
        with writer.read() as reader:
            assert reader.frame("catalysts")["id"].tolist() == ["a", "b"]
        later = catalysts("b", "c", strength=0.6)
        later["first_seen"] += pd.Timedelta(days=1)
        writer.put(Batch({"catalysts": later}))
        with writer.read() as reader:
            left = reader.frame("catalysts").set_index("id")
        assert left["strength"].to_dict() == {"b": 0.6, "c": 0.6}
        assert left["first_seen"]["b"] == AT  # when it was first seen stays
        writer.put(Batch({"catalysts": catalysts()}))
        with writer.read() as reader:
            assert reader.frame("catalysts").empty
