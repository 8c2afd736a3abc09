"""A thesis' own decisions to buy, as catalysts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from backfolio.errors import UsageError
from backfolio.history import History
from backfolio.prepare import prepare
from backfolio.study.decisions import asked_weights, decided, decisions
from backfolio.targets import Targets
from backfolio.testing.build import World
from backfolio.testing.worlds import worlds
from studied import INDEX, SYMBOLS, Everyone, catalyst, market, studied, with_news

LINES = {"600000.SH": "10 10 10 10 10 10", "600001.SH": "20 20 20 20 20 20"}


def test_each_new_wish_is_one_catalyst_whose_row_is_its_own() -> None:
    # 600000: asked, left alone, changed, dropped, asked again; 600001: asked from row 2 on
    world = World("2024-01-02", LINES, "5000 .|. .|2500 5000|0 .|5000 .|. 0")
    history = History(world.bars)
    found = decisions(world.targets, history, "thesis")
    assert [one.id for one in found] == [
        "thesis-2024-01-02-600000.SH",
        "thesis-2024-01-04-600001.SH",
        "thesis-2024-01-08-600000.SH",
    ]
    assert {(one.kind, one.strength) for one in found} == {("price_event", 1.0)}
    assert [touch.row for touch in History(world.bars, found).touches()] == [0, 2, 4]


def test_rows_count_from_the_end_of_a_history_that_begins_earlier() -> None:
    world = World("2024-01-02", LINES, "5000 .")
    whole = World("2024-01-02", LINES)
    short = World("2024-01-04", dict.fromkeys(LINES, "10 10 10 10"), "5000 .")
    assert [one.id for one in decisions(short.targets, History(whole.bars), "t")] == ["t-2024-01-04-600000.SH"]
    assert [one.id for one in decisions(world.targets, History(whole.bars), "t")] == ["t-2024-01-02-600000.SH"]


def test_what_is_left_alone_stays_asked_for() -> None:
    world = World("2024-01-02", LINES, ". .|5000 .|. 37|0 .|. 0")
    assert asked_weights(world.targets).tolist() == [[0, 0], [5000, 0], [5000, 37], [0, 37], [0, 0], [0, 0]]


def test_a_history_that_does_not_fit_is_refused() -> None:
    world = World("2024-01-02", LINES, "5000 .")
    other = World("2024-01-02", {"600000.SH": "10 10 10 10 10 10"})
    with pytest.raises(UsageError, match="6 sessions x 2 symbols and the history 6 x 1"):
        decisions(world.targets, History(other.bars), "t")
    short = World("2024-01-02", dict.fromkeys(LINES, "10 10"))
    with pytest.raises(UsageError, match="ends where the targets end"):
        decisions(world.targets, History(short.bars), "t")


def test_decisions_take_the_place_of_price_events_and_what_else_is_known_stays() -> None:
    day = market().bars.sessions
    source = with_news(
        market(),
        catalyst("own", day[150], [SYMBOLS[0]], kind="price_event"), catalyst("news", day[150], [SYMBOLS[1]]),
    )  # fmt: skip
    prepared = prepare(Everyone, source, str(day[140]), None, INDEX)
    weights = np.full(prepared.bars.shape, -1, dtype=np.int16)
    weights[5, 2] = 100
    made = decided(prepared, Targets(weights), "chips")
    for history in (made.known, made.history):
        assert [event.id for event in history.events] == [f"chips-{day[145]}-{SYMBOLS[2]}", "news"]
        assert history.benchmark_symbol == INDEX
    assert [touch.row for touch in made.history.touches() if touch.catalyst.kind == "price_event"] == [5]
    assert [touch.row for touch in made.known.touches() if touch.catalyst.kind == "price_event"] == [145]
    assert made.bars is prepared.bars


def test_catalysts_given_by_segment_need_a_universe() -> None:
    day = market().bars.sessions
    lost = [catalyst(f"s{row}", day[row], segment="gpu") for row in (150, 170, 190)]
    with pytest.raises(UsageError, match=r"3 catalysts of kind model_release are given by segment.* give --universe"):
        studied(with_news(market(), *lost))
    found = [catalyst(f"n{row}", day[row], [SYMBOLS[0]]) for row in (150, 170, 190)]
    told = studied(with_news(market(), *lost, *found)).warnings
    assert any(one.startswith("3 catalysts are given by segment") for one in told)
    assert not any("segment" in one for one in studied(with_news(market(), *found)).warnings)


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_decisions_are_the_rises_of_what_is_asked(world: World) -> None:
    history = History(world.bars)
    found = decisions(world.targets, history, "t")
    asked = asked_weights(world.targets)
    wanted = set()
    for column in range(asked.shape[1]):
        held = 0
        for row in range(len(asked)):
            given_weight = int(world.targets.weights[row, column])
            now = held if given_weight < 0 else given_weight
            assert asked[row, column] == now
            if now > 0 and held == 0:
                wanted.add((row, column))
            held = now
    rows = {(touch.row, touch.columns[0]) for touch in History(world.bars, found).touches()}
    assert rows == wanted
    assert len(found) == len(wanted)
    assert not np.shares_memory(asked, world.targets.weights)
