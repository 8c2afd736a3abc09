from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import backfolio
from backfolio.errors import (
    BackfolioError,
    CalendarError,
    DataError,
    Problem,
    SymbolError,
    ThesisError,
    UsageError,
    command,
    counted,
    did_you_mean,
    program,
)


def problem(row: int = 7) -> Problem:
    return Problem("bars.csv", row, "high 9.9", "high is at least the close", "correct the row")


@pytest.mark.parametrize("kind", [UsageError, CalendarError, SymbolError, ThesisError, DataError])
def test_every_error_of_the_user_leaves_with_status_2(kind: type[BackfolioError]) -> None:
    assert issubclass(kind, BackfolioError)
    assert kind.exit_status == 2


def test_a_problem_says_where_what_rule_and_remedy() -> None:
    assert str(problem()) == "bars.csv:7: high 9.9: high is at least the close; correct the row"


def test_a_problem_of_the_whole_file_names_no_row() -> None:
    assert str(problem(0)) == "bars.csv: high 9.9: high is at least the close; correct the row"


def test_one_problem_is_one_line() -> None:
    assert str(DataError([problem()])) == str(problem())


def test_several_problems_are_counted_and_listed() -> None:
    lines = str(DataError([problem(2), problem(3)])).splitlines()
    assert lines == ["2 problems in the data:", str(problem(2)), str(problem(3))]


@pytest.mark.parametrize(
    ("given", "total", "shown", "more"),
    [
        (20, None, 20, ""),
        (21, None, 20, "... and 1 more"),
        (25, None, 20, "... and 5 more"),
        (3, 300, 3, "... and 297 more"),
    ],
)
def test_up_to_twenty_problems_stand_in_words(given: int, total: int | None, shown: int, more: str) -> None:
    error = DataError([problem(row) for row in range(2, 2 + given)], total)
    lines = str(error).splitlines()
    assert error.total == (total or given)
    assert lines[0] == f"{error.total} problems in the data:"
    assert lines[1 : 1 + shown] == [str(problem(row)) for row in range(2, 2 + shown)]
    assert lines[1 + shown :] == ([more] if more else [])


def test_problems_stay_with_the_error() -> None:
    assert DataError([problem(2), problem(3)]).problems == (problem(2), problem(3))


@pytest.mark.parametrize(
    ("word", "known", "answer"),
    [
        ("stop_los", ["stop_loss", "trailing"], " (did you mean 'stop_loss'?)"),
        ("hodl", ["hold", "names"], " (did you mean 'hold'?)"),
        ("volatility", ["hold", "names"], ""),
        ("hold", [], ""),
    ],
)
def test_did_you_mean_names_the_nearest_known_word(word: str, known: list[str], answer: str) -> None:
    assert did_you_mean(word, iter(known)) == answer


@pytest.mark.parametrize(("number", "text"), [(0, "0 trials"), (1, "1 trial"), (2, "2 trials"), (1240, "1,240 trials")])
def test_a_count_has_its_word(number: int, text: str) -> None:
    assert counted(number, "trial") == text


@pytest.mark.parametrize(
    ("called", "said"),
    [
        ("run_backtest.py", "python run_backtest.py"),
        ("/srv/mine/run_backtest.py", "python run_backtest.py"),
        ("/usr/lib/python3/backfolio/__main__.py", "python -m backfolio"),
        ("/usr/bin/backfolio", "backfolio"),
        ("analysis.py", "backfolio"),
        ("", "backfolio"),
    ],
)
def test_messages_name_commands_as_the_program_was_called(
    monkeypatch: pytest.MonkeyPatch, called: str, said: str
) -> None:
    monkeypatch.setattr(sys, "argv", [called, "run"])
    assert program() == said
    assert command("data check") == f"{said} data check"


def test_no_message_writes_the_program_by_hand() -> None:
    source = Path(backfolio.__file__).parent
    commands = "run|tune|walk-forward|study|falsify|check|compare|new|fetch|import|data|verify|list"
    by_hand = re.compile(rf"(?<!from )(backfolio|run_backtest\.py) ({commands})\b")
    told = [
        f"{path.relative_to(source)}: {line.strip()}"
        for path in source.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if by_hand.search(line) and not line.strip().startswith(('"""', "``"))
    ]
    assert told == []
