"""The statistics of event studies: against published numbers, by hand, and by what must hold of any data."""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio.study import Asked, Window, curves
from backfolio.study.independent import Shared, blocks, overlaps, shocks
from backfolio.study.independent import shared as shared_by
from backfolio.study.parametric import bmp, cross_sectional, kp_bmp, kp_patell, normal_two_sided, patell
from backfolio.study.ranks import rank, sign
from backfolio.study.returns import Abnormal, abnormal, panel
from studied import Null, rejections

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from backfolio.study.model import Model

    Floats = NDArray[np.float64]

NOTHING_SHARED = Shared(0.0, 4.0, 3.0)
VALUES = np.array([0.02, -0.01, 0.03, 0.01])
WINDOW = Window(-2, 5)


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def numbers(rows: list[dict[str, str]], name: str) -> list[float]:
    return [math.nan if row[name] == "NA" else float(row[name]) for row in rows]


def shared(common: Floats) -> Shared:
    """Return what events of these correlations have in common, where all weights are of one kind."""
    return shared_by(blocks(common, np.zeros(len(common), dtype=np.int64), 1), np.ones((1, 1)))


@pytest.mark.shared
def test_published_abnormal_returns_and_tests_are_reproduced(shared: Path) -> None:
    """Seven stocks in March 2020, as estudy2 of R gives them.

    Two quirks of that reference are made here, outside of the code under test:
    it divides the squared residuals by M - 1 in place of M - 2, and corrects
    the forecast error by the market's moments of every estimation day, also for
    a stock that was listed later. Its Patell test takes (M - 2) / (M - 4), as ours.
    """
    folder = shared / "vectors"
    expected = json.loads((folder / "event_study.json").read_text())
    rows = table(folder / "event_study_returns.csv")
    names = [name for name in rows[0] if name != "date"]
    given = np.array([numbers(rows, name) for name in names]).T
    market = np.array(numbers(table(folder / "event_study_market.csv"), "GSPC"))
    before = np.vstack([np.zeros(len(names)), np.cumsum(np.nan_to_num(given), axis=0)])
    # the close before a first return is there too
    traded = np.vstack([~np.isnan(given[:1]), ~np.isnan(given)])
    traded[:-1] |= ~np.isnan(given)
    seen = panel(np.exp(before), traded, np.exp(np.concatenate([[0.0], np.cumsum(market)])), log=True)
    day = [row["date"] for row in rows].index(expected["dates"][0]) + 1
    found = abnormal(seen, [day] * len(names), range(len(names)), Asked(Window(0, 4), estimation=day - 1))
    for name, coefficients in expected["coef"].items():
        assert found.coefficients[names.index(name)] == pytest.approx(coefficients, rel=1e-12)
    assert found.values.mean(axis=0) == pytest.approx(expected["aar"], rel=1e-12)
    seen_before, after = market[: day - 1], market[day - 1 : day + 4]
    moved = ((after - seen_before.mean()) ** 2) / ((seen_before - seen_before.mean()) ** 2).sum()
    theirs = 1.0 + 1.0 / found.days[:, None] + moved
    scaled = found.values / np.sqrt((found.sigma**2 * found.degrees / (found.days - 1))[:, None] * theirs)
    degrees = found.degrees.astype(np.float64)
    for at in range(5):
        assert cross_sectional(found.values[:, at]).statistic == pytest.approx(expected["t"][at], rel=1e-12)
        assert patell(scaled[:, at], degrees).statistic == pytest.approx(expected["patell"][at], rel=1e-12)
        assert bmp(scaled[:, at]).statistic == pytest.approx(expected["bmp"][at], rel=1e-12)
        ours = (found.weights(Window(at, at)) ** 2).sum(axis=1)[found.pattern]
        whole = found.days == day - 1
        assert whole.sum() == 5
        assert ours[whole] == pytest.approx(theirs[whole, at], rel=1e-12), (
            "Patell's correction, where none is listed late"
        )


def test_statistics_by_hand() -> None:
    spread = math.sqrt((0.0075**2 + 0.0225**2 + 0.0175**2 + 0.0025**2) / 3)
    by_hand = 0.0125 / (spread / 2.0)
    for test in (cross_sectional(VALUES), bmp(VALUES)):
        assert test.statistic == pytest.approx(by_hand)
        assert test.p == pytest.approx(0.239443, abs=1e-6), "t with three degrees of freedom"
    degrees = np.array([118.0, 118.0, 60.0, 30.0])
    by_own = 0.05 / math.sqrt(2 * 118 / 116 + 60 / 58 + 30 / 28)
    assert patell(VALUES, degrees).statistic == pytest.approx(by_own)
    alike = Shared(0.25, 4 / 1.75, 3.0)
    assert kp_patell(VALUES, degrees, alike).statistic == pytest.approx(by_own / math.sqrt(1.75))
    assert kp_bmp(VALUES, alike).statistic == pytest.approx(by_hand * math.sqrt(0.75 / 1.75))
    assert normal_two_sided(1.959963984540054) == pytest.approx(0.05)
    assert normal_two_sided(-1.959963984540054) == pytest.approx(0.05)


def test_without_shared_days_the_adjusted_tests_are_the_plain_ones() -> None:
    degrees = np.full(4, 118.0)
    assert kp_bmp(VALUES, NOTHING_SHARED).statistic == bmp(VALUES).statistic
    assert kp_bmp(VALUES, NOTHING_SHARED).p == pytest.approx(bmp(VALUES).p)
    assert kp_patell(VALUES, degrees, NOTHING_SHARED).statistic == patell(VALUES, degrees).statistic


@pytest.mark.parametrize("values", [VALUES[:0], VALUES[:1], np.full(4, 0.1), np.zeros(4)])
def test_what_has_no_spread_has_no_statistic(values: Floats) -> None:
    many = float(len(values))
    for test in (cross_sectional(values), bmp(values), kp_bmp(values, Shared(0.0, many, many - 1.0))):
        assert test.statistic is None
        assert test.p is None
    if len(values) < 2:
        assert patell(values, np.full(len(values), 118.0)).statistic is None
        assert sign(np.ones((len(values), 9)), values).statistic is None


def test_events_that_say_as_much_as_one_are_not_tested() -> None:
    alike = shared(np.full((4, 4), 0.9) + 0.1 * np.eye(4))
    assert alike.effective == pytest.approx(4 / 3.7)
    assert kp_bmp(VALUES, alike).p is None
    assert kp_patell(VALUES, np.full(4, 118.0), alike).p is None
    assert curves.band(VALUES, alike) == (None, None)
    assert kp_bmp(VALUES, shared(np.ones((4, 4)))).statistic is None


def test_what_is_shared_by_hand() -> None:
    one_day = shared(np.full((10, 10), 0.3) + 0.7 * np.eye(10))
    assert one_day.correlation == pytest.approx(0.3)
    assert one_day.effective == pytest.approx(10 / 3.7)
    assert one_day.degrees == pytest.approx(9.0), "as published where all share one day alike"
    apart = shared(np.eye(10))
    assert apart == pytest.approx((0.0, 10.0, 9.0))
    two_days = shared(np.kron(np.eye(2), np.full((5, 5), 0.5)) + 0.5 * np.eye(10))
    assert two_days.correlation == pytest.approx(0.5 * 4 / 9)
    assert two_days.degrees < 9.0, "of two groups the spread between them counts once"
    assert shared(np.full((4, 4), -0.3) + 1.3 * np.eye(4)).effective == pytest.approx(4.0), "never more than there are"
    assert shared(np.ones((1, 1))) == (0.0, 1.0, 0.0)


def test_the_band_is_that_of_a_mean_of_correlated_events() -> None:
    low, high = curves.band(VALUES, NOTHING_SHARED)
    assert low is not None
    assert high is not None
    error = VALUES.std(ddof=1) / 2.0
    assert (low, high) == pytest.approx((0.0125 - 3.18244630528 * error, 0.0125 + 3.18244630528 * error))
    wide = curves.band(VALUES, Shared(0.2, 2.5, 3.0))
    assert wide[1] is not None
    assert (wide[1] - 0.0125) / (high - 0.0125) == pytest.approx(math.sqrt(1.6 / 0.8))


def test_ranks_by_hand() -> None:
    estimation = np.array([[0.1, -0.2, 0.3, np.nan], [-0.1, 0.2, 0.05, 0.0]])
    window = np.array([[0.9, -0.9], [0.8, 0.4]])
    one = np.array([3, 2, 4, np.nan, 5, 1]) / 6 - 0.5
    other = np.array([1, 4, 3, 2, 6, 5]) / 7 - 0.5
    daily = np.nansum([one, other], axis=0) / np.sqrt([2, 2, 2, 1, 2, 2])
    variance = (daily**2).mean()
    assert rank(estimation, window, slice(0, 1)).statistic == pytest.approx(daily[4] / math.sqrt(variance))
    both = rank(estimation, window, slice(0, 2)).statistic
    assert both == pytest.approx((daily[4] + daily[5]) / math.sqrt(2 * variance * 4 / 5))


def test_signs_by_hand() -> None:
    estimation = np.array([[0.1, -0.2, 0.3, np.nan], [-0.1, -0.2, 0.05, -0.3], [0.1, 0.1, -0.1, -0.1]])
    chance = (2 / 3 + 1 / 4 + 2 / 4) / 3
    expected = (2 - 3 * chance) / math.sqrt(3 * chance * (1 - chance))
    assert sign(estimation, np.array([0.1, -0.1, 0.2])).statistic == pytest.approx(expected)


def world(seed: int, halts: float = 0.0, common: float = 0.0) -> tuple[Floats, Floats, NDArray[np.bool_], Floats]:
    """Return shocks, prices, traded and market of a world of five names and 300 sessions."""
    generator = np.random.default_rng(seed)
    market = generator.normal(0.0, 0.012, 300)
    own = generator.normal(0.0, 0.02, (300, 5))
    shocks = np.sqrt(common) * generator.normal(0.0, 0.02, (300, 1)) + np.sqrt(1 - common) * own
    returns = np.array([0.6, 0.8, 1.0, 1.2, 1.4]) * market[:, None] + 0.001 + shocks
    traded = generator.random((300, 5)) >= halts
    return shocks, np.exp(np.cumsum(returns, axis=0)), traded, np.exp(np.cumsum(market))


@pytest.mark.parametrize("halts", [0.0, 0.15])
@pytest.mark.parametrize("inside", [Window(0, 0), Window(0, 5), Window(-2, 5), Window(-2, -1)])
def test_a_sum_of_abnormal_returns_is_its_weights_times_the_names_shocks(halts: float, inside: Window) -> None:
    """So their sum of squares is its variance: forecast errors, cross terms and halts included."""
    shocks, prices, traded, market = world(5, halts)
    events = [(row, name) for row in (160, 171, 200, 280) for name in range(5) if traded[row, name]]
    seen = panel(prices, traded, market, log=True)
    found = abnormal(seen, [row for row, _ in events], [name for _, name in events], Asked(WINDOW))
    weights = found.weights(inside)[found.pattern]
    sums = found.sums(inside)
    part = shocks[found.first_row : found.last_row + 1]
    expected = [float(line @ part[:, name]) for line, (_, name) in zip(weights, events, strict=True)]
    held = ~np.isnan(sums)
    assert held.sum() >= 10
    assert sums[held] == pytest.approx(np.array(expected)[held], abs=1e-12)


def test_the_variance_of_a_window_is_the_published_one_with_cross_terms() -> None:
    """As in MacKinlay (1997), equation 11, summed: L + L^2 / M + (sum of deviations)^2 / sum of squares."""
    _, prices, traded, market = world(6)
    found = abnormal(panel(prices, traded, market, log=True), [200], [2], Asked(WINDOW))
    moves = np.diff(np.log(market))
    before, after = moves[200 - 2 - 120 - 1 : 200 - 2 - 1], moves[199:205]
    known = 6 + 36 / 120 + (after - before.mean()).sum() ** 2 / ((before - before.mean()) ** 2).sum()
    assert (found.weights(Window(0, 5)) ** 2).sum() == pytest.approx(known)


@pytest.mark.parametrize("model", ["market", "mean", "market-adjusted"])
def test_each_model_takes_off_what_it_says(model: Model) -> None:
    _, prices, traded, market = world(7)
    found = abnormal(panel(prices, traded, market, log=True), [200, 240], [1, 3], Asked(WINDOW, model))
    returns, moves = np.diff(np.log(prices), axis=0), np.diff(np.log(market))
    for at, (row, name) in enumerate([(200, 1), (240, 3)]):
        seen, beside = returns[row - 123 : row - 3, name], moves[row - 123 : row - 3]
        window, index = returns[row - 3 : row + 5, name], moves[row - 3 : row + 5]
        if model == "market":
            beta, alpha = np.polyfit(beside, seen, 1)
            expected, left, terms = alpha + beta * index, seen - alpha - beta * beside, 2
        elif model == "mean":
            expected, left, terms = np.full(8, seen.mean()), seen - seen.mean(), 1
        else:
            expected, left, terms = index, seen - beside, 0
        assert found.values[at] == pytest.approx(window - expected, abs=1e-14)
        assert found.sigma[at] == pytest.approx(math.sqrt((left @ left) / (120 - terms)))
        assert found.degrees[at] == 120 - terms


def test_a_return_over_a_halt_is_measured_against_the_benchmark_over_the_same_sessions() -> None:
    _, prices, traded, market = world(8)
    traded[201:204, 1] = False
    seen = panel(prices, traded, market, log=False)
    assert seen.spans[204, 1] == 4
    assert seen.returns[204, 1] == pytest.approx(prices[204, 1] / prices[200, 1] - 1)
    found = abnormal(seen, [200], [1], Asked(WINDOW, "market-adjusted", returns="simple"))
    assert np.isnan(found.values[0, 3:6]).all()
    gone = prices[204, 1] / prices[200, 1] - market[204] / market[200]
    assert found.values[0, 6] == pytest.approx(gone)
    assert (found.weights(Window(4, 4)) ** 2).sum() == pytest.approx(4.0)


def close_events(common: float, rows: list[int], columns: list[int]) -> tuple[Abnormal, Floats]:
    _, prices, traded, market = world(9, common=common)
    found = abnormal(panel(prices, traded, market, log=True), rows, columns, Asked(WINDOW))
    return found, shocks(found, np.ones(len(rows)))


def test_shocks_correlate_as_the_names_do_and_wholly_within_a_name() -> None:
    _, alike = close_events(0.5, [200, 200, 230], [0, 1, 0])
    assert alike[0, 1] == pytest.approx(0.5, abs=0.2)
    assert alike[0, 2] == 1.0
    assert alike == pytest.approx(alike.T)
    turned, _ = close_events(0.5, [200, 200], [0, 1])
    assert shocks(turned, np.array([1.0, -1.0]))[0, 1] == pytest.approx(-shocks(turned, np.ones(2))[0, 1])


def test_windows_share_what_falls_on_the_same_sessions() -> None:
    found, _ = close_events(0.0, [200, 200, 203, 240], [0, 1, 2, 3])
    assert found.pattern.tolist() == [0, 0, 1, 2]
    part = overlaps(found.weights(Window(0, 5)))
    assert np.diag(part) == pytest.approx(1.0)
    assert 0.4 < part[0, 1] < 0.6, "three of six sessions, and nearly all of the estimation"
    assert abs(part[0, 2]) < 0.1


def test_a_name_twice_within_days_counts_as_little_more_than_once() -> None:
    found, alike = close_events(0.0, [200, 201], [0, 0])
    both = shared_by(blocks(alike, found.pattern, 2), overlaps(found.weights(Window(0, 5))))
    assert both.effective < 1.3


def test_what_is_added_up_is_what_the_whole_matrix_says() -> None:
    generator = np.random.default_rng(3)
    draws = generator.normal(size=(60, 12)) + generator.normal(size=(60, 1))
    correlations = np.corrcoef(draws.T)
    which = generator.integers(0, 4, 12)
    part = overlaps(generator.normal(size=(4, 30)) + 0.4)
    common = part[np.ix_(which, which)] * correlations
    centred = common - common.mean(axis=0)[:, None] - common.mean(axis=0)[None, :] + common.mean()
    found = shared_by(blocks(correlations, which, 4), part)
    assert found.correlation == pytest.approx((common.sum() - 12) / 132)
    assert found.degrees == pytest.approx(np.trace(centred) ** 2 / (centred**2).sum())
    assert found.effective == pytest.approx(12 / (1 + 11 * found.correlation))


MOST = 8
"""Of 40 worlds at 5%: more is the work of chance less than once in a thousand times."""


def test_size_where_names_share_days_and_where_they_do_not() -> None:
    (clustered,) = rejections(Null(), 40, 11, [Window(0, 5)])
    assert clustered["kp_bmp"] <= MOST
    assert clustered["kp_patell"] <= MOST
    assert clustered["bmp"] > MOST
    assert clustered["patell"] > MOST
    (apart,) = rejections(Null(names=25, common=0.0, days=()), 40, 12, [Window(0, 0)])
    assert max(apart.values()) <= MOST


def test_a_planted_effect_is_found_on_its_day() -> None:
    first, before = rejections(Null(effect=0.03), 20, 13, [Window(0, 0), Window(-2, -1)])
    assert first["kp_bmp"] >= 18
    assert first["rank"] >= 18
    assert before["kp_bmp"] <= 5
