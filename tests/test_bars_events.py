"""Which row counts where several sources, or one source twice, tell a corporate action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfolio.bars import build_bars, events
from backfolio.money import PER_SHARE
from backfolio.store import Batch, reading, writing
from examined import DAYS, A, B, ex, quotes, table

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

Row = tuple[str, int, float]
"""Source, session, cash a share."""


def actions(*told: Row, symbol: str = A, **columns: Any) -> pd.DataFrame:
    source, at, cash = zip(*told, strict=True)
    days = [DAYS[day] for day in at]
    blank = dict.fromkeys(("shares", "ratio", "rights", "rights_price"), np.nan)
    return table(symbol=[symbol] * len(told), ex_date=days, source=list(source), **{**blank, "cash": cash, **columns})


def dated(frame: pd.DataFrame, chosen: NDArray[np.intp]) -> list[Row]:
    told = frame.iloc[chosen]
    days = [DAYS.index(f"{day:%Y-%m-%d}") for day in told["ex_date"]]
    return list(zip(told["source"], days, told["cash"], strict=True))


def moved(day: int, cash: float = 0.3) -> pd.DataFrame:
    """Return bars whose reference price moves on one day."""
    return ex(quotes(A, 1), DAYS[day], cash=cash)


SINA, EAST = ("sina", 10, 0.3), ("eastmoney", 11, 0.3)
CASES: dict[str, tuple[list[Row], list[Row]]] = {
    "one host": ([SINA], [SINA]),
    "two hosts on one day": ([SINA, ("eastmoney", 10, 0.25)], [SINA]),
    "two hosts a day apart": ([EAST, SINA], [SINA]),
    "two hosts ten sessions apart": ([SINA, ("cninfo", 20, 0.29)], [SINA]),
    "two hosts eleven sessions apart": ([SINA, ("cninfo", 21, 0.3)], [SINA, ("cninfo", 21, 0.3)]),
    "two events of both": (
        [SINA, ("sina", 15, 0.05), ("eastmoney", 10, 0.3), ("eastmoney", 15, 0.05)],
        [SINA, ("sina", 15, 0.05)],
    ),
    "a second event that one host lacks": ([SINA, ("eastmoney", 10, 0.3), ("eastmoney", 15, 0.05)],
                                          [SINA, ("eastmoney", 15, 0.05)]),
    "a moved date that another host has once": ([SINA, ("sina", 13, 0.3), ("eastmoney", 13, 0.3)], [("sina", 13, 0.3)]),
    "both dates by both": (
        [SINA, ("sina", 13, 0.3), ("eastmoney", 10, 0.3), ("eastmoney", 13, 0.3)],
        [SINA, ("sina", 13, 0.3)],
    ),
    "a correction by hand": ([SINA, ("import", 10, 0.5)], [("import", 10, 0.5)]),
    "a date corrected by hand": ([SINA, EAST, ("import", 12, 0.3)], [("import", 12, 0.3)]),
    "two of the same by hand": ([("import", 10, 0.3), ("import", 12, 0.3), SINA],
                                [("import", 10, 0.3), ("import", 12, 0.3)]),
    "nothing happened": ([SINA, ("eastmoney", 10, 0.3), ("import", 10, 0.0)], []),
    "nothing happened on one of two dates": ([SINA, ("sina", 13, 0.3), ("import", 13, 0.0)], [SINA]),
    "a host that tells nought": ([("sina", 10, 0.0), ("cninfo", 10, 0.3)], [("cninfo", 10, 0.3)]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_one_row_an_event_counts(case: str) -> None:
    told, wanted = CASES[case]
    frame = actions(*told)
    chosen = events.paid(frame)
    assert dated(frame, chosen.rows) == wanted
    assert not chosen.doubts


@pytest.mark.parametrize("shift", [1, 5, 10])
def test_the_reference_price_tells_which_of_two_dates_is_right(shift: int) -> None:
    frame = actions(SINA, ("eastmoney", 10 + shift, 0.3))
    assert dated(frame, events.paid(frame, moved(10 + shift)).rows) == [("eastmoney", 10 + shift, 0.3)]
    assert dated(frame, events.paid(frame, moved(10)).rows) == [SINA]
    by_hand = actions(("import", 10, 0.3), ("eastmoney", 10 + shift, 0.3))
    assert dated(by_hand, events.paid(by_hand, moved(10 + shift)).rows) == [("import", 10, 0.3)]


def test_two_dates_on_which_the_reference_price_moved_are_two_events() -> None:
    frame = actions(SINA, ("eastmoney", 14, 0.3))
    twice = ex(moved(10), DAYS[14], cash=0.3)
    assert dated(frame, events.paid(frame, twice).rows) == [SINA, ("eastmoney", 14, 0.3)]
    assert not events.paid(frame, twice).moved


def test_dates_that_pass_in_one_halt_are_one_event() -> None:
    halt = quotes(A, 1, without=tuple(DAYS[9:13]))
    frame = actions(SINA, EAST)
    assert dated(frame, events.paid(frame, ex(halt, DAYS[13], cash=0.3)).rows) == [SINA]


def test_a_reference_price_that_says_neither_is_no_witness() -> None:
    frame = actions(SINA, EAST)
    silent = moved(11)
    silent.loc[10, "pre_close"] = np.nan
    assert dated(frame, events.paid(frame, silent).rows) == [SINA]
    assert dated(frame, events.paid(frame, moved(11).drop(columns="pre_close")).rows) == [SINA]


DOUBTS: dict[str, list[Row]] = {
    "a source that tells it twice": [SINA, ("sina", 13, 0.3)],
    "two sizes on two dates": [SINA, ("eastmoney", 12, 0.5)],
    "three dates of two sources": [SINA, ("sina", 12, 0.3), ("eastmoney", 14, 0.3)],
    "another size by hand, the host's date left": [SINA, ("import", 12, 0.5)],
}


@pytest.mark.parametrize("case", DOUBTS)
def test_what_nothing_decides_is_a_doubt_and_counts_as_told(case: str) -> None:
    frame = actions(*DOUBTS[case])
    chosen = events.paid(frame)
    assert [sorted(dated(frame, np.array(rows))) for rows in chosen.doubts] == [sorted(DOUBTS[case])]
    assert len(chosen.rows) == len(DOUBTS[case])
    nothing = [("import", day, 0.0) for _, day, _ in DOUBTS[case][1:]]
    if case != "another size by hand, the host's date left":
        assert not events.paid(actions(*DOUBTS[case], *nothing)).doubts
    assert not events.paid(actions(*DOUBTS[case], ("import", 10, 0.0))).doubts or len(DOUBTS[case]) > 2


def test_the_reference_price_settles_a_doubt() -> None:
    frame = actions(SINA, ("eastmoney", 12, 0.5))
    chosen = events.paid(frame, moved(12, 0.5))
    assert (dated(frame, chosen.rows), chosen.doubts) == ([("eastmoney", 12, 0.5)], ())
    assert chosen.moved == ((1, (0,)),)
    twice = actions(SINA, ("sina", 13, 0.3))
    assert dated(twice, events.paid(twice, moved(13)).rows) == [("sina", 13, 0.3)]


def test_rights_issues_are_chosen_apart_from_what_is_paid() -> None:
    rights = {"cash": [np.nan, 0.3, np.nan], "rights": [0.3, np.nan, 0.3], "rights_price": [5.0, np.nan, 5.0]}
    frame = actions(SINA, ("eastmoney", 10, 0), ("cninfo", 12, 0), **rights)
    assert events.offered(frame).rows.tolist() == [0]
    assert events.paid(frame).rows.tolist() == [1]
    nothing = actions(*[SINA] * 3, ("import", 10, 0.0), **{key: [*value, 0.0] for key, value in rights.items()})
    assert events.offered(nothing).rows.tolist() == []


@settings(max_examples=200)
@given(
    told=st.lists(
        st.tuples(
            st.sampled_from(["sina", "eastmoney", "cninfo", "import"]),
            st.integers(0, len(DAYS) - 1),
            st.sampled_from([0.0, 0.3, 0.31, 0.5]),
        ),
        min_size=1,
        max_size=8,
        unique_by=lambda row: row[:2],
    ),
    seed=st.integers(0, 99),
)
def test_the_order_of_rows_and_other_symbols_change_nothing(told: list[Row], seed: int) -> None:
    frame = actions(*told)
    wanted = dated(frame, events.paid(frame).rows)
    others = actions(("sina", 3, 0.3), ("cninfo", 5, 0.3), symbol=B)
    mixed = pd.concat([frame, others]).sample(frac=1.0, random_state=seed, ignore_index=True)
    chosen = events.paid(mixed)
    mine = chosen.rows[(mixed["symbol"].iloc[chosen.rows] == A).to_numpy()]
    assert dated(mixed, mine) == wanted
    days = [day for _, day, _ in wanted]
    assert len(set(days)) == len(days)
    assert {day for source, day, cash in told if source == "import" and cash} <= set(days)


def test_who_held_the_share_is_paid_once_whatever_two_hosts_say(tmp_path: Path) -> None:
    def paid() -> NDArray[np.int64]:
        with reading(tmp_path) as reader:
            return build_bars(reader.tables()).cash_per_share[:, 0]

    bars = moved(11).assign(is_st=False, source="sina")
    with writing(tmp_path) as writer:
        writer.put(Batch({"bars": bars, "actions": actions(SINA, EAST)}))
        assert (paid()[11], paid().sum()) == (3 * PER_SHARE // 10, 3 * PER_SHARE // 10)
        writer.put(Batch({"actions": actions(("import", 10, 0.3))}))
        assert paid().nonzero()[0].tolist() == [10]
        writer.put(Batch({"actions": actions(("import", 10, 0.0), ("import", 11, 0.25))}))
        assert paid().nonzero()[0].tolist() == [11]
