"""What a tune varies: axes of values, and the space of their combinations.

A place in the space is one whole number; points and values are computed from
it and never listed, so that a space may be far larger than memory.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn

import numpy as np

from backfolio.errors import UsageError, did_you_mean
from backfolio.settings import MarketSettings
from backfolio.strategy.base import EXIT_PREFIX, EXIT_RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from backfolio.strategy import Strategy

Value = bool | int | float | str | None
Kind = Literal["thesis", "exits", "market"]

MARKET_PREFIX: Final = "market."
MARKET_SETTINGS: Final = tuple(field.name for field in dataclasses.fields(MarketSettings))

MOST_VALUES: Final = 10_000
"""Values of one axis: more is a slip in the step."""

MOST_PLACES: Final = 2**62
"""Places of a space: they are numbered in int64."""

HOW: Final = "write NAME=LOW:HIGH:STEP or NAME=A,B,C, as in --vary hold=5:60:5"


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter and the values that are tried of it.

    Parameters
    ----------
    name
        "hold", "exits.stop_loss", "market.slippage".
    values
        Distinct; None (an exit switched off) first, then numbers rising;
        switches and texts as they were given.
    """

    name: str
    values: tuple[Value, ...]

    @property
    def kind(self) -> Kind:
        """Whose parameter it is."""
        if self.name.startswith(EXIT_PREFIX):
            return "exits"
        return "market" if self.name.startswith(MARKET_PREFIX) else "thesis"

    @property
    def ordered(self) -> bool:
        """Whether neighbouring values are near each other: numbers, not switches or texts."""
        return not any(isinstance(value, bool | str) for value in self.values)


@dataclass(frozen=True)
class Space:
    """Every combination of the axes' values, in C order: the last axis changes fastest.

    Parameters
    ----------
    axes
        At least one, each name once.
    """

    axes: tuple[Axis, ...]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Values of each axis."""
        return tuple(len(axis.values) for axis in self.axes)

    @cached_property
    def size(self) -> int:
        """Places of the space."""
        return math.prod(self.shape)

    @property
    def ordered(self) -> tuple[bool, ...]:
        """`Axis.ordered` of each axis."""
        return tuple(axis.ordered for axis in self.axes)

    def point(self, place: int) -> tuple[int, ...]:
        """Return the place as one position on each axis."""
        return tuple(int(at) for at in np.unravel_index(self._inside(place), self.shape))

    def points(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return `point` of many places, int64 (places, axes)."""
        if not len(places):
            return np.zeros((0, len(self.axes)), dtype=np.int64)
        return np.stack(np.unravel_index(places, self.shape), axis=1).astype(np.int64)

    def place(self, point: Sequence[int]) -> int:
        """Return the place of a point; the inverse of `point`."""
        return int(np.ravel_multi_index(tuple(point), self.shape))

    def values(self, place: int) -> dict[str, Value]:
        """Return the parameter values of a place, by name."""
        return {axis.name: axis.values[at] for axis, at in zip(self.axes, self.point(place), strict=True)}

    def thesis_keys(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return one number a place, (places,), equal where the thesis' own parameters are.

        Such places share their targets; they differ in exits or market settings alone.
        """
        points = self.points(places)
        keys = np.zeros(len(places), dtype=np.int64)
        for column, axis in enumerate(self.axes):
            if axis.kind == "thesis":
                keys = keys * len(axis.values) + points[:, column]
        return keys

    @property
    def market(self) -> tuple[str, ...]:
        """Names of the market settings that it varies, without "market."."""
        return tuple(axis.name.removeprefix(MARKET_PREFIX) for axis in self.axes if axis.kind == "market")

    @property
    def distinct_theses(self) -> int:
        """How many sets of the thesis' own parameters the space holds."""
        return math.prod(len(axis.values) for axis in self.axes if axis.kind == "thesis")

    def as_dict(self) -> dict[str, list[Value]]:
        """Return values by name, as JSON has them."""
        return {axis.name: list(axis.values) for axis in self.axes}

    def _inside(self, place: int) -> int:
        if not 0 <= place < self.size:
            message = f"place {place} lies outside the space: it holds {self.size:,} points, counted from 0"
            raise UsageError(message)
        return place


def read_space(vary: Sequence[str], strategy_class: type[Strategy], fixed: Iterable[str] = ()) -> Space:
    """Read ``--vary`` words into a space.

    Parameters
    ----------
    vary
        "hold=5:60:5" (a range, both ends included, exact in decimals; without
        a step that of the `Param`, or 1), "names=3,5,8", "exits.trailing=none,0.1",
        "market.slippage=0,5,10".
    strategy_class
        Declares the parameters and what they allow.
    fixed
        Names that have a value already, by ``--param`` or, "market.slippage"
        and the like, by a flag of their own: they cannot vary.

    Raises
    ------
    UsageError
        If a parameter is unknown, named twice or fixed, or a range or a value
        is not allowed.
    """
    if not vary:
        message = f"nothing is varied: {HOW}"
        raise UsageError(message)
    taken = set(fixed)
    axes: list[Axis] = []
    for word in vary:
        name, equals, text = word.partition("=")
        name = name.strip()
        if not equals or not name:
            message = f"--vary {word!r}: {HOW}"
            raise UsageError(message)
        reader = _Reader(strategy_class, name)
        if any(axis.name == name for axis in axes):
            message = f"--vary names {name} twice: give all of its values in one"
            raise UsageError(message)
        if name in taken:
            setting = name.removeprefix(MARKET_PREFIX)
            flag = "--param" if setting == name else "--" + setting.replace("_", "-")
            message = f"{name} is both varied and fixed by {flag}: drop one of the two"
            raise UsageError(message)
        axes.append(Axis(name, reader.values(text)))
    if math.prod(len(axis.values) for axis in axes) > MOST_PLACES:
        message = f"the space holds more than {MOST_PLACES:,} points: vary fewer parameters, or in larger steps"
        raise UsageError(message)
    return Space(tuple(axes))


def split_values(values: Mapping[str, object], settings: MarketSettings) -> tuple[dict[str, object], MarketSettings]:
    """Take the market settings out of a trial's values.

    Returns
    -------
    params, settings
        What `Strategy.with_params` takes, and `settings` with what the values change.
    """
    changes: dict[str, Any] = {
        name.removeprefix(MARKET_PREFIX): value for name, value in values.items() if name.startswith(MARKET_PREFIX)
    }
    params = {name: value for name, value in values.items() if not name.startswith(MARKET_PREFIX)}
    return params, dataclasses.replace(settings, **changes) if changes else settings


class _Reader:
    """Reads the values of one parameter."""

    def __init__(self, strategy_class: type[Strategy], name: str) -> None:
        self.strategy = strategy_class
        self.name = name
        declared = strategy_class.declared
        if name not in declared:
            known = [*declared, *(EXIT_PREFIX + rule for rule in EXIT_RULES)]
            known += [MARKET_PREFIX + setting for setting in MARKET_SETTINGS]
            if name not in known:
                message = (
                    f"{strategy_class.name} has no parameter {name!r}{did_you_mean(name, known)}: "
                    f"vary one of {', '.join(known)}"
                )
                raise UsageError(message)
        param = declared.get(name)
        self.step = None if param is None else param.step
        if param is not None:
            self.kind: type = param.kind
        elif name.startswith(EXIT_PREFIX):
            self.kind = int if name.endswith("max_sessions") else float
        else:
            default = getattr(MarketSettings(), name.removeprefix(MARKET_PREFIX))
            self.kind = type(default)

    def values(self, text: str) -> tuple[Value, ...]:
        """Read a range or a list."""
        words = self._range(text) if ":" in text and self.kind in {int, float} else self._list(text)
        found: dict[Value, None] = {}
        for word in words:
            value = self._value(word)
            if value in found:
                self._refuse(text, f"{word} stands there twice; give each value once")
            found[value] = None
        values = list(found)
        if self.kind in {int, float}:
            # None, an exit switched off, comes first.
            values.sort(key=lambda value: (value is not None, value or 0))
        return tuple(values)

    def _list(self, text: str) -> list[str]:
        words = [word.strip() for word in text.split(",")]
        if not all(words):
            self._refuse(text, "a value is missing" if any(words) else f"it has no values; {HOW}")
        return words

    def _range(self, text: str) -> list[str]:
        parts = [part.strip() for part in text.split(":")]
        if len(parts) not in {2, 3} or not all(parts):
            self._refuse(text, f"{HOW}")
        try:
            low, high, *steps = (Decimal(part) for part in parts)
        except InvalidOperation:
            self._refuse(text, "a range is made of numbers, LOW:HIGH:STEP")
        if not steps and self.step is None and self.kind is float:
            self._refuse(text, "the range has no step, and the parameter declares none; write LOW:HIGH:STEP")
        step = steps[0] if steps else Decimal(str(self.step or 1))
        if not all(number.is_finite() for number in (low, high, step)):
            self._refuse(text, "a range is made of finite numbers, LOW:HIGH:STEP")
        if step <= 0:
            self._refuse(text, f"the step is {step}; give one above 0")
        if high < low:
            self._refuse(text, f"the range runs backward, from {low} down to {high}; exchange the two")
        # Both ends are judged before anything is counted: 1e99 is no number of values.
        for end in (low, high):
            self._value(_plain(end))
        count = int((high - low) // step) + 1 if (high - low) / step < MOST_VALUES else MOST_VALUES + 1
        if count > MOST_VALUES:
            self._refuse(text, f"the range holds more than {MOST_VALUES:,} values; give a larger step")
        return [_plain(low + step * place) for place in range(count)]

    def _value(self, word: str) -> Value:
        try:
            if self.name.startswith(MARKET_PREFIX):
                return self._setting(word)
            built = self.strategy.with_params({self.name: word})
        except UsageError as fault:
            if str(fault).startswith("--vary"):
                raise
            message = f"--vary {self.name}: {fault}"
            raise UsageError(message) from None
        if self.name.startswith(EXIT_PREFIX):
            rule: Value = getattr(built.exits, self.name.removeprefix(EXIT_PREFIX))
            return rule
        value: Value = built.params[self.name]
        return value

    def _setting(self, word: str) -> Value:
        value: Any
        try:
            value = {"true": True, "false": False}[word.lower()] if self.kind is bool else self.kind(word)
        except (ValueError, KeyError):
            kinds = {int: "a whole number", float: "a number", bool: "true or false"}
            self._refuse(word, f"give {kinds[self.kind]}")
        made: Value = value
        MarketSettings(**{self.name.removeprefix(MARKET_PREFIX): value})
        return made

    def _refuse(self, text: str, fault: str) -> NoReturn:
        message = f"--vary {self.name}={text}: {fault}"
        raise UsageError(message)


def _plain(number: Decimal) -> str:
    """Write a decimal as a person would: 5, 0.15, never 1E+1."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
