"""Known days of the real market, replayed: what one could and could not trade."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio import ashare
from backfolio.backtest import Request, backtest
from backfolio.bars import Bars, build_bars, read_tables
from backfolio.discover import Broken, load_file
from backfolio.replay import replay
from backfolio.settings import MarketSettings
from backfolio.source import load
from backfolio.targets import Exits, Targets

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    from backfolio.ledger import Fill, Ledger, Refusal

ROOT = Path(__file__).resolve().parents[1]


@lru_cache(maxsize=1)
def compute(shared: Path) -> Bars:
    return build_bars(read_tables(shared / "market" / "compute"))


def traded(shared: Path, start: str, end: str, orders: dict[tuple[str, str], int], **settings: object) -> Ledger:
    """Replay weights (basis points) given by (decision session, symbol)."""
    bars = compute(shared)
    first, stop = np.searchsorted(bars.sessions, [np.datetime64(start), np.datetime64(end)])
    bars = bars.rows(int(first), int(stop) + 1)
    weights = np.full(bars.shape, -1, dtype=np.int16)
    for (day, symbol), weight in orders.items():
        (row,) = np.flatnonzero(bars.sessions == np.datetime64(day))
        weights[row, bars.symbols.index(symbol)] = weight
    return replay(bars, Targets(weights), Exits(), MarketSettings(**settings))  # type: ignore[arg-type]


def day_of(ledger: Ledger, event: Fill | Refusal) -> str:
    return str(ledger.sessions[event.session])


def test_nobody_could_buy_sugon_on_the_day_it_was_locked_at_its_limit(shared: Path) -> None:
    ledger = traded(shared, "2025-08-20", "2025-08-29", {("2025-08-22", "603019.SH"): 5000}, chase=1)
    first = ledger.refusals[0]
    assert (day_of(ledger, first), first.side, first.reason) == ("2025-08-25", "buy", "limit_up")
    assert first.shares == 6_000  # half a million at 82.83, the close of the 22nd, in hundreds
    assert [day_of(ledger, fill) for fill in ledger.fills] == ["2025-08-26"]  # the chase got it a session later


def test_cambricon_could_be_bought_after_its_limit_up_close_and_at_the_open_of_the_25th(shared: Path) -> None:
    bars = compute(shared)
    row = int(np.flatnonzero(bars.sessions == np.datetime64("2025-08-22"))[0])
    column = bars.symbols.index("688256.SH")
    assert bars.close[row, column] == bars.up[row, column] == 1_243_200
    ledger = traded(shared, "2025-08-20", "2025-08-29", {("2025-08-22", "688256.SH"): 10_000})
    (fill,) = ledger.fills
    assert day_of(ledger, fill) == "2025-08-25"
    assert fill.price == bars.open[row + 1, column] < bars.up[row + 1, column]
    assert fill.shares <= 1_000_000 // 1_243.2  # decided at that close; STAR: from 200 on, any number


def test_a_halted_name_is_sold_on_the_session_it_trades_again(shared: Path) -> None:
    orders = {("2025-08-12", "688347.SH"): 5000, ("2025-08-15", "688347.SH"): 0}
    ledger = traded(shared, "2025-08-11", "2025-09-05", orders)
    halted = [day_of(ledger, refusal) for refusal in ledger.refusals if refusal.reason == "suspended"]
    assert halted[0] == "2025-08-18"
    assert halted[-1] == "2025-08-29"
    assert len(halted) == 10
    (sale,) = [fill for fill in ledger.fills if fill.side == "sell"]
    assert day_of(ledger, sale) == "2025-09-01"


def test_an_ex_date_of_which_only_the_ratio_is_known_conserves_the_value(shared: Path) -> None:
    ledger = traded(shared, "2025-06-30", "2025-07-04", {("2025-06-30", "002371.SZ"): 9_000})
    bars = compute(shared)
    (row,) = np.flatnonzero(ledger.sessions == np.datetime64("2025-07-03"))
    at = int(np.flatnonzero(bars.sessions == np.datetime64("2025-07-03"))[0])
    column = bars.symbols.index("002371.SZ")
    shares = int(ledger.positions[row, column])
    previous, reference = int(bars.close[at - 1, column]), int(bars.reference[at, column])
    assert reference / previous == pytest.approx(0.73895, abs=5e-5)
    assert ledger.dividends[row] == shares * (previous - reference)
    gained = int(ledger.equity[row]) - int(ledger.equity[row - 1])
    assert gained == shares * (int(bars.close[at, column]) - reference)  # no jump: what fell came as cash


def test_a_cash_dividend_is_paid_to_the_fen(shared: Path) -> None:
    ledger = traded(shared, "2025-05-12", "2025-05-20", {("2025-05-13", "688041.SH"): 9_000})
    (row,) = np.flatnonzero(ledger.sessions == np.datetime64("2025-05-16"))
    shares = int(ledger.positions[row].sum())
    assert shares > 200
    assert ledger.dividends[row] == shares * 170  # 0.17 CNY a share
    assert np.count_nonzero(ledger.dividends) == 1


def test_participation_cuts_a_large_order(shared: Path) -> None:
    ledger = traded(
        shared, "2024-02-01", "2024-02-08", {("2024-02-02", "688047.SH"): 10_000}, cash=1e9, participation=0.01
    )
    bars = compute(shared)
    row = int(np.flatnonzero(bars.sessions == np.datetime64("2024-02-05"))[0])
    (fill,) = ledger.fills
    assert fill.shares == bars.volume[row, bars.symbols.index("688047.SH")] // 100
    assert ledger.refusals[0].reason == "participation"


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "strategies").glob("*.py")))
def test_every_shipped_thesis_keeps_the_rules_on_real_bars(shared: Path, name: str) -> None:
    found = load_file(ROOT / "strategies" / f"{name}.py")
    assert not isinstance(found, Broken)
    source = load(str(shared / "market" / "compute"), ROOT)
    request = Request(MarketSettings(slippage=5), {}, "2024-01-02", "2025-12-31", "000688.SH")
    result = backtest(found[0], source, request)
    ledger, bars = result.ledger, result.history.bars
    assert ledger.fills
    assert (ledger.cash >= 0).all()
    assert np.array_equal(ledger.equity, ledger.cash + (ledger.positions * bars.mark).sum(axis=1))
    for fill in ledger.fills:
        at = fill.session, fill.symbol
        assert bars.traded[at]
        assert fill.shares * 10 <= bars.volume[at]
        assert fill.price % 10 == 0
        if bars.limit_state[at] == ashare.LIMITED:
            assert bars.down[at] <= fill.price <= bars.up[at]
            assert bars.open[at] != (bars.up[at] if fill.side == "buy" else bars.down[at])
        if fill.side == "buy" and not ledger.symbols[fill.symbol].startswith("688"):
            assert fill.shares % 100 == 0
        elif fill.side == "buy":
            assert fill.shares >= 200


THESES = (
    "analyst_upgrade", "capex", "composite", "domestic_compute", "export_control", "model_release", "route_rotation",
    "spillover",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("thesis", THESES)
@pytest.mark.filterwarnings("error")
def test_every_thesis_runs_studies_falsifies_and_passes_the_audit_on_real_bars(
    shared: Path, cli: Callable[..., CompletedProcess[str]], workspace: Path, thesis: str
) -> None:
    on = (
        thesis, "--data", str(shared / "market" / "compute"), "--benchmark", "000300.SH",
        "--start", "2024-01-02", "--end", "2025-12-31",
    )  # fmt: skip
    assert "looks ahead" not in cli("check", *on, "--cuts", "10").stdout
    studied = cli("study", *on, "--json", check=None)
    broken = cli("falsify", *on, "--placebos", "39", "--json", check=None)
    assert {studied.returncode, broken.returncode} <= {0, 1}, studied.stderr + broken.stderr
    kept, figures = json.loads(studied.stdout), json.loads(broken.stdout)
    ran = json.loads(cli("run", *on, "--no-tearsheet", "--json").stdout)["runs"][0]
    assert figures["base"]["final_equity"] == ran["equity"]
    assert figures["base"]["fills"] == ran["fills"]
    assert kept["verdict"]["grade"]
    assert [claim["grade"] for claim in figures["claims"]]
    page = (workspace / ran["report"]).read_text(encoding="utf-8")
    assert f"{Path(kept['report']).parent.name}/index.html" in page
    assert f"falsify-{figures['falsify_id']}/index.html" in page
