from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from backfolio.backtest import Request, Run, backtest
from backfolio.discover import load_file
from backfolio.errors import UsageError
from backfolio.report import write
from backfolio.settings import MarketSettings
from backfolio.source import sample
from backfolio.verify import BESIDE, Verification, verify
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
    """Change a record by hand."""
    path = report / "run.json"
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, **changed}), encoding="utf-8")


def reseal(report: Path, **changed: object) -> None:
    """Make a record as a run of that kind would have written it: its id is over what it says."""
    rewrite(report, **changed)
    record = json.loads((report / "run.json").read_text(encoding="utf-8"))
    identity = {name: value for name, value in record.items() if name not in BESIDE}
    rewrite(report, run_id=Run(json.dumps(identity, ensure_ascii=False, sort_keys=True)).run_id)


def differing(found: Verification) -> list[str]:
    return [check.what for check in found.differing]


def test_a_report_is_run_again_from_itself_alone(report: Path, tmp_path: Path) -> None:
    # neither the thesis nor its module lies in this workspace
    steps: list[int] = []
    found = verify(report, tmp_path, on_session=lambda done, _: steps.append(done))
    assert found.holds
    assert found.differing == ()
    assert found.reasons == ()
    record = json.loads((report / "run.json").read_text(encoding="utf-8"))
    assert found.fills.now == record["fills"]
    assert {check.what for check in found.others} >= {"data", "rules", "package backtrader"}
    assert {"run.json", "fills.csv", "refusals.csv", "equity.csv", "positions.csv"} < {one.what for one in found.others}
    assert steps[-1] == len(steps) == 118
    assert found.as_dict()["holds"] is True


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"fills": "0" * 16}, id="other fills"),
        pytest.param({"params": {"names": 5}}, id="another parameter"),
        pytest.param({"start": "2023-02-01"}, id="another window"),
    ],
)
def test_a_record_changed_by_hand_is_named_before_all_else(
    report: Path, tmp_path: Path, changed: Mapping[str, object]
) -> None:
    rewrite(report, **changed)
    found = verify(report, tmp_path)
    assert not found.holds
    assert "fills" in differing(found)
    assert found.reasons[0].startswith(f"{report / 'run.json'} was changed after it was written: the run id")
    assert not any("data changed" in reason for reason in found.reasons)


def test_other_fills_that_nothing_explains_are_said_to_be_so(report: Path, tmp_path: Path) -> None:
    fills = (report / "fills.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (report / "fills.csv").write_text(fills[0], encoding="utf-8")
    reseal(report, fills=hashlib.blake2b(digest_size=8).hexdigest())
    found = verify(report, tmp_path)
    assert not found.holds
    assert differing(found) == ["fills"]
    (reason,) = found.reasons
    assert "a random number without a seed" in reason


def test_a_record_of_other_versions_holds_and_says_so(report: Path, tmp_path: Path) -> None:
    record = json.loads((report / "run.json").read_text(encoding="utf-8"))
    reseal(report, rules="1999", packages={**record["packages"], "backtrader": "0.1", "numpy": "1.0"})
    found = verify(report, tmp_path)
    assert found.holds
    assert differing(found) == ["rules", "package backtrader", "package numpy"]
    assert found.differing[1].recorded == "0.1"
    rules, packages = found.reasons
    assert rules.startswith("The rules of the market are of another version: 1999, now ")
    assert packages.startswith("Packages have other versions: backtrader 0.1, now ")
    assert "; numpy 1.0, now " in packages


@pytest.mark.parametrize("name", ["fills.csv", "refusals.csv", "equity.csv", "positions.csv"])
@pytest.mark.parametrize("how", ["changed", "missing", "cut short", "no text"])
def test_a_table_that_somebody_changed_does_not_hold(report: Path, tmp_path: Path, name: str, how: str) -> None:
    path = report / name
    old = path.read_bytes()
    path.unlink()
    if how != "missing":
        path.write_bytes({"changed": old.replace(b"1", b"2", 1), "cut short": old[:-9], "no text": b"\xff"}[how])
    found = verify(report, tmp_path)
    assert found.fills.same
    assert not found.holds
    assert found.tampered == (name,)
    (reason,) = found.reasons
    assert reason.startswith(f"{path} {'is missing' if how == 'missing' else 'was changed after it was written'}: ")


def test_a_thesis_that_was_edited_is_said_and_the_reports_own_text_is_run(report: Path, tmp_path: Path) -> None:
    theses = tmp_path / "strategies"
    theses.mkdir()
    (theses / "mine.py").write_text(MINE, encoding="utf-8")
    (theses / "_words.py").write_text("BACK = 21\n", encoding="utf-8")
    found = verify(report, tmp_path, theses=[theses])
    assert found.holds
    (reason,) = found.reasons
    assert reason.startswith("The thesis was edited since: _words.py is not what the report holds.")


def test_the_same_market_from_files_gives_the_same_fills(report: Path, tmp_path: Path) -> None:
    sample.write(tmp_path / "bars")
    same = verify(report, tmp_path, where=str(tmp_path / "bars"))
    assert same.holds
    assert same.differing == ()


def test_other_data_is_blamed_and_no_file_of_the_report(report: Path, tmp_path: Path) -> None:
    sample.write(tmp_path / "other", seed=7)
    other = verify(report, tmp_path, where=str(tmp_path / "other"))
    assert not other.holds
    assert differing(other) == ["fills", "data"]
    assert other.tampered == ()
    (reason,) = other.reasons
    assert reason.startswith("The data changed: the run read what has the fingerprint ")
    assert f"{tmp_path / 'other'} gives" in reason
    (report / "fills.csv").unlink()
    both = verify(report, tmp_path, where=str(tmp_path / "other"))
    assert [reason.split(":")[0] for reason in both.reasons] == [
        f"{report / 'fills.csv'} is missing",
        "The data changed",
    ]


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
