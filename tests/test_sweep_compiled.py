"""What compiled code may call, and where it is kept."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backfolio.sweep import compiled

PROGRAM = """
import sys
from backfolio.sweep import Trial, sweep
from backfolio.sweep.compiled import compiled
from backfolio.sweep.loop import run_trials
from backfolio.testing import build, build_targets
bars = build("2024-01-02", {"600000.SH": "10 10 11 11"})
made = sweep(bars, [build_targets("5000", 4, 1)], [Trial()])
stats = compiled(run_trials).stats
print(int(made.final_equity[0]), sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


def test_the_text_of_every_function_that_is_compiled_names_the_folder() -> None:
    files = {Path(inspect.getsourcefile(function) or "") for function in (*compiled.RULES, *compiled.HELPERS)}
    assert files <= set(compiled.sources())


def test_a_changed_rule_names_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "backfolio"
    package.mkdir()
    rule = package / "rule.py"
    rule.write_text("step = 10\n", encoding="utf-8")
    monkeypatch.setattr(compiled, "_PACKAGE", package)
    monkeypatch.setattr(compiled, "sources", lambda: (rule,))
    before = compiled.cache_key()
    assert compiled.cache_key() == before
    rule.write_text("step = 11\n", encoding="utf-8")
    assert compiled.cache_key() != before


def test_importing_the_package_does_not_import_numba() -> None:
    program = "import sys, backfolio.sweep; print('numba' in sys.modules)"
    assert _run(program, {}) == "False"


@pytest.mark.slow
def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    there = {"NUMBA_CACHE_DIR": str(folder)}
    equity, hits, misses = _run(PROGRAM, there).split()
    assert (hits, misses) == ("0", "1")
    assert [path.name for path in folder.iterdir()] == [f"backfolio-{compiled.cache_key()}"]
    assert _run(PROGRAM, there).split() == [equity, "1", "0"]


def _run(program: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
