from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio import ashare
from backfolio.backtest import PACKAGES, Request, backtest, fills_hash
from backfolio.discover import Broken, Thesis, load_file
from backfolio.errors import ThesisError, UsageError
from backfolio.prepare import prepare
from backfolio.settings import MarketSettings
from backfolio.source import Source, load

if TYPE_CHECKING:
    from backfolio.result import Result

ROOT = Path(__file__).resolve().parents[1]
BENCHMARK = "999001.SH"


@pytest.fixture(scope="module")
def sample() -> Source:
    return load("sample", ROOT)


def thesis(name: str = "domestic_compute") -> Thesis:
    found = load_file(ROOT / "strategies" / f"{name}.py")
    assert not isinstance(found, Broken)
    return found[0]


def written(folder: Path, text: str) -> Thesis:
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    found = load_file(path)
    assert not isinstance(found, Broken), found
    return found[0]


def run(source: Source, **asked: object) -> Result:
    request = {"settings": MarketSettings(), "params": {}, "benchmark": BENCHMARK, **asked}
    return backtest(thesis(), source, Request(**request))  # type: ignore[arg-type]


def test_a_run_covers_the_window_and_nothing_else(sample: Source) -> None:
    result = run(sample, start="2022-01-01", end="2023-06-30")
    assert str(result.ledger.sessions[0]) == "2022-01-04"  # the first session of that year
    assert str(result.ledger.sessions[-1]) == "2023-06-30"
    assert result.benchmark is not None
    assert len(result.benchmark) == len(result.ledger.sessions) == len(result.history.sessions)
    assert result.run_id.startswith("2022-01-04_2023-06-30_")
    assert result.ledger.fills


def test_no_decision_is_made_before_the_window_and_none_fills_on_its_first_session(sample: Source) -> None:
    result = run(sample, start="2022-01-04")
    assert min(fill.session for fill in result.ledger.fills) >= 1
    assert result.ledger.equity[0] == result.ledger.start_cash


def test_the_future_after_the_window_changes_no_fill(sample: Source) -> None:
    known = backtest(thesis(), sample, Request(MarketSettings(), {}, end="2023-06-30"))
    rows = int(np.searchsorted(sample.bars.sessions, np.datetime64("2023-06-30"), side="right"))
    cut = replace(sample, bars=sample.bars.rows(0, rows))
    assert known.ledger == backtest(thesis(), cut, Request(MarketSettings(), {})).ledger


def test_the_record_holds_what_the_run_follows_from(sample: Source) -> None:
    result = run(sample, params={"hold": "10", "exits.stop_loss": "0.1"})
    record = json.loads(json.dumps(result.record))
    assert record["params"] == {"hold": 10, "names": 5}
    assert record["exits"]["stop_loss"] == 0.1
    read = prepare(thesis().strategy, sample, benchmark=BENCHMARK)
    assert record["data"] == {"simulated": True, "fingerprint": read.fingerprint}
    assert record["source"] == {"label": sample.label, "where": "sample"}
    assert record["rules"] == ashare.RULES_VERSION
    assert set(record["packages"]) == {*PACKAGES, "python"}
    assert record["thesis"] == {"file": "domestic_compute.py", "source": thesis().source}
    assert record["fills"] == fills_hash(result.ledger)
    assert record["market"]["cash"] == 1_000_000


@pytest.mark.parametrize(
    "asked",
    [
        {"params": {"hold": 21}},
        {"params": {"exits.trailing": 0.2}},
        {"start": "2021-02-01"},
        {"end": "2025-12-30"},
        {"benchmark": None},
        {"settings": MarketSettings(cash=999_999)},
        {"settings": MarketSettings(slippage=1)},
        {"settings": MarketSettings(chase=1)},
        {"settings": MarketSettings(participation=0.2)},
        {"settings": MarketSettings(price="vwap")},
        {"settings": MarketSettings(commission=0.0002)},
        {"settings": MarketSettings(min_commission=1)},
        {"settings": MarketSettings(dividend_tax=True)},
    ],
    ids=lambda asked: next(iter(str(asked).removeprefix("{").split("}"))),
)
def test_whatever_is_asked_otherwise_is_another_run(sample: Source, asked: dict[str, object]) -> None:
    assert run(sample, **asked).run_id != run(sample).run_id


def test_the_same_run_has_the_same_id_and_the_command_is_no_part_of_it(sample: Source) -> None:
    one, two = run(sample), run(sample, command="run domestic_compute")
    assert one.run_id == two.run_id
    assert one.run == two.run
    assert hash(one.run) == hash(two.run)


def test_another_text_of_the_thesis_is_another_run(sample: Source) -> None:
    same = thesis()
    commented = replace(same, source=same.source + "\n# a word\n")
    request = Request(MarketSettings(), {})
    assert backtest(same, sample, request).run_id != backtest(commented, sample, request).run_id


def test_other_data_is_another_run(sample: Source) -> None:
    other = replace(sample, catalysts=sample.catalysts[1:])
    request = Request(MarketSettings(), {})
    assert backtest(thesis(), sample, request).run_id != backtest(thesis(), other, request).run_id


def test_a_benchmark_that_does_not_cover_the_window_is_refused(sample: Source) -> None:
    closes = np.array(sample.bars.index_close[BENCHMARK])
    closes[:300] = np.nan
    gappy = replace(sample, bars=replace(sample.bars, index_close={BENCHMARK: closes}))
    with pytest.raises(UsageError, match=r"has no bar on 2021-01-04 and 299 more sessions.*covers 2022-.*--start"):
        run(gappy)
    assert run(gappy, start="2023-01-01").benchmark is not None


def test_an_unknown_universe_is_refused_with_what_there_is(sample: Source, tmp_path: Path) -> None:
    mine = written(
        tmp_path,
        "from backfolio import Strategy\nclass Mine(Strategy):\n    '''X.'''\n    universe = 'domestic-computer'\n"
        "    def targets(self, history):\n        return history.tradable * 0.01\n",
    )
    with pytest.raises(UsageError, match=r"did you mean 'domestic-compute'"):
        backtest(mine, sample, Request(MarketSettings(), {}))


def test_a_thesis_without_a_universe_trades_every_symbol(sample: Source, tmp_path: Path) -> None:
    mine = written(
        tmp_path,
        "from backfolio import Strategy, equal_weight\nclass Mine(Strategy):\n    '''X.'''\n"
        "    def targets(self, history):\n        return equal_weight(history.tradable)\n",
    )
    result = backtest(mine, sample, Request(MarketSettings(), {}, end="2021-03-31"))
    assert result.history.symbols == sample.bars.symbols


PLAIN = """
import backtrader as bt

class Cross(bt.Strategy):
    '''Buy one name above its moving average.'''
    params = (("period", 10), ("share", 0.5), ("loud", False))

    def __init__(self):
        self.mean = bt.indicators.SMA(self.data.adj_close, period=self.p.period)

    def next(self):
        if self.data.adj_close[0] > self.mean[0] and not self.position:
            self.order_target_percent(target=self.p.share)
        elif self.data.adj_close[0] < self.mean[0] and self.position:
            self.close()
"""


def test_a_plain_backtrader_strategy_runs_into_the_same_result(sample: Source, tmp_path: Path) -> None:
    plain = written(tmp_path, PLAIN)
    assert plain.kind == "backtrader"
    result = backtest(plain, sample, Request(MarketSettings(), {"period": "15", "share": "0.3", "loud": "true"}))
    assert result.params == {"period": 15, "share": 0.3, "loud": True}
    assert len(result.ledger.fills) > 10
    assert {fill.reason for fill in result.ledger.fills} == {"order"}
    assert any("raw prices" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"perod": "5"}, r"no parameter 'perod' \(did you mean 'period'\?\): choose from period, share, loud"),
        ({"period": "five"}, r"period is 'five': give a value like its default, 10"),
        ({"loud": "maybe"}, r"loud is 'maybe'"),
    ],
)
def test_a_plain_strategys_parameters_are_checked(
    sample: Source, tmp_path: Path, params: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        backtest(written(tmp_path, PLAIN), sample, Request(MarketSettings(), params))


def test_a_thesis_that_fails_says_where(sample: Source, tmp_path: Path) -> None:
    mine = written(
        tmp_path,
        "from backfolio import Strategy\nclass Mine(Strategy):\n    '''X.'''\n"
        "    def targets(self, history):\n        return history.nothing\n",
    )
    with pytest.raises(ThesisError, match=r"mine\.py line 5"):
        backtest(mine, sample, Request(MarketSettings(), {}))


def test_progress_counts_every_session(sample: Source) -> None:
    seen: list[tuple[int, int]] = []
    request = Request(MarketSettings(), {}, end="2021-03-31")
    result = backtest(thesis(), sample, request, on_session=lambda done, total: seen.append((done, total)))
    count = len(result.ledger.sessions)
    assert seen == [(row + 1, count) for row in range(count)]


def test_what_the_reader_must_know_is_said(sample: Source) -> None:
    everyone = np.ones(len(sample.bars.symbols), dtype=np.bool_)
    bars = replace(sample.bars, st_unknown=everyone, listing_assumed=everyone)
    result = run(replace(sample, bars=bars))
    assert any(warning.startswith("Listing date assumed") and "and 9 more" in warning for warning in result.warnings)
    assert any("whether any name was under risk warning" in warning for warning in result.warnings)
