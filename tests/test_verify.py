from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from backfolio.backtest import Request, backtest
from backfolio.discover import load_file
from backfolio.errors import UsageError
from backfolio.report import write
from backfolio.settings import MarketSettings
from backfolio.source import sample
from backfolio.verify import find, verify
from tunes import sample as the_sample

if TYPE_CHECKING:
    from collections.abc import Mapping

MINE = '''
from _words import BACK
from backfolio import Exits, Param, Strategy, equal_weight, top


class Mine(Strategy):
    """Buy what rose."""

    universe = "domestic-compute"
    exits = Exits(stop_loss=0.2)
    names = Param(3, low=1, high=9, doc="names held")

    def targets(self, history):
        return equal_weight(top(history.returns(BACK).where(history.tradable), self.names), slots=self.names)
'''


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("verify")
    (place / "_words.py").write_text("BACK = 20\n", encoding="utf-8")
    (place / "mine.py").write_text(MINE, encoding="utf-8")
    found = load_file(place / "mine.py", place)
    assert isinstance(found, tuple), found
    request = Request(
        MarketSettings(cash=500_000, slippage=5),
        {"names": 4, "exits.trailing": 0.1},
        start="2023-01-03",
        end="2023-06-30",
        benchmark="999001.SH",
        command="backfolio run mine",
    )
    result = backtest(found[0], the_sample(), request)
    assert result.ledger.fills
    return write(result, place / "reports", tearsheet=False).path


@pytest.fixture
def report(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "reports" / "mine" / written.name))


def rewrite(report: Path, **changed: object) -> None:
    path = report / "run.json"
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, **changed}), encoding="utf-8")


def test_a_report_is_run_again_from_itself_alone(report: Path, tmp_path: Path) -> None:
    # neither the thesis nor its module lies in this workspace
    steps: list[int] = []
    found = verify(report, tmp_path, on_session=lambda done, _: steps.append(done))
    assert found.holds
    assert found.differing == ()
    record = json.loads((report / "run.json").read_text(encoding="utf-8"))
    assert found.fills.now == record["fills"]
    assert {check.what for check in found.others} >= {"data", "rules", "package backtrader", "fills.csv", "equity.csv"}
    assert steps[-1] == len(steps) == 118
    assert found.as_dict()["holds"] is True


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        pytest.param({"fills": "0" * 16}, "fills", id="other fills"),
        pytest.param({"params": {"names": 5}}, "fills", id="another parameter"),
        pytest.param({"start": "2023-02-01"}, "fills", id="another window"),
    ],
)
def test_other_fills_do_not_hold(report: Path, tmp_path: Path, changed: Mapping[str, object], what: str) -> None:
    rewrite(report, **changed)
    found = verify(report, tmp_path)
    assert not found.holds
    assert what in {check.what for check in found.differing}


def test_a_record_of_other_versions_holds_and_says_so(report: Path, tmp_path: Path) -> None:
    record = json.loads((report / "run.json").read_text(encoding="utf-8"))
    rewrite(report, rules="1999", packages={**record["packages"], "backtrader": "0.1"})
    found = verify(report, tmp_path)
    assert found.holds
    assert [check.what for check in found.differing] == ["rules", "package backtrader"]
    assert found.differing[1].recorded == "0.1"


def test_a_table_that_somebody_changed_does_not_hold(report: Path, tmp_path: Path) -> None:
    fills = report / "fills.csv"
    fills.write_text(fills.read_text(encoding="utf-8").replace("buy", "sell", 1), encoding="utf-8")
    found = verify(report, tmp_path)
    assert found.fills.same
    assert not found.holds
    assert [check.what for check in found.differing] == ["fills.csv"]


def test_the_same_market_from_files_gives_the_same_fills_and_another_gives_others(report: Path, tmp_path: Path) -> None:
    sample.write(tmp_path / "bars")
    same = verify(report, tmp_path, where=str(tmp_path / "bars"))
    assert same.holds
    assert same.differing == ()
    sample.write(tmp_path / "other", seed=7)
    other = verify(report, tmp_path, where=str(tmp_path / "other"))
    assert not other.holds
    assert {"data", "fills"} <= {check.what for check in other.differing}


@pytest.mark.parametrize("way", ["id", "folder", "page"])
def test_a_report_is_found_by_id_folder_or_file(report: Path, way: str) -> None:
    run = {"id": report.name, "folder": str(report), "page": str(report / "index.html")}[way]
    assert find(report.parents[1], run) == report


def test_a_report_that_is_not_there_or_stands_twice_is_said(report: Path) -> None:
    reports = report.parents[1]
    with pytest.raises(UsageError, match=r"no report 'nowhere': give the folder"):
        find(reports, "nowhere")
    shutil.copytree(report, reports / "other" / report.name)
    with pytest.raises(UsageError, match=r"name one of these folders"):
        find(reports, report.name)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"source": {}}, r"does not say where its data came from: name it with --data", id="no source"),
        pytest.param(
            {"thesis": {"file": "mine.py", "source": "import no_such_package_at_all"}}, "no_such", id="broken"
        ),
        pytest.param({"strategy": "yours"}, r"'yours' that the report holds does not load here", id="another class"),
    ],
)
def test_a_report_that_cannot_be_run_says_why(
    report: Path, tmp_path: Path, changed: Mapping[str, object], said: str
) -> None:
    rewrite(report, **changed)
    with pytest.raises(UsageError, match=said):
        verify(report, tmp_path)


@pytest.mark.parametrize(
    ("text", "said"), [("{", "cannot be read"), ("{}", "lacks strategy"), ("[]", "lacks strategy")]
)
def test_a_damaged_record_is_said(report: Path, tmp_path: Path, text: str, said: str) -> None:
    (report / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        verify(report, tmp_path)
