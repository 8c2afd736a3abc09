from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio.calendar import SHANGHAI
from backfolio.catalysts import Catalyst
from backfolio.caveats import SHOWN, few, leans, too_small, touches
from backfolio.history import History
from backfolio.quality import Finding
from backfolio.replay import replay
from backfolio.settings import MarketSettings
from backfolio.testing import World
from backfolio.universe import Member, Universe

if TYPE_CHECKING:
    from backfolio.ledger import Ledger


def test_a_weight_worth_less_than_a_lot_is_named() -> None:
    # STAR wants 200 shares: a quarter of a million buys 199 at 1,256; the main board takes its hundreds.
    lines = {"688256.SH": "1256;pre=1256 1256 1256", "600000.SH": "10;pre=10 10 10"}
    world = World("2025-08-20", lines, weights="2500 2500|. .|. .")
    bars, targets, exits, settings = world.inputs
    ledger = replay(bars, targets, exits, settings)
    assert [ledger.symbols[fill.symbol] for fill in ledger.fills] == ["600000.SH"]
    assert ledger.refusals == ()
    assert too_small(ledger, targets) == ["688256.SH on 2025-08-20 (199 of 200 shares)"]
    richer = replay(bars, targets, exits, MarketSettings(cash=2_000_000))
    assert too_small(richer, targets) == []


def test_what_is_held_is_not_too_small() -> None:
    world = World("2025-08-20", {"600000.SH": "10;pre=10 10 10 10"}, weights="5000|.|1|.")
    bars, targets, exits, settings = world.inputs
    ledger = replay(bars, targets, exits, settings)
    assert np.count_nonzero(ledger.positions)
    assert too_small(ledger, targets) == []


def test_a_long_list_is_cut() -> None:
    assert few("abc") == "a, b, c"
    assert few([str(k) for k in range(SHOWN + 2)]) == "0, 1, 2, 3, 4 and 2 more"


OWN, OTHER = "600000.SH", "688256.SH"
FIRST, LAST = dt.date(2025, 8, 20), dt.date(2025, 8, 22)


def a_run(universe: str | None) -> tuple[History, Ledger]:
    """Return three sessions of a run that holds OWN alone."""
    world = World("2025-08-20", {OWN: "10;pre=10 10 10"}, weights="5000|.|.")
    bars, targets, exits, settings = world.inputs
    members = None if universe is None else Universe(universe, (Member(OWN, "Bank", "", "bank"),))
    return History(bars, (), members), replay(bars, targets, exits, settings)


def told(symbol: str, first: dt.date | None, last: dt.date | None, rule: str = "gap", value: str = "x") -> Finding:
    return Finding(rule, "warning", symbol, first, last, 1, value, "look")


def day(number: int) -> dt.date:
    return dt.date(2025, 8, number)


@pytest.mark.parametrize(
    ("finding", "touched"),
    [
        pytest.param(told(OWN, FIRST, LAST), True, id="inside"),
        pytest.param(told(OWN, None, None), True, id="no date"),
        pytest.param(told(OWN, day(1), FIRST), True, id="reaches in from before"),
        pytest.param(told(OWN, LAST, day(29)), True, id="begins on the last session"),
        pytest.param(told(OWN, LAST, None), True, id="one day"),
        pytest.param(told(OWN, day(1), day(19)), False, id="before"),
        pytest.param(told(OWN, day(25), day(29)), False, id="after"),
        pytest.param(told(OTHER, FIRST, LAST), False, id="another name"),
        pytest.param(told(OWN, day(21), day(29), "stale"), True, id="bars end inside"),
        pytest.param(told(OWN, LAST, day(29), "stale"), False, id="bars end with the window"),
        pytest.param(
            told("", None, None, "survivorship", "banks: 1 of 2 members have no bars"), True, id="its universe"
        ),
        pytest.param(told("", None, None, "survivorship", "chips: 1 of 2 members have no bars"), False, id="another"),
        pytest.param(told("", None, None, "survivorship", "no name ever ended: 1,443 symbols"), False, id="the store"),
        pytest.param(told("", day(21), day(29), "stale", "bars end 2025-08-21: 12 symbols"), False, id="others' ends"),
    ],
)
def test_a_run_is_told_what_touches_its_names_and_sessions(finding: Finding, touched: bool) -> None:
    known, ledger = a_run("banks")
    assert touches(finding, known, ledger) is touched


def test_a_run_without_a_universe_is_told_what_is_about_the_whole_store() -> None:
    known, ledger = a_run(None)
    assert touches(told("", None, None, "survivorship", "no name ever ended: 1,443 symbols"), known, ledger)
    assert not touches(told("", day(25), day(29), "gap"), known, ledger)


def test_a_shared_last_bar_is_told_to_the_run_whose_own_name_ends_there() -> None:
    world = World("2025-08-20", {OWN: "10;pre=10 10 10", OTHER: "10;pre=10 10 -"}, weights="5000 .|. .|. .")
    bars, targets, exits, settings = world.inputs
    known = History(bars, (), Universe("both", tuple(Member(name, name, "", "x") for name in (OWN, OTHER))))
    shared = told("", day(21), day(29), "stale", "bars end 2025-08-21: 12 symbols")
    assert touches(shared, known, replay(bars, targets, exits, settings))


# what a result leans on


def leant(cells: dict[str, str], weights: str, *facts: Catalyst) -> list[str]:
    """Return what is said of a run from 2024-01-02 on."""
    world = World("2024-01-02", cells, weights, listed=dict.fromkeys(cells, "1999-11-10"))
    return list(leans(History(world.bars, facts), replay(*world.inputs)))


def fact(name: str, symbol: str, evening: str) -> Catalyst:
    known = dt.datetime.fromisoformat(f"{evening}T20:00:00").replace(tzinfo=SHANGHAI)
    return Catalyst(name, "policy", name, known, (symbol,), source="x", certainty="high", time_known="yes")


UP, FLAT = "10;pre=10 10 10.5 10.9 10.9", "10;pre=10 10 10 10 10"


def test_few_trips_and_a_profit_of_one_name_are_told() -> None:
    told = leant({OWN: UP, OTHER: FLAT}, "4000 4000|.|0 0")
    assert len(told) == 2
    assert told[0].startswith("Only 2 round trips closed, too few to tell skill from luck")
    assert re.fullmatch(rf"{OWN} makes 10\d% of the profit: .+", told[1])


def test_a_profit_of_one_catalyst_is_told() -> None:
    told = leant({OWN: UP, OTHER: UP}, "4000 4000|.|0 0", fact("news", OWN, "2024-01-02"))
    assert not any("One catalyst" in line for line in told)  # each name makes half
    told = leant({OWN: UP, OTHER: FLAT}, "4000 4000|.|0 0", fact("news", OWN, "2024-01-02"))
    assert any(line.startswith("One catalyst makes 10") and "(news)" in line for line in told)


def test_a_profit_from_opens_after_a_lock_is_told() -> None:
    locked = "10;pre=10 10/11 11.5 12 12"
    told = leant({OWN: locked, OTHER: locked.replace("11", "12").replace("12.5", "12.2")}, ".|4000 4000|.|0 0")
    (line,) = [line for line in told if "upper limit" in line]
    assert line.startswith("2 round trips opened right after a close at the upper limit make 100% of the profit")
    assert "--slippage" in line


def test_sessions_without_bars_are_told_with_the_names_that_lack_most() -> None:
    (line,) = leant({OWN: "10;pre=10 - - 10", OTHER: "10;pre=10 10 - 10"}, "")
    assert line.startswith("No bar on 37.5% of the universe's sessions, halted or missing (600000.SH 50%, 688256.SH")


def test_a_loss_leans_on_nothing_and_one_trip_is_its_own_profit() -> None:
    told = leant({OWN: FLAT, OTHER: FLAT}, "4000 4000|.|0 0")
    assert [line[:4] for line in told] == ["Only"]
    told = leant({OWN: UP, OTHER: FLAT}, "4000 .|.|0 .")
    assert [line[:24] for line in told] == ["Only 1 round trip closed"]
    assert leant({OWN: FLAT}, "") == []
