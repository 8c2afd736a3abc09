"""Finished tunes for the tests of their pages: made figures on a made equity, no market behind them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from backfolio.settings import MarketSettings
from backfolio.tune.space import Axis, Space
from backfolio.tune.study import Study
from backfolio.tune.trials import FIGURES, Trials, make_trials, read_constraints
from backfolio.verdict import Cliff, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

CASH = 1_000_000_000

DOC = """Buy what the news touches.

The news is taken up slowly,
so there is <b>time</b>.
"""

AXES = (Axis("hold", (5, 10, 20)), Axis("names", (3, 5)), Axis("exits.stop_loss", (None, 0.1)))


def made_equity(count: int, sessions: int, seed: int = 0) -> NDArray[np.int64]:
    """Return random walks, mills, (count, sessions); the first session is the start."""
    rng = np.random.default_rng(seed)
    returns = rng.normal(rng.normal(0.0005, 0.001, (count, 1)), 0.012, (count, sessions))
    returns[:, 0] = 0.0
    return np.asarray(CASH * np.cumprod(1.0 + returns, axis=1), dtype=np.int64)


def figures_of(equity: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Return figures that fit an equity well enough for a page."""
    wealth = equity / CASH
    with np.errstate(all="ignore"):
        returns = np.diff(wealth, axis=1, prepend=1.0) / np.hstack([np.ones((len(wealth), 1)), wealth[:, :-1]])
        deviation = returns.std(axis=1, ddof=1) if wealth.shape[1] > 1 else np.full(len(wealth), np.nan)
        total = wealth[:, -1] - 1.0
        cagr = wealth[:, -1] ** (243 / wealth.shape[1]) - 1.0
        fall = (wealth / np.maximum(np.maximum.accumulate(wealth, axis=1), 1.0) - 1.0).min(axis=1)
        sharpe = returns.mean(axis=1) / deviation * np.sqrt(243)
        calmar = cagr / -fall
    numbers = np.arange(len(equity), dtype=np.float64)
    made = {
        "total_return": total,
        "cagr": cagr,
        "volatility": deviation * np.sqrt(243),
        "sharpe": sharpe,
        "sortino": sharpe * 1.5,
        "max_drawdown": fall,
        "calmar": calmar,
        "turnover": 2.0 + numbers / 100,
        "fills": 100 + numbers,
        "refusals": numbers % 7,
        "final_equity": equity[:, -1].astype(np.float64),
    }
    return {name: np.where(np.isfinite(made[name]), made[name], np.nan) for name in FIGURES}


def small_trials(
    axes: Sequence[Axis] = AXES,
    *,
    places: Sequence[int] | None = None,
    sessions: int = 60,
    failed: Mapping[int, str] | None = None,
    score: str = "sharpe",
    constraints: Sequence[str] = (),
    unscored: Sequence[int] = (),
    equity: NDArray[np.int64] | None = None,
) -> Trials:
    """Return the trials of a space: all of it, or some places; `failed` and `unscored` are rows."""
    space = Space(tuple(axes))
    taken = np.arange(space.size) if places is None else np.array(places, dtype=np.int64)
    equity = made_equity(len(taken), sessions) if equity is None else equity
    figures = figures_of(equity)
    failed = dict(failed or {})
    for row in failed:
        equity[row] = 0
    for name, values in figures.items():
        values[[*failed]] = np.nan
        if name in {"sharpe", "sortino", "calmar"}:
            values[[*unscored]] = np.nan
    days = np.datetime64("2024-01-02") + np.arange(equity.shape[1])
    return make_trials(space, taken, figures, failed, equity, days, CASH, score, read_constraints(constraints))


def small_verdict(**changes: object) -> Verdict:
    """Return a verdict with every figure; `changes` replace fields."""
    rng = np.random.default_rng(3)
    inside = rng.normal(1.4, 0.3, 70)
    verdict = Verdict(
        trials=12, trials_ever=1_040, sessions=1_212, years=4.988, sharpe=1.618, daily_sharpe=0.1038, skew=0.4,
        kurtosis=7.5, probabilistic_sharpe=0.99987, expected_max_sharpe=1.3149, deflated_sharpe=0.7712,
        min_track_sessions=301, min_track_years=1.24, min_backtest_years=4.21, haircut_sharpe=0.614, haircut=0.6204,
        pbo=0.2286, blocks=8, splits=70, logit_edges=(-4.0, -2.0, 0.0, 2.0, 4.0), logit_counts=(4, 12, 40, 14),
        degradation=tuple((float(x), float(1.9 - 0.6 * x)) for x in inside), degradation_slope=-0.6,
        degradation_intercept=1.9, probability_of_loss=0.0, compared_with="benchmark", spa_lower=0.031,
        spa_consistent=0.044, spa_upper=0.0714, reality_check=0.0801, replications=1_000, block_length=9.2,
        plateau=0.824, neighbours=3, neighbours_possible=4, neighbour_score=1.402,
        cliffs=(Cliff(0, "hold", 1, 0.42),), reasons={}, notes=("Twelve <trials> are few.",),
    )  # fmt: skip
    return replace(verdict, **changes)  # type: ignore[arg-type]


def small_study(trials: Trials | None = None, **changes: object) -> Study:
    """Return a finished tune of twelve trials; `changes` replace fields."""
    trials = small_trials() if trials is None else trials
    sessions = len(trials.sessions)
    benchmark = 0.004 * np.sin(np.arange(sessions, dtype=np.float64))
    benchmark[:1] = 0.0
    study = Study(
        strategy="small_thesis",
        title="Buy what the news touches",
        doc=DOC,
        tune_id="0123456789ab",
        trials=trials,
        score_name="sharpe",
        constraints=(),
        sampler="grid",
        seed=0,
        start=str(trials.sessions[0]),
        end=str(trials.sessions[-1]),
        settings=MarketSettings(),
        params={"loud": True},
        benchmark_name="科创50 (000688.SH)",
        benchmark_returns=benchmark,
        verdict=small_verdict() if trials.best is not None else None,
        trials_ever=1_040,
        simulated=False,
        source_label="hand-made bars",
        command="python run_backtest.py tune small_thesis --vary hold=5,10,20 --data 'a folder'",
        winner_command="python run_backtest.py run small_thesis --param hold=5",
        winner_toml="[params.small_thesis]\nhold = 5\n",
        winner_report=None,
        record={"strategy": "small_thesis", "名": "寒武纪"},
    )
    return replace(study, **changes)  # type: ignore[arg-type]
