from __future__ import annotations

import csv
import inspect
import json
import math
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio import metrics
from backfolio.errors import UsageError
from backfolio.metrics import DEFINITIONS, TRADE_DEFINITIONS, Definition, Metrics, TradeStatistics, ratios, summary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Series = np.ndarray[tuple[int], np.dtype[np.float64]]

FIRST, LAST = np.datetime64("2024-01-02"), np.datetime64("2024-12-05")
"""The published series."""

# Published key to our function and what it takes beside the returns (and the benchmark's).
PUBLISHED: dict[str, tuple[Callable[..., float | None], dict[str, object]]] = {
    "total": (ratios.total_return, {}),
    "CAGR n/252": (ratios.cagr, {"periods": 252}),
    "CAGR n/243": (ratios.cagr, {}),
    "CAGR cal/365.25": (ratios.cagr, {"years": ratios.calendar_years(FIRST, LAST)}),
    "vol 252": (ratios.volatility, {"periods": 252}),
    "Sharpe rf=0": (ratios.sharpe, {"periods": 252}),
    "Sharpe rf=2%": (ratios.sharpe, {"risk_free": 0.02, "periods": 252}),
    "Sortino MAR=0 (full n)": (ratios.sortino, {"periods": 252}),
    "Sortino MAR=rf": (ratios.sortino, {"risk_free": 0.02, "periods": 252}),
    "MaxDD": (ratios.max_drawdown, {}),
    "Calmar(CAGR252/|MDD|)": (ratios.calmar, {"periods": 252}),
    "VaR95 historical(numpy linear)": (ratios.value_at_risk, {}),
    "VaR95 gaussian": (ratios.gaussian_value_at_risk, {}),
    "CVaR95 historical": (ratios.conditional_value_at_risk, {}),
    "CVaR95 gaussian": (ratios.gaussian_conditional_value_at_risk, {}),
    "beta": (ratios.beta, {}),
    "alpha daily*252 rf=0": (ratios.alpha, {"periods": 252}),
    "alpha (1+a)^252-1 rf=0": (ratios.alpha, {"periods": 252, "compounded": True}),
    "alpha rf=2% x252": (ratios.alpha, {"risk_free": 0.02, "periods": 252}),
    "alpha rf=2% comp": (ratios.alpha, {"risk_free": 0.02, "periods": 252, "compounded": True}),
    "IR daily": (ratios.information_ratio, {"periods": 1}),
    "IR annual 252": (ratios.information_ratio, {"periods": 252}),
    "TE annual": (ratios.tracking_error, {"periods": 252}),
    "R2": (ratios.r_squared, {}),
    "Treynor annualised (CAGR-rf)/beta": (ratios.treynor, {"risk_free": 0.02, "periods": 252}),
    "Ulcer (n)": (ratios.ulcer_index, {}),
    "skew (bias-adj)": (ratios.skew, {}),
    "ex.kurt (bias-adj)": (ratios.kurtosis, {}),
    "win rate": (ratios.win_rate, {}),
    "omega 0": (ratios.omega, {}),
    "tail ratio": (ratios.tail_ratio, {}),
    "PSR(0) non-bias moments": (ratios.probabilistic_sharpe, {}),
}


@pytest.fixture(scope="module")
def published(shared: Path) -> tuple[dict[str, float | None], Series, Series]:
    folder = shared / "vectors"
    columns = []
    for name in ("metrics_returns.csv", "metrics_benchmark.csv"):
        with (folder / name).open(newline="") as file:
            rows = list(csv.reader(file))[1:]
        columns.append(np.array([float(row[1]) for row in rows]))
    assert (rows[0][0], rows[-1][0]) == (str(FIRST), str(LAST))
    return json.loads((folder / "metrics.json").read_text()), columns[0], columns[1]


@pytest.mark.parametrize("key", PUBLISHED)
def test_published_figures_are_reproduced(key: str, published: tuple[dict[str, float], Series, Series]) -> None:
    values, returns, benchmark = published
    function, options = PUBLISHED[key]
    series = (returns, benchmark) if "benchmark" in inspect.signature(function).parameters else (returns,)
    assert function(*series, **options) == pytest.approx(values[key], rel=1e-12, abs=1e-14)


def test_every_published_figure_is_tested(
    published: tuple[dict[str, float | None], Series, Series],
) -> None:
    assert {key for key, value in published[0].items() if value is not None} == set(PUBLISHED)


def test_summary_holds_the_same_figures_at_243(
    published: tuple[dict[str, float], Series, Series],
) -> None:
    values, returns, benchmark = published
    figures = summary(returns, benchmark)
    stretch = math.sqrt(243 / 252)
    assert figures.sessions == 243
    assert figures.cagr == pytest.approx(values["CAGR n/243"], rel=1e-12)
    assert figures.volatility == pytest.approx(values["vol 252"] * stretch, rel=1e-12)
    assert figures.sharpe == pytest.approx(values["Sharpe rf=0"] * stretch, rel=1e-12)
    assert figures.information_ratio == pytest.approx(values["IR annual 252"] * stretch, rel=1e-12)
    assert figures.alpha == pytest.approx(values["alpha daily*252 rf=0"] * 243 / 252, rel=1e-12)


RELATIVE = ("beta", "alpha", "correlation", "r_squared", "tracking_error", "information_ratio", "treynor")
NOTHING = {field.name: None for field in fields(Metrics)}

EDGES: list[tuple[str, list[float], list[float] | None, dict[str, float | None]]] = [
    ("empty", [], None, NOTHING | {"sessions": 0}),
    ("empty with a benchmark", [], [], NOTHING | {"sessions": 0}),
    (
        "one session",
        [0.05],
        [0.02],
        NOTHING
        | {
            "sessions": 1,
            "total_return": 0.05,
            "max_drawdown": 0.0,
            "drawdown_sessions": 0,
            "ulcer_index": 0.0,
            "best_session": 0.05,
            "worst_session": 0.05,
            "win_rate": 1.0,
        },
    ),
    (
        "no trades",
        [0.0] * 30,
        None,
        NOTHING
        | {
            "sessions": 30,
            "total_return": 0.0,
            "cagr": 0.0,
            "volatility": 0.0,
            "max_drawdown": 0.0,
            "drawdown_sessions": 0,
            "ulcer_index": 0.0,
            "value_at_risk": 0.0,
            "conditional_value_at_risk": 0.0,
            "best_session": 0.0,
            "worst_session": 0.0,
        },
    ),
    (
        "constant gain",
        [0.01] * 243,
        None,
        NOTHING
        | {
            "sessions": 243,
            "total_return": 1.01**243 - 1,
            "cagr": 1.01**243 - 1,
            "volatility": 0.0,
            "max_drawdown": 0.0,
            "drawdown_sessions": 0,
            "ulcer_index": 0.0,
            "value_at_risk": 0.01,
            "conditional_value_at_risk": 0.01,
            "best_session": 0.01,
            "worst_session": 0.01,
            "win_rate": 1.0,
            "tail_ratio": 1.0,
        },
    ),
]


@pytest.mark.parametrize(("returns", "benchmark", "expected"), [edge[1:] for edge in EDGES], ids=[e[0] for e in EDGES])
def test_edge_cases_are_defined(
    returns: list[float], benchmark: list[float] | None, expected: dict[str, float | None]
) -> None:
    assert asdict(summary(returns, benchmark)) == {
        name: None if value is None else pytest.approx(value, abs=1e-12) for name, value in expected.items()
    }


def test_all_is_lost() -> None:
    figures = summary([0.1, -1.0, 0.0, 0.0])
    assert (figures.total_return, figures.cagr, figures.max_drawdown, figures.drawdown_sessions) == (-1, -1, -1, 3)


def test_a_constant_benchmark_explains_nothing() -> None:
    returns = [0.01, -0.02, 0.03, 0.0]
    figures = summary(returns, [0.001] * 4)
    assert {name: getattr(figures, name) for name in RELATIVE} == dict.fromkeys(RELATIVE) | {
        "tracking_error": pytest.approx(figures.volatility),
        "information_ratio": pytest.approx((np.mean(returns) - 0.001) / np.std(returns, ddof=1) * 243**0.5),
    }


def test_a_series_against_itself() -> None:
    returns = [0.01, -0.02, 0.03, 0.0, 0.004]
    figures = summary(returns, returns)
    assert figures.beta == pytest.approx(1)
    assert figures.alpha == pytest.approx(0, abs=1e-12)
    assert figures.r_squared == pytest.approx(1)
    assert (figures.tracking_error, figures.information_ratio) == (0, None)


def test_rounding_noise_is_no_spread() -> None:
    noisy = [0.1, 0.3 - 0.2, 0.1 + 1e-16, 0.7 - 0.6]
    assert len(set(noisy)) > 1
    figures = summary(noisy, noisy[::-1])
    assert (figures.volatility, figures.sharpe, figures.skew, figures.beta, figures.information_ratio) == (
        0,
        None,
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        ([0.1, 0.1], 0),
        ([-0.1, 0.2], 1),
        ([0.1, -0.1, 0.0, 0.05, 0.1, -0.01], 3),
        ([-0.5, 0.1, 0.1], 3),
        # exactly back at the peak is no drawdown
        ([-0.5, 1.0, 0.0], 1),
    ],
)
def test_longest_drawdown_counts_sessions_below_the_peak(returns: list[float], expected: int) -> None:
    assert summary(returns).drawdown_sessions == expected


def test_the_first_loss_counts_as_drawdown() -> None:
    assert summary([-0.1, 0.05]).max_drawdown == pytest.approx(-0.1)


finite = st.floats(-1.0, 5.0, allow_nan=False)


@given(st.lists(st.tuples(finite, finite), max_size=60), st.booleans())
def test_no_figure_is_ever_infinite_or_nan(pairs: list[tuple[float, float]], alone: bool) -> None:
    figures = summary([pair[0] for pair in pairs], None if alone else [pair[1] for pair in pairs], 0.02)
    for name, value in asdict(figures).items():
        assert value is None or math.isfinite(value), name
    assert figures.max_drawdown is None or -1 <= figures.max_drawdown <= 0
    assert figures.drawdown_sessions is None or 0 <= figures.drawdown_sessions <= len(pairs)
    assert figures.win_rate is None or 0 <= figures.win_rate <= 1
    assert figures.r_squared is None or 0 <= figures.r_squared <= 1 + 1e-9
    if alone:
        assert all(getattr(figures, name) is None for name in RELATIVE)


@pytest.mark.parametrize("wild", [[1e200, -1.0, 1e200, 0.5], [1e308] * 5, [1e-320, 0.0, 1e-300]])
def test_absurd_returns_are_no_error(wild: list[float]) -> None:
    assert all(value is None or math.isfinite(value) for value in asdict(summary(wild, wild[::-1])).values())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([0.1, math.nan],), r"returns\[1\] is nan"),
        (([math.inf],), r"returns\[0\] is inf"),
        (([[0.1], [0.2]],), "2 dimensions"),
        (([0.1, 0.2], [0.1]), "2 returns meet 1 of the benchmark"),
        (([0.1, 0.2], [0.1, math.nan]), r"returns\[1\] is nan"),
        (([0.1, 0.2], None, -1.0), "risk-free rate is -1.0"),
    ],
)
def test_bad_input_is_said(arguments: tuple[object, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        summary(*arguments)  # type: ignore[arg-type]


def test_every_figure_has_one_definition() -> None:
    assert [entry.name for entry in DEFINITIONS] == [field.name for field in fields(Metrics)]
    plain = [field.name for field in fields(TradeStatistics)]
    assert [entry.name for entry in TRADE_DEFINITIONS] == plain[: len(TRADE_DEFINITIONS)]
    assert set(plain[len(TRADE_DEFINITIONS) :]) == {"costs", "dividends", "exits", "refused", "names", "trips"}
    both = (*DEFINITIONS, *TRADE_DEFINITIONS)
    assert len({entry.label for entry in both}) == len(both)
    assert all(entry.words.endswith(".") for entry in both)


@pytest.mark.parametrize(
    ("style", "value", "text"),
    [
        ("signed percent", 0.12345, "+12.35%"),
        ("signed percent", -0.5, "-50.00%"),
        ("signed percent", 0.0, "0.00%"),
        ("signed percent", -0.00001, "0.00%"),
        ("signed percent", 12.5, "+1,250.00%"),
        ("percent", 0.2, "20.00%"),
        ("ratio", -0.001, "0.00"),
        ("ratio", 1.5, "1.50"),
        ("count", 1234, "1,234"),
        ("count", None, "n/a"),
        ("ratio", math.inf, "n/a"),
        ("percent", math.nan, "n/a"),
    ],
)
def test_figures_are_written_one_way(style: str, value: float | None, text: str) -> None:
    assert Definition("name", "label", "words.", style).text(value) == text  # type: ignore[arg-type]


def test_the_package_exports_what_it_says() -> None:
    assert all(hasattr(metrics, name) for name in metrics.__all__)
