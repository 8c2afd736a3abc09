from __future__ import annotations

import json
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import second_limits
from backfolio import ashare, calendar
from backfolio.ashare import LIMITED, NORMAL, RISK_WARNING, S_SHARE, UNKNOWN, UNLIMITED
from backfolio.errors import SymbolError
from compiled import both_forms

if TYPE_CHECKING:
    from pathlib import Path

Form = Callable[[Callable[..., Any]], Callable[..., Any]]
MAIN, CHINEXT, STAR, BSE = range(4)
NEVER = "NaT"


def table(
    symbol: str, sessions: list[str], reference: float | list[float], *, st: bool = False, listed: str = NEVER
) -> list[tuple[int, int, int]]:
    """Return (state, up, down) in mills of each session; reference in CNY."""
    prices = reference if isinstance(reference, list) else [reference] * len(sessions)
    up, down, state = ashare.limit_table(
        [symbol],
        np.array(sessions, dtype="datetime64[D]"),
        np.array([[round(price * 1_000)] for price in prices], dtype=np.int64),
        np.full((len(sessions), 1), st),
        np.array([listed], dtype="datetime64[D]"),
    )
    return list(zip(state[:, 0].tolist(), up[:, 0].tolist(), down[:, 0].tolist(), strict=True))


PUBLISHED = [
    # symbol, day, under risk warning, reference, upper and lower limit; None: not published
    ("000001.SZ", "2026-07-31", False, 11.61, 12.77, 10.45),
    ("000007.SZ", "2026-07-31", False, 8.71, 9.58, 7.84),
    ("000010.SZ", "2026-06-30", True, 1.70, 1.79, None),
    ("000010.SZ", "2026-07-06", True, 1.87, 2.06, None),  # the first day of 10%
    ("600182.SH", "2026-07-10", False, 13.65, 14.33, None),  # an S share keeps 5%
    ("600182.SH", "2026-07-10", True, 13.65, 14.33, None),
    ("300010.SZ", "2026-08-03", True, 2.20, 2.64, None),
    ("920023.BJ", "2026-08-03", True, 1.82, 2.36, None),  # half up would be 2.37
    ("920305.BJ", "2026-07-10", False, 0.69, 0.89, 0.49),  # half up would be 0.90 and 0.48
    ("920006.BJ", "2025-08-22", False, 17.09, 22.21, None),
    ("920090.BJ", "2025-08-22", False, 2.85, 3.70, None),
    ("600184.SH", "2025-08-22", False, 20.58, 22.64, None),
    ("688256.SH", "2025-08-22", False, 1036.00, 1243.20, 828.80),  # Cambricon closes at it
    ("603019.SH", "2025-08-25", False, 82.83, 91.11, 74.55),  # Sugon, one price all day
]


@pytest.mark.parametrize(("symbol", "day", "st", "reference", "up", "down"), PUBLISHED)
def test_published_limit_prices(
    symbol: str, day: str, st: bool, reference: float, up: float, down: float | None
) -> None:
    state, upper, lower = table(symbol, [day], reference, st=st)[0]
    assert (state, upper) == (LIMITED, round(up * 1_000))
    if down is not None:
        assert lower == round(down * 1_000)


def test_every_published_limit_price(shared: Path) -> None:
    rows = json.loads((shared / "vectors" / "limit_prices.json").read_text(encoding="utf-8"))
    assert len(rows) >= 12
    for row in rows:
        state, up, down = table(
            row["symbol"], [row["date"] or "2025-08-22"], row["reference"], st=row["status"] == "ST"
        )[0]
        assert (row["symbol"], state, up) == (row["symbol"], LIMITED, round(row["up"] * 1_000))
        assert row["down"] is None or down == round(row["down"] * 1_000)


def test_every_published_rule(shared: Path) -> None:
    published = json.loads((shared / "vectors" / "trading_rules.json").read_text(encoding="utf-8"))
    status = {"normal": [NORMAL], "risk_warning": [RISK_WARNING], "S_share_unreformed": [S_SHARE]}
    for row in published["price_limit"]:
        board = ashare.BOARDS.index(row["board"]) if row["board"] != "any" else MAIN
        points = None if row["pct"] is None else round(row["pct"] * 10_000)
        for kind in status.get(row.get("status", "any"), [NORMAL, RISK_WARNING]):
            for day in (row["start"] or row.get("end") or "2026-07-10", row.get("end") or "2026-11-24"):
                assert (row, kind, ashare.limit_points(board, day, kind)) == (row, kind, points)
    for row in published["no_limit_days"]:
        if row["board"] in ashare.BOARDS:
            listed = np.datetime64(row["listed_from"] or row["listed_to"])
            assert ashare.listing_rule(ashare.BOARDS.index(row["board"]), listed).days == row["days"]


@pytest.mark.parametrize(
    ("board", "day", "status", "points"),
    [
        (MAIN, "1996-12-15", NORMAL, None),
        (MAIN, "1996-12-16", NORMAL, 1_000),
        (MAIN, "1998-04-21", RISK_WARNING, 1_000),
        (MAIN, "1998-04-22", RISK_WARNING, 500),
        (MAIN, "2026-07-05", RISK_WARNING, 500),
        (MAIN, "2026-07-06", RISK_WARNING, 1_000),
        (MAIN, "2026-07-05", NORMAL, 1_000),
        (MAIN, "2026-07-06", NORMAL, 1_000),
        (MAIN, "2026-07-06", S_SHARE, 500),
        (CHINEXT, "2020-08-23", NORMAL, 1_000),
        (CHINEXT, "2020-08-24", NORMAL, 2_000),
        (CHINEXT, "2020-08-23", RISK_WARNING, 500),
        (CHINEXT, "2020-08-24", RISK_WARNING, 2_000),
        (STAR, "2019-07-22", NORMAL, 2_000),
        (STAR, "2026-07-05", RISK_WARNING, 2_000),
        (BSE, "2021-11-15", NORMAL, 3_000),
        (BSE, "2026-07-05", RISK_WARNING, 3_000),
    ],
)
def test_the_limit_by_board_date_and_status(board: int, day: str, status: str, points: int | None) -> None:
    assert ashare.limit_points(board, day, status) == points


def test_limits_change_from_one_session_to_the_next() -> None:
    st_10 = table("600000.SH", ["2026-07-03", "2026-07-06"], 10, st=True)
    assert st_10 == [(LIMITED, 10_500, 9_500), (LIMITED, 11_000, 9_000)]
    chinext = table("300750.SZ", ["2020-08-21", "2020-08-24"], 10)
    assert chinext == [(LIMITED, 11_000, 9_000), (LIMITED, 12_000, 8_000)]
    assert table("600000.SH", ["1996-12-13", "1996-12-16"], 10) == [(UNLIMITED, 0, 0), (LIMITED, 11_000, 9_000)]


def test_risk_warning_counts_by_the_session() -> None:
    up, down, _ = ashare.limit_table(
        ["600000.SH", "688256.SH"],
        np.array(["2024-01-02", "2024-01-03"], dtype="datetime64[D]"),
        np.full((2, 2), 10_000),
        np.array([[False, True], [True, True]]),
        np.array([NEVER, NEVER], dtype="datetime64[D]"),
    )
    assert up.tolist() == [[11_000, 12_000], [10_500, 12_000]]
    assert down.tolist() == [[9_000, 8_000], [9_500, 8_000]]


FREE, TEN, TWENTY, THIRTY = (
    (UNLIMITED, 0, 0),
    (LIMITED, 11_000, 9_000),
    (LIMITED, 12_000, 8_000),
    (LIMITED, 13_000, 7_000),
)
FIRST_DAY = (LIMITED, 14_400, 6_400)


@pytest.mark.parametrize(
    ("symbol", "listed", "expected"),
    [
        ("688256.SH", "2020-07-20", [FREE] * 5 + [TWENTY] * 2),
        ("301236.SZ", "2020-08-24", [FREE] * 5 + [TWENTY] * 2),  # the first day of the new rule
        ("300860.SZ", "2020-08-21", [FIRST_DAY] + [TWENTY] * 6),  # the last one of the old
        ("603019.SH", "2023-04-10", [FREE] * 5 + [TEN] * 2),
        ("001979.SZ", "2023-04-10", [FREE] * 5 + [TEN] * 2),
        ("603019.SH", "2023-04-07", [FIRST_DAY] + [TEN] * 6),
        ("603019.SH", "2014-01-02", [FIRST_DAY] + [TEN] * 6),
        ("601398.SH", "2013-12-31", [FREE] + [TEN] * 6),
        ("300001.SZ", "2009-10-30", [FREE] + [TEN] * 6),
        ("920002.BJ", "2021-11-15", [FREE] + [THIRTY] * 6),
        ("920002.BJ", "2024-05-30", [FREE] + [THIRTY] * 6),
    ],
)
def test_the_first_sessions_of_a_listing(symbol: str, listed: str, expected: list[tuple[int, int, int]]) -> None:
    days = calendar.all_sessions()
    first = int(np.searchsorted(days, np.datetime64(listed)))
    sessions = [str(day) for day in days[first - 1 : first + 7]]
    rows = table(symbol, sessions, 10, listed=listed)
    assert rows[0][0] == UNKNOWN  # not listed yet
    assert rows[1:] == expected


def test_a_seasoned_share_has_no_free_session() -> None:
    assert table("688256.SH", ["2024-01-02"], 10, listed="2020-07-20") == [TWENTY]
    assert table("688256.SH", ["2024-01-02"], 10) == [TWENTY]


def test_a_session_before_the_window_counts() -> None:
    # Listed on Monday 2024-01-08; a window that begins on Thursday has two free sessions left.
    rows = table("688256.SH", ["2024-01-11", "2024-01-12", "2024-01-15"], 10, listed="2024-01-08")
    assert rows == [FREE, FREE, TWENTY]


def test_without_a_reference_price_the_limits_are_unknown() -> None:
    assert table("600000.SH", ["2024-01-02", "2024-01-03"], [0, 10]) == [(UNKNOWN, 0, 0), TEN]
    # A free session needs none; the first day at 44% needs the issue price.
    assert table("688256.SH", ["2024-01-08"], 0, listed="2024-01-08") == [FREE]
    assert table("603019.SH", ["2022-01-04"], 0, listed="2022-01-04") == [(UNKNOWN, 0, 0)]


def test_an_unknown_symbol_is_refused() -> None:
    with pytest.raises(SymbolError, match="B share"):
        table("900901.SH", ["2024-01-02"], 10)


@both_forms
@pytest.mark.parametrize(
    ("reference", "points", "inward", "up", "down"),
    [
        (10_000, 1_000, False, 11_000, 9_000),
        (10_050, 1_000, False, 11_060, 9_050),  # 11.055 and 9.045: both halves up; to even would be 11.06 and 9.04
        (10_150, 1_000, False, 11_170, 9_140),  # 11.165, 9.135
        (1_250, 1_000, False, 1_380, 1_130),  # 1.375, 1.125
        (2_500, 500, False, 2_630, 2_380),  # 2.625, 2.375
        (1_700, 500, False, 1_790, 1_620),  # 1.785, 1.615
        (8_710, 1_000, False, 9_580, 7_840),  # 9.581, 7.839
        (690, 3_000, True, 890, 490),  # 0.897 down, 0.483 up
        (690, 3_000, False, 900, 480),
        (1_820, 3_000, True, 2_360, 1_280),  # 2.366 down, 1.274 up
        (17_090, 3_000, True, 22_210, 11_970),  # 22.217, 11.963
        (10_000, 3_000, True, 13_000, 7_000),  # nothing to round
        (2_850, 3_000, True, 3_700, 2_000),  # 3.705, 1.995
        (10, 1_000, False, 10, 10),  # 0.011 and 0.009: a fen is the least step
        (1_036_000, 2_000, False, 1_243_200, 828_800),
    ],
)
def test_rounding_half_up_and_inward_in_beijing(
    form: Form, reference: int, points: int, inward: bool, up: int, down: int
) -> None:
    assert form(ashare.limit_prices)(reference, points, points, inward) == (up, down)


@both_forms
def test_the_first_day_before_2023_is_44_up_and_36_down(form: Form) -> None:
    assert form(ashare.limit_prices)(12_340, 4_400, 3_600, False) == (17_770, 7_900)  # 17.7696, 7.8976


@given(st.integers(1, 300_000), st.sampled_from([500, 1_000, 2_000, 3_000]), st.booleans())
def test_limit_prices_are_the_decimal_ones(fen: int, points: int, inward: bool) -> None:
    share = Decimal(points) / 10_000
    ways = (ROUND_FLOOR, ROUND_CEILING) if inward else (ROUND_HALF_UP, ROUND_HALF_UP)
    exact = [
        int((fen * factor).quantize(Decimal(1), way)) * 10
        for factor, way in zip((1 + share, 1 - share), ways, strict=True)
    ]
    assert list(ashare.limit_prices(fen * 10, points, points, inward)) == exact


def test_arrays_and_numbers_give_the_same() -> None:
    fen = np.arange(1, 5_000) * 10
    for inward in (False, True):
        up, down = ashare.limit_prices(fen, 1_000, 1_000, inward)
        pairs = [ashare.limit_prices(int(price), 1_000, 1_000, inward) for price in fen]
        assert list(zip(up.tolist(), down.tolist(), strict=True)) == pairs


@settings(max_examples=300)
@given(
    symbol=st.sampled_from(["600000.SH", "000001.SZ", "300750.SZ", "688256.SH", "920023.BJ"]),
    at=st.integers(0, 1_500),
    reference=st.integers(0, 200_000).map(lambda fen: fen * 10),
    age=st.none() | st.integers(0, 400),
    warned=st.booleans(),
)
def test_a_second_reading_of_the_rules_comes_to_the_same_prices(
    symbol: str, at: int, reference: int, age: int | None, warned: bool
) -> None:
    days = calendar.sessions("2020-07-01", "2026-12-31")
    day = days[at]
    listed = np.datetime64("NaT", "D") if age is None else days[max(at - age, 0)]
    if symbol.endswith(".BJ") and not day >= np.datetime64("2021-11-15"):
        return  # the exchange had not opened
    expected = second_limits.limits(symbol, day, reference, listed, st=warned)
    if age is not None and expected.state == second_limits.LIMITED and day == listed:
        # before registration the first day's base is the issue price, which is the reference given
        assert second_limits.board(symbol) in {"main", "chinext"}
    up, down, state = ashare.limit_table(
        (symbol,), np.array([day]), np.array([[reference]]), np.array([[warned]]), np.array([listed])
    )
    assert (int(state[0, 0]), int(up[0, 0]), int(down[0, 0])) == (expected.state, expected.up, expected.down)
