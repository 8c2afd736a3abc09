from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backfolio import ashare, report
from backfolio.book import REASONS
from backfolio.errors import UsageError
from backfolio.history import History
from backfolio.metrics import summary
from backfolio.report import tables, words
from backfolio.report.assets import scripts as scripts_of_pages
from backfolio.report.chart import NARROW, WIDE, Mark, equity_chart
from backfolio.report.gallery import gallery
from backfolio.report.look import Look
from backfolio.report.months import month_table
from backfolio.report.plot import date_labels, thin, ticks
from backfolio.report.run.refused import MOST_ROWS
from backfolio.report.text import money, percent, plain
from backfolio.settings import MarketSettings
from finished import INDEX, alone, catalysts, small_result, small_world
from htmlpage import Page

FILES = {"index.html", "fills.csv", "refusals.csv", "equity.csv", "positions.csv", "run.json"}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return report.render(small_result(), tearsheet=False)


@pytest.fixture(scope="module")
def page(files: dict[str, bytes]) -> Page:
    return Page(files["index.html"])


# ---------------------------------------------------------------- tables
def test_fills_csv_is_exact(files: dict[str, bytes]) -> None:
    assert files["fills.csv"].decode().splitlines() == [
        "session,symbol,side,shares,price,commission,stamp_duty,transfer_fee,reason",
        "2024-01-03,000977.SZ,buy,3000,20.40,18.36,0.00,0.61,target",
        "2024-01-03,688256.SH,buy,600,102.00,18.36,0.00,0.61,target",
        "2024-01-16,688256.SH,sell,600,95.88,17.26,28.76,0.58,stop_loss",
        "2024-01-18,000977.SZ,sell,3750,18.29,20.58,34.29,0.69,target",
        "2024-01-22,603019.SH,buy,900,57.14,15.43,0.00,0.51,target",
        "2024-01-22,000977.SZ,buy,2200,18.28,12.06,0.00,0.40,target",
    ]


def test_refusals_csv_is_exact(files: dict[str, bytes]) -> None:
    assert files["refusals.csv"].decode() == (
        "session,symbol,side,shares,reason\n2024-01-05,603019.SH,buy,1100,limit_up\n"
    )


def test_equity_csv_adds_up(files: dict[str, bytes]) -> None:
    lines = files["equity.csv"].decode().splitlines()
    assert lines[:3] == [
        "session,cash,positions,equity",
        "2024-01-02,200000.00,0.00,200000.00",
        "2024-01-03,77562.06,122400.00,199962.06",
    ]
    assert len(lines) == 41
    for line in lines[1:]:
        cash, positions, equity = (int(cell.replace(".", "")) for cell in line.split(",")[1:])
        assert cash + positions == equity


def test_positions_csv_says_what_is_held(files: dict[str, bytes]) -> None:
    lines = files["positions.csv"].decode().splitlines()
    assert lines[:3] == [
        "session,symbol,shares,close,value",
        "2024-01-03,000977.SZ,3000,20.40,61200.00",
        "2024-01-03,688256.SH,600,102.00,61200.00",
    ]
    # after the ex-date the bonus shares are there
    assert "2024-01-10,000977.SZ,3750,17.60,66000.00" in lines
    assert len(lines) == 1 + int((small_result().ledger.positions > 0).sum())


def test_the_dividend_tax_has_a_column_only_with_its_switch() -> None:
    world = small_world(MarketSettings(cash=200_000.0, dividend_tax=True))
    lines = report.render(small_result(world), tearsheet=False)["fills.csv"].decode().splitlines()
    assert lines[0] == "session,symbol,side,shares,price,commission,stamp_duty,transfer_fee,dividend_tax,reason"
    # 3000 shares got 0.50 CNY each and were sold within a month: 20% of 1500 CNY
    assert "2024-01-18,000977.SZ,sell,3750,18.29,20.58,34.29,0.69,300.00,target" in lines


@pytest.mark.parametrize(("mills", "text"), [(10_000, "10.00"), (10_010, "10.01"), (10_015, "10.015"), (0, "0.00")])
def test_prices_have_three_decimals_where_the_tick_needs_them(mills: int, text: str) -> None:
    assert tables.price_text(mills) == text


# ---------------------------------------------------------------- the page
def test_the_page_is_well_formed(page: Page) -> None:
    assert page.faults == []


def test_the_page_says_what_was_run(page: Page) -> None:
    for said in (
        "Buy what the news touches",
        "The news is taken up slowly, so there is time.",
        "python run_backtest.py run small_thesis --data 'a folder' --start 2024-01-02",
        "Decided after the close, filled at the next open.",
        "Listing date assumed from the first bar: 688256.SH. A listings.csv makes it exact.",
        "min_raise 0.1",
        "loud yes",
        "stop loss 7%",
        "take profit off",
        "10% of the volume",
        "0.03%, at least ¥5.00",
        "class SmallThesis(Strategy): pass # <&>",
        "寒武纪",
        "English 寒武纪",
        f"科创50 ({INDEX})",
        "limit-up",
        f"¥{money(int(small_result().ledger.equity[-1]), 0)}",
    ):
        assert said in page.text


def test_the_page_shows_the_figures_of_both(page: Page) -> None:
    result = small_result()
    own, other = result.ledger.returns(), result.benchmark_returns()
    assert other is not None
    for figures in (summary(own, other), summary(other)):
        assert figures.total_return is not None
        assert f"{figures.total_return:+.2%}".replace("-", "\N{MINUS SIGN}") in page.text
    # what means nothing of a benchmark is said to mean nothing
    assert re.search(r"Beta Covariance [^.]+\. \S?\d\.\d\d n/a ", page.text)


def test_every_figure_says_its_definition_on_hover_and_focus(files: dict[str, bytes], page: Page) -> None:
    terms = [attributes for tag, attributes in page.tags if attributes.get("class") == "def"]
    tips = re.findall(r'<span class="tip" role="tooltip">([^<]+)</span>', files["index.html"].decode())
    assert len(terms) == len(tips) > 60
    assert all(len(tip) > 10 for tip in tips)
    # outside sortable headings, which are buttons themselves, each can be reached by keyboard and by a tap
    assert sum(attributes.get("tabindex") == "0" for attributes in terms) > 45


def test_words_from_outside_are_escaped(files: dict[str, bytes], page: Page) -> None:
    source = files["index.html"].decode()
    assert "<script>alert" not in source
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; more" in source
    assert source.count("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; more") == 2  # in both drawings
    assert source.count(r"\u003cscript\u003ealert('x')\u003c/script\u003e \u0026 more") == 1  # in the block of numbers
    assert source.count("</script>") == 4  # the two linked ones, the block of numbers, the one that sorts
    assert 'a "note"' in page.text
    assert "two <b>bold</b>" in page.text


def test_the_policy_allows_this_style_sheet_and_nothing_else(files: dict[str, bytes], page: Page) -> None:
    (policy,) = [a["content"] or "" for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    style = files["index.html"].split(b"<style>")[1].split(b"</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert all("style" not in attributes and "onload" not in attributes for _, attributes in page.tags)


def test_the_page_needs_nothing_from_elsewhere(page: Page) -> None:
    links = [attributes.get("href") or attributes.get("src") for _, attributes in page.tags]
    asked = {link for link in links if link and not link.startswith("#")}
    scripts = {f"../../assets/{asset.name}" for asset in scripts_of_pages()}
    noted = {"https://www.tradingview.com/", "https://example.org/a"}  # the library's notice, a source; only followed
    assert asked == {"../../index.html", *(FILES - {"index.html"}), *scripts, *noted}
    assert {a["src"] for tag, a in page.tags if tag == "script" and "src" in a} == scripts


def test_catalysts_of_the_window_are_listed_with_their_certainty(page: Page) -> None:
    assert "model release, known 2024-01-03 20:00, 寒武纪, memory, unverified" in page.text
    assert "a whole theme model release, known 2024-01-03, all 3 names, memory, unverified, source" in page.text
    assert "long before" not in page.text
    assert "touches nobody here" not in page.text


def test_simulated_bars_are_said_on_every_page() -> None:
    result = small_result(simulated=True)
    assert words.SIMULATED in Page(report.render(result, tearsheet=False)["index.html"]).text
    assert "SIMULATED" not in Page(report.render(small_result(), tearsheet=False)["index.html"]).text


def test_the_fill_clock_follows_the_price() -> None:
    settings = MarketSettings(cash=200_000.0, price="vwap")
    assert "average price (amount / volume)" in words.fill_clock(settings)
    assert words.fill_clock(MarketSettings()) == words.FILL_CLOCK


def test_every_reason_has_words() -> None:
    assert set(words.REFUSALS) == set(ashare.REFUSALS) - {""}
    assert set(words.FILLS) == set(REASONS)


def test_long_tables_are_cut_and_say_so() -> None:
    result = small_result()
    ledger = result.ledger
    many = replace(ledger, fills=ledger.fills * 300, refusals=ledger.refusals * 2_000)
    rendered = report.render(replace(result, ledger=many), tearsheet=False)
    text = Page(rendered["index.html"]).text
    assert f"Below are the last {MOST_ROWS:,}; fills.csv has all." in text
    assert f"Below are the last {MOST_ROWS:,}; refusals.csv has all." in text
    assert len(rendered["fills.csv"].splitlines()) == 1 + 6 * 300


@pytest.mark.parametrize(
    ("line", "weights"),
    [("10", ""), ("10 10 10", ""), ("10 11 12", "5000"), ("10 10.2", "5000")],
    ids=["one session", "no order", "refused at the limit", "two sessions"],
)
def test_runs_with_next_to_nothing_in_them_have_a_page(line: str, weights: str) -> None:
    page = Page(report.render(alone(line, weights, warnings=()), tearsheet=False)["index.html"])
    assert page.faults == []
    assert "n/a" in page.text
    assert not re.search(r"\b(nan|inf|None)\b", page.text)


def test_a_run_without_benchmark_catalysts_or_words() -> None:
    result = small_result()
    history = History(result.history.bars)
    bare = replace(result, history=history, benchmark=None, benchmark_name="", doc="", source="", title="", params={})
    page = Page(report.render(bare, tearsheet=False)["index.html"])
    assert page.faults == []
    assert "Not compared with anything" in page.text
    assert "Against the benchmark" not in page.text
    assert "Catalysts" not in page.text.replace("Catalysts", "", page.text.count("Kind"))
    assert "#catalysts" not in {attributes.get("href") for _, attributes in page.tags}


# ---------------------------------------------------------------- small parts
@pytest.mark.parametrize(
    ("mills", "decimals", "text"),
    [
        (1_234_567_890, 2, "1,234,567.89"),
        (-5_000, 2, "\N{MINUS SIGN}5.00"),
        (-1, 2, "0.00"),
        (999_500, 0, "1,000"),
        (-400, 0, "0"),
        (-1_234_500, 0, "\N{MINUS SIGN}1,235"),
    ],
)
def test_money(mills: int, decimals: int, text: str) -> None:
    assert money(mills, decimals) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "off"), (True, "yes"), (False, "no"), (0.1, "0.1"), (20, "20"), ("weekly", "weekly")]
)
def test_parameters_are_written_plainly(value: object, text: str) -> None:
    assert plain(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0003, "0.03%"), (0.15, "15%"), (0.1, "10%"), (0.0, "0%"), (1.0, "100%")]
)
def test_percent(value: float, text: str) -> None:
    assert percent(value) == text


def test_monthly_returns_compound() -> None:
    days = np.array(["2023-12-28", "2023-12-29", "2024-01-02", "2024-02-01", "2024-02-02"], dtype="datetime64[D]")
    later, earlier = month_table(days, np.array([0.1, 0.1, -0.2, 0.0, 0.0]), np.array([0.0, 0.02, 0.0, 0.0, -0.01]))
    assert (later.year, earlier.year) == (2024, 2023)
    assert [None if cell is None else cell.text for cell in later.months[:3]] == ["\N{MINUS SIGN}20.0", "0.0", None]
    assert [None if cell is None else (cell.text, cell.shade) for cell in earlier.months[10:]] == [
        None,
        ("+21.0", "up4"),
    ]
    assert (later.total.shade, later.benchmark, earlier.benchmark) == ("down4", "\N{MINUS SIGN}1.0", "+2.0")


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.25, 3.2, [0, 1, 2, 3]),
        (-0.3, 0.0, [-0.3, -0.2, -0.1, 0]),
        (0.0, 0.013, [0, 0.005, 0.01]),
    ],
)
def test_levels_are_round(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high, 4 if low else 5) == pytest.approx(expected)


def test_thinning_keeps_every_extreme() -> None:
    values = np.random.default_rng(1).normal(size=10_000)
    values[[17, 9_000]] = 50, -50
    kept = thin(values, 400)
    assert len(kept) <= 402
    assert {0, 17, 9_000, 9_999} <= set(kept.tolist())
    assert list(thin(values[:300], 400)) == list(range(300))


@pytest.mark.parametrize(
    ("first", "count", "expected"),
    [
        ("2024-01-02", 1, ["01-02"]),
        ("2024-01-02", 10, ["01-02", "01-04", "01-06", "01-08", "01-10"]),
        ("2024-01-02", 366, ["2024", "Apr", "Jul", "Oct", "2025"]),
        ("2020-01-20", 2_200, ["2022", "2024", "2026"]),
    ],
)
def test_dates_are_labelled_by_length(first: str, count: int, expected: list[str]) -> None:
    days = np.datetime64(first) + np.arange(count)
    assert [text for _, text, _ in date_labels(days, 5)] == expected


@pytest.mark.parametrize("gains", [[0.0], [0.0] * 5, [0.0, -1.0, -1.0], [0.0, 0.5, 12.0]])
@pytest.mark.parametrize("frame", [WIDE, NARROW])
def test_charts_are_sound_svg_inside_their_frame(gains: list[float], frame: object) -> None:
    line = np.array(gains)
    days = np.datetime64("2024-01-02") + np.arange(len(line))
    svg = equity_chart(days, line, line / 2, [Mark(0, "a < b & c")], frame, 'say "it"')  # type: ignore[arg-type]
    root = ET.fromstring(svg)  # noqa: S314  our own
    assert root.get("aria-label") == 'say "it"'
    assert "nan" not in svg
    width, height = (float(side) for side in (root.get("viewBox") or "").split()[2:])
    for path in root.iter("path"):
        numbers = [float(number) for number in re.findall(r"-?\d+\.\d", (path.get("d") or "").split("l")[0])]
        assert all(-1 <= x <= width for x in numbers[::2])
        assert all(-1 <= y <= height for y in numbers[1::2])


def test_marks_stand_at_the_first_open_that_could_act() -> None:
    result = small_result()
    (touch, segment) = result.history.touches()
    assert (touch.catalyst.id, touch.row) == ("script", 1)
    assert segment.catalyst == catalysts()[3]
    source = report.render(result, tearsheet=False)["index.html"].decode()
    assert source.count("<title>2024-01-04\n") == 2


# ---------------------------------------------------------------- the folder
def test_write_makes_the_folder_and_the_list(tmp_path: Path) -> None:
    result = small_result()
    written = report.write(result, tmp_path / "reports", tearsheet=False)
    assert written.path == tmp_path / "reports" / "small_thesis" / result.run_id
    assert not written.existed
    assert {path.name for path in written.path.iterdir()} == FILES
    assert Path(written) == written.path
    assert str(written) == str(written.path)
    listed = (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")
    assert f'href="small_thesis/{result.run_id}/index.html"' in listed
    assert words.FILL_CLOCK in listed
    assert sorted(path.name for path in (tmp_path / "reports").rglob("*") if path.name.startswith(".")) == []


def test_run_json_holds_the_record_and_the_headline(tmp_path: Path) -> None:
    result = small_result()
    written = report.write(result, tmp_path, tearsheet=False)
    record = json.loads((written.path / "run.json").read_text(encoding="utf-8"))
    assert {key: record[key] for key in result.record} == dict(result.record)
    assert record["headline"]["metrics"]["total_return"] == summary(result.ledger.returns()).total_return
    assert record["headline"]["final_equity"] == f"{result.ledger.equity[-1] / 1000:.2f}"


def test_the_same_run_again_exists_already_and_its_files_are_kept(tmp_path: Path) -> None:
    result = small_result()
    first = report.write(result, tmp_path, tearsheet=False)
    (first.path / "fills.csv").write_text("mine", encoding="utf-8")
    written = (first.path / "index.html").stat().st_mtime_ns
    again = report.write(result, tmp_path, tearsheet=False)
    assert (again.path, again.existed) == (first.path, True)
    assert (first.path / "fills.csv").read_text(encoding="utf-8") == "mine"
    assert (first.path / "index.html").stat().st_mtime_ns == written


@pytest.mark.parametrize("look", [Look("zh"), Look(up_colour="green")])
def test_the_page_of_a_run_that_exists_follows_the_look(tmp_path: Path, look: Look) -> None:
    result = small_result()
    shown = report.write(result, tmp_path, tearsheet=False).path / "index.html"
    (shown.parent / "tearsheet.html").write_text("a sheet", encoding="utf-8")
    assert report.write(result, tmp_path, tearsheet=False, look=look).existed
    source = shown.read_text(encoding="utf-8")
    assert f'<html lang="{look.tag}" class="{look.classes}">' in source
    # the sheet that is there stays linked, though none was asked for
    assert 'href="tearsheet.html"' in source
    (tmp_path / "assets" / scripts_of_pages()[1].name).unlink()
    report.write(result, tmp_path, tearsheet=False, look=look)
    assert (tmp_path / "assets" / scripts_of_pages()[1].name).exists()


def test_a_tear_sheet_that_is_missing_is_added(tmp_path: Path) -> None:
    short = alone("10 10.1 10.2", "5000")
    first = report.write(short, tmp_path / "one", tearsheet=False)
    assert not (first.path / "tearsheet.html").exists()
    assert "tearsheet.html" not in (first.path / "index.html").read_text(encoding="utf-8")
    assert report.write(short, tmp_path / "one").existed
    other = report.write(short, tmp_path / "two")
    assert {path.name: path.read_bytes() for path in first.path.iterdir()} == {
        path.name: path.read_bytes() for path in other.path.iterdir()
    }
    assert (other.path / "tearsheet.html").exists()


def test_a_damaged_folder_is_said(tmp_path: Path) -> None:
    result = small_result()
    folder = tmp_path / result.strategy / result.run_id
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match="is not a whole report: delete it"):
        report.write(result, tmp_path, tearsheet=False)


@pytest.mark.parametrize(
    ("field", "name"), [("strategy", "../up"), ("run_id", "a/b"), ("strategy", ".hidden"), ("run_id", "")]
)
def test_a_name_cannot_leave_the_folder(tmp_path: Path, field: str, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a folder"):
        report.write(small_result(**{field: name}), tmp_path, tearsheet=False)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="choose another folder with --reports"):
        report.write(small_result(), tmp_path / "file", tearsheet=False)


def test_nothing_is_left_of_a_report_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        report.write(small_result(record={"not JSON": object()}), tmp_path, tearsheet=False)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_interrupted_runs_left_is_swept_when_it_is_old(tmp_path: Path) -> None:
    result = small_result()
    left = []
    for name, age in ((".old.1234.partial", 7_200), (".young.1234.partial", 60)):
        folder = tmp_path / result.strategy / name
        folder.mkdir(parents=True)
        (folder / "run.json").write_text('{"headline": {}}', encoding="utf-8")
        then = time.time() - age
        os.utime(folder, (then, then))
        left.append(folder)
    report.write(result, tmp_path, tearsheet=False)
    assert [folder.exists() for folder in left] == [False, True]
    assert b".young" not in gallery(tmp_path)


def test_many_at_once_write_one_whole_report(tmp_path: Path) -> None:
    result = small_result()
    with ThreadPoolExecutor(6) as pool:
        written = list(pool.map(lambda _: report.write(result, tmp_path, tearsheet=False), range(6)))
    assert sum(not each.existed for each in written) == 1
    assert {path.name for path in written[0].path.iterdir()} == FILES
    assert [path.name for path in (tmp_path / result.strategy).iterdir()] == [result.run_id]


KILLED = """
import os, sys, time
from pathlib import Path
from finished import small_result
from backfolio import report
sync = os.fsync
def slow(handle):
    sync(handle)
    if list(Path(sys.argv[1]).glob("small_thesis/.*.partial")):
        Path(sys.argv[2]).touch()
        time.sleep(60)
os.fsync = slow
report.write(small_result(), sys.argv[1], tearsheet=False)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
def test_a_killed_run_leaves_no_report(tmp_path: Path) -> None:
    reports, ready = tmp_path / "reports", tmp_path / "ready"
    script = [sys.executable, "-c", KILLED, str(reports), str(ready)]
    with subprocess.Popen(script, env=_environment()) as process:
        deadline = time.monotonic() + 60
        while not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    result = small_result()
    assert process.returncode == -signal.SIGKILL
    assert len(list((reports / result.strategy).glob(".*.partial"))) == 1
    assert not (reports / result.strategy / result.run_id).exists()
    assert b"No run yet" in gallery(reports)
    assert not report.write(result, reports, tearsheet=False).existed


def _environment(seed: str = "0") -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONHASHSEED": seed}


def test_the_pages_import_no_drawing_library() -> None:
    code = (
        "import sys; from finished import small_result; from backfolio import report\n"
        "report.render(small_result(), tearsheet=False)\n"
        "print(sorted({'matplotlib', 'quantstats', 'scipy', 'seaborn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=_environment(), capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
