"""From paper to what was kept: each step by hand, and sums that are exact on any market."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from backfolio import sweep
from backfolio.calendar import SHANGHAI
from backfolio.catalysts import Catalyst
from backfolio.history import History
from backfolio.metrics import attribute, dividends_by_symbol, round_trips
from backfolio.metrics.attribution import LOOK_BACK, Governing
from backfolio.prepare import Prepared, prepare
from backfolio.replay import replay
from backfolio.settings import MarketSettings
from backfolio.study import Asked, Window, study
from backfolio.study.asks import asks
from backfolio.study.chain import STEPS, Portfolio
from backfolio.study.conduct import Subject
from backfolio.study.judge import picked_words
from backfolio.study.tradable import follow, tradable
from backfolio.targets import Exits, Targets
from backfolio.testing.build import World
from backfolio.testing.worlds import random_world, worlds
from studied import INDEX, SYMBOLS, Everyone, catalyst, market, with_news

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.ledger import Ledger
    from backfolio.source import Source
    from backfolio.study import Line, Study, Tradable

NAME = "600519.SH"
OTHER = "000977.SZ"
KINDS = ("policy", "results", "model_release")
FREE = MarketSettings(commission=0.0, min_commission=0.0, participation=1.0)


def fact(
    name: str, day: object, symbols: Sequence[str] = (NAME,), kind: str = "policy", strength: float = 1.0
) -> Catalyst:
    """Return a fact known on the evening of a session: its decision row is that session."""
    known = dt.datetime.fromisoformat(f"{day}T20:00").replace(tzinfo=SHANGHAI)
    more = {"strength": strength, "source": "x", "certainty": "high", "time_known": "yes"}
    return Catalyst(name, kind, name, known, tuple(symbols), **more)  # type: ignore[arg-type]


def cut(world: World, facts: Sequence[Catalyst], first: int = 0) -> Prepared:
    """Return a world as a thesis has it whose window begins on row `first`."""
    bars = world.bars
    window = bars.rows(first, len(bars.sessions))
    return Prepared(History(bars, facts), (first, len(bars.sessions)), History(window, facts), window, None, None)


def portfolio(world: World, heard: Sequence[str] = KINDS, first: int = 0) -> Portfolio:
    targets = Targets(world.targets.weights[first:])
    return Portfolio(targets, world.exits, world.settings, {}, "daily", heard)


def followed(line: str, weights: str, last: int = 2, news: int = 0, **more: object) -> Tradable:
    """Follow one name from 2024-01-02 on; `news` is the row of its catalyst."""
    words = {"settings": FREE, "listed": {NAME: "2001-08-27"}, **more}
    world = World("2024-01-02", {NAME: line}, weights, **words)  # type: ignore[arg-type]
    held = portfolio(world)
    prepared = cut(world, [fact("news", world.bars.sessions[news])])
    asked = Asked(Window(0, last), model="mean", estimation=30)
    return follow(prepared, held, replay(*world.inputs), KINDS, asked)


def steps(line: Line) -> dict[str, float]:
    """Return what is not 0, CNY."""
    named = {"paper": line.paper, **dict(zip(STEPS, line.steps, strict=True)), "kept": line.kept}
    return {name: mills / 1_000 for name, mills in named.items() if mills}


# N is 500,000: 50,000 shares at the close of 10.00; sold at no cost but the exchange's transfer fee of 0.001%
QUIET = "10;pre=10 10/11 12 13 13"


@pytest.mark.parametrize(
    ("line", "weights", "more", "expected"),
    [
        pytest.param(QUIET, "5000", {}, {"paper": 150_000, "fees": -5, "kept": 149_995}, id="nothing in the way"),
        pytest.param(
            "10;pre=10 10.5/11 12 13 13", "5000", {},
            {"paper": 150_000, "gap": -25_000, "fees": -5.25, "kept": 124_994.75}, id="gap",
        ),
        pytest.param(
            "10;pre=10 11 12 13 13", "5000", {}, {"paper": 150_000, "gap": -50_000, "locked": -100_000}, id="locked",
        ),
        pytest.param(
            "10;pre=10 11 12 13 13", "5000", {"settings": MarketSettings(commission=0, min_commission=0, chase=1)},
            # bought at 12, held to 13: 50,000 shares
            {
                "paper": 150_000, "gap": -50_000, "locked": -100_000, "chased": 50_000, "fees": -6,
                "kept": 49_994,
            },
            id="locked and bought a session later",
        ),
        pytest.param(
            "10;pre=10 - 10/12 13 13", "5000", {"last": 1}, {"paper": 150_000, "halted": -150_000}, id="halted",
        ),
        pytest.param(
            "10;pre=10 10/11;v=200000 12 13 13", "5000",
            {"settings": MarketSettings(commission=0, min_commission=0)},
            # a tenth of 200,000: 20,000 of 50,000 shares
            {"paper": 150_000, "capacity": -90_000, "fees": -2, "kept": 59_998}, id="capacity",
        ),
        pytest.param(
            QUIET, "5000", {"settings": MarketSettings(3_000, commission=0, min_commission=0)},
            # N is 1,500: 150 shares, of which a lot of 100 is bought
            {"paper": 450, "lots": -150, "fees": -0.01, "kept": 299.99}, id="lot",
        ),
        pytest.param(
            "10;pre=10 10.5/11 12 13 13", "10000",
            {"settings": MarketSettings(1_000, commission=0, min_commission=0)},
            {"paper": 300, "gap": -50, "lots": -250}, id="cash",
        ),
        pytest.param(
            "10;pre=10 10/11 12 13 12.5", "5000|.|0", {},
            # sold at 13, where the window ends too: 5 + 6.5 of transfer fee, 325 of stamp duty
            {"paper": 150_000, "fees": -336.5, "kept": 149_663.5}, id="fees and stamp duty",
        ),
        pytest.param(
            "10;pre=10 10/11 11/12 13 13", "5000|0", {},
            # sold at 11 where the window ends at 13; 5 + 5.5 of transfer fee and 275 of stamp duty
            {"paper": 150_000, "drift": -100_000, "fees": -285.5, "kept": 49_714.5}, id="sold too early",
        ),
        pytest.param(
            "10;pre=10 10/11 12 13 13.5", "5000", {},
            {"paper": 150_000, "drift": 25_000, "fees": -5, "kept": 174_995}, id="held beyond the window",
        ),
        pytest.param(
            QUIET, ".|5000", {},
            # asked at 11: 45,454.5 shares; 45,400 bought at 12, where the order for 500,000 CNY is opened
            {
                "paper": 150_000, "later": -59_090.909, "gap": -45_454.546, "lots": -54.545, "fees": -5.45,
                "kept": 45_394.55,
            },
            id="decided a session later",
        ),
        pytest.param(
            QUIET, "5000", {"settings": replace(FREE, slippage=100)},
            {"paper": 150_000, "slippage": -5_000, "fees": -5.05, "kept": 144_994.95}, id="slippage",
        ),
    ],
)  # fmt: skip
def test_each_step_by_hand(line: str, weights: str, more: dict[str, object], expected: dict[str, float]) -> None:
    (only,) = followed(line, weights, **more).lines  # type: ignore[arg-type]
    assert steps(only) == pytest.approx(expected, abs=0.0011)
    assert only.notional == (500_000_000 if "settings" not in more else only.notional)


def named(line: Line) -> dict[str, int]:
    """Return the steps by name, mills."""
    return dict(zip(STEPS, line.steps, strict=True))


def bought(
    source: Source, weights: dict[tuple[int, int], int], settings: MarketSettings = FREE, **asked: object
) -> Study:
    """Study model releases under a portfolio that has these weights, (row, column) to basis points."""
    prepared = prepare(Everyone, source, None, None, INDEX)
    given = np.full(prepared.bars.shape, -1, dtype=np.int16)
    for at, weight in weights.items():
        given[at] = weight
    held = Portfolio(Targets(given), Exits(), settings, {}, "on_change", ("model_release",))
    wanted = Asked(Window(-2, 20), **asked)  # type: ignore[arg-type]
    return study(Subject("chips", thesis=True), source, prepared, ("model_release",), wanted, portfolio=held)


def day(row: int) -> object:
    return market().bars.sessions[row]


def test_paper_is_the_studys_car_and_a_market_that_opens_at_its_close_takes_nothing_but_the_expected_return() -> None:
    news = [catalyst("first", day(150), [SYMBOLS[0]]), catalyst("second", day(190), [SYMBOLS[1]])]
    source = with_news(market(), *news)
    # asked for on the decision row, sold at the open after the window's last session, which is that session's close
    made = bought(source, {(150, 0): 4_000, (171, 0): 0, (190, 1): 4_000, (211, 1): 0})
    assert made.tradable is not None
    for line, car in zip(made.tradable.lines, made.whole.cars, strict=True):
        assert line.measured
        assert line.over
        assert car is not None
        assert line.paper == round(line.notional * car)
        found = named(line)
        for name in ("later", "locked", "halted", "capacity", "chased", "slippage", "dividend_tax"):
            assert found[name] == 0, name
        assert abs(found["gap"]) <= 1
        assert abs(found["drift"]) <= 1
        assert 0 < -found["fees"] < line.notional // 1_000
        assert abs(found["lots"]) < line.notional // 100
        row = source.bars.sessions.tolist().index(np.datetime64(line.session).astype(object))
        column = SYMBOLS.index(line.symbol)
        growth = source.bars.close[row + 21, column] / source.bars.close[row, column] - 1.0
        assert line.paper + found["expected"] == pytest.approx(line.notional * growth, abs=2)


def test_simple_returns_and_the_plain_mean_are_the_studys_too() -> None:
    source = with_news(market(), catalyst("a", day(150), [SYMBOLS[0]]), catalyst("b", day(190), [SYMBOLS[1]]))
    weights = {(150, 0): 4_000, (190, 1): 4_000}
    for made in (
        bought(source, weights, returns="simple"),
        bought(source, weights, model="mean"),
        bought(source, weights, model="market-adjusted"),
    ):
        assert made.tradable is not None
        papers = [line.paper for line in made.tradable.lines]
        cars = zip(made.tradable.lines, made.whole.cars, strict=True)
        assert papers == [round(line.notional * (car or 0.0)) for line, car in cars]


def test_a_window_that_the_data_cuts_and_a_name_without_a_past_are_told() -> None:
    early, late = catalyst("early", day(10), [SYMBOLS[0]]), catalyst("late", day(250), [SYMBOLS[1]])
    source = with_news(market(), early, late, *(catalyst(f"x{k}", day(150 + 9 * k), [SYMBOLS[2]]) for k in range(2)))
    made = bought(source, {(10, 0): 4_000, (40, 0): 0, (250, 1): 4_000})
    assert made.tradable is not None
    (one,) = made.tradable.kinds
    assert (one.asks, one.bought, one.unmeasured, one.unfinished) == (2, 2, 1, 1)
    assert (one.events, one.unasked) == (4, 2)
    first = made.tradable.lines[0]
    moved = source.bars.close[31, 0] / source.bars.close[10, 0] - 1.0
    index = source.bars.index_close[INDEX]
    assert first.paper == pytest.approx(first.notional * (moved - (index[31] / index[10] - 1.0)), abs=1)


def test_what_no_catalyst_explains_stands_apart_and_what_comes_again_is_counted_once() -> None:
    line = "10;pre=10 10 11 12 12 12 12 11 11 11"
    # bought before any news; sold; bought for the news of row 4; sold; bought again for the same news
    made = followed(line, "5000|0|.|.|5000|0|5000|.|0", news=4)
    assert [(one.kind, one.session, one.again) for one in made.lines] == [
        ("", "2024-01-02", False), ("policy", "2024-01-08", False), ("policy", "2024-01-10", True),
    ]  # fmt: skip
    assert [(one.kind, one.asks) for one in made.kinds if one.asks] == [("policy", 2), ("", 1)]
    again = made.lines[2]
    assert (again.notional, again.paper) == (0, 0)
    assert named(again)["drift"] - again.kept == -named(again)["fees"]
    assert made.total.again == 1
    assert made.total.kept == sum(one.kept for one in made.kinds)


def test_news_of_a_name_that_is_asked_for_already_is_not_called_never_asked_for() -> None:
    # bought for the news of row 0 and held; news of another kind comes on rows 0 and 2, and once it is sold on row 4
    line = "10;pre=10 10 11 12 12 12 12 11"
    world = World("2024-01-02", {NAME: line}, "5000|.|.|0", settings=FREE, listed={NAME: "2001-08-27"})
    days = world.bars.sessions
    facts = [fact("a", days[0], strength=2.0), *(fact(f"b{row}", days[row], kind="results") for row in (0, 2, 4))]
    made = follow(cut(world, facts), portfolio(world), replay(*world.inputs), KINDS, Asked(Window(0, 2), "mean"))
    told = {one.kind: (one.asks, one.events, one.unasked, one.covered) for one in made.kinds}
    assert told == {"policy": (1, 1, 0, 0), "results": (0, 3, 3, 2), "model_release": (0, 0, 0, 0)}
    assert (made.total.unasked, made.total.covered) == (3, 2)


def test_windows_of_one_name_that_overlap_are_counted() -> None:
    # bought for the news of row 0, sold, and bought for that of row 2: sessions 3 and 4 stand on paper twice
    line = "10;pre=10 10 11 12 12 12 12 11"
    world = World("2024-01-02", {NAME: line}, "5000|0|5000|.|0|.|5000", settings=FREE, listed={NAME: "2001-08-27"})
    days = [str(one) for one in world.bars.sessions]
    facts = [fact(f"n{row}", days[row]) for row in (0, 2, 6)]
    made = follow(cut(world, facts), portfolio(world), replay(*world.inputs), KINDS, Asked(Window(0, 3), "mean"))
    assert [(one.news, one.until) for one in made.lines] == [
        (days[0], days[4]), (days[2], days[6]), (days[6], days[7]),
    ]  # fmt: skip
    assert made.total.overlapping == 1


def test_what_was_asked_for_stands_beside_all_that_was_measured() -> None:
    # one event rises and is left; the other falls and is bought
    effects = {(150, SYMBOLS[0]): 0.08, (190, SYMBOLS[1]): -0.08}
    source = market(effects=effects)
    days = source.bars.sessions
    source = with_news(source, catalyst("up", days[149], [SYMBOLS[0]]), catalyst("down", days[189], [SYMBOLS[1]]))
    made = bought(source, {(189, 1): 4_000})
    assert made.tradable is not None
    lean = bought(source, {(149, 0): 1_000, (175, 0): 0, (189, 1): 8_000}).tradable
    assert lean is not None
    assert lean.total.picked is not None
    assert lean.total.picked.weighed < -0.04 < lean.total.picked.asked_mean, "more money where it fell"
    assert lean.total.picked.weighed == pytest.approx(lean.total.paper / lean.total.notional, abs=1e-6)
    picked, (up, down) = made.tradable.total.picked, made.whole.cars
    assert picked is not None
    assert up is not None
    assert down is not None
    assert (picked.events, picked.asked, picked.turned) == (2, 1, False)
    assert (picked.mean, picked.asked_mean) == (pytest.approx((up + down) / 2), down)
    assert picked.mean == pytest.approx(made.whole.headline.mean)
    assert made.tradable.kinds[0].picked == picked
    everything = bought(source, {(149, 0): 4_000, (189, 1): 4_000}).tradable
    assert everything is not None
    whole = everything.total.picked
    assert whole is not None
    assert (whole.asked, whole.asked_mean) == (2, picked.mean)
    assert picked_words(whole).startswith("All 2 measured events, each of which the thesis asked for, returned ")
    words = picked_words(picked)
    assert f"the 1 of them that the thesis asked for {100 * down:+.1f}%, and {100 * down:+.1f}% weighed by" in words
    assert ", bad news turned, the 1 of them" in picked_words(picked._replace(turned=True))


def test_what_is_asked_for_while_it_is_held_belongs_to_what_bought_it() -> None:
    # the sale of row 1 is locked at the lower limit, and the name is asked for again meanwhile
    made = followed("10;pre=10 10 9 9 9", "5000|0|5000", last=1)
    (only,) = made.lines
    assert only.session == "2024-01-02"
    assert only.kept < 0


def test_an_ask_that_a_newer_catalyst_renews_is_two() -> None:
    # locked on row 1; asked anew after the news of row 2 and bought on row 3
    world = World(
        "2024-01-02", {NAME: "10;pre=10 11 11 11 11"}, "5000|.|4000", settings=FREE, listed={NAME: "2001-08-27"}
    )
    days = world.bars.sessions
    prepared = cut(world, [fact("old", days[0]), fact("new", days[2], kind="results")])
    made = follow(prepared, portfolio(world), replay(*world.inputs), KINDS, Asked(Window(0, 1), "mean"))
    assert [(one.kind, one.session, one.bought) for one in made.lines] == [
        ("policy", "2024-01-02", ""), ("results", "2024-01-04", "2024-01-05"),
    ]  # fmt: skip


def test_dividends_and_their_tax() -> None:
    line = "10;pre=10 10 9.5;cash=0.5 9.5 9.5"
    taxed = MarketSettings(commission=0, min_commission=0, dividend_tax=True)
    (only,) = followed(line, "5000|.|0", settings=taxed, last=2).lines
    # 50,000 shares: 25,000 of dividend, a fifth of it taxed; the price falls by what is paid
    assert steps(only)["dividend_tax"] == -5_000
    assert abs(only.paper) <= 1
    assert only.kept == round(1_000 * (-5_000 - 5 - 4.75 - 237.5))


def test_an_average_price_is_what_orders_meet() -> None:
    average = MarketSettings(commission=0, min_commission=0, price="vwap")
    (only,) = followed("10;pre=10 10/11;a=10500000 12 13 13", "5000", settings=average).lines
    assert steps(only) == pytest.approx(
        {"paper": 150_000, "gap": -25_000, "fees": -5.25, "kept": 124_994.75}, abs=0.001
    )
    (none,) = followed("10;pre=10 10/11 12 13 13", "5000", settings=average).lines
    assert steps(none) == {"paper": 150_000, "halted": -150_000}


def test_a_window_before_the_news_holds_nothing_that_can_be_bought() -> None:
    world = World("2024-01-02", {NAME: QUIET}, "5000", listed={NAME: "2001-08-27"})
    prepared = cut(world, [fact("news", world.bars.sessions[0])])
    assert tradable(prepared, portfolio(world), KINDS, Asked(Window(-5, -1), "mean")) is None


def drawn(world: World, source: random.Random, first: int) -> tuple[Prepared, Portfolio, Ledger, tuple[str, ...]]:
    """Return a world with catalysts at random, its window from row `first` on, and what the compiled engine trades."""
    days, symbols = world.bars.sessions, world.bars.symbols
    facts = [
        fact(
            f"c{k}", source.choice(days), source.sample(symbols, source.randint(1, min(2, len(symbols)))),
            source.choice(KINDS), source.choice((1.0, -1.0, 0.5)),
        )
        for k in range(source.randint(0, 10))
    ]  # fmt: skip
    heard = source.choice([(), KINDS[:1], KINDS[:2], KINDS])
    prepared, held = cut(world, facts, first), portfolio(world, heard, first)
    return prepared, held, sweep.ledger(prepared.bars, held.targets, held.exits, held.settings), heard


def check_sums(prepared: Prepared, held: Portfolio, ledger: Ledger, heard: Sequence[str], last: int) -> None:
    """Check all that must hold in any market."""
    made = follow(prepared, held, ledger, heard, Asked(Window(-2, last), "mean", 30))
    trips = round_trips(ledger, dividends_by_symbol(ledger, prepared.bars))
    told = {one.kind: one.contribution for one in attribute(prepared.history, ledger, trips, heard).kinds}
    kept = {one.kind: one.kept for one in made.kinds}
    assert all(kept.get(kind, 0) == told.get(kind, 0) for kind in {*kept, *told})
    assert made.total.kept == sum(kept.values()) == sum(trip.result for trip in trips)
    assert made.total.kept == int(ledger.equity[-1]) - ledger.start_cash
    assert sum(bool(line.bought) for line in made.lines) == len(trips)
    assert all(one.paper + sum(one.steps) == one.kept for one in made.lines)
    assert all(one.paper + sum(one.steps) == one.kept for one in (*made.kinds, made.total))
    for line in made.lines:
        found = named(line)
        assert found["slippage"] <= 0
        assert found["fees"] <= 0
        assert found["dividend_tax"] <= 0
        if not line.bought:
            assert line.kept == 0
            assert found["drift"] == found["fees"] == 0
    assert [sum(parts) for parts in zip(*(one.steps for one in made.kinds), strict=True)] == list(
        made.total.steps if made.kinds else ()
    )


@hypothesis(max_examples=40, deadline=None)
@given(worlds(), st.randoms(use_true_random=False), st.sampled_from([0, 1, 5]))
def test_parts_add_up_on_any_small_market(world: World, source: random.Random, last: int) -> None:
    first = source.randrange(len(world.bars.sessions))
    check_sums(*drawn(world, source, first), last)


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 80))])
def test_parts_add_up_on_long_markets(seed: int) -> None:
    source = random.Random(seed)  # noqa: S311  a test market
    world = random_world(seed, sessions=130, symbols=8)
    check_sums(*drawn(world, source, source.choice([0, 40])), source.choice([3, 20]))


def test_each_trip_has_its_ask_and_no_two_share_one() -> None:
    for seed in range(6):
        source = random.Random(seed)  # noqa: S311  a test market
        prepared, held, ledger, heard = drawn(random_world(seed, 60, 6), source, 0)
        touches = prepared.history.touches(-LOOK_BACK)
        trips = round_trips(ledger)
        found = asks(held.targets, ledger, trips, Governing(touches, heard), touches)
        own = [ask.trip for ask in found if ask.trip is not None]
        assert sorted(own, key=lambda trip: (trip.opened, trip.symbol)) == list(trips)
        assert all(ask.row < ask.trip.opened for ask in found if ask.trip is not None)
        assert len({(ask.row, ask.column) for ask in found}) == len(found)
