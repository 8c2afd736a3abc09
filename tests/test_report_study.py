"""The page of an event study and its files: what they show, whole or not at all, and what a browser makes of it."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio.errors import UsageError
from backfolio.prepare import prepare
from backfolio.report import words
from backfolio.report.look import Look
from backfolio.report.study import render_study, write_study
from backfolio.report.study.charts import NARROW, SMALL, WIDE, path_chart
from backfolio.report.study.view import MOST_EVENTS, view
from backfolio.report.study.waterfall import NARROW as NARROW_FALL
from backfolio.report.study.waterfall import WIDE as WIDE_FALL
from backfolio.report.study.waterfall import Bar, draw
from backfolio.report.text import signed
from backfolio.said import said
from backfolio.settings import MarketSettings
from backfolio.study import LEFT_OUT, STEPS, TESTS, Asked, Measured, Portfolio, Subject, Window
from backfolio.study import study as measure
from backfolio.targets import Exits, Targets
from htmlpage import Page
from opened import CONTRAST, SCHEMES, WIDER, WIDTHS, Opened, launched
from studied import INDEX, NAMED, SYMBOLS, Everyone, catalyst, market, studied, with_news

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from backfolio.study import Study

browser = launched


@pytest.fixture(scope="module")
def study() -> Study:
    """Return a study of two kinds with every remark an event can have."""
    rows = (140, 165, 190, 215)
    cells = {(188, NAMED): "-", (190, NAMED): "-", (164, SYMBOLS[3]): "10;pre=10", (165, SYMBOLS[3]): "11"}
    source = market(effects={(row, symbol): 0.03 for row in rows for symbol in SYMBOLS}, cells=cells)
    day = source.bars.sessions
    source = with_news(
        source,
        *(catalyst(f"news-{row}", day[row - 1], title=f"<b>News</b> of {row}") for row in rows),
        catalyst("bad", day[139], [SYMBOLS[2]], kind="policy", strength=-1.0),
        catalyst("late", day[254], [SYMBOLS[3]], kind="policy"),
        catalyst("early", day[30], [SYMBOLS[3]], kind="policy"),
        catalyst("calm", day[229], [SYMBOLS[3]], kind="policy"),
    )
    made = studied(source, ("model_release", "policy"), Asked(Window(-3, 8)))
    return replace(
        made, thesis=True, subject="chips", title="Buy <i>chips</i>", simulated=True, source_label="hand <made>"
    )


@pytest.fixture(scope="module")
def empty(study: Study) -> Study:
    """Return a study of a kind of which one event only can be measured."""
    source = market()
    day = source.bars.sessions
    return studied(with_news(source, catalyst("a", day[149], [NAMED]), catalyst("b", day[255], [NAMED])))


@pytest.fixture(scope="module")
def folder(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(study, tmp_path_factory.mktemp("pages") / "reports 报告").path


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_the_folder_holds_six_files_and_its_name_is_the_id(folder: Path, study: Study) -> None:
    assert folder.name == f"study-{study.study_id}"
    assert folder.parent.name == "chips"
    names = ["days.csv", "events.csv", "index.html", "path.csv", "study.json", "windows.csv"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert not list(folder.parent.glob(".*"))


def test_the_same_study_gives_the_same_bytes_and_is_kept(folder: Path, study: Study) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert render_study(study) == before
    again = write_study(study, folder.parents[1])
    assert again.existed
    assert again.path == folder


def test_a_page_in_another_language_takes_the_place_of_the_page_alone(study: Study, tmp_path: Path) -> None:
    place = write_study(study, tmp_path).path
    written = (place / "study.json").stat().st_mtime_ns
    assert write_study(study, tmp_path, Look("zh")).existed
    text = (place / "index.html").read_text(encoding="utf-8")
    assert 'lang="zh-CN"' in text
    assert re.search(r"第 0 至 \d+ 日内，相关证券收益超出预期", text)
    assert not re.search(r"\d to \d", text)
    assert (place / "study.json").stat().st_mtime_ns == written


def test_events_csv_has_every_event_with_what_is_wrong_with_it(study: Study) -> None:
    lines = rows(render_study(study)["events.csv"])
    whole = study.whole
    assert len(lines) == len(whole.events) + len(whole.left_out)
    measured = [line for line in lines if not line["left_out"]]
    assert [float(line["car"]) for line in measured] == list(whole.cars)
    assert {line["left_out"] for line in lines} == {"", "thin", "open"}
    by_key = {(line["session"], line["symbol"]): line for line in lines}
    halted = next(line for line in measured if line["moved"] == "1")
    assert (halted["symbol"], halted["halted"]) == (NAMED, "2")
    assert next(line for line in lines if line["censored"])["locked"] == "yes"
    bad = next(line for line in lines if "bad" in line["catalysts"])
    assert bad["confounded"]
    assert len(by_key) == len(lines)


def test_figures_are_in_the_files_in_full(study: Study) -> None:
    files = render_study(study)
    first = rows(files["windows.csv"])[0]
    one = study.whole.headline
    assert (first["group"], first["first"], first["last"]) == ("all", "0", "8")
    assert float(first["mean"]) == one.mean
    for name in TESTS:
        assert float(first[f"{name}_p"]) == one.test(name).p
        assert float(first[f"{name}_statistic"]) == one.test(name).statistic
    days = rows(files["days.csv"])
    assert [line["first"] for line in days if line["group"] == "policy"] == [str(day) for day in range(-3, 9)]
    path = [line for line in rows(files["path.csv"]) if line["group"] == "all"]
    assert float(path[-1]["mean"]) == study.whole.path[-1].mean


def test_study_json_has_what_is_needed_to_study_again(study: Study) -> None:
    record = json.loads(render_study(study)["study.json"])
    assert (record["window"], record["model"], record["estimation"]) == ([-3, 8], "market", 120)
    assert record["kinds"] == ["model_release", "policy"]
    assert record["result"] == json.loads(json.dumps(study.as_dict()))
    assert record["headline"]["p"] == study.verdict.p
    assert len(record["data"]["fingerprint"]) == 16


def test_the_page_says_what_matters_and_escapes_what_is_not_ours(study: Study) -> None:
    content = render_study(study)["index.html"]
    page, text = Page(content), content.decode()
    assert page.faults == []
    assert words.SIMULATED in page.text
    assert study.verdict.sentence.replace(" -", f" {words.MINUS}") in page.text
    assert study.command in page.text
    for mine in ("Buy &lt;i&gt;chips&lt;/i&gt;", "&lt;b&gt;News&lt;/b&gt; of 140", "hand &lt;made&gt;"):
        assert mine in text
    assert "<b>News</b>" not in text
    assert "<script" not in text
    for remark in (
        "bad news: returns turned", "at its upper limit all session", "suspended, moved on by 1 session",
        "2 sessions of the window without a bar", "also in the window: ",
        f"not measured: {LEFT_OUT['thin']}", f"not measured: {LEFT_OUT['open']}",
    ):  # fmt: skip
        assert remark in page.text, remark
    assert text.count('class="chart small"') == 2, "a drawing a kind"
    assert all(about.label in page.text for about in TESTS.values())


def test_too_little_evidence_has_a_page_without_figures_that_do_not_exist(empty: Study) -> None:
    page = Page(render_study(empty)["index.html"])
    assert page.faults == []
    assert "Too little evidence" in page.text
    assert "n/a" in page.text
    assert "nan" not in page.text
    assert "inf" not in page.text.replace("information", "")


def test_a_study_of_a_kind_lies_with_the_kinds_and_its_links_lead_home(empty: Study, tmp_path: Path) -> None:
    place = write_study(empty, tmp_path).path
    assert place == tmp_path / "_kinds" / "model_release" / f"study-{empty.study_id}"
    links = [attributes["href"] for tag, attributes in Page((place / "index.html").read_bytes()).tags if tag == "a"]
    assert [link for link in links if link and not (place / link).is_file()] == []
    listed = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert f'href="_kinds/model_release/study-{empty.study_id}/index.html"' in listed
    assert "cannot be read" not in listed


def test_the_list_of_runs_names_the_study(folder: Path, study: Study) -> None:
    page = Page((folder.parents[1] / "index.html").read_bytes())
    assert f"chips/{folder.name}/index.html" in {attributes.get("href") for _, attributes in page.tags}
    assert "1 event study" in page.text
    assert "cannot be read" not in page.text


def test_a_damaged_folder_is_refused_and_kept(study: Study, tmp_path: Path) -> None:
    place = tmp_path / "chips" / f"study-{study.study_id}"
    place.mkdir(parents=True)
    (place / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="is not a whole report: delete it and run again"):
        write_study(study, tmp_path)
    assert [path.name for path in place.iterdir()] == ["mine.txt"]


def test_a_place_that_cannot_be_written_is_said(study: Study, tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file", encoding="utf-8")
    with pytest.raises(UsageError, match=r"the report of the event study cannot be written to .*--reports"):
        write_study(study, tmp_path / "reports")


def test_many_events_are_cut_and_said(study: Study) -> None:
    whole = study.whole
    times = MOST_EVENTS // len(whole.events) + 1
    many = replace(
        whole, events=whole.events * times, cars=whole.cars * times, first_days=whole.first_days * times, left_out=()
    )
    shown = view(replace(study, groups=(many,)))
    assert len(shown["events"]) == MOST_EVENTS  # type: ignore[arg-type]
    assert shown["more_events"] == len(whole.events) * times - MOST_EVENTS


def test_drawings_of_the_least_there_can_be() -> None:
    bare = Measured(Window(0, 0), 1, 0.0, None, None, 0.0, 1.0)
    none = replace(bare, window=Window(0, 1), mean=None)
    for frame in (WIDE, NARROW, SMALL):
        drawn = path_chart([bare, none], frame, "a <b>", "zero")
        assert "nan" not in drawn
        assert "a &lt;b&gt;" in drawn
        assert "underwater" not in drawn, "no band where there is none"


def test_a_line_begins_at_nothing_and_its_band_closes() -> None:
    path = [
        Measured(Window(-2, day), 9, 0.01 * (day + 3), 0.01 * day, 0.01 * (day + 6), 0.0, 9.0) for day in range(-2, 4)
    ]
    drawn = path_chart(path, WIDE, "gain", "first session")
    line = drawn.split('class="line strategy" d="M')[1].split('"')[0].split("L")
    band = drawn.split('class="underwater" d="M')[1].split("Z")[0].split("L")
    assert (len(line), len(band)) == (7, 12)
    heights = [float(point.split()[1]) for point in line]
    assert heights == sorted(heights, reverse=True)
    assert "<title>first session</title>" in drawn
    assert f">{words.MINUS}2</text>" in drawn


@pytest.fixture(scope="module")
def traded() -> Study:
    """Return a study of a thesis: one name bought, one locked at the limit and bought for no news later."""
    source = market(cells={(150, SYMBOLS[2]): "10;pre=10", (151, SYMBOLS[2]): "11"})
    day = source.bars.sessions
    source = with_news(
        source,
        *(catalyst(f"a{row}", day[row], [SYMBOLS[0]]) for row in (150, 190)),
        catalyst("b", day[150], [SYMBOLS[2]], kind="policy"),
        catalyst("c", day[200], [SYMBOLS[1]], kind="policy"),
    )
    prepared = prepare(Everyone, source, None, None, INDEX)
    weights = np.full(prepared.bars.shape, -1, dtype=np.int16)
    for row, column, weight in ((140, 3, 2_000), (150, 0, 3_000), (150, 2, 3_000), (160, 2, 0), (175, 0, 0)):
        weights[row, column] = weight
    kinds = ("model_release", "policy")
    held = Portfolio(Targets(weights), Exits(), MarketSettings(slippage=10), {}, "on_change", kinds)
    subject = Subject("chips", thesis=True, title="Chips <b>")
    return measure(subject, source, prepared, kinds, Asked(Window(-2, 20)), "backfolio study chips", held)


def test_the_way_from_paper_to_kept_is_a_picture_a_table_and_a_file(traded: Study) -> None:
    made = traded.tradable
    assert made is not None
    assert [(one.kind, one.asks, one.bought) for one in made.kinds] == [
        ("model_release", 1, 1), ("policy", 1, 0), ("", 1, 1),
    ]  # fmt: skip
    files = render_study(traded)
    page, text = Page(files["index.html"]), files["index.html"].decode()
    assert page.faults == []
    assert text.count('class="chart waterfall wide"') == text.count('class="chart waterfall narrow"') == 4
    for label in ("Locked at the limit", "Gap at the open", "No catalyst", "Policy", "All kinds", "slippage"):
        assert label in page.text, label
    assert "1 of 2 events in the window were never asked for" in page.text
    assert "measured events returned" in page.text
    assert "of them that the thesis asked for" in page.text
    assert signed(made.total.kept) in page.text
    lines = rows(files["tradable.csv"])
    assert [line["kind"] for line in lines] == ["", "model_release", "policy"]
    for line in lines:
        parts = [Decimal(line[name]) for name in ("paper", *STEPS)]
        assert sum(parts) == Decimal(line["kept"])
    assert sum(Decimal(line["kept"]) for line in lines) * 1_000 == made.total.kept
    assert json.loads(files["study.json"])["result"]["tradable"] == json.loads(json.dumps(made.as_dict()))
    assert render_study(traded) == files


def test_each_bar_begins_where_the_one_before_ended_and_none_of_nothing_is_drawn() -> None:
    bars = [
        Bar("Paper", "", 100_000, whole=True), Bar("none", "", 0, whole=False),
        Bar("down <b>", "", -150_000, whole=False), Bar("up", "", 20_000, whole=False),
        Bar("Kept", "", -30_000, whole=True),
    ]  # fmt: skip
    for frame in (WIDE_FALL, NARROW_FALL):
        drawn = draw(bars, 1_000_000, frame, "a <b>", "en")
        found = [
            (float(x), float(width))
            for x, width in re.findall(r'class="step \w+" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', drawn)
        ]
        (zero,) = {float(x) for x in re.findall(r'class="zero" x1="([\d.]+)"', drawn)}
        paper, down, up, kept = found
        assert len(found) == 4
        assert paper[0] == pytest.approx(zero, abs=0.11)
        assert sum(down) == pytest.approx(sum(paper), abs=0.11)
        assert up[0] == pytest.approx(down[0], abs=0.11)
        assert kept[0] == pytest.approx(sum(up), abs=0.21)
        assert sum(kept) == pytest.approx(zero, abs=0.21)
        assert "down &lt;b&gt;: \N{MINUS SIGN}150 (\N{MINUS SIGN}15.0%)" in drawn
        assert "none" not in drawn
        assert [line.split('"')[0] for line in drawn.split('class="step ')[1:]] == ["whole", "fall", "rise", "whole"]


def test_nothing_asked_for_has_no_picture(traded: Study) -> None:
    assert traded.tradable is not None
    idle = replace(traded.tradable.kinds[0], asks=0, bought=0, notional=0, paper=0, kept=0, steps=(0,) * len(STEPS))
    page = render_study(replace(traded, tradable=replace(traded.tradable, kinds=(idle,), lines=())))["index.html"]
    assert "The thesis asked for no name after any of them." in Page(page).text
    assert 'class="chart waterfall' not in page.decode()


def test_own_decisions_are_called_so(traded: Study) -> None:
    made = replace(traded, own=True, kinds=("price_event",))
    assert "its own decisions to buy" in Page(render_study(made)["index.html"]).text


@pytest.mark.parametrize("width", WIDTHS)
def test_the_words_of_a_waterfall_do_not_run_into_each_other(
    browser: Browser, traded: Study, tmp_path: Path, width: int
) -> None:
    for look in (Look(), Look("zh")):
        place = write_study(traded, tmp_path, look).path
        with Opened(browser, place / "index.html", width) as opened:
            assert opened.noise == []
            assert opened.page.evaluate("document.documentElement.scrollWidth") == width
            assert opened.page.evaluate(WIDER, width) == []
            assert opened.page.evaluate(COLLIDING) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_waterfall_stands_out_from_its_ground(browser: Browser, traded: Study, tmp_path: Path, scheme: str) -> None:
    with Opened(browser, write_study(traded, tmp_path).path / "index.html", scheme=scheme) as opened:
        assert opened.page.evaluate(CONTRAST) == []


COLLIDING = """() => {
  const found = [];
  for (const drawn of document.querySelectorAll(".waterfall")) {
    const boxes = [...drawn.querySelectorAll("text, .step")].map(each => [each, each.getBoundingClientRect()]);
    for (const [at, [one, own]] of boxes.entries()) {
      if (!own.width) continue;
      for (const [two, other] of boxes.slice(at + 1)) {
        const wide = Math.min(own.right, other.right) - Math.max(own.left, other.left);
        const tall = Math.min(own.bottom, other.bottom) - Math.max(own.top, other.top);
        if (wide > 1 && tall > 2.5) found.push(one.outerHTML + " | " + two.outerHTML);
      }
    }
  }
  return found;
}"""
"""Words and bars of a drawing that stand over each other."""


def test_a_warning_is_shown(study: Study) -> None:
    content = render_study(replace(study, warnings=(said("%(n)s <x>", n="3"),)))["index.html"].decode()
    assert "<li>3 &lt;x&gt;</li>" in content


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_opens_quietly_and_fits(browser: Browser, folder: Path, width: int) -> None:
    with Opened(browser, folder / "index.html", width) as opened:
        assert opened.noise == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        assert opened.page.evaluate(WIDER, width) == []
        assert "SIMULATED" in opened.page.inner_text("body")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_stands_out_from_its_ground(browser: Browser, folder: Path, scheme: str) -> None:
    with Opened(browser, folder / "index.html", scheme=scheme) as opened:
        assert opened.page.evaluate(CONTRAST) == []


def test_the_frame_of_the_judged_row_keeps_off_its_figures(browser: Browser, folder: Path) -> None:
    with Opened(browser, folder / "index.html") as opened:
        gaps = opened.page.evaluate(
            """[...document.querySelectorAll('tr.best')].flatMap(row => {
              const frame = row.getBoundingClientRect(), out = [];
              for (const cell of [row.firstElementChild, row.lastElementChild]) {
                const range = document.createRange(); range.selectNodeContents(cell);
                const text = range.getBoundingClientRect();
                out.push(text.left - frame.left, frame.right - text.right, text.top - frame.top);
              }
              return out;
            })"""
        )
    assert gaps
    assert min(gaps) >= 6, gaps
