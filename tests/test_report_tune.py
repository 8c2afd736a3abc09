from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backfolio.errors import UsageError
from backfolio.report import words
from backfolio.report.gallery import gallery
from backfolio.report.page import page as fill_page
from backfolio.report.page import resource
from backfolio.report.tune import render_tune, table, write_tune
from backfolio.report.tune.score import score_of
from backfolio.tune.space import Axis
from htmlpage import Page
from tuned import CASH, made_equity, small_study, small_trials, small_verdict

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.tune.study import Study
    from backfolio.tune.trials import Trials

FOLDER = "tune-0123456789ab"
NOTHING = re.compile(r"\b(nan|inf|None|NaN)\b")


def rendered(study: Study) -> tuple[str, Page]:
    """Return a page's source and the page, well formed and without a word that stands for nothing."""
    source = render_tune(study, FOLDER)["index.html"]
    page = Page(source.replace(f"<script>{resource('sort.js')}</script>".encode(), b""))
    assert page.faults == []
    assert not NOTHING.search(page.text)
    return source.decode(), page


@pytest.fixture(scope="module")
def study() -> Study:
    return small_study(
        small_trials(failed={4: "it broke"}, constraints=["max_drawdown<0.1"]), constraints=("max_drawdown<0.1",)
    )


@pytest.fixture(scope="module")
def source(study: Study) -> str:
    return rendered(study)[0]


@pytest.fixture(scope="module")
def page(study: Study) -> Page:
    return rendered(study)[1]


# ---------------------------------------------------------------- what it says
def test_the_page_says_what_was_tuned(study: Study, page: Page) -> None:
    days = study.trials.sessions
    for said in (
        "Buy what the news touches",
        "The news is taken up slowly, so there is <b>time</b>.",
        f"{days[0]} to {days[-1]} | 60 sessions | 12 trials (grid of 12) | hand-made bars | tune 0123456789ab",
        "python run_backtest.py tune small_thesis --vary hold=5,10,20 --data 'a folder'",
        "--data 'a folder' --resume tune-0123456789ab",
        "python run_backtest.py run small_thesis --param hold=5",
        "[params.small_thesis] hold = 5",
        "varied hold: 5, 10, 20; names: 3, 5; exits.stop_loss: off, 0.1",
        "score Sharpe ratio",
        "constraints max_drawdown<0.1",
        "loud yes not varied",
        "Decided after the close, filled at the next open.",
        "科创50 (000688.SH)",
        "commission 0.03%, at least ¥5.00",
    ):
        assert said in page.text


def test_the_verdict_stands_first_in_words_and_colour(study: Study, source: str, page: Page) -> None:
    assert study.verdict is not None
    assert study.verdict.sentence in page.text
    assert page.text.index(study.verdict.sentence) < page.text.index("How it was tuned")
    assert '<section class="card verdict doubt"' in source
    assert '<p class="grade"><b>Doubtful</b></p>' in source
    assert study.verdict.cliffs[0].sentence in page.text
    assert "Twelve <trials> are few." in page.text


@pytest.mark.parametrize(
    ("changes", "kind", "grade"),
    [
        ({"pbo": 0.6}, "bad", "Treat it as luck"),
        ({"trials_ever": 12, "pbo": 0.1, "deflated_sharpe": 0.97, "spa_consistent": 0.01}, "good", "Some evidence"),
    ],
)
def test_every_grade_has_its_class_and_words(changes: dict[str, object], kind: str, grade: str) -> None:
    source, _ = rendered(small_study(verdict=small_verdict(**changes)))
    assert f'<section class="card verdict {kind}"' in source
    assert f'<p class="grade"><b>{grade}</b></p>' in source


FIGURES = """\
Trials ever | 1,040
Sharpe ratio of the winner | 1.62
Probabilistic Sharpe | over 99.9%
Expected maximum of luck | 1.31
Deflated Sharpe (DSR) | 77.1%
Sharpe ratio after a haircut | 0.61 (62.0% off)
Minimum track record (MinTRL) | 301 sessions
Minimum backtest length | 4.2 years
Backtest overfitting (PBO) | 22.9%
Probability of loss | 0.0%
Degradation slope | −0.60
Superior ability (SPA) | 4.4%
Reality check | 8.0%
Plateau | 82.4%
Median score of the neighbours | 1.40
Cliffs | 1"""


def figure_rows(source: str) -> list[list[str]]:
    """Return the cells of the table of the verdict's figures."""
    found = source.split('<table class="figures">')[1].partition("</table>")[0]
    lines = re.findall(r"<tr><th scope=\"row\">(.*?)</th><td><b>(.*?)</b></td><td[^>]*>(.*?)</td></tr>", found)
    return [[Page(cell.encode()).text if "<" in cell else cell for cell in line] for line in lines]


def test_the_figures_of_the_verdict_are_exact_and_defined(source: str) -> None:
    rows = figure_rows(source)
    assert "\n".join(f"{label} | {value}" for label, value, _ in rows) == FIGURES
    assert all(len(said) > 20 for *_, said in rows)
    said = {label: meaning for label, _, meaning in rows}
    assert "12 of them in this tune" in said["Trials ever"]
    assert "(70 splits of 8 blocks)" in said["Backtest overfitting (PBO)"]
    assert "1,000 bootstrap histories" in said["Superior ability (SPA)"]
    assert "lies between 3.1% and 7.1%" in said["Superior ability (SPA)"]


def test_a_figure_that_does_not_exist_says_why() -> None:
    reasons = {"pbo": "Fewer than 16 sessions a block.", "spa_consistent": "The benchmark <never> moved."}
    bare = small_verdict(pbo=None, spa_consistent=None, logit_counts=(), logit_edges=(), reasons=reasons)
    source, page = rendered(small_study(verdict=bare))
    rows = {label: (value, said) for label, value, said in figure_rows(source)}
    assert rows["Backtest overfitting (PBO)"][0] == "n/a"
    assert "Not available: Fewer than 16 sessions a block." in page.text
    assert "Not available: The benchmark <never> moved." in page.text
    assert "Rank of the best, out of sample" not in page.text


def test_without_a_verdict_the_page_says_so() -> None:
    source, page = rendered(small_study(verdict=None))
    assert '<p class="grade"><b>No verdict</b></p>' in source
    assert "How likely the best trial is luck was not worked out." in page.text
    assert "Deflated Sharpe" not in page.text


def test_simulated_bars_are_said(study: Study) -> None:
    assert words.SIMULATED in rendered(replace(study, simulated=True))[1].text
    assert "SIMULATED" not in rendered(study)[1].text


def test_the_winner_links_to_its_report(study: Study) -> None:
    linked, page = rendered(replace(study, winner_report="../2024_a&b/index.html"))
    assert linked.count('href="../2024_a&amp;b/index.html"') == 2
    assert f"The winner trial {study.trials.best} hold" in page.text
    assert "every fill, replayed by backtrader" not in rendered(study)[1].text


# ---------------------------------------------------------------- the table of trials
def test_the_table_is_exact() -> None:
    equity = made_equity(3, 5)
    trials = small_trials([Axis("hold", (5, 10, 20))], equity=equity)
    rows = table.rows(trials, table.rank(trials), score_of("sharpe"))
    assert [row.mark for row in rows] == ["winner", "", ""]
    labels = [head.label for head in table.heads(trials, score_of("sharpe"))]
    assert labels == [
        "Trial", "hold", "Sharpe", "Return", "CAGR", "Sortino", "Calmar", "Drawdown", "Volatility", "Turnover",
        "Fills", "Refusals",
    ]  # fmt: skip
    best = trials.best
    assert best is not None
    first = dict(zip(labels, rows[0].cells, strict=True))
    assert (first["Trial"], first["hold"]) == (str(best), str((5, 10, 20)[best]))
    assert first["Sharpe"] == f"{trials.score[best]:.2f}"
    assert first["Return"] == f"{trials.figures['total_return'][best]:+.2%}"
    assert first["Turnover"] == f"{2.0 + best / 100:.2%}"
    assert first["Fills"] == f"{100 + best}"
    assert all("-" not in cell for row in rows for cell in row.cells)


def test_trials_are_ranked_and_marked(study: Study) -> None:
    trials = study.trials
    ranked = table.rank(trials)
    allowed = [row for row in ranked.tolist() if trials.allowed[row]]
    others = [row for row in ranked.tolist() if not trials.allowed[row]]
    assert allowed
    assert others
    assert ranked.tolist() == allowed + others
    assert ranked[0] == trials.best
    assert 4 not in ranked
    assert len(ranked) == 11
    for rows in (allowed, others):
        assert np.all(np.diff(trials.score[rows]) <= 0)
    lines = table.rows(trials, ranked, score_of("sharpe"), study.constraints)
    assert lines[0].mark == "winner"
    assert {line.mark for line in lines[len(allowed) :]} == {"breaks max_drawdown<0.1"}
    assert {line.kind for line in lines[1 : len(allowed)]} <= {""}


def test_the_table_says_its_order_and_where_all_are(page: Page) -> None:
    said = "By Sharpe ratio, those that break a constraint after the others. A press on a heading sorts by it."
    assert said in page.text
    assert "trials.csv has all, with every figure in full." in page.text


def test_a_long_table_is_cut_and_says_so() -> None:
    axes = [Axis("hold", tuple(range(1_200)))]
    source, page = rendered(small_study(small_trials(axes, sessions=5)))
    assert "The first 1,000 by Sharpe ratio." in page.text
    assert source.split('class="sortable"')[1].split("</table>")[0].count("<tr") == 1 + 1_000


def test_failed_trials_are_told_with_their_errors(page: Page) -> None:
    assert "Failed trials 1 " in page.text
    assert "4 hold 10, names 3, exits.stop_loss off it broke" in page.text


def test_many_failed_trials_are_cut() -> None:
    trials = small_trials([Axis("hold", tuple(range(300)))], sessions=5, failed=dict.fromkeys(range(250), "no"))
    assert "The first 200; trials.csv has all." in rendered(small_study(trials))[1].text


# ---------------------------------------------------------------- trials.csv
def read_back(trials: Trials) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.trials_csv(trials))))


def test_trials_csv_reads_back_the_same(study: Study) -> None:
    trials = study.trials
    rows = read_back(trials)
    assert [int(row["trial"]) for row in rows] == list(range(12))
    kinds: dict[str, Any] = {"hold": int, "names": int, "exits.stop_loss": float}
    for number, row in enumerate(rows):
        values = {name: None if row[name] == "none" else kind(row[name]) for name, kind in kinds.items()}
        assert values == trials.values(number)
        assert row["allowed"] == ("yes" if trials.allowed[number] else "no")
        assert row["error"] == trials.errors.get(number, "")
        for name, figures in {**trials.figures, "score": trials.score}.items():
            read = float(row[name]) if row[name] else np.nan
            expected = figures[number] / 1_000 if name == "final_equity" else figures[number]
            np.testing.assert_equal(read, expected)
    assert re.fullmatch(r"\d+\.\d{3}", rows[0]["final_equity"])
    assert rows[0]["fills"] == "100"
    assert rows[4]["score"] == ""


@pytest.mark.parametrize(
    ("axis", "written"),
    [
        (Axis("loud", (True, False)), ["true", "false"]),
        (Axis("kind", ("a,b", 'say "x"\n')), ["a,b", 'say "x"\n']),
        (Axis("raise", (0.1, 1e-05)), ["0.1", "1e-05"]),
        (Axis("exits.max_sessions", (None, 5)), ["none", "5"]),
    ],
)
def test_parameters_stand_as_the_command_line_takes_them(axis: Axis, written: list[str]) -> None:
    rows = read_back(small_trials([axis], sessions=5))
    assert [row[axis.name] for row in rows] == written


def test_a_parameter_with_the_name_of_a_figure_keeps_apart() -> None:
    rows = read_back(small_trials([Axis("sharpe", (1, 2)), Axis("error", (7, 8))], sessions=5))
    assert [(row["params.sharpe"], row["params.error"]) for row in rows] == [
        ("1", "7"),
        ("1", "8"),
        ("2", "7"),
        ("2", "8"),
    ]
    assert float(rows[0]["sharpe"]) != 1


# ---------------------------------------------------------------- safe, and the same
EVIL = "<script>alert('x')</script> & \"more\""


def test_words_from_outside_are_escaped() -> None:
    trials = small_trials([Axis("kind", (EVIL, "plain")), Axis("hold", (5, 10))], failed={3: EVIL})
    places = ("title", "source_label", "command", "winner_command", "winner_toml", "benchmark_name", "strategy")
    changes: dict[str, object] = dict.fromkeys(places, EVIL)
    changes |= {"doc": f"{EVIL}\n\n{EVIL}", "params": {"x": EVIL}, "verdict": small_verdict(notes=(EVIL,))}
    source, page = rendered(small_study(trials, **changes))
    assert source.count("<script") == 1
    assert page.text.count(EVIL) > 10
    assert "alert(" not in resource("sort.js")


def test_the_policy_allows_one_script_and_one_style_sheet(source: str, page: Page) -> None:
    (policy,) = [a["content"] or "" for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", source, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert all("style" not in attributes and "onclick" not in attributes for _, attributes in page.tags)
    assert not re.search(r"\b(eval|Function|fetch|XMLHttpRequest|innerHTML|import)\b", resource("sort.js"))


def test_other_pages_allow_no_script(tmp_path: Path) -> None:
    listed = gallery(tmp_path).decode()
    assert "script" not in listed.split("<style>")[0] + listed.split("</style>")[1]


@pytest.mark.parametrize("script", ["a</script>", "<!-- b"])
def test_a_script_that_would_end_early_is_refused(script: str) -> None:
    with pytest.raises(ValueError, match="would end it early"):
        fill_page("gallery.html", {}, script=script)


def test_the_page_needs_nothing_from_elsewhere(study: Study) -> None:
    _, page = rendered(replace(study, winner_report="../a/index.html"))
    links = {attributes.get("href") or attributes.get("src") for _, attributes in page.tags}
    assert {link for link in links if link} == {"../../index.html", "trials.csv", "../a/index.html"}


def test_the_same_study_gives_the_same_bytes(study: Study) -> None:
    again = small_study(
        small_trials(failed={4: "it broke"}, constraints=["max_drawdown<0.1"]), constraints=("max_drawdown<0.1",)
    )
    assert render_tune(study, FOLDER) == render_tune(again, FOLDER)


# ---------------------------------------------------------------- every kind of study
@pytest.mark.parametrize(
    ("axes", "maps"),
    [
        ([Axis("hold", (5, 10))], 0),
        ([Axis("hold", (5, 10)), Axis("names", (3,))], 1),
        ([Axis("loud", (True, False)), Axis("kind", ("芯片", "b")), Axis("exits.trailing", (None, 0.1))], 6),
        ([Axis(name, (1, 2)) for name in "abcde"], 20),
    ],
    ids=["1 axis", "2 axes", "3 axes", "5 axes"],
)
def test_any_number_and_kind_of_axes_has_a_page(axes: list[Axis], maps: int) -> None:
    source, page = rendered(small_study(small_trials(axes)))
    assert source.count('<table class="heat">') == maps
    assert source.count("<figcaption>") == len(axes)
    assert ('type="radio"' in source) == (maps > 1)
    for axis in axes:
        assert axis.name in page.text


@pytest.mark.parametrize(
    "trials",
    [
        small_trials(failed={row: "no" for row in range(12) if row != 7}),
        small_trials(failed=dict.fromkeys(range(12), "no")),
        small_trials(unscored=range(12)),
        small_trials(unscored=range(11)),
        small_trials(constraints=["fills>1000"]),
        small_trials(places=[5]),
        small_trials(sessions=1),
        small_trials(equity=np.full((12, 30), CASH, dtype=np.int64)),
    ],
    ids=["one left", "all failed", "no score", "one score", "none allowed", "one trial", "one session", "flat"],
)
@pytest.mark.parametrize("benchmark", [True, False])
def test_studies_with_next_to_nothing_in_them_have_a_page(trials: Trials, benchmark: bool) -> None:
    study = small_study(trials)
    if not benchmark:
        study = replace(study, benchmark_returns=None, benchmark_name="")
    _, page = rendered(study)
    assert ("There is none:" in page.text) == (trials.best is None)
    assert ("no benchmark" in page.text) != benchmark


@pytest.mark.parametrize(
    ("trials", "said"),
    [
        (small_trials(failed=dict.fromkeys(range(12), "no")), "every trial failed"),
        (small_trials(unscored=range(12)), "no trial has a score"),
        (small_trials(constraints=["fills>1000"]), "every trial breaks a constraint"),
    ],
)
def test_why_there_is_no_winner(trials: Trials, said: str) -> None:
    assert f"There is none: {said}." in rendered(small_study(trials))[1].text


@pytest.mark.parametrize("score", ["sharpe", "sortino", "calmar", "cagr", "total"])
def test_every_score_has_its_words(score: str) -> None:
    label = score_of(score).label
    page = rendered(small_study(small_trials(score=score), score_name=score))[1]
    assert f"{label} by parameter" in page.text
    assert f"By {label}." in page.text


def test_the_page_stays_small_and_quick_whatever_the_number_of_trials() -> None:
    axes = [Axis(name, tuple(range(100))) for name in "abc"]
    places = np.random.default_rng(2).choice(1_000_000, 20_000, replace=False)
    trials = small_trials(axes, places=places.tolist(), equity=made_equity(20_000, 150))
    began = time.perf_counter()
    files = render_tune(small_study(trials, sampler="random"), FOLDER)
    assert len(files["index.html"]) < 1_500_000
    assert files["trials.csv"].count(b"\n") == 20_001
    # It takes half a second; a page that grows with the square of the trials would take minutes.
    assert time.perf_counter() - began < 20


# ---------------------------------------------------------------- the folder and the list
def folder_of(reports: Path, name: str = FOLDER) -> Path:
    folder = reports / "small_thesis" / name
    folder.mkdir(parents=True)
    return folder


def test_write_tune_fills_the_folder_and_lists_it(tmp_path: Path, study: Study) -> None:
    folder = folder_of(tmp_path / "reports")
    (folder / "trials.log").write_text("kept", encoding="utf-8")
    page = write_tune(study, folder)
    assert page == folder / "index.html"
    assert {path.name for path in folder.iterdir()} == {"index.html", "trials.csv", "summary.json", "trials.log"}
    found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    best = study.trials.best
    assert best is not None
    assert study.verdict is not None
    assert found["winner"] == study.trials.values(best)
    assert found["verdict"]["sentence"] == study.verdict.sentence
    assert found["headline"]["best_score"] == study.trials.score[best]
    listed = (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")
    assert f'href="small_thesis/{FOLDER}/index.html"' in listed
    text = Page(listed.encode()).text
    assert "0 runs | 1 tune | newest first" in text
    gain = f"{study.trials.figures['total_return'][best]:+.2%}"
    assert f"Doubtful, 12 trials, 1 failed, best Sharpe ratio {study.trials.score[best]:.2f}" in text
    assert gain in text
    assert len(found["headline"]["line"]) == 40
    assert listed.count('<svg class="spark"') == 1


def test_a_tune_without_a_winner_is_listed(tmp_path: Path) -> None:
    write_tune(small_study(small_trials(unscored=range(12))), folder_of(tmp_path))
    assert "No verdict, 12 trials, best Sharpe ratio n/a" in Page((tmp_path / "index.html").read_bytes()).text


def test_writing_again_replaces_the_page(tmp_path: Path, study: Study) -> None:
    folder = folder_of(tmp_path)
    page = write_tune(study, folder)
    before = page.read_bytes()
    write_tune(replace(study, title="Another"), folder)
    assert page.read_bytes() != before
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, study: Study) -> None:
    with pytest.raises(UsageError, match="choose another folder with --reports"):
        write_tune(study, tmp_path / "small_thesis" / "absent")


def test_a_broken_tune_is_named_in_the_list(tmp_path: Path, study: Study) -> None:
    write_tune(study, folder_of(tmp_path))
    (folder_of(tmp_path, "tune-broken") / "summary.json").write_text('{"headline": {}}', encoding="utf-8")
    text = Page(gallery(tmp_path)).text
    assert "small_thesis/tune-broken (its trials is missing)" in text
    assert "1 tune |" in text
