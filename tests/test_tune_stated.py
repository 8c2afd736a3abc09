"""Claims in the run ledger: which came first, and what is said of those that came after a run."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from backfolio.discover import discover
from backfolio.strategy import Claim
from backfolio.strategy.claims import claims_of
from backfolio.tune import ever, stated
from backfolio.tune.identity import source_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from backfolio.discover import Thesis

DATA = "real"
UP, DOWN, LATE = Claim("Up."), Claim("Down.", sign=-1), Claim("Late.", horizon=40, kills=("total_return < 0",))


@pytest.fixture
def thesis(tmp_path: Path) -> Thesis:
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / "mine.py").write_text(
        textwrap.dedent('''
            from backfolio import Claim, Strategy, equal_weight

            class Mine(Strategy):
                """Mine."""

                def targets(self, history):
                    return equal_weight(history.tradable)
        '''),
        encoding="utf-8",
    )
    return discover([folder]).find("mine")


def under(thesis: Thesis, *claims: Claim, text: str = "") -> Thesis:
    """Return the thesis as it is with other claims in its file, or another text."""
    strategy = type("Mine", (thesis.strategy,), {"claims": claims, "__doc__": "Mine.", "__module__": __name__})
    return replace(thesis, strategy=strategy, source=f"{thesis.source}# {claims} {text}")


def record(reports: Path, thesis: Thesis, run_id: str, command: str = "run", data: str = DATA) -> None:
    stated.record(reports, thesis, data, command=command, run_id=run_id)


def stamp(reports: Path, thesis: Thesis, data: str = DATA) -> stated.Stamp:
    found = stated.stamp(reports, thesis, data)
    assert found is not None
    return found


def lines(reports: Path) -> list[dict[str, Any]]:
    return list(ever.lines(reports))


def tune_line(reports: Path, thesis: Thesis, run_id: str, trials: int = 5) -> None:
    text = {"source": thesis.source, "modules": {}}
    ever.record(
        reports, kind="tune", thesis="mine", source=source_hash(text), data=DATA, window=("2021-01-04", "2021-06-30"),
        run_id=run_id, trials=trials,
    )  # fmt: skip


def test_a_line_says_what_was_stated_when_and_by_which_report_it_was_seen(tmp_path: Path, thesis: Thesis) -> None:
    own = under(thesis, UP, LATE)
    for _ in range(2):
        record(tmp_path, own, "a")
    record(tmp_path, own, "b")
    first, second = lines(tmp_path)
    assert list(first) == ["time", "kind", "thesis", "source", "claims", "stated", "data", "command", "id"]
    assert first["stated"] == [UP.as_dict(), LATE.as_dict()]
    assert (first["kind"], first["thesis"], first["data"], first["command"]) == ("claims", "mine", DATA, "run")
    assert "stated" not in second
    assert {**second, "id": "a", "time": first["time"]} == {k: v for k, v in first.items() if k != "stated"}


def test_claims_that_came_first_stand(tmp_path: Path, thesis: Thesis) -> None:
    own = under(thesis, UP)
    assert stated.stamp(tmp_path, own, DATA) is None
    for run_id in "abc":
        record(tmp_path, own, run_id)
    found = stamp(tmp_path, own)
    assert (found.runs_before, found.earlier, found.since) == (0, 0, lines(tmp_path)[0]["time"])
    day, clock = found.since[:10], found.since[11:16]
    assert found.words == (
        f"These claims stand since {day} {clock} UTC, and no run of a thesis of this name on this data came before "
        "them in the run ledger."
    )


def test_claims_after_runs_without_any_are_told(tmp_path: Path, thesis: Thesis) -> None:
    bare = under(thesis)
    for run_id in ("a", "b", "b"):
        record(tmp_path, bare, run_id)
    own = under(thesis, UP)
    record(tmp_path, own, "c")
    found = stamp(tmp_path, own)
    assert (found.runs_before, found.earlier) == (2, 0)
    assert "after 2 runs of this thesis on the same data without them" in found.words
    assert stated.stamp(tmp_path, bare, DATA) is None


def test_claims_that_were_changed_are_told_and_their_first_form_too(tmp_path: Path, thesis: Thesis) -> None:
    early, later = under(thesis, UP), under(thesis, DOWN, LATE)
    record(tmp_path, early, "a")
    assert "other set" not in stamp(tmp_path, early).words
    record(tmp_path, later, "a")
    changed = stamp(tmp_path, later)
    assert (changed.runs_before, changed.earlier) == (1, 1)
    assert changed.words.startswith("The claims were changed: these were first seen at")
    assert "after 1 run of this thesis on the same data, and the run ledger holds 1 other set of" in changed.words
    back = stamp(tmp_path, early)
    assert (back.runs_before, back.earlier) == (0, 1)
    assert "before any other run of a thesis of this name on this data in the run ledger, but it holds 1 " in back.words


def test_order_and_text_of_the_thesis_are_no_change_of_claims(tmp_path: Path, thesis: Thesis) -> None:
    record(tmp_path, under(thesis, UP, LATE), "a")
    again = under(thesis, LATE, UP, text="mended")
    record(tmp_path, again, "b")
    found, first = stamp(tmp_path, again), stamp(tmp_path, under(thesis, UP, LATE))
    assert (found.since, found.runs_before, found.earlier) == (first.since, 0, 0)
    assert found.claims == first.claims
    assert found.source != first.source


def test_kinds_and_kills_in_another_order_are_the_same_claim_and_a_bound_counts_to_its_last_digit() -> None:
    kills = ("hold.excess < 0", "random_names.p > 0.1234567")
    one = replace(UP, kinds=("policy", "results"), kills=kills)
    assert stated.claims_hash([one]) == stated.claims_hash(
        [replace(one, kinds=("results", "policy"), kills=kills[::-1])]
    )
    finer = replace(one, kills=(kills[0], "random_names.p > 0.1234568"))
    assert stated.claims_hash([one]) != stated.claims_hash([finer])


@pytest.mark.parametrize(
    "other",
    [
        replace(UP, says="Up!"), replace(UP, sign=-1), replace(UP, horizon=19), replace(UP, least=0.001),
        replace(UP, kinds=("policy",)), replace(UP, kills=("total_return < 0",)),
    ],
)  # fmt: skip
def test_every_part_of_a_claim_is_part_of_its_hash(other: Claim) -> None:
    assert stated.claims_hash([UP]) != stated.claims_hash([other])
    assert stated.claims_hash([Claim("Up.", kills=("total_return<0.0",))]) == stated.claims_hash(
        [Claim(" Up. ", least=0, kills=(" total_return < 0",))]
    )
    assert stated.claims_hash([]) == ""


def test_other_data_and_other_theses_do_not_count(tmp_path: Path, thesis: Thesis) -> None:
    record(tmp_path, under(thesis), "a", data="simulated")
    record(tmp_path, replace(under(thesis), name="yours"), "b")
    own = under(thesis, UP)
    record(tmp_path, own, "c")
    assert stamp(tmp_path, own).runs_before == 0
    assert stated.stamp(tmp_path, own, "simulated") is None


def test_a_tune_before_the_claims_counts_and_its_own_line_does_not(tmp_path: Path, thesis: Thesis) -> None:
    bare, own = under(thesis), under(thesis, UP)
    tune_line(tmp_path, bare, "t1")
    tune_line(tmp_path, bare, "t1", trials=9)
    tune_line(tmp_path, own, "t2")
    record(tmp_path, own, "t2", "tune")
    found = stamp(tmp_path, own)
    assert (found.runs_before, found.earlier) == (1, 0), "two lines of one tune are one run"
    assert ever.trials_ever(tmp_path, "mine", DATA) == 14
    assert [run.trials for run in ever.earlier(tmp_path, "mine", DATA, "t2")] == [9], "claims are no trials"


def test_torn_and_foreign_lines_are_passed_over(tmp_path: Path, thesis: Thesis) -> None:
    own = under(thesis, UP)
    record(tmp_path, under(thesis, DOWN), "other")
    (good,) = lines(tmp_path)
    broken = [("claims", 3), ("id", 7), ("time", "noon"), ("source", None), ("kind", "party"), ("command", [])]
    foreign = [{"kind": "claims", "thesis": "mine", "data": DATA}, ["claims"], *({**good, k: v} for k, v in broken)]
    text = "\n".join(map(json.dumps, foreign)) + '\n\xff\n{"kind": "claims", "thesis": "mi'
    (tmp_path / ever.LEDGER).write_text(text, encoding="latin-1")
    record(tmp_path, own, "a")
    found = stamp(tmp_path, own)
    assert (found.runs_before, found.earlier) == (0, 0)
    assert (tmp_path / ever.LEDGER).read_bytes().endswith(b"\n")
    assert lines(tmp_path)[-1]["id"] == "a"


def test_several_writers_leave_whole_lines(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom backfolio.tune import ever\n"
        "for n in range(200):\n    ever.append(Path(sys.argv[1]), {'kind': 'claims', 'who': sys.argv[2], 'n': n})\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    running = [subprocess.Popen([*command, who]) for who in "abc"]
    assert [one.wait(60) for one in running] == [0, 0, 0]
    found = lines(tmp_path)
    assert sorted((line["who"], line["n"]) for line in found) == [(who, n) for who in "abc" for n in range(200)]
    assert len((tmp_path / ever.LEDGER).read_text().splitlines()) == 600


def test_a_plain_strategy_states_nothing_whatever_it_calls_claims() -> None:
    assert claims_of(type("Plain", (), {"claims": ["moon"]})) == ()
    assert claims_of(type("Plain", (), {})) == ()


def test_reports_of_tunes_and_studies_leave_their_claims_and_no_report_none(
    cli: Callable[..., subprocess.CompletedProcess[str]], workspace: Path
) -> None:
    window = ("--start", "2021-01-04", "--end", "2021-06-30", "--reports", "noted", "--quiet")
    tune = ("tune", "route_rotation", "--vary", "margin=0.03,0.05", *window)
    study = ("study", "model_release", "--start", "2022-01-04", "--reports", "noted", "--quiet")
    cli(*tune, "--no-report")
    assert [line["kind"] for line in lines(workspace / "noted")] == ["tune"]
    pages = [cli(*words).stdout.strip() for words in (tune, study)]
    noted = [line for line in lines(workspace / "noted") if line["kind"] == "claims"]
    assert [(line["thesis"], line["command"], len(line["stated"])) for line in noted] == [
        ("route_rotation", "tune", 1), ("model_release", "study", 1),
    ]  # fmt: skip
    for line, page in zip(noted, pages, strict=True):
        assert f"{line['thesis']}/{line['command']}-{line['id']}/" in page
