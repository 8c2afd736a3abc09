"""Ratings become catalysts: kinds, strengths, titles, and when they could be known."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import rated as tables
from backfolio import calendar
from backfolio.calendar import SHANGHAI
from backfolio.catalysts import COLUMNS, OPTIONAL, Catalyst, read_catalysts
from backfolio.ratings import as_frame, rated

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = {"published": "2025-04-22", "rating": "买入", "target": 1223.0}
NOW = {"published": "2025-08-24", "rating": "买入", "target": 1835.0}


def facts(*rows: dict[str, Any], **more: Any) -> tuple[Catalyst, ...]:
    return tuple(one.catalyst for one in rated(tables.ratings(*rows), **more))


def only(*rows: dict[str, Any], **more: Any) -> Catalyst:
    (found,) = facts(*rows, **more)
    return found


def test_a_raise_says_house_old_new_and_percent() -> None:
    found = only(BEFORE, NOW, factors=tables.factors(("2020-07-20", 1.0)))
    assert found.kind == "target_raise"
    assert found.title == "Goldman Sachs raises its 寒武纪 target from 1223 to 1835 CNY (+50.0%), Buy kept"
    assert (found.house, found.old, found.new) == ("Goldman Sachs", 1223.0, 1835.0)
    assert found.strength == pytest.approx(1835 / 1223 - 1, abs=1e-6)
    assert found.symbols == ("688256.SH",)
    assert found.segment == found.note == ""
    assert found.source == "cninfo"
    assert found.certainty == "date given by cninfo"


def test_where_only_the_date_is_known_it_acts_on_the_next_session() -> None:
    found = only(BEFORE, NOW)
    assert found.known_at == dt.datetime(2025, 8, 24, 18, tzinfo=SHANGHAI)
    assert found.time_known == "no"
    assert str(calendar.acting_session(found.known_at)) == "2025-08-25"  # a Sunday's report


@pytest.mark.parametrize(
    ("time", "known_at", "time_known"),
    [
        ("08:30", "08:30", "yes"),
        ("8:30:15", "08:30", "yes"),
        ("20:15", "20:15", "yes"),
        ("00:00", "18:00", "no"),
        ("00:00:00.000", "18:00", "no"),
        ("25:00", "18:00", "no"),
        ("evening", "18:00", "no"),
        ("", "18:00", "no"),
    ],
)
def test_an_hour_counts_where_it_is_known_and_midnight_is_none(time: str, known_at: str, time_known: str) -> None:
    found = only(BEFORE, {**NOW, "published": "2025-08-25", "time": time})
    assert (f"{found.known_at:%H:%M}", found.time_known) == (known_at, time_known)
    acting = "2025-08-25" if known_at < "09:15" else "2025-08-26"
    assert str(calendar.acting_session(found.known_at)) == acting


# --- what it is -----------------------------------------------------------------------------------------------------

RISES = {"rating": "买入", "previous_rating": "中性"}
FALLS = {"rating": "中性", "previous_rating": "买入"}


@pytest.mark.parametrize(
    ("now", "kind", "title"),
    [
        ({"target": 1100.0}, "target_cut", "cuts its 寒武纪 target from 1223 to 1100 CNY (-10.1%), Buy kept"),
        ({"target": 1229.0}, None, ""),
        ({"target": 1217.0}, None, ""),
        ({"target": 1230.0}, "target_raise", "raises its 寒武纪 target from 1223 to 1230 CNY (+0.6%), Buy kept"),
        ({"target": None}, None, ""),
        ({"target": 1835.0, "rating": None}, "target_raise", "raises its 寒武纪 target from 1223 to 1835 CNY (+50.0%)"),
        (
            {"target": 1835.0, "rating": "区间操作"},
            "target_raise",
            "raises its 寒武纪 target from 1223 to 1835 CNY (+50.0%), 区间操作",
        ),
        (
            {**RISES, "target": 1835.0},
            "analyst_upgrade",
            "lifts 寒武纪 from Neutral to Buy, target from 1223 to 1835 CNY (+50.0%)",
        ),
        ({**RISES, "target": 1223.0}, "analyst_upgrade", "lifts 寒武纪 from Neutral to Buy, target kept at 1223 CNY"),
        ({**RISES, "target": None}, "analyst_upgrade", "lifts 寒武纪 from Neutral to Buy"),
        (
            {**FALLS, "target": 1000.5},
            "analyst_downgrade",
            "cuts 寒武纪 from Buy to Neutral, target from 1223 to 1000.5 CNY (-18.2%)",
        ),
        ({"rating": "增持", "target": None}, "analyst_downgrade", "cuts 寒武纪 from Buy to Add"),
        ({"rating": None, "target": None, "change": "上调"}, "analyst_upgrade", "lifts its rating of 寒武纪"),
        ({"change": "调低", "target": None, "rating": "持有"}, "analyst_downgrade", "cuts 寒武纪 from Buy to Neutral"),
        ({"change": "维持", "target": 1223.0}, None, ""),
        (
            {"rating": "增持", "first_rating": True, "target": 1300.0},
            "target_raise",
            "raises its 寒武纪 target from 1223 to 1300 CNY (+6.3%), first rating Add",
        ),
    ],
)
def test_what_a_report_is(now: dict[str, Any], kind: str | None, title: str) -> None:
    found = facts(BEFORE, {"published": "2025-08-24", "rating": "买入", **now})
    assert [one.kind for one in found] == ([] if kind is None else [kind])
    assert [one.title for one in found] == ([] if kind is None else [f"Goldman Sachs {title}"])


def test_a_first_target_changes_nothing_and_the_first_upgrade_has_an_unknown_raise() -> None:
    assert facts(NOW) == ()
    found = only({**NOW, **RISES})
    assert (found.kind, found.strength, found.old, found.new) == ("analyst_upgrade", 0.0, None, 1835.0)
    assert found.title == "Goldman Sachs lifts 寒武纪 from Neutral to Buy, target 1835 CNY"
    assert found.note == "raise unknown: no target of this house in the 18 months before"
    assert only({**NOW, **FALLS, "target": None}).note == "cut unknown: the report gives no target"


@pytest.mark.parametrize(
    ("house", "days", "counts"),
    [("高盛", 548, True), ("高盛", 549, False), ("Goldman Sachs", 100, True), ("摩根大通", 100, False)],
)
def test_only_the_same_house_within_eighteen_months_counts(house: str, days: int, *, counts: bool) -> None:
    day = dt.date(2025, 8, 24) - dt.timedelta(days=days)
    assert bool(facts({**BEFORE, "published": str(day), "house": house}, NOW)) == counts


def test_the_last_earlier_target_counts_and_not_the_report_between_that_has_none() -> None:
    between = {"published": "2025-06-01", "rating": "买入"}
    first = {**BEFORE, "published": "2025-04-01", "target": 607.8}
    assert [one.old for one in facts(BEFORE, first, between, NOW)] == [607.8, 1223.0]


def test_another_symbol_does_not_count() -> None:
    assert facts({**BEFORE, "symbol": "688041.SH"}, NOW) == ()


# --- ratings are compared with care ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "kind"),
    [
        # one host, one scale: every step counts
        (("cninfo", "增持"), ("cninfo", "买入"), "analyst_upgrade"),
        (("cninfo", "谨慎推荐"), ("cninfo", "推荐"), "analyst_upgrade"),
        # a house that changes its words changes no rating
        (("cninfo", "推荐"), ("cninfo", "跑赢行业"), None),
        (("cninfo", "推荐"), ("cninfo", "买入"), None),
        (("cninfo", "中性"), ("cninfo", "跑赢行业"), "analyst_upgrade"),
        # two hosts put one rating into different words: only the side counts
        (("cninfo", "增持"), ("eastmoney", "买入"), None),
        (("cninfo", "中性"), ("eastmoney", "买入"), "analyst_upgrade"),
        (("cninfo", "买入"), ("eastmoney", "卖出"), "analyst_downgrade"),
        # an unknown word compares with nothing
        (("cninfo", "区间操作"), ("cninfo", "买入"), None),
        (("cninfo", "买入"), ("cninfo", "区间操作"), None),
    ],
)
def test_ratings_of_the_house_itself(before: tuple[str, str], now: tuple[str, str], kind: str | None) -> None:
    rows = [
        {"published": day, "source": host, "rating": rating}
        for day, (host, rating) in zip(("2025-04-22", "2025-08-24"), (before, now), strict=True)
    ]
    assert [one.kind for one in facts(*rows)] == ([] if kind is None else [kind])


def test_a_host_s_own_earlier_word_counts_step_by_step_where_another_host_has_the_same_report() -> None:
    rows = (
        {"published": "2025-04-22", "rating": "增持", "source": "eastmoney"},
        {"published": "2025-04-23", "rating": "推荐", "source": "cninfo"},
        {"published": "2025-08-24", "rating": "买入", "source": "eastmoney"},
    )
    assert only(*rows).title == "Goldman Sachs lifts 寒武纪 from Add to Buy"
    assert facts(*rows[1:]) == ()


@pytest.mark.parametrize(
    "words",
    [
        {"change": "维持", "previous_rating": "中性"},
        {"change": "调低", "previous_rating": "中性"},
        {"change": "调高", "previous_rating": "买入"},
    ],
)
def test_a_host_that_contradicts_itself_changes_no_rating(words: dict[str, str]) -> None:
    assert facts(BEFORE, {**NOW, "target": None, **words}) == ()
    found = only(BEFORE, {**NOW, **words})
    assert found.kind == "target_raise"
    assert "contradict" in found.note


def test_hosts_that_contradict_each_other_change_no_rating() -> None:
    one, other = {**NOW, "change": "调高"}, {**NOW, "change": "维持", "source": "sina"}
    assert only(BEFORE, one).kind == "analyst_upgrade"
    assert only(BEFORE, one, other).kind == "target_raise"


def test_the_host_s_word_for_the_change_counts_where_its_ratings_are_of_two_scales() -> None:
    assert only({**NOW, "change": "上调", "rating": "买入", "previous_rating": "推荐"}).kind == "analyst_upgrade"


def test_a_number_for_the_change_says_nothing() -> None:
    assert facts({**NOW, "change": "1"}, {**NOW, "published": "2025-09-24", "change": "3"}) == ()


# --- targets --------------------------------------------------------------------------------------------------------


def test_a_range_is_taken_at_its_middle_and_says_so() -> None:
    rows = tables.ratings(BEFORE, NOW)
    rows.loc[1, ["target_low", "target_high"]] = (1800.0, 1900.0)
    (one,) = rated(rows)
    assert (one.catalyst.new, one.catalyst.strength) == (1850.0, pytest.approx(1850 / 1223 - 1, abs=1e-6))
    assert "The target is the middle of 1800 to 1900 CNY" in one.catalyst.note


@pytest.mark.parametrize("ends", [(0.0, 0.0), (float("nan"), float("nan")), (-3.0, 0.0), (1900.0, 1800.0)])
def test_what_is_no_target_is_none(ends: tuple[float, float]) -> None:
    rows = tables.ratings(BEFORE, {**NOW, **RISES})
    rows.loc[1, ["target_low", "target_high"]] = ends
    (one,) = rated(rows)
    assert (one.catalyst.new, one.catalyst.strength) == (None, 0.0)


@pytest.mark.parametrize("ends", [(0.0, 1835.0), (1835.0, float("nan"))])
def test_one_end_stands_for_both(ends: tuple[float, float]) -> None:
    rows = tables.ratings(BEFORE, NOW)
    rows.loc[1, ["target_low", "target_high"]] = ends
    (one,) = rated(rows)
    assert one.catalyst.new == 1835.0


def test_a_wild_change_is_cut_to_the_allowed_strength_and_says_so() -> None:
    found = only({**BEFORE, "target": 12.23}, NOW)
    assert (found.strength, found.old, found.new) == (10.0, 12.23, 1835.0)
    assert "The change of +14904.1% is cut to 10" in found.note


def test_an_upgrade_with_a_lower_target_says_that_they_disagree() -> None:
    found = only(BEFORE, {**NOW, **RISES, "target": 1100.0})
    assert found.kind == "analyst_upgrade"
    assert found.strength == pytest.approx(1100 / 1223 - 1, abs=1e-6)
    assert "opposite directions" in found.note


# --- targets are per share ------------------------------------------------------------------------------------------

SPLIT = ("2025-06-10", 2.0)
CASH = ("2025-06-10", 1.05)


@pytest.mark.parametrize(
    ("step", "old"),
    [(SPLIT, 611.5), (CASH, 1223.0), (("2025-08-24", 2.0), 611.5), (("2025-04-22", 2.0), 1223.0)],
)
def test_an_old_target_is_restated_by_the_share_issues_since(step: tuple[str, float], old: float) -> None:
    found = only(BEFORE, NOW, factors=tables.factors(("2020-07-20", 1.0), step))
    assert (found.old, found.strength) == (old, pytest.approx(1835 / old - 1, abs=1e-6))
    restated = "The old target of 2025-04-22 was 1223 CNY, and one share has become 2 since"
    assert found.note == (restated if old < 1223 else "")


def test_a_corporate_action_says_what_a_step_of_the_factor_was() -> None:
    factor = tables.factors(("2020-07-20", 1.0), ("2025-06-10", 1.1))
    cash = tables.actions({"ex_date": "2025-06-10", "cash": 90.0, "shares": 0.0})
    bonus = tables.actions({"ex_date": "2025-06-10", "shares": 0.05})
    rights = tables.actions({"ex_date": "2025-06-10", "shares": 0.0, "rights": 0.3})
    assert only(BEFORE, NOW, factors=factor).old == pytest.approx(1223 / 1.1, abs=1e-4)
    assert only(BEFORE, NOW, factors=factor, actions=cash).old == 1223.0
    assert only(BEFORE, NOW, factors=factor, actions=bonus).old == pytest.approx(1223 / 1.05, abs=1e-4)
    assert only(BEFORE, NOW, factors=factor, actions=rights).old == pytest.approx(1223 / 1.1, abs=1e-4)
    assert only(BEFORE, NOW, actions=bonus).old == pytest.approx(1223 / 1.05, abs=1e-4)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"factors": tables.factors(("2020-07-20", 1.0), symbol="688041.SH")},
        {"factors": tables.factors(("2025-06-10", 2.0))},
        {"actions": tables.actions({"ex_date": "2025-06-10", "rights": 0.3})},
        {"actions": tables.actions({"ex_date": "2025-06-10", "ratio": 0.7})},
        {"actions": tables.actions({"ex_date": "2025-12-10", "shares": 1.0})},
    ],
)
def test_where_share_issues_are_not_known_the_note_says_so(more: dict[str, Any]) -> None:
    found = only(BEFORE, NOW, **more)
    assert found.old == 1223.0
    assert found.note == "Share issues since the old target of 2025-04-22 are not known: it stands as it was published"


def test_sina_s_corporate_action_counts_before_another_s() -> None:
    rows = [{"ex_date": "2025-06-10", "shares": 0.4}, {"ex_date": "2025-06-10", "shares": 4.0, "source": "eastmoney"}]
    for order in (rows, rows[::-1]):
        assert only(BEFORE, NOW, actions=tables.actions(*order)).old == pytest.approx(1223 / 1.4, abs=1e-4)


def test_the_same_figure_after_a_share_issue_is_no_doubling() -> None:
    factor = tables.factors(("2020-07-20", 1.0), SPLIT)
    assert facts(BEFORE, {**NOW, "target": 1223.0}, factors=factor) == ()
    found = only(BEFORE, {**NOW, **RISES, "target": 1223.0}, factors=factor)
    assert (found.kind, found.strength, found.old) == ("analyst_upgrade", 0.0, None)
    assert found.note.startswith("raise unknown: the old target of 2025-04-22 was 1223 CNY")


# --- what is left out, and what comes out ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        {"symbol": "900901.SH"},
        {"symbol": "00981.HK"},
        {"symbol": None},
        {"house": None},
        {"house": "  "},
        {"published": None},
        {"source": None},
        {"rating": None, "target": None},
    ],
)
def test_a_row_that_no_catalyst_can_rest_on_is_left_out(row: dict[str, Any]) -> None:
    assert facts({**BEFORE, **row}, {**NOW, **row}) == ()


def test_no_ratings_make_no_catalysts() -> None:
    assert rated(tables.ratings()) == ()
    assert as_frame(()).empty


def test_a_name_that_is_missing_is_the_symbol_and_an_unknown_house_stands_for_itself() -> None:
    rows = [{**row, "name": None, "house": "火星证券股份有限公司"} for row in (BEFORE, NOW)]
    assert only(*rows).title.startswith("火星证券 raises its 688256.SH target")


def test_the_frame_has_the_store_s_columns_and_gives_the_catalysts_back(tmp_path: Path) -> None:
    found = rated(tables.ratings(BEFORE, {**NOW, "url": "https://example.org/a"}, {**NOW, **RISES, "house": "花旗"}))
    frame = as_frame(found)
    assert set(frame.columns) == {*COLUMNS, *OPTIONAL, "first_seen"}
    assert str(frame["first_seen"].dtype) == "datetime64[us, UTC]"
    assert frame["first_seen"].tolist() == [tables.SEEN, tables.SEEN]
    frame.drop(columns="first_seen").to_csv(tmp_path / "facts.csv", index=False)
    assert read_catalysts(tmp_path) == tuple(one.catalyst for one in found)


# --- what came late ---------------------------------------------------------------------------------

EARLY, SEEN = (dt.datetime(2025, 9, day, 20, tzinfo=SHANGHAI) for day in (1, 3))


def late(*when: dt.datetime, seen: dt.datetime = SEEN, host: str = "cninfo", **row: Any) -> tuple[Catalyst, ...]:
    """Return what is told of a report of 24 August that was first seen at `seen`, its host asked before at `when`."""
    subject = "2025-08-24" if host == "cninfo" else "688256.SH"
    rows = ({**BEFORE, "first_seen": EARLY, "source": host}, {**NOW, "first_seen": seen, "source": host, **row})
    return facts(*rows, asked={(host, subject): when})


@pytest.mark.parametrize("host", ["cninfo", "sina", "eastmoney"])
def test_a_report_that_its_host_did_not_have_before_is_known_when_it_was_first_seen(host: str) -> None:
    (found,) = late(EARLY, SEEN, host=host, time="10:00")
    assert (found.known_at, found.time_known) == (SEEN, "no")
    assert found.certainty == f"seen on 2025-09-03, given late by {host}"
    assert found.note.endswith(f"Dated 2025-08-24, but {host} did not have it when it was asked after that")
    assert str(calendar.acting_session(found.known_at)) == "2025-09-04"


def test_what_is_first_seen_in_the_day_acts_after_its_close() -> None:
    (found,) = late(EARLY, seen=dt.datetime(2025, 9, 3, 9, tzinfo=SHANGHAI))
    assert found.known_at == dt.datetime(2025, 9, 3, 18, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "when",
    [
        pytest.param((), id="nobody asked before"),
        pytest.param((SEEN,), id="the first asking brought it"),
        pytest.param((dt.datetime(2025, 8, 24, 17, tzinfo=SHANGHAI), SEEN), id="asked before it could be there"),
    ],
)
def test_the_first_look_at_a_past_day_keeps_the_date_of_the_report(when: tuple[dt.datetime, ...]) -> None:
    (found,) = late(*when)
    assert found.known_at == dt.datetime(2025, 8, 24, 18, tzinfo=SHANGHAI)


def test_a_late_report_that_a_newer_one_had_overtaken_is_no_news() -> None:
    newer = {"published": "2025-08-30", "rating": "买入", "target": 2000.0, "first_seen": EARLY}
    rows = ({**BEFORE, "first_seen": EARLY}, newer, {**NOW, "first_seen": SEEN})
    asked = {("cninfo", "2025-08-24"): (EARLY, SEEN)}
    assert [(one.old, one.new) for one in facts(*rows, asked=asked)] == [(1223.0, 2000.0)]


def test_a_late_copy_of_a_report_that_another_host_had_in_time_changes_nothing_but_its_source() -> None:
    rows = ({**BEFORE, "first_seen": EARLY}, {**NOW, "first_seen": EARLY})
    (before,) = facts(*rows)
    asked = {("sina", "688256.SH"): (EARLY, SEEN)}
    (after,) = facts(*rows, {**NOW, "first_seen": SEEN, "source": "sina"}, asked=asked)
    assert after == replace(before, source="cninfo ; sina")


def test_nobody_noted_when_it_was_seen() -> None:
    found = rated(tables.ratings({**BEFORE, "first_seen": None}, {**NOW, "first_seen": None}))
    assert [one.first_seen for one in found] == [None]
    assert as_frame(found)["first_seen"].isna().all()


# --- the hand-kept file follows the same rules ----------------------------------------------------------------------


def test_hand_kept_analyst_rows_name_their_house_and_their_strength_is_that_of_the_target(root: Path) -> None:
    rows = [one for one in read_catalysts(root / "data" / "catalysts") if one.house]
    assert len(rows) == 16
    for one in rows:
        assert one.title.startswith(one.house), one.id
        if one.old is not None and one.new is not None:
            assert one.strength == pytest.approx(one.new / one.old - 1, abs=5e-5), one.id
        elif one.id != "ms_smic_h_80":  # its strength is that of the H share's target, in HKD
            assert one.strength == 0, one.id
        if one.new is not None:
            assert f"{one.new:g} CNY" in one.title, one.id
    kinds = {one.kind for one in read_catalysts(root / "data" / "catalysts") if not one.house}
    assert not kinds & {"analyst_upgrade", "analyst_downgrade", "target_raise", "target_cut", "rating_kept"}
