"""A whole tune without the command line: its identity, its loop, its folder, its winner, the run ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backfolio.errors import UsageError
from backfolio.settings import MarketSettings
from backfolio.tune import ever, study, winner
from backfolio.tune.evaluate import evaluate
from backfolio.tune.folder import Finished, Tune, plan_tune, run_tune
from backfolio.tune.identity import difference, tune_id
from backfolio.tune.log import TRIALS, read_head
from backfolio.tune.plan import measure
from backfolio.tune.trials import FIGURES, Trials
from tunes import asked, mine, sample, window

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.discover import Thesis
    from backfolio.tune.loop import Progress

VARY = ("back=1:12", "names=1:3")


def planned(
    thesis: Thesis, reports: Path, vary: tuple[str, ...] = VARY, resume: str | None = None, **more: Any
) -> Tune:
    wanted = asked(thesis, vary, **more)
    return plan_tune(thesis, sample(), window(thesis, wanted.end), wanted, reports, resume)  # type: ignore[arg-type]


def tuned(thesis: Thesis, reports: Path, vary: tuple[str, ...] = VARY, **more: Any) -> Finished:
    return run_tune(planned(thesis, reports, vary, **more))


def same(one: Trials, two: Trials) -> bool:
    return (
        one.places.tolist() == two.places.tolist()
        and one.errors == two.errors
        and one.best == two.best
        and np.array_equal(one.equity, two.equity)
        and all(np.array_equal(one.figures[name], two.figures[name], equal_nan=True) for name in FIGURES)
    )


def stopped(thesis: Thesis, reports: Path, after: int, **more: Any) -> None:
    """Interrupt a tune once so many trials are finished."""

    def tell(progress: Progress) -> None:
        if progress.done >= after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_tune(planned(thesis, reports, **more), tell)


@pytest.mark.parametrize("sampler", ["grid", "random", "tpe"])
def test_an_interrupted_tune_ends_as_an_uninterrupted_one_whatever_the_processes(tmp_path: Path, sampler: str) -> None:
    thesis = mine(tmp_path)
    more = {"sampler": sampler, "trials": 36, "seed": 4}
    whole = tuned(thesis, tmp_path / "a", workers=2, **more)
    assert whole.existed == 0
    assert len(whole.trials) == 36
    assert len(set(whole.trials.places.tolist())) == 36
    stopped(thesis, tmp_path / "b", 7, workers=2, **more)
    stopped(thesis, tmp_path / "b", 20, workers=1, **more)
    resumed = tuned(thesis, tmp_path / "b", workers=1, **more)
    assert 20 <= resumed.existed < 36
    assert same(resumed.trials, whole.trials)
    assert resumed.trials_ever == 36
    again = tuned(thesis, tmp_path / "b", workers=2, **more)
    assert (again.existed, again.seconds) == (36, 0.0)
    assert same(again.trials, whole.trials)


def test_a_grid_is_what_evaluate_gives_place_by_place(tmp_path: Path) -> None:
    tune = planned(mine(tmp_path), tmp_path / "r")
    trials = run_tune(tune).trials
    batch = evaluate(tune.job, np.arange(36))
    assert trials.places.tolist() == list(range(36))
    assert np.array_equal(trials.equity, batch.equity)
    assert trials.best == int(np.nanargmax(batch.figures["sharpe"]))


def test_a_thesis_that_leaves_where_there_are_no_processes_is_a_row_for_each_trial(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    thesis = mine(tmp_path, "print('noise'); raise SystemExit(0)")
    trials = tuned(thesis, tmp_path, ("exits.trailing=none,0.1", "market.slippage=0,5"), workers=2).trials
    assert trials.errors == dict.fromkeys(range(4), "SystemExit: 0")
    assert trials.best is None
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "noise\n"  # asked once


def test_a_tune_of_exits_alone_asks_the_thesis_once(tmp_path: Path) -> None:
    thesis = mine(tmp_path, "import os; os.write(os.open({!r}, os.O_CREAT | os.O_APPEND | os.O_WRONLY), b'x')".format(
        str(tmp_path / "asked")
    ))  # fmt: skip
    vary = ("exits.stop_loss=0.02:0.2:0.001", "exits.trailing=none,0.05,0.1,0.2")
    finished = tuned(thesis, tmp_path / "r", vary, workers=2)
    assert len(finished.trials) == 724
    assert (tmp_path / "asked").read_text() == "x"


def test_more_trials_continue_the_same_tune_and_fewer_lose_none(tmp_path: Path) -> None:
    thesis = mine(tmp_path)
    some = tuned(thesis, tmp_path, sampler="random", trials=10)
    more = tuned(thesis, tmp_path, sampler="random", trials=20)
    assert (more.existed, len(more.trials)) == (10, 20)
    assert more.trials.places[:10].tolist() == some.trials.places.tolist()
    fewer = tuned(thesis, tmp_path, sampler="random", trials=5)
    assert same(fewer.trials, more.trials)
    assert len(list((tmp_path / "mine").iterdir())) == 1


def test_the_command_is_that_of_the_trials_that_are_there(tmp_path: Path) -> None:
    thesis = mine(tmp_path)

    def after(trials: int) -> tuple[str, str]:
        tune = planned(thesis, tmp_path, sampler="random", trials=trials, command=f"asked for {trials}")
        finished = run_tune(tune, None, lambda count: f"tune with {count}")
        assert read_head(tune.folder)["identity"] == json.loads(json.dumps(tune.identity))
        return finished.command, read_head(tune.folder)["command"]

    assert [after(count) for count in (10, 20, 5)] == [
        ("tune with 10",) * 2,
        ("tune with 20",) * 2,
        ("tune with 20",) * 2,
    ]
    assert tuned(thesis, tmp_path, sampler="random", trials=5, command="as asked").command == "as asked"


def test_trials_that_fail_are_rows_and_the_others_have_a_best(tmp_path: Path) -> None:
    thesis = mine(tmp_path, "if self.back % 2: raise ValueError('odd')")
    finished = tuned(thesis, tmp_path, workers=2)
    trials = finished.trials
    assert sorted(trials.errors) == [row for row in range(36) if (row // 3 + 1) % 2]
    assert trials.best is not None
    assert trials.values(trials.best)["back"] % 2 == 0  # type: ignore[operator]
    verdict = study.judged(trials, benchmark=None, ever=36, seed=0)
    assert verdict is not None
    assert verdict.trials == 18
    good = [row for row in range(36) if row not in trials.errors]
    alone = study.judged(
        replace(trials, errors={}, places=trials.places[good], equity=np.array(trials.equity)[good],
                score=trials.score[good], allowed=trials.allowed[good], start_cash=trials.start_cash[good],
                best=good.index(trials.best)),
        benchmark=None, ever=36, seed=0,
    )  # fmt: skip
    assert verdict == alone


def test_failed_trials_are_left_out_of_a_verdict_in_a_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    thesis = mine(tmp_path, "if self.back == 3: raise ValueError('no')")
    trials = tuned(thesis, tmp_path).trials
    small = study.judged(trials, benchmark=None, ever=0, seed=1)
    monkeypatch.setattr(study, "HELD", 0)
    monkeypatch.setattr(study, "COPIED", 7)
    assert study.judged(trials, benchmark=None, ever=0, seed=1) == small


def test_where_no_trial_can_be_chosen_the_reasons_are_said(tmp_path: Path) -> None:
    thesis = mine(tmp_path, "if self.back == 1: raise ValueError('no')")
    constraints = ["max_drawdown<0.0001"]
    trials = tuned(thesis, tmp_path, constraints=constraints).trials
    assert trials.best is None
    assert study.judged(trials, benchmark=None, ever=0, seed=0) is None
    fault = study.no_best(trials, tuple(constraints), "sharpe", "reports/x")
    assert fault.exit_status == 2
    assert "none of 36 trials can be chosen: 3 failed (the first: mine: targets(history) failed" in str(fault)
    assert "33 break max_drawdown<0.0001" in str(fault)
    assert "they are kept in reports/x" in str(fault)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vary": ("back=1:12", "names=1:2")}, "it varies back=1/2/"),
        ({"sampler": "random", "trials": 3}, "its sampler is grid, and here it is random"),
        ({"score": "calmar"}, "its score is sharpe, and here it is calmar"),
        ({"constraints": ["fills>3"]}, "its constraints are none, and here they are fills>3"),
        ({"params": {"loud": "true"}}, "its fixed parameters are loud=False"),
        ({"params": {"exits.stop_loss": "0.1"}}, "its fixed parameters are loud=False, style=calm, most=0.5, and here"),
        ({"end": "2021-05-31"}, "it covers start=2021-01-04, end=2021-06-30, sessions=118, and here"),
        ({"benchmark": None}, "its benchmark is 999001.SH, and here it is none"),
    ],
)
def test_another_tune_has_another_folder_and_is_not_resumed(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    thesis = mine(tmp_path)
    first = planned(thesis, tmp_path)
    run_tune(first)
    before = {path: path.read_bytes() for path in first.folder.iterdir()}
    assert planned(thesis, tmp_path, **changes).folder != first.folder
    with pytest.raises(UsageError) as fault:
        planned(thesis, tmp_path, resume=first.id, **changes)
    assert f"{first.folder} cannot be resumed, {said}" in str(fault.value)
    assert {path: path.read_bytes() for path in first.folder.iterdir()} == before


def test_other_data_another_text_and_another_thesis_are_named(tmp_path: Path) -> None:
    thesis = mine(tmp_path)
    identity = dict(planned(thesis, tmp_path).identity)
    other_data = {**identity, "data": {**identity["data"], "fingerprint": "0" * 16}}
    ours = identity["data"]["fingerprint"]
    assert difference(identity, other_data).startswith(f"it is of other data, {ours}, and here it is 0000")
    assert difference(identity, {**identity, "thesis": "yours"}) == (
        "it is of another thesis, mine, and here yours is asked for"
    )
    assert difference(identity, {**identity, "source": "x"}) == "the text of the thesis has changed since"
    assert "module" in difference(identity, {**identity, "modules": {"a": "b"}})
    assert "version 0 of the rules" in difference({**identity, "rules": 0}, identity)
    assert difference(identity, {**identity, "new": 1}) == "it was written by another version"
    assert difference(identity, json.loads(json.dumps(identity))) == ""
    commented = replace(thesis, source=thesis.source + "\n# a word\n")
    assert tune_id(planned(commented, tmp_path).identity) != tune_id(identity)


def test_the_number_of_trials_and_of_processes_is_no_part_of_a_tune(tmp_path: Path) -> None:
    thesis = mine(tmp_path)
    ids = {planned(thesis, tmp_path, sampler="random", trials=n, workers=n, command=str(n)).id for n in (1, 5)}
    assert len(ids) == 1
    assert planned(thesis, tmp_path, seed=1).id == planned(thesis, tmp_path, seed=2).id  # a grid has no seed
    seeded = {planned(thesis, tmp_path, sampler="random", trials=3, seed=seed).id for seed in (1, 2)}
    assert len(seeded) == 2
    off = planned(thesis, tmp_path, params={"exits.trailing": "none"})
    assert off.id == planned(thesis, tmp_path).id
    assert off.job.fixed == {"exits.trailing": None}


def test_a_tune_is_found_by_id_name_and_path_wherever_it_lies(tmp_path: Path) -> None:
    thesis = mine(tmp_path)
    first = planned(thesis, tmp_path / "r")
    run_tune(first)
    for name in (first.id, f"tune-{first.id}", str(first.folder), str(first.folder / "tune.json")):
        assert planned(thesis, tmp_path / "r", resume=name).folder == first.folder
    moved = tmp_path / "elsewhere"
    first.folder.rename(moved)
    resumed = run_tune(planned(thesis, tmp_path / "r", resume=str(moved)))
    assert resumed.existed == 36
    with pytest.raises(UsageError, match=r"--resume nothing: no tune is there; give the id"):
        planned(thesis, tmp_path / "r", resume="nothing")


def test_a_folder_under_a_wrong_name_is_left_alone(tmp_path: Path) -> None:
    thesis = mine(tmp_path)
    tune = planned(thesis, tmp_path)
    other = planned(thesis, tmp_path, score="calmar")
    run_tune(other)
    other.folder.rename(tune.folder)
    with pytest.raises(UsageError, match="holds another tune than its name says"):
        planned(thesis, tmp_path)


def test_a_log_of_another_sampler_version_is_refused(tmp_path: Path) -> None:
    thesis = mine(tmp_path)
    tune = planned(thesis, tmp_path, sampler="random", trials=5)
    run_tune(tune)
    path = tune.folder / TRIALS
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[0]["place"] = (lines[0]["place"] + 1) % 36
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with pytest.raises(UsageError, match="holds trials that its sampler does not propose"):
        tuned(thesis, tmp_path, sampler="random", trials=6)


def test_a_window_that_is_too_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"from 2021-01-04 to 2021-01-29 has 20 sessions: a tune needs at least 32"):
        planned(mine(tmp_path), tmp_path, end="2021-01-31")
    assert not (tmp_path / "mine").exists()


def test_the_winner_is_replayed_and_its_words_make_the_same_run(tmp_path: Path) -> None:
    thesis = mine(tmp_path)
    vary = ("back=2,4", "exits.trailing=none,0.1", "market.slippage=3,5")
    tune = planned(thesis, tmp_path, vary, params={"loud": "true", "exits.stop_loss": "0.1"}, score="total")
    trials = run_tune(tune).trials
    result = winner.replayed(thesis, sample(), tune.job, trials, tune.asked, "run mine")
    assert trials.best is not None
    assert result.ledger.equity.tolist() == trials.equity[trials.best].tolist()
    assert result.settings.slippage == trials.values(trials.best)["market.slippage"]
    best = winner.Winner.of(trials, trials.best, tune.job.fixed)
    assert list(best.params) == ["loud", "exits.stop_loss", "back", "exits.trailing"]
    assert best.words()["loud"] == "true"
    assert best.toml("mine").startswith('[params.mine]\nloud = true\n"exits.stop_loss" = 0.1\nback = ')
    assert best.toml("mine").endswith(f"[run]\nslippage = {best.market['slippage']}\n")


def test_a_thesis_that_answers_otherwise_the_second_time_is_found_out(tmp_path: Path) -> None:
    flag = str(tmp_path / "asked")
    thesis = mine(
        tmp_path, f"import os; cut = 0.0 if os.path.exists({flag!r}) else 1.0; return history.returns(1) * 0 + cut / 20"
    )
    tune = planned(thesis, tmp_path, ("exits.trailing=none,0.1",))
    trials = run_tune(tune).trials
    (tmp_path / "asked").touch()
    with pytest.raises(winner.LedgerError, match="gives another equity now than in its trial, first on 2021-") as fault:
        winner.replayed(thesis, sample(), tune.job, trials, tune.asked, "")
    assert fault.value.exit_status == 1


def test_a_replay_that_differs_from_the_sweep_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    thesis = mine(tmp_path)
    tune = planned(thesis, tmp_path)
    trials = run_tune(tune).trials
    right = winner.backtest

    def wrong(thesis: Any, source: Any, request: Any, on_session: Any) -> Any:
        return right(thesis, source, replace(request, settings=MarketSettings(slippage=50)), on_session)

    monkeypatch.setattr(winner, "backtest", wrong)
    with pytest.raises(winner.LedgerError, match=r"and its sweep differ; replay first, fills\[0\]: Fill\(") as fault:
        winner.replayed(thesis, sample(), tune.job, trials, tune.asked, "")
    assert fault.value.exit_status == 1


def test_the_run_ledger_counts_every_trial_once(tmp_path: Path) -> None:
    thesis = mine(tmp_path)
    reports = tmp_path / "r"
    tuned(thesis, reports, sampler="random", trials=10)
    tuned(thesis, reports, sampler="random", trials=25)
    stopped(thesis, reports, 1, workers=1)
    assert tuned(thesis, reports, score="calmar").trials_ever > 25 + 36
    tuned(thesis, reports, score="calmar")  # there already: no line
    lines = [json.loads(line) for line in (reports / "ledger.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["trials"] for line in lines[:2]] == [10, 25]
    assert [line["trials"] for line in lines[3:]] == [36]
    assert {line["kind"] for line in lines} == {"tune"}
    assert all(line["time"].endswith("+00:00") for line in lines)
    assert ever.trials_ever(reports, "mine", sample().identity) == 25 + lines[2]["trials"] + 36
    assert ever.trials_ever(reports, "mine", "other data") == 0
    assert ever.trials_ever(reports, "yours", sample().identity) == 0
    assert ever.trials_ever(tmp_path / "nowhere", "mine", sample().identity) == 0


def test_a_ledger_with_a_torn_line_is_read_and_goes_on(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "kind": "tune", "thesis": "mine", "source": "s", "data": "d", "window": ("2021-01-04", "2021-06-30"),
    }  # fmt: skip
    ever.record(tmp_path, **given, run_id="a", trials=5)
    with (tmp_path / "ledger.jsonl").open("a", encoding="utf-8") as file:
        file.write('["no object"]\n{"kind": "tune", "the')
    ever.record(tmp_path, **given, run_id="b", trials=7)
    ever.record(tmp_path, **{**given, "kind": "walk-forward"}, run_id="b", trials=3)
    assert ever.trials_ever(tmp_path, "mine", "d") == 15


@pytest.mark.parametrize(
    ("vary", "more", "evaluations"),
    [
        (VARY, {}, 36),
        (("back=1:12", "exits.trailing=none,0.1,0.2"), {"sampler": "random", "trials": 30}, 12),
        (("exits.trailing=none,0.1,0.2",), {}, 1),
        (VARY, {"sampler": "tpe", "trials": 9}, 9),
    ],
)
def test_a_plan_counts_and_writes_nothing(
    tmp_path: Path, vary: tuple[str, ...], more: dict[str, Any], evaluations: int
) -> None:
    tune = planned(mine(tmp_path), tmp_path / "r", vary, workers=2, **more)
    plan = measure(tune)
    assert plan.thesis_evaluations == evaluations
    assert (plan.trials, plan.there) == (tune.asked.trials, 0)
    assert (plan.sessions, plan.symbols) == (118, 14)
    assert plan.seconds is not None
    assert plan.seconds > 0
    assert plan.disk_bytes > plan.trials * 118 * 8
    json.dumps(plan.as_dict())
    assert not (tmp_path / "r").exists()
    assert measure(replace(tune, asked=replace(tune.asked, cluster="tcp://x:1"))).seconds is None


def test_a_plan_knows_what_is_there_already(tmp_path: Path) -> None:
    thesis = mine(tmp_path)
    tuned(thesis, tmp_path, sampler="random", trials=5)
    plan = measure(planned(thesis, tmp_path, sampler="random", trials=9))
    assert (plan.trials, plan.there) == (9, 5)
    path = planned(thesis, tmp_path, sampler="random", trials=9).folder / TRIALS
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, *lines, b"broken\n"]))
    assert measure(planned(thesis, tmp_path, sampler="random", trials=9)).there == 5


def test_what_a_thesis_prints_is_no_part_of_a_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measure(planned(mine(tmp_path, "print('noise')"), tmp_path / "r"))
    assert capsys.readouterr().out == ""
