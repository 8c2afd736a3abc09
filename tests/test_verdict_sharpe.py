from __future__ import annotations

import json
import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio.metrics import ratios
from backfolio.verdict import sharpe, student
from backfolio.verdict.curves import daily_sharpe
from trialled import curves_of, noise

if TYPE_CHECKING:
    from pathlib import Path

HALF_A_YEAR = math.sqrt(0.5 / 250)
"""Deviation across trials in the example of the deflated Sharpe ratio: a variance of 1/2 a year, in sessions."""

ANNUAL_TO_DAILY = 1 / math.sqrt(250)


@pytest.mark.shared
def test_the_vectors_are_reproduced(shared: Path) -> None:
    vectors = json.loads((shared / "vectors" / "sharpe_tests.json").read_text(encoding="utf-8"))
    expected = sharpe.expected_maximum(100, HALF_A_YEAR)
    assert expected is not None
    cut = sharpe.haircut(0.75, 240, 50, periods=12)
    assert cut is not None
    made = {
        "DSR N=100 skew=-3 kurt=10": {
            "SR0_daily": expected,
            "SR0_annual": expected * math.sqrt(250),
            "DSR": sharpe.deflated(2.5 * ANNUAL_TO_DAILY, 1250, -3.0, 10.0, 100, HALF_A_YEAR),
        },
        "PSR 1.585 ann monthly T=24 skew -2.448 kurt 10.164": ratios.sharpe_probability(
            1.585 / math.sqrt(12), 24, -2.448, 10.164
        ),
        "MinTRL daily SR2 vs1 95% years": years(2.0, 1.0, 250),
        "MinTRL monthly SR3 vs2.5 skew-.72 k5.78": years(3.0, 2.5, 12, -0.72, 5.78),
        "MinBTL N=45 SR=1 years": sharpe.minimum_backtest(45, 1.0),
        "HL bonferroni M=50": {"p": cut.probability, "haircut_SR_ann": cut.ratio, "haircut": cut.share},
    }
    assert set(made) == set(vectors)
    for name, value in vectors.items():
        assert made[name] == pytest.approx(value, rel=1e-10), name


def years(ratio: float, threshold: float, periods: int, skewness: float = 0.0, fourth: float = 3.0) -> float:
    root = math.sqrt(periods)
    observations = sharpe.minimum_track_record(ratio / root, skewness, fourth, threshold / root)
    assert observations is not None
    return observations / periods


@pytest.mark.parametrize(
    ("skewness", "fourth", "published"),
    [(0.0, 3.0, 0.982), (-2.448, 10.164, 0.913)],
)
def test_a_hedge_fund_of_24_months(skewness: float, fourth: float, published: float) -> None:
    # Bailey and Lopez de Prado (2012), "A numerical example": an annual ratio of 1.585.
    assert ratios.sharpe_probability(1.585 / math.sqrt(12), 24, skewness, fourth) == pytest.approx(published, abs=5e-4)


@pytest.mark.parametrize(("periods", "published"), [(250, 2.73), (52, 2.83), (12, 3.24)])
def test_years_of_a_ratio_of_2_above_1(periods: int, published: float) -> None:
    # Bailey and Lopez de Prado (2012), "Minimum track record length": daily, weekly, monthly.
    assert years(2.0, 1.0, periods) == pytest.approx(published, abs=5e-3)


@pytest.mark.parametrize(
    ("skewness", "fourth", "trials", "published"),
    # Bailey and Lopez de Prado (2014), "A numerical example": 0.95 is still met at 46 tries, or 88 of normal returns.
    [(-3.0, 10.0, 100, 0.9004), (-3.0, 10.0, 46, 0.9505), (0.0, 3.0, 88, 0.9505)],
)
def test_the_deflated_ratio_of_the_paper(skewness: float, fourth: float, trials: int, published: float) -> None:
    found = sharpe.deflated(2.5 * ANNUAL_TO_DAILY, 1250, skewness, fourth, trials, HALF_A_YEAR)
    assert found == pytest.approx(published, abs=5e-5)


def test_the_expected_maximum_of_the_papers() -> None:
    # 0.1132 a session after 100 tries (2014, deflated); 1.57 a year after 10, and 5 years bear 45 (2014, charlatanism).
    assert sharpe.expected_maximum(100, HALF_A_YEAR) == pytest.approx(0.1132, abs=5e-5)
    assert sharpe.expected_maximum(10, 1.0) == pytest.approx(1.57, abs=5e-3)
    bearable = [tries for tries in range(2, 60) if (sharpe.minimum_backtest(tries, 1.0) or 0.0) <= 5.0]
    assert bearable[-1] == 45


@pytest.mark.parametrize("trials", [5, 100, 1_000])
def test_the_expected_maximum_is_that_of_normal_numbers(trials: int) -> None:
    drawn = np.random.default_rng(3).normal(size=(2_000, trials)).max(axis=1).mean()
    assert sharpe.expected_maximum(trials, 1.0) == pytest.approx(drawn, rel=0.03)


def test_the_haircut_of_a_single_try_is_nothing() -> None:
    cut = sharpe.haircut(1.2, 1_000, 1)
    assert cut is not None
    assert cut.ratio == pytest.approx(1.2, rel=1e-9)
    assert cut.share == pytest.approx(0.0, abs=1e-9)
    assert sharpe.haircut(0.1, 100, 1_000) == sharpe.Haircut(1.0, 0.0, 1.0)
    assert sharpe.haircut(1e9, 1_000, 1_000) == sharpe.Haircut(0.0, 1e9, 0.0)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("no tries to pick from", sharpe.expected_maximum(1, 1.0)),
        ("deflated by one try", sharpe.deflated(0.1, 500, 0.0, 3.0, 1, 0.05)),
        ("backtest of one try", sharpe.minimum_backtest(1, 1.0)),
        ("backtest of a loss", sharpe.minimum_backtest(50, -0.1)),
        ("track record of a loss", sharpe.minimum_track_record(-0.1, 0.0, 3.0)),
        ("track record at the threshold", sharpe.minimum_track_record(0.1, 0.0, 3.0, 0.1)),
        ("haircut of a loss", sharpe.haircut(-0.5, 500, 10)),
        ("haircut of one session", sharpe.haircut(0.5, 1, 10)),
        ("a spread below 0", ratios.sharpe_probability(1.0, 100, 5.0, 3.0)),
        ("one session", ratios.sharpe_probability(1.0, 1, 0.0, 3.0)),
        ("a constant series", ratios.moments(np.full(10, 0.01))),
        ("two sessions", ratios.moments(np.array([0.01, 0.02]))),
    ],
)
def test_what_does_not_exist_is_none(name: str, made: object) -> None:
    assert made is None, name


def test_moments_are_those_of_the_population_and_normal_has_3() -> None:
    skewness, fourth = ratios.moments(np.array([-1.0, 1.0, -1.0, 1.0])) or (math.nan, math.nan)
    assert (skewness, fourth) == (0.0, 1.0)
    drawn = np.random.default_rng(0).normal(size=200_000)
    assert ratios.moments(drawn) == pytest.approx((0.0, 3.0), abs=0.03)


@given(ratio=st.floats(0.01, 0.3), skewness=st.floats(-2, 1), fourth=st.floats(6, 20), tries=st.integers(2, 10**6))
def test_more_tries_never_help(ratio: float, skewness: float, fourth: float, tries: int) -> None:
    few, many = (sharpe.deflated(ratio, 500, skewness, fourth, count, 0.02) for count in (tries, tries * 2))
    alone = ratios.sharpe_probability(ratio, 500, skewness, fourth)
    assert alone is not None
    assert few is not None
    assert many is not None
    assert 0.0 <= many <= few <= alone <= 1.0
    assert few == ratios.sharpe_probability(ratio, 500, skewness, fourth, sharpe.expected_maximum(tries, 0.02) or 0.0)


@given(ratio=st.floats(0.01, 0.3), skewness=st.floats(-2, 1), fourth=st.floats(6, 20))
def test_the_minimum_track_record_is_where_the_probability_is_reached(
    ratio: float, skewness: float, fourth: float
) -> None:
    length = sharpe.minimum_track_record(ratio, skewness, fourth)
    spread = ratios.sharpe_spread(ratio, skewness, fourth)
    assert length is not None
    assert spread is not None
    assert NormalDist().cdf(ratio * math.sqrt((length - 1) / spread)) == pytest.approx(0.95, rel=1e-9)
    below, above = (
        ratios.sharpe_probability(ratio, sessions, skewness, fourth)
        for sessions in (max(math.floor(length), 2), math.ceil(length) + 1)
    )
    assert above is not None
    assert above >= 0.95 - 1e-12
    assert below is None or below <= 0.95 + 1e-12 or length < 2


@pytest.mark.parametrize("statistic", [0.0, 1e-6, 0.3, 1.0, 2.5, 12.0, 300.0])
def test_students_law_where_it_has_a_closed_form(statistic: float) -> None:
    # One degree of freedom is Cauchy's law; two have a root; very many are normal.
    cauchy = 1.0 - 2.0 * math.atan(statistic) / math.pi
    assert student.two_sided(statistic, 1) == pytest.approx(cauchy, rel=1e-9, abs=1e-15)
    two = 1.0 - statistic / math.sqrt(2.0 + statistic * statistic)
    assert student.two_sided(statistic, 2) == pytest.approx(two, rel=1e-9, abs=1e-15)
    normal = math.erfc(statistic / math.sqrt(2.0))
    assert student.two_sided(statistic, 1e7) == pytest.approx(normal, rel=1e-3, abs=1e-300)


@pytest.mark.parametrize(
    ("degrees", "published"),
    # Quantiles of 97.5% in every table of Student's law.
    [(1, 12.706), (5, 2.571), (10, 2.228), (30, 2.042), (120, 1.980)],
)
def test_students_law_in_tables(degrees: int, published: float) -> None:
    assert student.two_sided_quantile(0.05, degrees) == pytest.approx(published, abs=5e-4)


@given(probability=st.floats(1e-12, 1.0), degrees=st.integers(1, 3_000))
def test_a_quantile_has_its_probability(probability: float, degrees: int) -> None:
    assert student.two_sided(student.two_sided_quantile(probability, degrees), degrees) == pytest.approx(
        probability, rel=1e-7
    )


def test_every_trial_has_the_sharpe_ratio_of_the_metrics() -> None:
    returns = noise(1, 9, 60)
    returns[4] = 0.0
    curves = curves_of(returns, chunk=4)
    found = daily_sharpe(curves)
    for row, ratio in enumerate(found.tolist()):
        expected = ratios.sharpe(curves.returns(row, row + 1)[0], periods=1)
        assert (ratio == pytest.approx(expected, rel=1e-12)) if expected is not None else math.isnan(ratio)
    assert np.flatnonzero(np.isnan(found)).tolist() == [4]
