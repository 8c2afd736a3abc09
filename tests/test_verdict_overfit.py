from __future__ import annotations

import gzip
import itertools
import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfolio.errors import UsageError
from backfolio.verdict.overfit import MOST_BLOCKS, POINTS, Overfit, cross_validate
from trialled import curves_of, noise

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def plainly(returns: Floats, blocks: int) -> tuple[list[float], list[tuple[float, float]]]:
    """Return logits and pairs of Sharpe ratios of all splits, straight from the paper, for trials without ties."""
    pieces = np.array_split(np.arange(returns.shape[1]), blocks)
    logits, pairs = [], []
    for chosen in itertools.combinations(range(blocks), blocks // 2):
        inside = np.concatenate([pieces[block] for block in chosen])
        outside = np.concatenate([pieces[block] for block in range(blocks) if block not in chosen])
        here, there = (
            returns[:, rows].mean(axis=1) / returns[:, rows].std(axis=1, ddof=1) * math.sqrt(243)
            for rows in (inside, outside)
        )
        best = int(here.argmax())
        relative = (1 + sum(there < there[best])) / (len(returns) + 1)
        logits.append(math.log(relative / (1 - relative)))
        pairs.append((float(here[best]), float(there[best])))
    return logits, pairs


@pytest.mark.shared
@pytest.mark.parametrize("name", ["test_852_40", "test_852_40_s10"])
def test_the_vectors_are_reproduced(shared: Path, name: str) -> None:
    vector = json.loads((shared / "vectors" / "pbo.json").read_text(encoding="utf-8"))[name]
    with gzip.open(shared / "vectors" / "pbo_test_852_40x200.csv.gz", "rt") as file:
        returns = np.loadtxt(file, delimiter=",", skiprows=1).T
    assert returns.shape == (vector["configurations"], vector["observations"])
    # Standard normal numbers: a hundredth of them is a return that equity survives, with the same Sharpe ratio.
    found = cross_validate(curves_of(returns / 100), vector["blocks"])
    assert found.probability == pytest.approx(vector["pbo"], abs=1e-12)
    assert found.loss == pytest.approx(vector["probability_of_loss"], abs=5e-4)


@pytest.mark.shared
def test_the_other_matrix_has_an_edge(shared: Path) -> None:
    with gzip.open(shared / "vectors" / "pbo_edge_11_20x480.csv.gz", "rt") as file:
        returns = np.loadtxt(file, delimiter=",", skiprows=1).T
    assert returns.shape == (20, 480)
    found = cross_validate(curves_of(returns), 8)
    logits, _ = plainly(returns, 8)
    assert found.probability == sum(logit <= 0 for logit in logits) / 70
    assert found.probability < 0.05


@pytest.mark.parametrize(
    ("seed", "trials", "sessions", "blocks"), [(0, 12, 100, 4), (1, 7, 131, 6), (2, 30, 165, 10), (3, 3, 80, 8)]
)
def test_a_plain_count_of_all_splits_agrees(seed: int, trials: int, sessions: int, blocks: int) -> None:
    returns = noise(seed, trials, sessions)
    found = cross_validate(curves_of(returns), blocks)
    logits, pairs = plainly(returns, blocks)
    assert (found.blocks, found.splits) == (blocks, math.comb(blocks, blocks // 2))
    assert found.probability == sum(logit <= 1e-9 for logit in logits) / len(logits)
    assert found.loss == sum(there < 0 for _, there in pairs) / len(pairs)
    assert np.sort(found.points, axis=0) == pytest.approx(np.sort(pairs, axis=0), rel=1e-6)
    slope, intercept = np.polyfit(*zip(*pairs, strict=True), 1)
    assert (found.slope, found.intercept) == pytest.approx((slope, intercept), rel=1e-5)
    edges, counts = np.array(found.edges), np.array(found.counts)
    cumulated = [sum(logit <= edge + 1e-9 for logit in logits) for edge in edges[1:].tolist()]
    assert np.cumsum(counts).tolist() == cumulated


def test_noise_is_overfit_half_of_the_time() -> None:
    found = [cross_validate(curves_of(noise(seed, 50, 480)), 8).probability or 0.0 for seed in range(60)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.06)
    assert np.std(found) > 0.1


def test_one_trial_above_all_is_not_overfit() -> None:
    returns = noise(5, 60, 480)
    returns[17] += 0.004
    found = cross_validate(curves_of(returns))
    assert (found.probability, found.loss) == (0.0, 0.0)
    assert found.splits == 12_870
    assert sum(found.counts[:10]) == 0
    assert found.counts[-1] == 12_870


def test_a_search_that_fits_noise_of_one_half_is_always_overfit() -> None:
    # Each trial earned in one block what it lost in another: the best of a half is bad in the other.
    rng = np.random.default_rng(0)
    returns = noise(6, 40, 400) / 50
    for row in returns:
        gain, loss = rng.choice(4, 2, replace=False)
        row[gain * 100 : gain * 100 + 100] += 0.01
        row[loss * 100 : loss * 100 + 100] -= 0.01
    assert cross_validate(curves_of(returns), 4).probability == pytest.approx(1.0)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    trials=st.integers(2, 40),
    blocks=st.sampled_from([4, 6, 8, 12]),
    chunk=st.integers(1, 50),
    at_once=st.sampled_from([1, 37, 1 << 18]),
    alike=st.integers(0, 3),
    idle=st.booleans(),
)
def test_neither_order_nor_chunks_matter(
    seed: int, trials: int, blocks: int, chunk: int, at_once: int, alike: int, *, idle: bool
) -> None:
    returns = noise(seed, trials, 137)
    returns = np.concatenate([returns, np.repeat(returns[:1], alike, axis=0)])
    if idle:
        # Several trials that wait for the middle have the same ratio of 0 in some halves.
        returns[: trials // 2, :50] = 0.0
    mixed = np.random.default_rng(seed).permutation(len(returns))
    whole = cross_validate(curves_of(returns), blocks)
    pieces = cross_validate(curves_of(returns[mixed], chunk), blocks, at_once)
    assert pieces == whole
    assert whole.probability is not None
    assert 0.0 <= whole.probability <= 1.0
    assert sum(whole.counts) == whole.splits
    assert sum(whole.counts[: len(whole.counts) // 2]) == round(whole.probability * sum(whole.counts))


def test_trials_alike_share_their_mean_rank() -> None:
    # The best and two copies of it are ranks 3 to 5 of 5 everywhere: 4, a relative rank of 4 / 6.
    returns = noise(8, 3, 200)
    returns[0] += 0.01
    returns = np.concatenate([returns, returns[:1], returns[:1]])
    found = cross_validate(curves_of(returns), 4)
    (full,) = (bin_ for bin_, count in enumerate(found.counts) if count)
    assert found.edges[full] < math.log(4 / 2) <= found.edges[full + 1]


def test_a_trial_that_does_not_move_in_a_half_ranks_as_0() -> None:
    # One waits for the second half; the other loses all along: out of sample the idle one is best wherever it idles.
    returns = np.stack([noise(9, 1, 80)[0] - 0.01, noise(10, 1, 80)[0] + 0.02])
    returns[1, :40] = 0.0
    found = cross_validate(curves_of(returns), 4)
    assert (found.probability, found.loss) == (0.0, 0.0)
    assert min(there for _, there in found.points) == 0.0


@pytest.mark.parametrize(
    ("returns", "reason"),
    [
        (noise(0, 5, 39), "39 sessions: cross-validation needs 40."),
        (noise(0, 5, 1), "1 session: cross-validation needs 40."),
        (noise(0, 1, 100), "1 trial whose equity moved: cross-validation compares at least two."),
        (np.zeros((4, 100)), "0 trials whose equity moved: cross-validation compares at least two."),
        (
            np.concatenate([noise(0, 1, 100), np.zeros((3, 100))]),
            "1 trial whose equity moved: cross-validation compares at least two.",
        ),
        (
            np.repeat(noise(0, 1, 100), 3, axis=0),
            "All 3 trials whose equity moved are the same: there is none to prefer.",
        ),
    ],
)
def test_what_does_not_exist_is_said(returns: Floats, reason: str) -> None:
    assert cross_validate(curves_of(returns)) == Overfit(reason=reason)


@pytest.mark.parametrize(("sessions", "blocks"), [(40, 4), (59, 4), (60, 6), (159, 14), (160, 16), (250, 16)])
def test_few_sessions_are_cut_into_fewer_blocks(sessions: int, blocks: int) -> None:
    found = cross_validate(curves_of(noise(0, 4, sessions)))
    assert found.blocks == blocks
    said = f"Cross-validation has {blocks} blocks in place of 16: {sessions} sessions are few."
    assert found.notes == ((said,) if blocks < 16 else ())


def test_trials_that_never_moved_are_left_out_and_said() -> None:
    returns = noise(0, 10, 100)
    found = cross_validate(curves_of(np.concatenate([returns, np.zeros((2, 100))])), 4)
    alone = cross_validate(curves_of(returns), 4)
    assert found.notes == ("Cross-validation leaves out 2 trials whose equity never moved.",)
    assert (found.probability, found.counts) == (alone.probability, alone.counts)


def test_the_pairs_kept_are_bounded() -> None:
    found = cross_validate(curves_of(noise(0, 5, 400)))
    assert len(found.points) == POINTS
    assert found.splits == 12_870


@pytest.mark.parametrize("blocks", [3, 2, 0, -4, 15, MOST_BLOCKS + 2])
def test_blocks_out_of_bounds_are_refused(blocks: int) -> None:
    with pytest.raises(UsageError, match=f"blocks is {blocks}: give an even number from 4 to 20"):
        cross_validate(curves_of(noise(0, 3, 100)), blocks)
