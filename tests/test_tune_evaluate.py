"""Trials evaluated here, in processes that start in either way, and by replay: the same to the mill."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio import replay
from backfolio.metrics import summary
from backfolio.sweep import sweep
from backfolio.tune import evaluate as evaluating
from backfolio.tune import portable
from backfolio.tune.evaluate import Batch, Evaluator, evaluate, joined, one_line
from backfolio.tune.pool import Pool
from backfolio.tune.portable import Code
from backfolio.tune.trials import FIGURES
from tunes import job, mine

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.tune.evaluate import Job

VARY = ("names=1:3", "back=2,5,9", "exits.stop_loss=none,0.05", "market.slippage=0,20")


def same(one: Batch, two: Batch) -> bool:
    return (
        one.places.tolist() == two.places.tolist()
        and one.errors == two.errors
        and np.array_equal(one.equity, two.equity)
        and all(np.array_equal(one.figures[name], two.figures[name], equal_nan=True) for name in FIGURES)
    )


def shuffled(task: Job, count: int = 36) -> np.ndarray:
    return np.random.default_rng(1).permutation(task.space.size)[:count].astype(np.int64)


def test_a_trial_is_what_replay_makes_of_the_same_parameters(tmp_path: Path) -> None:
    task = job(mine(tmp_path), VARY, loud=True)
    places = shuffled(task, 5)
    batch = evaluate(task, places)
    assert not batch.errors
    for row, place in enumerate(places.tolist()):
        strategy, settings = task.built(task.space.values(place))
        assert strategy.params["loud"] is True
        targets = strategy.emit(task.history, *task.rows)
        ledger = replay.replay(task.bars, targets, strategy.exits, settings)
        assert batch.equity[row].tolist() == ledger.equity.tolist()
        figures = summary(ledger.returns())
        assert batch.figures["sharpe"][row] == pytest.approx(figures.sharpe)
        assert batch.figures["max_drawdown"][row] == pytest.approx(figures.max_drawdown)
        assert batch.figures["fills"][row] == len(ledger.fills)
        assert batch.figures["final_equity"][row] == ledger.equity[-1]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_neither_processes_nor_chunks_change_a_number(tmp_path: Path, method: str) -> None:
    task = job(mine(tmp_path), VARY)
    places = shuffled(task)
    here = evaluate(task, places)
    with Pool(task, 2, method) as pool:
        for chunk in (1, 7, None):
            parts = list(pool.run(places, chunk))
            assert sorted(np.concatenate([rows for rows, _ in parts]).tolist()) == list(range(len(places)))
            assert same(joined(places, len(task.sessions), parts), here)
    assert same(evaluate(task, places, workers=2), here)


def test_places_may_be_none_or_one(tmp_path: Path) -> None:
    task = job(mine(tmp_path), VARY)
    assert len(evaluate(task, np.zeros(0, np.int64))) == 0
    assert len(evaluate(task, np.zeros(0, np.int64), workers=2)) == 0
    assert evaluate(task, np.array([3]), workers=2).equity.shape == (1, len(task.sessions))


def test_trials_that_share_the_thesis_parameters_ask_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = tmp_path / "asked"
    task = job(
        mine(tmp_path, f"import os; os.write(os.open({str(count)!r}, os.O_CREAT | os.O_APPEND | os.O_WRONLY), b'x')"),
        VARY,
    )
    evaluator = Evaluator(task)
    whole = evaluator.run(np.arange(task.space.size))
    assert not whole.errors
    assert len(count.read_text()) == 9
    evaluator.run(np.arange(task.space.size)[::-1].copy())
    assert len(count.read_text()) == 9  # kept
    monkeypatch.setattr(evaluating, "MOST_EMITTED", 2)
    monkeypatch.setattr(evaluating, "KEPT_BYTES", 1)
    assert same(Evaluator(task).run(np.arange(task.space.size)), whole)
    assert len(count.read_text()) == 18


def test_targets_beyond_the_memory_for_them_are_swept_before_more_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = job(mine(tmp_path), VARY)
    places = shuffled(task)
    whole = evaluate(task, places)
    together: list[int] = []

    def counted(bars: object, targets: list[object], trials: object, **more: object) -> object:
        together.append(len(targets))
        return sweep(bars, targets, trials, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(evaluating, "sweep", counted)
    for held, sets in {10**9: [9], 1: [1] * 9}.items():
        together.clear()
        monkeypatch.setattr(evaluating, "HELD_BYTES", held)
        assert same(Evaluator(task).run(places), whole)
        assert together == sets


def test_what_is_kept_is_bounded_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluating, "KEPT_BYTES", 10)
    kept = evaluating._Kept()
    for key, size in ((1, 6), (2, 3), (3, 3)):
        kept.put(key, "x" * size)
    assert [kept.get(key) for key in (1, 2, 3)] == [None, "xxx", "xxx"]
    assert kept.get(2)  # used last
    kept.put(4, "x" * 5)
    assert [kept.get(key) for key in (2, 3, 4)] == ["xxx", None, "xxxxx"]
    kept.put(5, "x" * 99)
    assert [kept.get(key) for key in (2, 4, 5)] == [None, None, "x" * 99]


@pytest.mark.parametrize("what", ["raise SystemExit(0)", "import sys; sys.exit('enough')"])
def test_a_thesis_that_wants_to_leave_fails_its_trials_here_too(tmp_path: Path, what: str) -> None:
    task = job(mine(tmp_path, f"if self.back == 2: exec({what!r})"), ["back=1:4"])
    batch = Evaluator(task).run(np.arange(4))
    assert list(batch.errors) == [1]
    assert batch.errors[1].startswith("SystemExit: ")
    assert (batch.equity[[0, 2, 3]] > 0).all()


def test_ctrl_c_in_a_thesis_is_the_users(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        Evaluator(job(mine(tmp_path, "raise KeyboardInterrupt"), ["back=1:4"])).run(np.arange(4))


def test_a_thesis_that_raises_for_some_parameters_fails_those_trials_alone(tmp_path: Path) -> None:
    broken = mine(tmp_path, "if self.back == 5: raise ValueError('no\\nfives')")
    task = job(broken, VARY)
    places = np.arange(task.space.size)
    batch = evaluate(task, places)
    fives = [row for row in range(len(places)) if task.space.values(row)["back"] == 5]
    assert sorted(batch.errors) == fives
    (said,) = set(batch.errors.values())
    assert said.startswith("mine: targets(history) failed in mine.py line 16 with ValueError: no fives: mend it there")
    assert not batch.equity[fives].any()
    assert np.isnan(batch.figures["sharpe"][fives]).all()
    good = [row for row in range(len(places)) if row not in fives]
    assert (batch.equity[good] > 0).all()
    assert same(evaluate(task, places, workers=2), batch)


def test_a_trial_that_the_engine_refuses_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = job(mine(tmp_path), ["names=1:3", "market.slippage=0,20"])
    whole = evaluate(task, np.arange(6))

    def picky(bars: object, targets: object, trials: list[object], **more: object) -> object:
        if any(trial.settings.slippage for trial in trials):  # type: ignore[attr-defined]
            message = "too slippery"
            raise evaluating.BackfolioError(message)
        return sweep(bars, targets, trials, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(evaluating, "sweep", picky)
    batch = evaluate(task, np.arange(6))
    assert batch.errors == dict.fromkeys((1, 3, 5), "too slippery")
    assert np.array_equal(batch.equity[::2], whole.equity[::2])


def test_a_job_travels_as_text_and_its_market_stays_sealed(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("def twice(n):\n    return 2 * n\n", encoding="utf-8")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").touch()
    (tmp_path / "pack" / "inner.py").write_text("from helper import twice\nSIX = twice(3)\n", encoding="utf-8")
    text = (
        "from helper import twice\nfrom pack.inner import SIX\nfrom backfolio import Param, Strategy, equal_weight\n"
        "class Mine(Strategy):\n    '''X.'''\n    universe = 'domestic-compute'\n    most = Param(1, low=1, high=20)\n"
        "    def targets(self, history):\n"
        "        return equal_weight(history.tradable, slots=twice(self.most) + SIX)\n"
    )
    thesis = mine(tmp_path, text=text)
    assert {module.name for module in thesis.modules} == {"helper", "pack", "pack.inner"}
    task = job(thesis, ["most=1:3"])
    copy = pickle.loads(pickle.dumps(task))  # noqa: S301  our own
    assert copy.strategy is not task.strategy
    assert same(evaluate(copy, np.arange(3)), evaluate(task, np.arange(3)))
    assert pickle.loads(pickle.dumps(copy)).strategy is copy.strategy  # noqa: S301  made once a process
    with pytest.raises(ValueError, match="read-only"):
        copy.history.bars.close[0, 0] = 1
    assert copy.history.symbols == task.history.symbols


def test_a_process_forgets_theses_it_has_not_met_for_long(tmp_path: Path) -> None:
    codes = []
    for number in range(portable.LOADED + 2):
        (tmp_path / str(number)).mkdir()
        codes.append(Code.of(mine(tmp_path / str(number), f"pass  # {number}")))
    classes = [code.load() for code in codes]
    assert codes[-1].load() is classes[-1]
    assert codes[0].load() is not classes[0]


def test_an_error_is_one_line_of_bounded_length() -> None:
    assert one_line(ValueError("a\n  b")) == "ValueError: a b"
    assert len(one_line("x" * 10_000)) == 500
