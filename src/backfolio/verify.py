"""Run a report again from what its `run.json` holds, and say whether the same fills come out, and if not, why."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from backfolio.backtest import Request, Run, backtest, hash_of_fills
from backfolio.discover import load_file
from backfolio.errors import UsageError
from backfolio.money import MILLS
from backfolio.report import tables
from backfolio.settings import MarketSettings
from backfolio.source import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from backfolio.discover import Thesis
    from backfolio.result import Result

RECORD: Final = "run.json"
NEEDED: Final = ("strategy", "params", "exits", "start", "end", "market", "benchmark", "data", "thesis", "fills")

BESIDE: Final = ("run_id", "command", "source", "headline")
"""What a record holds beside the identity of its run."""

AS_WRITTEN: Final = "as written"
CHANGED: Final = "changed"
MISSING: Final = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was recorded, and what it is now.

    Parameters
    ----------
    what
        "fills", "data", "rules", "package NAME", "thesis", or the name of a file.
    recorded, now
        As text.
    """

    what: str
    recorded: str
    now: str

    @property
    def same(self) -> bool:
        """Whether it is what it was."""
        return self.recorded == self.now

    @property
    def of_file(self) -> bool:
        """Whether it is about a file of the report."""
        return self.recorded == AS_WRITTEN


@dataclass(frozen=True, slots=True)
class Verification:
    """A report against the run made from it.

    Parameters
    ----------
    folder
        Of the report.
    where
        What data it was run on now.
    fills
        The hash of the list of fills; the answer rests on it.
    others
        Files, data, rules, packages and thesis: what may explain a difference,
        the most specific first.
    """

    folder: Path
    where: str
    fills: Check
    others: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Whether the same fills came out, and the folder still shows what was written."""
        return self.fills.same and not self.tampered

    @property
    def tampered(self) -> tuple[str, ...]:
        """Return the files that are not as they were written."""
        return tuple(check.what for check in self.others if check.of_file and not check.same)

    @property
    def differing(self) -> tuple[Check, ...]:
        """Return what is not as it was."""
        return tuple(check for check in (self.fills, *self.others) if not check.same)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return what differs and what it means, a sentence each, the most specific first."""
        others = [check for check in self.others if not check.same]
        said = [_of_file(check, self.folder) for check in others if check.of_file]
        if RECORD in self.tampered:
            return (*said, "What such a record leads to says nothing about the data, the rules or the packages.")
        said += [self._of_run(check) for check in others if check.what in {"data", "rules"}]
        packages = [f"{one.what.removeprefix('package ')} {one.recorded}, now {one.now}" for one in _packages(others)]
        if packages:
            said.append(f"Packages have other versions: {'; '.join(packages)}.")
        if not self.fills.same and not said:
            said.append(
                "Data, rules, packages and the files of the report are as recorded: the thesis gives other targets "
                "each time (a random number without a seed, a clock, a file that it reads), or the program is at fault."
            )
        said += [
            f"The thesis was edited since: {one.what.removeprefix('thesis ')} is not what the report holds. The "
            "report's own text was run, so that no difference comes from this."
            for one in others
            if one.what.startswith("thesis ")
        ]
        return tuple(said)

    def _of_run(self, check: Check) -> str:
        if check.what == "rules":
            return (
                f"The rules of the market are of another version: {check.recorded}, now {check.now}. "
                "The changelog says which fills differ."
            )
        what_now = (
            "No fill depends on what changed."
            if self.fills.same
            else "Run its command again for a report on the data of today."
        )
        return (
            f"The data changed: the run read what has the fingerprint {check.recorded}, and {self.where} gives "
            f"{check.now} now. Bars, corporate actions, catalysts, members or the benchmark were fetched, imported or "
            f"edited since. {what_now}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "report": str(self.folder),
            "holds": self.holds,
            "reasons": list(self.reasons),
            "checks": [
                {"what": one.what, "recorded": one.recorded, "now": one.now, "same": one.same}
                for one in (self.fills, *self.others)
            ],
        }


def verify(
    folder: Path,
    workspace: Path,
    where: str | None = None,
    on_session: Callable[[int, int], None] | None = None,
    theses: Sequence[Path] = (),
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
    theses
        Folders in which the thesis may lie today, to say whether it was edited.

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
    fills = Check("fills", str(record["fills"]), str(result.record["fills"]))
    run = tuple(_recorded(record, result.record))
    follows = fills.same and all(check.same for check in run if check.what in {"data", "rules"})
    files = _files(folder, record, result, follows=follows)
    return Verification(folder, where, fills, (*files, *run, *_edited(record, workspace, theses)))


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


def _packages(checks: Sequence[Check]) -> Iterator[Check]:
    return (check for check in checks if check.what.startswith("package "))


def _files(folder: Path, record: Mapping[str, Any], result: Result, *, follows: bool) -> Iterator[Check]:
    """Compare the files with what they say themselves, and with what came out where that must be the same.

    The record is proved by the run id, which is a digest over it, and the
    fills by their hash in the record. The other tables have no hash of their
    own: they are compared where data, rules and fills are as recorded
    (`follows`), for else they may differ without anyone having touched them.
    """
    identity = {name: value for name, value in record.items() if name not in BESIDE}
    run_id = Run(json.dumps(identity, ensure_ascii=False, sort_keys=True)).run_id
    yield Check(RECORD, AS_WRITTEN, AS_WRITTEN if run_id == record.get("run_id", folder.name) else CHANGED)
    yield Check("fills.csv", AS_WRITTEN, _state(folder / "fills.csv", lambda text: _hash_in(text) == record["fills"]))
    if not follows:
        return
    for name, written in (
        ("refusals.csv", tables.refusals_csv(result.ledger)),
        ("equity.csv", tables.equity_csv(result.ledger)),
        ("positions.csv", tables.positions_csv(result.ledger)),
    ):
        yield Check(name, AS_WRITTEN, _state(folder / name, lambda text, written=written: text == written))  # type: ignore[misc]


def _state(path: Path, sound: Callable[[str], bool]) -> str:
    try:
        return AS_WRITTEN if sound(path.read_bytes().decode("utf-8")) else CHANGED
    except FileNotFoundError:
        return MISSING
    except (OSError, UnicodeDecodeError):
        return CHANGED


def _hash_in(text: str) -> str:
    """Return the hash of the fills that a ``fills.csv`` shows, "" where it cannot be read."""
    numbers = ("price", "commission", "stamp_duty", "transfer_fee", "dividend_tax")
    try:
        return hash_of_fills(
            (
                row["session"],
                row["symbol"],
                row["side"],
                int(row["shares"]),
                *(int(Decimal(row.get(name, "0")) * MILLS) for name in numbers),
                row["reason"],
            )
            for row in csv.DictReader(io.StringIO(text), strict=True)
        )
    except (csv.Error, KeyError, TypeError, ValueError, InvalidOperation):
        return ""


def _edited(record: Mapping[str, Any], workspace: Path, folders: Sequence[Path]) -> Iterator[Check]:
    """Compare the thesis and its modules with those of today, where they are still there."""
    sources = {record["thesis"]["file"]: record["thesis"]["source"]}
    for name, source in record.get("modules", {}).items():
        path = Path(*name.split("."))
        sources |= {str(path.with_suffix(".py")): source, str(path / "__init__.py"): source}
    for name, source in sources.items():
        there = [folder / name for folder in (*folders, workspace) if (folder / name).is_file()]
        if there:
            now = there[0].read_text(encoding="utf-8", errors="replace")
            yield Check(f"thesis {name}", _digest(source), _digest(now))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _of_file(check: Check, folder: Path) -> str:
    path = folder / check.what
    if check.now == MISSING:
        return f"{path} is missing: someone took it away after the run was written."
    proof = {
        RECORD: "the run id, which is made from it, is another one",
        "fills.csv": "its lines are not the fills that the record was made with",
    }.get(check.what, "data, rules and fills are as recorded, and give another file")
    return f"{path} was changed after it was written: {proof}."


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
