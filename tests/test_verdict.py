from __future__ import annotations

import json
import math
import tracemalloc
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio.errors import UsageError
from backfolio.metrics import ratios, summary
from backfolio.verdict import Cliff, Earlier, Spread, Verdict, judge, sharpe
from backfolio.verdict.curves import Curves, daily_sharpe
from backfolio.verdict.model import written_share
from backfolio.verdict.overfit import cross_validate
from backfolio.verdict.reality import superiority
from trialled import START, curves_of, equity_of, noise

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def judged(returns: Floats, best: int | None = None, **options: object) -> Verdict:
    """Judge trials on a grid of one parameter, scored by their Sharpe ratio."""
    score = daily_sharpe(curves_of(returns))
    row = int(np.nanargmax(score)) if best is None else best
    return judge(*equity_of(returns), score, np.arange(len(returns))[:, None], (True,), row, **options)


LUCK = noise(0, 120, 500, common=0.3)
EDGE = np.concatenate([LUCK, noise(1, 1, 500) + 0.006])


def test_the_parts_are_those_of_the_modules() -> None:
    others = noise(9, 180, 500)
    spread = Spread.of(daily_sharpe(curves_of(others)), 500)
    verdict = judged(LUCK, earlier=[Earlier(180, spread)], seed=5, replications=200, blocks=8, names=("hold",))
    curves = curves_of(LUCK)
    best = int(daily_sharpe(curves).argmax())
    own = curves.returns(best, best + 1)[0]
    shape = ratios.moments(own)
    daily = ratios.sharpe(own, periods=1)
    deviation = float(np.concatenate([daily_sharpe(curves), daily_sharpe(curves_of(others))]).std(ddof=1))
    assert shape is not None
    assert daily is not None
    assert (verdict.trials, verdict.trials_ever, verdict.sessions) == (120, 300, 500)
    assert verdict.years == 500 / 243
    assert verdict.sharpe == summary(own).sharpe
    assert (verdict.daily_sharpe, verdict.skew, verdict.kurtosis) == (daily, *shape)
    assert verdict.probabilistic_sharpe == summary(own).probabilistic_sharpe
    assert verdict.expected_max_sharpe == pytest.approx(
        (sharpe.expected_maximum(300, deviation) or 0.0) * math.sqrt(243)
    )
    assert verdict.deflated_sharpe == pytest.approx(sharpe.deflated(daily, 500, *shape, 300, deviation), rel=1e-9)
    assert verdict.sharpe_deviation == pytest.approx(deviation * math.sqrt(243), rel=1e-9)
    assert not verdict.alike
    assert verdict.min_track_sessions == math.ceil(sharpe.minimum_track_record(daily, *shape) or 0.0)
    assert verdict.min_track_years == verdict.min_track_sessions / 243
    assert verdict.min_backtest_years == sharpe.minimum_backtest(300, daily * math.sqrt(243))
    cut = sharpe.haircut(daily * math.sqrt(243), 500, 300)
    assert cut is not None
    assert (verdict.haircut_sharpe, verdict.haircut) == (cut.ratio, cut.share)
    split = cross_validate(curves, 8)
    assert (verdict.pbo, verdict.blocks, verdict.splits) == (split.probability, 8, 70)
    assert (verdict.logit_edges, verdict.logit_counts) == (split.edges, split.counts)
    assert (verdict.degradation, verdict.degradation_slope) == (split.points, split.slope)
    assert (verdict.degradation_intercept, verdict.probability_of_loss) == (split.intercept, split.loss)
    test = superiority(curves, best, seed=5, replications=200)
    assert (verdict.spa_lower, verdict.spa_consistent, verdict.spa_upper) == (test.lower, test.consistent, test.upper)
    assert (verdict.reality_check, verdict.replications, verdict.seed) == (test.white, 200, 5)
    assert (verdict.block_length, verdict.compared_with) == (test.block_length, "cash")
    assert verdict.reasons == {}
    assert len(verdict.notes) == 2
    assert {cliff.name for cliff in verdict.cliffs} <= {"hold"}


def test_luck_is_called_luck_and_an_edge_is_not() -> None:
    flat = np.zeros(np.shape(EDGE)[1])
    luck, edge = judged(LUCK, benchmark=flat), judged(EDGE, benchmark=flat)
    assert (luck.grade, edge.grade) == ("luck", "some evidence")
    assert luck.deflated_sharpe is not None
    assert edge.deflated_sharpe is not None
    assert luck.deflated_sharpe < 0.95 < edge.deflated_sharpe
    assert (edge.pbo, edge.probability_of_loss) == (0.0, 0.0)


def test_noise_is_hardly_ever_evidence() -> None:
    grades = [judged(noise(seed, 20, 240), blocks=4, replications=60).grade for seed in range(100, 140)]
    assert grades.count("luck") > 30
    assert grades.count("some evidence") <= 2


def test_the_order_of_the_trials_does_not_matter() -> None:
    mixed = np.random.default_rng(0).permutation(len(EDGE))
    score = daily_sharpe(curves_of(EDGE))
    points = np.arange(len(EDGE))[:, None]
    equity, cash = equity_of(EDGE)
    best = int(score.argmax())
    options = {"blocks": 6, "replications": 100}
    one = judge(equity, cash, score, points, (True,), best, **options)
    at = int(np.flatnonzero(mixed == best)[0])
    other = judge(equity[mixed], cash[mixed], score[mixed], points[mixed], (True,), at, **options)
    summed = {"expected_max_sharpe": None, "deflated_sharpe": None, "sharpe_deviation": None}
    assert replace(other, **summed) == replace(one, **summed)
    assert other.expected_max_sharpe == pytest.approx(one.expected_max_sharpe, rel=1e-12)
    assert other.deflated_sharpe == pytest.approx(one.deflated_sharpe, rel=1e-12)


def test_a_benchmark_takes_the_place_of_cash() -> None:
    benchmark = EDGE[-1] * 0.5 + 0.002
    verdict = judged(EDGE, benchmark=benchmark, replications=100)
    assert verdict.compared_with == "benchmark"
    assert "beats the benchmark so clearly" in verdict.sentence
    assert (verdict.spa_consistent or 0.0) > (judged(EDGE, replications=100).spa_consistent or 0.0)


def test_trials_ever_are_at_least_those_of_the_run() -> None:
    assert [
        judged(LUCK[:5], trials_ever=ever, blocks=4, replications=20).trials_ever for ever in (None, 0, 3, 5, 6)
    ] == [5, 5, 5, 5, 6]


def test_the_first_return_starts_from_the_cash() -> None:
    curves = Curves(np.array([[110, 121], [0, 0]]), np.array([100, 50]))
    assert curves.returns(0, 2) == pytest.approx(np.array([[0.1, 0.1], [-1.0, 0.0]]))


def test_memory_does_not_grow_with_the_equity_in_a_file(tmp_path: Path) -> None:
    sessions, peaks = 800, []
    for trials in (500, 2_000):
        file = np.memmap(tmp_path / str(trials), dtype=np.int64, mode="w+", shape=(trials, sessions))
        for first in range(0, trials, 500):
            file[first : first + 500] = equity_of(noise(first, 500, sessions))[0]
        cash, points = np.full(trials, START, dtype=np.int64), np.arange(trials)[:, None]
        score = daily_sharpe(Curves(file, cash))
        tracemalloc.start()
        judge(file, cash, score, points, (True,), int(score.argmax()), blocks=4, replications=50)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 1_500 * sessions * 8 / 10


def test_one_trial_picks_nothing() -> None:
    verdict = judged(noise(3, 1, 300) + 0.001)
    nothing = "There was one trial: nothing was picked."
    assert verdict.reasons == {
        "expected_max_sharpe": nothing,
        "deflated_sharpe": nothing,
        "sharpe_deviation": nothing,
        "min_backtest_years": nothing,
        "pbo": "1 trial whose equity moved: cross-validation compares at least two.",
        "probability_of_loss": "1 trial whose equity moved: cross-validation compares at least two.",
        "degradation_slope": "1 trial whose equity moved: cross-validation compares at least two.",
        "degradation_intercept": "1 trial whose equity moved: cross-validation compares at least two.",
        "plateau": "No varied parameter has ordered values, so that nothing lies one step away.",
    }
    assert verdict.sentence.startswith("The only trial on this data has a Sharpe ratio of ")
    assert verdict.grade == "doubtful"


def test_an_account_that_never_moved_has_nothing_to_judge() -> None:
    verdict = judge(
        *equity_of(np.zeros((3, 100))), np.full(3, math.nan), np.arange(3)[:, None], (True,), 0, replications=20
    )
    assert verdict.sentence == ("Of 3 trials on this data the best has no Sharpe ratio: there is nothing to judge.")
    assert verdict.grade == "doubtful"
    figures = (verdict.sharpe, verdict.pbo, verdict.spa_consistent, verdict.deflated_sharpe, verdict.haircut)
    assert figures == (None,) * 5


@pytest.mark.parametrize("returns", [np.zeros((3, 100)), noise(0, 1, 1), noise(0, 4, 2), noise(0, 4, 30) - 0.02, LUCK])
def test_every_missing_figure_has_its_reason_and_all_is_json(returns: Floats) -> None:
    score = np.nan_to_num(daily_sharpe(curves_of(returns))) if returns.shape[1] > 1 else np.zeros(len(returns))
    verdict = judge(*equity_of(returns), score, np.arange(len(returns))[:, None], (True,), 0, replications=20)
    silent = {"blocks", "splits", "replications", "block_length", "neighbour_score"}
    missing = {field.name for field in fields(verdict) if getattr(verdict, field.name) is None} - silent
    assert set(verdict.reasons) == missing
    whole = verdict.as_dict()
    assert json.loads(json.dumps(whole, allow_nan=False)) == whole
    assert whole["grade"] == verdict.grade
    assert whole["sentence"] == verdict.sentence
    assert set(whole) == {"grade", "sentence", *(field.name for field in fields(verdict))}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"equity": np.zeros((0, 5), dtype=np.int64)}, "equity has the shape (0, 5): give trials x sessions, at least"),
        ({"start_cash": np.array([1])}, "start cash has the shape (1,): give one amount for each of 2 trials"),
        ({"start_cash": np.array([1, 0])}, "start cash is 0 mills at the least: give amounts above 0"),
        ({"best": 2}, "best is row 2: give one of the 2 trials, counted from 0"),
        ({"best": -1}, "best is row -1: give one of the 2 trials, counted from 0"),
        ({"score": np.zeros(3)}, "score has the shape (3,): give one for each of 2 trials"),
        ({"points": np.zeros((2, 2), dtype=np.int64)}, "points have the shape (2, 2): give 2 trials x 1 parameters"),
        ({"benchmark": np.zeros(3)}, "3 returns of the benchmark meet 50 sessions: give one for each"),
        ({"benchmark": np.full(50, math.nan)}, "returns[0] is nan: give a number for every session"),
        ({"blocks": 5}, "blocks is 5: give an even number from 4 to 20"),
        ({"replications": 0}, "replications is 0: give at least 1"),
    ],
)
def test_bad_input_is_said(changes: dict[str, object], said: str) -> None:
    equity, cash = equity_of(noise(0, 2, 50))
    given = {"equity": equity, "start_cash": cash, "score": np.arange(2.0), "points": np.array([[0], [1]])}
    with pytest.raises(UsageError) as caught:
        judge(**{**given, "ordered": (True,), "best": 1, **changes})
    assert str(caught.value).startswith(said)


WHOLE = Verdict(
    trials=1_240,
    trials_ever=1_240,
    sessions=486,
    years=2.0,
    sharpe=1.31,
    probabilistic_sharpe=0.97,
    expected_max_sharpe=1.05,
    deflated_sharpe=0.71,
    pbo=0.44,
    spa_consistent=0.12,
)


@pytest.mark.parametrize(
    ("changes", "grade"),
    [
        ({}, "luck"),
        ({"deflated_sharpe": 0.95}, "doubtful"),
        ({"spa_consistent": 0.05}, "doubtful"),
        ({"deflated_sharpe": 0.95, "spa_consistent": 0.05}, "doubtful"),
        ({"deflated_sharpe": 0.95, "spa_consistent": 0.05, "pbo": 0.2}, "some evidence"),
        ({"deflated_sharpe": 0.95, "spa_consistent": 0.05, "pbo": 0.21}, "doubtful"),
        ({"deflated_sharpe": 0.9499, "spa_consistent": 0.05, "pbo": 0.0}, "doubtful"),
        ({"deflated_sharpe": 0.99, "spa_consistent": 0.0501, "pbo": 0.0}, "doubtful"),
        ({"deflated_sharpe": 0.99, "spa_consistent": 0.01, "pbo": 0.5}, "luck"),
        ({"deflated_sharpe": 0.99, "spa_consistent": 0.01, "pbo": 0.0, "trials": 620}, "some evidence"),
        ({"deflated_sharpe": 0.99, "spa_consistent": 0.01, "pbo": 0.0, "trials": 619}, "doubtful"),
        ({"spa_consistent": 0.5, "trials": 1}, "luck"),
        ({"deflated_sharpe": None, "spa_consistent": 0.01, "pbo": None}, "doubtful"),
        ({"deflated_sharpe": None, "spa_consistent": 0.2, "pbo": None}, "luck"),
        ({"deflated_sharpe": 0.99, "spa_consistent": 0.01, "pbo": None}, "doubtful"),
        ({"deflated_sharpe": None, "spa_consistent": None, "pbo": None}, "doubtful"),
        ({"deflated_sharpe": None, "spa_consistent": None, "pbo": 0.6}, "luck"),
    ],
)
def test_the_grade_follows_its_thresholds(changes: dict[str, float | None], grade: str) -> None:
    assert replace(WHOLE, compared_with="benchmark", **changes).grade == grade


def test_cash_is_beaten_too_easily_to_be_evidence() -> None:
    clear = replace(WHOLE, deflated_sharpe=0.99, spa_consistent=0.01, pbo=0.0)
    assert replace(clear, compared_with="benchmark").grade == "some evidence"
    assert replace(clear, compared_with="cash").grade == "doubtful"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {},
            (
                "Of 1,240 trials on this data the best has a Sharpe ratio of 1.31; that many tries on luck alone "
                "would show 1.05, the chance that the true one is above 0 after so many tries is 71%, in 44% of "
                "the splits the best of one half of the sessions was no better than the median trial in the "
                "other, and the chance that luck alone beats cash so clearly is 12%: treat it as luck."
            ),
        ),
        (
            {
                "trials": 1_000,
                "deflated_sharpe": 0.999,
                "pbo": 0.0,
                "spa_consistent": 0.001,
                "compared_with": "benchmark",
            },
            (
                "Of 1,240 trials on this data, 1,000 of them in this run, the best of this run has a Sharpe ratio "
                "of 1.31; that many tries on luck alone would show 1.05, the chance that the true one is above 0 "
                "after so many tries is over 99%, in under 1% of the splits the best of one half of the sessions "
                "was no better than the median trial in the other, and the chance that luck alone beats the benchmark "
                "so clearly is under 1%: there is some evidence that it is more than luck."
            ),
        ),
        (
            {"sharpe": -0.004, "expected_max_sharpe": None, "deflated_sharpe": None, "pbo": None},
            (
                "Of 1,240 trials on this data the best has a Sharpe ratio of 0.00; the chance that luck alone "
                "beats cash so clearly is 12%: it earned nothing for its risk."
            ),
        ),
        (
            {
                "trials": 1,
                "trials_ever": 1,
                "expected_max_sharpe": None,
                "deflated_sharpe": None,
                "pbo": None,
                "spa_consistent": 0.04,
            },
            (
                "The only trial on this data has a Sharpe ratio of 1.31; the chance that the true one is above 0 "
                "is 97%, and the chance that luck alone beats cash so clearly is 4%: doubtful, so rely on it only"
                " once it has held up on sessions that no trial has seen."
            ),
        ),
        (
            {"trials": 1, "pbo": None},
            (
                "Of 1,240 trials on this data the only one of this run has a Sharpe ratio of 1.31; that many tries "
                "on luck alone would show 1.05, the chance that the true one is above 0 after so many tries is "
                "71%, and the chance that luck alone beats cash so clearly is 12%: treat it as luck."
            ),
        ),
        (
            {"alike": True, "expected_max_sharpe": None, "deflated_sharpe": None, "pbo": None, "spa_consistent": 0.04},
            (
                "Of 1,240 trials on this data the best has a Sharpe ratio of 1.31; all are so nearly equal that "
                "they count as one try, for which the chance that the true one is above 0 is 97%, and the chance "
                "that luck alone beats cash so clearly is 4%: doubtful, so rely on it only once it has held up on "
                "sessions that no trial has seen."
            ),
        ),
        (
            {"expected_max_sharpe": None, "deflated_sharpe": None, "pbo": None, "spa_consistent": None},
            (
                "Of 1,240 trials on this data the best has a Sharpe ratio of 1.31: doubtful, so rely on it only "
                "once it has held up on sessions that no trial has seen."
            ),
        ),
    ],
)
def test_the_sentence(changes: dict[str, object], sentence: str) -> None:
    assert replace(WHOLE, **changes).sentence == sentence


@pytest.mark.parametrize(
    ("cliff", "sentence"),
    [
        (Cliff(1, "names", -1, 0.31), "One step down in names loses 69% of the best's lead over the median trial."),
        (Cliff(0, "", 1, -0.2), "One step up in parameter 1 loses all of the best's lead over the median trial."),
    ],
)  # fmt: skip
def test_a_cliff_is_said(cliff: Cliff, sentence: str) -> None:
    assert cliff.sentence == sentence


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "under 1%"), (0.0049, "under 1%"), (0.0051, "1%"), (0.5, "50%"), (0.994, "99%"), (0.999, "over 99%")],
)
def test_a_share_is_never_rounded_to_certainty(share: float, text: str) -> None:
    assert written_share(share) == text


SLOPE = noise(6, 1, 400) + np.linspace(0.0, 0.0006, 7)[[0, 2, 4, 6, 5, 3, 1], None]


def test_an_edge_within_the_error_of_a_sharpe_ratio_is_flat_ground() -> None:
    plain, alike = judged(SLOPE), judged(SLOPE, sharpe_like=True)
    own = curves_of(SLOPE).returns(3, 4)[0]
    shape = ratios.moments(own)
    assert shape is not None
    score = daily_sharpe(curves_of(SLOPE))
    error = math.sqrt((ratios.sharpe_spread(float(score[3]), *shape) or 0.0) / 399)
    assert 0.01 * score[3] < score[3] - np.median(score) < error
    assert plain.plateau is not None
    assert plain.plateau < 1.0
    assert (alike.plateau, alike.cliffs) == (1.0, ())
    # Ten times as good: the error is the same, the edge is not.
    steep = SLOPE + 10 * (SLOPE - SLOPE[:1])
    assert judged(steep, sharpe_like=True) == judged(steep)


def test_the_error_of_a_score_has_its_scale() -> None:
    equity, points = equity_of(SLOPE), np.arange(7)[:, None]
    for scale in (0.1, math.sqrt(243), 1e3):
        score = daily_sharpe(curves_of(SLOPE)) * scale
        assert judge(*equity, score, points, (True,), 3, sharpe_like=True, blocks=4, replications=20).plateau == 1.0


def test_a_rule_that_is_off_has_no_neighbour() -> None:
    score = np.array([0.0, 1.0, 0.9, 0.1, 0.1])
    given = (*equity_of(LUCK[:5]), score, np.arange(5)[:, None], (True,), 1)
    near, apart = (judge(*given, blocks=4, replications=20, apart=off) for off in (None, (True,)))
    assert (near.neighbours, apart.neighbours) == (2, 1)
    assert [cliff.step for cliff in near.cliffs] == [-1]
    assert apart.cliffs == ()
