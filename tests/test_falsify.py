"""A falsification from end to end: the thesis as it stands, each variant of it, and what is said of them."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio.discover import discover
from backfolio.errors import ThesisError, UsageError
from backfolio.falsify import Asked, falsify
from backfolio.falsify import attempts as trying
from backfolio.falsify.luck import Luck
from backfolio.falsify.record import falsify_id, record
from backfolio.falsify.scene import changed, look
from backfolio.falsify.variants import capitals, costs, lagged, lags, participations, slippages
from backfolio.falsify.without import catalysts, names, sessions
from backfolio.metrics import trade_statistics
from backfolio.prepare import prepare
from backfolio.replay import replay
from backfolio.said import said
from backfolio.settings import MarketSettings
from backfolio.source import load
from backfolio.strategy.claims import FIGURES, LAGS
from backfolio.sweep import sparse
from backfolio.targets import Exits, Targets
from broken import RICH, Lots, News, prepared, scene, twelve, with_news

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backfolio.discover import Thesis
    from backfolio.falsify import Falsified
    from backfolio.falsify.scene import Scene
    from backfolio.history import History
    from backfolio.source import Source

ROOT = Path(__file__).resolve().parents[1]
ROWS = [20, 21, 60, 125, 126, 131, 180, 255]
FEW = Asked(placebos=19, seed=3)

TEXT = '''
from backfolio import Claim, Exits, Param, Strategy, equal_weight


class Newsy(Strategy):
    """Buy what news touches."""

    exits = Exits(stop_loss=0.2)
    claims = (Claim("Names rise after news.", horizon=5, kills=("random_dates.p > 0.99",)),)
    hold = Param(5, low=1, high=50, doc="sessions that news stays fresh")

    def targets(self, history):
        return equal_weight(history.catalysts("model_release", within=self.hold) & history.tradable)


class Idle(Strategy):
    """Buy nothing."""

    def targets(self, history):
        return equal_weight(history.tradable & False)


class Whole(Strategy):
    """Buy all names at once."""

    def targets(self, history):
        return equal_weight(history.tradable)
'''


@pytest.fixture
def theses(tmp_path: Path) -> dict[str, Thesis]:
    (tmp_path / "newsy.py").write_text(TEXT, encoding="utf-8")
    plain = "import backtrader as bt\n\n\nclass Old(bt.Strategy):\n    def next(self):\n        pass\n"
    (tmp_path / "old.py").write_text(plain, encoding="utf-8")
    return dict(discover([tmp_path], workspace=tmp_path).theses)


def broken(thesis: Thesis, source: Source, asked: Asked = FEW, **more: object) -> Falsified:
    settings = more.pop("settings", RICH)
    params = more.pop("params", {})
    strategy = thesis.strategy(**params)  # type: ignore[arg-type]
    benchmark = more.pop("benchmark", None)
    window = prepare(thesis.strategy, source, benchmark=benchmark)  # type: ignore[arg-type]
    return falsify(thesis, strategy, source, window, settings, asked, **more)  # type: ignore[arg-type]


@cache
def on_news() -> Scene:
    return scene(News(), prepared(News, with_news(ROWS)))


@cache
def by_lot() -> Scene:
    return scene(Lots(), prepared(Lots, twelve()))


@cache
def shipped() -> tuple[Source, Mapping[str, Thesis]]:
    return load("sample", ROOT), discover([ROOT / "strategies"], workspace=ROOT).theses


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "strategies").glob("*.py")))
def test_it_starts_from_the_ledger_of_a_run(name: str) -> None:
    source, theses = shipped()
    thesis = theses[name]
    window = prepare(thesis.strategy, source)
    own = look(thesis.strategy(), window, MarketSettings(), 0)
    ran = replay(window.bars, thesis.strategy().emit(window.known, *window.rows), own.strategy.exits, own.settings)
    assert own.ledger.first_difference(ran) == ""


def test_the_same_seed_finds_the_same_and_another_other_placebos(theses: dict[str, Thesis]) -> None:
    source = with_news(ROWS)
    one, again = (broken(theses["newsy"], source, benchmark="000300.SH") for _ in range(2))
    assert json.dumps(one.as_dict()) == json.dumps(again.as_dict())
    assert one.falsify_id == again.falsify_id
    other = broken(theses["newsy"], source, Asked(placebos=19, seed=4), benchmark="000300.SH")
    assert other.falsify_id != one.falsify_id
    assert other.dates.totals.tolist() != one.dates.totals.tolist()
    assert other.names.totals.tolist() != one.names.totals.tolist()
    assert other.base.total_return == one.base.total_return


def test_all_is_answered_and_progress_goes_on(theses: dict[str, Thesis]) -> None:
    told: list[tuple[str, int, int]] = []
    found = broken(theses["newsy"], with_news(ROWS), on_step=lambda *step: told.append(step), command="falsify newsy")
    assert set(found.figures) == set(FIGURES) - {"study.mean"}
    missing = {name for name, value in found.figures.items() if value is None}
    assert missing <= {name for name in FIGURES if name.endswith(".kept")}
    assert [attempt.name for attempt in found.attempts] == [
        "random_dates.p", "random_names.p", "hold.excess", "lag_1.kept", "costs_doubled.total_return",
        "slippage_50.total_return", "participation_1.total_return", "capital_x10.total_return",
        "without_best_catalyst.total_return", "without_best_name.total_return", "without_best_session.total_return",
    ]  # fmt: skip
    assert [family.name for family in found.families] == [
        "lag", "costs", "slippage", "participation", "capital", "without_catalyst", "without_name", "without_session",
    ]  # fmt: skip
    assert (found.kinds, found.command, found.symbols) == (("model_release",), "falsify newsy", 12)
    assert found.record["claims"] == [claim.as_dict() for claim in theses["newsy"].strategy.claims]
    assert len(found.answers) == 1
    assert found.grade == found.answers[0].grade
    assert str(found.warnings[0]).startswith("8 catalysts of its kinds in the window")
    assert all(0 <= done <= of for _, done, of in told)
    assert ("Random dates", 19, 19) in told
    assert ("Random names", 19, 19) in told
    json.dumps(found.record)


def test_an_identity_is_of_all_that_it_follows_from(theses: dict[str, Thesis]) -> None:
    source = with_news(ROWS)
    thesis = theses["newsy"]
    base = broken(thesis, source, command="backfolio falsify newsy")

    def of(source: Source, benchmark: str | None = None, params: object = (), **changes: object) -> str:
        window = prepare(thesis.strategy, source, benchmark=benchmark)
        strategy = thesis.strategy(**dict(params))  # type: ignore[call-overload]
        market = changed(RICH, **{"slippage": RICH.slippage, **changes})
        return falsify_id(record(thesis, strategy, source, window, market, FEW))

    assert base.falsify_id == of(source)
    more = broken(thesis, source, Asked(placebos=20, seed=3))
    others = [
        of(source, params={"hold": 6}), of(source, slippage=1), of(source, "000300.SH"), of(with_news(ROWS[1:])),
    ]  # fmt: skip
    assert len({base.falsify_id, more.falsify_id, *others}) == 6


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("idle", RICH, r"idle asks for no name from 2023-01-03 to .*, so there is nothing to break: choose a longer"),
        ("newsy", MarketSettings(cash=200), r"none of the orders of newsy .* could be filled \(.*\), .*give more --ca"),
        ("old", RICH, r"old is a plain backtrader strategy, .*: write it as a Strategy with targets\(history\)"),
    ],
)
def test_what_cannot_be_broken_is_one_sentence(
    theses: dict[str, Thesis], name: str, settings: MarketSettings, words: str
) -> None:
    source = with_news(ROWS)
    window = prepare(theses["newsy"].strategy, source)
    thesis = theses[name]
    strategy = theses["newsy"].strategy() if name == "old" else thesis.strategy()
    with pytest.raises(UsageError, match=words) as fault:
        falsify(thesis, strategy, source, window, settings, FEW)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("left", ["catalyst", "name"])
def test_a_thesis_that_fails_in_an_attempt_alone_is_told_where(left: str) -> None:
    seen: list[int] = []

    class Needs(News):
        def targets(self, history: History) -> object:
            seen.append(int(history.catalysts("model_release", within=1).to_numpy().sum()) * len(history.symbols))
            if seen[-1] < seen[0]:
                message = "too little"
                raise ValueError(message)
            return super().targets(history)

    made = scene(Needs(), prepared(Needs, with_news(ROWS)))
    with pytest.raises(ThesisError, match=r"too little: mend it there .* Under the data as it is it does not fail"):
        catalysts(made) if left == "catalyst" else names(made)


def test_what_is_held_alike_throughout_is_not_called_alike_to_nothing(theses: dict[str, Thesis]) -> None:
    found = broken(theses["whole"], twelve())
    assert (found.kinds, found.names.drawn, found.names.same) == ((), 0, 19)
    assert {one.name: one.held for one in found.attempts}["random_names.p"] is None
    assert [str(one) for one in found.warnings if "placebos of names" in one] == []


class TestVariants:
    @pytest.mark.parametrize("make", [on_news, by_lot])
    def test_known_as_soon_as_it_was_it_is_the_thesis(self, make: object) -> None:
        own = make()  # type: ignore[operator]
        rows = lagged(own, 0)
        assert own.finals([rows]).tolist() == [own.final]

    def test_later_news_is_news_on_a_later_session(self) -> None:
        source = with_news(ROWS)
        # what is known in the evening of row r + 2 is decided on there
        events = tuple(
            replace(event, known_at=other.known_at)
            for event, other in zip(source.catalysts, with_news([row + 2 for row in ROWS]).catalysts, strict=True)
        )
        later = scene(News(), prepared(News, replace(source, catalysts=events)))
        assert on_news().finals([lagged(on_news(), 2)]).tolist() == [later.final]

    def test_later_decisions_are_the_rows_before(self) -> None:
        own = by_lot()
        points = own.points()
        late, early = points.copy(), points.copy()
        late[3:], late[:3] = points[:-3], points[0]
        early[:-1] = points[1:]
        for lag, wanted in ((3, late), (-1, early)):
            assert own.finals([lagged(own, lag)]).tolist() == own.finals([own.emitted(wanted)]).tolist()

    def test_each_lag_has_its_name(self) -> None:
        family = lags(on_news())
        assert [one.name for one in family.variants] == ["early_1", "lag_1", "lag_2", "lag_3", "lag_5"]
        assert [one.value for one in family.variants] == list(LAGS)
        assert [str(one.label) for one in family.variants][:3] == [
            "1 session earlier", "1 session later", "2 sessions later",
        ]  # fmt: skip

    def test_what_the_thesis_trades_under_already_is_the_thesis(self) -> None:
        own = on_news()
        assert slippages(own).variants[0].outcome.final_equity == own.final
        assert participations(own).variants[0].outcome.final_equity == own.final
        finals = [one.outcome.final_equity for one in slippages(own).variants]
        assert finals == sorted(finals, reverse=True)
        assert len(set(finals)) == len(finals)

    def test_twice_the_costs_cost_more(self) -> None:
        own = replace(on_news(), settings=changed(RICH, slippage=10))
        own = scene(News(), own.prepared, own.settings)
        (one,) = costs(own).variants
        fees = sum(fill.commission + fill.stamp_duty + fill.transfer_fee for fill in own.ledger.fills)
        assert own.final - one.outcome.final_equity > fees

    def test_a_share_of_no_profit_does_not_exist(self) -> None:
        for own in (on_news(), by_lot()):
            (one,) = costs(own).variants
            profit = own.final - own.settings.cash_mills
            share = one.outcome.total_return * own.settings.cash_mills / profit
            assert one.kept == (pytest.approx(share) if profit > 0 else None)

    def test_more_capital_than_can_be_counted_is_left_out_and_told(self) -> None:
        own = scene(News(), on_news().prepared, changed(RICH, cash=500_000_000))
        family, told = capitals(own)
        assert [one.name for one in family.variants] == ["capital_x10"]
        assert (family.of, str(family.why)) == (2, "")
        assert [str(one) for one in told] == [
            "100 times the capital is more than the engine counts (10,000,000,000 CNY), so that variant is missing."
        ]


class TestWithout:
    def test_without_a_catalyst_is_a_market_that_never_had_it(self) -> None:
        family = catalysts(on_news())
        assert family.of == len(ROWS)
        totals = [one.outcome.final_equity for one in family.variants]
        assert totals == sorted(totals)
        assert [one.value for one in family.variants] == list(range(len(ROWS)))
        source = with_news(ROWS)
        for one in family.variants:
            rest = tuple(event for event in source.catalysts if event.id != one.name)
            afresh = scene(News(), prepared(News, replace(source, catalysts=rest)))
            assert one.outcome.final_equity == afresh.final
            assert (one.label, one.source) == (f"News {one.name}", "https://example.org/a")

    def test_without_a_name_is_a_market_without_it(self) -> None:
        family = names(on_news())
        source = with_news(ROWS)
        bought = {total.symbol for total in trade_statistics(on_news().ledger).names if total.buys}
        assert {one.name for one in family.variants} == bought
        for one in family.variants[:4]:
            rest = tuple(symbol for symbol in source.bars.symbols if symbol != one.name)
            afresh = scene(News(), prepared(News, replace(source, bars=source.bars.columns(rest))))
            assert one.outcome.final_equity == afresh.final

    def test_the_only_name_cannot_be_left_out(self) -> None:
        source = twelve()
        alone = replace(source, bars=source.bars.columns(source.bars.symbols[:1]))
        family = names(scene(Lots(names=1), prepared(Lots, alone)))
        assert (family.variants, str(family.why)) == ((), "The data holds no name beside the one that it bought.")

    def test_without_the_best_sessions_the_others_stay(self) -> None:
        own = on_news()
        returns = np.sort(own.ledger.returns())
        found = sessions(own).variants
        assert [one.name for one in found][:2] == ["without_best_session", "without_best_3_sessions"]
        for one, count in zip(found, (1, 3, 5, 10), strict=True):
            assert one.outcome.total_return == pytest.approx(np.prod(1.0 + returns[:-count]) - 1.0)

    def test_a_thesis_without_catalysts_has_none_to_lose(self) -> None:
        family = catalysts(by_lot())
        assert (family.of, str(family.why)) == (0, "It asks for no catalyst.")


class TestLuck:
    def test_a_sure_lead_is_no_luck_and_none_is_half(self) -> None:
        generator = np.random.default_rng(2)
        noise = generator.normal(0.0, 0.01, 400)
        noise -= noise.mean()
        luck = Luck.of(noise, None, 0)
        sure, none, behind = (luck.p_value(noise + lead) for lead in (0.003, 0.0, -0.003))
        assert sure is not None
        assert none is not None
        assert behind is not None
        assert sure < 0.005
        assert 0.4 < none < 0.6
        assert behind > 0.995

    def test_too_short_a_window_and_one_in_which_nothing_moves_say_nothing(self) -> None:
        assert Luck.of(np.arange(19) / 100, None, 0).p_value(np.arange(19) / 100) is None
        assert Luck.of(np.zeros(100), None, 0).p_value(np.zeros(100)) is None

    def test_leads_are_of_a_year(self) -> None:
        luck = Luck.of(np.full(50, 0.001) + np.arange(50) * 1e-6, None, 0)
        leads = luck.leads(np.full(50, 0.001))
        assert leads.tolist() == pytest.approx([0.243] * 1_000)


def test_an_attempt_holds_on_the_right_side_of_its_bound(theses: dict[str, Thesis]) -> None:
    found = broken(theses["newsy"], with_news(ROWS))
    bounds = {"random_dates.p": 0.05, "random_names.p": 0.05, "lag_1.kept": 0.5}
    for attempt in found.attempts:
        for step in (-0.01, 0.01):
            figures = {**found.figures, attempt.name: bounds.get(attempt.name, 0.0) + step}
            made = trying.attempts(figures, found.held, (found.dates, found.names))
            (one,) = (other for other in made if other.name == attempt.name)
            assert one.held is (step < 0 if attempt.name.endswith(".p") else step > 0), attempt.name


def test_what_does_not_exist_is_told_apart_from_what_broke() -> None:
    nothing = dict.fromkeys(FIGURES)
    assert {one.held for one in trying.attempts(nothing, None, ())} == {None}
    lost = {**nothing, "total_return": -0.1}
    (kept,) = (one for one in trying.attempts(lost, None, ()) if one.name == "lag_1.kept")
    assert (kept.text, kept.words) == ("n/a", said("It made no profit, so none can be left."))


def test_a_thesis_held_is_its_names_with_its_exposure(theses: dict[str, Thesis]) -> None:
    found = broken(theses["newsy"], with_news(ROWS))
    own = on_news()
    assert found.held is not None
    assert found.held.names == len({fill.symbol for fill in own.ledger.fills})
    assert found.held.exposure == trade_statistics(own.ledger).exposure
    assert found.held.own.tolist() == own.ledger.equity.tolist()
    assert found.held.excess == pytest.approx(found.base.total_return - found.held.outcome.total_return)
    bought = sorted({fill.symbol for fill in own.ledger.fills})
    weights = np.full(own.bars.shape, -1, dtype=np.int16)
    weights[0, bought] = int(found.held.exposure / len(bought) * 10_000 + 1e-5)
    plain = replace(own, strategy=News(exits=Exits()))
    assert plain.finals([sparse(Targets(weights))])[0] == found.held.outcome.final_equity
