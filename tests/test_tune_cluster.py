"""Clusters of real processes: the same bytes as here, whoever dies."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import backfolio
from backfolio.errors import UsageError
from backfolio.tune import cluster
from backfolio.tune.cluster import Cluster, check_cluster, reach
from backfolio.tune.evaluate import Batch, evaluate, joined
from backfolio.tune.remote import identity
from tunes import job, mine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backfolio.tune.evaluate import Job

pytestmark = [
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX"),
]

ROOT = Path(__file__).resolve().parents[1]
VARY = ["back=1:12", "names=1,2", "exits.stop_loss=none,0.05"]
FAILS = "if self.back == 3: raise ValueError('no such thing')"
PATIENCE = 60


def run(task: Job, where: str, chunk: int | None = None, on_batch: Callable[[Cluster], None] | None = None) -> Batch:
    places = np.random.default_rng(5).permutation(task.space.size)
    parts = []
    with Cluster(task, where) as there:
        for part in there.run(places, chunk):
            parts.append(part)
            if on_batch is not None:
                on_batch(there)
    rows = np.concatenate([rows for rows, _ in parts])
    assert sorted(rows.tolist()) == list(range(len(places)))  # every row once
    return joined(places, len(task.sessions), parts)


def assert_same(found: Batch, task: Job) -> None:
    expected = evaluate(task, found.places)
    assert found.equity.tobytes() == expected.equity.tobytes()
    assert found.errors == expected.errors
    for name, values in expected.figures.items():
        assert found.figures[name].tobytes() == values.tobytes(), name


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def scheduler() -> Iterator[str]:
    """Start a scheduler of its own, as one would on another machine."""
    address = f"tcp://127.0.0.1:{free_port()}"
    with process("distributed.cli.dask_scheduler", "--host", address, "--no-dashboard") as started:
        reachable(address)
        yield address
        assert started.poll() is None


@contextmanager
def process(module: str, *words: str, path: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module of Dask; `path` comes before everything else that Python can import."""
    more = {} if path is None else {"PYTHONPATH": str(path)}
    with subprocess.Popen(
        [sys.executable, "-m", module, *words], env={**os.environ, **more}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as started:  # fmt: skip
        try:
            yield started
        finally:
            started.kill()


def reachable(address: str) -> None:
    """Wait until somebody listens."""
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    last = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            assert time.monotonic() < last, "the scheduler did not start"
            time.sleep(0.1)
        else:
            return


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("local", "write --cluster tcp://HOST:PORT, or --cluster local:2 for two processes here"),
        ("local:two", "write --cluster tcp://HOST:PORT"),
        ("local:-1", "write --cluster tcp://HOST:PORT"),
        ("local:0", "a local cluster has 1 to 1,024 processes"),
        ("local:9999", "a local cluster has 1 to 1,024 processes"),
        ("tcp://there", "write --cluster tcp://HOST:PORT"),
        ("http://there:80", "write --cluster tcp://HOST:PORT"),
        ("tcp://there:0", "port 0 does not exist"),
        ("tcp://there:70000", "port 70000 does not exist; they run from 1 to 65535"),
        ("", "write --cluster tcp://HOST:PORT"),
    ],
)
def test_what_is_no_cluster_is_refused(where: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_cluster(where)
    assert str(caught.value).startswith(f"--cluster {where}: {said}")


@pytest.mark.parametrize(
    ("where", "processes"),
    [("local:2", 2), ("tcp://there:8786", None), ("tls://there:1", None), ("tcp://[::1]:8786", None)],
)
def test_what_a_cluster_is(where: str, processes: int | None) -> None:
    assert check_cluster(where) == processes


def test_without_distributed_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"distributed is not installed .* run `pip install 'backfolio\[cluster\]'"):
        check_cluster("local:2")


def test_a_cluster_that_cannot_be_reached_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "REACH", 1)
    where = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(UsageError) as caught:
        reach(where)
    said = "no Dask scheduler answers there within 1 seconds; start one with `dask scheduler`, or write --cluster "
    assert str(caught.value).startswith(f"--cluster {where}: {said}")


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-Else\r\n"])
def test_somebody_else_who_listens_is_no_cluster(monkeypatch: pytest.MonkeyPatch, greeting: bytes) -> None:
    monkeypatch.setattr(cluster, "REACH", 1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        answer = threading.Thread(target=greet, args=(other, greeting))
        answer.start()
        with pytest.raises(UsageError, match="no Dask scheduler answers"):
            reach(f"tcp://127.0.0.1:{other.getsockname()[1]}")
        answer.join()


def greet(server: socket.socket, greeting: bytes) -> None:
    """Send a caller a greeting, and wait until it leaves."""
    caller, _ = server.accept()
    with caller, suppress(ConnectionError):
        caller.sendall(greeting)
        while caller.recv(4096):
            pass


def test_two_processes_make_the_bytes_that_one_makes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    vary = ["back=1:12", "names=1,2", "exits.stop_loss=none,0.05"]
    found = run(job(mine(tmp_path, f"print('noise'); exec({FAILS!r})"), vary), "local:2", chunk=5)
    assert capfd.readouterr() == ("", "")
    assert len(found.errors) == 4
    assert_same(found, job(mine(tmp_path, f"exec({FAILS!r})"), vary))


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_costs_no_trial(tmp_path: Path) -> None:
    task = job(mine(tmp_path, "import time; time.sleep(0.02)"), VARY)
    killed: list[int] = []

    def kill(there: Cluster) -> None:
        if not killed:
            killed.append(next(iter(there._client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    assert_same(run(task, "local:2", 3, kill), task)
    assert killed


@pytest.mark.slow
@pytest.mark.parametrize("where", ["local:1", "local:2"])
def test_a_trial_that_kills_its_workers_is_a_row_with_that_error(tmp_path: Path, where: str) -> None:
    vary = ["back=1:12", "names=1,2"]
    good = evaluate(job(mine(tmp_path), vary), np.arange(24))
    statement = "if (self.back, self.names) == (4, 2): import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    batch = run(job(mine(tmp_path, f"exec({statement!r})"), vary), where, 6)
    (guilty,) = batch.errors
    assert batch.places[guilty] == 7
    assert batch.errors[guilty] == "crashed: the process that evaluated it died"
    others = np.arange(24) != guilty
    assert np.array_equal(batch.equity[others], good.equity[batch.places[others]])
    assert not batch.equity[guilty].any()


@pytest.mark.slow
def test_an_interrupt_ends_it(tmp_path: Path) -> None:
    task = job(mine(tmp_path, "import time; time.sleep(20 if self.back > 2 else 0)"), VARY)
    processes: list[int] = []

    def interrupt(there: Cluster) -> None:
        processes.extend(there._client.run(os.getpid).values())
        signal.raise_signal(signal.SIGINT)

    before = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(task, "local:2", 1, interrupt)
    assert time.monotonic() - before < 40
    assert len(processes) == 2
    for each in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(each, 0)


@pytest.mark.slow
def test_a_scheduler_elsewhere_with_two_threads_a_worker(tmp_path: Path) -> None:
    task = job(mine(tmp_path, FAILS), VARY)
    words = ("--nthreads", "2", "--no-dashboard", "--no-nanny", "--host", "127.0.0.1")
    with scheduler() as address:
        with pytest.raises(UsageError, match="no worker was there for"):
            reach(address)
        with (
            process("distributed.cli.dask_worker", address, *words),
            process("distributed.cli.dask_worker", address, *words),
        ):
            assert_same(run(task, address, 3), task)
            with Cluster(task, address) as there:
                assert there.workers == 4


@pytest.mark.slow
def test_a_worker_with_other_rules_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(Path(backfolio.__file__).parent, other / "backfolio", ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "backfolio" / "book.py").open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    words = ("--no-dashboard", "--no-nanny", "--host", "127.0.0.1")
    with scheduler() as address, process("distributed.cli.dask_worker", address, *words, path=other):
        last = time.monotonic() + PATIENCE
        said = "no worker was there"
        while "no worker was there" in said:
            with pytest.raises(UsageError) as caught:
                reach(address)
            said = str(caught.value)
            assert time.monotonic() < last
        assert said.startswith(f"--cluster {address}: the worker tcp://127.0.0.1:")
        assert said.endswith(f", and here it is {identity()['backfolio code']}; install the same on both")


@pytest.mark.slow
def test_a_scheduler_that_is_lost_makes_no_trial_guilty(tmp_path: Path) -> None:
    task = job(mine(tmp_path, "import time; time.sleep(0.05)"), VARY)
    words = ("--no-dashboard", "--no-nanny", "--host", "127.0.0.1")
    address = f"tcp://127.0.0.1:{free_port()}"
    kept = []
    with process("distributed.cli.dask_scheduler", "--host", address, "--no-dashboard") as chief:
        reachable(address)
        with process("distributed.cli.dask_worker", address, *words), Cluster(task, address) as there:
            batches = there.run(np.arange(task.space.size), 1)
            kept.append(next(batches)[1])
            chief.kill()
            with pytest.raises(UsageError, match="the connection to the scheduler is lost"):
                kept.extend(batch for _, batch in batches)
    assert 0 < len(kept) < task.space.size
    assert not any(batch.errors for batch in kept)


@pytest.mark.slow
def test_the_command_writes_what_it_writes_without_a_cluster(tmp_path: Path) -> None:
    words = ["tune", "domestic_compute", "--vary", "hold=5:20:5", "--vary", "names=2,3", "--end", "2021-06-30"]
    kept = []
    for more in (["--workers", "1"], ["--cluster", "local:2"]):
        folder = tmp_path / more[0]
        folder.mkdir()
        for name in ("strategies", "data"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("store", "__pycache__"))
        shutil.copy(ROOT / "run_backtest.py", folder)
        done = subprocess.run(
            [sys.executable, "run_backtest.py", *words, *more, "--quiet"],
            cwd=folder, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stderr == ""
        (made,) = (folder / "reports" / "domestic_compute").glob("tune-*")
        lines = sorted((made / "trials.jsonl").read_text(encoding="utf-8").splitlines())
        kept.append((made.name, (made / "tune.json").read_bytes(), (made / "equity.bin").read_bytes(), lines))
    assert kept[0] == kept[1]


@pytest.mark.slow
def test_a_command_that_reaches_no_cluster_writes_nothing(tmp_path: Path) -> None:
    where = f"tcp://127.0.0.1:{free_port()}"
    done = subprocess.run(
        [sys.executable, str(ROOT / "run_backtest.py"), "tune", "domestic_compute", "--vary", "hold=5:20:5",
         "--reports", str(tmp_path / "reports"), "--cluster", where],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: --cluster {where}: no Dask scheduler answers")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "reports").exists()
