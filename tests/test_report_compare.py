"""Runs held against each other: what is read of a folder, what is worked out, and the page in a browser."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio import report
from backfolio.errors import UsageError
from backfolio.metrics import summary, trade_statistics
from backfolio.report.chart import WIDE
from backfolio.report.compare import compare, read_side, render_comparison, write_comparison
from backfolio.report.compare.drawn import hue, lines_chart
from backfolio.report.compare.facts import LETTERS
from backfolio.report.compare.figures import RELATIVE, rows
from backfolio.report.look import Look
from backfolio.settings import MarketSettings
from finished import alone, small_result, small_world
from htmlpage import Page
from opened import CONTRAST, SCHEMES, WIDER, WIDTHS, Opened, launched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from backfolio.report.compare import Comparison
    from backfolio.result import Result

browser = launched
HEAD = "session,symbol,side,shares,price,commission,stamp_duty,transfer_fee,reason"
EVIL = "<script>alert('x')</script>"


def record_of(result: Result, **more: object) -> dict[str, object]:
    """Return a record as a run's is, as far as a comparison looks at it."""
    return {
        "strategy": result.strategy,
        "run_id": result.run_id,
        "params": dict(result.params),
        "exits": result.exits.as_dict(),
        "market": {"cash": result.settings.cash, "slippage": result.settings.slippage},
        "universe": "theme",
        "benchmark": "000688.SH",
        "data": {"simulated": False, "fingerprint": "aaaa"},
        "rules": "2026.1",
        "packages": {"numpy": "2.4"},
        "thesis": {"file": "small_thesis.py", "source": result.source},
        **more,
    }


def put(
    reports: Path, run_id: str, world: object = None, *, told: dict[str, object] | None = None, **changes: object
) -> Path:
    """Write the report of a small run and return its folder; `told` goes into its record."""
    result = small_result(world, run_id=run_id, **changes)  # type: ignore[arg-type]
    return report.write(replace(result, record=record_of(result, **(told or {}))), reports, tearsheet=False).path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two runs of the same market, the second with slippage."""
    folder = tmp_path_factory.mktemp("made") / "reports"
    put(folder, "2024-01-02_2024-03-01_aaaa")
    slow = small_world(MarketSettings(cash=200_000.0, slippage=50))
    put(folder, "2024-01-02_2024-03-01_bbbb", slow, params={"hold": 40, "min_raise": 0.1, "loud": True})
    return folder


@pytest.fixture
def reports(made: Path, tmp_path: Path) -> Path:
    """Return a copy of it, to be changed."""
    return Path(shutil.copytree(made, tmp_path / "reports"))


def folders(reports: Path) -> list[Path]:
    return sorted((reports / "small_thesis").glob("2024*"))


def both(reports: Path) -> Comparison:
    return compare([read_side(folder) for folder in folders(reports)])


# ---------------------------------------------------------------- what is read
def test_a_folder_is_read_as_the_run_was(reports: Path) -> None:
    result = small_result()
    side = read_side(folders(reports)[0])
    own = side.ledger
    assert own.sessions.tolist() == result.ledger.sessions.astype("datetime64[D]").tolist()
    assert own.equity.tolist() == result.ledger.equity.tolist()
    assert own.cash.tolist() == result.ledger.cash.tolist()
    assert own.start_cash == result.ledger.start_cash
    names = result.ledger.symbols
    for kind in ("fills", "refusals"):
        read = [(own.symbols[each.symbol], *each[:1], *each[2:]) for each in getattr(own, kind)]
        assert read == [(names[each.symbol], *each[:1], *each[2:]) for each in getattr(result.ledger, kind)]
    assert (side.strategy, side.digits) == ("small_thesis", "aaaa")


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("run.json", None, "run.json is not there"),
        ("run.json", "{", "run.json is no JSON"),
        ("run.json", "[]", "run.json holds no table"),
        ("run.json", '{"run_id": 3}', "run.json its run_id is no text"),
        ("equity.csv", None, "equity.csv is not there"),
        ("equity.csv", "session,cash\n2024-01-02,1\n", "equity.csv lacks 'equity'"),
        ("equity.csv", "session,cash,equity\n", "equity.csv has no session"),
        ("equity.csv", "session,cash,equity\nmonday,1,1\n", "equity.csv"),
        ("equity.csv", "session,cash,equity\n2024-01-03,1,1\n2024-01-02,1,1\n", "equity.csv has sessions out of order"),
        ("equity.csv", "session,cash,equity\n2024-01-02,nan,1\n", "equity.csv has an amount that no account has"),
        ("equity.csv", "session,cash,equity\n2024-01-02\n", "equity.csv"),
        ("fills.csv", None, "fills.csv is not there"),
        ("fills.csv", "session\n2024-01-03\n", "fills.csv lacks 'symbol'"),
        (
            "fills.csv",
            f"{HEAD}\n2031-01-03,600519.SH,buy,100,1.00,5.00,0.00,0.00,target\n",
            "fills.csv lacks '2031-01-03'",
        ),
        (
            "fills.csv",
            f"{HEAD}\n2024-01-03,600519.SH,lend,100,1.00,5.00,0.00,0.00,target\n",
            "fills.csv has a side 'lend'",
        ),
    ],
)
def test_a_damaged_folder_is_refused_in_a_sentence(reports: Path, name: str, content: str | None, fault: str) -> None:
    folder = folders(reports)[0]
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        read_side(folder)
    said = str(raised.value)
    assert said.startswith(f"{folder} is no whole report of a run: {fault}")
    assert said.endswith("; run it again")
    assert "\n" not in said


def test_refusals_that_are_not_there_are_not_known(reports: Path) -> None:
    assert next(row.cells for row in rows(both(reports)) if row.name == "refusals")[0].isdigit()
    (folders(reports)[0] / "refusals.csv").unlink()
    (cells,) = [row.cells for row in rows(both(reports)) if row.name == "refusals"]
    assert cells[0] == "n/a"


# ---------------------------------------------------------------- what is worked out
def test_figures_of_the_same_window_are_those_of_the_runs(reports: Path) -> None:
    found = both(reports)
    assert found.whole
    assert found.comparable
    for folder, metrics, trading in zip(folders(reports), found.metrics, found.trading, strict=True):
        told = json.loads((folder / "run.json").read_text(encoding="utf-8"))["headline"]
        for name in ("total_return", "sharpe", "max_drawdown", *RELATIVE):
            assert getattr(metrics, name) == pytest.approx(told["metrics"][name], rel=1e-12), name
        assert trading.fills == told["fills"]
    whole = trade_statistics(small_result().ledger)
    for name in ("turnover", "exposure", "cost_share", "costs", "refusals"):
        assert getattr(found.trading[0], name) == getattr(whole, name), name


def test_differences_are_what_the_figures_say(reports: Path) -> None:
    found = both(reports)
    by_name = {row.name: row for row in rows(found)}
    for row in by_name.values():
        first, other = row.values
        assert row.differences[0] == ""
        if first is not None and other is not None and row.cells[0] != row.cells[1]:
            assert (row.differences[1][0] == "+") == (other > first), row
    total = by_name["total_return"]
    one, two = total.values
    assert one is not None
    assert two is not None
    assert total.differences[1] == f"{(two - one) * 100:+.2f} pp".replace("-", "\N{MINUS SIGN}")
    assert total.tones == ("", "loss")


def test_only_what_differs_is_listed(reports: Path) -> None:
    assert [(each.group, each.name, each.values) for each in both(reports).settings] == [
        ("Parameters", "hold", ("20", "40")),
        ("Market", "slippage", ("0", "50")),
    ]


@pytest.mark.parametrize(
    ("told", "hard", "soft"),
    [
        ({"rules": "2025.9"}, ("rules",), ()),
        ({"data": {"fingerprint": "bbbb"}}, ("values",), ()),
        ({"data": {"fingerprint": "bbbb"}, "universe": "all"}, ("universe",), ()),
        ({"data": {"fingerprint": "bbbb"}, "benchmark": None}, (), ("benchmark",)),
        ({"data": {}}, ("unknown",), ()),
        ({"packages": {"numpy": "2.5"}}, (), ()),
    ],
)
def test_other_data_or_rules_are_said(
    reports: Path, told: dict[str, object], hard: tuple[str, ...], soft: tuple[str, ...]
) -> None:
    put(reports, "2024-01-02_2024-03-01_cccc", told=told)
    found = compare([read_side(folder) for folder in folders(reports)[::2]])
    assert (found.hard, found.soft) == (hard, soft)
    page = Page(render_comparison(found, reports / "compare" / "x")["index.html"])
    assert ("NOT COMPARABLE: other" in page.text or "NOT COMPARABLE: data" in page.text) == bool(hard)
    assert ("it cannot tell whether all bars were the same (other benchmark)" in page.text) == bool(soft)


def test_fills_are_counted_and_differences_listed(tmp_path: Path) -> None:
    line = "10 10.1 10.2 10.3 10.4 10.5"
    for run_id, weights in (("a", "5000|.|0|.|.|."), ("b", "5000|.|.|0|.|."), ("c", "2500|.|0|.|.|.")):
        result = alone(line, weights, run_id=run_id, strategy="one")
        report.write(replace(result, record=record_of(result)), tmp_path, tearsheet=False)
    sides = [read_side(tmp_path / "one" / name) for name in "abc"]
    one, two, three = (side.ledger.fills for side in sides)
    found = compare(sides[:2])
    days = [str(day) for day in found.sessions]
    assert [(each.session, each.side) for each in found.partings] == [(days[3], "sell"), (days[4], "sell")]
    assert [(each.orders[0] is None, each.orders[1] is None) for each in found.partings] == [
        (False, True),
        (True, False),
    ]
    assert list(found.shared) == [(2, 1, 0, 1), (2, 1, 0, 1)]
    other = compare([sides[0], sides[2]])
    assert [tuple(order.shares for order in each.orders if order) for each in other.partings] == [
        (one[0].shares, three[0].shares),
        (one[1].shares, three[1].shares),
    ]
    assert list(other.shared) == [(2, 0, 2, 0), (2, 0, 2, 0)]
    all_three = compare(sides)
    assert [tuple(each) for each in all_three.shared] == [(2, 0, 2, 0), (2, 0, 1, 1), (2, 0, 2, 0)]
    written = render_comparison(all_three, tmp_path / "compare" / "x")["fills.csv"].decode().splitlines()
    assert written[0] == "session,symbol,side,A_shares,A_price,B_shares,B_price,C_shares,C_price"
    assert len(list(csv.reader(written))) == 1 + len(all_three.partings)
    assert two[0].shares == one[0].shares


def test_runs_that_trade_the_same_are_said_to(reports: Path) -> None:
    put(reports, "2024-01-02_2024-03-01_cccc", params={"hold": 21})
    found = compare([read_side(folder) for folder in folders(reports)[::2]])
    assert found.partings == ()
    assert found.correlations[0][1] == pytest.approx(1.0)
    page = Page(render_comparison(found, reports / "compare" / "x")["index.html"])
    assert "They trade the same." in page.text
    assert "On every session the runs traded the same names on the same side." in page.text


def cut_account(folder: Path, first: int, stop: int | None) -> None:
    """Leave some sessions of an account, and the fills and refusals in them."""
    kept: set[str] = set()
    for name in ("equity.csv", "fills.csv", "refusals.csv"):
        head, *lines = (folder / name).read_text(encoding="utf-8").splitlines()
        lines = lines[first:stop] if name == "equity.csv" else [each for each in lines if each[:10] in kept]
        kept = kept or {each[:10] for each in lines}
        (folder / name).write_text("\n".join([head, *lines, ""]), encoding="utf-8")


def test_windows_that_overlap_in_part_are_compared_where_they_do(reports: Path) -> None:
    early, late = folders(reports)
    whole = both(reports)
    cut_account(early, 0, 30)
    cut_account(late, 10, None)
    found = both(reports)
    assert not found.whole
    assert found.sessions.tolist() == whole.sessions[10:30].tolist()
    for own, all_of in zip(found.returns, whole.returns, strict=True):
        assert own[0] == 0.0
        assert own[1:].tolist() == all_of[11:30].tolist()
    assert found.metrics[0] == summary(found.returns[0])
    first, last = str(found.sessions[0]), str(found.sessions[-1])
    expected = sum(first <= str(whole.sessions[fill.session]) <= last for fill in whole.sides[0].ledger.fills)
    assert found.trading[0].fills == expected
    text = Page(render_comparison(found, reports / "compare" / "x")["index.html"]).text
    assert f"Their windows overlap in part: all figures are over the 20 common sessions, {first} to {last}" in text
    assert [row.name for row in rows(found) if row.name in RELATIVE] == []


@pytest.mark.parametrize(("first", "said"), [(30, "no common session"), (29, "one common session")])
def test_windows_that_do_not_overlap_are_refused(reports: Path, first: int, said: str) -> None:
    early, late = folders(reports)
    cut_account(early, 0, 30)
    cut_account(late, first, None)
    with pytest.raises(UsageError, match=said):
        both(reports)


def test_wrong_numbers_of_runs_are_refused(reports: Path) -> None:
    side = read_side(folders(reports)[0])
    with pytest.raises(UsageError, match="one run cannot be compared"):
        compare([side])
    with pytest.raises(UsageError, match="run 2024-01-02_2024-03-01_aaaa of small_thesis is named twice"):
        compare([side, side])
    with pytest.raises(UsageError, match="9 runs are too many for one page"):
        compare([side] * (len(LETTERS) + 1))


def test_the_text_of_a_changed_thesis_is_shown(reports: Path) -> None:
    put(reports, "2024-01-02_2024-03-01_cccc", source="class SmallThesis(Strategy):\n    other = 1\n")
    found = compare([read_side(folder) for folder in folders(reports)[::2]])
    assert "-    pass  # <&>" in found.texts[0]
    assert "+    other = 1" in found.texts[0]
    assert "+ other = 1" in Page(render_comparison(found, reports / "compare" / "x")["index.html"]).text


# ---------------------------------------------------------------- the page
def test_it_is_written_whole_with_links_that_lead_somewhere(reports: Path) -> None:
    page_path = write_comparison(both(reports), reports)
    folder = reports / "compare" / "aaaa-bbbb"
    assert page_path == folder / "index.html"
    assert {path.name for path in folder.iterdir()} == {"index.html", "compare.json", "fills.csv"}
    page = Page(page_path.read_bytes())
    assert page.faults == []
    links = [a.get("href") or a.get("src") or "" for tag, a in page.tags if tag in {"a", "script"}]
    assert [link for link in links if link and "://" not in link and not (folder / link).is_file()] == []
    assert "../../small_thesis/2024-01-02_2024-03-01_aaaa/index.html" in links
    record = json.loads((folder / "compare.json").read_text(encoding="utf-8"))
    assert record["headline"]["runs"] == ["small_thesis aaaa", "small_thesis bbbb"]
    assert record["fills"]["counts"]["A"]["fills"] == len(small_result().ledger.fills)
    listed = Page((reports / "index.html").read_bytes())
    assert "small_thesis aaaa against small_thesis bbbb" in listed.text
    assert "1 folder" not in listed.text


def test_the_same_runs_give_the_same_bytes(reports: Path) -> None:
    folder = reports / "compare" / "x"
    assert render_comparison(both(reports), folder) == render_comparison(both(reports), folder)
    assert render_comparison(both(reports), folder, Look(lang="zh")) != render_comparison(both(reports), folder)


def test_a_run_of_another_folder_of_reports_is_not_linked(reports: Path, tmp_path: Path) -> None:
    shutil.move(reports / "small_thesis" / "2024-01-02_2024-03-01_bbbb", tmp_path / "elsewhere")
    found = compare([read_side(folders(reports)[0]), read_side(tmp_path / "elsewhere")])
    content = write_comparison(found, reports).read_bytes()
    assert b"elsewhere" not in content
    assert str(tmp_path).encode() not in content


def test_text_of_files_stays_text(reports: Path) -> None:
    for folder in folders(reports):
        path = folder / "run.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        record |= {"params": {EVIL: folder.name + EVIL}, "rules": EVIL + folder.name, "strategy": EVIL}
        record["headline"] |= {"source": EVIL, "title": EVIL}
        record["thesis"]["source"] = f"{EVIL}\n{folder.name}"
        path.write_text(json.dumps(record), encoding="utf-8")
    content = render_comparison(both(reports), reports / "compare" / "x")["index.html"]
    assert content.count(b"<script") == 4  # two of charts, their numbers, the one that sorts
    page = Page(content)
    assert page.faults == []
    assert page.text.count(EVIL) > 5


def test_as_many_as_fit_are_drawn_apart(reports: Path) -> None:
    for number in range(6):
        put(reports, f"2024-01-02_2024-03-01_c{number}", params={"hold": number})
    found = both(reports)
    assert len(found.sides) == 8
    assert len({hue(at) for at in range(8)}) == 8
    gains = list(np.cumprod(1.0 + found.returns, axis=1) - 1.0)
    drawn = lines_chart(found.sessions, gains, WIDE, "a <b>")
    assert drawn.count('<path class="line') == 16
    assert "nan" not in drawn
    assert "<b>" not in drawn


def test_flat_curves_are_drawn_and_have_no_correlation(tmp_path: Path) -> None:
    for run_id in ("a", "b"):
        result = alone("10 10.1 10.2", ".|.|.", run_id=run_id, strategy="one")
        report.write(replace(result, record=record_of(result)), tmp_path, tearsheet=False)
    found = compare([read_side(tmp_path / "one" / name) for name in "ab"])
    assert found.correlations == ((None, None), (None, None))
    page = Page(render_comparison(found, tmp_path / "compare" / "x")["index.html"])
    assert "correlate at n/a" in page.text
    assert page.faults == []


# ---------------------------------------------------------------- in a browser
@pytest.mark.parametrize("runs", [2, 8])
def test_the_page_is_quiet_fits_and_can_be_read(browser: Browser, reports: Path, runs: int) -> None:
    for number in range(runs - 2):
        put(reports, f"2024-01-02_2024-03-01_c{number}", params={"hold": number}, told={"rules": f"{number}"})
    path = write_comparison(both(reports), reports)
    for width, scheme in zip(WIDTHS, (*SCHEMES, "light"), strict=True):
        with Opened(browser, path, width, scheme) as opened:
            assert opened.noise == []
            assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
            assert opened.page.evaluate(WIDER, width) == []
            assert opened.page.evaluate(CONTRAST) == []
            figure = opened.page.locator("figure[data-kind=lines]")
            assert figure.get_attribute("data-drawn") == "yes"
            assert figure.get_attribute("data-lines") == str(runs)


def test_fills_sort_and_figures_say_what_they_mean(browser: Browser, reports: Path) -> None:
    weights = "3000 . 3000|. . .|. 3000 .|. . .|. . .|. . .|. . .|0 . .|. . .|. . .|. . .|. . .|. . .|2000 2500 ."
    put(reports, "2024-01-02_2024-03-01_cccc", replace(small_world(), weights=weights))
    with Opened(browser, write_comparison(both(reports), reports)) as opened:
        page = opened.page
        tip = page.locator(".held .def").first
        tip.hover()
        assert tip.locator(".tip").is_visible()
        sessions = "[...document.querySelectorAll('.parts tbody tr')].map(row => row.cells[0].textContent)"
        before = page.evaluate(sessions)
        assert before == sorted(before)
        assert len(set(before)) > 1
        page.get_by_role("button", name="Session").click()
        page.get_by_role("button", name="Session").click()
        assert page.evaluate(sessions) == before[::-1]
        assert opened.noise == []
