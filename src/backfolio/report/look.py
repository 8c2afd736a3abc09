"""How pages look: their language, and which colour a gain has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Lang = Literal["en", "zh"]
Colour = Literal["red", "green"]

TAGS: Final = {"en": "en", "zh": "zh-CN"}
"""Language to what `<html lang>` says; a browser chooses the shapes of Chinese characters by it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a reader chooses about pages; no figure depends on it.

    Parameters
    ----------
    lang
        Language of labels and sentences. What comes from files (titles, names,
        the thesis) stays as it was written.
    up_colour
        Colour of a gain and of a rising candle: "red" as in China, or "green";
        a fall has the other one.
    """

    lang: Lang = "en"
    up_colour: Colour = "red"

    @property
    def tag(self) -> str:
        """Language as HTML names it."""
        return TAGS[self.lang]

    @property
    def classes(self) -> str:
        """Class of the root element, by which the style sheet chooses colours."""
        return f"up-{self.up_colour}"


USUAL: Final = Look()
"""English, red is up."""
