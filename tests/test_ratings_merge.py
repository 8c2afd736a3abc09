"""One report over several hosts, hand-kept and fetched as one list, and that the future changes nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rated as tables
from backfolio.calendar import SHANGHAI
from backfolio.catalysts import Catalyst
from backfolio.ratings import one_list, rated
from backfolio.ratings.houses import house_key

if TYPE_CHECKING:
    import pandas as pd

    from backfolio.ratings import Rated

BEFORE = {"published": "2025-04-22", "rating": "买入", "target": 1223.0}
FIRST = {"published": "2025-08-24", "rating": "买入", "target": 1835.0, "url": "https://a.example/1"}
COPY = {**FIRST, "house": "Goldman Sachs", "source": "eastmoney", "url": "https://b.example/2"}
EARLIER = dt.datetime(2025, 8, 25, 3, tzinfo=dt.UTC)

# --- one report over several hosts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("later", ["2025-08-24", "2025-08-25", "2025-08-27"])
def test_one_report_on_two_hosts_is_one_catalyst_with_both_sources(later: str) -> None:
    (one,) = rated(tables.ratings(BEFORE, FIRST, {**COPY, "published": later, "first_seen": EARLIER}))
    assert one.catalyst.source == "cninfo https://a.example/1 ; eastmoney https://b.example/2"
    assert one.catalyst.known_at == dt.datetime(2025, 8, 24, 18, tzinfo=SHANGHAI)
    assert one.first_seen == EARLIER


@pytest.mark.parametrize(
    "copy",
    [
        {"target": None},
        {"rating": None},
        {"target": 1838.0},
        {"rating": "推荐"},  # the other host's word for the same rating
        {"change": "维持"},
    ],
)
def test_a_copy_that_says_less_is_a_copy(copy: dict[str, Any]) -> None:
    (one,) = rated(tables.ratings(BEFORE, FIRST, {**COPY, "published": "2025-08-26", **copy}))
    assert one.catalyst.source.endswith("eastmoney https://b.example/2")
    assert one.catalyst.new == 1835.0


def test_an_upgrade_that_two_hosts_tell_of_is_one() -> None:
    up = {"change": "调高", "previous_rating": "中性"}
    found = rated(tables.ratings({**FIRST, **up}, {**COPY, **up, "published": "2025-08-26"}))
    assert [one.catalyst.kind for one in found] == ["analyst_upgrade"]


def test_what_a_later_row_adds_is_known_only_then() -> None:
    bare = {**FIRST, "target": None}
    (late,) = rated(tables.ratings(BEFORE, bare, {**COPY, "published": "2025-08-25"}))
    assert late.catalyst.known_at == dt.datetime(2025, 8, 25, 18, tzinfo=SHANGHAI)
    assert (late.catalyst.old, late.catalyst.new) == (1223.0, 1835.0)
    up = {**COPY, "published": "2025-08-25", "target": None, "change": "上调"}
    raised, upgraded = rated(tables.ratings(BEFORE, FIRST, up))
    assert (raised.catalyst.kind, upgraded.catalyst.kind) == ("target_raise", "analyst_upgrade")


def test_another_target_or_four_days_make_another_report() -> None:
    found = rated(tables.ratings(BEFORE, FIRST, {**COPY, "published": "2025-08-26", "target": 2104.0}))
    assert [(one.catalyst.old, one.catalyst.new) for one in found] == [(1223.0, 1835.0), (1835.0, 2104.0)]
    up = {"change": "调高"}
    assert len(rated(tables.ratings({**FIRST, **up}, {**COPY, **up, "published": "2025-08-27"}))) == 1
    assert len(rated(tables.ratings({**FIRST, **up}, {**COPY, **up, "published": "2025-08-28"}))) == 2


def test_an_hour_goes_before_a_date_of_the_same_day() -> None:
    (one,) = rated(tables.ratings(BEFORE, FIRST, {**COPY, "time": "10:30"}))
    assert f"{one.catalyst.known_at:%H:%M}" == "10:30"
    assert one.catalyst.time_known == "yes"
    assert one.catalyst.certainty == "date and hour given by eastmoney"


def test_two_targets_at_one_instant_are_said_and_the_first_host_counts() -> None:
    (one,) = rated(tables.ratings(BEFORE, {**COPY, "target": 2104.0}, FIRST))
    assert one.catalyst.new == 1835.0
    assert "eastmoney has a target of 2104 CNY" in one.catalyst.note
    assert one.catalyst.certainty == "date given by cninfo and eastmoney"


# --- nothing published later changes what was known -----------------------------------------------------------------

DAY = dt.date(2025, 6, 2)
SPAN = 16
HOURS = {"08:30": dt.time(8, 30), "19:45": dt.time(19, 45)}
DAYS = st.integers(0, SPAN)
HOSTS = st.sampled_from(["cninfo", "sina", "eastmoney"])
ROW = st.fixed_dictionaries(
    {
        "day": DAYS,
        "time": st.sampled_from(["", "", "", "08:30", "00:00", "19:45"]),
        "symbol": st.sampled_from(["688256.SH"] * 4 + ["688041.SH"]),
        "house": st.sampled_from(["高盛", "高盛", "Goldman Sachs", "火星证券"]),
        "source": HOSTS,
        "rating": st.sampled_from(["买入", "买入", "增持", "推荐", "强烈推荐", "中性", "区间操作", None]),
        "previous_rating": st.sampled_from([None, None, None, "中性", "增持"]),
        "change": st.sampled_from([None, None, None, "调高", "调低", "维持", "首次", "3"]),
        "first_rating": st.sampled_from([None, None, None, False, True]),
        "target": st.sampled_from([100.0, 100.0, 100.4, 120.0, 50.0, 2000.0, None]),
    }
)
STEPS = st.lists(
    st.tuples(DAYS, st.sampled_from([1.0, 1.02, 1.4, 2.0]), st.sampled_from(["sina", "import"])), max_size=4
)
ISSUES = st.lists(st.tuples(DAYS, st.sampled_from([0.0, 0.4, 1.0])), max_size=3)


@st.composite
def rows_of_hosts(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw rows of reports, and copies of some of them on other hosts, up to four days later and with less in them."""
    rows = draw(st.lists(ROW, min_size=2, max_size=9))
    for row in list(rows):
        if draw(st.booleans()):
            lost = draw(st.sampled_from(["title", "title", "rating", "target", "previous_rating", "change"]))
            later = {"day": row["day"] + draw(st.integers(0, 4)), "source": draw(HOSTS)}
            rows.append({**row, **later, lost: None})
    # ids by content, as the hosts' rows have them: a row's number in the table is no fact
    return [{**row, "id": str(sorted(row.items(), key=str))} for row in rows]


def table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    days = [str(DAY + dt.timedelta(days=row["day"])) for row in rows]
    bare = [{name: value for name, value in row.items() if name != "day"} for row in rows]
    return tables.ratings(*({**row, "published": day} for row, day in zip(bare, days, strict=True)))


def instant(day: int, time: str) -> dt.datetime:
    return dt.datetime.combine(DAY + dt.timedelta(days=day), HOURS.get(time, dt.time(18)), tzinfo=SHANGHAI)


def shares(steps: list[tuple[int, float, str]], issues: list[tuple[int, float]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    factor = tables.factors(*((str(DAY + dt.timedelta(days=day)), value) for day, value, _ in steps))
    factor["source"] = [source for _, _, source in steps]
    acts = tables.actions(*({"ex_date": str(DAY + dt.timedelta(days=day)), "shares": new} for day, new in issues))
    return factor, acts


def told(found: tuple[Rated, ...]) -> list[Catalyst]:
    """Return the catalysts without what a later copy may add: where else the report is written."""
    return [replace(one.catalyst, source="-") for one in found]


@settings(max_examples=200)
@given(rows=rows_of_hosts(), steps=STEPS, issues=ISSUES, cut=st.integers(1, SPAN), time=st.sampled_from(["", "08:30"]))
def test_nothing_published_later_changes_what_was_known(
    rows: list[dict[str, Any]],
    steps: list[tuple[int, float, str]],
    issues: list[tuple[int, float]],
    cut: int,
    time: str,
) -> None:
    until = instant(cut, time)
    known = [row for row in rows if instant(row["day"], row["time"]) <= until]
    steps = [(-1, 1.0, "import"), *steps]
    then = rated(
        table(known), *shares([one for one in steps if one[0] <= cut], [one for one in issues if one[0] <= cut])
    )
    now = rated(table(rows), *shares(steps, issues))
    still = tuple(one for one in now if one.catalyst.known_at <= until)
    assert told(still) == told(then)
    for one, other in zip(still, then, strict=True):
        assert one.catalyst.source.startswith(other.catalyst.source)


@settings(max_examples=60)
@given(rows=rows_of_hosts(), data=st.data())
def test_the_order_of_rows_and_rows_told_twice_change_nothing(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    given_table = table(rows)
    shuffled = given_table.iloc[data.draw(st.permutations(range(len(rows))))]
    assert rated(shuffled) == rated(given_table)
    assert rated(tables.joined([given_table, given_table])) == rated(given_table)


@settings(max_examples=100)
@given(rows=rows_of_hosts())
def test_every_catalyst_rests_on_its_rows(rows: list[dict[str, Any]]) -> None:
    found = [one.catalyst for one in rated(table(rows))]
    assert len({one.id for one in found}) == len(found)
    for one in found:
        own = [row for row in rows if row["symbol"] in one.symbols and house_key(row["house"]) == house_key(one.house)]
        here = [row for row in own if instant(row["day"], row["time"]) == one.known_at]
        earlier = [row for row in own if instant(row["day"], row["time"]) < one.known_at]
        assert one.new in {row["target"] for row in here}
        if one.old is not None:
            assert one.old in {row["target"] for row in earlier}
        if one.old is not None and one.new is not None:
            assert one.strength == pytest.approx(min(10.0, one.new / one.old - 1), abs=1e-6)
        else:
            assert one.strength == 0
            assert "unknown" in one.note
        if one.kind in {"target_raise", "target_cut"}:
            assert abs(one.strength) > 0.005
            assert (one.strength > 0) == (one.kind == "target_raise")
        else:
            assert any(row["rating"] or row["change"] for row in here)


# --- hand-kept and fetched ------------------------------------------------------------------------------------------

KEPT = Catalyst(
    "gs_cambricon_1835",
    "target_raise",
    "Goldman Sachs raises its Cambricon target from 1223 to 1835 CNY",
    dt.datetime(2025, 8, 24, 18, tzinfo=SHANGHAI),
    ("688256.SH",),
    "",
    0.5004,
    "a newspaper",
    "high",
    "no",
    house="Goldman Sachs",
    old=1223.0,
    new=1835.0,
)
FETCHED = replace(KEPT, id="rating-1", source="cninfo", house="高盛")


def test_a_fetched_catalyst_that_tells_of_a_hand_kept_report_gives_way() -> None:
    assert one_list((KEPT,), (FETCHED,)) == (replace(KEPT, source="a newspaper ; cninfo"),)
    again = one_list((replace(KEPT, source="a newspaper ; cninfo"),), (FETCHED,))
    assert again == one_list((KEPT,), (FETCHED,))


@pytest.mark.parametrize(
    ("change", "gives_way"),
    [
        ({"known_at": KEPT.known_at + dt.timedelta(days=3)}, True),
        ({"known_at": KEPT.known_at - dt.timedelta(days=3)}, True),
        ({"known_at": KEPT.known_at + dt.timedelta(days=4)}, False),
        ({"known_at": dt.datetime(2025, 8, 27, 16, 30, tzinfo=dt.UTC)}, False),  # 00:30 of the fourth day in Shanghai
        # A report that came late is told from its id, not from when it was known.
        ({"id": "rating-688256-20250825-0123abcd", "known_at": KEPT.known_at + dt.timedelta(days=20)}, True),
        ({"id": "rating-688256-20250914-0123abcd", "known_at": KEPT.known_at + dt.timedelta(days=20)}, False),
        ({"symbols": ("688041.SH",)}, False),
        ({"house": "JPMorgan"}, False),
        ({"house": ""}, False),
        ({"new": 2104.0}, False),
        ({"new": None, "kind": "analyst_upgrade"}, True),
        ({"new": 1836.0}, True),
    ],
)
def test_who_gives_way(change: dict[str, Any], *, gives_way: bool) -> None:
    fetched = replace(FETCHED, **change)
    found = one_list((KEPT,), (fetched,))
    assert (fetched not in found) == gives_way
    assert len(found) == (1 if gives_way else 2)
    assert list(found) == sorted(found, key=lambda one: (one.known_at, one.id))


def test_catalysts_of_nobody_never_give_way() -> None:
    release = replace(KEPT, id="release", kind="model_release", house="")
    assert one_list((release,), (replace(FETCHED, house=""),)) == tuple(
        sorted((release, replace(FETCHED, house="")), key=lambda one: one.id)
    )


def test_the_nearest_hand_kept_report_takes_the_source() -> None:
    other = replace(KEPT, id="gs_2", known_at=KEPT.known_at + dt.timedelta(days=2))
    near = replace(FETCHED, known_at=KEPT.known_at + dt.timedelta(days=3))
    first, second = one_list((KEPT, other), (near,))
    assert (first.source, second.source) == ("a newspaper", "a newspaper ; cninfo")


def test_one_empty_list_leaves_the_other() -> None:
    assert one_list((), ()) == ()
    assert one_list((KEPT,), ()) == (KEPT,)
    assert one_list((), (FETCHED,)) == (FETCHED,)
