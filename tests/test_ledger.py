from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backfolio.ledger import Fill, Ledger, Refusal

BOUGHT = Fill(1, 0, "buy", 100, 10_000, 5_000, 0, 10, 0, "target")
SOLD = Fill(2, 0, "sell", 100, 11_000, 5_000, 550, 10, 0, "stop_loss")
REFUSED = Refusal(2, 1, "buy", 300, "limit_up")


def ledger(**changes: Any) -> Ledger:
    made = Ledger(
        sessions=np.array(["2024-01-02", "2024-01-03", "2024-01-04"], dtype="datetime64[D]"),
        symbols=("600000.SH", "688256.SH"),
        fills=(BOUGHT, SOLD),
        refusals=(REFUSED,),
        cash=np.array([10_000_000, 8_994_990, 10_089_430]),
        equity=np.array([10_000_000, 9_994_990, 10_089_430]),
        positions=np.array([[0, 0], [100, 0], [0, 0]]),
        mark=np.array([[10_000, 0], [10_000, 0], [11_000, 0]]),
        start_cash=10_000_000,
        dividends=np.array([0, 0, 0]),
    )
    return replace(made, **changes)


def test_two_ledgers_are_equal_when_every_row_is() -> None:
    assert ledger() == ledger()
    assert ledger().first_difference(ledger()) == ""
    assert ledger() != "a ledger"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"symbols": ("600000.SH", "688981.SH")}, "the ledgers cover other symbols or sessions"),
        (
            {"sessions": np.array(["2024-01-02", "2024-01-03", "2024-01-05"], dtype="datetime64[D]")},
            "the ledgers cover other symbols or sessions",
        ),
        (
            {"fills": (BOUGHT, SOLD._replace(price=11_010))},
            f"fills[1]: {SOLD} != {SOLD._replace(price=11_010)}",
        ),
        ({"fills": (BOUGHT, SOLD._replace(reason="target"))}, "reason='stop_loss'"),
        ({"fills": (BOUGHT,)}, "fills: 2 rows != 1 rows"),
        ({"fills": (SOLD, BOUGHT)}, "fills[0]: "),
        ({"refusals": ()}, "refusals: 1 rows != 0 rows"),
        ({"refusals": (REFUSED._replace(shares=200),)}, "refusals[0]: "),
        ({"refusals": (REFUSED, REFUSED)}, "refusals: 1 rows != 2 rows"),
        ({"cash": np.array([10_000_000, 8_994_980, 1])}, "cash[1] (2024-01-03): 8994990 != 8994980"),
        ({"equity": np.array([10_000_000, 9_994_990, 10_089_440])}, "equity[2] (2024-01-04): 10089430 != 10089440"),
        ({"dividends": np.array([0, 7, 0])}, "dividends[1] (2024-01-03): 0 != 7"),
        ({"positions": np.array([[0, 0], [100, 5], [0, 0]])}, "positions[1, 1] (2024-01-03): 0 != 5"),
    ],
)
def test_the_first_difference_is_told_in_one_line(changes: dict[str, Any], told: str) -> None:
    ours, theirs = ledger(), ledger(**changes)
    line = ours.first_difference(theirs)
    assert told in line
    assert "\n" not in line
    assert ours != theirs
    assert theirs.first_difference(ours) != ""


def test_a_fill_is_told_before_the_cash_that_follows_from_it() -> None:
    other = ledger(fills=(BOUGHT._replace(shares=200), SOLD), cash=np.array([1, 2, 3]))
    assert ledger().first_difference(other).startswith("fills[0]: ")


def test_a_ledger_cannot_be_written_to_or_be_a_key() -> None:
    made = ledger()
    for array in (made.cash, made.equity, made.positions, made.mark, made.dividends):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(made)


def test_returns_count_from_the_starting_cash() -> None:
    made = ledger(start_cash=8_000_000, equity=np.array([10_000_000, 5_000_000, 5_500_000]))
    assert made.returns().tolist() == pytest.approx([0.25, -0.5, 0.1])


def test_an_account_that_lost_all_returns_nothing_and_no_nan() -> None:
    assert ledger(equity=np.array([5_000_000, 0, 0])).returns().tolist() == [-0.5, -1.0, 0.0]
