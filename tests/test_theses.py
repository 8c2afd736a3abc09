"""The shipped theses on the sample market: they trade, and they know nothing of the future."""

from __future__ import annotations

import ast
import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backfolio import source
from backfolio.calendar import SHANGHAI
from backfolio.catalysts import Catalyst
from backfolio.discover import discover
from backfolio.history import History
from backfolio.strategy.emission import checked_weights
from backfolio.testing import build
from backfolio.universe import Member, Universe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from backfolio.strategy import Strategy

SHIPPED = ("analyst_upgrade", "buy_and_hold", "domestic_compute", "model_release", "random_names")
THEME = "domestic-compute"


@pytest.fixture(scope="module")
def theses(root: Path) -> Mapping[str, type[Strategy]]:
    catalogue = discover([root / "strategies"], workspace=root)
    assert catalogue.broken == ()
    return {name: found.strategy for name, found in catalogue.theses.items()}


@pytest.fixture(scope="module")
def sample(root: Path) -> History:
    market = source.load("sample", root)
    return History(market.bars, market.catalysts, market.universes[THEME])


def weights_of(thesis: Strategy, history: History) -> NDArray[np.float64]:
    return checked_weights(thesis.targets(history), history)


def test_the_shipped_theses_are_these(theses: Mapping[str, type[Strategy]]) -> None:
    assert tuple(theses) == SHIPPED
    assert all(thesis.universe == THEME for thesis in theses.values())


@pytest.mark.parametrize("name", SHIPPED)
def test_each_imports_only_what_a_thesis_may_use(root: Path, name: str) -> None:
    tree = ast.parse((root / "strategies" / f"{name}.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert modules <= {"backfolio", "numpy", "pandas", "hashlib"}


@pytest.mark.parametrize("name", SHIPPED)
class TestEachThesis:
    def test_it_trades_and_its_weights_are_sound(
        self, theses: Mapping[str, type[Strategy]], sample: History, name: str
    ) -> None:
        thesis = theses[name]()
        weights = weights_of(thesis, sample)
        held = np.nan_to_num(weights)
        assert ((held > 0).any(axis=0)).sum() >= 10, "most names of the theme have their turn"
        assert 0.1 < held.sum(axis=1).mean() <= 1
        assert held.max() <= max(0.25, 1 / sample.members.to_numpy().sum(axis=1).min())
        assert not (held[~sample.members.to_numpy()] > 0).any(), "nothing outside the universe"
        emitted = thesis.emit(sample).weights
        assert (emitted > 0).sum() > 40

    def test_what_left_the_universe_is_sold_and_what_is_suspended_is_left_alone(
        self, theses: Mapping[str, type[Strategy]], sample: History, name: str
    ) -> None:
        weights = weights_of(theses[name](), sample)
        members, tradable = sample.members.to_numpy(), sample.tradable.to_numpy()
        assert (weights[~members] == 0).all()
        if name != "buy_and_hold":  # it holds on to its weight, which says the same
            assert np.isnan(weights[members & ~tradable]).all()
        assert not np.isnan(weights[tradable]).any()

    def test_truncating_the_history_leaves_earlier_targets_as_they_are(
        self, theses: Mapping[str, type[Strategy]], sample: History, name: str
    ) -> None:
        thesis = theses[name]()
        whole = weights_of(thesis, sample)
        points = thesis.emit(sample).weights
        dice = np.random.default_rng(5)
        cuts = {1, 2, *dice.choice(np.arange(3, len(whole)), 40, replace=False).tolist()}
        for rows in sorted(cuts):
            past = sample.until(sample.sessions[rows - 1])
            assert np.array_equal(weights_of(thesis, past), whole[:rows], equal_nan=True), f"{rows} sessions"
            assert np.array_equal(thesis.emit(past).weights, points[:rows])

    def test_the_same_history_gives_the_same_targets(
        self, theses: Mapping[str, type[Strategy]], sample: History, name: str
    ) -> None:
        again = History(sample.bars, sample.events, sample.universe)
        assert theses[name]().emit(again) == theses[name]().emit(sample)

    @pytest.mark.parametrize("edge", ["low", "high"])
    def test_every_parameter_runs_at_its_bounds(
        self, theses: Mapping[str, type[Strategy]], sample: History, name: str, edge: str
    ) -> None:
        past = sample.until(sample.sessions[400])
        for parameter, declared in theses[name].declared.items():
            thesis = theses[name](**{parameter: getattr(declared, edge)})
            assert thesis.emit(past).weights.shape == past.bars.shape

    def test_a_market_without_catalysts_is_no_fault(
        self, theses: Mapping[str, type[Strategy]], sample: History, name: str
    ) -> None:
        quiet = History(sample.bars.rows(0, 100), (), sample.universe)
        invested = np.nan_to_num(weights_of(theses[name](), quiet)).any()
        assert invested == (name in {"buy_and_hold", "random_names"})


def catalyst(kind: str, day: str, symbol: str, strength: float = 1.0) -> Catalyst:
    known_at = dt.datetime.fromisoformat(f"{day}T18:00:00").replace(tzinfo=SHANGHAI)
    return Catalyst(
        id=f"{kind}-{day}-{symbol}",
        kind=kind,
        title=f"{kind} of {symbol}",
        known_at=known_at,
        symbols=(symbol,),
        segment="",
        strength=strength,
        source="a test",
        certainty="made up",
        time_known="yes",
    )


SYMBOLS = ("000001.SZ", "300750.SZ", "600000.SH", "688256.SH")


def market(lines: Mapping[str, str], *events: Catalyst, **joined: str) -> History:
    open_end = np.datetime64("NaT", "D")
    members = tuple(
        Member(symbol, symbol, symbol, "cpu", "", np.datetime64(joined.get(f"s{symbol[:6]}", "NaT"), "D"), open_end)
        for symbol in sorted(lines)
    )
    return History(build("2025-01-02", lines), events, Universe(THEME, members))


def flat(rows: int) -> dict[str, str]:
    return {symbol: " ".join(["10"] * rows) for symbol in SYMBOLS}


class TestAnalystUpgrade:
    @staticmethod
    def rows(thesis: type[Strategy], *events: Catalyst, **params: Any) -> list[list[float]]:
        options = {"hold": 2, "min_raise": 0.1, "full_raise": 0.4, "most": 0.25, **params}
        return weights_of(thesis(**options), market(flat(6), *events)).round(4).tolist()

    def test_a_stronger_raise_gets_more_and_an_upgrade_always_something(
        self, theses: Mapping[str, type[Strategy]]
    ) -> None:
        events = (
            catalyst("target_raise", "2025-01-03", SYMBOLS[0], 0.05),
            catalyst("target_raise", "2025-01-03", SYMBOLS[1], 0.2),
            catalyst("target_raise", "2025-01-03", SYMBOLS[2], 0.9),
            catalyst("analyst_upgrade", "2025-01-03", SYMBOLS[3], 0.0),
        )
        fresh = [0.0, 0.125, 0.25, 0.0625]
        nothing = [0.0] * 4
        assert self.rows(theses["analyst_upgrade"], *events) == [nothing, fresh, fresh, nothing, nothing, nothing]

    def test_a_small_raise_does_not_end_what_a_large_one_began(self, theses: Mapping[str, type[Strategy]]) -> None:
        events = (
            catalyst("target_raise", "2025-01-03", SYMBOLS[0], 0.4),
            catalyst("target_raise", "2025-01-06", SYMBOLS[0], 0.02),
        )
        column = [row[0] for row in self.rows(theses["analyst_upgrade"], *events, hold=3)]
        assert column == [0, 0.25, 0.25, 0.25, 0, 0]

    def test_a_raise_from_before_the_data_is_fresh_as_an_upgrade_is(self, theses: Mapping[str, type[Strategy]]) -> None:
        events = (
            catalyst("target_raise", "2024-12-31", SYMBOLS[0], 0.4),
            catalyst("analyst_upgrade", "2024-12-31", SYMBOLS[1], 0.4),
        )
        nothing = [0.0] * 4
        assert self.rows(theses["analyst_upgrade"], *events, hold=3)[:3] == [[0.25, 0.25, 0.0, 0.0]] * 2 + [nothing]

    def test_more_than_the_capital_is_scaled_down(self, theses: Mapping[str, type[Strategy]]) -> None:
        events = [catalyst("analyst_upgrade", "2025-01-03", symbol, 0.4) for symbol in SYMBOLS]
        assert self.rows(theses["analyst_upgrade"], *events, most=0.5)[1] == [0.25] * 4

    def test_cuts_and_downgrades_buy_nothing(self, theses: Mapping[str, type[Strategy]]) -> None:
        events = (
            catalyst("target_cut", "2025-01-03", SYMBOLS[0], -0.4),
            catalyst("analyst_downgrade", "2025-01-03", SYMBOLS[1], 0.4),
        )
        assert not np.any(self.rows(theses["analyst_upgrade"], *events))


class TestCatalystTheses:
    RISING: Mapping[str, str] = {
        SYMBOLS[0]: "10 10 10 10 10 10",
        SYMBOLS[1]: "10 10.5 11 11.5 12 12.5",
        SYMBOLS[2]: "10 10.2 10.4 10.6 10.8 11",
        SYMBOLS[3]: "10 9.9 9.8 9.7 9.6 9.5",
    }

    @pytest.mark.parametrize(("names", "bought"), [(1, [1]), (2, [1, 2]), (4, [1, 2])])
    def test_model_release_buys_those_ahead_of_the_theme(
        self, theses: Mapping[str, type[Strategy]], names: int, bought: list[int]
    ) -> None:
        events = [catalyst("model_release", "2025-01-07", symbol) for symbol in SYMBOLS]
        thesis = theses["model_release"](names=names, lookback=2, hold=2)
        weights = weights_of(thesis, market(self.RISING, *events))
        assert np.flatnonzero(weights.any(axis=1)).tolist() == [3, 4], "decided after the close of the 7th, for two"
        assert np.flatnonzero(weights[3]).tolist() == bought
        assert np.allclose(weights[3][bought], 1 / names)

    def test_model_release_keeps_what_it_bought_while_the_news_is_fresh(
        self, theses: Mapping[str, type[Strategy]]
    ) -> None:
        events = [catalyst("model_release", "2025-01-07", symbol) for symbol in SYMBOLS]
        overtaken = {**self.RISING, SYMBOLS[0]: "10 10 10 10 11 12"}
        thesis = theses["model_release"](names=1, lookback=2, hold=3)
        held = weights_of(thesis, market(overtaken, *events))
        assert [np.flatnonzero(row).tolist() for row in held] == [[], [], [], [1], [1], [1]]

    def test_domestic_compute_takes_both_kinds_of_news_and_no_other(
        self, theses: Mapping[str, type[Strategy]], sample: History
    ) -> None:
        thesis = theses["domestic_compute"](hold=5)
        held = np.nan_to_num(weights_of(thesis, sample)) > 0
        fresh = sample.catalysts("model_release", "analyst_upgrade", within=5).to_numpy()
        assert held.any()
        assert not (held & ~fresh).any()
        for kind in ("model_release", "analyst_upgrade"):
            assert (held & sample.catalysts(kind).to_numpy()).any()

    def test_domestic_compute_holds_no_more_names_than_asked(
        self, theses: Mapping[str, type[Strategy]], sample: History
    ) -> None:
        weights = np.nan_to_num(weights_of(theses["domestic_compute"](names=3), sample))
        assert (weights > 0).sum(axis=1).max() == 3
        assert set(np.unique(weights)) == {0.0, 1 / 3}


class TestBuyAndHold:
    def test_it_buys_once_and_again_only_when_a_name_joins(self, theses: Mapping[str, type[Strategy]]) -> None:
        lines = flat(6)
        lines[SYMBOLS[1]] = "- - 10 10 - 10"
        lines[SYMBOLS[2]] = "10 - 10 10 10 10"
        past = market(lines, s688256="2025-01-07")
        emitted = theses["buy_and_hold"]().emit(past).weights.tolist()
        silent = [-1] * 4
        assert emitted == [[5000, 0, 5000, 0], silent, [3333, 3333, 3333, -1], [2500] * 4, silent, silent]

    def test_a_window_that_starts_late_buys_everything_there_is_on_its_first_day(
        self, theses: Mapping[str, type[Strategy]]
    ) -> None:
        assert theses["buy_and_hold"]().emit(market(flat(6)), first=3, stop=5).weights.tolist() == [
            [2500] * 4,
            [-1] * 4,
        ]


class TestRandomNames:
    def test_another_seed_is_another_draw_and_the_same_seed_the_same(
        self, theses: Mapping[str, type[Strategy]], sample: History
    ) -> None:
        draws = [theses["random_names"](seed=seed).emit(sample) for seed in (1, 2, 1)]
        assert draws[0] == draws[2]
        assert draws[0] != draws[1]

    def test_a_later_start_of_the_data_draws_the_same_names(
        self, theses: Mapping[str, type[Strategy]], sample: History
    ) -> None:
        late = History(sample.bars.rows(300, 500), (), sample.universe)
        thesis = theses["random_names"]()
        assert np.array_equal(weights_of(thesis, late), weights_of(thesis, sample)[300:500], equal_nan=True)

    def test_names_are_held_for_about_hold_sessions_and_each_has_its_turn(
        self, theses: Mapping[str, type[Strategy]], sample: History
    ) -> None:
        held = np.nan_to_num(weights_of(theses["random_names"](hold=10, names=4), sample)) > 0
        bought = (held[1:] & ~held[:-1]).sum()
        draws = len(held) / 10
        assert 0.4 * 4 * draws < bought < 1.4 * 4 * draws
        share = held[-400:].mean(axis=0)[sample.members.to_numpy()[-400:].all(axis=0)]
        assert (share > 0.1).all()
        assert (share < 0.6).all()

    def test_no_name_is_preferred_over_many_seeds(self, theses: Mapping[str, type[Strategy]]) -> None:
        past = market(flat(1))
        first = [theses["random_names"](seed=seed, names=1).emit(past).weights[0] > 0 for seed in range(400)]
        counts = np.sum(first, axis=0)
        assert counts.sum() == 400
        assert (np.abs(counts - 100) < 40).all()  # four standard deviations of a fair draw are 35
