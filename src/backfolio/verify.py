"""Run a report again from what its `run.json` holds, and say whether the same fills come out."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from backfolio.backtest import Request, backtest
from backfolio.discover import load_file
from backfolio.errors import UsageError
from backfolio.report import tables
from backfolio.settings import MarketSettings
from backfolio.source import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from backfolio.discover import Thesis
    from backfolio.result import Result

RECORD: Final = "run.json"
NEEDED: Final = ("strategy", "params", "exits", "start", "end", "market", "benchmark", "data", "thesis", "fills")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was recorded, and what it is now."""

    what: str
    recorded: str
    now: str

    @property
    def same(self) -> bool:
        """Whether it is what it was."""
        return self.recorded == self.now


@dataclass(frozen=True, slots=True)
class Verification:
    """A report against the run made from it.

    Parameters
    ----------
    folder
        Of the report.
    fills
        The hash of the list of fills; the answer rests on it.
    others
        Data, rules, packages and written files: what may explain a difference.
    """

    folder: Path
    fills: Check
    others: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Whether the same fills came out, and the folder still shows them."""
        return self.fills.same and all(check.same for check in self.others if check.what.endswith(".csv"))

    @property
    def differing(self) -> tuple[Check, ...]:
        """Return what is not as it was."""
        return tuple(check for check in (self.fills, *self.others) if not check.same)

    def as_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "report": str(self.folder),
            "holds": self.holds,
            "checks": [
                {"what": one.what, "recorded": one.recorded, "now": one.now, "same": one.same}
                for one in (self.fills, *self.others)
            ],
        }


def find(reports: Path, run: str) -> Path:
    """Return the folder of a report.

    Parameters
    ----------
    reports
        Where reports lie.
    run
        A run id, or the path of the folder or of a file in it.

    Raises
    ------
    UsageError
        If there is none, or more than one.
    """
    path = Path(run).expanduser()
    for folder in (path, path.parent):
        if (folder / RECORD).is_file():
            return folder
    found = sorted(record.parent for record in reports.glob(f"*/{run}/{RECORD}")) if "/" not in run else []
    if len(found) == 1:
        return found[0]
    if found:
        message = f"run {run!r} stands in {' and '.join(map(str, found))}: name one of these folders"
    else:
        message = (
            f"no report {run!r}: give the folder that a run printed, or its id (the folders below {reports}/<thesis>/)"
        )
    raise UsageError(message)


def verify(
    folder: Path, workspace: Path, where: str | None = None, on_session: Callable[[int, int], None] | None = None
) -> Verification:
    """Run a report again.

    The thesis and the modules that it imports are those that the report holds,
    not those of the workspace, so that what is verified is the report.

    Parameters
    ----------
    folder
        Of the report.
    workspace
        Folder whose ``data/`` goes with the store or a path.
    where
        Data to run it on; None = where its own came from.
    on_session
        Called with (sessions done, sessions in all) while replaying.

    Raises
    ------
    UsageError
        If the record is damaged or does not say where its data came from.
    """
    record = _read(folder / RECORD)
    where = where or record.get("source", {}).get("where")
    if not where:
        message = f"{folder / RECORD} does not say where its data came from: name it with --data"
        raise UsageError(message)
    with tempfile.TemporaryDirectory() as place:
        thesis = _thesis(record, Path(place))
        universe = getattr(thesis.strategy, "universe", None)
        result = backtest(thesis, load(where, workspace, (universe,)), _request(record, thesis), on_session)
    return Verification(
        folder,
        Check("fills", str(record["fills"]), str(result.record["fills"])),
        (*_recorded(record, result.record), *_files(folder, result)),
    )


def _request(record: Mapping[str, Any], thesis: Thesis) -> Request:
    exits = {} if thesis.kind == "backtrader" else {f"exits.{name}": value for name, value in record["exits"].items()}
    return Request(
        settings=MarketSettings(**record["market"]),
        params={**record["params"], **exits},
        start=record["start"],
        end=record["end"],
        benchmark=record["benchmark"],
        command=record.get("command", ""),
    )


def _recorded(record: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Check]:
    yield Check("data", str(record["data"].get("fingerprint")), str(now["data"]["fingerprint"]))
    yield Check("rules", str(record.get("rules")), str(now["rules"]))
    packages = record.get("packages", {})
    for name, version in now["packages"].items():
        yield Check(f"package {name}", str(packages.get(name, "not recorded")), version)


def _files(folder: Path, result: Result) -> Iterator[Check]:
    fills = tables.fills_csv(result.ledger, dividend_tax=result.settings.dividend_tax)
    for name, text in (("fills.csv", fills), ("equity.csv", tables.equity_csv(result.ledger))):
        path = folder / name
        written = path.read_bytes() if path.is_file() else b""
        yield Check(name, "as written" if written == text.encode() else "changed or missing", "as written")


def _read(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read ({error}): run the command of the report again"
        raise UsageError(message) from error
    lacking = [name for name in NEEDED if not isinstance(record, dict) or name not in record]
    if lacking:
        message = f"{path} lacks {', '.join(lacking)}: it is no record of a run of this version; run its command again"
        raise UsageError(message)
    return dict(record)


def _thesis(record: Mapping[str, Any], place: Path) -> Thesis:
    """Lay the thesis and its modules out as files, and load it from there."""
    modules: Mapping[str, str] = record.get("modules", {})
    for name, source in modules.items():
        package = any(other.startswith(f"{name}.") for other in modules)
        path = place.joinpath(*name.split("."))
        path = path / "__init__.py" if package else path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    path = place / record["thesis"]["file"]
    path.write_text(record["thesis"]["source"], encoding="utf-8")
    found = load_file(path, place)
    theses = found if isinstance(found, tuple) else ()
    for thesis in theses:
        if thesis.name == record["strategy"]:
            return thesis
    message = (
        f"the thesis {record['strategy']!r} that the report holds does not load here "
        f"({found if not isinstance(found, tuple) else 'no such class in its file'}): "
        "install the packages that it was made with"
    )
    raise UsageError(message)
