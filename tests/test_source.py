from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from backfolio import source
from backfolio.errors import DataError, UsageError
from backfolio.source import sample

if TYPE_CHECKING:
    from pathlib import Path

CATALYST = (
    "id,kind,title,known_at,symbols,segment,strength,source,certainty,time_known\n"
    "one,results,A result,2024-02-01T18:00:00+08:00,605901.SH,,{strength},a page,high,yes\n"
)
MEMBERS = "symbol,name,name_zh,segment,route,from,to\n605901.SH,Sample Kernel Works,模拟内核,{segment},,2021-01-04,\n"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "market"
    sample.write(folder, names=3, start="2024-01-02", end="2024-06-28")
    return folder


@pytest.fixture
def market(written: Path, tmp_path: Path) -> Path:
    """Bars alone, as real data lies in a folder: no notice, no catalysts."""
    folder = tmp_path / "market"
    folder.mkdir()
    for name in ("bars.csv", "listings.csv", "ex_rights.csv", "index.csv"):
        shutil.copy(written / name, folder / name)
    return folder


def workspace(folder: Path, strength: str = "1", segment: str = "cpu") -> Path:
    for kind, text in (("catalysts", CATALYST), ("universes", MEMBERS)):
        place = folder / "data" / kind
        place.mkdir(parents=True, exist_ok=True)
        (place / "mine.csv").write_text(text.format(strength=strength, segment=segment), encoding="utf-8")
    return folder


def test_the_sample_brings_its_own_catalysts_and_universes_and_says_simulated(tmp_path: Path) -> None:
    found = source.load("sample", workspace(tmp_path))
    assert found.simulated
    assert "SIMULATED" in found.label
    assert found.catalysts == sample.catalysts()
    assert found.universes == sample.universes()
    assert len(found.bars.symbols) == sample.NAMES


def test_the_identity_of_the_sample_is_the_same_every_time(tmp_path: Path) -> None:
    assert source.load("sample", tmp_path).identity == source.load("sample", tmp_path / "elsewhere").identity


@pytest.mark.parametrize("where", ["nowhere", "../nowhere", "~/no-such-folder-of-bars", "", " "])
def test_a_path_with_nothing_there_says_what_to_give(where: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such file or folder .* give the path of data .* or 'sample'"):
        source.load(where, tmp_path)


def test_a_path_is_relative_to_the_current_folder(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = workspace(tmp_path / "work")
    monkeypatch.chdir(market)
    found = source.load("../market", place)
    assert found.bars.shape == (117, 3)
    monkeypatch.chdir(tmp_path)
    assert source.load("./market", place).identity == found.identity


def test_a_tilde_is_the_home_folder(market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(market.parent))
    monkeypatch.setenv("USERPROFILE", str(market.parent))
    assert source.load("~/market", tmp_path / "work").bars.shape == (117, 3)


def test_a_single_file_of_bars_is_a_source(market: Path, tmp_path: Path) -> None:
    found = source.load(str(market / "bars.csv"), tmp_path / "work")
    assert found.bars.shape == (117, 3)
    assert found.bars.index_close == {}
    assert not found.simulated


def test_a_path_goes_with_the_facts_of_the_workspace(market: Path, tmp_path: Path) -> None:
    found = source.load(str(market), workspace(tmp_path / "work"))
    assert [one.id for one in found.catalysts] == ["one"]
    assert list(found.universes) == ["mine"]
    assert not found.simulated
    assert "SIMULATED" not in found.label


def test_a_workspace_without_facts_gives_none(market: Path, tmp_path: Path) -> None:
    found = source.load(str(market), tmp_path / "work")
    assert (found.catalysts, dict(found.universes)) == ((), {})


def test_a_written_sample_stays_simulated_and_brings_its_own_facts(written: Path, tmp_path: Path) -> None:
    found = source.load(str(written), workspace(tmp_path / "work"))
    assert found.simulated
    assert "SIMULATED" in found.label
    arguments = {"names": 3, "start": "2024-01-02", "end": "2024-06-28"}
    assert found.catalysts == sample.catalysts(**arguments)
    assert found.universes == sample.universes(**arguments)


def test_the_identity_covers_bars_catalysts_and_members(market: Path, tmp_path: Path) -> None:
    plain = source.load(str(market), workspace(tmp_path / "a")).identity
    again = source.load(str(market), workspace(tmp_path / "b")).identity
    other_catalyst = source.load(str(market), workspace(tmp_path / "c", strength="2")).identity
    other_member = source.load(str(market), workspace(tmp_path / "d", segment="server")).identity
    lines = (market / "bars.csv").read_text(encoding="utf-8").splitlines()
    (market / "bars.csv").write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    other_bars = source.load(str(market), tmp_path / "a").identity
    assert plain == again
    assert len({plain, other_catalyst, other_member, other_bars}) == 4


def test_faults_in_bars_and_in_facts_come_through(market: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"strength 'much'"):
        source.load(str(market), workspace(tmp_path / "work", strength="much"))
    lines = (market / "bars.csv").read_text(encoding="utf-8").splitlines()
    (market / "bars.csv").write_text("\n".join([*lines, lines[-1]]) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="one row a date"):
        source.load(str(market), tmp_path)


def test_real_bars_load(shared: Path, tmp_path: Path) -> None:
    found = source.load(str(shared / "market" / "compute"), tmp_path)
    assert not found.simulated
    assert len(found.bars.symbols) == 16
    assert found.identity == source.load(str(shared / "market" / "compute"), tmp_path).identity


def test_importing_source_loads_neither_pandas_nor_the_readers() -> None:
    code = (
        "import sys, backfolio.source; "
        "heavy = {'pandas', 'pyarrow', 'exchange_calendars', 'backfolio.source.sample'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
