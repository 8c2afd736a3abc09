from __future__ import annotations

import math
from dataclasses import replace
from statistics import pstdev, stdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio.verdict import Earlier, Spread, Verdict, judge
from backfolio.verdict.curves import daily_sharpe
from backfolio.verdict.sharpe import expected_maximum
from backfolio.verdict.spread import ALIKE, deviation_ever, null_deviation, pooled, unknown
from trialled import curves_of, dearer, equity_of, noise

RATIOS = st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=12)


def spread(*ratios: float, sessions: int = 101) -> Spread:
    found = Spread.of(np.array(ratios), sessions)
    assert found is not None
    return found


@given(runs=st.lists(RATIOS, min_size=1, max_size=6))
def test_runs_taken_together_are_one_sample(runs: list[list[float]]) -> None:
    together = pooled(spread(*run) for run in runs)
    every = [ratio for run in runs for ratio in run]
    assert together is not None
    assert together.count == len(every)
    assert together.mean == pytest.approx(float(np.mean(every)), abs=1e-12)
    assert together.variance == pytest.approx(stdev(every) ** 2 if len(every) > 1 else 0.0, abs=1e-12)


def test_what_a_run_has_no_ratio_of_has_no_spread() -> None:
    assert spread(0.1, math.nan, 0.3) == Spread(2, pytest.approx(0.2), pytest.approx(0.02), 101)
    assert spread(0.1) == Spread(1, 0.1, 0.0, 101)
    assert Spread.of(np.array([math.nan]), 101) is None
    assert Spread.of(np.array([0.1, 0.2]), 1) is None
    assert pooled([]) is None


def test_luck_is_stretched_to_the_window_that_is_judged() -> None:
    short, long = daily_sharpe(curves_of(noise(0, 2_000, 65))), daily_sharpe(curves_of(noise(1, 2_000, 257)))
    assert short.std() == pytest.approx(null_deviation(65), rel=0.05)
    assert long.std() == pytest.approx(null_deviation(257), rel=0.05)
    stretched = spread(*short, sessions=65).over(257)
    assert math.sqrt(stretched.variance) == pytest.approx(long.std(ddof=1), rel=0.05)
    assert stretched.mean == pytest.approx(short.mean() / 2)
    assert (stretched.count, stretched.sessions) == (2_000, 257)


WIDE = spread(-0.1, 0.0, 0.1)
NARROW = spread(0.1, 0.1001)


@pytest.mark.parametrize(
    ("name", "own", "earlier", "trials", "expected"),
    [
        ("one run", WIDE, [], 3, 0.1),
        ("one trial", spread(0.1), [], 1, None),
        ("two trials, one that moved", spread(0.1), [], 2, None),
        ("another run that is known", NARROW, [Earlier(3, WIDE)], 5, stdev([-0.1, 0.0, 0.1, 0.1, 0.1001])),
        ("a single trial after a wide run", spread(0.1), [Earlier(3, WIDE)], 4, stdev([-0.1, 0.0, 0.1, 0.1])),
        ("another that is not", NARROW, [Earlier(3)], 5, 0.1),
        ("another that is not, this one being wide", spread(-0.3, 0.3), [Earlier(3)], 5, stdev([-0.3, 0.3])),
        ("none that moved here", None, [Earlier(3, WIDE)], 4, 0.1),
        ("nothing known", None, [Earlier(3)], 4, 0.1),
        (
            "others of another length", NARROW, [Earlier(3, replace(WIDE, sessions=26))], 5,
            stdev([-0.05, 0.0, 0.05, 0.1, 0.1001]),
        ),
    ],
)  # fmt: skip
def test_the_deviation_of_all_trials_ever(
    name: str, own: Spread | None, earlier: list[Earlier], trials: int, expected: float | None
) -> None:
    found = deviation_ever(own, earlier, trials, 101)
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-9)), name


def test_no_number_of_trials_about_the_best_undoes_what_luck_has_shown() -> None:
    wide = spread(*daily_sharpe(curves_of(noise(0, 150, 500))), sessions=500)
    alone = expected_maximum(150, math.sqrt(wide.variance))
    assert alone is not None
    best = wide.mean + 2.5 * math.sqrt(wide.variance)
    for count in (1, 10, 1_000, 100_000):
        deviation = deviation_ever(Spread(count, best, 1e-12, 500), [Earlier(150, wide)], 150 + count, 500)
        assert deviation is not None
        highest = expected_maximum(150 + count, deviation)
        assert highest is not None
        assert highest >= alone * (1 - 1e-12)
    assert deviation_ever(None, [], 10, 1) is None


def test_unknown_trials_are_counted() -> None:
    assert unknown([Earlier(3), Earlier(4, WIDE), Earlier(5)]) == 8


def judged(returns: np.ndarray, earlier: list[Earlier] | None, **options: object) -> Verdict:
    score = daily_sharpe(curves_of(returns))
    points = np.arange(len(returns))[:, None]
    given: dict[str, object] = {"blocks": 4, "replications": 60, "earlier": earlier, **options}
    return judge(*equity_of(returns), score, points, (True,), int(score.argmax()), **given)  # type: ignore[arg-type]


def test_a_narrow_run_about_the_luckiest_of_noise_is_no_evidence() -> None:
    # A wide search of noise, then its winner at a few costs: to the second run alone it looks like skill.
    fooled = 0
    for seed in range(12):
        wide = noise(seed, 150, 400)
        ratios = daily_sharpe(curves_of(wide))
        narrow = dearer(wide[int(ratios.argmax())], 16, 2e-5)
        flat = np.zeros(400)
        alone = judged(narrow, [], benchmark=flat)
        fooled += alone.grade == "some evidence"
        for run in (Earlier(150, Spread.of(ratios, 400)), Earlier(150)):
            both = judged(narrow, [run], benchmark=flat)
            assert both.grade != "some evidence"
            assert both.trials_ever == 166
            assert (both.deflated_sharpe or 0.0) < min(0.95, alone.deflated_sharpe or 0.0)
            assert (both.expected_max_sharpe or 0.0) > 2 * (alone.expected_max_sharpe or 0.0)
    assert fooled > 6


def test_a_long_run_about_the_luckiest_of_noise_is_no_evidence_either() -> None:
    # More trials than the wide search had: the cap on the grade does not hold here, the spread must.
    for seed in range(3):
        wide = noise(seed, 60, 400)
        ratios = daily_sharpe(curves_of(wide))
        narrow = dearer(wide[int(ratios.argmax())], 200, 2e-6)
        both = judged(narrow, [Earlier(60, Spread.of(ratios, 400))], benchmark=np.zeros(400))
        assert 2 * both.trials > both.trials_ever
        assert both.grade != "some evidence"
        assert (both.deflated_sharpe or 1.0) < 0.95


def test_trials_of_other_runs_are_said() -> None:
    wide = Earlier(30, spread(*daily_sharpe(curves_of(noise(1, 30, 300))), sessions=300))
    of_both = "Cross-validation and the test against cash know the 4 trials of this run only, not the {} on this data."
    most = "Most trials on this data were not in this run, so that nothing here is more than doubtful."
    missing = (
        "How far apart the Sharpe ratios of 7 earlier trials lay is not known: at least what luck alone makes of "
        "them is assumed."
    )
    few = noise(0, 4, 300)
    assert judged(few, []).notes == ()
    assert judged(few, [wide]).notes == (of_both.format("30 other trials"), most)
    assert judged(few, [Earlier(1, spread(0.1))]).notes == (of_both.format("1 other trial"),)
    assert judged(few, [wide, Earlier(7)]).notes == (
        of_both.format("37 other trials"),
        most,
        missing,
    )
    assert judged(few, None, trials_ever=11).notes == judged(few, [Earlier(7)]).notes
    assert "test against the benchmark" in judged(few, [wide], benchmark=few[0] / 2).notes[0]


@pytest.mark.parametrize("count", [2, 7])
def test_trials_that_are_alike_are_one_try(count: int) -> None:
    one = noise(4, 1, 400)[0] + 0.001
    same = judged(np.tile(one, (count, 1)), [])
    assert same.alike
    assert (same.expected_max_sharpe, same.deflated_sharpe, same.sharpe_deviation) == (
        None,
        None,
        pytest.approx(0.0, abs=1e-9),
    )
    assert (
        same.reasons["deflated_sharpe"] == "The Sharpe ratios of all trials are so nearly equal that they are one try."
    )
    assert f"Of {count} trials on this data the best has a Sharpe ratio of " in same.sentence
    assert (
        "; all are so nearly equal that they count as one try, for which the chance that the true one" in same.sentence
    )
    assert "luck alone would show" not in same.sentence
    assert same.grade != "some evidence"


def test_alike_is_closer_than_luck_would_have_it() -> None:
    one, null = noise(4, 1, 401)[0], 1 / math.sqrt(400)
    for apart, alike in ((0.5 * ALIKE, True), (2.0 * ALIKE, False)):
        # What is added to every return moves the Sharpe ratio by itself over the deviation.
        step = apart * null * float(one.std(ddof=1)) / pstdev([0, 1, 2])
        found = judged(np.stack([one + place * step for place in range(3)]), [])
        assert found.alike is alike
        assert (found.deflated_sharpe is None) is alike


def test_a_single_trial_after_others_reads_well() -> None:
    verdict = judged(noise(4, 1, 400) + 0.0002, [Earlier(150, spread(*np.linspace(-0.1, 0.1, 150), sessions=400))])
    assert verdict.sentence.startswith("Of 151 trials on this data the only one of this run has a Sharpe ratio of ")
    assert "that many tries on luck alone would show" in verdict.sentence
    assert verdict.notes[0] == (
        "Cross-validation and the test against cash know the 1 trial of this run only, "
        "not the 150 other trials on this data."
    )
