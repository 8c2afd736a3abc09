from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from backfolio.tune import ever, study
from backfolio.tune.folder import Finished, plan_tune, run_tune
from backfolio.verdict import Earlier, Spread
from backfolio.verdict.curves import Curves, daily_sharpe
from tunes import asked, mine, sample, window

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.discover import Thesis

GIVEN: dict[str, Any] = {
    "kind": "tune", "thesis": "mine", "source": "s", "data": "d", "window": ("2021-01-04", "2021-06-30"),
}  # fmt: skip
SPREAD = Spread(5, 0.01, 0.0004, 243)


def tuned(thesis: Thesis, reports: Path, *vary: str) -> Finished:
    return run_tune(plan_tune(thesis, sample(), window(thesis), asked(thesis, vary), reports))


def lines(reports: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (reports / ever.LEDGER).read_text(encoding="utf-8").splitlines()]


def test_every_other_run_is_told_with_its_largest_line(tmp_path: Path) -> None:
    wider = Spread(9, -0.02, 0.0009, 243)
    ever.record(tmp_path, **GIVEN, run_id="a", trials=5, spread=SPREAD)
    ever.record(tmp_path, **GIVEN, run_id="b", trials=3, spread=SPREAD)
    ever.record(tmp_path, **GIVEN, run_id="a", trials=9, spread=wider)
    ever.record(tmp_path, **{**GIVEN, "kind": "walk-forward"}, run_id="a", trials=40)
    ever.record(tmp_path, **{**GIVEN, "data": "other"}, run_id="c", trials=7, spread=SPREAD)
    ever.record(tmp_path, **{**GIVEN, "thesis": "yours"}, run_id="d", trials=7, spread=SPREAD)
    assert ever.earlier(tmp_path, "mine", "d", "b") == (Earlier(9, wider), Earlier(40))
    assert ever.earlier(tmp_path, "mine", "d", "a") == (Earlier(3, SPREAD), Earlier(40))
    assert ever.earlier(tmp_path, "mine", "d", "new") == (Earlier(9, wider), Earlier(3, SPREAD), Earlier(40))
    assert ever.trials_ever(tmp_path, "mine", "d") == 52
    assert ever.earlier(tmp_path / "nowhere", "mine", "d", "a") == ()


def test_a_line_without_a_spread_gets_one_when_the_run_is_seen_again(tmp_path: Path) -> None:
    ever.record(tmp_path, **GIVEN, run_id="a", trials=5)
    assert ever.earlier(tmp_path, "mine", "d", "b") == (Earlier(5),)
    for _ in range(2):
        ever.record(tmp_path, **GIVEN, run_id="a", trials=5, spread=SPREAD)
    ever.record(tmp_path, **GIVEN, run_id="a", trials=5)
    ever.record(tmp_path, **GIVEN, run_id="a", trials=4, spread=SPREAD)
    assert ever.earlier(tmp_path, "mine", "d", "b") == (Earlier(5, SPREAD),)
    assert ever.trials_ever(tmp_path, "mine", "d") == 5
    assert len(lines(tmp_path)) == 2


@pytest.mark.parametrize(
    "told",
    [
        "absent",
        None,
        [5, 0.01, 0.0004, 243],
        {"count": 5},
        {"count": 0, "mean": 0.0, "variance": 0.1, "sessions": 9},
        {"count": 5.5, "mean": 0.0, "variance": 0.1, "sessions": 9},
        {"count": 5, "mean": None, "variance": 0.1, "sessions": 9},
        {"count": 5, "mean": 0.0, "variance": -0.1, "sessions": 9},
        {"count": 5, "mean": math.nan, "variance": 0.1, "sessions": 9},
        {"count": 5, "mean": 0.0, "variance": 0.1, "sessions": 1},
    ],
)
def test_what_is_no_spread_is_not_known(tmp_path: Path, told: object) -> None:
    ever.record(tmp_path, **GIVEN, run_id="a", trials=5, spread=SPREAD)
    (line,) = lines(tmp_path)
    line["sharpe"] = told
    if told == "absent":
        del line["sharpe"]
    (tmp_path / ever.LEDGER).write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert ever.earlier(tmp_path, "mine", "d", "b") == (Earlier(5),)


def test_a_tune_leaves_the_spread_of_its_trials_and_takes_that_of_others(tmp_path: Path) -> None:
    thesis = mine(tmp_path)
    reports = tmp_path / "r"
    wide = tuned(thesis, reports, "back=1:12", "names=1:3")
    assert wide.earlier == ()
    found = Spread.of(daily_sharpe(Curves(wide.trials.equity, wide.trials.start_cash)), len(wide.trials.sessions))
    assert found is not None
    narrow = tuned(thesis, reports, "back=3", "exits.trailing=0.1,0.11")
    ((trials, kept),) = [(run.trials, run.spread) for run in narrow.earlier]
    assert kept is not None
    assert (trials, kept.count, kept.sessions) == (36, found.count, found.sessions)
    assert (kept.mean, kept.variance) == pytest.approx((found.mean, found.variance), rel=1e-9)
    alone, both = (
        study.judged(narrow.trials, benchmark=None, ever=narrow.trials_ever, seed=0, earlier=others)
        for others in ((), narrow.earlier)
    )
    assert alone is not None
    assert both is not None
    assert (alone.trials_ever, both.trials_ever) == (2, 38)
    assert (both.sharpe_deviation or 0.0) > 0.5 * math.sqrt(found.variance * 243)
    assert "know the 2 trials of this run only, not the 36 other trials on this data" in both.notes[-2]


def test_a_trailing_stop_that_is_off_is_nobodys_neighbour(tmp_path: Path) -> None:
    trials = tuned(mine(tmp_path), tmp_path / "r", "back=1:3", "exits.trailing=none,0.1,0.2").trials
    possible = []
    for row in range(9):
        verdict = study.judged(replace(trials, best=row), benchmark=None, ever=0, seed=0)
        assert verdict is not None
        possible.append(verdict.neighbours_possible)
    assert possible == [1, 2, 2, 2, 3, 3, 1, 2, 2]
