"""Finished runs for the tests of figures and pages: small markets, replayed for real."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from backfolio import replay
from backfolio.calendar import SHANGHAI
from backfolio.catalysts import Catalyst
from backfolio.history import History
from backfolio.result import Result
from backfolio.said import said
from backfolio.settings import MarketSettings
from backfolio.targets import Exits
from backfolio.testing.build import World
from backfolio.universe import Member, Universe

NAMES = {"000977.SZ": "浪潮信息", "603019.SH": "中科曙光", "688256.SH": "寒武纪"}
INDEX = "000688.SH"

DOC = """Buy what the news touches.

The news is taken up
slowly, so there is time.

* one
* two <b>bold</b>
"""


@dataclass(frozen=True)
class Id:
    """The identity of a run, as far as a page needs it."""

    run_id: str


def path_of_prices(start: float, steps: str, rise: float = 0.02) -> str:
    """Return a line of cells: ``+`` rises by `rise`, ``-`` falls by it, ``=`` stays; a cell may follow in (...)."""
    price, cells = start, []
    at = 0
    while at < len(steps):
        step = steps[at]
        if step == "(":
            end = steps.index(")", at)
            cells.append(steps[at + 1 : end])
            price = float(cells[-1].split(";")[0].split("/")[-1]) if cells[-1][0] != "-" else price
            at = end + 1
            continue
        price = round(price * (1 + rise * (step == "+") - rise * (step == "-")), 2)
        cells.append(f"{price:.2f}")
        at += 1
    return " ".join(cells)


def small_world(settings: MarketSettings | None = None) -> World:
    """Forty sessions of three names: an ex-date, a refused buy at the limit, a stop, a halt, a position left open."""
    lines = {
        # An ex-date with cash and bonus shares while it is held.
        "000977.SZ": path_of_prices(20.0, "=++-++(17.60;cash=0.5;bonus=0.25)++--+" + "+-" * 14),
        # Opens at its upper limit on the fourth session, halts later.
        "603019.SH": path_of_prices(50.0, "==" + "+" + "(56.10;pre=51.00)" + "(-)(-)" + "+-" * 17),
        # Falls through a stop of 7%.
        "688256.SH": path_of_prices(100.0, "=+++------" + "+-" * 15),
    }
    weights = "3000 . 3000|. . .|. 3000 .|. . .|. . .|. . .|. . .|. . .|. . .|. . .|. . .|0 . .|. . .|2000 2500 ."
    return World(
        "2024-01-02",
        lines,
        weights,
        exits=Exits(stop_loss=0.07),
        settings=settings or MarketSettings(cash=200_000.0),
        listed=dict.fromkeys(lines, "2015-01-05"),
    )


def catalysts() -> tuple[Catalyst, ...]:
    """Return three facts: one with markup in its words, one before the window, one that touches nobody."""
    base = Catalyst(
        "script",
        "model_release",
        "<script>alert('x')</script> & more",
        dt.datetime(2024, 1, 3, 20, 0, tzinfo=SHANGHAI),
        ("688256.SH",),
        source="https://example.org/a",
        certainty="memory, unverified",
        time_known="yes",
        note='a "note"',
    )
    early = replace(base, id="early", title="long before", known_at=dt.datetime(2023, 6, 1, 8, 0, tzinfo=SHANGHAI))
    nobody = replace(base, id="nobody", title="touches nobody here", symbols=("600000.SH",))
    segment = replace(base, id="segment", title="a whole theme", symbols=(), segment="*", time_known="no")
    return base, early, nobody, segment


def small_result(world: World | None = None, **changes: object) -> Result:
    """Replay a world and return its result; `changes` replace fields."""
    world = world or small_world()
    bars, targets, exits, settings = world.inputs
    rows = len(bars.sessions)
    closes = 1000.0 * np.cumprod(1.0 + 0.01 * np.sin(np.arange(rows, dtype=np.float64)))
    bars = replace(bars, names={**bars.names, **NAMES}, index_close={INDEX: closes}, index_names={INDEX: "科创50"})
    members = tuple(
        Member(symbol, f"English {NAMES.get(symbol, 'x')}", NAMES.get(symbol, "名"), "server")
        for symbol in bars.symbols
    )
    history = History(bars, catalysts(), Universe("theme", members), INDEX)
    result = Result(
        run=Id("2024-01-02_2024-03-01_0123456789ab"),
        run_id="2024-01-02_2024-03-01_0123456789ab",
        strategy="small_thesis",
        title="Buy what the news touches",
        doc=DOC,
        source="class SmallThesis(Strategy):\n    pass  # <&>\n",
        path="strategies/small_thesis.py",
        params={"hold": 20, "min_raise": 0.1, "loud": True},
        exits=exits,
        rebalance="on_change",
        settings=settings,
        history=history,
        ledger=replay.replay(bars, targets, exits, settings),
        benchmark=history.benchmark,
        benchmark_name=f"科创50 ({INDEX})",
        simulated=False,
        source_label="hand-made bars",
        command="python run_backtest.py run small_thesis --data 'a folder' --start 2024-01-02",
        warnings=(
            said(
                "Listing date assumed from the first bar: %(names)s. A listings.csv makes it exact.", names="688256.SH"
            ),
        ),
        record={"strategy": "small_thesis", "params": {"hold": 20}, "名": "寒武纪"},
    )
    return replace(result, **changes)  # type: ignore[arg-type]


def alone(line: str, weights: str, **changes: object) -> Result:
    """Return the result of one name; see `World` for the words."""
    world = World("2024-01-02", {"600519.SH": line}, weights, listed={"600519.SH": "2001-08-27"})
    return small_result(world, **changes)


if __name__ == "__main__":
    from backfolio import report

    report.write(small_result(), Path(sys.argv[1]), tearsheet="tearsheet" in sys.argv)
