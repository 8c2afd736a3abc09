"""Small stores for tests, and programs that use one in a process of their own.

As a program: ``python tests/stocked.py put FOLDER FIRST COUNT`` puts batches
and says each number once it is in; ``... crash FOLDER NUMBER WHERE`` dies inside
one; ``... hold FOLDER`` is a writer that stays; ``... open FOLDER SECONDS`` has
the file itself open.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backfolio import calendar
from backfolio.store import Batch, LogEntry, reading, writing

if TYPE_CHECKING:
    from collections.abc import Sequence

AT = dt.datetime(2025, 8, 22, 9, 30, tzinfo=dt.UTC)
ROWS = 400


def entry(subject: str, **changes: Any) -> LogEntry:
    """Return a call that went well."""
    fields: dict[str, Any] = {
        "at": AT,
        "source": "akshare",
        "host": "sina",
        "function": "stock_zh_a_daily",
        "version": "1.19.5",
        "subject": subject,
        "rows": 1,
        "hash": "0" * 16,
        "outcome": "ok",
    }
    return LogEntry(**fields | changes)


def bars(symbol: str, days: Sequence[str] | None = None, **columns: Any) -> pd.DataFrame:
    """Return bars of one symbol at 10.00 CNY; other columns and values by name."""
    dates = calendar.sessions("2024-01-02", "2025-12-31")[:ROWS] if days is None else np.array(days, "datetime64[D]")
    frame = {
        "symbol": symbol,
        "date": pd.DatetimeIndex(dates).astype("datetime64[s]"),
        **dict.fromkeys(("open", "high", "low", "close"), 10.0),
        "volume": 1_000.0,
        "source": "sina",
    }
    return pd.DataFrame(frame | columns)


def symbol_of(number: int) -> str:
    """Return the symbol of a numbered batch."""
    return f"{600_000 + number}.SH"


def batch(number: int) -> Batch:
    """Return one refresh: bars that compress badly, a corporate action, and the call in the log."""
    symbol = symbol_of(number)
    spread = np.random.default_rng(number).random(ROWS)
    action = pd.DataFrame({"symbol": [symbol], "ex_date": [pd.Timestamp("2024-06-03")], "source": "sina", "cash": 0.1})
    return Batch({"bars": bars(symbol, amount=spread * 1e7), "actions": action}, (entry(symbol),))


def numbers_in(folder: Path) -> set[int]:
    """Return the batches that are in a store, each proved to be in whole."""
    with reading(folder) as reader:
        rows = reader.frame("bars").groupby("symbol").size()
        told = [call.subject for call in reader.log(10_000)]
        actions = reader.frame("actions")["symbol"].tolist()
    assert (rows == ROWS).all()
    assert sorted(set(told)) == sorted(rows.index) == sorted(actions)
    return {int(symbol[:6]) - 600_000 for symbol in rows.index}


def start(*words: object) -> subprocess.Popen[str]:
    """Run this file as a program."""
    command = [sys.executable, __file__, *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def crash(folder: Path, number: int, where: str) -> None:
    """Put a batch in a process that is killed at a point of it."""
    with start("crash", folder, number, where) as program:
        assert program.wait(60) == -signal.SIGKILL


def _say(text: object) -> None:
    print(text, flush=True)  # noqa: T201  what the test waits for


def _die(*_: object) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _crash(folder: Path, number: int, where: str) -> None:
    from backfolio.store import write  # noqa: PLC0415

    if where == "before commit":
        write.append = _die
    else:
        write.suppress = _die  # type: ignore[assignment]  the commit is done, the checkpoint is not
    with writing(folder) as writer:
        writer.put(batch(number))


def _open(folder: Path, seconds: float) -> None:
    import duckdb  # noqa: PLC0415

    connection = duckdb.connect(str(folder / "market.duckdb"))
    _say("open")
    time.sleep(seconds)
    connection.close()


def main(command: str, folder: Path, *words: str) -> None:
    """Do what the first word says."""
    if command == "crash":
        _crash(folder, int(words[0]), words[1])
    elif command == "open":
        _open(folder, float(words[0]))
    elif command == "hold":
        with writing(folder):
            _say("holding")
            time.sleep(60)
    else:
        with writing(folder) as writer:
            for number in range(int(words[0]), int(words[0]) + int(words[1])):
                writer.put(batch(number))
                _say(number)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
