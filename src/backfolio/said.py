"""`Said`: a sentence with values in it that can be said in another language later.

It is a ``str``, its English text, so that whatever prints or stores sentences
takes it as it is. A page asks it for its template and values and says the
template in its own language (`backfolio.report.lang`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PLACE: Final = re.compile(r"%\((\w+)\)s")
"""Where a value goes in a template: ``%(name)s``. Any other "%" is itself."""

LEAST_CHANCE: Final = 0.001
"""Probabilities below it are written as that: three decimals do not tell them apart."""


class Said(str):
    """English text that knows the template it was made from, and the values.

    Parameters
    ----------
    text
        What it says in English.
    key
        The template, which other languages are looked up by.
    values
        By place; a value may be a `Said` itself, and is then translated too.
    parts
        Of a list: what is listed; `key` is what stands between them.
    """

    __slots__ = ("key", "parts", "values")

    key: str
    values: Mapping[str, object]
    parts: tuple[str, ...] | None

    def __new__(cls, text: str, key: str, values: Mapping[str, object], parts: tuple[str, ...] | None = None) -> Self:
        """Make it whole: a text does not change."""
        made = super().__new__(cls, text)
        made.key, made.values, made.parts = key, values, parts
        return made

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        """Return what another process or a copy makes it from."""
        return type(self), (str(self), self.key, self.values, self.parts)


def said(key: str, /, **values: object) -> Said:
    """Return a sentence with its values in place.

    Raises
    ------
    KeyError
        If a place of the template has no value.

    Examples
    --------
    >>> said("%(n)s of %(all)s", n=3, all="4,000")
    '3 of 4,000'
    """
    return Said(filled(key, values, str), key, values)


def counted(number: int, word: str) -> Said:
    """Return a count with its word, for a word whose plural ends with "s".

    Its template is that of several, ``"%(n)s trials"``, whatever the number.

    Examples
    --------
    >>> counted(1, "trial"), counted(1_240, "trial")
    ('1 trial', '1,240 trials')
    """
    text = f"{number:,} {word}{'' if number == 1 else 's'}"
    return Said(text, f"%(n)s {word}s", {"n": f"{number:,}"})


def listed(parts: Iterable[str], between: str = ", ") -> Said:
    """Return texts one after another; each is translated by itself, and so is what stands between them."""
    kept = tuple(parts)
    return Said(between.join(kept), between, {}, kept)


def paired(name: str, value: str) -> Said:
    """Return a name and what it has, with a blank between them in every language."""
    return said("%(name)s %(value)s", name=name, value=value)


def chance(p: float) -> str:
    """Write a probability as it stands after "p".

    Examples
    --------
    >>> chance(0.0321), chance(0.00002)
    ('= 0.032', '< 0.001')
    """
    return "< 0.001" if p < LEAST_CHANCE else f"= {p:.3f}"


def filled(template: str, values: Mapping[str, object], write: Callable[[object], str]) -> str:
    """Put values into the places of a template, each as `write` says it.

    Raises
    ------
    KeyError
        If a place has no value.
    """
    return PLACE.sub(lambda place: write(values[place[1]]), template)
