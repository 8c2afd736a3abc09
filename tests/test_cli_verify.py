"""`verify`, run as a person would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

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


def test_other_fills_are_a_no_and_say_what_differs(cli: Cli, workspace: Path) -> None:
    page = workspace / cli(*RUN).stdout.strip()
    record = json.loads((page.parent / "run.json").read_text(encoding="utf-8"))
    record["params"]["names"] = 2
    (page.parent / "run.json").write_text(json.dumps(record), encoding="utf-8")
    done = cli("verify", page.parent.name, check=1)
    assert "NOT VERIFIED: other fills come out." in done.stdout
    assert record["fills"] in done.stdout


def test_a_run_that_is_not_there_is_wrong_use(cli: Cli) -> None:
    assert "no report 'nowhere': give the folder that a run printed" in cli("verify", "nowhere", check=2).stderr
