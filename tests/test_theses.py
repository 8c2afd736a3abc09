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

SHIPPED = (
    "analyst_upgrade",
    "buy_and_hold",
    "capex",
    "composite",
    "domestic_compute",
    "export_control",
    "model_release",
    "random_names",
    "route_rotation",
    "spillover",
)
PARTS = ("model_release", "analyst_upgrade", "capex", "export_control", "spillover", "route_rotation")
"""What `composite` allocates over."""

FEW = {"route_rotation": (5, 0.1, 40), "spillover": (8, 0.01, 20)}
"""Least number of names that have their turn, mean exposure and weights emitted, where they are not 10, 0.1 and 40."""

NEED_NO_NEWS = {"buy_and_hold", "composite", "random_names", "route_rotation"}
"""Those that find something to hold in a quiet market; a close at the limit is news of its own."""

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
    allowed = {"backfolio", "numpy", "pandas", "hashlib"}
    assert modules - allowed == (set(PARTS) if name == "composite" else set())


@pytest.mark.parametrize("name", SHIPPED)
class TestEachThesis:
    def test_it_trades_and_its_weights_are_sound(
        self, theses: Mapping[str, type[Strategy]], sample: History, name: str
    ) -> None:
        thesis = theses[name]()
        weights = weights_of(thesis, sample)
        held = np.nan_to_num(weights)
        names, exposure, orders = FEW.get(name, (10, 0.1, 40))
        assert ((held > 0).any(axis=0)).sum() >= names, "most names that it may hold have their turn"
        assert exposure < held.sum(axis=1).mean() <= 1
        assert held.max() <= max(0.25, 1 / sample.members.to_numpy().sum(axis=1).min())
        assert not (held[~sample.members.to_numpy()] > 0).any(), "nothing outside the universe"
        emitted = thesis.emit(sample).weights
        assert (emitted > 0).sum() > orders

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
        assert invested == (name in NEED_NO_NEWS)


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


def market(
    lines: Mapping[str, str], *events: Catalyst, segments: str = "cpu", routes: str = "", **joined: str
) -> History:
    """Return a market of these lines; segments and routes are one for all, or one a symbol in their order."""
    open_end = np.datetime64("NaT", "D")
    symbols = sorted(lines)
    makes = segments.split() if " " in segments else [segments] * len(symbols)
    takes = [word.strip("-") for word in routes.split()] or [""] * len(symbols)
    members = tuple(
        Member(
            symbol, symbol, symbol, segment, route, np.datetime64(joined.get(f"s{symbol[:6]}", "NaT"), "D"), open_end
        )
        for symbol, segment, route in zip(symbols, makes, takes, strict=True)
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


class TestCapex:
    def test_it_holds_whom_the_spending_touches_until_it_is_old_or_another_house_spends_less(
        self, theses: Mapping[str, type[Strategy]]
    ) -> None:
        events = [
            *(catalyst("capital_spending", "2025-01-03", symbol) for symbol in SYMBOLS[:3]),
            catalyst("capital_spending", "2025-01-06", SYMBOLS[1], -1.0),
        ]
        held = weights_of(theses["capex"](hold=5, most=0.2), market(flat(8), *events)).round(4).tolist()
        nothing, some, fewer = [0.0] * 4, [0.2, 0.2, 0.2, 0.0], [0.2, 0.0, 0.2, 0.0]
        assert held == [nothing, some, fewer, fewer, fewer, fewer, nothing, nothing]

    def test_no_other_news_counts(self, theses: Mapping[str, type[Strategy]]) -> None:
        others = [catalyst(kind, "2025-01-03", SYMBOLS[0]) for kind in ("policy", "results", "model_release")]
        assert not weights_of(theses["capex"](), market(flat(6), *others)).any()


class TestExportControl:
    RISING: Mapping[str, str] = {
        SYMBOLS[0]: "10 10.1 10.2 10.3 10.4 10.5 10.6",
        SYMBOLS[1]: "10 10.5 11 11.5 12 12.5 13",
        SYMBOLS[2]: "10 10.2 10.4 10.6 10.8 11 11.2",
        SYMBOLS[3]: "10 9.9 9.8 9.7 9.6 9.5 9.4",
    }

    def held(self, thesis: Strategy, *events: Catalyst) -> list[list[int]]:
        weights = weights_of(thesis, market(self.RISING, *events))
        return [np.flatnonzero(row > 0).tolist() for row in weights]

    def test_pressure_buys_the_strongest_of_those_it_touches_and_relief_sells(
        self, theses: Mapping[str, type[Strategy]]
    ) -> None:
        thesis = theses["export_control"](hold=5, lookback=2, names=2)
        pressure = [catalyst("policy", "2025-01-06", symbol) for symbol in (SYMBOLS[0], SYMBOLS[1], SYMBOLS[3])]
        assert self.held(thesis, *pressure) == [[], [], [0, 1], [0, 1], [0, 1], [0, 1], [0, 1]]
        relief = [catalyst("policy", "2025-01-08", symbol, -1.0) for symbol in (SYMBOLS[1], SYMBOLS[3])]
        assert self.held(thesis, *pressure, *relief) == [[], [], [0, 1], [0, 1], [0], [0], [0]]

    def test_a_policy_whose_direction_is_mixed_buys_nothing(self, theses: Mapping[str, type[Strategy]]) -> None:
        thesis = theses["export_control"](hold=5, lookback=2)
        assert self.held(thesis, catalyst("policy", "2025-01-06", SYMBOLS[1], 0.0)) == [[]] * 7


class TestSpillover:
    LIMIT: Mapping[str, str] = {
        SYMBOLS[0]: "10 11 11 11 11 11 11",
        SYMBOLS[1]: "10 10.2 10.2 10.2 10.2 10.2 10.2",
        SYMBOLS[2]: "10 10.6 10.6 10.6 10.6 10.6 10.6",
        SYMBOLS[3]: "10 10.9 10.9 10.9 10.9 10.9 10.9",
    }
    """The first, of the main board, closes at its limit of 10% on the second session."""

    def held(self, thesis: Strategy, lines: Mapping[str, str], segments: str) -> list[list[int]]:
        weights = weights_of(thesis, market(lines, segments=segments))
        return [np.flatnonzero(row > 0).tolist() for row in weights]

    def test_followers_of_the_same_segment_are_bought_and_not_the_leader_nor_another_segment(
        self, theses: Mapping[str, type[Strategy]]
    ) -> None:
        thesis = theses["spillover"](hold=3, names=3)
        pulled = [[], [1, 2], [1, 2], [1, 2], [], [], []]
        assert self.held(thesis, self.LIMIT, "cpu cpu cpu server") == pulled
        assert self.held(theses["spillover"](hold=3, names=1), self.LIMIT, "cpu cpu cpu server") == [
            [2] if row else [] for row in pulled
        ], "that which rose most"

    def test_close_to_the_limit_is_not_at_it(self, theses: Mapping[str, type[Strategy]]) -> None:
        almost = {**self.LIMIT, SYMBOLS[0]: "10 10.99 11 11 11 11 11"}
        assert self.held(theses["spillover"](), almost, "cpu") == [[]] * 7

    def test_the_limit_is_that_of_the_board(self, theses: Mapping[str, type[Strategy]]) -> None:
        ten_percent = {**flat(7), SYMBOLS[3]: "10 11 11 11 11 11 11"}
        assert self.held(theses["spillover"](), ten_percent, "cpu") == [[]] * 7, "STAR moves by 20%"
        twenty = {**flat(7), SYMBOLS[3]: "10 12 12 12 12 12 12"}
        assert self.held(theses["spillover"](hold=2), twenty, "cpu")[1:4] == [[0, 1, 2], [0, 1, 2], []]


class TestRouteRotation:
    ROUTES = "gpgpu gpgpu own-ecosystem -"

    def held(self, lines: Mapping[str, str], thesis: Strategy) -> list[list[int]]:
        weights = weights_of(thesis, market(lines, routes=self.ROUTES))
        return [np.flatnonzero(row > 0).tolist() for row in weights]

    def test_the_route_that_leads_by_the_margin_is_held_until_the_other_does(
        self, theses: Mapping[str, type[Strategy]]
    ) -> None:
        lines = {
            SYMBOLS[0]: "10 10 10.8 10.8 10.8 10.8 10.8 10.8",
            SYMBOLS[1]: "10 10 10.8 10.8 10.8 10.8 10.8 10.8",
            SYMBOLS[2]: "10 10 10 10 10.2 10.2 10.2 11.2",
            SYMBOLS[3]: "10 11 12 13 14 15 16 17",
        }
        thesis = theses["route_rotation"](lookback=2, margin=0.05, most=0.4)
        # rows 2 and 3 see +8% against 0; after that the lead lies within the margin until the last row
        assert self.held(lines, thesis) == [[], [], [0, 1], [0, 1], [0, 1], [0, 1], [0, 1], [2]]
        weights = weights_of(thesis, market(lines, routes=self.ROUTES))
        assert weights.max() == 0.4, "one name alone does not get all the capital"

    def test_without_routes_or_without_a_lead_it_holds_nothing(self, theses: Mapping[str, type[Strategy]]) -> None:
        thesis = theses["route_rotation"](lookback=2)
        assert self.held(flat(6), thesis) == [[]] * 6
        assert not weights_of(thesis, market(flat(6))).any()


class TestComposite:
    def test_it_is_the_sum_of_its_parts_cut_alike_and_bounded(
        self, theses: Mapping[str, type[Strategy]], sample: History
    ) -> None:
        parts = [weights_of(theses[name](), sample) for name in PARTS]
        for part, most in ((0.3, 0.15), (1.0, 1.0), (0.05, 0.02)):
            asked = np.sum(parts, axis=0) * part
            total = np.nansum(asked, axis=1, keepdims=True)
            expected = np.minimum(asked / np.maximum(total, 1.0), most)
            found = weights_of(theses["composite"](part=part, most=most), sample)
            assert np.allclose(found, expected, equal_nan=True)
            assert np.nansum(found, axis=1).max() <= 1 + 1e-9

    def test_every_part_has_a_say(self, theses: Mapping[str, type[Strategy]], sample: History) -> None:
        held = np.nan_to_num(weights_of(theses["composite"](), sample)) > 0
        for name in PARTS:
            wanted = np.nan_to_num(weights_of(theses[name](), sample)) > 0
            assert wanted.any()
            assert not (wanted & ~held).any(), name


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
