"""`Param`: a declared number, switch or choice of a thesis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Generic, TypeVar, cast, overload

import numpy as np

from backfolio.errors import ThesisError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T", bound=int | float | str)

KINDS: Final = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
"""Types a parameter can have, in the words of an error message."""

SWITCH: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


class Param(Generic[T]):
    """A parameter of a thesis: its default, what is allowed, and what it means.

    Declared in the class body; ``self.hold`` then gives the value, and
    ``DomesticCompute.hold`` the declaration.

    Parameters
    ----------
    default
        The value where none is given. Its type is the type of the parameter:
        an int demands whole numbers, a float takes any finite number, a bool
        is a switch, a str is a text.
    low, high
        Least and greatest value allowed, both included; None = no bound.
    step
        Distance of neighbouring values when the parameter is tuned. A value
        between two steps is allowed.
    choices
        The only values allowed, in place of `low` and `high`.
    doc
        What it means, with its unit.

    Raises
    ------
    ThesisError
        If the declaration contradicts itself.

    Examples
    --------
    >>> hold = Param(20, low=5, high=60, doc="sessions a catalyst stays fresh")
    >>> hold.parse("30"), hold.allowed
    (30, 'a whole number from 5 to 60')
    """

    __slots__ = ("choices", "default", "doc", "high", "kind", "low", "name", "step")

    def __init__(
        self,
        default: T,
        *,
        low: T | None = None,
        high: T | None = None,
        step: T | None = None,
        choices: Iterable[T] | None = None,
        doc: str = "",
    ) -> None:
        self.name = ""
        self.kind = _kind_of(default)
        self.doc = doc
        self.low = self._declared("low", low)
        self.high = self._declared("high", high)
        self.step = self._declared("step", step)
        self.choices = None if choices is None else tuple(self._of_kind("choices", choice) for choice in choices)
        self._check_declaration()
        self.default = self._of_kind("default", default)
        if not self._inside(self.default):
            self._refuse(f"default is {default!r}, outside what it allows itself, {self.allowed}: change either")

    @overload
    def __get__(self, instance: None, owner: type) -> Param[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Param[T] | T:
        if instance is None:
            return self
        return cast("T", instance.__dict__["_values"][self.name])

    def __repr__(self) -> str:
        shown = {name: getattr(self, name) for name in ("low", "high", "step", "choices", "doc")}
        given = "".join(f", {name}={value!r}" for name, value in shown.items() if value not in {None, ""})
        return f"Param({self.default!r}{given})"

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        if self.choices is not None:
            return "one of " + ", ".join(map(str, self.choices))
        words = KINDS[self.kind]
        if self.low is not None and self.high is not None:
            return f"{words} from {self.low} to {self.high}"
        if self.low is not None:
            return f"{words} from {self.low} upward"
        if self.high is not None:
            return f"{words} up to {self.high}"
        return words

    def check(self, value: object) -> T:
        """Return `value` in the parameter's type.

        Raises
        ------
        UsageError
            If it is of another type or outside what is allowed.
        """
        checked = self._converted(value)
        if checked is None or not self._inside(checked):
            raise UsageError(self._fault(value))
        return checked

    def parse(self, text: str) -> T:
        """Return the value that `text` (from a command line or a file) stands for.

        Raises
        ------
        UsageError
            If it is no such value, or outside what is allowed.
        """
        word = text.strip()
        if self.kind is str:
            return self.check(word)
        try:
            value = SWITCH[word.lower()] if self.kind is bool else self.kind(word)
        except (ValueError, KeyError):
            raise UsageError(self._fault(text)) from None
        return self.check(value)

    def _fault(self, value: object) -> str:
        near = did_you_mean(value, map(str, self.choices or ())) if isinstance(value, str) else ""
        return f"{self.name or 'the parameter'} is {value!r}{near}: give {self.allowed}"

    def _inside(self, value: T) -> bool:
        if self.choices is not None:
            return value in self.choices
        number = cast("float", value)  # a text or a switch has no bounds
        low, high = cast("float | None", self.low), cast("float | None", self.high)
        return (low is None or number >= low) and (high is None or number <= high)

    def _converted(self, value: object) -> T | None:
        """Return `value` as the parameter's type, None where it is of another."""
        if isinstance(value, np.generic):
            value = value.item()
        if self.kind is float and type(value) in {int, float}:
            number = float(cast("float", value))
            return cast("T", number) if math.isfinite(number) else None
        return cast("T", value) if type(value) is self.kind else None

    def _of_kind(self, what: str, value: object) -> T:
        converted = self._converted(value)
        if converted is None:
            self._refuse(f"{what} is {value!r} where the default asks for {KINDS[self.kind]}: write both alike")
        return cast("T", converted)

    def _declared(self, what: str, bound: T | None) -> T | None:
        if bound is None:
            return None
        if self.kind in {bool, str}:
            self._refuse(f"{what} is given for {KINDS[self.kind]}: only numbers have it; use choices")
        return self._of_kind(what, bound)

    def _check_declaration(self) -> None:
        low, high, step = (cast("float | None", bound) for bound in (self.low, self.high, self.step))
        if low is not None and high is not None and low >= high:
            self._refuse(f"low is {low} and high is {high}: low must be below high")
        if step is not None and step <= 0:
            self._refuse(f"step is {step}: give one above 0")
        if self.choices is None:
            return
        if (low, high, step) != (None, None, None):
            self._refuse("both choices and low, high or step are given: keep one of the two")
        if not self.choices or len(set(self.choices)) != len(self.choices):
            self._refuse(f"choices are {self.choices}: give at least one, each once")

    @staticmethod
    def _refuse(fault: str) -> None:
        message = f"this Param contradicts itself: {fault}"
        raise ThesisError(message)


def _kind_of(default: object) -> type[bool | int | float | str]:
    for kind in (bool, int, float, str):
        if type(default) is kind:
            return kind
    message = f"a Param's default is {default!r}: give a whole number, a number, True or False, or a text"
    raise ThesisError(message)
