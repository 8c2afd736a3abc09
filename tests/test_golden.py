"""Golden results: what every shipped thesis does on the sample market, as text to read in a review."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backfolio.backtest import Request, backtest
from backfolio.discover import Broken, load_file
from backfolio.metrics import summary
from backfolio.money import cny_text
from backfolio.settings import MarketSettings
from backfolio.source import Source, load

if TYPE_CHECKING:
    from collections.abc import Callable

    from backfolio.result import Result

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = sorted(path.stem for path in (ROOT / "strategies").glob("*.py") if not path.name.startswith("_"))


@pytest.fixture(scope="module")
def sample() -> Source:
    return load("sample", ROOT)


def as_text(result: Result) -> str:
    ledger = result.ledger
    figures = summary(ledger.returns())
    lines = [
        f"{result.strategy} on the SIMULATED sample market, {ledger.sessions[0]} to {ledger.sessions[-1]}",
        f"equity {cny_text(int(ledger.equity[-1]))}, total return {figures.total_return:.6f}",
        f"max drawdown {figures.max_drawdown:.6f}, {len(ledger.fills)} fills, {len(ledger.refusals)} refusals",
        f"dividends {cny_text(int(ledger.dividends.sum()))}",
        "",
        "session     symbol     side    shares      price  commission  stamp duty  transfer  reason",
    ]
    lines += [
        f"{ledger.sessions[fill.session]}  {ledger.symbols[fill.symbol]}  {fill.side:<4}  {fill.shares:>8}  "
        f"{cny_text(fill.price):>9}  {cny_text(fill.commission):>10}  {cny_text(fill.stamp_duty):>10}  "
        f"{cny_text(fill.transfer_fee):>8}  {fill.reason}"
        for fill in ledger.fills
    ]
    lines += ["", "refusals by reason and side"]
    counts = Counter((refusal.reason, refusal.side) for refusal in ledger.refusals)
    lines += [f"{reason:<14} {side:<4} {count:>5}" for (reason, side), count in sorted(counts.items())]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", SHIPPED)
def test_fills_of_a_shipped_thesis_are_as_they_were(
    sample: Source, golden: Callable[[str, str], None], name: str
) -> None:
    found = load_file(ROOT / "strategies" / f"{name}.py")
    assert not isinstance(found, Broken)
    result = backtest(found[0], sample, Request(MarketSettings(slippage=5, chase=1), {}))
    golden(f"{name}.txt", as_text(result))
