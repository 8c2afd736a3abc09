"""The store as a source: the same run as from files, to the byte; and what makes it refuse."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio import ashare, fetch, report, store
from backfolio.backtest import Request, backtest
from backfolio.bars import build_bars, read_tables
from backfolio.discover import load_file
from backfolio.errors import StoreError, UsageError
from backfolio.prepare import prepare
from backfolio.quality import Finding, examine
from backfolio.ratings import as_frame
from backfolio.settings import MarketSettings
from backfolio.source import REAL, load, sample
from backfolio.source.files import MARKER

if TYPE_CHECKING:
    from backfolio.discover import Thesis
    from backfolio.source import Source

ROOT = Path(__file__).resolve().parents[1]
THEME = "domestic-compute"
NAMES = 16
INDEX = "999001.SH"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace whose store holds a small market, and whose folder ``bars`` holds the same as files."""
    folder = tmp_path_factory.mktemp("stored")
    bars = folder / "bars"
    sample.write(bars, names=NAMES, start="2024-01-02", end="2025-06-30")
    (bars / MARKER).unlink()  # made by code, and told here as if it were real
    for facts in ("catalysts", "universes"):
        shutil.move(bars / facts, folder / "data" / facts)
    fetch.import_path(store.folder_of(folder), bars)
    return folder


def of_files(workspace: Path) -> Source:
    return load(str(workspace / "bars"), workspace)


def examined(writer: store.Writer) -> None:
    """Examine everything in the store."""
    with writer.read() as reader:
        held = reader.held()
    writer.replace_findings(examine(held), None)


def thesis(name: str = "domestic_compute") -> Thesis:
    found = load_file(ROOT / "strategies" / f"{name}.py")
    assert isinstance(found, tuple)
    return found[0]


def test_the_whole_store_gives_the_bars_of_the_files(workspace: Path) -> None:
    stored, filed = load("store", workspace), of_files(workspace)
    assert stored.bars.fingerprint == filed.bars.fingerprint
    assert stored.identity == filed.identity
    assert (stored.label, stored.where, stored.simulated, stored.market) == ("store", "store", False, REAL)
    assert not stored.bars.listing_assumed.any()


@pytest.mark.parametrize("name", ["domestic_compute", "buy_and_hold", "analyst_upgrade"])
def test_a_run_from_the_store_is_the_run_from_the_files_to_the_byte(workspace: Path, name: str) -> None:
    request = Request(MarketSettings(), {}, benchmark=INDEX, command="the same")
    one, two = (
        backtest(thesis(name), source, request) for source in (load("store", workspace, (THEME,)), of_files(workspace))
    )
    assert one.run_id == two.run_id
    assert one.run == two.run
    stored, filed = (report.render(result, tearsheet=False) for result in (one, two))
    for table in ("fills.csv", "refusals.csv", "equity.csv", "positions.csv"):
        assert stored[table] == filed[table]


def test_only_what_is_asked_for_is_read(workspace: Path) -> None:
    part = load("store", workspace, (THEME,))
    members = set(part.universes[THEME].symbols)
    assert set(part.bars.symbols) == members & set(load("store", workspace).bars.symbols)
    read = prepare(thesis().strategy, part, benchmark=INDEX).fingerprint
    assert read == prepare(thesis().strategy, of_files(workspace), benchmark=INDEX).fingerprint


def test_two_stores_of_the_same_data_have_one_identity(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace / "data" / "catalysts", tmp_path / "data" / "catalysts")
    shutil.copytree(workspace / "data" / "universes", tmp_path / "data" / "universes")
    bars = tmp_path / "bars"
    shutil.copytree(workspace / "bars", bars)
    lines = (bars / "bars.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    head, rows = lines[0], lines[1:]
    half = len(rows) // 2
    (bars / "bars.csv").unlink()
    folder = store.folder_of(tmp_path)
    for part in (rows[half:], rows[:half]):  # in two imports, the later sessions first
        (bars / "bars.csv").write_text("".join([head, *part]), encoding="utf-8")
        fetch.import_path(folder, bars)
    one, two = load("store", tmp_path), load("store", workspace)
    assert one.bars.fingerprint == two.bars.fingerprint
    assert one.identity == two.identity


def test_a_changed_value_in_the_store_is_another_run(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace / "data", tmp_path / "data")
    symbol = load("store", workspace, (THEME,)).bars.symbols[0]
    before = prepare(thesis().strategy, load("store", tmp_path, (THEME,))).fingerprint
    with store.writing(store.folder_of(tmp_path)) as writer:
        with writer.read() as reader:
            row = reader.frame("bars", (symbol,)).iloc[[7]]
        writer.put(store.Batch({"bars": row.assign(volume=row["volume"] + 1)}))
        examined(writer)
    assert prepare(thesis().strategy, load("store", tmp_path, (THEME,))).fingerprint != before


def test_without_a_store_or_without_the_names_it_says_how_to_get_them(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no store .*fetch.*import"):
        load("store", tmp_path)
    shutil.copytree(workspace / "data" / "store", tmp_path / "data" / "store")
    (tmp_path / "data" / "universes").mkdir()
    text = "symbol,name,name_zh,segment,route,from,to\n688256.SH,Cambricon,寒武纪,accelerator,,,\n"
    (tmp_path / "data" / "universes" / "mine.csv").write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match=r"no bars of mine \(it holds .* and 15 more\): .* fetch --universe mine"):
        load("store", tmp_path, ("mine",))


def finding(symbol: str, severity: str = "error") -> Finding:
    rule = "outside_limits" if severity == "error" else "gap"
    day = dt.date(2024, 3, 4)
    return Finding(rule, severity, symbol, day, day, 1, "high 12.00, limits 9.00 to 11.00", "correct it")  # type: ignore[arg-type]


def test_an_open_error_about_a_name_is_refused_until_it_is_accepted(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace / "data", tmp_path / "data")
    folder = store.folder_of(tmp_path)
    whole = load("store", tmp_path)
    inside = whole.universes[THEME].symbols[0]
    outside = next(symbol for symbol in whole.bars.symbols if symbol not in whole.universes[THEME].symbols)
    error = finding(inside)
    with store.writing(folder) as writer:
        writer.replace_findings([finding(outside), finding(inside, "warning")], None)
    (warning,) = load("store", tmp_path, (THEME,)).findings
    assert (warning.symbol, warning.severity) == (inside, "warning")
    with store.writing(folder) as writer:
        writer.replace_findings([finding(outside), error], None)
    with pytest.raises(StoreError) as refused:
        load("store", tmp_path, (THEME,))
    said = str(refused.value)
    assert "the store has 1 open error about names of this run" in said
    assert f"{error.key}  {inside} 2024-03-04 outside_limits: high 12.00" in said
    assert "backfolio data check" in said
    assert "data accept KEY --because" in said
    with store.writing(folder) as writer:
        writer.accept(error.key, "a day without limits")
    accepted = load("store", tmp_path, (THEME,))
    said = f"Findings about the data that a person accepted: {inside} outside_limits (a day without limits)."
    assert said in backtest(thesis(), accepted, Request(MarketSettings(), {})).warnings
    later = backtest(thesis(), accepted, Request(MarketSettings(), {}, start="2024-03-05"))
    assert said not in later.warnings  # its day lies before the window
    with pytest.raises(StoreError, match="1 open error"):  # the other name is of no universe, but of the store
        load("store", tmp_path)


def test_catalysts_of_ratings_stand_beside_those_kept_by_hand(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace / "data", tmp_path / "data")
    kept = load("store", workspace, (THEME,)).catalysts
    model = next(one for one in kept if one.kind == "analyst_upgrade" and one.symbols)
    member = load("store", workspace, (THEME,)).bars.symbols[0]
    fetched = replace(model, id="fetched", symbols=(member,), house="Nobody Securities")
    stranger = replace(fetched, id="stranger", symbols=("688256.SH",))
    seen = dt.datetime(2025, 7, 1, tzinfo=dt.UTC)
    with store.writing(store.folder_of(tmp_path)) as writer:
        writer.put(store.Batch({"catalysts": as_frame(((fetched, seen), (stranger, seen)))}))
    ids = [one.id for one in load("store", tmp_path, (THEME,)).catalysts]
    assert set(ids) == {"fetched", *(one.id for one in kept)}


@pytest.mark.shared
def test_the_real_market_is_the_same_from_store_and_files(shared: Path, tmp_path: Path) -> None:
    for facts in ("catalysts", "universes"):
        shutil.copytree(ROOT / "data" / facts, tmp_path / "data" / facts)
    market = shared / "market" / "compute"
    summary = fetch.import_path(store.folder_of(tmp_path), market)
    assert [one for one in summary.findings if one.severity == "error"] == []
    stored, filed = load("store", tmp_path, (THEME,)), load(str(market), tmp_path)
    assert stored.identity == filed.identity
    request = Request(MarketSettings(), {}, start="2024-01-02", end="2025-12-31", benchmark="000688.SH")
    one, two = (backtest(thesis(), source, request) for source in (stored, filed))
    assert one.run == two.run
    assert one.ledger == two.ledger
    assert build_bars(read_tables(market)).fingerprint == stored.bars.fingerprint


def test_an_accepted_day_outside_limits_counts_as_one_without_limits(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace / "data", tmp_path / "data")
    folder = store.folder_of(tmp_path)
    bars = load("store", workspace, (THEME,)).bars
    column, at = 0, len(bars.sessions) - 1
    symbol, day = bars.symbols[column], bars.sessions[at]
    assert bars.traded[at, column]
    assert bars.limit_state[at, column] == ashare.LIMITED
    doubled = float(bars.close[at, column]) / 500
    with store.writing(folder) as writer:
        with writer.read() as reader:
            rows = reader.frame("bars", (symbol,))
        row = rows[rows["date"] == day.astype("datetime64[s]")]
        writer.put(store.Batch({"bars": row.assign(open=doubled, high=doubled, low=doubled, close=doubled)}))
        with writer.read() as reader:
            held = reader.held((symbol,))
        writer.replace_findings(examine(held), (symbol,))
        with writer.read() as reader:
            (error,) = reader.findings((symbol,), open_errors=True)
        assert error.rule == "outside_limits"
        with pytest.raises(StoreError, match=r"1 open error .*\n.*outside_limits"):
            load("store", tmp_path, (THEME,))
        writer.accept(error.key, "the first day after a relisting")
    lifted = load("store", tmp_path, (THEME,)).bars
    assert lifted.limit_state[at, column] == ashare.UNLIMITED
    assert (lifted.up[at, column], lifted.down[at, column]) == (0, 0)
    before = np.delete(lifted.limit_state[at], column)
    assert before.tolist() == np.delete(bars.limit_state[at], column).tolist()


def test_an_accepted_day_outside_limits_goes_with_an_export(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace / "data", tmp_path / "data")
    folder = store.folder_of(tmp_path)
    bars = load("store", workspace, (THEME,)).bars
    symbol, day = bars.symbols[0], bars.sessions[-2]
    low = round(float(bars.close[-2, 0]) / 1_500, 2)
    with store.writing(folder) as writer:
        with writer.read() as reader:
            rows = reader.frame("bars", (symbol,))
        row = rows[rows["date"] == day.astype("datetime64[s]")]
        writer.put(store.Batch({"bars": row.assign(open=low, high=low, low=low, close=low)}))
        examined(writer)
        for _ in range(2):  # the first may uncover another
            with writer.read() as reader:
                errors = reader.findings((symbol,), open_errors=True)
            for error in errors:
                writer.accept(error.key, "the first day, after a relisting")
            examined(writer)
    fetch.export(folder, tmp_path / "out", form="csv")
    assert "accepted.csv" in {file.name for file in (tmp_path / "out").iterdir()}
    again = store.folder_of(tmp_path / "again")
    shutil.copytree(tmp_path / "data" / "catalysts", tmp_path / "again" / "data" / "catalysts")
    shutil.copytree(tmp_path / "data" / "universes", tmp_path / "again" / "data" / "universes")
    summary = fetch.import_path(again, tmp_path / "out")
    assert [one for one in summary.findings if one.is_open_error] == []
    fetch.export(again, tmp_path / "twice", form="csv")
    for file in (tmp_path / "out").iterdir():
        assert (tmp_path / "twice" / file.name).read_bytes() == file.read_bytes()
    request = Request(MarketSettings(), {}, benchmark=INDEX, command="the same")
    sources = (
        load("store", tmp_path, (THEME,)),
        load("store", tmp_path / "again", (THEME,)),
        load(str(tmp_path / "out"), tmp_path),
    )
    one, two, three = (backtest(thesis(), source, request) for source in sources)
    assert one.run == two.run == three.run
    said = f"{symbol} outside_limits (the first day, after a relisting)"
    assert all(any(said in warning for warning in result.warnings) for result in (one, two, three))


def test_what_no_run_could_read_cannot_be_accepted(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace / "data" / "store", tmp_path / "store")
    with store.writing(tmp_path / "store") as writer:
        broken = replace(finding("000001.SZ"), rule="format")
        writer.replace_findings([broken], None)
        with pytest.raises(UsageError, match=r"\(format\) cannot be accepted, for no run could read it: fetch"):
            writer.accept(broken.key, "it is right")


def test_names_that_came_late_are_the_same_run_from_the_store_and_from_files(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace / "bars", tmp_path / "bars")
    path = tmp_path / "bars" / "bars.csv"
    theme = load("store", workspace, (THEME,)).universes[THEME]
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if line.split(",")[1] not in theme.symbols or line[:10] >= "2024-02-20"]
    assert len(kept) < len(lines)
    path.write_text("".join(kept), encoding="utf-8")
    for facts in ("catalysts", "universes"):
        shutil.copytree(workspace / "data" / facts, tmp_path / "data" / facts)
    fetch.import_path(store.folder_of(tmp_path), tmp_path / "bars")
    stored, filed = (
        prepare(thesis().strategy, source, benchmark=INDEX)
        for source in (load("store", tmp_path, (THEME,)), load(str(tmp_path / "bars"), tmp_path))
    )
    assert str(stored.bars.sessions[0]) == str(filed.bars.sessions[0]) == "2024-02-20"
    assert stored.fingerprint == filed.fingerprint


def test_a_delisting_after_the_last_bar_of_a_universe_is_not_lost(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace / "bars", tmp_path / "bars")
    shutil.copytree(workspace / "data" / "catalysts", tmp_path / "data" / "catalysts")
    whole = load("store", workspace).bars
    symbol = whole.symbols[0]
    gone = "2025-03-03"
    for name, place, cell in (("bars", 1, 0), ("listings", 0, -1)):
        path = tmp_path / "bars" / f"{name}.csv"
        lines = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
        if name == "bars":
            lines = [line for line in lines if line[place] != symbol or line[cell] < gone]
        else:
            column = lines[0].index("delisted")
            for line in lines[1:]:
                line[column] = gone if line[place] == symbol else line[column]
        path.write_text("\n".join(",".join(line) for line in lines) + "\n", encoding="utf-8")
    (tmp_path / "data" / "universes").mkdir()
    text = f"symbol,name,name_zh,segment,route,from,to\n{symbol},One,一,cpu,,,\n"
    (tmp_path / "data" / "universes" / "one.csv").write_text(text, encoding="utf-8")
    fetch.import_path(store.folder_of(tmp_path), tmp_path / "bars")
    stored, filed = (
        load("store", tmp_path, ("one",)).bars,
        load(str(tmp_path / "bars"), tmp_path).bars.columns((symbol,)),
    )
    assert stored.fingerprint == replace(filed, index_close=stored.index_close).fingerprint
    assert stored.sessions[-1] == whole.sessions[-1]
    assert stored.mark[-1, 0] == 0
