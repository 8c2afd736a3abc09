"""Placebos: what each keeps of the thesis, and that nothing but what is drawn is changed."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backfolio.falsify.alike import LEAST_ALIKE, Likeness
from backfolio.falsify.catalysts import Catalogue
from backfolio.falsify.dates import BLOCK, blocks, moved, on_random_dates, on_random_decisions, rolled, shifts
from backfolio.falsify.names import Candidates, Spells, candidates, walk
from backfolio.falsify.placebos import alike, random_dates, random_names
from backfolio.history import History
from backfolio.study.decisions import asked_weights
from backfolio.sweep import ledger, sparse
from backfolio.targets import Targets
from backfolio.universe import Member, Universe
from broken import RICH, SYMBOLS, Lots, News, prepared, scene, twelve, with_news
from studied import catalyst
from studied import market as studied_market

if TYPE_CHECKING:
    from backfolio.falsify.scene import Scene
    from backfolio.source import Source
    from backfolio.sweep import Rows

relaxed = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])

ROWS = [20, 21, 60, 125, 126, 131, 180, 255]


@cache
def with_catalysts() -> Scene:
    return scene(News(), prepared(News, with_news(ROWS)))


@cache
def by_lot(seed: int = 1) -> Scene:
    return scene(Lots(seed=seed), prepared(Lots, twelve()))


@cache
def market() -> Source:
    return twelve()


class TestDates:
    @relaxed
    @given(st.data())
    def test_number_and_clustering_stay_in_each_block(self, data: st.DataObject) -> None:
        first = data.draw(st.integers(0, 50))
        stop = first + data.draw(st.integers(1, 700))
        bounds = blocks(first, stop)
        rows = np.array(sorted(data.draw(st.lists(st.integers(-20, stop + 20), max_size=30))), dtype=np.int64)
        (shift,) = shifts(bounds, 1, data.draw(st.integers(0, 10_000)))
        there = moved(rows, bounds, shift)
        for begin, end, by in zip(bounds[:-1], bounds[1:], shift, strict=True):
            mine = (rows >= begin) & (rows < end)
            assert ((there[mine] >= begin) & (there[mine] < end)).all()
            # one shift for all, round the end: distances between any two stay
            assert ((there[mine] - rows[mine] - by) % (end - begin) == 0).all()
        outside = (rows < first) | (rows >= stop)
        assert there[outside].tolist() == rows[outside].tolist()

    def test_blocks_are_equal_and_about_half_a_year(self) -> None:
        assert blocks(10, 11).tolist() == [10, 11]
        assert blocks(0, 181).tolist() == [0, 181]
        assert blocks(0, 183).tolist() == [0, 92, 183]
        for sessions in range(200, 3_000, 37):
            lengths = np.diff(blocks(0, sessions))
            assert lengths.min() >= 0.7 * BLOCK
            assert lengths.max() <= 1.5 * BLOCK
            assert np.ptp(lengths) <= 1

    def test_shifts_are_drawn_with_equal_chance_and_by_the_seed(self) -> None:
        bounds = np.array([0, 5, 11])
        drawn = shifts(bounds, 6_000, 3)
        assert (shifts(bounds, 6_000, 3) == drawn).all()
        assert (shifts(bounds, 6_000, 4) != drawn).any()
        for block, length in enumerate((5, 6)):
            counts = np.bincount(drawn[:, block], minlength=length)
            assert len(counts) == length
            assert np.abs(counts - 6_000 / length).max() < 5 * np.sqrt(6_000 / length)

    @relaxed
    @given(st.lists(st.integers(-5, 265), min_size=len(ROWS), max_size=len(ROWS)))
    def test_a_history_told_anew_is_the_one_made_of_such_catalysts(self, rows: list[int]) -> None:
        source = with_news(ROWS)
        known = with_catalysts().prepared.known
        told = Catalogue(known, ["model_release"]).moved(rows)
        events = told.events
        assert list(events) == sorted(events, key=lambda event: (event.known_at, event.id))
        afresh = History(source.bars, events)
        assert told.touches(-300) == afresh.touches(-300)
        assert told.catalysts(within=7).equals(afresh.catalysts(within=7))
        assert told.strength(within=7).equals(afresh.strength(within=7))
        assert told.until("2023-09-01").touches(-300) == afresh.until("2023-09-01").touches(-300)
        rows_of = {touch.catalyst.id: touch.row for touch in told.touches(-300)}
        assert rows_of == {f"news-{at:02d}": row for at, row in enumerate(rows) if row < len(source.bars.sessions)}

    def test_frames_other_than_of_catalysts_are_shared_and_the_known_history_stays(self) -> None:
        known = with_catalysts().prepared.known
        before = known.catalysts(within=3).to_numpy().copy()
        closes = known.adjusted.close.to_numpy()
        told = Catalogue(known, ["model_release"]).moved([row + 2 for row in ROWS])
        assert np.shares_memory(told.adjusted.close.to_numpy(), closes)
        assert (told.catalysts(within=3).to_numpy() != before).any()
        assert (known.catalysts(within=3).to_numpy() == before).all()

    def test_a_segment_is_who_belongs_on_the_new_row_and_other_kinds_stay(self) -> None:
        source = twelve()
        days = source.bars.sessions
        own = catalyst("own", days[30])
        other = catalyst("other", days[31], kind="policy")
        nothing = catalyst("nothing", days[32], ["600998.SH"])
        known = History(source.bars, (own, other, nothing))
        catalogue = Catalogue(known, ["model_release"])
        assert [touch.catalyst.id for touch in catalogue.touches] == ["own"]
        told = catalogue.moved([40])
        assert [(touch.catalyst.id, touch.row) for touch in told.touches()] == [("other", 31), ("own", 40)]
        assert [event.id for event in told.events] == ["other", "nothing", "own"]
        assert [event.id for event in catalogue.without(0).events] == ["other", "nothing"]

    @relaxed
    @given(st.data())
    def test_members_of_a_segment_are_those_of_the_new_day(self, data: st.DataObject) -> None:
        source = market()
        days = source.bars.sessions
        theme = Universe(
            "theme",
            tuple(
                Member(symbol, symbol, symbol, "cpu" if at % 2 else "gpu", "", days[15 * at], days[15 * at + 90])
                for at, symbol in enumerate(SYMBOLS)
            ),
        )
        segments = ("cpu", "gpu", "cpu;gpu", "*")
        told = [catalyst(f"of-{at}", days[60 + at], segment=one) for at, one in enumerate(segments)]
        told.append(catalyst("by-name", days[64], SYMBOLS[2:4]))
        known = History(source.bars, told, theme)
        rows = data.draw(st.lists(st.integers(0, 265), min_size=len(told), max_size=len(told)))
        made = Catalogue(known, ["model_release"]).moved(rows)
        plain = [
            replace(one, known_at=catalyst("any", days[row]).known_at + dt.timedelta(microseconds=at))
            for at, (one, row) in enumerate(zip(told, rows, strict=True))
            if row < len(days)
        ]
        afresh = History(source.bars, plain, theme)
        assert made.touches() == afresh.touches()
        assert made.catalysts(within=9).equals(afresh.catalysts(within=9))
        assert made.strength(within=9).equals(afresh.strength(within=9))

    def test_those_that_ask_for_the_same_are_counted(self) -> None:
        own = with_catalysts()
        drawn = list(on_random_dates(own, 60, 2))
        found = random_dates(own, 60, 2)
        assert found.same == sum(alike(one, own.rows) for one in drawn)
        assert found.drawn == 60
        finals = np.sort(own.finals(drawn))
        assert (found.totals == finals / own.settings.cash_mills - 1.0).all()
        assert found.p_value == (np.count_nonzero(finals >= own.final) + 1) / 61

    def test_placebos_that_do_as_well_count_against_it(self) -> None:
        # one piece of news in ten sessions: one placebo in ten is the thesis itself
        source = with_news([4])
        short = replace(source, bars=source.bars.rows(0, 10))
        own = scene(News(hold=2), prepared(News, short))
        found = random_dates(own, 99, 0)
        assert 2 <= found.same <= 25
        assert found.drawn - found.beats >= found.same
        assert found.p_value is not None
        assert found.p_value >= (found.same + 1) / 100

    def test_without_a_catalyst_in_the_window_there_is_no_placebo_but_a_reason(self) -> None:
        known = prepared(News, with_news([40]), "2023-06-01")
        early = replace(with_catalysts(), prepared=known, catalogue=Catalogue(known.known, ["model_release"]))
        found = random_dates(early, 19, 0)
        assert (found.drawn, found.p_value) == (0, None)
        assert found.why == (
            "No catalyst of the kinds that it asks for (model_release) can first be decided on in the window."
        )


class TestDecisions:
    def test_moved_by_nothing_they_are_what_the_thesis_asks_for(self) -> None:
        own = by_lot()
        points = own.points()
        rows = np.arange(len(points))
        assert (rolled(points, asked_weights(Targets(points)), rows) == points).all()
        assert alike(own.emitted(points), own.rows)

    def test_rows_come_in_the_new_order_and_seams_say_all(self) -> None:
        points = np.array([[5, -1], [-1, 7], [-1, -1], [0, 3]], dtype=np.int16)
        asked = asked_weights(Targets(points))
        assert rolled(points, asked, np.array([2, 3, 0, 1])).tolist() == [[5, 7], [0, 3], [5, 0], [-1, 7]]

    def test_a_seam_never_asks_for_more_than_there_is(self) -> None:
        points = np.array([[10_000, 0], [-1, 10_000]], dtype=np.int16)
        asked = asked_weights(Targets(points[:1])).repeat(2, axis=0)
        asked[1, 1] = 10_000
        assert rolled(points, asked, np.array([1, 0])).tolist() == [[5_000, 5_000], [10_000, 0]]

    def test_each_block_keeps_its_rows(self) -> None:
        own = by_lot()
        points = own.points()
        for rows in on_random_decisions(own, 10, 4):
            weights = asked_weights(dense(rows))
            for first, stop in pairwise(blocks(0, len(points))):
                assert Counter(map(bytes, weights[first:stop])) == Counter(map(bytes, points[first:stop]))


def dense(rows: Rows) -> Targets:
    """Return sparse rows as targets."""
    weights = np.full(rows.shape, -1, dtype=np.int16)
    for symbols, start, values in (
        (rows.sell_symbol, rows.sell_start, np.zeros(len(rows.sell_symbol), dtype=np.int16)),
        (rows.buy_symbol, rows.buy_start, rows.buy_weight),
    ):
        weights[np.repeat(rows.row, np.diff(start)), symbols] = values
    return Targets(weights)


@st.composite
def asked(draw: st.DrawFn) -> Targets:
    """Return targets of few names and rows in which anything happens."""
    rows, columns = draw(st.integers(1, 14)), draw(st.integers(2, 6))
    cells = draw(
        st.lists(
            st.lists(st.sampled_from([-1, -1, 0, 500, 1_000]), min_size=columns, max_size=columns),
            min_size=rows, max_size=rows,
        )
    )  # fmt: skip
    return Targets(np.array(cells, dtype=np.int16))


def of_rows(rows: Rows) -> list[tuple[int, list[int], int]]:
    """Return of each row that says anything: which, its weights, and how many it sells."""
    return [
        (
            int(row),
            sorted(rows.buy_weight[rows.buy_start[at] : rows.buy_start[at + 1]].tolist()),
            int(rows.sell_start[at + 1] - rows.sell_start[at]),
        )
        for at, row in enumerate(rows.row)
    ]


class TestNames:
    @relaxed
    @given(asked(), st.integers(0, 99))
    def test_spells_rows_and_weights_stay_and_no_name_is_had_twice(self, targets: Targets, seed: int) -> None:
        spells = Spells(sparse(targets))
        everyone = tuple(range(targets.weights.shape[1]))
        own = spells.given_to(spells.columns)
        for columns in walk(spells, Candidates((everyone,) * len(spells)), 5, seed) if len(spells) else ():
            rows = spells.given_to(columns)
            assert of_rows(rows) == of_rows(own)
            assert len(Spells(rows)) == len(spells)
            again = sorted((one.start, one.end, one.buys) for one in Spells(rows).all)
            assert again == sorted((one.start, one.end, one.buys) for one in spells.all)
            # made into targets and back they are the same: rows are sorted, no cell is said twice
            assert alike(sparse(dense(rows)), rows)

    @relaxed
    @given(asked())
    def test_in_their_own_names_they_are_what_was_asked(self, targets: Targets) -> None:
        rows = sparse(targets)
        spells = Spells(rows)
        own = spells.given_to(spells.columns)
        # but for names that are let go a second time, which changes nothing
        bars = twelve(max(len(targets.weights), 4)).bars.columns(SYMBOLS[: targets.weights.shape[1]])
        bars = bars.rows(0, len(targets.weights))
        assert ledger(bars, own, None, RICH).first_difference(ledger(bars, rows, None, RICH)) == ""

    def test_a_placebo_keeps_to_the_classes(self) -> None:
        own = by_lot()
        spells = Spells(own.rows)
        may = candidates(own.prepared, spells)
        assert all(spell.column in one for spell, one in zip(spells.all, may.classes, strict=True))
        drawn = list(walk(spells, may, 50, 3))
        assert all(column in one for columns in drawn for column, one in zip(columns, may.classes, strict=True))
        assert len({tuple(columns) for columns in drawn}) == 50
        assert drawn == list(walk(spells, may, 50, 3))
        assert drawn != list(walk(spells, may, 50, 4))

    def test_every_assignment_is_as_likely(self) -> None:
        # two spells at once, then one: 3 x 2 x 3 assignments
        weights = np.array([[500, 600, -1], [0, 0, -1], [700, -1, -1]], dtype=np.int16)
        spells = Spells(sparse(Targets(weights)))
        may = Candidates(((0, 1, 2),) * 3)
        counts = Counter(tuple(columns) for columns in walk(spells, may, 18_000, 1))
        assert len(counts) == 18
        assert min(counts.values()) > 800
        assert max(counts.values()) < 1_200

    def test_a_chain_moves_where_one_name_alone_could_not(self) -> None:
        # both names are always in use, so that they can only change places
        weights = np.array([[500, 600], [-1, 0], [-1, 700]], dtype=np.int16)
        spells = Spells(sparse(Targets(weights)))
        counts = Counter(tuple(columns) for columns in walk(spells, Candidates(((0, 1),) * 3), 2_000, 1))
        assert set(counts) == {(0, 1, 1), (1, 0, 0)}
        assert 850 < counts[0, 1, 1] < 1_150

    def test_a_name_without_a_price_or_a_membership_takes_no_trade(self) -> None:
        source = twelve()
        bars = source.bars
        traded, mark = bars.traded.copy(), bars.mark.copy()
        traded[20, 1], mark[25, 2] = False, 0
        own = scene(Lots(), prepared(Lots, replace(source, bars=replace(bars, traded=traded, mark=mark))))
        weights = np.full(bars.shape, -1, dtype=np.int16)
        weights[20, 0], weights[25, 0], weights[30, 0] = 500, 400, 0
        (classes,) = candidates(own.prepared, Spells(sparse(Targets(weights)))).classes
        assert 0 in classes
        assert not {1, 2} & set(classes)

    def test_where_all_names_are_held_alike_nothing_can_be_told(self) -> None:
        own = scene(Lots(names=10), prepared(Lots, twelve()))
        weights = np.full(own.bars.shape, -1, dtype=np.int16)
        weights[3] = 800
        found, _ = random_names(replace(own, targets=Targets(weights), rows=sparse(Targets(weights))), 19, 0)
        assert (found.drawn, found.same, found.p_value) == (0, 19, None)
        assert found.why == "Every placebo asks for exactly what the thesis does, so nothing can be told from them."

    def test_where_no_name_can_take_another_s_place_there_is_a_reason(self) -> None:
        source = twelve()
        alone = replace(source, bars=source.bars.columns(SYMBOLS[:1]))
        found, may = random_names(scene(Lots(names=1), prepared(Lots, alone)), 19, 0)
        assert (found.drawn, may.fixed, may.few) == (0, 1, 1)
        assert "none can take its place" in found.why

    def test_placebos_in_batches_are_those_drawn_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        one, _ = random_names(by_lot(), 60, 9)
        monkeypatch.setattr("backfolio.falsify.placebos.AT_ONCE", 7)
        other, _ = random_names(by_lot(), 60, 9)
        assert (one.totals == other.totals).all()
        assert (one.beats, one.same) == (other.beats, other.same)


class TestLikeness:
    @pytest.mark.parametrize("row", [0, 5, 100, 259])
    def test_a_class_is_the_same_seen_from_each_of_its_names(self, row: int) -> None:
        likeness = Likeness(History(market().bars))
        everyone = np.arange(len(SYMBOLS))
        classes = {tuple(likeness.of(column, row, everyone).tolist()) for column in everyone.tolist()}
        assert sorted(column for one in classes for column in one) == everyone.tolist()
        assert all(len(one) >= LEAST_ALIKE for one in classes)

    def test_boards_with_few_names_stand_together(self) -> None:
        likeness = Likeness(History(market().bars))
        # three names of the main board in Shenzhen and four in Shanghai, three of ChiNext, two of STAR
        of = {
            SYMBOLS[column] for column in likeness.of(SYMBOLS.index("688012.SH"), 100, np.arange(len(SYMBOLS))).tolist()
        }
        assert of == {"300014.SZ", "300059.SZ", "300750.SZ", "688012.SH", "688981.SH"}

    def test_too_few_of_other_boards_join_the_smallest_that_stands(self) -> None:
        likeness = Likeness(History(market().bars))
        there = np.array([at for at, symbol in enumerate(SYMBOLS) if not symbol.startswith("300")])
        found = likeness.of(SYMBOLS.index("688012.SH"), 100, there)
        assert {"688012.SH", "688981.SH"} <= {SYMBOLS[column] for column in found.tolist()} or len(found) >= LEAST_ALIKE
        assert set(found.tolist()) <= set(there.tolist())

    def test_halves_are_of_size_then_of_momentum(self) -> None:
        symbols = tuple(f"6000{at:02d}.SH" for at in range(20))
        bars = studied_market(80, symbols=symbols).bars
        volume = np.tile(1_000_000 * (1 + np.arange(20)), (80, 1)).astype(np.int64)
        likeness = Likeness(History(replace(bars, volume=volume, amount=np.full(bars.shape, -1, dtype=np.int64))))
        size, momentum = likeness.traits(70)
        found = set(likeness.of(4, 70, np.arange(20)).tolist())
        half = sorted(range(20), key=lambda at: size[at])
        half = half[:10] if 4 in half[:10] else half[10:]
        quarter = sorted(half, key=lambda at: momentum[at])
        assert found == (set(quarter[:5]) if 4 in quarter[:5] else set(quarter[5:]))

    def test_what_has_no_past_yet_comes_last_and_warns_of_nothing(self) -> None:
        bars = market().bars
        late = bars.traded.copy()
        late[:, 3] = False
        size, momentum = Likeness(History(replace(bars, traded=late, mark=np.where(late, bars.mark, 0)))).traits(9)
        assert np.isneginf(size[3])
        assert np.isneginf(momentum).all()
