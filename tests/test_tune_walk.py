"""Walk-forward: what is chosen, what it earns, and that no future reaches a window."""

from __future__ import annotations

import itertools
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backfolio import replay, source
from backfolio.backtest import Request, backtest
from backfolio.calendar import SESSIONS_A_YEAR
from backfolio.discover import discover
from backfolio.errors import ThesisError, UsageError
from backfolio.history import History
from backfolio.metrics import summary
from backfolio.settings import MarketSettings
from backfolio.source.model import Source
from backfolio.testing.build import build
from backfolio.tune.space import read_space
from backfolio.tune.walk import run_walk, walk_forward
from backfolio.tune.walk_guard import cuts_of, demand_no_look_ahead
from backfolio.tune.walk_model import growth_kept
from backfolio.tune.walk_plan import WalkRequest, plan_walk
from backfolio.tune.windows import Window
from backfolio.tune.winner import LedgerError
from walked import HEAD, INDEX, MOMENTUM, SYMBOLS, market, request, thesis, walked

if TYPE_CHECKING:
    from backfolio.ledger import Ledger
    from backfolio.strategy import Strategy
    from backfolio.tune.walk_model import Walk


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    return walked(tmp_path_factory.mktemp("walk"), benchmark=INDEX)


def run_of(folder: Path, params: dict[str, Any], start: str, end: str, cash: float) -> Ledger:
    """Return the ledger of an ordinary backtest of the same thesis."""
    asked = Request(settings=MarketSettings(cash=cash), params=params, start=start, end=end)
    return backtest(thesis(folder), market(), asked).ledger


def test_each_window_chooses_the_best_of_ordinary_backtests_of_its_training(walk: Walk, tmp_path: Path) -> None:
    assert [window.window.train for window in walk.windows] == [(0, 30), (15, 45), (30, 60), (45, 75)]
    for window in walk.windows:
        scores = {}
        for back, names in itertools.product((2, 5, 8), (1, 2)):
            params = {"back": back, "names": names}
            scores[back, names] = summary(run_of(tmp_path, params, *window.train, 200_000.0).returns()).sharpe
        best = max(scores, key=lambda key: scores[key] or -math.inf)
        assert window.chosen == {"back": best[0], "names": best[1]}
        assert window.in_score == pytest.approx(scores[best])


def test_each_test_is_an_ordinary_backtest_that_starts_with_what_the_last_ended_with(
    walk: Walk, tmp_path: Path
) -> None:
    cash = 200_000_000
    for window in walk.windows:
        assert window.start_cash == cash
        assert window.chosen is not None
        ledger = run_of(tmp_path, dict(window.chosen), *window.test, cash / 1000)
        assert window.equity.tolist() == ledger.equity.tolist()
        assert (window.fills, window.refusals) == (len(ledger.fills), len(ledger.refusals))
        assert window.out_score == pytest.approx(summary(ledger.returns()).sharpe)
        assert window.equity[0] == cash, "the first decision comes after the close of the first session"
        cash = int(ledger.equity[-1])


def test_the_stitched_equity_is_continuous_and_covers_every_test_session(walk: Walk) -> None:
    bars = market().bars
    assert walk.sessions.tolist() == bars.sessions[30:].tolist()
    assert walk.equity.tolist() == [value for window in walk.windows for value in window.equity.tolist()]
    assert math.prod(1.0 + walk.returns) == pytest.approx(walk.equity[-1] / 200_000_000)
    assert len({len(each) for each in (walk.equity, walk.default, walk.unbroken, walk.sessions, walk.returns)}) == 1
    closes = bars.index_close[INDEX][30:]
    assert walk.benchmark_returns is not None
    assert math.prod(1.0 + walk.benchmark_returns) == pytest.approx(closes[-1] / closes[0])
    assert walk.metrics.beta is not None


def test_default_parameters_stand_beside_it_with_and_without_seams(walk: Walk, tmp_path: Path) -> None:
    whole = run_of(tmp_path, {}, str(walk.sessions[0]), str(walk.sessions[-1]), 200_000.0)
    assert walk.unbroken.tolist() == whole.equity.tolist()
    cash, equity = 200_000.0, []
    for window in walk.windows:
        equity += run_of(tmp_path, {}, *window.test, cash).equity.tolist()
        cash = equity[-1] / 1000
    assert walk.default.tolist() == equity
    assert walk.default.tolist() != walk.unbroken.tolist()


def test_efficiency_is_growth_outside_over_growth_inside(walk: Walk) -> None:
    inside = [(window.in_annual or 0.0, window.window.test_sessions) for window in walk.windows]
    growth = math.prod((1.0 + rate) ** (sessions / 60) for rate, sessions in inside)
    assert walk.in_annual == pytest.approx(growth - 1.0)
    assert walk.out_annual == pytest.approx((walk.equity[-1] / 200_000_000) ** (SESSIONS_A_YEAR / 60) - 1.0)
    assert walk.efficiency == pytest.approx(walk.out_annual / walk.in_annual)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("outside", "inside", "ratio"),
    [(0.1, 0.2, 0.5), (-0.1, 0.2, -0.5), (0.1, 0.0, None), (0.1, -0.2, None), (None, 0.2, None), (0.1, None, None)],
)
def test_efficiency_does_not_exist_without_growth_in_sample(
    outside: float | None, inside: float | None, ratio: float | None
) -> None:
    assert growth_kept(outside, inside) == ratio


def test_the_choice_and_each_parameter_change_as_often_as_counted(walk: Walk) -> None:
    chosen = [window.chosen for window in walk.windows]
    assert walk.changed == (sum(one != two for one, two in itertools.pairwise(chosen)), 3)
    for name in ("back", "names"):
        assert walk.changes[name] == sum(one[name] != two[name] for one, two in itertools.pairwise(chosen))  # type: ignore[index]
    assert walk.changed[0] > 0, "a market in which the choice never changes would show nothing"


def test_it_is_json_without_nan_and_says_what_came_out(walk: Walk) -> None:
    made = json.loads(json.dumps(walk.as_dict(), allow_nan=False))
    assert [window["number"] for window in made["windows"]] == [1, 2, 3, 4]
    assert made["stability"]["of"] == 3
    assert made["windows"][0]["train"] == {"start": "2024-01-02", "end": "2024-02-20", "sessions": 30}
    tuned, plain = (made[name]["total_return"] for name in ("metrics", "default_metrics"))
    assert f"gained {tuned:.1%}" in walk.sentence or f"lost {-tuned:.1%}" in walk.sentence
    assert f"default parameters made {plain:+.1%}" in walk.sentence
    assert f"{abs(tuned - plain) * 100:.1f} points" in walk.sentence


@pytest.mark.parametrize("vary", [("back=2:8:3", "names=1,2"), ("exits.stop_loss=none,0.02,0.05",)], ids=str)
def test_processes_and_threads_change_nothing(tmp_path: Path, vary: tuple[str, ...]) -> None:
    one, two = (walked(tmp_path, vary=vary, workers=workers) for workers in (1, 2))
    assert one.as_dict() == two.as_dict()
    assert one.walk_id == two.walk_id
    assert one.equity.tolist() == two.equity.tolist()


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_samplers_try_as_many_as_asked_and_repeat_themselves(tmp_path: Path, sampler: str) -> None:
    words: dict[str, Any] = {"vary": ("back=1:40:1", "names=1,2,3"), "sampler": sampler, "trials": 20, "seed": 3}
    one, two = (walked(tmp_path, **words) for _ in range(2))
    assert [window.trials for window in one.windows] == [20] * 4
    assert one.as_dict() == two.as_dict()
    other = walked(tmp_path, **{**words, "seed": 4})
    assert [window.chosen for window in other.windows] != [window.chosen for window in one.windows]


def test_anchored_windows_train_from_the_first_session_and_purged_ones_leave_a_gap(tmp_path: Path) -> None:
    anchored = walked(tmp_path, anchored=True, purge=5)
    days = market().bars.sessions
    assert {window.train[0] for window in anchored.windows} == {str(days[0])}
    for window in anchored.windows:
        last, begin = (np.datetime64(day) for day in (window.train[1], window.test[0]))
        assert int(np.searchsorted(days, begin) - np.searchsorted(days, last)) == 6
    assert anchored.walk_id != walked(tmp_path).walk_id


def test_bars_before_the_walk_warm_the_thesis_up(tmp_path: Path) -> None:
    start = str(market().bars.sessions[20])
    later = walked(tmp_path, start=start)
    assert later.windows[0].train[0] == start
    assert later.windows[0].window.train == (0, 30), "rows are counted from the walk's first session"


def test_the_id_is_that_of_what_is_asked_however_it_is_written(tmp_path: Path) -> None:
    vary = ("names=1,2",)
    one, same, other = (walked(tmp_path, vary=vary, params=params) for params in ({"back": "5"}, {}, {"back": "4"}))
    assert one.walk_id == same.walk_id != other.walk_id
    assert one.params == {"back": 5}


def test_the_id_of_what_is_asked_is_known_before_anything_is_run(tmp_path: Path) -> None:
    loaded, data = thesis(tmp_path), market()
    one, same, other = (plan_walk(loaded, data, request(loaded, seed=seed)) for seed in (0, 0, 1))
    assert one.asked_id == same.asked_id != other.asked_id
    made = run_walk(one)
    assert {**one.asked, "chosen": made.record["chosen"], "fills": made.record["fills"]} == made.record
    assert [window.window for window in made.windows] == list(one.windows)


def test_what_is_varied_of_the_market_is_traded_with(tmp_path: Path) -> None:
    made = walked(tmp_path, vary=("market.slippage=0,200",))
    assert {window.chosen["market.slippage"] for window in made.windows if window.chosen} == {0}
    dear = walked(tmp_path, vary=("market.slippage=200,300",))
    assert dear.equity[-1] < made.equity[-1]
    assert dear.default.tolist() == made.default.tolist(), "the settings are those of the command"


def test_a_window_without_an_allowed_trial_stays_in_cash(tmp_path: Path) -> None:
    free = walked(tmp_path, score="total")
    totals = sorted(window.in_score for window in free.windows if window.in_score is not None)
    bound = (totals[1] + totals[2]) / 2
    held = walked(tmp_path, score="total", constraints=(f"total_return>={bound}",))
    idle = [window for window in held.windows if window.chosen is None]
    assert [window.number for window in idle] == [
        window.number for window in free.windows if (window.in_score or 0.0) < bound
    ]
    for window in idle:
        assert set(window.equity.tolist()) == {window.start_cash}
        assert (window.fills, window.allowed, window.in_score, window.out_score, window.efficiency) == (
            0, 0, None, None, None,
        )  # fmt: skip
        assert window.note == "Stayed in cash: no trial has a score that every constraint allows."
    assert "2 windows stayed in cash." in held.sentence
    assert held.changed[1] == 1
    traded = [window for window in held.windows if window.chosen is not None]
    assert held.out_annual == pytest.approx(
        math.prod(1.0 + window.out_return for window in traded) ** (SESSIONS_A_YEAR / 30) - 1.0
    )


FAILING = MOMENTUM.replace(
    "        return", "        if self.back > 5:\n            raise ValueError('no')\n        return"
)


def test_a_failed_trial_is_counted_and_not_chosen(tmp_path: Path) -> None:
    made = walked(tmp_path, FAILING)
    assert [window.failed for window in made.windows] == [2] * 4
    assert all(window.chosen is not None and window.chosen["back"] < 8 for window in made.windows)
    assert "ValueError: no" in made.windows[0].first_error


# No future reaches a window.

NOON = "history.adjusted.close"
CHEATS = {
    "tomorrow's return": "equal_weight(top(history.returns(1).shift(-1), 2), slots=2)",
    "next week's return": "equal_weight(top(history.returns(5).shift(-5), 2), slots=2)",
    "mean of all rows": f"equal_weight({NOON} > {NOON}.mean(), slots=6)",
    "z-score over all rows": (
        "equal_weight((history.returns(5) - history.returns(5).mean()) / history.returns(5).std() > 0.5, slots=6)"
    ),
    "rank over all rows": "equal_weight(history.returns(5).rank(axis=0, pct=True) > 0.7, slots=6)",
    "quantile of all rows": f"equal_weight({NOON} > {NOON}.quantile(0.6), slots=6)",
    "peak of all rows": f"equal_weight({NOON} < 0.9 * {NOON}.max(), slots=6)",
    "last row": f"equal_weight({NOON} < {NOON}.iloc[-1], slots=6)",
    "filled backward": (
        "equal_weight(history.strength('model_release').where(history.catalysts('model_release')).bfill(limit=3).notna(),"
        " slots=6)"
    ),
    "catalysts before they are known": (
        "equal_weight(history.catalysts('model_release').shift(-2, fill_value=False), slots=6)"
    ),
    "events before they are known": "self.early(history)",
    "centred mean": f"equal_weight({NOON} > {NOON}.rolling(5, center=True, min_periods=1).mean(), slots=6)",
    "reversed": f"equal_weight({NOON}[::-1].rolling(3, min_periods=1).max()[::-1] > {NOON}, slots=6)",
    "number of rows": "equal_weight(history.tradable, slots=6) * (len(history.sessions) % 7) / 7",
}
HONEST = {
    "momentum": "equal_weight(top(history.returns(5), 2), slots=2)",
    "mean so far": f"equal_weight({NOON} > {NOON}.expanding().mean(), slots=6)",
    "z-score so far": f"equal_weight(({NOON} - {NOON}.rolling(9).mean()) / {NOON}.rolling(9).std() > 0.5, slots=6)",
    "rank across names": "equal_weight(history.returns(5).rank(axis=1, pct=True) > 0.7, slots=6)",
    "exponential mean": f"equal_weight({NOON} > {NOON}.ewm(span=9).mean(), slots=6)",
    "peak so far": f"equal_weight({NOON} < 0.95 * {NOON}.cummax(), slots=6)",
    "filled forward": f"equal_weight(({NOON}.where({NOON} > 20).ffill(limit=3)) > 0, slots=6)",
    "fresh catalysts": "equal_weight(history.catalysts('model_release', within=5), slots=6)",
    "bought and held": "equal_weight(history.tradable.cummax(), slots=6)",
}
EARLY = """
    def early(self, history):
        weights = pd.DataFrame(0.0, index=history.sessions, columns=list(history.symbols))
        for touch in history.touches():
            rows = slice(max(touch.row - 3, 0), touch.row + 1)
            weights.iloc[rows, list(touch.columns)] = 0.15
        return weights
"""


def judged(weights: str) -> str:
    return (
        HEAD
        + "\nclass AThesis(Strategy):\n    part = Param(0.9, low=0.1, high=1.0, doc='invested')\n\n"
        + f"    def targets(self, history):\n        return ({weights}) * self.part\n"
        + EARLY
    )


@pytest.mark.parametrize("weights", CHEATS.values(), ids=CHEATS)
def test_a_thesis_that_looks_ahead_is_caught(tmp_path: Path, weights: str) -> None:
    with pytest.raises(ThesisError) as caught:
        walked(tmp_path, judged(weights), vary=("part=0.5,0.9",))
    said = re.fullmatch(
        r"a_thesis looks ahead: in window (\d) the target of (\d{6}\.S[HZ]) on (\d{4}-\d\d-\d\d) is (.+) where the "
        r"bars end on (\d{4}-\d\d-\d\d) and (.+) where they go on to (\d{4}-\d\d-\d\d): let no row use .+",
        str(caught.value),
    )
    assert said is not None, str(caught.value)
    window, _, session, less, cut, more, end = said.groups()
    assert window == "1"
    assert less != more
    assert session <= cut < end == str(market().bars.sessions[44])


DODGER = (
    HEAD
    + """
class Dodger(Strategy):
    bad = Param(0.01, low=0.0, high=0.1, doc="fall of the morrow from which it stays away")

    def targets(self, history):
        crash = history.returns(1).shift(-1).mean(axis=1) < -self.bad
        return equal_weight(history.tradable, slots=6).mask(crash, 0.0)
"""
)
ONCE = (
    HEAD
    + """
class Once(Strategy):
    at = Param(30, low=0, high=89, doc="row on which tomorrow is known")

    def targets(self, history):
        moves = history.returns(1).copy()
        if self.at < len(moves):
            moves.iloc[self.at] = history.returns(1).shift(-1).iloc[self.at]
        return equal_weight(top(moves, 2), slots=2)
"""
)


@pytest.mark.parametrize("bad", [0.005, 0.008, 0.0097, 0.0105])
def test_a_thesis_that_steps_aside_before_it_falls_is_caught(tmp_path: Path, bad: float) -> None:
    bars = market().bars
    falls = np.flatnonzero(History(bars).returns(1).mean(axis=1).to_numpy() < -bad)
    before = [str(bars.sessions[row - 1]) for row in falls if row > 31]
    assert len(before) == {0.005: 10, 0.008: 6, 0.0097: 2, 0.0105: 1}[bad]
    with pytest.raises(
        ThesisError, match=rf"dodger looks ahead: in window \d .+ on ({'|'.join(before)}) is left alone"
    ):
        walked(tmp_path, DODGER, vary=("market.slippage=0",), params={"bad": bad}, train=31)


def looks_ahead(strategy: Strategy, known: History, window: Window, first: int = 0, *, every: bool = True) -> str:
    """Return what the guard says of it, "" where nothing."""
    try:
        demand_no_look_ahead(strategy, known, window, first, every=every)
    except ThesisError as fault:
        return str(fault)
    return ""


@pytest.mark.parametrize("every", [True, False])
def test_a_peek_on_any_single_session_that_is_traded_is_caught(tmp_path: Path, *, every: bool) -> None:
    window = Window(1, (0, 30), (32, 45))
    once = thesis(tmp_path, ONCE).strategy
    bars = market().bars
    known = History(bars).until(bars.sessions[44])
    said = {at: looks_ahead(once(at=at), known, window, every=every) for at in range(47)}
    caught = [at for at, words in said.items() if words]
    assert caught == ([29, *range(32, 44)] if every else cuts_of(window))
    assert all(f" on {bars.sessions[at]} is " in said[at] for at in caught)


def test_rows_of_a_window_are_counted_from_the_first_session_of_the_walk(tmp_path: Path) -> None:
    once = thesis(tmp_path, ONCE).strategy
    known = History(market().bars).until(market().bars.sessions[46])
    caught = [at for at in range(47) if looks_ahead(once(at=at), known, Window(1, (0, 30), (32, 45)), first=2)]
    assert caught == [31, *range(34, 46)]


def test_what_the_first_traded_session_emits_is_compared_as_it_is_traded(tmp_path: Path) -> None:
    text = (
        HEAD
        + """
class Held(Strategy):
    at = Param(32, low=0, high=89, doc="row")

    def targets(self, history):
        weights = pd.DataFrame(0.1, index=history.sessions, columns=history.columns)
        if len(weights) == self.at + 1:
            weights.iloc[self.at] = np.nan
        return weights
"""
    )  # left alone or wanted still: from the first bar on both emit nothing there, yet the test begins with it
    held = thesis(tmp_path, text).strategy
    known = History(market().bars).until(market().bars.sessions[44])
    with pytest.raises(ThesisError, match=r"is left alone where the bars end on .+ and 10\.00% where"):
        demand_no_look_ahead(held(), known, Window(1, (0, 30), (32, 45)))


@pytest.mark.parametrize("weights", HONEST.values(), ids=HONEST)
def test_an_honest_thesis_passes(tmp_path: Path, weights: str) -> None:
    assert len(walked(tmp_path, judged(weights), vary=("part=0.5,0.9",)).windows) == 4


def test_a_parameter_that_peeks_is_caught_where_it_is_chosen(tmp_path: Path) -> None:
    text = MOMENTUM.replace(
        "history.returns(self.back)", "history.returns(5).shift(-1 if self.back == 8 else 0)"
    )  # 8 knows tomorrow, so it is the best in sample
    with pytest.raises(ThesisError, match="momentum looks ahead: in window 1 "):
        walked(tmp_path, text)
    assert walked(tmp_path, text, vary=("back=2:5:3",)).windows


def test_default_parameters_that_peek_are_caught_too(tmp_path: Path) -> None:
    text = MOMENTUM.replace("history.returns(self.back)", "history.returns(5).shift(-1 if self.back == 5 else 0)")
    with pytest.raises(ThesisError, match="momentum looks ahead"):
        walked(tmp_path, text, vary=("back=2,8",))


def test_a_thesis_that_changes_its_mind_is_told_apart_from_one_that_looks_ahead(tmp_path: Path) -> None:
    with pytest.raises(ThesisError, match="gives other targets each time it is asked"):
        walked(tmp_path, judged("equal_weight(top(history.returns(1) + np.random.rand(), 1)) * np.random.rand()"),
               vary=("part=0.5,0.9",))  # fmt: skip


def test_while_it_is_tuned_a_thesis_sees_nothing_after_its_training(tmp_path: Path) -> None:
    seen = tmp_path / "seen.txt"  # trials are evaluated in processes of their own
    text = MOMENTUM.replace(
        "        return",
        f"        with open({str(seen)!r}, 'a') as file:\n"
        "            print(history.bars.sessions[-1], len(history.events), file=file)\n        return",
    )
    loaded = thesis(tmp_path, text)
    tuned: dict[int, list[str]] = {}

    def while_tuned(window: int, _windows: int, done: int, trials: int) -> None:
        if done == 0:
            seen.write_text("", encoding="utf-8")
        if done == trials:
            tuned[window] = seen.read_text(encoding="utf-8").splitlines()

    made = walk_forward(loaded, market(), request(loaded), while_tuned)
    for window in made.windows:
        last = window.train[1]
        known = sum(str(event.known_at)[:10] <= last for event in market().catalysts)
        assert tuned[window.number] == [f"{last} {known}"] * 6


def test_the_guard_cuts_after_the_training_and_inside_the_test() -> None:
    assert cuts_of(Window(1, (0, 30), (35, 45))) == [29, 35, 36, 38, 40, 42]
    assert cuts_of(Window(1, (0, 30), (30, 31)), first=7) == [36]
    for length in range(1, 30):
        cuts = cuts_of(Window(1, (0, 30), (30, 30 + length)))
        assert cuts[0] == 29
        assert cuts[-1] < 29 + length, "a cut at the very end would compare a history with itself"


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in (Path(__file__).resolve().parents[1] / "strategies").glob("*.py"))
)
def test_every_shipped_thesis_walks_the_sample(root: Path, name: str) -> None:
    found = discover([root / "strategies"], root).find(name)
    space = read_space(("exits.stop_loss=none,0.1",), found.strategy)
    asked = WalkRequest(MarketSettings(), {}, space, train=486, test=240)
    made = walk_forward(found, source.load("sample", root), asked)
    assert [window.window.test_sessions for window in made.windows] == [240, 240, 240, 6]
    assert made.simulated


# What goes wrong.


def test_ledgers_that_differ_fail_the_walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = replay.replay

    def off_by_a_mill(*words: Any, **more: Any) -> Ledger:
        ledger = honest(*words, **more)
        return replace(ledger, cash=ledger.cash + 1)

    monkeypatch.setattr(replay, "replay", off_by_a_mill)
    with pytest.raises(LedgerError, match=r"^window 1: .* differs from backtrader's: cash\[0\]") as caught:
        walked(tmp_path)
    assert caught.value.exit_status == 1


def test_an_account_that_grew_beyond_what_one_may_start_with_is_said_with_its_window(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError,
        match=r"^window [234] begins with 10,0\d\d,\d{3},\d{3} CNY, and an account may start with at most "
        r"10,000,000,000: give a smaller --cash",
    ):
        walked(tmp_path, settings=MarketSettings(cash=9_999_999_999.0))


def test_an_account_that_outgrows_the_engine_is_said_with_its_window(tmp_path: Path) -> None:
    cells, price = [], 10.0
    for _ in range(60):
        cells.append(f"{price:.2f}/{price * 1.09:.2f};v=90000000000")
        price = round(price * 1.09, 2)
    bars = build("2024-01-02", {SYMBOLS[0]: " ".join(cells)}, listed={SYMBOLS[0]: "2001-08-27"})
    rising = Source("hand-made bars", False, bars, (), {})
    with pytest.raises(UsageError, match=r"^window 1: trial 0 grew beyond 100,000,000,000 CNY.+start with less cash"):
        walked(
            tmp_path, judged("equal_weight(history.tradable, slots=1)"), rising, vary=("part=0.9",),
            train=3, test=50, settings=MarketSettings(cash=9e9, participation=1.0),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"train": 90}, "there are 90 sessions, and one window needs 91 (90 to train and 1 to test)"),
        ({"vary": ("market.cash=100000,200000",)}, "--vary market.cash: a walk-forward carries its cash"),
        ({"workers": 0}, "--workers is 0: give a whole number from 1"),
        ({"sampler": "bayes"}, "no sampler is called 'bayes': choose from grid, random, tpe"),
        ({"trials": 7}, "--trials 7 is more than there is to try"),
        ({"params": {"bakc": "3"}}, "momentum has no parameter 'bakc' (did you mean 'back'?)"),
        ({"benchmark": "000301.SH"}, "benchmark '000301.SH' is not an index of this data"),
        ({"start": "2031-01-02"}, "start 2031-01-02 is after the last bar"),
        ({"constraints": ("fills>1e9",)}, "no window has a trial with a score that every constraint allows"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_does_not_fit_is_said_in_one_sentence(tmp_path: Path, words: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        walked(tmp_path, **words)


def test_a_thesis_of_which_every_trial_fails_is_refused(tmp_path: Path) -> None:
    text = MOMENTUM.replace(
        "        return", "        if self.back != 5:\n            raise ValueError('no')\n        return"
    )
    with pytest.raises(UsageError, match=r"^all 16 trials failed, the first with: momentum: .*ValueError: no"):
        walked(tmp_path, text, vary=("back=2,3,4,6",))


def test_a_plain_backtrader_strategy_is_refused(tmp_path: Path) -> None:
    loaded = replace(thesis(tmp_path), kind="backtrader")
    with pytest.raises(UsageError, match="momentum is a plain backtrader strategy"):
        walk_forward(loaded, market(), request(thesis(tmp_path)))
