"""From catalysts to events and to a study: sessions, limits, halts, other news, and what cannot be measured."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backfolio.calendar import SHANGHAI
from backfolio.errors import UsageError
from backfolio.history import History
from backfolio.history.prices import floats
from backfolio.prepare import prepare
from backfolio.strategy import Strategy
from backfolio.strategy.listening import emit_listening
from backfolio.study import Asked, Window, default_benchmark
from backfolio.study.events import direction, find_events
from backfolio.study.returns import panel
from studied import INDEX, SYMBOLS, Everyone, catalyst, market, studied, with_news

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.source import Source
    from backfolio.study import Event

KINDS = ("model_release",)
NAME = SYMBOLS[0]


def found(source: Source, asked: Asked | None = None, kinds: Sequence[str] = KINDS) -> tuple[Event, ...]:
    history = History(source.bars, source.catalysts, None, None)
    seen = panel(floats(source.bars, "close", adjusted=True), source.bars.traded, None, log=True)
    return find_events(
        history, seen, kinds, Asked(model="mean") if asked is None else asked, (0, len(source.bars.sessions))
    )


def news(source: Source, row: int, name: str = "a", symbols: Sequence[str] = (NAME,), **more: Any) -> Any:
    """Return a catalyst whose first session is that of a row."""
    return catalyst(name, source.bars.sessions[row - 1], symbols, **more)


@pytest.fixture(scope="module")
def plain() -> Source:
    return market()


def test_an_event_is_on_the_first_session_whose_open_can_act(plain: Source) -> None:
    (event,) = found(with_news(plain, news(plain, 150)))
    assert (event.row, event.session, event.moved, event.left_out) == (150, str(plain.bars.sessions[150]), 0, "")
    assert event.catalysts == ("a",)
    at_nine = catalyst("b", plain.bars.sessions[150], [NAME])
    at_nine = replace(at_nine, known_at=at_nine.known_at.replace(hour=9, minute=0))
    assert found(with_news(plain, at_nine))[0].row == 150
    at_ten = replace(at_nine, known_at=at_nine.known_at.replace(hour=10))
    assert found(with_news(plain, at_ten))[0].row == 151


def test_news_for_all_is_an_event_of_each(plain: Source) -> None:
    events = found(with_news(plain, catalyst("all", plain.bars.sessions[149])))
    assert [event.symbol for event in events] == list(SYMBOLS)
    assert {event.row for event in events} == {150}


def test_a_suspended_name_waits_for_its_next_session_and_all_its_news_with_it() -> None:
    source = market(cells={(row, NAME): "-" for row in range(148, 153)})
    (event,) = found(with_news(source, news(source, 150), news(source, 152, "b", strength=2.0)))
    assert (event.row, event.moved) == (153, 3)
    assert event.catalysts == ("b", "a")
    assert event.confounded == ("a",)
    assert event.halted == 5
    assert event.left_out == ""


def test_two_catalysts_on_one_session_are_one_event(plain: Source) -> None:
    (event,) = found(with_news(plain, news(plain, 150), news(plain, 150, "b", strength=-3.0)))
    assert event.catalysts == ("b", "a")
    assert event.direction == -1, "the stronger says which way"
    assert event.title == "News b"


def test_other_news_in_the_window_confounds_and_can_be_dropped(plain: Source) -> None:
    many = with_news(
        plain,
        news(plain, 150),
        news(plain, 170, "in", kind="policy"),
        news(plain, 145, "before", kind="results"),
        news(plain, 171, "after", kind="policy"),
        news(plain, 160, "other", [SYMBOLS[1]], kind="policy"),
    )
    (event,) = found(many)
    assert event.confounded == ("before", "in")
    assert event.left_out == ""
    assert found(many, Asked(model="mean", drop_confounded=True))[0].left_out == "confounded"


@pytest.mark.parametrize(
    ("cell", "censored", "locked"),
    [("11", "up", True), ("10.5/11", "up", False), ("9", "down", True), ("9.5/9", "down", False), ("10.9", "", False)],
)
def test_a_session_that_closes_at_its_limit_is_censored(cell: str, censored: str, locked: bool) -> None:
    source = market(cells={(149, NAME): "10;pre=10", (150, NAME): cell})
    (event,) = found(with_news(source, news(source, 150)))
    assert (event.censored, event.locked) == (censored, locked)


@pytest.mark.parametrize(("row", "reason"), [(3, "early"), (40, "thin"), (239, ""), (240, "open"), (259, "open")])
def test_what_cannot_be_measured_says_why(plain: Source, row: int, reason: str) -> None:
    (event,) = found(with_news(plain, news(plain, row)))
    assert event.left_out == reason


def test_half_of_the_estimation_window_must_have_returns() -> None:
    # rows 25 to 144 are asked; a halt takes its sessions and the one after it
    enough = market(cells={(row, NAME): "-" for row in range(30, 89)})
    assert found(with_news(enough, news(enough, 150)))[0].left_out == ""
    short = market(cells={(row, NAME): "-" for row in range(30, 90)})
    assert found(with_news(short, news(short, 150)))[0].left_out == "thin"


def test_names_before_their_listing_gone_or_without_movement() -> None:
    late = market(cells={(row, NAME): "-" for row in range(160)})
    assert found(with_news(late, news(late, 150)))[0].left_out == "unlisted"
    assert found(with_news(late, news(late, 160)))[0].left_out == "unlisted", (
        "nothing was known of it at its first open"
    )
    gone = market(cells={(row, NAME): "-" for row in range(150, 260)})
    assert found(with_news(gone, news(gone, 150)))[0].left_out == "gone"
    flat = market(cells={(row, NAME): "20" for row in range(20, 150)})
    assert found(with_news(flat, news(flat, 150)))[0].left_out == "flat"


def test_bad_news_turns_its_returns(plain: Source) -> None:
    day = plain.bars.sessions[149]
    assert direction(catalyst("a", day, strength=-0.3)) == -1
    assert direction(catalyst("a", day, strength=0.0)) == 1
    assert direction(catalyst("a", day, strength=0.0, kind="target_cut")) == -1
    effects = {(150, NAME): -0.05, (190, NAME): 0.05}
    moved = market(effects=effects)
    study = studied(with_news(moved, news(moved, 150, strength=-1.0), news(moved, 190, "b")), asked=Asked(Window(0, 3)))
    assert study.whole.first_days == (pytest.approx(0.05, abs=0.04), pytest.approx(0.05, abs=0.04))


def test_an_ex_date_is_no_return() -> None:
    plain = market(cells={(150, NAME): "20;pre=20", (151, NAME): "20", (152, NAME): "20"})
    split = market(cells={(150, NAME): "20;pre=20", (151, NAME): "10;bonus=1", (152, NAME): "10"})
    news_of = [(150, NAME), (200, SYMBOLS[1])]
    both = [
        studied(
            with_news(one, *(news(one, row, symbol, [symbol]) for row, symbol in news_of)), asked=Asked(Window(0, 2))
        )
        for one in (plain, split)
    ]
    assert both[0].whole.cars == pytest.approx(both[1].whole.cars)


def planted(effect: float = 0.04) -> Source:
    rows = (140, 160, 180, 200, 220)
    source = market(effects={(row, symbol): effect for row in rows for symbol in SYMBOLS})
    return with_news(source, *(catalyst(f"news-{row}", source.bars.sessions[row - 1]) for row in rows))


def test_a_planted_effect_comes_out_on_its_day_and_is_judged() -> None:
    study = studied(planted(), asked=Asked(Window(-3, 5)))
    whole = study.whole
    assert len(whole.events) == 20
    assert whole.sessions == 5
    by_day = {one.window.first: one for one in whole.days}
    assert by_day[0].mean == pytest.approx(0.04, abs=0.012)
    assert by_day[-1].mean == pytest.approx(0.0, abs=0.012)
    assert [one.window for one in whole.windows] == [(0, 5), (0, 0), (0, 1), (-3, -1), (-3, 5)]
    assert whole.verdict.grade == "evidence"
    assert "Over sessions 0 to 5 the names returned +" in whole.verdict.sentence
    assert whole.verdict.p == whole.headline.test("kp_bmp").p
    assert whole.path[-1].mean == pytest.approx(sum(one.mean or 0.0 for one in whole.days))
    assert whole.path[-1].mean == pytest.approx(whole.windows[-1].mean)
    assert np.mean([car for car in whole.cars if car is not None]) == pytest.approx(whole.headline.mean)
    against = studied(planted(-0.04), asked=Asked(Window(-3, 5)))
    assert against.verdict.grade == "against"
    assert studied(planted(0.0), asked=Asked(Window(-3, 5))).verdict.grade == "none"


def test_the_same_study_has_the_same_id_and_another_another() -> None:
    source = planted()
    one = studied(source)
    assert studied(source).study_id == one.study_id
    assert studied(source).as_dict() == one.as_dict()
    others = [
        studied(source, asked=Asked(Window(-5, 19))),
        studied(source, asked=Asked(model="mean")),
        studied(source, asked=Asked(returns="simple")),
        studied(with_news(source, *source.catalysts[:-1])),
    ]
    assert len({one.study_id, *(other.study_id for other in others)}) == 5


def test_several_kinds_are_measured_together_and_each() -> None:
    source = planted()
    first, *rest = source.catalysts
    mixed = with_news(source, replace(first, kind="policy"), *rest)
    study = studied(mixed, ("model_release", "policy"))
    assert [group.name for group in study.groups] == ["all", "model_release", "policy"]
    assert [len(group.events) for group in study.groups] == [20, 16, 4]
    assert study.groups[2].sessions == 1


def test_one_of_several_events_that_can_be_measured_is_too_little_evidence(plain: Source) -> None:
    study = studied(with_news(plain, news(plain, 150), news(plain, 255, "b")))
    assert study.verdict.grade == "too_little"
    assert study.verdict.p is None
    assert study.verdict.sentence.startswith("1 of 2 events can be measured")
    assert all(test.p is None and test.statistic is None for test in study.whole.headline.tests)
    assert study.whole.reasons == {"open": 1}


def test_names_that_move_as_one_are_too_little_evidence(plain: Source) -> None:
    bars = plain.bars
    same = {
        name: np.repeat(getattr(bars, name)[:, :1], len(SYMBOLS), axis=1)
        for name in ("open", "high", "low", "close", "mark")
    }
    source = replace(plain, bars=replace(bars, **same))
    study = studied(with_news(source, catalyst("all", bars.sessions[149])))
    assert study.whole.headline.effective < 2.0
    assert study.verdict.grade == "too_little"
    assert "say as much as 1.0 independent ones" in study.verdict.sentence


def refusals(plain: Source) -> list[tuple[Source, dict[str, Any], str]]:
    closes = plain.bars.index_close[INDEX].copy()
    closes[30] = np.nan
    holed = replace(plain, bars=replace(plain.bars, index_close={INDEX: closes}))
    two = (news(plain, 150), news(plain, 200, "b"))
    return [
        (plain, {}, "no catalyst of kind model_release could act .* the data has none; add rows"),
        (with_news(plain, news(plain, 150, kind="policy")), {}, "the data has policy"),
        (with_news(plain, news(plain, 150)), {}, r"model_release has one event only \(000977.SZ on "),
        (
            with_news(plain, news(plain, 20), news(plain, 21, "b")),
            {},
            "none of the 2 events .*2: too few days.* 60 returns",
        ),
        (with_news(holed, *two), {}, f"benchmark {INDEX} has no bar on 2023-02-"),
        (with_news(plain, *two), {"start": "2023-12-20"}, "no catalyst of kind"),
    ]


@pytest.mark.parametrize("at", range(6))
def test_bad_input_is_refused_in_one_sentence(plain: Source, at: int) -> None:
    source, cut, said = refusals(plain)[at]
    with pytest.raises(UsageError, match=said) as refused:
        studied(source, **cut)
    assert "\n" not in str(refused.value)


def test_a_benchmark_that_lacks_sessions_nobody_asks_for_will_do(plain: Source) -> None:
    closes = plain.bars.index_close[INDEX].copy()
    closes[[3, 258]] = np.nan
    holed = replace(plain, bars=replace(plain.bars, index_close={INDEX: closes}))
    assert len(studied(with_news(holed, news(holed, 150), news(holed, 200, "b"))).whole.events) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"window": Window(5, -5)}, "ends before it begins"),
        ({"window": Window(-300, 5)}, "wider than 250 sessions"),
        (
            {"model": "markets"},
            r"model is 'markets' \(did you mean 'market'\?\): choose from market, mean, market-adjusted",
        ),
        ({"returns": "net"}, "choose from log, simple"),
        ({"estimation": 29}, "give at least 30"),
    ],
)
def test_what_is_asked_must_make_sense(words: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Asked(**words)


@pytest.mark.parametrize(
    ("window", "headline"), [((-5, 20), (0, 20)), ((0, 3), (0, 3)), ((1, 20), (1, 20)), ((-20, -1), (-20, -1))]
)
def test_what_came_before_the_event_is_not_judged(window: tuple[int, int], headline: tuple[int, int]) -> None:
    asked = Asked(Window(*window))
    assert asked.headline == headline
    assert asked.windows[0] == headline
    assert all(window[0] <= one.first <= one.last <= window[1] for one in asked.windows)


def test_the_usual_benchmark_is_the_csi_300_else_the_first_index(plain: Source) -> None:
    bars = plain.bars
    closes = bars.index_close[INDEX]
    assert default_benchmark(plain) == INDEX
    more = replace(plain, bars=replace(bars, index_close={"000016.SH": closes, INDEX: closes}))
    assert default_benchmark(more) == INDEX
    assert default_benchmark(replace(more, doubtful={INDEX: "torn"})) == "000016.SH"
    with pytest.raises(UsageError, match="no index to compare with"):
        default_benchmark(replace(plain, bars=replace(bars, index_close={})))


class Listener(Strategy):
    """Buy after news."""

    def targets(self, history: Any) -> Any:
        past = history.until(history.sessions[-1]).strength("policy")
        return (history.catalysts("model_release") | (past > 0)).astype(float) / 10


class Walker(Strategy):
    """Look at all there is."""

    def targets(self, history: Any) -> Any:
        history.touches()
        return history.tradable * 0.0


class Deaf(Strategy):
    """Hold everything."""

    def targets(self, history: Any) -> Any:
        return history.tradable * 0.0


def test_a_thesis_studies_what_it_asks_for(plain: Source) -> None:
    prepared = prepare(Everyone, with_news(plain, news(plain, 150)))
    assert emit_listening(Listener(), prepared.known, prepared.rows)[1] == ("model_release", "policy")
    assert "results" in emit_listening(Walker(), prepared.known, prepared.rows)[1]
    assert emit_listening(Deaf(), prepared.known, prepared.rows)[1] == ()


def test_events_are_looked_for_in_the_window_only(plain: Source) -> None:
    source = with_news(plain, news(plain, 150), news(plain, 160, "b"), news(plain, 200, "c"))
    days = plain.bars.sessions
    study = studied(source, start=str(days[160]), end=str(days[225]))
    assert [event.session for event in study.whole.events] == [str(days[160]), str(days[200])]
    assert study.start == str(days[160])
    assert dt.datetime.fromisoformat(f"{study.end}T00:00").replace(tzinfo=SHANGHAI).year == 2023


def test_bad_news_among_the_measured_is_said_for_its_returns_are_turned() -> None:
    days = market().bars.sessions
    news = [catalyst("up", days[150], SYMBOLS[:1]), catalyst("down", days[190], SYMBOLS[1:2], strength=-1.0)]
    told = studied(with_news(market(), *news)).warnings
    assert any(one.startswith("1 of 2 events are bad news: their returns are turned") for one in told)
    good = (news[0], catalyst("later", days[190], SYMBOLS[1:2]))
    assert not any("bad news" in one for one in studied(with_news(market(), *good)).warnings)
