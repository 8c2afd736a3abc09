"""The hand-made worlds of `backfolio.testing` against what `build_bars` makes of the same market."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from backfolio.bars import Bars, Tables, build_bars
from backfolio.testing import World, build, random_world, worlds
from backfolio.testing.build import Cell

ANCHOR = "601398.SH"
"""A symbol with a bar in every session, so that frames cover the whole window."""


def plain(world: World) -> World:
    """Return the world as frames can say it: with an anchor, the rules' own limits, and volume in every bar.

    Beside a reference price given in a halt there is no place for the cash: the frames then have the ratio alone.
    A symbol without any bar has no row.
    """
    lines = {
        symbol: " ".join(plain_cell(cell) for cell in line.split())
        for symbol, line in world.lines.items()
        if any(cell[0] != "-" for cell in line.split())
    }
    rows = len(next(iter(lines.values())).split())
    return replace(world, lines={**lines, ANCHOR: " ".join(["5;pre=5"] * rows)})


def plain_cell(cell: str) -> str:
    head, *parts = ["v=700" if part == "v=0" else part for part in cell.split(";")]
    parts = [part for part in parts if not part.startswith("limits=")]
    if head == "-" and any(part.startswith("pre=") for part in parts):
        parts = [part for part in parts if part.startswith("pre=")]
    return ";".join([head, *parts])


def tables(world: World) -> Tables:
    """Write a world as frames of the import format."""
    bars, rights = [], []
    made = world.bars
    for column, symbol in enumerate(made.symbols):
        for row, text in enumerate(world.lines[symbol].split()):
            cell, date = Cell.read(text), made.sessions[row]
            if cell.traded:
                bars.append(
                    {
                        "date": date,
                        "symbol": symbol,
                        **{name: getattr(cell, name) / 1_000 for name in ("open", "high", "low", "close")},
                        "volume": cell.volume,
                        "amount": cell.amount / 1_000 if cell.amount >= 0 else np.nan,
                        "pre_close": np.nan if cell.pre is None else cell.pre / 1_000,
                        "is_st": int(symbol in world.st),
                    }
                )
            elif cell.pre is not None and made.ratio_only[row, column]:
                ratio = cell.pre / made.mark[row - 1, column]
                rights.append({"symbol": symbol, "ex_date": date, "kind": "price ratio", "value": ratio})
            for kind, units in (("cash/share", cell.cash), ("shares/share", cell.bonus)):
                if units:
                    rights.append({"symbol": symbol, "ex_date": date, "kind": kind, "value": units / 10_000_000})
    listings = [
        {"symbol": symbol, "name": "", "listed": world.listed.get(symbol), "delisted": world.delisted.get(symbol)}
        for symbol in made.symbols
        if symbol in world.listed or symbol in world.delisted
    ]
    return Tables(
        bars=pd.DataFrame(bars),
        index=None,
        ex_rights=pd.DataFrame(rights, columns=["symbol", "ex_date", "kind", "value"]) if rights else None,
        listings=pd.DataFrame(listings) if listings else None,
        label="world",
    )


def differences(ours: Bars, theirs: Bars) -> list[str]:
    """Return the names of the arrays that differ where they mean something."""
    event = (ours.cash_per_share > 0) | (ours.share_ratio > 0) | ours.ratio_only
    anywhere = np.ones_like(ours.traded)
    places = {
        **dict.fromkeys(("traded", "mark", "cash_per_share", "share_ratio", "ratio_only"), anywhere),
        **dict.fromkeys(("open", "high", "low", "close", "volume", "amount"), anywhere),
        **dict.fromkeys(("up", "down", "limit_state", "st"), ours.traded),
        "reference": ours.traded | event,
    }
    found = [
        f"{name}{[int(k) for k in np.argwhere((getattr(ours, name) != getattr(theirs, name)) & place)[0]]}"
        for name, place in places.items()
        if not np.array_equal(getattr(ours, name)[place], getattr(theirs, name)[place])
    ]
    if not np.allclose(ours.factor, theirs.factor, rtol=1e-12):
        found.append("factor")
    found += [
        name
        for name in ("listed", "delisted")
        if not np.array_equal(getattr(ours, name).astype(str), getattr(theirs, name).astype(str))
    ]
    return found


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds(rising_reference=False, most_symbols=3))
def test_frames_of_a_world_build_the_same_bars(world: World) -> None:
    market = plain(world)
    assert differences(market.bars, build_bars(tables(market))) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_frames_of_larger_worlds_build_the_same_bars(seed: int) -> None:
    market = plain(random_world(seed, sessions=40, symbols=10, rising_reference=False))
    assert differences(market.bars, build_bars(tables(market))) == []


def test_a_line_is_read_as_it_says() -> None:
    bars = build("2024-01-02", {"688256.SH": "10/10.5;h=11;l=9.5;v=300;a=3100;pre=10 -;cash=0.5;bonus=0.25 8"})
    assert [int(getattr(bars, name)[0, 0]) for name in ("open", "high", "low", "close", "volume", "amount")] == [
        10_000, 11_000, 9_500, 10_500, 300, 3_100_000,
    ]  # fmt: skip
    assert bars.traded[:, 0].tolist() == [True, False, True]
    # (10.50 - 0.50) / 1.25 = 8.00, which the mark moves to in the halt.
    assert bars.mark[:, 0].tolist() == [10_500, 8_000, 8_000]
    assert (bars.up[2, 0], bars.down[2, 0]) == (9_600, 6_400)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ({"600000.SH": "10 10", "000001.SZ": "10"}, "same number"),
        ({"600000.SH": "10;volume=5"}, "unknown part"),
        ({"600000.SH": "10.0001"}, "more decimals"),
    ],
)
def test_a_line_that_cannot_be_read_says_why(lines: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build("2024-01-02", lines)
