"""Theses and jobs for the tests of tunes, on the sample market."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from backfolio.discover import Broken, Thesis, load_file
from backfolio.prepare import Prepared, prepare
from backfolio.settings import MarketSettings
from backfolio.source import Source, load
from backfolio.tune.evaluate import Job, make_job
from backfolio.tune.identity import Asked
from backfolio.tune.space import read_space
from backfolio.tune.trials import read_constraints

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
END = "2021-06-30"

THESIS = '''
from backfolio import Param, Strategy, equal_weight, top


class Mine(Strategy):
    """Buy what rose."""

    universe = "domestic-compute"
    back = Param(5, low=1, high=40)
    names = Param(2, low=1, high=5)
    loud = Param(False)
    style = Param("calm", choices=("calm", "bold"))
    most = Param(0.5, low=0.0, high=1.0)

    def targets(self, history):
        {extra}
        return equal_weight(top(history.returns(self.back).where(history.tradable), self.names), slots=5)
'''


@cache
def sample() -> Source:
    """Return the simulated market."""
    return load("sample", ROOT)


def shipped(name: str = "domestic_compute") -> Thesis:
    """Return a thesis of ours."""
    found = load_file(ROOT / "strategies" / f"{name}.py")
    assert not isinstance(found, Broken)
    return found[0]


def mine(folder: Path, extra: str = "pass", text: str = THESIS) -> Thesis:
    """Return a thesis that looks back over returns; `extra` is a line of its `targets`."""
    path = folder / "mine.py"
    path.write_text(text.replace("{extra}", extra), encoding="utf-8")
    found = load_file(path, folder)
    assert not isinstance(found, Broken), found
    return found[0]


def window(thesis: Thesis, end: str | None = END) -> Prepared:
    """Return the sample's first months."""
    return prepare(thesis.strategy, sample(), None, end, "999001.SH")


def job(thesis: Thesis, vary: Sequence[str], **fixed: object) -> Job:
    """Return a job on the sample's first months."""
    cut = window(thesis)
    return make_job(thesis, cut.known, cut.rows, MarketSettings(), fixed, read_space(vary, thesis.strategy))


def asked(thesis: Thesis, vary: Sequence[str], constraints: Sequence[str] = (), **more: object) -> Asked:
    """Return what is asked of a tune on the sample's first months."""
    space = read_space(vary, thesis.strategy)
    given = {"trials": space.size, "benchmark": "999001.SH", "end": END, "command": "tune mine", **more}
    return Asked(MarketSettings(), given.pop("params", {}), space, constraints=read_constraints(constraints), **given)  # type: ignore[arg-type]
