"""The parts of the audit: lines found, text read, files seen; and plain backtrader strategies."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import backtrader as bt
import pytest

from backfolio.audit import Plain, audit_plain
from backfolio.audit import suspects as text
from backfolio.audit.watched import watched
from backfolio.replay import replay_plain
from backfolio.settings import MarketSettings
from backfolio.testing import build

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.bars import Bars
    from backfolio.ledger import Ledger

SH, SZ = "600000.SH", "000001.SZ"
RISING = " ".join(f"{10 + (at % 7) * 0.1:.2f}/{10 + (at % 5) * 0.1:.2f}" for at in range(60))
FALLING = " ".join(f"{20 - (at % 6) * 0.1:.2f}/{20 - (at % 4) * 0.1:.2f}" for at in range(60))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a = b.shift(-1)", "tomorrow's row"),
        ("a = b.pct_change(periods=-2)", "tomorrow's row"),
        ("a = b.fillna(method='bfill')", "back-fill"),
        ("a = b.rolling(5, center=True).mean()", "centred"),
        ("a = b[::-1]", "turned round"),
        ("a = b.iloc[-1]", "last row"),
        ("a = b[row + 3]", "so many sessions on"),
        ("a = b.rank(pct=True)", "over all rows"),
        ("a = history.universe.symbols", "history.members"),
        ("a = self.data.close[1]", "backtrader [1]"),
        ("a = b.reindex(c, method='nearest')", "nearest"),
        ("rng = default_rng()", "seed"),
    ],
)
def test_a_line_gets_its_remedy(line: str, words: str) -> None:
    assert words in text.remedy_of(f"x = 1\n{line}\n", 2, "usual")


@pytest.mark.parametrize(
    "line",
    [
        "a = b.shift(1)", "a = b.ffill()", "a = b.rolling(5).mean()", "a = b.mean(axis=1)", "a = b.rank(axis=1)",
        "a = b.expanding().quantile(0.9)", "a = default_rng(7)", "a = b[row]", "a = b.reindex(c, method='ffill')",
    ],
)  # fmt: skip
def test_a_line_that_looks_back_gets_none(line: str) -> None:
    assert text.remedy_of(line, 1, "usual") == "usual"
    assert text.likely({"a.py": line}) is None


def test_a_statement_is_shown_on_one_line_and_of_a_block_its_head() -> None:
    source = "x = (\n    1\n    + 2\n)\nfor a in b:\n    # why\n    c = a\n"
    assert text.statement(source, 2) == "x = ( 1 + 2 )"
    assert text.statement(source, 5) == "for a in b:"
    assert text.statement(source, 7) == "c = a"
    assert text.statement("y = " + "1 + " * 100 + "1", 1).endswith("...")
    assert text.statement("def broken(", 1) == "def broken("


def test_clocks_readers_dates_and_hashes() -> None:
    source = (
        '"""Of 2025-01-01."""\nimport time\na = time.time()\nb = time.perf_counter()\nc = pd.Timestamp.now()\n'
        'd = open("x")\ne = open("x", "w")\nf = "2025-08-21"\ng = hash("a")\nh = signal.time()\n'
    )
    files = {"a.py": source}
    assert [number for _, number in text.clock_lines(files)] == [3, 5]
    assert [number for _, number, _ in text.reading_lines(files)] == [6]
    assert text.dates_written(files) == [("a.py", 8)]
    assert text.hashes(files) == [("a.py", 9)]


def test_a_file_read_is_seen_with_its_line_and_code_is_not(tmp_path: Path) -> None:
    (tmp_path / "later.txt").write_text("1", encoding="utf-8")
    where = str(tmp_path / "thesis.py")
    source = (
        "import json\nfrom pathlib import Path\nPath(place).read_text(encoding='utf-8')\nPath(out).write_text('2')\n"
    )
    code = compile(source, where, "exec")
    with watched({where}) as read:
        exec(code, {"place": str(tmp_path / "later.txt"), "out": str(tmp_path / "out.txt")})  # noqa: S102
        (tmp_path / "later.txt").read_text(encoding="utf-8")
    assert [(one.what, one.file, one.line) for one in read] == [(str(tmp_path / "later.txt"), where, 3)]


def test_another_program_is_seen(tmp_path: Path) -> None:
    where = str(tmp_path / "thesis.py")
    code = compile("subprocess.run([python, '-c', ''])", where, "exec")
    with watched({where}) as read:
        exec(code, {"subprocess": subprocess, "python": sys.executable})  # noqa: S102
    assert "another program" in {one.what for one in read}


class Honest(bt.Strategy):
    """Buys above the close of the day before, sells below."""

    def next(self) -> None:
        for data in self.datas:
            up = len(data) > 1 and data.close[0] > data.close[-1]
            if up and not self.getposition(data).size:
                self.buy(data=data, size=100)
            elif not up and self.getposition(data).size:
                self.close(data=data)


class Peeks(bt.Strategy):
    """Buys what closes higher tomorrow."""

    def next(self) -> None:
        for data in self.datas:
            last = len(data) == data.buflen()
            up = not last and data.close[1] > data.close[0]
            if up and not self.getposition(data).size:
                self.buy(data=data, size=100)
            elif not up and self.getposition(data).size:
                self.close(data=data)


class Opens(bt.Strategy):
    """Buys what opens higher tomorrow."""

    def next(self) -> None:
        for data in self.datas:
            up = len(data) < data.buflen() and data.open[1] > data.close[0]
            if up and not self.getposition(data).size:
                self.buy(data=data, size=100)


def plain(strategy: type) -> Plain:
    def replayed(bars: Bars) -> Ledger:
        return replay_plain(bars, strategy, {}, MarketSettings(cash=1_000_000.0))

    return Plain(strategy.__name__, replayed, {"peeks.py": "up = data.close[1] > data.close[0]\n"})


def market() -> Bars:
    return build("2024-01-02", {SH: RISING, SZ: FALLING})


def test_an_honest_plain_strategy_passes() -> None:
    found = audit_plain(plain(Honest), market(), cuts=10)
    assert found.findings == ()
    assert found.cuts == 10
    assert found.notes[0].startswith("A plain backtrader strategy shows its orders alone")


@pytest.mark.parametrize(("strategy", "change"), [(Peeks, "closes"), (Opens, "prices")])
def test_a_plain_strategy_that_peeks_is_caught(strategy: type, change: str) -> None:
    found = audit_plain(plain(strategy), market(), cuts=10)
    told = {finding.change: finding for finding in found.findings}
    assert change in told
    assert told[change].moved.startswith("the fill of ")
    assert told[change].line is not None
    assert not told[change].line.sure
