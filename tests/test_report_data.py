"""The page of the store: what it says of findings, hosts and survivors, and the picture of coverage."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio.errors import UsageError
from backfolio.quality import RULES, Coverage
from backfolio.quality.model import BAR, DELISTED, GAP, NOTHING, SUSPENDED
from backfolio.report.data import picture as drawing
from backfolio.report.data import render_data, view, write_data
from backfolio.report.data.states import LATE, seen
from backfolio.report.data.todo import MOST_NAMED, steps
from backfolio.report.gallery import gallery
from htmlpage import Page
from shelved import NAMES, SESSIONS, entry, finding, rows, small_shelf, small_states

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from backfolio.quality import Finding

    States = NDArray[np.int8]

STATE_OF = {"held": BAR, "halted": SUSPENDED, "gap": GAP, "gone": DELISTED, "late": LATE}


def drawn_states(markup: str, lines: int, columns: int) -> States:
    """Read the runs back: what a reader sees of each place."""
    seen = np.full((lines, columns), NOTHING, dtype=np.int8)
    for name, path in re.findall(r'<path class="(\w+)" d="([^"]*)"/>', markup):
        assert re.fullmatch(r"(M\d+ \d+h\d+)*", path)
        for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)", path):
            seen[int(y), int(x) : int(x) + int(length)] = STATE_OF[name]
    return seen


@st.composite
def coverages(draw: st.DrawFn) -> tuple[States, tuple[str, ...]]:
    """Return random states, sessions x symbols, and the symbols."""
    sessions, count = draw(st.integers(1, 12)), draw(st.integers(1, 8))
    cells = draw(st.lists(st.integers(NOTHING, LATE), min_size=sessions * count, max_size=sessions * count))
    codes = draw(st.lists(st.sampled_from(SOME), min_size=count, max_size=count, unique=True))
    return np.array(cells, dtype=np.int8).reshape(sessions, count), tuple(sorted(codes))


SOME = (
    "000001.SZ", "000977.SZ", "300474.SZ", "301001.SZ", "430047.BJ", "600000.SH", "603019.SH", "688041.SH",
    "688256.SH", "999999.XX", "920001.BJ",
)  # fmt: skip


@given(coverages())
def test_the_runs_tell_every_state_of_every_symbol(given_: tuple[States, tuple[str, ...]]) -> None:
    states, symbols = given_
    drawn = drawing.picture(states, symbols)
    assert (drawn.per_line, drawn.per_column) == (1, 1)
    assert sorted(symbol for line in drawn.symbols for symbol in line) == list(symbols)
    seen = drawn_states(drawing.defined(drawn), len(drawn.symbols), len(states))
    place = {symbol: at for at, symbol in enumerate(symbols)}
    for line, (symbol,) in enumerate(drawn.symbols):
        assert seen[line].tolist() == states[:, place[symbol]].tolist()
    assert [drawing.board(line[0]) for line in drawn.symbols] == sorted(drawn.boards)


@given(coverages(), st.integers(2, 4), st.integers(2, 5))
def test_what_shares_a_place_shows_its_worst_and_a_halt_only_where_all_halt(
    given_: tuple[States, tuple[str, ...]], columns: int, lines: int
) -> None:
    states, symbols = given_
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "MOST_COLUMNS", columns)
        patch.setattr(drawing, "MOST_LINES", lines + len(drawing.BOARDS))
        drawn = drawing.picture(states, symbols)
    assert drawn.states.shape[1] <= columns
    assert all(len(line) <= drawn.per_line for line in drawn.symbols)
    place = {symbol: at for at, symbol in enumerate(symbols)}
    rank = [NOTHING, DELISTED, SUSPENDED, BAR, LATE, GAP].index
    for line, own in enumerate(drawn.symbols):
        assert len({drawing.board(symbol) for symbol in own}) == 1
        for column in range(drawn.states.shape[1]):
            first = column * drawn.per_column
            shared = states[first : first + drawn.per_column, [place[symbol] for symbol in own]]
            assert drawn.states[line, column] == max(shared.ravel().tolist(), key=rank)


def many(states: States) -> Any:
    symbols = tuple(sorted(f"{code:06}.SH" for code in range(600000, 600000 + states.shape[1])))
    sessions = SESSIONS[0] + np.arange(len(states))
    return small_shelf(findings=(), coverage=Coverage(sessions, symbols, states), as_of=sessions[-1])


@pytest.mark.parametrize("kind", ["as markets are", "as bad as can be"])
def test_a_page_of_many_symbols_stays_small(kind: str) -> None:
    random = np.random.default_rng(7)
    states = np.full((671, 1_433), BAR, dtype=np.int8)
    if kind == "as markets are":
        states[random.random(states.shape) < 0.002] = SUSPENDED
    else:
        states[random.random(states.shape) < 0.5] = GAP
        states[::2] = NOTHING
    assert len(render_data(many(states))) < 1_000_000


def test_long_histories_share_columns_and_say_so() -> None:
    states = np.full((2_430, 3), BAR, dtype=np.int8)
    states[2_000, 1] = GAP
    shelf = many(states)
    page = Page(render_data(shelf))
    assert "A column is up to 3 sessions: a gap of one of them is shown, a halt where all of them halt." in page.text
    drawn = drawing.picture(states, shelf.coverage.symbols)
    assert (drawn.states == GAP).sum() == 1


def test_the_page_is_whole_and_nothing_in_it_is_markup_of_others() -> None:
    source = render_data(small_shelf())
    page = Page(source)
    assert page.faults == []
    texts = (
        "<b>32.10</b>", "the exchange <b>announced</b> it", "a <b>ban</b>", "compute <b>",
        "it <b>closed</b> the connection", "amount / volume <b>outside</b>", "bars <b>/bars.parquet",
    )  # fmt: skip
    assert [text for text in texts if text not in page.text] == []
    assert source == render_data(small_shelf())


def test_findings_stand_by_severity_and_rule_with_what_to_do() -> None:
    page = Page(render_data(small_shelf()))
    text = page.text
    heads = [text.index(head) for head in ("Errors 1 A run", "Warnings 1", "Notes 1", "Accepted 1")]
    assert heads == sorted(heads)
    error, warning = text[heads[0] : heads[1]], text[heads[1] : heads[2]]
    said = "Prices outside the limits 1 finding Asked of the data: No price lies outside the limits of its session."
    assert said in error
    assert small_shelf().findings[0].key in error
    assert "688256.SH 寒武纪 2025-08-18 to 2025-08-20" in error
    assert "python run_backtest.py data accept KEY --because TEXT" in error
    assert "To do: Fetch the symbol again." in warning
    assert "Factor moves without an ex-date" in text[heads[3] :]
    assert "Accepted: the exchange" in text[heads[3] :]
    assert "1 open error about 1 symbol" in text


@pytest.mark.parametrize(
    ("findings", "kind", "words"),
    [
        ((), "good", "Sound"),
        ((finding("listing_assumed", "note"),), "good", "Sound"),
        ((finding(),), "doubt", "No error"),
        ((finding("format", "error"), finding()), "bad", "Errors"),
        ((finding("format", "error", accepted="looked at"),), "good", "Sound"),
    ],
)
def test_the_grade_is_that_of_the_worst_open_finding(findings: Any, kind: str, words: str) -> None:
    source = render_data(small_shelf(findings))
    assert f'class="card verdict {kind}"' in source.decode()
    assert f"<b>{words}</b>" in source.decode()


def test_many_findings_of_a_rule_are_cut_and_counted() -> None:
    own = [finding(symbol=f"{code}.SH") for code in range(600000, 600000 + view.MOST_FINDINGS + 7)]
    page = Page(render_data(small_shelf(own)))
    assert f"The first {view.MOST_FINDINGS} of {len(own)} findings" in page.text
    assert "data check --json prints all" in page.text
    assert "600000.SH" in page.text
    assert f"{600000 + view.MOST_FINDINGS}.SH" not in page.text


def test_remedies_that_differ_stand_in_each_line() -> None:
    text = Page(render_data(small_shelf([finding(), finding(symbol="000977.SZ", remedy="look elsewhere")]))).text
    assert text.index("000977.SZ 浪潮信息") < text.index("look elsewhere")
    assert "fetch the symbol again" in text


def test_hosts_their_calls_and_their_blocks_are_told_in_shanghai_time() -> None:
    text = Page(render_data(small_shelf())).text
    hosts = text[text.index("Hosts Host") : text.index("What is in it")]
    assert "eastmoney 2 requests 1 refused last asked 2026-01-01 09:32 CST" in hosts
    assert "left alone until 2026-01-01 10:30 CST a <b>ban</b>" in hosts
    assert "sina 2 requests 1 came" in hosts
    assert "tencent 2 requests 1 kept aside" in hosts
    assert "bars are there" not in text, "our own marks are no calls of a host"
    assert "sina stock_zh_a_daily (akshare 1.19.5) 1 call 243 rows 2026-01-01 09:33 CST" in text
    assert "last fetch 2026-01-01 09:33 CST" in text


def test_a_block_is_told_of_a_host_that_was_not_asked() -> None:
    text = Page(render_data(small_shelf(log=rows("fetch_log")))).text
    assert "left alone until 2026-01-01 10:30" in text


def test_what_went_wrong_and_what_changed_later_is_kept_in_sight() -> None:
    text = Page(render_data(small_shelf())).text
    assert "Calls that gave nothing" in text
    assert "Replies kept aside 1" in text
    assert "2026-01-01 09:30 CST bars 688256.SH 2025-08-18 close 100.1 \N{RIGHTWARDS ARROW} 100.2 sina" in text
    calm = Page(render_data(small_shelf(log=rows("fetch_log", entry("sina", "stock_zh_a_daily"))))).text
    assert "Calls that gave nothing" not in calm


def test_survivors_are_counted_and_the_absent_are_named() -> None:
    text = Page(render_data(small_shelf())).text
    assert "bars of 4 of the 5 names it ever had" in text
    assert "None of them has ever left: the list was made of survivors. Without a bar: 688041.SH 海光信息." in text


def test_symbols_with_the_worst_findings_come_first() -> None:
    text = Page(render_data(small_shelf())).text
    table = text[text.index("Symbols 4 Those") : text.index("Hosts Host")]
    places = [table.index(symbol) for symbol in ("688256.SH", "000977.SZ", "300474.SZ", "603019.SH")]
    assert places == sorted(places)
    assert f"from 2025-01-02 to 2025-12-31 {len(SESSIONS) - 13} bars 10 halts 3 gaps 1 error 1 warning" in table


def test_a_delisted_symbol_is_not_late_and_a_stale_one_is() -> None:
    states = small_states()
    states[-5:, 0] = GAP  # the table of states has no other word for it
    source = render_data(small_shelf(coverage=Coverage(SESSIONS, tuple(NAMES), states))).decode()
    assert re.findall(r'<b class="sell">(\d{4}-\d\d-\d\d)</b>', source) == [str(SESSIONS[-6])]
    text = Page(source.encode()).text
    assert "reached by 2 of 3" in text
    assert "5 behind" in text
    assert "Gaps 3 sessions between bars" in text, "what follows the last bar is no gap"


def test_an_empty_store_has_a_page_that_says_what_to_do() -> None:
    nothing = Coverage(np.empty(0, "datetime64[D]"), (), np.empty((0, 0), np.int8))
    empty = {name: rows(name) for name in ("blocks", "quarantine", "revisions")}
    shelf = small_shelf((), coverage=nothing, names={}, universes=(), counts={}, log=rows("fetch_log"), **empty)
    page = Page(render_data(shelf))
    assert page.faults == []
    assert "No bar yet: python run_backtest.py fetch --universe NAME" in page.text


def test_a_date_without_room_is_left_without_text() -> None:
    drawn = drawing.picture(small_states(), tuple(NAMES))
    for frame in (drawing.WIDE, drawing.NARROW):
        chart = drawing.coverage_chart(drawn, SESSIONS, frame, "label <b>", lambda _: "said <b>", lambda _: "name <b>")
        places = [(float(x), text) for x, text in re.findall(r'<text class="date \w+" x="([\d.]+)"[^>]*>(\w+)<', chart)]
        assert places
        assert all(x + 7 * len(text) < frame.width for x, text in places)
        assert all(one[0] + 5 * len(one[1]) < other[0] for one, other in pairwise(places))
        assert "<b>" not in chart


def test_the_list_of_runs_leads_to_it(tmp_path: Path) -> None:
    assert "data/index.html" not in gallery(tmp_path).decode()
    path = write_data(small_shelf(), tmp_path)
    assert path == tmp_path / "data" / "index.html"
    text = Page((tmp_path / "index.html").read_bytes()).text
    assert "Data in the store : 4 symbols, 2025-01-02 to 2025-12-31. Errors." in text
    before = path.read_bytes()
    write_data(small_shelf(()), tmp_path)
    assert path.read_bytes() != before
    assert "Sound." in Page((tmp_path / "index.html").read_bytes()).text
    (tmp_path / "data" / "data.json").write_text("{torn", encoding="utf-8")
    assert "data/index.html" not in gallery(tmp_path).decode()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match=r"the page of the store cannot be written .+ --reports"):
        write_data(small_shelf(), tmp_path / "file")


def test_only_what_lies_between_bars_is_a_gap() -> None:
    lines = {
        "whole": ([BAR, BAR, BAR, BAR], [BAR, BAR, BAR, BAR]),
        "between": ([BAR, GAP, GAP, BAR], [BAR, GAP, GAP, BAR]),
        "before the first": ([GAP, GAP, BAR, BAR], [NOTHING, NOTHING, BAR, BAR]),
        "after the last": ([BAR, GAP, BAR, GAP], [BAR, GAP, BAR, LATE]),
        "halted, then nothing": ([BAR, SUSPENDED, GAP, GAP], [BAR, SUSPENDED, LATE, LATE]),
        "halted to the end": ([BAR, BAR, SUSPENDED, SUSPENDED], [BAR, BAR, SUSPENDED, SUSPENDED]),
        "delisted": ([BAR, GAP, DELISTED, DELISTED], [BAR, LATE, DELISTED, DELISTED]),
        "never": ([NOTHING, GAP, GAP, SUSPENDED], [NOTHING, NOTHING, NOTHING, SUSPENDED]),
    }
    given_states = np.array([given for given, _ in lines.values()], dtype=np.int8).T
    shown = seen(Coverage(SESSIONS[:4], tuple(lines), given_states))
    assert {name: shown.states[:, at].tolist() for at, name in enumerate(lines)} == {
        name: wanted for name, (_, wanted) in lines.items()
    }
    assert shown.listed == len(lines) - 1
    assert "never" not in shown.spans
    assert shown.spans["before the first"] == (SESSIONS[2], SESSIONS[3])
    assert (given_states[0] == GAP).any(), "what was given stays"


def test_every_rule_has_its_command_as_the_program_was_called() -> None:
    for rule in RULES.values():
        shelf = small_shelf([finding(rule.name, rule.severity)])
        found = steps(shelf, shelf.findings)
        assert len(found) == (rule.severity != "note")
        for step in found:
            assert step.title == rule.title
            assert all(command.startswith("python run_backtest.py ") for command in step.commands)
            assert step.commands or rule.name == "survivorship"
            accepting = any("data accept" in command for command in step.commands)
            assert accepting == (rule.severity == "error" and rule.acceptable)


@pytest.mark.parametrize(
    ("found", "about", "commands"),
    [
        pytest.param([finding("stale")], "1 finding: 688256.SH", ["fetch --symbols 688256.SH"], id="one"),
        pytest.param(
            [finding("stale", symbol=f"60000{k}.SH") for k in range(MOST_NAMED + 1)],
            "5 findings: 5 symbols", ["fetch"], id="more than fit a line",
        ),
        pytest.param(
            [finding("stale"), finding("stale", symbol="")],
            "2 findings: 688256.SH, 1 of many at once", ["fetch"], id="and of many",
        ),
        pytest.param([finding("gap")], "1 finding: 688256.SH", ["fetch --full --symbols 688256.SH"], id="a hole"),
        pytest.param(
            [finding("index_gap", symbol=symbol) for symbol in ("000300.SH", "399001.SZ", "000688.SH")],
            "3 findings: 3 indexes", ["fetch --index 000300.SH --index 000688.SH --index 399001.SZ"], id="indexes",
        ),
        pytest.param(
            [finding("index_gap", symbol="899050.BJ")], "1 finding: 899050.BJ", ["fetch"], id="an index of no host"
        ),
        pytest.param(
            [finding("survivorship", symbol="", value="compute <b>: 1 of 5 members have no bars")],
            "1 finding", ["fetch --universe compute <b>"], id="a universe",
        ),
        pytest.param(
            [finding("outside_limits", "error")], "1 finding: 688256.SH",
            ["data check 688256.SH", "import PATH",
             f"data accept {finding('outside_limits', 'error').key} --because TEXT"], id="an error",
        ),
        pytest.param(
            [finding("unexamined", "error")], "1 finding: 688256.SH", ["data check"], id="not examined"
        ),
    ],
)  # fmt: skip
def test_what_to_do_names_whom_and_how(found: list[Finding], about: str, commands: list[str]) -> None:
    (step,) = steps(small_shelf(found), found)
    assert step.about == about
    assert list(step.commands) == [f"python run_backtest.py {command}" for command in commands]


def test_what_blocks_runs_stands_on_top_with_its_command() -> None:
    text = Page(render_data(small_shelf())).text
    top = text[: text.index("Coverage")]
    assert "Blocks runs Prices outside the limits 1 finding: 688256.SH python run_backtest.py data check" in top
    assert top.index("Blocks runs") < top.index("Sessions without a bar")
    source = render_data(small_shelf()).decode()
    for name in re.findall(r'href="#([^"]+)"', source):
        assert f'id="{name}"' in source


def test_a_page_of_data_says_nothing_of_fills() -> None:
    assert "Decided after the close" not in render_data(small_shelf()).decode()


def test_a_file_imported_again_is_one_line_with_a_count() -> None:
    def imported(minutes: int, **changes: Any) -> dict[str, Any]:
        cells = {"source": "import", "version": "", "subject": "mine/bars.csv", "rows": 3, "calls": 0, **changes}
        return entry("", "import", minutes=minutes, **cells)

    log = rows("fetch_log", imported(0), imported(1), imported(2, hash="1" * 16), imported(3))
    text = Page(render_data(small_shelf(log=log))).text
    own = text[text.index("Imports File") :]
    assert f"mine/bars.csv {'0' * 16} 3 rows 3 times 2026-01-01 09:33 CST" in own
    assert f"mine/bars.csv {'1' * 16} 3 rows 1 time 2026-01-01 09:32 CST" in own
    assert own.count("mine/bars.csv") == 2
