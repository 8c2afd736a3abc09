"""Processes that die, and theses that try to bring them down."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio.tune.evaluate import Batch, evaluate, joined
from backfolio.tune.pool import Pool
from tunes import job, mine

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.tune.evaluate import Job

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

VARY = ["back=1:12", "names=1,2"]


def run(task: Job, workers: int = 2, chunk: int | None = 6) -> Batch:
    places = np.arange(task.space.size)
    with Pool(task, workers) as pool:
        parts = list(pool.run(places, chunk))
    rows = np.concatenate([rows for rows, _ in parts])
    assert sorted(rows.tolist()) == places.tolist()  # every row once
    return joined(places, len(task.sessions), parts)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("import os; os._exit(3)", "ended with exit status 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended with signal SIGKILL"),
        ("import faulthandler, os; faulthandler.disable(); os.kill(os.getpid(), 11)", "ended with signal SIGSEGV"),
    ],
)
def test_a_process_that_dies_costs_one_trial(tmp_path: Path, how: str, said: str) -> None:
    good = evaluate(job(mine(tmp_path), VARY), np.arange(24))
    statement = f"if (self.back, self.names) == (4, 2): exec({how!r})"
    batch = run(job(mine(tmp_path, statement), VARY))
    (guilty,) = batch.errors
    assert guilty == 7
    assert batch.errors[guilty].startswith("crashed: the process that evaluated it")
    assert said in batch.errors[guilty]
    others = np.arange(24) != guilty
    assert np.array_equal(batch.equity[others], good.equity[others])
    assert not batch.equity[guilty].any()


def test_a_thesis_that_always_kills_leaves_a_row_for_each_trial(tmp_path: Path) -> None:
    batch = run(job(mine(tmp_path, "import os; os._exit(1)"), ["back=1:4"]), chunk=2)
    assert sorted(batch.errors) == [0, 1, 2, 3]


@pytest.mark.parametrize("what", ["raise SystemExit(1)", "raise KeyboardInterrupt", "import sys; sys.exit('enough')"])
def test_a_thesis_that_wants_to_leave_fails_its_trial(tmp_path: Path, what: str) -> None:
    batch = run(job(mine(tmp_path, f"if self.back == 2: exec({what!r})"), ["back=1:4"]), chunk=4)
    assert sorted(batch.errors) == [1]
    assert batch.errors[1].split(":")[0] in {"SystemExit", "KeyboardInterrupt"}


def test_what_a_thesis_prints_goes_nowhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(job(mine(tmp_path, "print('noise')"), ["back=1:4"]))
    assert capfd.readouterr().out == ""


def test_the_processes_leave_with_the_pool(tmp_path: Path) -> None:
    with Pool(job(mine(tmp_path), VARY), 2) as pool:
        processes = [worker.process.pid for worker in pool._workers]
        next(iter(pool.run(np.arange(24), 2)))
    for process in processes:
        assert process is not None
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_an_interrupt_ends_slow_processes_at_once(tmp_path: Path) -> None:
    task = job(mine(tmp_path, "import time; time.sleep(30 if self.back > 1 else 0)"), VARY)

    def interrupted() -> None:
        with Pool(task, 2) as pool:
            for _ in pool.run(np.arange(24), 1):
                signal.raise_signal(signal.SIGINT)

    before = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - before < 15
