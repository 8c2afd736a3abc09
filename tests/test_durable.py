"""Files that are whole however a process ends, and locks that end with it."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from backfolio.cli.stop import Terminated, heed_sigterm
from backfolio.durable import locked, uninterrupted, write_whole
from backfolio.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys, time
from pathlib import Path
from backfolio.durable import locked
file = locked(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"one")
    write_whole(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_until_a_block_is_done(number: signal.Signals) -> None:
    done = False
    before = signal.getsignal(signal.SIGTERM)
    heed_sigterm()
    kind = Terminated if number == signal.SIGTERM else KeyboardInterrupt

    def block() -> None:
        nonlocal done
        with uninterrupted():
            signal.raise_signal(number)
            done = True

    try:
        with pytest.raises(kind):
            block()
        assert done
        with pytest.raises(kind):
            signal.raise_signal(number)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_lock_is_held_by_one_process_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match=rf"process {holder.pid} is writing to .*: wait for it, or end it"):
            locked(path)
    finally:
        holder.kill()
        holder.communicate()
    with locked(path):
        assert path.read_text(encoding="ascii").strip().isdigit()
