from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio import Exits, Param, Strategy
from backfolio.errors import UsageError
from backfolio.settings import MarketSettings
from backfolio.tune.space import MOST_VALUES, Axis, Space, read_space, split_values


class Mine(Strategy):
    """Hold nothing."""

    exits = Exits(stop_loss=0.15)
    hold = Param(20, low=5, high=60, step=5)
    names = Param(5, low=1, high=10)
    share = Param(0.5, low=0.0, high=1.0)
    stepped = Param(0.5, low=0.0, high=1.0, step=0.25)
    loud = Param(False)
    style = Param("calm", choices=("calm", "bold"))
    when = Param("09:15")

    def targets(self, history: object) -> object:
        return history


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("hold=5:60:5", tuple(range(5, 61, 5))),
        ("hold=5:60:7", (5, 12, 19, 26, 33, 40, 47, 54)),  # the end is no multiple
        ("hold=10:30", (10, 15, 20, 25, 30)),  # the step that the Param declares
        ("names=1:3", (1, 2, 3)),
        ("names=3", (3,)),
        ("names=4:4:1", (4,)),
        ("names= 8, 3 ,5", (3, 5, 8)),
        ("share=0.1:0.5:0.1", (0.1, 0.2, 0.3, 0.4, 0.5)),
        ("stepped=0:1", (0.0, 0.25, 0.5, 0.75, 1.0)),
        ("loud=true,false", (True, False)),
        ("style=bold,calm", ("bold", "calm")),
        ("when=09:15,09:30", ("09:15", "09:30")),  # a text may hold a colon
        ("exits.stop_loss=0.05:0.25:0.05", (0.05, 0.1, 0.15, 0.2, 0.25)),
        ("exits.trailing=0.2,none,0.1", (None, 0.1, 0.2)),
        ("exits.max_sessions=off,20,10", (None, 10, 20)),
        ("market.slippage=0:10:5", (0, 5, 10)),
        ("market.commission=0.0001,0.0003", (0.0001, 0.0003)),
        ("market.price=vwap,open", ("vwap", "open")),
        ("market.dividend_tax=true,false", (True, False)),
        ("market.cash=1e6,200000", (200_000.0, 1_000_000.0)),
    ],
)
def test_values_are_read_exactly(word: str, values: tuple[object, ...]) -> None:
    (axis,) = read_space([word], Mine).axes
    assert axis.values == values
    assert [type(value) for value in axis.values] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("hodl=3", r"no parameter 'hodl' \(did you mean 'hold'\?\): vary one of hold, names"),
        ("exits.stop_los=0.1", r"did you mean 'exits.stop_loss'"),
        ("market.slipage=1", r"did you mean 'market.slippage'"),
        ("market.data=1", r"no parameter 'market.data'"),
        ("hold", r"--vary 'hold': write NAME=LOW:HIGH:STEP"),
        ("=3", r"write NAME=LOW:HIGH:STEP"),
        ("hold=", r"it has no values"),
        ("hold=5,,6", r"a value is missing"),
        ("hold=5:", r"write NAME=LOW:HIGH:STEP"),
        ("hold=5:6:1:2", r"write NAME=LOW:HIGH:STEP"),
        ("hold=60:5:5", r"the range runs backward, from 60 down to 5"),
        ("hold=5:60:0", r"the step is 0; give one above 0"),
        ("hold=5:60:-5", r"the step is -5; give one above 0"),
        ("hold=5:nan:5", r"finite numbers"),
        ("hold=a:b", r"made of numbers"),
        ("hold=5,5", r"5 stands there twice"),
        ("share=0.5,0.50", r"0.50 stands there twice"),
        ("hold=5:60:2.5", r"hold is '7.5': give a whole number from 5 to 60"),
        ("hold=5:70:5", r"hold is 70: give a whole number from 5 to 60"),
        ("hold=1:1e99:1", r"hold is 1: give"),
        ("share=0:1", r"the range has no step"),
        ("share=0:1:1e-9", rf"more than {MOST_VALUES:,} values"),
        ("loud=maybe", r"loud is 'maybe'"),
        ("loud=true,yes", r"yes stands there twice"),
        ("style=cal", r"did you mean 'calm'"),
        ("exits.stop_loss=0:0.3:0.1", r"exits.stop_loss is 0.0"),
        ("exits.stop_loss=2", r"exits.stop_loss is 2"),
        ("market.slippage=2.5", r"market.slippage=2.5: give a whole number"),
        ("market.commission=0.5", r"commission is 0.5: give a fraction"),
        ("market.dividend_tax=2", r"give true or false"),
    ],
)
def test_a_wrong_word_is_said_in_a_sentence(word: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as fault:
        read_space([word], Mine)
    assert "\n" not in str(fault.value)


def test_a_parameter_varies_once_and_not_while_it_is_fixed() -> None:
    with pytest.raises(UsageError, match="names hold twice"):
        read_space(["hold=5,10", "hold=20"], Mine)
    with pytest.raises(UsageError, match=r"market\.dividend_tax is both varied and fixed by --dividend-tax: drop one"):
        read_space(["market.dividend_tax=true,false"], Mine, ["market.dividend_tax"])
    with pytest.raises(UsageError, match="hold is both varied and fixed by --param"):
        read_space(["hold=5,10"], Mine, ["hold"])
    with pytest.raises(UsageError, match="nothing is varied"):
        read_space([], Mine)


def test_a_space_is_numbered_with_the_last_axis_fastest() -> None:
    space = read_space(["hold=5,10,15", "exits.trailing=none,0.1", "market.price=open,vwap"], Mine)
    assert (space.size, space.shape, space.ordered) == (12, (3, 2, 2), (True, True, False))
    assert [axis.kind for axis in space.axes] == ["thesis", "exits", "market"]
    assert space.values(0) == {"hold": 5, "exits.trailing": None, "market.price": "open"}
    assert space.values(1) == {"hold": 5, "exits.trailing": None, "market.price": "vwap"}
    assert space.values(7) == {"hold": 10, "exits.trailing": 0.1, "market.price": "vwap"}
    assert space.points(np.array([7, 0])).tolist() == [[1, 1, 1], [0, 0, 0]]
    assert space.points(np.array([], dtype=np.int64)).shape == (0, 3)
    assert space.as_dict() == {"hold": [5, 10, 15], "exits.trailing": [None, 0.1], "market.price": ["open", "vwap"]}
    with pytest.raises(UsageError, match="place 12 lies outside the space: it holds 12 points"):
        space.values(12)


def test_places_that_share_their_targets_have_one_key() -> None:
    space = read_space(["exits.trailing=none,0.1", "hold=5,10,15", "market.slippage=0,5", "names=1,2"], Mine)
    keys = space.thesis_keys(np.arange(space.size))
    assert space.distinct_theses == len(np.unique(keys)) == 6
    told: dict[int, tuple[object, object]] = {}
    for place, key in enumerate(keys.tolist()):
        values = space.values(place)
        assert told.setdefault(key, (values["hold"], values["names"])) == (values["hold"], values["names"])


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.data())
def test_place_and_point_are_each_others_inverse(lengths: list[int], data: st.DataObject) -> None:
    space = Space(tuple(Axis(f"a{at}", tuple(range(length))) for at, length in enumerate(lengths)))
    place = data.draw(st.integers(0, space.size - 1))
    assert space.place(space.point(place)) == place
    assert space.points(np.array([place])).tolist() == [list(space.point(place))]


@given(st.integers(0, 90), st.integers(0, 9), st.integers(1, 9))
def test_a_range_has_the_decimals_that_were_written(low: int, more: int, step: int) -> None:
    start, stop, by = (Decimal(number) / 100 for number in (low, low + more, step))
    (axis,) = read_space([f"share={start}:{stop}:{by}"], Mine).axes
    assert axis.values == tuple(float(Decimal(number) / 100) for number in range(low, low + more + 1, step))


def test_a_space_larger_than_memory_costs_nothing() -> None:
    words = [f"exits.{rule}=0.0001:0.9:0.0001" for rule in ("stop_loss", "trailing", "take_profit")]
    space = read_space([*words, "market.slippage=0:1999"], Mine)
    assert space.size == 9_000**3 * 2_000
    last = space.values(space.size - 1)
    assert last["exits.stop_loss"] == 0.9
    assert last["market.slippage"] == 1_999
    with pytest.raises(UsageError, match="holds more than"):
        read_space([*words, "market.slippage=0:9998", "market.participation=0.0001:0.9:0.0001"], Mine)


def test_market_settings_are_taken_out_of_a_trials_values() -> None:
    settings = MarketSettings(chase=2)
    params, changed = split_values({"hold": 5, "exits.trailing": None, "market.slippage": 7}, settings)
    assert params == {"hold": 5, "exits.trailing": None}
    assert changed == MarketSettings(chase=2, slippage=7)
    assert split_values({"hold": 5}, settings)[1] is settings
