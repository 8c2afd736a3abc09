from __future__ import annotations

import numpy as np
import pytest

from backfolio.errors import UsageError
from backfolio.tune.space import Axis, Space
from backfolio.tune.trials import FIGURES, SCORES, Trials, make_trials, read_constraints, read_score

SPACE = Space((Axis("hold", (5, 10, 20)), Axis("market.cash", (100_000.0, 200_000.0))))
NAN = float("nan")


def made(
    sharpe: list[float],
    depth: list[float] | None = None,
    errors: dict[int, str] | None = None,
    constraints: tuple[str, ...] = (),
) -> Trials:
    count = len(sharpe)
    figures = {name: np.zeros(count) for name in FIGURES}
    figures["sharpe"] = np.array(sharpe)
    figures["max_drawdown"] = np.array(depth or [-0.1] * count)
    days = np.array(["2024-01-02", "2024-01-03"], dtype="datetime64[D]")
    return make_trials(
        SPACE, np.arange(count), figures, errors or {}, np.zeros((count, 2), np.int64), days, 1_000, "sharpe",
        read_constraints(constraints),
    )  # fmt: skip


def test_the_best_is_the_highest_score_and_the_first_of_equals() -> None:
    trials = made([1.0, 3.0, 2.0, 3.0, NAN])
    assert trials.best == 1
    assert trials.ranked() == [1, 3, 2, 0]
    assert trials.ranked(2) == [1, 3]
    assert trials.allowed.tolist() == [True, True, True, True, False]
    assert trials.values(1) == {"hold": 5, "market.cash": 200_000.0}
    assert len(trials) == 5


def test_a_failed_trial_has_no_score_and_is_never_chosen() -> None:
    trials = made([1.0, 9.0, 0.5], errors={1: "it broke"})
    assert trials.best == 0
    assert np.isnan(trials.score[1])
    assert not trials.allowed[1]


def test_a_drawdown_is_constrained_by_its_depth() -> None:
    sharpe, depth = [3.0, 2.0, 1.0, 0.0], [-0.5, -0.3, -0.29, 0.0]
    for word, allowed in {
        "max_drawdown<0.3": [2, 3],
        "max_drawdown<=0.3": [1, 2, 3],
        "max_drawdown>0.3": [0],
        "max_drawdown >= 0.3": [0, 1],
    }.items():
        trials = made(sharpe, depth, constraints=(word,))
        assert np.flatnonzero(trials.allowed).tolist() == allowed, word
        assert trials.best == allowed[0]


def test_constraints_hold_together_and_what_does_not_exist_satisfies_none() -> None:
    trials = made([3.0, 2.0, 1.0], [NAN, -0.2, -0.1], constraints=("max_drawdown<0.3", "sharpe<=1.5"))
    assert trials.allowed.tolist() == [False, False, True]
    assert made([3.0], [-0.9], constraints=("max_drawdown<0.3",)).best is None


def test_an_amount_is_constrained_in_cny() -> None:
    mills = np.array([999_999_999.0, 1_000_000_000.0, 1_000_000_001.0, NAN])
    for word, holds in {
        "final_equity>1e6": [False, False, True, False],
        "final_equity>=1000000": [False, True, True, False],
        "final_equity<1000000.001": [True, True, False, False],
    }.items():
        (constraint,) = read_constraints([word])
        assert constraint.holds(mills).tolist() == holds, word


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("fills>=1234567", "fills>=1234567"),
        ("fills >= 1e2", "fills>=100"),
        ("sharpe>0.12345678", "sharpe>0.12345678"),
        ("sharpe>0.1234567", "sharpe>0.1234567"),
        ("sharpe>-1e-7", "sharpe>-1e-07"),
        ("max_drawdown<0.30", "max_drawdown<0.3"),
        ("final_equity>1e22", "final_equity>10000000000000000000000"),
    ],
)
def test_a_constraint_is_written_so_that_it_reads_back_the_same(word: str, said: str) -> None:
    (constraint,) = read_constraints([word])
    assert str(constraint) == said
    assert read_constraints([said]) == (constraint,)


def test_starting_cash_is_that_of_each_trial() -> None:
    assert made([1.0, 2.0, 3.0]).start_cash.tolist() == [100_000_000, 200_000_000, 100_000_000]
    other = Space((Axis("hold", (5, 10)),))
    figures = {name: np.zeros(2) for name in FIGURES}
    days = np.array(["2024-01-02"], dtype="datetime64[D]")
    trials = make_trials(other, np.arange(2), figures, {}, np.zeros((2, 1), np.int64), days, 77, "total")
    assert trials.start_cash.tolist() == [77, 77]
    assert trials.best == 0


def test_arrays_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        made([1.0]).score[0] = 2.0


def test_scores_and_constraints_that_do_not_exist_are_refused() -> None:
    assert [read_score(name) for name in SCORES] == ["sharpe", "sortino", "calmar", "cagr", "total"]
    with pytest.raises(
        UsageError, match=r"no score is called 'sharp' \(did you mean 'sharpe'\?\): choose from sharpe,"
    ):
        read_score("sharp")
    for word, message in {
        "max_drawdwn<0.3": r"no figure is called 'max_drawdwn' \(did you mean 'max_drawdown'\?\)",
        "max_drawdown=0.3": r"write FIGURE<NUMBER",
        "max_drawdown<30": r"a fraction of the account, at most 1; write max_drawdown<0.3 for 30%",
        "max_drawdown<": r"write FIGURE<NUMBER",
        "max_drawdown<deep": r"'deep' is no number",
        "max_drawdown<nan": r"'nan' is no number",
        "max_drawdown<-0.3": r"given as its depth; write max_drawdown<0.3",
        "<0.3": r"write FIGURE<NUMBER",
    }.items():
        with pytest.raises(UsageError, match=message):
            read_constraints([word])
