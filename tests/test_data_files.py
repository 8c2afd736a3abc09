"""The facts under data/: readable, sourced, dated as the reference material dates them."""

from __future__ import annotations

import csv
import datetime as dt
import re
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from backfolio import ashare, calendar
from backfolio.catalysts import COLUMNS, KINDS, OPTIONAL, Catalyst, read_catalysts
from backfolio.universe import COLUMNS as UNIVERSE_COLUMNS
from backfolio.universe import Universe, read_universes

if TYPE_CHECKING:
    from pathlib import Path

SEGMENTS = {"accelerator", "cpu", "server", "foundry", "equipment", "interface", "optics"}
ROUTES = {"", "gpgpu", "own-ecosystem"}
CATEGORY_KINDS = {
    "ai_model": {"model_release"},
    "policy": {"policy"},
    "analyst": {"target_raise"},
    "fundamental": {"results"},
    "company": {"company"},
    "industry": {"industry"},
    "price_event": {"price_event"},
}
FILES = {
    "model_releases.csv": {"model_release"},
    "analyst_actions.csv": {"analyst_upgrade", "target_raise", "rating_kept"},
    "policy.csv": {"policy"},
    "capital_spending.csv": {"capital_spending"},
    "results.csv": {"results", "company", "industry", "price_event"},
}
SPENDING = "accelerator;cpu;interface;optics;server"
"""Segments that are ordered for a data centre."""

HOUSES = {
    "高盛": "Goldman Sachs",
    "华兴证券": "China Renaissance",
    "摩根士丹利": "Morgan Stanley",
    "交银国际": "BOCOM International",
    "华安证券": "Huaan Securities",
    "华创证券": "Huachuang Securities",
    "山西证券": "Shanxi Securities",
}
NOT_IN_SHARED = {"cambricon_close_0825"}
"""The one row that the reference tables do not have, beside all spending: the close that the article misdated."""

OTHER_TIME: dict[str, str] = {}
"""Rows whose `known_at` is not that of the reference table, and why: there are none."""

UNVERIFIED = "memory, unverified"


@pytest.fixture(scope="module")
def catalysts(root: Path) -> dict[str, Catalyst]:
    return {catalyst.id: catalyst for catalyst in read_catalysts(root / "data" / "catalysts")}


@pytest.fixture(scope="module")
def universe(root: Path) -> Universe:
    return read_universes(root / "data" / "universes")["domestic-compute"]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def acting(catalyst: Catalyst) -> str:
    return str(calendar.acting_session(catalyst.known_at))


def names_touched(catalyst: Catalyst, universe: Universe) -> set[str]:
    if catalyst.symbols:
        return set(catalyst.symbols)
    parts = catalyst.segment.split(";")
    return {one.symbol for one in universe.members if catalyst.segment == "*" or one.segment in parts}


# --- the universe ---------------------------------------------------------------------------------------------------


def test_the_universe_has_sixteen_names_in_known_segments_and_routes(universe: Universe) -> None:
    assert len(universe.members) == len(universe.symbols) == 16
    assert {member.segment for member in universe.members} == SEGMENTS
    assert {member.route for member in universe.members} == ROUTES
    assert [member.symbol for member in universe.members] == sorted(universe.symbols)
    by_symbol = {member.symbol: (member.segment, member.route) for member in universe.members}
    assert by_symbol["688256.SH"] == ("accelerator", "own-ecosystem")
    assert by_symbol["688041.SH"] == ("cpu", "gpgpu")
    assert by_symbol["688047.SH"] == ("cpu", "own-ecosystem")


def test_members_enter_on_their_listing_dates(universe: Universe, shared: Path) -> None:
    listings = rows_of(shared / "market" / "compute" / "listings.csv")
    expected = {row["symbol"]: (row["name"], row["listed"], row["delisted"] or "NaT") for row in listings}
    assert {one.symbol: (one.name_zh, str(one.from_), str(one.to)) for one in universe.members} == expected


# --- the catalysts --------------------------------------------------------------------------------------------------


def test_each_file_holds_its_kinds(root: Path) -> None:
    folder = root / "data" / "catalysts"
    assert {path.name for path in folder.iterdir()} == set(FILES)
    for name, kinds in FILES.items():
        rows = rows_of(folder / name)
        assert {row["kind"] for row in rows} == kinds, name
        times = [(dt.datetime.fromisoformat(row["known_at"]), row["id"]) for row in rows]
        assert [time for time, _ in times] == sorted(time for time, _ in times), f"{name} is not in order of time"
        assert all(row["known_at"].endswith("+08:00") for row in rows), name


def test_targets_of_each_kind(catalysts: dict[str, Catalyst], universe: Universe) -> None:
    for catalyst in catalysts.values():
        if catalyst.kind == "model_release":
            assert (catalyst.segment, catalyst.strength) == ("*", 1.0), catalyst.id
        if catalyst.kind == "policy":
            assert catalyst.segment, catalyst.id
            assert catalyst.strength in {-1.0, 0.0, 1.0}, catalyst.id
        if catalyst.kind == "capital_spending":
            assert (catalyst.segment, abs(catalyst.strength)) == (SPENDING, 1.0), catalyst.id
        if catalyst.kind.startswith(("analyst", "target", "rating", "results", "company", "price")):
            assert set(catalyst.symbols) <= set(universe.symbols), catalyst.id
        assert names_touched(catalyst, universe), f"{catalyst.id} touches nobody"
        assert set(catalyst.segment.split(";")) <= SEGMENTS | {"*", ""}, catalyst.id


def test_policy_is_positive_where_it_pushes_and_negative_where_it_relieves(catalysts: dict[str, Catalyst]) -> None:
    signs = {name: fact.strength for name, fact in catalysts.items() if fact.kind == "policy"}
    assert {name for name, sign in signs.items() if sign < 0} == {"nvda_h20_resume", "nvda_15pct"}
    assert {name for name, sign in signs.items() if sign == 0} == {"us_ascend_guidance"}
    assert signs["nvda_h20_ban"] == signs["us_bis_20221007"] == 1
    assert catalysts["cambricon_warning"].strength == -1
    assert catalysts["cambricon_h1"].strength == 1


def test_spending_is_dated_to_the_session_that_could_act_on_it(catalysts: dict[str, Catalyst]) -> None:
    spending = {name: fact for name, fact in catalysts.items() if fact.kind == "capital_spending"}
    assert len(spending) == 17
    assert {name for name, fact in spending.items() if fact.strength < 0} == {"tencent_capex_2025q3"}
    assert acting(spending["alibaba_380bn"]) == "2025-02-25", "first told at 11:42 of the 24th, while the market traded"
    assert acting(spending["alibaba_capex_2025q2"]) == "2025-09-01", "a Friday evening"
    assert acting(spending["alibaba_beyond_380bn"]) == "2025-09-25"
    for name, fact in spending.items():
        assert (fact.certainty == UNVERIFIED) == (fact.source == UNVERIFIED), name
        assert fact.certainty != UNVERIFIED or fact.time_known == "no", name
    assert sum(fact.certainty == UNVERIFIED for fact in spending.values()) == 5


def test_what_cannot_be_traded_on_has_no_strength(catalysts: dict[str, Catalyst]) -> None:
    for catalyst in catalysts.values():
        if catalyst.kind in {"price_event", "rating_kept"}:
            assert catalyst.strength == 0, catalyst.id
        if catalyst.kind in {"analyst_upgrade", "target_raise"}:
            assert catalyst.strength >= 0, catalyst.id
            assert (catalyst.strength == 0) == ("raise unknown" in catalyst.note), catalyst.id


def test_two_catalysts_on_one_session_name_each_other(catalysts: dict[str, Catalyst], universe: Universe) -> None:
    pairs = [
        (one, other)
        for one, other in combinations(catalysts.values(), 2)
        if acting(one) == acting(other) and names_touched(one, universe) & names_touched(other, universe)
    ]
    assert {("deepseek_v31", "nvda_h20_halt"), ("aiplus", "cambricon_h1")} <= {
        (one.id, other.id) for one, other in pairs
    }
    for pair in pairs:
        for one, other in (pair, pair[::-1]):
            assert "confounded with" in one.note, one.id
            assert other.id in one.note, f"{one.id} does not name {other.id}"
    named = {catalyst.id for pair in pairs for catalyst in pair}
    assert named == {catalyst.id for catalyst in catalysts.values() if "confounded" in catalyst.note}


def test_ids_named_in_notes_exist(catalysts: dict[str, Catalyst]) -> None:
    for catalyst in catalysts.values():
        named = set(re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", catalyst.note)) - {"title_id"}
        assert named <= set(catalysts), catalyst.id


def test_the_date_slip_is_recorded(catalysts: dict[str, Catalyst], root: Path) -> None:
    row = catalysts["cambricon_close_0825"]
    assert (row.kind, str(row.known_at)) == ("price_event", "2025-08-25 15:00:00+08:00")
    for text in (f"{row.title} {row.note}", (root / "data" / "README.md").read_text(encoding="utf-8")):
        for word in ("1384.93", "1243.20", "2025-08-22", "article"):
            assert word in text
    # it matters because the report of the Sunday between acts only after the limit-up day
    assert acting(catalysts["gs_cambricon_1835"]) == "2025-08-25"


# --- against the reference tables -----------------------------------------------------------------------------------


def test_every_fact_of_the_reference_is_here_with_its_time(catalysts: dict[str, Catalyst], shared: Path) -> None:
    rows = rows_of(shared / "catalysts" / "catalysts.csv")
    assert len(rows) == 38
    for row in rows:
        catalyst = catalysts[row["id"]]
        assert catalyst.kind in CATEGORY_KINDS[row["category"]], catalyst.id
        assert acting(catalyst) == row["first_session_open"], catalyst.id
        if catalyst.id not in OTHER_TIME:
            assert f"{catalyst.known_at:%Y-%m-%d %H:%M}" == row["known_at_cst"], catalyst.id
        assert (row["certainty"] == "memory") == (catalyst.certainty == UNVERIFIED), catalyst.id
        assert (UNVERIFIED in row["source"]) == (UNVERIFIED in catalyst.source), catalyst.id
        assert catalyst.title not in {row["title"], row["note"]}, f"{catalyst.id} repeats the reference's words"
        if row["time_known"] == "no":
            assert catalyst.time_known == "no", catalyst.id
        else:
            assert catalyst.time_known != "yes", catalyst.id


def test_every_analyst_action_of_the_reference_is_here(catalysts: dict[str, Catalyst], shared: Path) -> None:
    rows = rows_of(shared / "catalysts" / "analyst_actions.csv")
    assert len(rows) == 15
    found = [catalyst_of(row, catalysts) for row in rows]
    assert len({catalyst.id for catalyst in found}) == len(rows)
    dated = {row["id"] for row in rows_of(shared / "catalysts" / "catalysts.csv")}
    for row, catalyst in zip(rows, found, strict=True):
        if catalyst.id not in dated:  # only a date is known: the evening, so the next session
            assert f"{catalyst.known_at:%H:%M}" == "18:00", catalyst.id
        assert catalyst.time_known == "no", catalyst.id
        assert acting(catalyst) == str(calendar.next_session(row["date"])), catalyst.id
        assert catalyst.kind == kind_of(row), catalyst.id
        old, new = row["tp_old"], row["tp_new"]
        expected = float(new) / float(old) - 1 if old and new else 0.0
        assert catalyst.strength == pytest.approx(expected, abs=5e-5), catalyst.id
        if new:
            assert f"{new} {row['tp_ccy']}" in catalyst.title, catalyst.id
        assert ("(00981.HK)" in catalyst.note) == bool(re.search(r"\bH\b", row["note"])), catalyst.id
        for source in row["source_url"].split(" ; "):
            assert source in catalyst.source, catalyst.id


def catalyst_of(row: dict[str, str], catalysts: dict[str, Catalyst]) -> Catalyst:
    house = next(english for chinese, english in HOUSES.items() if chinese in row["org"])
    (found,) = (
        catalyst
        for catalyst in catalysts.values()
        if [symbol[:6] for symbol in catalyst.symbols] == [row["code"]]
        and f"{catalyst.known_at:%Y-%m-%d}" == row["date"]
        and catalyst.title.startswith(house)
    )
    return found


def kind_of(row: dict[str, str]) -> str:
    if "rating_upgrade" in row["type"]:
        return "analyst_upgrade"
    return "target_raise" if row["type"] == "tp_up" else "rating_kept"


def test_nothing_here_is_unknown_to_the_reference_but_what_is_listed(
    catalysts: dict[str, Catalyst], shared: Path
) -> None:
    known = {row["id"] for row in rows_of(shared / "catalysts" / "catalysts.csv")}
    actions = {catalyst_of(row, catalysts).id for row in rows_of(shared / "catalysts" / "analyst_actions.csv")}
    spending = {name for name, fact in catalysts.items() if fact.kind == "capital_spending"}
    assert set(catalysts) - known - actions - spending == NOT_IN_SHARED
    # two reports stand in both tables and are one row here
    assert known & actions == {"gs_cambricon_1835", "gs_cambricon_2104"}
    for name in known & actions:
        assert len(catalysts[name].source.split(" ; ")) >= 2


# --- the description ------------------------------------------------------------------------------------------------


def test_the_description_names_every_column_kind_and_file(root: Path) -> None:
    text = (root / "data" / "README.md").read_text(encoding="utf-8")
    for word in (*COLUMNS, *OPTIONAL, *UNIVERSE_COLUMNS, *KINDS, *FILES, *SEGMENTS, *(ROUTES - {""})):
        assert f"`{word}`" in text, word


def test_every_row_the_description_names_exists(root: Path, catalysts: dict[str, Catalyst]) -> None:
    text = (root / "data" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9_]+)`", text)) & set(catalysts)
    misnamed = set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", text)) - named
    assert misnamed <= {*COLUMNS, *UNIVERSE_COLUMNS, *KINDS}
    confounded = {catalyst.id for catalyst in catalysts.values() if "confounded" in catalyst.note}
    assert confounded <= named


def test_every_symbol_is_one_of_the_exchanges(universe: Universe) -> None:
    boards = {symbol: ashare.board_of(symbol) for symbol in universe.symbols}
    assert boards["688256.SH"] == ashare.STAR
    assert boards["300308.SZ"] == ashare.CHINEXT
    assert boards["002371.SZ"] == ashare.MAIN
