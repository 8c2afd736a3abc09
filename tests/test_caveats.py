from __future__ import annotations

import numpy as np

from backfolio.caveats import SHOWN, few, too_small
from backfolio.replay import replay
from backfolio.settings import MarketSettings
from backfolio.testing import World


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
