"""Catalysts: what is refused, and that every fault of a file is said at once."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from backfolio.catalysts import COLUMNS, KINDS, OPTIONAL, Catalyst, read_catalysts
from backfolio.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

GOOD = {
    "id": "r1",
    "kind": "model_release",
    "title": "A model is published",
    "known_at": "2025-01-20T20:00:00+08:00",
    "symbols": "",
    "segment": "*",
    "strength": "1",
    "source": "a newspaper",
    "certainty": "high",
    "time_known": "no",
    "note": "",
    "house": "",
    "old": "",
    "new": "",
}
SYMBOLS = {"segment": "", "symbols": "688256.SH"}


def write(folder: Path, rows: Iterable[Mapping[str, str]], name: str = "facts.csv") -> None:
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, [*COLUMNS, *OPTIONAL])
        out.writeheader()
        out.writerows({**GOOD, **row} for row in rows)


def make(**fields: object) -> Catalyst:
    good: dict[str, object] = {
        "id": "r1",
        "kind": "results",
        "title": "Profit doubles",
        "known_at": dt.datetime(2025, 8, 26, 19, tzinfo=ZoneInfo("Asia/Shanghai")),
        "symbols": ("688256.SH",),
        "source": "the exchange",
        "certainty": "high",
        "time_known": "yes",
    }
    return Catalyst(**{**good, **fields})  # type: ignore[arg-type]


def test_a_row_becomes_a_catalyst(tmp_path: Path) -> None:
    row = {"symbols": "688256.SH; 688041.SH", "segment": "", "strength": "-0.25", "note": "said, with a comma"}
    write(tmp_path, [row])
    (found,) = read_catalysts(tmp_path)
    assert found == Catalyst(
        "r1",
        "model_release",
        "A model is published",
        dt.datetime(2025, 1, 20, 20, tzinfo=ZoneInfo("Asia/Shanghai")),
        ("688256.SH", "688041.SH"),
        "",
        -0.25,
        "a newspaper",
        "high",
        "no",
        "said, with a comma",
    )


def test_a_row_names_the_house_and_its_targets(tmp_path: Path) -> None:
    rows = [{"house": "Goldman Sachs", "old": "607.8", "new": "1223"}, {"id": "r2"}]
    write(tmp_path, rows)
    found, bare = read_catalysts(tmp_path)
    assert (found.house, found.old, found.new) == ("Goldman Sachs", 607.8, 1223.0)
    assert (bare.house, bare.old, bare.new) == ("", None, None)


def test_a_file_without_the_optional_columns_is_read(tmp_path: Path) -> None:
    text = ",".join(COLUMNS) + "\n" + ",".join(GOOD[name] for name in COLUMNS) + "\n"
    (tmp_path / "facts.csv").write_text(text, encoding="utf-8")
    (found,) = read_catalysts(tmp_path)
    assert (found.note, found.house, found.old, found.new) == ("", "", None, None)


def test_all_files_are_one_list_by_time_then_id(tmp_path: Path) -> None:
    write(tmp_path, [{"id": "z"}, {"id": "late", "known_at": "2025-03-01T00:00:00+08:00"}], "b.csv")
    # 12:30 in London is 20:30 in Shanghai: after z and a, though the clock shows less
    write(tmp_path, [{"id": "a"}, {"id": "abroad", "known_at": "2025-01-20T12:30:00+00:00"}], "a.csv")
    assert [catalyst.id for catalyst in read_catalysts(tmp_path)] == ["a", "z", "abroad", "late"]


def test_a_folder_without_sheets_has_no_catalysts(tmp_path: Path) -> None:
    assert read_catalysts(tmp_path) == ()


BAD_ROWS = [
    ({"known_at": "2025-01-20 20:00"}, "known_at '2025-01-20 20:00'", "it has no time zone"),
    ({"known_at": "2025-01-20"}, "known_at '2025-01-20'", "it has no time zone"),
    ({"known_at": "20/01/2025 20:00"}, "known_at '20/01/2025 20:00'", "it is not an ISO date and time"),
    ({"known_at": ""}, "known_at ''", "it is not an ISO date and time"),
    (
        {"known_at": "2205-01-20T20:00:00+08:00"},
        "known_at '2205-01-20T20:00:00+08:00'",
        "outside the exchange calendar",
    ),
    ({"source": " "}, "no source", "without a source leave it out"),
    ({"id": ""}, "no id", "every catalyst has one"),
    ({"title": ""}, "no title", "every catalyst has one"),
    ({"certainty": ""}, "no certainty", "every catalyst has one"),
    ({"time_known": ""}, "no time_known", "every catalyst has one"),
    ({"kind": "model_relase"}, "kind 'model_relase'", "did you mean 'model_release'?"),
    ({"kind": ""}, "kind ''", "no such kind"),
    ({**SYMBOLS, "symbols": "688256"}, "symbols '688256'", "write six digits and the exchange"),
    ({**SYMBOLS, "symbols": "688256.SZ"}, "symbols '688256.SZ'", "write 688256.SH"),
    ({**SYMBOLS, "symbols": "00981.HK"}, "symbols '00981.HK'", "is not a symbol"),
    ({**SYMBOLS, "symbols": "688256.SH,688041.SH"}, "symbols '688256.SH,688041.SH'", "join several by a semicolon"),
    ({**SYMBOLS, "symbols": "688256.SH;688256.SH"}, "symbols '688256.SH;688256.SH'", "stands twice"),
    ({**SYMBOLS, "symbols": "688256.SH;"}, "symbols '688256.SH;'", "is not a symbol"),
    ({"segment": ""}, "neither symbols nor segment", "a catalyst touches something"),
    ({"symbols": "688256.SH"}, "symbols '688256.SH' and segment '*'", "one or the other"),
    ({"segment": "*;cpu"}, "segment '*;cpu'", "a segment is *"),
    ({"segment": "CPU"}, "segment 'CPU'", "small letters"),
    ({"segment": "cpu; foundry"}, "segment 'cpu; foundry'", "without blanks"),
    ({"segment": "cpu;cpu"}, "segment 'cpu;cpu'", "stands twice"),
    ({"strength": ""}, "strength ''", "it is not a number"),
    ({"strength": "50.3%"}, "strength '50.3%'", "write 0.503"),
    ({"strength": "50.3"}, "strength 50.3", "strength lies from -10 to 10"),
    ({"strength": "nan"}, "strength nan", "strength lies from -10 to 10"),
    ({"strength": "-inf"}, "strength -inf", "strength lies from -10 to 10"),
    ({"old": "607,8"}, "old '607,8'", "it is not a number"),
    ({"new": "1223 CNY"}, "new '1223 CNY'", "it is not a number"),
    ({"old": "0"}, "old 0", "a finite number of CNY above 0"),
    ({"new": "-3"}, "new -3", "a finite number of CNY above 0"),
    ({"new": "nan"}, "new nan", "a finite number of CNY above 0"),
    ({"old": "inf"}, "old inf", "a finite number of CNY above 0"),
]


@pytest.mark.parametrize(("row", "value", "words"), BAD_ROWS, ids=[str(row) for row, _, _ in BAD_ROWS])
def test_a_bad_row_is_said_with_file_line_value_rule_and_remedy(
    tmp_path: Path, row: dict[str, str], value: str, words: str
) -> None:
    write(tmp_path, [{}, {"id": "r2", **row}])
    with pytest.raises(DataError) as caught:
        read_catalysts(tmp_path)
    (problem,) = caught.value.problems
    assert (problem.where, problem.row, problem.value) == (f"{tmp_path.name}/facts.csv", 3, value)
    assert words in str(problem)
    assert problem.rule
    assert problem.remedy
    assert caught.value.exit_status == 2


def test_every_fault_of_every_file_is_said_at_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        [{"kind": "x", "source": "", "strength": "?"}, {"id": "r2", "segment": "", "known_at": "now"}],
        "a.csv",
    )
    write(tmp_path, [{"id": "r3"}, {"id": "r2"}], "b.csv")
    (tmp_path / "c.csv").write_text("id,kind\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_catalysts(tmp_path)
    found = [(problem.where[-5:], problem.row) for problem in caught.value.problems]
    assert found == [("a.csv", 2)] * 3 + [("a.csv", 3)] * 2 + [("b.csv", 3)] + [("c.csv", 1)]


def test_an_id_stands_once_over_all_files(tmp_path: Path) -> None:
    write(tmp_path, [{}], "a.csv")
    write(tmp_path, [{"id": "other"}, {}], "b.csv")
    with pytest.raises(DataError, match=r"b\.csv:3: id 'r1': an id stands once, and .*a\.csv:2 has it"):
        read_catalysts(tmp_path)


def test_rows_without_an_id_are_not_called_twins(tmp_path: Path) -> None:
    write(tmp_path, [{"id": ""}, {"id": ""}])
    with pytest.raises(DataError) as caught:
        read_catalysts(tmp_path)
    assert [(problem.row, problem.value) for problem in caught.value.problems] == [(2, "no id"), (3, "no id")]


def test_twenty_faults_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    write(tmp_path, [{"id": f"r{row}", "source": ""} for row in range(25)])
    with pytest.raises(DataError, match="25 problems in the data") as caught:
        read_catalysts(tmp_path)
    assert str(caught.value).count("no source") == 20
    assert str(caught.value).endswith("... and 5 more")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"source": ""}, "no source"),
        ({"known_at": dt.datetime(2025, 8, 26, 19)}, "it has no time zone"),  # noqa: DTZ001  the fault
        ({"kind": "result"}, "did you mean 'results'?"),
        ({"symbols": ()}, "neither symbols nor segment"),
        ({"segment": "*"}, "one or the other"),
        ({"symbols": ("688256",)}, "is not a symbol"),
        ({"strength": 11.0}, "from -10 to 10"),
        ({"old": 0.0}, "above 0"),
        ({"new": float("nan")}, "above 0"),
    ],
)
def test_the_type_refuses_what_the_reader_refuses(fields: dict[str, object], words: str) -> None:
    assert make().strength == 1.0
    with pytest.raises(UsageError, match="catalyst 'r1'") as caught:
        make(**fields)
    assert words in str(caught.value)


def test_a_catalyst_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        make().strength = 2.0  # type: ignore[misc]
    assert hash(make()) == hash(make())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read(tmp_path: Path, kind: str) -> None:
    write(tmp_path, [{"kind": kind}])
    assert read_catalysts(tmp_path)[0].kind == kind
