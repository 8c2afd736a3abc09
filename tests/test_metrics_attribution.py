from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfolio.calendar import SHANGHAI
from backfolio.catalysts import KINDS, Catalyst
from backfolio.history import History
from backfolio.metrics import attribute, dividends_by_symbol, round_trips
from backfolio.metrics.attribution import LOOK_BACK, NO_CATALYST
from backfolio.replay import replay
from backfolio.testing import World
from backfolio.testing.worlds import worlds
from finished import alone, small_result

if TYPE_CHECKING:
    from backfolio.metrics import Attribution

NAME = "600519.SH"
FLAT = " ".join(["10;pre=10"] + ["10"] * 79)


def fact(name: str, evening: str, strength: float = 1.0, symbols: tuple[str, ...] = (NAME,), **more: str) -> Catalyst:
    """Return a fact known on an evening: its decision row is that session."""
    known = dt.datetime.fromisoformat(f"{evening}T20:00:00").replace(tzinfo=SHANGHAI)
    return Catalyst(
        name,
        more.get("kind", "policy"),
        name,
        known,
        symbols,
        strength=strength,
        source="x",
        certainty="high",
        time_known="yes",
    )


def shared_out(weights: str, *facts: Catalyst) -> Attribution:
    """Attribute the round trips of one flat name from 2024-01-02 on."""
    world = World("2024-01-02", {NAME: FLAT}, weights, listed={NAME: "2001-08-27"})
    ledger = replay(*world.inputs)
    return attribute(History(world.bars, facts), ledger, round_trips(ledger))


def owners(found: Attribution) -> list[tuple[str, list[int]]]:
    return [(one.catalyst.id, [trip.opened for trip in one.trips]) for one in found.moved]


def test_a_trip_belongs_to_the_latest_catalyst_that_could_be_decided_on() -> None:
    # rows: 01-02 is 0, 01-03 is 1, 01-04 is 2; bought at the opens of rows 2 and 4
    found = shared_out(
        ".|5000|0|5000|0",
        fact("first", "2024-01-02"), fact("second", "2024-01-03"), fact("late", "2024-01-04"),
    )  # fmt: skip
    assert [one.row for one in found.moved] == [0, 1, 2]
    assert owners(found) == [("first", []), ("second", [2]), ("late", [4])]
    assert found.unmoved == ()


def test_of_one_row_the_strongest_counts_then_the_first_by_id() -> None:
    day = "2024-01-03"
    found = shared_out(".|5000|0", fact("weak", day, 0.1), fact("down", day, -0.9), fact("up", day, 0.5))
    assert dict(owners(found)) == {"weak": [], "down": [2], "up": []}
    found = shared_out(".|5000|0", fact("b", day), fact("a", day), fact("c", day))
    assert dict(owners(found)) == {"a": [2], "b": [], "c": []}


def test_a_kind_that_the_thesis_does_not_ask_for_moves_nothing() -> None:
    world = World("2024-01-02", {NAME: FLAT}, ".|5000|0", listed={NAME: "2001-08-27"})
    ledger = replay(*world.inputs)
    history = History(world.bars, (fact("asked", "2024-01-02", kind="model_release"), fact("other", "2024-01-03")))
    trips = round_trips(ledger)
    assert owners(attribute(history, ledger, trips)) == [("asked", []), ("other", [2])]
    assert owners(attribute(history, ledger, trips, ["model_release"])) == [("asked", [2]), ("other", [])]
    found = attribute(history, ledger, trips, [])
    assert owners(found) == [("asked", []), ("other", [])]
    assert found.unmoved == trips


def test_a_catalyst_of_another_name_explains_nothing() -> None:
    found = shared_out(".|5000|0", fact("other", "2024-01-03", symbols=("600000.SH",)))
    assert found.moved == ()
    assert [(trip.opened, trip.closed) for trip in found.unmoved] == [(2, 3)]
    (kind,) = found.kinds
    assert (kind.kind, kind.catalysts, kind.trips) == (NO_CATALYST, 0, 1)


@pytest.mark.parametrize(("rows", "explained"), [(LOOK_BACK - 1, True), (LOOK_BACK, False)])
def test_a_catalyst_explains_nothing_after_a_quarter(rows: int, explained: bool) -> None:
    # decided on row `rows`, so bought at the open of the next; the catalyst is that of row 0
    found = shared_out("|".join(["."] * rows + ["5000"]), fact("old", "2024-01-02"))
    assert owners(found) == [("old", [rows + 1] if explained else [])]
    assert len(found.unmoved) == (not explained)


def test_one_before_the_window_stands_there_only_if_it_moved_something() -> None:
    before = fact("before", "2023-12-20")
    assert owners(shared_out("5000|0", before)) == [("before", [1])]
    assert shared_out("5000|0", before).moved[0].row < 0
    assert shared_out(".|.", before).moved == ()


def test_buys_refused_before_the_name_was_bought_belong_to_the_catalyst() -> None:
    # locked at the upper limit for two sessions, bought on the third, asked for more and refused on the fifth
    cells = ["10;pre=10", "10", "11", "12.1", "12.1/12", "12", "13.2", "13"]
    world = World("2024-01-02", {NAME: " ".join(cells)}, ".|2000|2000|2000|.|4000|.|.", listed={NAME: "2001-08-27"})
    ledger = replay(*world.inputs)
    assert [(one.session, one.reason) for one in ledger.refusals] == [(2, "limit_up"), (3, "limit_up"), (6, "limit_up")]
    found = attribute(History(world.bars, [fact("news", "2024-01-03")]), ledger, round_trips(ledger))
    (moved,) = found.moved
    assert [refusal.session for refusal in moved.refusals] == [2, 3]
    assert [trip.opened for trip in moved.trips] == [4]


def test_kinds_count_their_catalysts_and_the_rest_comes_last() -> None:
    found = shared_out(
        "5000|0|5000|0|.|5000|0",
        fact("release", "2024-01-03", kind="model_release"), fact("cut", "2024-01-04", kind="target_cut"),
        fact("again", "2024-01-05", kind="model_release"),
    )  # fmt: skip
    assert [(one.kind, one.catalysts, one.trips) for one in found.kinds] == [
        ("model_release", 2, 1), ("target_cut", 1, 1), (NO_CATALYST, 0, 1),
    ]  # fmt: skip
    release = found.kinds[0]
    (trip,) = next(one for one in found.moved if one.catalyst.id == "again").trips
    assert (release.hit_rate, release.mean_result, release.contribution) == (0.0, trip.fraction, trip.result)
    assert trip.result < 0  # fees


def test_a_kind_without_a_trip_has_no_rate() -> None:
    (kind,) = shared_out(".|.", fact("release", "2024-01-03", kind="model_release")).kinds
    assert (kind.trips, kind.hit_rate, kind.mean_result, kind.contribution) == (0, None, None, 0)


def test_results_of_the_small_run_add_up() -> None:
    result = small_result()
    trips = round_trips(result.ledger, dividends_by_symbol(result.ledger, result.history.bars))
    found = attribute(result.history, result.ledger, trips)
    assert {one.catalyst.id for one in found.moved} == {"script", "segment"}
    gained = int(result.ledger.equity[-1]) - result.ledger.start_cash
    assert sum(kind.contribution for kind in found.kinds) == gained
    assert sum(one.result for one in found.moved) + sum(trip.result for trip in found.unmoved) == gained


def test_nothing_traded_is_nothing_moved() -> None:
    result = alone(FLAT, "")
    assert attribute(result.history, result.ledger, ()).unmoved == ()


@given(world=worlds(), data=st.data())
@settings(max_examples=60)
def test_every_trip_stands_once_and_contributions_add_up_to_what_the_account_gained(
    world: World, data: st.DataObject
) -> None:
    bars, targets, exits, market = world.inputs
    ledger = replay(bars, targets, exits, market)
    rows = st.integers(0, len(bars.sessions) - 1)
    facts = [
        replace(
            fact(f"f{number}", str(bars.sessions[data.draw(rows)]), data.draw(st.sampled_from([0.0, 1.0, -2.0]))),
            kind=data.draw(st.sampled_from(KINDS)),
            symbols=tuple(data.draw(st.sets(st.sampled_from(bars.symbols), min_size=1))),
        )
        for number in range(data.draw(st.integers(0, 4)))
    ]
    trips = round_trips(ledger, dividends_by_symbol(ledger, bars))
    found = attribute(History(bars, facts), ledger, trips)
    owned = [trip for one in found.moved for trip in one.trips] + list(found.unmoved)
    assert sorted(owned, key=lambda trip: (trip.opened, trip.symbol, trip.sessions)) == sorted(
        trips, key=lambda trip: (trip.opened, trip.symbol, trip.sessions)
    )
    assert sum(kind.contribution for kind in found.kinds) == int(ledger.equity[-1]) - ledger.start_cash
    assert sum(kind.trips for kind in found.kinds) == len(trips)
    assert sum(kind.catalysts for kind in found.kinds) == len(found.moved)
    for one in found.moved:
        assert all(trip.symbol in one.columns and one.row < trip.opened <= one.row + LOOK_BACK for trip in one.trips)
