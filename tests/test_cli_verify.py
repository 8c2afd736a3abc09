"""`verify`, run as a person would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backfolio.cli.verify import find
from backfolio.errors import UsageError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Cli = Callable[..., subprocess.CompletedProcess[str]]

RUN = ("run", "domestic_compute", "--end", "2021-06-30", "--no-tearsheet", "--quiet")


def test_a_run_is_verified_by_path_and_by_id(cli: Cli, workspace: Path) -> None:
    page = Path(cli(*RUN).stdout.strip())
    (workspace / "strategies" / "domestic_compute.py").unlink()  # the report holds its thesis itself
    told = cli("verify", str(page)).stdout
    assert told.startswith("Verified: the same fills come out (")
    assert str(page.parent) in told
    assert cli("verify", page.parent.name, "--quiet").stdout == ""
    answer = json.loads(cli("verify", page.parent.name, "--json").stdout)
    assert answer["holds"] is True
    assert all(check["same"] for check in answer["checks"])


def test_a_no_says_what_differs(cli: Cli, workspace: Path) -> None:
    page = workspace / cli(*RUN).stdout.strip()
    record = json.loads((page.parent / "run.json").read_text(encoding="utf-8"))
    record["params"]["names"] = 2
    (page.parent / "run.json").write_text(json.dumps(record), encoding="utf-8")
    done = cli("verify", page.parent.name, check=1)
    assert "NOT VERIFIED: other fills come out." in done.stdout
    assert "run.json was changed after it was written: the run id" in done.stdout
    assert record["fills"] in done.stdout


def test_a_run_that_is_not_there_is_wrong_use(cli: Cli) -> None:
    assert "no report 'nowhere': give the folder that a run printed" in cli("verify", "nowhere", check=2).stderr


# --- which report is meant -------------------------------------------------------------------------


def report_of(reports: Path, strategy: str = "mine", name: str = "2023-01-03_2023-06-30_4dbf26434890") -> Path:
    folder = reports / strategy / name
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}", encoding="utf-8")
    (folder / "index.html").write_text("", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "run",
    [
        "2023-01-03_2023-06-30_4dbf26434890",
        "2023-01-03_2023-06-30_4dbf",
        "4dbf26",
        "mine/2023-01-03_2023-06-30_4dbf26434890",
        "mine/4dbf26",
        "mine/4dbf26434890/",
    ],
)
def test_a_report_is_found_by_id_its_start_or_with_its_thesis(tmp_path: Path, run: str) -> None:
    own = report_of(tmp_path)
    report_of(tmp_path, "yours", "2022-01-04_2023-06-30_9999")
    report_of(tmp_path, "mine", ".2023-01-03_2023-06-30_4dbf26434890.0a.partial")
    assert find(tmp_path, run) == own


@pytest.mark.parametrize("inside", [".", "index.html", "run.json"])
def test_a_report_is_found_by_folder_or_file(tmp_path: Path, inside: str) -> None:
    own = report_of(tmp_path / "else where")
    assert find(tmp_path / "reports", str(own / inside)) == own


def test_an_id_goes_before_a_start_of_another(tmp_path: Path) -> None:
    own = report_of(tmp_path, name="2023_ab")
    report_of(tmp_path, name="2023_abc")
    assert find(tmp_path, "2023_ab") == own


@pytest.mark.parametrize("run", ["2023", "mine/2023", "4dbf"])
def test_a_start_that_fits_several_names_them(tmp_path: Path, run: str) -> None:
    both = [report_of(tmp_path), report_of(tmp_path, name="2023-01-03_2023-06-30_4dbf99999999")]
    with pytest.raises(UsageError, match=r"name one of these folders") as caught:
        find(tmp_path, run)
    assert all(str(folder) in str(caught.value) for folder in both)


@pytest.mark.parametrize("run", ["nowhere", "", " ", "/", "yours/4dbf26", "mine", "*", "..", "run.json"])
def test_no_report_is_said(tmp_path: Path, run: str) -> None:
    report_of(tmp_path)
    with pytest.raises(UsageError, match=r"no report .*: give the folder that a run printed, its id or the start"):
        find(tmp_path, run)


@pytest.mark.parametrize(
    ("mark", "said"), [("tune.json", "is a tune, many trials"), ("walk.json", "is a walk-forward")]
)
@pytest.mark.parametrize("way", ["id", "digits", "folder", "file"])
def test_a_folder_of_another_kind_is_told_in_one_message(tmp_path: Path, mark: str, said: str, way: str) -> None:
    folder = tmp_path / "mine" / "tune-77aa01"
    folder.mkdir(parents=True)
    (folder / mark).write_text("{}", encoding="utf-8")
    run = {"id": folder.name, "digits": "77aa", "folder": str(folder), "file": str(folder / mark)}[way]
    with pytest.raises(UsageError, match=said):
        find(tmp_path, run)
