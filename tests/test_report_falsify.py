"""The page of `falsify` and its files: what they show, whole or not at all, and drawings of the least there can be."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio.errors import UsageError
from backfolio.falsify.model import LABELS
from backfolio.report import plot, words
from backfolio.report.falsify import charts, render_falsify, sections, write_falsify
from backfolio.report.falsify.view import figure_text, headline, view
from backfolio.report.look import Look
from backfolio.strategy.claims import FIGURES
from falsified import BASE, EVIL, bare, falsified, families, outcome, variant
from htmlpage import Page

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.falsify.model import Falsified
    from backfolio.report.falsify.sections import Section

FILES = ["claims.csv", "falsify.json", "index.html", "placebos.csv", "variants.csv"]


@pytest.fixture(scope="module")
def found() -> Falsified:
    return falsified()


@pytest.fixture(scope="module")
def folder(found: Falsified, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_falsify(found, tmp_path_factory.mktemp("pages") / "reports 报告").path


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def section(found: Falsified, anchor: str) -> Section:
    return next(each for each in sections.sections(found, "en") if each.anchor == anchor)


# ---------------------------------------------------------------- the folder
def test_the_folder_holds_five_files_and_its_name_is_the_id(folder: Path, found: Falsified) -> None:
    assert (folder.parent.name, folder.name) == ("chips", f"falsify-{found.falsify_id}")
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert not list(folder.parent.glob(".*"))


def test_the_same_finding_gives_the_same_bytes_and_is_kept(folder: Path, found: Falsified) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert render_falsify(falsified()) == before
    assert write_falsify(found, folder.parents[1]).existed


def test_another_language_remakes_the_page_alone(found: Falsified, tmp_path: Path) -> None:
    place = write_falsify(found, tmp_path).path
    before = {name: (place / name).stat().st_mtime_ns for name in FILES if name != "index.html"}
    assert write_falsify(found, tmp_path, Look("zh")).existed
    assert 'lang="zh-CN"' in (place / "index.html").read_text(encoding="utf-8")
    assert {name: (place / name).stat().st_mtime_ns for name in before} == before


def test_a_damaged_folder_and_a_place_that_cannot_be_written_are_said(found: Falsified, tmp_path: Path) -> None:
    place = tmp_path / "chips" / f"falsify-{found.falsify_id}"
    place.mkdir(parents=True)
    with pytest.raises(UsageError, match="is not a whole report: delete it and run again"):
        write_falsify(found, tmp_path)
    (place / "index.html").write_text("", encoding="utf-8")
    for torn in ("", '{"half": ', "[]"):
        (place / "falsify.json").write_text(torn, encoding="utf-8")
        with pytest.raises(UsageError, match="is not a whole report: delete it and run again"):
            write_falsify(found, tmp_path)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match=r"the report of falsify cannot be written to .*--reports"):
        write_falsify(found, tmp_path / "file")


def test_json_holds_the_record_the_headline_and_everything_found(folder: Path, found: Falsified) -> None:
    told = json.loads((folder / "falsify.json").read_text(encoding="utf-8"))
    assert told["strategy"] == "chips"
    assert told["thesis"] == {"source": "abcd"}
    assert told["headline"] == headline(found, folder.name)
    result = told["result"]
    assert result == json.loads(json.dumps(found.as_dict()))
    assert result["random_names"]["totals"] == found.names.totals.tolist()
    assert result["random_names"]["p"] == found.names.p_value
    assert [one["name"] for one in result["families"]["lag"]["variants"]] == [
        "lag_-1", "lag_1", "lag_2", "lag_3", "lag_5",
    ]  # fmt: skip
    assert result["held"]["lead_p"] == found.held.p  # type: ignore[union-attr]
    assert result["claims"][0]["claim"]["kills"][0] == "random_names.p > 0.1"
    assert result["base"]["final_equity"] == BASE.final_equity / 1000


def test_figures_are_in_the_tables_in_full(folder: Path, found: Falsified) -> None:
    placebos = rows((folder / "placebos.csv").read_bytes())
    assert [row["placebo"] for row in placebos] == ["random_dates"] * 1_000 + ["random_names"] * 1_000
    assert [float(row["total_return"]) for row in placebos[1_000:]] == found.names.totals.tolist()
    variants = rows((folder / "variants.csv").read_bytes())
    assert len(variants) == 2 + sum(len(family.variants) for family in found.families)
    assert (variants[0]["family"], float(variants[0]["total_return"])) == ("thesis", BASE.total_return)
    evil = next(row for row in variants if row["name"] == "release-0")
    assert (evil["label"], float(evil["kept"])) == (EVIL, 0.10 / BASE.total_return)
    claims = rows((folder / "claims.csv").read_bytes())
    assert [(row["grade"], row["figure"]) for row in claims] == [
        ("falsified", "random_names.p"), ("not_enough", "study.mean"),
    ]  # fmt: skip
    assert claims[0]["kills"].split(";")[3] == "study.mean < 0.01"
    assert (claims[1]["value"], claims[1]["effective_events"]) == ("", "1.0")


# ---------------------------------------------------------------- the page
def test_the_page_is_whole_and_nothing_of_a_file_is_markup(folder: Path, found: Falsified) -> None:
    content = (folder / "index.html").read_bytes()
    page, text = Page(content), content.decode()
    assert page.faults == []
    assert words.SIMULATED in page.text
    assert found.command in page.text
    for mine in ("Buy &lt;i&gt;chips&lt;/i&gt;", "&lt;b&gt;Model&lt;/b&gt;", "hand &lt;made&gt;", "20 &lt;x&gt;"):
        assert mine in text
    assert "<script" not in text
    assert "javascript:" not in text
    links = {attributes["href"] or "" for tag, attributes in page.tags if tag == "a"}
    anchors = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert {link[1:] for link in links if link.startswith("#")} <= anchors
    assert {link for link in links if link.startswith("http")} == {"https://example.org/a", "https://example.org/b"}
    assert all((folder / link).is_file() for link in links if not link.startswith(("#", "http")))


def test_the_grade_the_claims_and_the_attempts_come_before_the_tests(found: Falsified) -> None:
    text = Page(render_falsify(found)["index.html"]).text
    parts = [
        LABELS["falsified"],
        str(found.sentence),
        "Total return +34.2%",
        "What it claims, and the answers",
        str(found.stamp and found.stamp.words),
        "Names that a <i>model release</i> touches",
        "claimed a rise over sessions 0 to 20 of at least 2.0%",
        "random_names.p > 0.1",
        "Attempts to break it 7",
        *("Random dates", "Later news", "Costs doubled", "Slippage", "Participation", "Capital"),
        *("Without one catalyst", "Without one name", "Without its best sessions", "Mean exposure 62%"),
        "How it was made",
    ]
    places = []
    at = 0
    for part in parts:
        at = text.find(part, at)
        assert at >= 0, part
        places.append(at)
    assert places == sorted(places)


def test_claims_that_came_after_a_run_stand_out(found: Falsified) -> None:
    stamp = found.stamp
    assert stamp is not None
    first = replace(stamp, runs_before=0, earlier=0)
    for one, late in ((stamp, True), (replace(first, earlier=1), True), (first, False)):
        content = render_falsify(replace(found, stamp=one))["index.html"].decode()
        assert ('<p class="small stamp late">' in content) is late


def test_every_attempt_has_a_section_and_a_word_beside_its_sign(found: Falsified) -> None:
    shown = view(found)
    anchors = {each.anchor for each in shown["sections"]}  # type: ignore[attr-defined]
    assert {sections.anchor_of(one.name) for one in found.attempts} <= anchors
    content = render_falsify(found)["index.html"].decode()
    signs = re.findall(r'<span class="sign (\w+)"><svg[^>]*>.*?</svg>([^<]+)</span>', content)
    assert {("stood", "held up"), ("broke", "broke"), ("untold", "cannot be told")} <= set(signs)
    assert {("broke", "met"), ("stood", "not met"), ("untold", "no figure")} <= set(signs)


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in {"total_return", "study.mean"}])
def test_every_figure_that_a_thesis_may_name_belongs_to_a_section(name: str) -> None:
    assert sections.anchor_of(name)


def test_tiles_are_the_figures_that_decide(found: Falsified) -> None:
    tiles = view(found)["tiles"]
    assert [(str(label), value) for label, value, _, _ in tiles] == [  # type: ignore[attr-defined]
        ("Total return", "+34.2%"), ("p, random dates", f"{found.dates.p_value:.3f}"),
        ("p, random names", f"{found.names.p_value:.3f}"), ("Lead over names held", "+12.9%"),
        ("Kept a session later", "73%"), ("Without best catalyst", "+10.0%"),
    ]  # fmt: skip
    none = {**found.figures, "without_best_catalyst.total_return": None}
    last = view(replace(found, figures=none))["tiles"][-1]  # type: ignore[index]
    assert (str(last[0]), last[1]) == ("Without best name", "+10.0%")


def test_a_thesis_that_did_nothing_has_a_page_that_says_why() -> None:
    page = Page(render_falsify(bare())["index.html"])
    assert page.faults == []
    assert page.text.count("No answer: It asks for no catalyst.") == 10
    assert "The thesis bought nothing, so there is nothing to hold." in page.text
    assert "The thesis states no claims, so nothing here can show that it is wrong." in page.text
    assert "kinds none: its own decisions are moved" in page.text
    assert "of 7 it cannot be told" in page.text
    for wrong in ("nan", "inf%", "None"):
        assert wrong not in page.text
    assert words.SIMULATED not in page.text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("random_names.p", 0.0421, "0.042"),
        ("hold.p", 0.0002, "<0.001"),
        ("lag_1.kept", -0.5, "\N{MINUS SIGN}50%"),
        ("hold.excess", 0.1234, "+12.3%"),
        ("study.mean", None, "n/a"),
    ],
)
def test_figures_are_written_as_what_they_are(name: str, value: float | None, text: str) -> None:
    assert figure_text(name, value) == text


def test_left_out_ones_that_are_not_shown_are_counted_and_names_have_their_symbols(found: Falsified) -> None:
    assert section(found, "without_catalyst").note == "The 20 that cost most of 34."
    assert section(found, "without_name").note == ""
    names = section(found, "without_name").rows
    assert [row.symbol for row in names[:2]] == ["", "688250.SH"]
    assert names[0].own
    assert names[1].links == ()


def test_what_is_kept_is_drawn_unless_there_was_hardly_a_profit(found: Falsified) -> None:
    assert "Share of the profit" in section(found, "lag").pictures[0][0]
    lag = families()[0]
    wild = replace(lag, variants=(*lag.variants, variant("lag_9", "x", 9, 2.0)))
    none = replace(lag, variants=tuple(one._replace(kept=None) for one in lag.variants))
    for family in (wild, none):
        made = section(replace(found, families=(family,)), "lag")
        title, drawn, legend = made.pictures[0]
        assert title == "Total return, by sessions that catalysts are known later"
        assert "+34.2%" in drawn[0]
        assert [kind for kind, _ in legend] == ["ring", "band"]
        decided = section(replace(found, families=(family,), kinds=()), "lag").pictures[0]
        assert decided[0] == "Total return, by sessions that decisions come later"
        assert decided[2][1] == ("band", "before it could be decided: nobody can have this")
    assert "by sessions that decisions come later" in section(replace(found, kinds=()), "lag").pictures[0][0]
    late = replace(lag, variants=lag.variants[1:])
    assert [kind for kind, _ in section(replace(found, families=(late,)), "lag").pictures[0][2]] == ["ring"]


# ---------------------------------------------------------------- drawings
def counted(drawn: str, kind: str) -> int:
    """Return how many bars of a class a drawing has."""
    found = re.search(rf'<path class="{kind}" d="([^"]+)"', drawn)
    return found[1].count("M") if found else 0


@pytest.mark.parametrize("frame", [charts.WIDE, charts.NARROW])
def test_bins_part_at_the_mark_and_hold_every_value(frame: plot.Frame) -> None:
    values = np.array([-0.2, 0.0, 0.1, 0.1, 0.3])
    drawn = charts.histogram(values, 0.1, frame, side="above", label="a <b>", mark_label="own <i>")
    assert (counted(drawn, "bar benchmark"), counted(drawn, "bar bad")) == (2, 2), "0.1 itself does at least as well"
    below = charts.histogram(values, 0.1, frame, side="below", label="", mark_label="")
    assert (counted(below, "bar benchmark"), counted(below, "bar bad")) == (2, 2)
    assert "a &lt;b&gt;" in drawn
    assert "own &lt;i&gt;" in drawn
    none = charts.histogram(values, 1.0, frame, side="above", label="", mark_label="")
    assert counted(none, "bar bad") == 0


@pytest.mark.parametrize("values", [[0.0], [0.05] * 30, [-1.0, 40.0]])
def test_histograms_of_the_least_there_can_be(values: list[float]) -> None:
    drawn = charts.histogram(np.array(values), values[0], charts.NARROW, side="above", label="", mark_label="")
    assert "nan" not in drawn
    heights = [float(top) for top in re.findall(r"V([\d.]+)H", drawn)]
    assert heights
    assert all(charts.NARROW.top <= top < charts.NARROW.bottom for top in heights)
    edges = [float(x) for x in re.findall(r"[MH]([\d.]+)", drawn)]
    assert all(charts.NARROW.left <= x <= charts.NARROW.end for x in edges)


def test_a_line_marks_the_thesis_and_what_nobody_could_have(found: Falsified) -> None:
    points = [charts.Point(at, 1.0 - 0.2 * at, f"{at}", "<x>", own=at == 0) for at in (-1, 0, 1)]
    drawn = charts.response(points, charts.LINES[0], label="kept", write=plot.percents, shaded=0.0)
    assert drawn.count('class="ring"') == 1
    assert drawn.count('class="band"') == 1
    assert "&lt;x&gt;" in drawn
    alone = charts.response(points[1:2], charts.LINES[1], label="kept", write=plot.percents, level=0.0)
    assert "nan" not in alone
    assert 'class="band"' not in alone
    told = section(found, "slippage").pictures[0][1][0]
    assert 'aria-label="Total return by slippage, in basis points. 0: +40.0%; 5: +36.0%' in told


@pytest.mark.parametrize(("value", "kind"), [(0.2, "bar"), (-0.1, "bar bad"), (0.0, "bar bad")])
def test_a_bar_lies_on_its_side_of_nothing(value: float, kind: str) -> None:
    drawn = charts.bar(value, 0.1, -0.1, 0.2)
    assert f'class="{kind}"' in drawn
    left = float(re.findall(r'<rect class="[^"]+" x="([\d.]+)"', drawn)[0])
    zero = float(re.findall(r'class="zero" d="M([\d.]+)', drawn)[0])
    assert (left >= zero) == (value >= 0.0)
    assert "nan" not in charts.bar(0.0, 0.0, 0.0, 0.0)


def test_what_was_measured_of_a_claim_of_a_fall_is_shown_as_the_names_went(found: Falsified) -> None:
    one = next(each for each in found.answers if each.mean is not None and each.low is not None)
    fall = replace(one, claim=replace(one.claim, sign=-1), mean=0.031, low=0.012, high=0.05)
    text = Page(render_falsify(replace(found, answers=(fall,)))["index.html"]).text
    assert "a fall over" in text
    minus = "\N{MINUS SIGN}"
    assert f"{minus}3.1%, 95% band {minus}5.0% to {minus}1.2%" in text


def test_outcomes_of_the_least_there_can_be_are_drawn(found: Falsified) -> None:
    """An account that never moved, and a window of one placebo."""
    held = found.held
    assert held is not None
    still = replace(held, own=held.own[:1].repeat(len(held.own)), equity=held.own[:1].repeat(len(held.own)))
    one = replace(found.dates, totals=np.array([0.0]), beats=1)
    made = replace(found, base=outcome(0.0, 0), held=replace(still, leads=np.empty(0), p=None), dates=one)
    page = Page(render_falsify(made)["index.html"])
    assert page.faults == []
    assert "nan" not in render_falsify(made)["index.html"].decode()
    assert len(section(made, "held").pictures) == 1
