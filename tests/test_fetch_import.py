"""`import` and `export`: files in the import format into the store and out of it, nothing lost on the way."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from backfolio import Strategy, calendar, store
from backfolio.bars import Tables, build_bars, read_tables
from backfolio.errors import DataError, StoreError, UsageError
from backfolio.fetch import Step, export, import_path, importing
from backfolio.fetch.tables import rows_of
from backfolio.prepare import prepare
from backfolio.source import load, sample
from backfolio.source.files import MARKER
from backfolio.store import write
from backfolio.universe import Member, Universe

if TYPE_CHECKING:
    from backfolio.bars import Bars
    from backfolio.fetch.exporting import FileForm

HEADER = "date,symbol,open,high,low,close,volume"
FIRST = ("2025-08-18,600001.SH,10.00,10.20,9.90,10.10,1000", "2025-08-19,600001.SH,10.10,10.30,10.00,10.20,1000")
LATER = ("2025-08-19,688001.SH,50.00,50.50,49.50,50.00,300", "2025-08-20,688001.SH,50.00,50.50,49.50,50.00,300")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return files of a market with halts, ex-dates, a delisting and an index; its notice taken away."""
    folder = tmp_path_factory.mktemp("market") / "market"
    sample.write(folder, start="2024-01-02", end="2024-12-31")
    (folder / MARKER).unlink()
    return folder


@pytest.fixture(scope="module")
def filled(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled") / "store"
    import_path(folder, market)
    return folder


def files(folder: Path, **tables: tuple[str, ...] | list[str]) -> Path:
    """Write CSV files, each a header and lines; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def bars_of(folder: Path, symbols: tuple[str, ...] | None = None) -> Bars:
    with store.reading(folder) as reader:
        return build_bars(reader.tables(symbols))


def listing(folder: Path, symbol: str) -> tuple[str, bool]:
    with store.reading(folder) as reader:
        row = reader.frame("listings", (symbol,)).iloc[0]
    return str(row["listed"])[:10], bool(row["assumed"])


def test_the_store_gives_the_bars_of_the_files(market: Path, filled: Path) -> None:
    assert bars_of(filled).fingerprint == build_bars(read_tables(market)).fingerprint


@pytest.mark.shared
@pytest.mark.parametrize("name", ["compute", pytest.param("broad", marks=pytest.mark.slow)])
def test_the_store_gives_the_real_bars_of_the_files(shared: Path, name: str, tmp_path: Path) -> None:
    summary = import_path(tmp_path, shared / "market" / name)
    assert not [one for one in summary.findings if one.severity == "error"]
    assert not summary.missing
    assert bars_of(tmp_path).fingerprint == build_bars(read_tables(shared / "market" / name)).fingerprint


def test_a_part_of_the_store_alone_has_the_listings_of_the_whole(tmp_path: Path) -> None:
    data = files(tmp_path / "data", bars=[HEADER, *FIRST, *LATER])
    whole = build_bars(read_tables(data))
    import_path(tmp_path / "store", data)
    part = bars_of(tmp_path / "store", ("688001.SH",))
    assert part.listed.tolist() == whole.listed[1:].tolist()  # its first bar is not the data's first session
    assert part.listing_assumed.tolist() == [True]
    assert np.isnat(bars_of(tmp_path / "store", ("600001.SH",)).listed).all()  # listed before the data


def test_what_an_import_says(market: Path, tmp_path: Path) -> None:
    steps: list[Step] = []
    summary = import_path(tmp_path, market, steps.append)
    tables = read_tables(market)
    assert summary.counts["bars"].new == len(tables.bars)
    assert {Path(one.subject).name for one in summary.outcomes} == {
        "bars.csv", "index.csv", "ex_rights.csv", "listings.csv"
    }  # fmt: skip
    assert {one.state for one in summary.outcomes} == {"done"}
    assert [step.done for step in steps] == [0, 1, 2, 3, 4]
    assert {step.total for step in steps} == {4}
    with store.reading(tmp_path) as reader:
        log = {Path(entry.subject).name: entry for entry in reader.log(10)}
    entry = log["bars.csv"]
    assert (entry.source, entry.host, entry.rows, entry.outcome) == ("import", "", len(tables.bars), "ok")
    assert entry.hash == hashlib.blake2b((market / "bars.csv").read_bytes(), digest_size=8).hexdigest()
    assert (tmp_path / "market.good.duckdb").is_file()


def test_the_same_import_again_changes_nothing(filled: Path, market: Path) -> None:
    before = bars_of(filled).fingerprint
    summary = import_path(filled, market)
    assert {(count.new, count.revised, count.filled) for count in summary.counts.values()} == {(0, 0, 0)}
    assert summary.lines()[0] == "nothing new"
    assert bars_of(filled).fingerprint == before


KILLED = """import os, signal, sys
from pathlib import Path
from backfolio.fetch import import_path
from backfolio.store import Writer
Writer.replace_findings = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
import_path(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_an_import_that_was_killed_before_it_was_examined_is_refused_until_it_is(tmp_path: Path) -> None:
    data, folder = files(tmp_path / "bars", bars=[HEADER, *FIRST, *LATER]), store.folder_of(tmp_path)
    for heal in ("import", "check"):
        killed = subprocess.run([sys.executable, "-c", KILLED, folder, data], check=False)
        assert killed.returncode == -signal.SIGKILL
        with pytest.raises(
            StoreError, match=r"2 names of this run .* no rule has looked at .*\n.*600001.SH unexamined"
        ):
            load("store", tmp_path)
        if heal == "import":
            assert not [one for one in import_path(folder, data).findings if one.severity == "error"]
        else:
            check = [sys.executable, "-m", "backfolio", "data", "check"]
            subprocess.run(check, cwd=tmp_path, check=True, capture_output=True)
        assert load("store", tmp_path).bars.symbols == ("600001.SH", "688001.SH")
        data = files(tmp_path / "bars", bars=[HEADER, *(line[:-1] + "9" for line in (*FIRST, *LATER))])


def test_an_index_that_was_not_examined_is_no_benchmark(tmp_path: Path) -> None:
    import_path(store.folder_of(tmp_path), files(tmp_path / "bars", bars=[HEADER, *FIRST, *LATER]))
    with store.writing(store.folder_of(tmp_path)) as writer:
        rows = pd.DataFrame({"symbol": "000300.SH", "date": pd.to_datetime(["2025-08-18"]), "close": 4000.0})
        writer.put(store.Batch({"index_bars": rows}))
    source = load("store", tmp_path)
    prepare(Strategy, source)
    with pytest.raises(StoreError, match=r"(?s)benchmark 000300.SH cannot be relied on: .*data check"):
        prepare(Strategy, source, benchmark="000300.SH")


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("reading", "nothing of .* is in the store, which is as it was: run the import again"),
        (
            "append",
            "all of .* is in the store, but no rule has looked at it, .*: run the import again, or .* data check",
        ),
        ("examine", "all of .* is in the store, but no rule has looked at it"),
        ("snapshot", "all of .* is in the store and examined; only the copy for `data restore` was not made"),
    ],
)
def test_an_import_that_is_interrupted_says_what_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, says: str
) -> None:
    module = {"reading": importing, "append": write, "examine": importing, "snapshot": write}[where]
    name = "_no_worse" if where == "reading" else where
    called = getattr(module, name)

    def stopped(*words: object, **more: object) -> object:
        signal.raise_signal(signal.SIGINT)
        return called(*words, **more)

    monkeypatch.setattr(module, name, stopped)
    data = files(tmp_path / "bars", bars=[HEADER, *FIRST])
    with pytest.raises(KeyboardInterrupt) as caught:
        import_path(tmp_path / "store", data)
    (note,) = caught.value.__notes__
    assert re.match(says, note)
    monkeypatch.undo()
    assert import_path(tmp_path / "store", data).counts["bars"].new == (2 if where == "reading" else 0)


def test_an_import_of_corrected_bars_keeps_the_old_ones_among_the_revisions(tmp_path: Path) -> None:
    import_path(
        tmp_path / "store", files(tmp_path / "one", bars=[f"{HEADER},amount", *(f"{line},10150" for line in FIRST)])
    )
    corrected = FIRST[1].replace("10.20,1000", "10.25,1000")
    summary = import_path(tmp_path / "store", files(tmp_path / "two", bars=[HEADER, corrected]))
    assert (summary.counts["bars"].revised, summary.counts["bars"].new) == (1, 0)
    bars = bars_of(tmp_path / "store")
    assert bars.close[:, 0].tolist() == [10_100, 10_250]
    assert (bars.amount >= 0).all()  # what the second file did not tell is still there
    with store.reading(tmp_path / "store") as reader:
        (row,) = reader.frame("revisions").query("column == 'close'").to_dict("records")
    assert (row["old"], row["new"]) == ("10.2", "10.25")


def test_an_assumed_listing_date_never_takes_the_place_of_a_known_one(tmp_path: Path) -> None:
    data = files(tmp_path / "one", bars=[HEADER, *FIRST, *LATER], listings=["symbol,listed", "688001.SH,2025-08-11"])
    import_path(tmp_path / "store", data)
    import_path(tmp_path / "store", files(tmp_path / "two", bars=[HEADER, *FIRST, *LATER]))
    assert listing(tmp_path / "store", "688001.SH") == ("2025-08-11", False)


def test_a_known_listing_date_takes_the_place_of_an_assumed_one(tmp_path: Path) -> None:
    import_path(tmp_path / "store", files(tmp_path / "one", bars=[HEADER, *FIRST, *LATER]))
    assert listing(tmp_path / "store", "688001.SH") == ("2025-08-19", True)
    data = files(tmp_path / "two", bars=[HEADER, *LATER], listings=["symbol,listed", "688001.SH,2025-08-11"])
    import_path(tmp_path / "store", data)
    assert listing(tmp_path / "store", "688001.SH") == ("2025-08-11", False)


def test_later_bars_do_not_move_an_assumed_listing_date_and_earlier_ones_do(tmp_path: Path) -> None:
    import_path(tmp_path / "store", files(tmp_path / "one", bars=[HEADER, *FIRST, *LATER]))
    import_path(tmp_path / "store", files(tmp_path / "two", bars=[HEADER, LATER[1]]))
    assert listing(tmp_path / "store", "688001.SH") == ("2025-08-19", True)
    earlier = [line.replace("2025-08-19", "2025-08-15").replace("2025-08-20", "2025-08-18") for line in LATER]
    import_path(tmp_path / "store", files(tmp_path / "three", bars=[HEADER, *earlier]))
    assert listing(tmp_path / "store", "688001.SH") == ("1990-12-19", True)  # before the data
    assert bars_of(tmp_path / "store").traded.sum() == 6


def test_corporate_actions_of_one_day_are_one_row(tmp_path: Path) -> None:
    actions = [
        "symbol,ex_date,kind,value",
        "600001.SH,2025-08-19,cash/share,0.1",
        "600001.SH,2025-08-19,cash/share,0.2",
        "600001.SH,2025-08-19,shares/share,0.03",
        "688001.SH,2025-08-20,price ratio,0.99",
    ]
    data = files(tmp_path / "data", bars=[HEADER, *FIRST, *LATER], ex_rights=actions)
    import_path(tmp_path / "store", data)
    with store.reading(tmp_path / "store") as reader:
        rows = reader.frame("actions")[["symbol", "cash", "shares", "ratio"]].fillna(-1.0).to_numpy().tolist()
    assert rows == [["600001.SH", 0.3, 0.03, 0.0], ["688001.SH", 0.0, 0.0, 0.99]]
    assert bars_of(tmp_path / "store").fingerprint == build_bars(read_tables(data)).fingerprint


def test_a_correction_is_all_that_happens_on_its_date_and_wins_over_a_host(tmp_path: Path) -> None:
    head, day = "symbol,ex_date,kind,value", "600001.SH,2025-08-19"
    bars = [HEADER, *FIRST, "2025-08-20,600001.SH,10.10,10.30,10.00,10.20,1000"]
    sina = {"symbol": "600001.SH", "ex_date": pd.Timestamp("2025-08-19"), "source": "sina", "cash": 0.3, "shares": 0.1}
    folder = tmp_path / "store"
    with store.writing(folder) as writer:
        writer.put(store.Batch({"actions": pd.DataFrame([sina])}))
    told = {
        "more than is": [f"{day},cash/share,0.2", f"{day},shares/share,0.05"],
        "cash alone": [f"{day},cash/share,0.1"],
        "a ratio instead": [f"{day},price ratio,0.99"],
        "nothing": [f"{day},cash/share,0"],
        "nothing, told as shares": [f"{day},shares/share,0.0"],
    }
    for case, rows in told.items():
        data = files(tmp_path / case, bars=bars, ex_rights=[head, *rows])
        import_path(folder, data)
        filed = build_bars(read_tables(data))
        stored = bars_of(folder)
        assert stored.cash_per_share[1].tolist() == filed.cash_per_share[1].tolist(), case
        assert stored.share_ratio[1].tolist() == filed.share_ratio[1].tolist(), case
        assert stored.reference[1].tolist() == filed.reference[1].tolist(), case
    assert stored.fingerprint == filed.fingerprint
    with store.reading(folder) as reader:
        assert reader.tables().ex_rights is None
        changes = reader.frame("revisions").query("table == 'actions' and column == 'shares'")
    assert changes["new"].tolist()[0] == "0.0"


def test_a_row_of_nought_beside_a_reference_price_is_the_same_from_store_and_files(tmp_path: Path) -> None:
    bars = [f"{HEADER},pre_close", f"{FIRST[0]},10.00", f"{FIRST[1]},10.00"]  # 0.10 below the close before
    for name, rows in (("without", []), ("nought", ["600001.SH,2025-08-19,cash/share,0"])):
        data = files(tmp_path / name, bars=bars, ex_rights=["symbol,ex_date,kind,value", *rows])
        import_path(tmp_path / f"{name} store", data)
        assert bars_of(tmp_path / f"{name} store").fingerprint == build_bars(read_tables(data)).fingerprint


def test_a_bar_that_comes_over_a_halt_is_a_change_and_trades(tmp_path: Path) -> None:
    halted = "2025-08-20,600001.SH,,-,,,,0"
    first = files(tmp_path / "one", bars=[f"{HEADER},traded", *(f"{line},1" for line in FIRST), halted])
    import_path(tmp_path / "store", first)
    late = files(tmp_path / "two", bars=[HEADER, "2025-08-20,600001.SH,10.20,10.40,10.10,10.30,1000"])
    summary = import_path(tmp_path / "store", late)
    assert summary.counts["bars"] == store.Count(revised=1)
    assert summary.lines()[0] == "bars: 1 revised"
    assert bars_of(tmp_path / "store").traded[:, 0].tolist() == [True, True, True]


def test_a_name_is_the_newest_whatever_the_order_of_files_and_may_be_na(tmp_path: Path) -> None:
    head = f"{HEADER},name"
    new, old = [head, f"{FIRST[1]},NA"], [head, f"{FIRST[0]},Old"]
    for first, second in ((old, new), (new, old)):
        folder = files(tmp_path / f"{first is old}", **{"bars-1": first, "bars-2": second})
        import_path(tmp_path / f"{first is old} store", folder)
        for bars in (build_bars(read_tables(folder)), bars_of(tmp_path / f"{first is old} store")):
            assert bars.names == {"600001.SH": "NA"}
    frame = pd.DataFrame([line.split(",") for line in FIRST], columns=HEADER.split(","))
    bars = build_bars(Tables(bars=frame.assign(name=["A", ""]), listings=pd.DataFrame(
        {"symbol": ["600001.SH"], "listed": [None], "name": [""]})))  # fmt: skip
    assert bars.names == {"600001.SH": "A"}


def test_an_import_says_what_it_assumes_and_what_it_does_not_read(tmp_path: Path) -> None:
    known = files(tmp_path / "one", bars=[HEADER, *FIRST, *LATER], listings=["symbol,listed", "688001.SH,2025-08-11"])
    assert import_path(tmp_path / "store", known).notes == ("listing date assumed for 1 of 2 symbols",)
    more = files(tmp_path / "two", bars=[HEADER, LATER[1]], halts=["symbol", "688001.SH"])
    (more / "README.txt").write_text("", encoding="utf-8")
    (more / "catalysts").mkdir()
    (more / ".hidden").mkdir()
    assert import_path(tmp_path / "store", more).notes == (
        (
            "not read, for they are none of the tables bars, index, ex_rights, listings, st_spells, accepted: "
            "README.txt, catalysts/, halts.csv"
        ),
    )
    assert import_path(tmp_path / "store", more / "bars.csv").notes == ()


def test_an_import_looks_for_the_past_members_of_universes(tmp_path: Path) -> None:
    gone = Universe("two", (Member("600001.SH", "A", "", "x"), Member("600002.SH", "B", "", "x")))
    data = files(tmp_path / "data", bars=[HEADER, *FIRST])
    summary = import_path(tmp_path / "store", data, universes=[gone])
    (found,) = (one for one in summary.findings if one.rule == "survivorship")
    assert "600002.SH" in found.value
    assert not [one for one in import_path(tmp_path / "store", data).findings if one.rule == "survivorship"]


def test_an_accepted_error_is_told_as_accepted(tmp_path: Path) -> None:
    data = files(tmp_path / "data", bars=[HEADER, *FIRST, *LATER])
    import_path(tmp_path / "store", data)
    with store.writing(tmp_path / "store") as writer:
        rows = pd.DataFrame({"symbol": "600001.SH", "date": pd.to_datetime(["2025-08-19"]), "high": 13.0})
        writer.put(store.Batch({"bars": rows}))
    other = files(tmp_path / "other", bars=[HEADER, FIRST[0]])
    (error,) = (one for one in import_path(tmp_path / "store", other).findings if one.severity == "error")
    assert error.is_open_error
    assert not [one for one in import_path(tmp_path / "store", files(tmp_path / "third", bars=[HEADER, *LATER]))
                .findings if one.severity == "error"]  # fmt: skip
    with store.writing(tmp_path / "store") as writer:
        writer.accept(error.key, "the exchange said so")
    (again,) = (one for one in import_path(tmp_path / "store", other).findings if one.severity == "error")
    assert again.accepted == "the exchange said so"


def test_rows_of_a_halt_need_no_prices(tmp_path: Path) -> None:
    halted = "2025-08-20,600001.SH,,-,,,,0"
    data = files(tmp_path / "data", bars=[f"{HEADER},traded", *(f"{line},1" for line in FIRST), halted])
    import_path(tmp_path / "store", data)
    bars = bars_of(tmp_path / "store")
    assert bars.traded[:, 0].tolist() == [True, True, False]
    assert bars.fingerprint == build_bars(read_tables(data)).fingerprint


def test_simulated_bars_are_refused(tmp_path: Path) -> None:
    sample.write(tmp_path / "market", start="2025-05-01", end="2025-08-29")
    with pytest.raises(UsageError, match=r"its bars are simulated \(SIMULATED.txt says so\)"):
        import_path(tmp_path / "store", tmp_path / "market")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(("hour", "taken"), [(11, False), (16, True)])
def test_bars_of_a_session_that_is_not_over_are_refused(tmp_path: Path, hour: int, taken: bool) -> None:
    data = files(tmp_path / "data", bars=[HEADER, *FIRST])
    folder, now = tmp_path / "store", dt.datetime(2025, 8, 19, hour, tzinfo=calendar.SHANGHAI)
    if taken:
        assert import_path(folder, data, now=lambda: now).counts["bars"].new == 2
        return
    words = r"1 row from 2025-08-19 on \(600001.SH\), and it is 2025-08-19 11:00 CST: a session's bar is final at 16:00"
    with pytest.raises(UsageError, match=words):
        import_path(folder, data, now=lambda: now)
    assert not folder.exists()


def test_broken_data_leaves_the_store_as_it_was(filled: Path, tmp_path: Path) -> None:
    before = (filled / "market.duckdb").read_bytes()
    data = files(tmp_path / "data", bars=[HEADER, FIRST[0].replace("10.20,", "9.20,")])
    with pytest.raises(DataError, match="high"):
        import_path(filled, data)
    assert (filled / "market.duckdb").read_bytes() == before
    with pytest.raises(DataError):
        import_path(tmp_path / "new", data)
    assert not (tmp_path / "new").exists()


def test_an_import_while_another_process_writes_is_refused(filled: Path, market: Path) -> None:
    with store.writing(filled), pytest.raises(StoreError, match="writing to"):
        import_path(filled, market)


def test_listings_without_bars_are_kept() -> None:
    bars = pd.DataFrame([line.split(",") for line in FIRST], columns=HEADER.split(","))
    listings = pd.DataFrame({"symbol": ["600002.SH", "600001.SH"], "listed": ["2001-06-08", None], "name": ["B", None]})
    tables = Tables(bars=bars, listings=listings)
    rows = rows_of(tables, build_bars(tables))["listings"].set_index("symbol")
    assert rows["assumed"].tolist() == [True, False]
    assert [str(day)[:10] for day in rows["listed"]] == ["NaT", "2001-06-08"]
    assert rows["name"].tolist() == [None, "B"]


# --- export ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_is_exported_can_be_imported_and_exported_again(filled: Path, tmp_path: Path, form: FileForm) -> None:
    written = export(filled, tmp_path / "one", form=form)
    assert [file.name for file in written] == [f"bars.{form}", f"index.{form}", "ex_rights.csv", "listings.csv"]
    import_path(tmp_path / "store", tmp_path / "one")
    export(tmp_path / "store", tmp_path / "two", form=form)
    for file in written:
        assert (tmp_path / "two" / file.name).read_bytes() == file.read_bytes()
    assert bars_of(tmp_path / "store").fingerprint == bars_of(filled).fingerprint


def test_an_assumed_listing_date_stays_assumed_over_an_export(tmp_path: Path) -> None:
    import_path(tmp_path / "store", files(tmp_path / "data", bars=[HEADER, *FIRST, *LATER]))
    export(tmp_path / "store", tmp_path / "out", ["688001.SH"])
    import_path(tmp_path / "other", tmp_path / "out")
    assert listing(tmp_path / "other", "688001.SH") == ("2025-08-19", True)


def test_some_symbols_can_be_exported(filled: Path, tmp_path: Path) -> None:
    with store.reading(filled) as reader:
        chosen = reader.symbols()[:2]
    export(filled, tmp_path / "out", [chosen[1], chosen[0], chosen[1]], form="csv")
    tables = read_tables(tmp_path / "out")
    assert sorted(set(tables.bars["symbol"])) == list(chosen)
    assert build_bars(tables).columns(chosen).close.tolist() == bars_of(filled, chosen).close.tolist()


def test_an_empty_folder_is_filled_and_a_full_one_refused(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert export(filled, tmp_path / "out")
    with pytest.raises(UsageError, match="is there already and not an empty folder"):
        export(filled, tmp_path / "out")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"symbols": ["600001.SZ"]}, "symbol '600001.SZ': the store has no bars of it"),
        ({"form": "pqrquet"}, r"did you mean 'parquet'\?"),
    ],
)
def test_what_cannot_be_exported_is_named(filled: Path, tmp_path: Path, given: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        export(filled, tmp_path / "out", **given)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_no_store_nothing_is_exported(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        export(tmp_path / "store", tmp_path / "out")


def test_a_place_that_cannot_be_written_is_named(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be written"):
        export(filled, tmp_path / "file" / "out")


def test_a_file_beside_the_mark_of_simulated_bars_is_refused_too(tmp_path: Path) -> None:
    sample.write(tmp_path / "bars", names=3, start="2024-01-02", end="2024-06-28")
    with pytest.raises(UsageError, match="its bars are simulated"):
        import_path(tmp_path / "store", tmp_path / "bars" / "bars.csv")
    assert not (tmp_path / "store").exists()
