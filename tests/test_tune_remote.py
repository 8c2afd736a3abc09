"""What a worker does with a chunk, without any network."""

from __future__ import annotations

import pickle
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio.tune.evaluate import Batch, Job, evaluate
from backfolio.tune.remote import _JOBS, MOST_JOBS, UnlikeError, difference, evaluate_chunk, identity
from tunes import job, mine

if TYPE_CHECKING:
    from pathlib import Path

VARY = ["back=1:4", "names=1,2"]


def framed(task: Job) -> tuple[bytes, list[np.ndarray]]:
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(task, protocol=5, buffer_callback=buffers.append)
    return head, [np.frombuffer(buffer.raw(), dtype=np.uint8) for buffer in buffers]


def test_a_chunk_is_what_it_would_be_here(tmp_path: Path) -> None:
    task = job(mine(tmp_path), VARY)
    found = evaluate_chunk(framed(task), "here", np.array([5, 2]), identity())
    expected = evaluate(task, np.array([5, 2]))
    assert np.array_equal(found.equity, expected.equity)
    assert found.figures["sharpe"].tolist() == expected.figures["sharpe"].tolist()


def test_nearly_all_of_a_job_is_memory_that_is_not_copied(tmp_path: Path) -> None:
    task = job(mine(tmp_path), VARY)
    _, buffers = framed(task)
    assert sum(buffer.nbytes for buffer in buffers) > 0.8 * len(pickle.dumps(task, protocol=5))
    assert any(np.shares_memory(buffer, task.history.bars.close) for buffer in buffers)


def test_threads_share_a_job_and_nothing_else(tmp_path: Path) -> None:
    task = job(mine(tmp_path), VARY)
    frames = framed(task)
    found: dict[int, Batch] = {}

    def work(place: int) -> None:
        found[place] = evaluate_chunk(frames, "shared", np.array([place]), identity())

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = evaluate(task, np.arange(4))
    assert [found[place].equity.tobytes() for place in range(4)] == [row.tobytes() for row in expected.equity]


def test_few_jobs_are_kept(tmp_path: Path) -> None:
    frames = framed(job(mine(tmp_path), VARY))
    for name in "abcd":
        evaluate_chunk(frames, name, np.array([0]), identity())
    assert len(_JOBS) == MOST_JOBS
    assert list(_JOBS)[-1] == "d"


def test_another_code_is_refused(tmp_path: Path) -> None:
    frames = framed(job(mine(tmp_path), VARY))
    with pytest.raises(UnlikeError) as caught:
        evaluate_chunk(frames, "x", np.array([0]), {**identity(), "numpy": "1.0"})
    assert caught.value.args[0] == identity()


@pytest.mark.parametrize("what", ["raise SystemExit(1)", "raise KeyboardInterrupt"])
def test_a_thesis_that_wants_to_leave_fails_its_trial(tmp_path: Path, what: str) -> None:
    frames = framed(job(mine(tmp_path, f"if self.back == 2: exec({what!r})"), ["back=1:4"]))
    batch = evaluate_chunk(frames, what, np.arange(4), identity())
    assert sorted(batch.errors) == [1]


def test_the_identity_names_versions_and_the_text_of_the_code() -> None:
    assert list(identity()) == ["python", "numpy", "numba", "pandas", "rules version", "backfolio code"]
    assert len(identity()["backfolio code"]) == 16


def test_a_difference_names_the_first_thing_that_is_not_ours() -> None:
    theirs = {**identity(), "numba": "0.1", "backfolio code": "x"}
    assert difference("there", theirs).startswith("the worker there has numba 0.1, and here it is ")
    assert "backfolio code" not in difference("there", theirs)
