from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfolio.errors import UsageError
from backfolio.verdict.bootstrap import (
    best_block_length,
    bootstrap_counts,
    default_block_length,
    long_run_variance,
)
from backfolio.verdict.reality import Superiority, superiority
from trialled import curves_of, noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def plain_variance(series: Floats, block_length: float) -> float:
    """Return the kernel estimator of Hansen (2005), lag by lag."""
    n = len(series)
    apart = series - series.mean()
    stays = 1 - 1 / block_length
    total = float(apart @ apart) / n
    for lag in range(1, n):
        kernel = (n - lag) / n * stays**lag + lag / n * stays ** (n - lag)
        total += 2 * kernel * float(apart[:-lag] @ apart[lag:]) / n
    return total


def plainly(active: Floats, counts: Floats, block_length: float) -> dict[str, float]:
    """Return the p-values of Hansen and White, trial by trial and history by history, straight from the papers."""
    trials, n = active.shape
    means = [float(row.mean()) for row in active]
    spreads = [math.sqrt(plain_variance(row, block_length)) for row in active]
    statistic = max(0.0, *(math.sqrt(n) * mean / spread for mean, spread in zip(means, spreads, strict=True)))
    white = max(math.sqrt(n) * mean for mean in means)
    bound = math.sqrt(2 * math.log(math.log(n)))
    above = dict.fromkeys(("lower", "consistent", "upper", "white"), 0)
    for history in counts:
        drawn = np.repeat(np.arange(n), history.astype(int))
        highest = {"lower": 0.0, "consistent": 0.0, "upper": 0.0, "white": -math.inf}
        for k in range(trials):
            mean = float(active[k, drawn].mean())
            poor = math.sqrt(n) * means[k] / spreads[k] < -bound
            centres = {"lower": max(0.0, means[k]), "consistent": 0.0 if poor else means[k], "upper": means[k]}
            for name, centre in centres.items():
                highest[name] = max(highest[name], math.sqrt(n) * (mean - centre) / spreads[k])
            highest["white"] = max(highest["white"], math.sqrt(n) * (mean - means[k]))
        for name, value in highest.items():
            above[name] += value > (white if name == "white" else statistic)
    # The history there was is one of them, and where nothing is ahead luck is no worse.
    return {
        name: 1.0 if (white if name == "white" else statistic) <= 0 else (count + 1) / (len(counts) + 1)
        for name, count in above.items()
    }


@pytest.mark.parametrize(
    ("seed", "edge", "spread", "rival"),
    [(0, 0.0, 0.0, True), (1, 0.0005, 0.0005, False), (2, -0.003, 0.0, True), (3, 0.001, 0.003, True)],
)
def test_a_plain_computation_agrees(seed: int, edge: float, spread: float, rival: bool) -> None:
    rng = np.random.default_rng(seed)
    returns = noise(seed, 9, 120, common=0.3) + edge + spread * rng.normal(size=(9, 1))
    benchmark = rng.normal(0.0, 0.005, 120) if rival else None
    found = superiority(curves_of(returns), 3, benchmark, replications=60, seed=7, block_length=4.0)
    counts = bootstrap_counts(120, 60, 4.0, 7)
    expected = plainly(returns - (0.0 if benchmark is None else benchmark), counts, 4.0)
    made = {"lower": found.lower, "consistent": found.consistent, "upper": found.upper, "white": found.white}
    assert made == pytest.approx(expected, abs=1e-12)


def test_the_ways_of_centring_differ_where_poor_trials_are_many() -> None:
    returns = noise(4, 60, 250)
    returns[20:] -= 0.004
    returns[0] += 0.0012
    found = superiority(curves_of(returns), 0, replications=500)
    assert found.lower is not None
    assert found.consistent is not None
    assert found.upper is not None
    assert found.lower <= found.consistent < found.upper


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    trials=st.integers(1, 30),
    sessions=st.integers(20, 90),
    chunk=st.integers(1, 40),
    edge=st.floats(-0.003, 0.003),
)
def test_neither_order_nor_chunks_matter(seed: int, trials: int, sessions: int, chunk: int, edge: float) -> None:
    returns = noise(seed, trials, sessions) + edge
    mixed = np.random.default_rng(seed).permutation(trials)
    whole = superiority(curves_of(returns), int(mixed[0]), replications=50, seed=seed)
    assert superiority(curves_of(returns[mixed], chunk), 0, replications=50, seed=seed) == whole
    assert whole.lower is not None
    assert whole.consistent is not None
    assert whole.upper is not None
    assert 0.0 < whole.lower <= whole.consistent <= whole.upper <= 1.0


def test_p_values_of_noise_are_even() -> None:
    found = [superiority(curves_of(noise(seed, 8, 200)), 0, replications=150) for seed in range(150)]
    for name in ("upper", "white"):
        values = np.array([getattr(one, name) for one in found])
        for level in (0.1, 0.25, 0.5, 0.75):
            assert (values <= level).mean() == pytest.approx(level, abs=0.12), name
    assert np.mean([one.consistent for one in found]) == pytest.approx(0.5, abs=0.12)


def test_a_real_edge_is_found() -> None:
    returns = noise(11, 200, 500)
    returns[123] += 0.003
    found = superiority(curves_of(returns), 123)
    assert found.upper is not None
    assert found.white is not None
    assert max(found.upper, found.white) <= 0.01
    assert found.replications == 1_000
    # Against a benchmark that has the same edge, there is none left.
    rival = noise(12, 1, 500)[0] * 0.1 + 0.003
    assert (superiority(curves_of(returns), 123, rival).consistent or 0.0) > 0.2


def test_where_nothing_beats_the_benchmark_luck_is_no_worse() -> None:
    found = superiority(curves_of(noise(0, 5, 60) - 0.02), 0, replications=50)
    assert (found.lower, found.consistent, found.upper, found.white) == (1.0, 1.0, 1.0, 1.0)


def test_trials_equal_to_the_benchmark_are_left_out_and_said() -> None:
    returns = noise(3, 6, 80)
    held = np.concatenate([returns, np.zeros((2, 80))])
    found = superiority(curves_of(held), 0, replications=50)
    alone = superiority(curves_of(returns), 0, replications=50)
    assert found.notes == ("The test against cash leaves out 2 trials equal to it.",)
    assert (found.upper, found.white) == (alone.upper, alone.white)
    against = superiority(curves_of(returns), 1, curves_of(returns).returns(0, 1)[0], replications=50)
    assert against.notes == ("The test against the benchmark leaves out 1 trial equal to it.",)
    assert superiority(curves_of(np.zeros((3, 40))), 0) == Superiority(
        reason="No trial's returns ever differ from those that it is compared with."
    )
    assert superiority(curves_of(noise(0, 2, 19)), 0) == Superiority(reason="19 sessions: the test needs 20.")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"replications": 0}, "replications is 0: give at least 1"),
        ({"benchmark": np.zeros(39)}, "39 returns of the benchmark meet 40 sessions: give one for each"),
    ],
)
def test_bad_input_is_said(options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=f"^{said}$"):
        superiority(curves_of(noise(0, 3, 40)), 0, **options)


@given(
    sessions=st.integers(1, 60),
    replications=st.integers(1, 30),
    block_length=st.floats(1.0, 80.0),
    seed=st.integers(0, 2**32),
)
def test_a_history_is_as_long_as_the_one_there_was(
    sessions: int, replications: int, block_length: float, seed: int
) -> None:
    counts = bootstrap_counts(sessions, replications, block_length, seed)
    assert counts.shape == (replications, sessions)
    assert (counts.sum(axis=1) == sessions).all()
    assert (counts == np.rint(counts)).all()
    assert (counts >= 0).all()
    assert np.array_equal(counts, bootstrap_counts(sessions, replications, block_length, seed))


@pytest.mark.parametrize("block_length", [1.0, 3.0, 12.0])
def test_the_bootstrap_has_the_variance_that_is_worked_out(block_length: float) -> None:
    rng = np.random.default_rng(1)
    series = np.convolve(rng.normal(size=205), np.ones(6) / 6, mode="valid")
    means = bootstrap_counts(200, 20_000, block_length, 5) @ series / 200
    (exact,) = long_run_variance(series[None], block_length).tolist()
    assert means.var() * 200 == pytest.approx(exact, rel=0.04)
    assert exact == pytest.approx(plain_variance(series, block_length), rel=1e-9)


@given(seed=st.integers(0, 10**6), sessions=st.integers(2, 70), block_length=st.floats(1.0, 100.0))
def test_the_variance_is_the_kernel_estimator(seed: int, sessions: int, block_length: float) -> None:
    returns = noise(seed, 3, sessions)
    found = long_run_variance(returns, block_length)
    assert found == pytest.approx([plain_variance(row, block_length) for row in returns], rel=1e-7)


def test_a_block_length_of_1_leaves_the_plain_variance() -> None:
    returns = noise(2, 4, 90)
    assert long_run_variance(returns, 1.0) == pytest.approx(returns.var(axis=1), rel=1e-12)


@pytest.mark.parametrize("memory", [0.2, 0.5, 0.8])
def test_the_block_length_of_a_series_with_memory_is_that_of_theory(memory: float) -> None:
    # For an autoregression of order 1, G / g(0) = 2 rho / (1 - rho^2), so that b = (2 rho / (1 - rho^2))^(2/3) n^(1/3).
    n, lengths = 4_000, []
    for seed in range(8):
        steps = np.random.default_rng(seed).normal(size=n)
        for at in range(1, n):
            steps[at] += memory * steps[at - 1]
        lengths.append(best_block_length(steps))
    theory = (2 * memory / (1 - memory**2)) ** (2 / 3) * n ** (1 / 3)
    assert np.median(lengths) == pytest.approx(theory, rel=0.25)


@given(values=st.lists(st.floats(-0.1, 0.1), min_size=20, max_size=120))
def test_a_block_length_is_never_out_of_bounds(values: list[float]) -> None:
    n = len(values)
    assert 1.0 <= best_block_length(np.array(values)) <= math.ceil(min(3 * math.sqrt(n), n / 3))


def test_noise_needs_no_blocks_and_a_constant_series_takes_the_default() -> None:
    assert np.median([best_block_length(noise(seed, 1, 1_000)[0]) for seed in range(20)]) < 4.0
    assert best_block_length(np.zeros(1_000)) == default_block_length(1_000) == 10.0
