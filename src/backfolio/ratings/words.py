"""What the words of a rating mean: a level from 1 (sell) to 5 (buy), and a place on a scale of words.

Houses use different words, and the same word stands at different heights: 推荐 is
the best word of a house that also says 谨慎推荐, and the second best of one that
says 强烈推荐. So two words of one scale are compared step by step, and two words
of different scales only by their side: good, neutral or bad. A word that is not
listed is unknown and compares with nothing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

NEUTRAL: Final = 3
"""The level in the middle."""

Change = Literal["up", "down", "kept", "first"]
"""What a host says of a rating against the one before."""


@dataclass(frozen=True, slots=True)
class Rating:
    """A word of a rating, understood.

    Parameters
    ----------
    word
        In English, as in ``Strong Buy``.
    level
        1 (sell) to 5 (buy); 3 is neutral.
    scale
        Which words it is ordered with.
    rank
        Its place on that scale; higher is better.
    """

    word: str
    level: int
    scale: str
    rank: int


SCALES: Final[Mapping[str, tuple[tuple[str, int, tuple[str, ...]], ...]]] = MappingProxyType(
    {
        "buy": (
            ("Sell", 1, ("卖出", "沽售", "沽出")),
            ("Reduce", 2, ("减持",)),
            ("Neutral", 3, ("中性", "持有", "观望", "中立", "Hold")),
            ("Cautious Add", 4, ("谨慎增持", "审慎增持")),
            ("Add", 4, ("增持", "Accumulate")),
            ("Buy", 5, ("买入", "买进")),
            ("Strong Buy", 5, ("强烈买入", "强力买入", "强力买进", "确信买入")),
        ),
        "recommend": (
            ("Avoid", 1, ("回避", "规避")),
            ("Cautious Recommend", 4, ("谨慎推荐", "审慎推荐")),
            ("Recommend", 4, ("推荐",)),
            ("Strong Recommend", 5, ("强烈推荐", "强推")),
        ),
        "weight": (
            ("Underweight", 2, ("低配", "减配")),
            ("Equal-weight", 3, ("标配", "Equalweight", "Equal Weight")),
            ("Overweight", 4, ("超配", "增配")),
        ),
        "market": (
            (
                "Underperform",
                2,
                ("弱于大市", "跑输大市", "落后大市", "逊于大市", "跑输行业", "弱于行业", "跑输市场", "弱于市场"),
            ),
            (
                "Market Perform",
                3,
                (
                    "同步大市",
                    "与大市同步",
                    "同步市场",
                    "跟随大市",
                    "同步行业",
                    "与行业同步",
                    "Market-perform",
                    "In-line",
                ),
            ),
            (
                "Outperform",
                4,
                ("优于大市", "强于大市", "跑赢大市", "领先大市", "跑赢行业", "强于行业", "跑赢市场", "强于市场"),
            ),
        ),
    }
)
"""Scale to its words from worst to best: (English, level, what hosts write).

Source: the definitions of ratings that the houses print under their reports.
"""

_CHANGES: Final[Mapping[Change, tuple[str, ...]]] = MappingProxyType(
    {
        "up": ("调高", "上调", "升级", "提高", "调升", "upgrade", "up"),
        "down": ("调低", "下调", "降级", "降低", "调降", "downgrade", "down"),
        "kept": ("维持", "不变", "持平", "重申", "maintain", "kept", "reiterate"),
        "first": ("首次", "首次评级", "首次覆盖", "首次关注", "新增", "initiate", "first"),
    }
)


def rating_of(text: str) -> Rating | None:
    """Return what a rating's word means; None where it is not listed.

    Parameters
    ----------
    text
        As a host writes it. A risk class behind it (``买入-A``) and quotes around
        it do not count.
    """
    return _rating(text)


def level_of(text: str) -> int | None:
    """Return the level of a rating's word, 1 (sell) to 5 (buy); None where it is not listed."""
    found = _rating(text)
    return None if found is None else found.level


def label_of(text: str) -> str:
    """Return a rating's word in English, or as it came where it is English or not listed."""
    found = _rating(text)
    return text.strip() if found is None or text.isascii() else found.word


@lru_cache(maxsize=4096)
def change_of(text: str) -> Change | None:
    """Return what a host's word for the change of a rating means; None where it is not listed."""
    plain = _plain(text)
    return next((change for change, words in _CHANGES.items() if plain in words), None)


def step(old: str, new: str) -> int | None:
    """Return 1 where the rating rises from `old` to `new`, -1 where it falls, 0 where it stays; None = unknown.

    Parameters
    ----------
    old, new
        Words of one host for one house. On one scale every step counts; between
        scales only the side does (good, neutral, bad).
    """
    before, after = _rating(old), _rating(new)
    if before is None or after is None:
        return None
    if before.scale == after.scale:
        return _sign(after.rank - before.rank)
    return side(old, new)


def side(old: str, new: str) -> int | None:
    """Return as `step` does, but count only a change of side (good, neutral, bad): for words of two hosts."""
    before, after = _rating(old), _rating(new)
    if before is None or after is None:
        return None
    return _sign(_sign(after.level - NEUTRAL) - _sign(before.level - NEUTRAL))


def one_scale(old: str, new: str) -> bool:
    """Tell whether two words are known and stand on one scale."""
    before, after = _rating(old), _rating(new)
    return before is not None and after is not None and before.scale == after.scale


@lru_cache(maxsize=4096)
def _rating(text: str) -> Rating | None:
    return _KNOWN.get(_plain(text))


def _plain(text: str) -> str:
    """Take quotes, blanks and a risk class off a word."""
    plain = re.sub(r"[\s\"'\u2018\u2019\u201c\u201d\u300c\u300d]", "", unicodedata.normalize("NFKC", text)).casefold()
    plain = re.sub(r"(?:(?<=[\u4e00-\u9fff])|[-_])[-_]?[a-e]$", "", plain)
    return plain.removesuffix("评级") if plain != "首次评级" else plain


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _known() -> dict[str, Rating]:
    known: dict[str, Rating] = {}
    for scale, steps in SCALES.items():
        for rank, (english, level, words) in enumerate(steps):
            for word in (english, *words):
                if known.setdefault(_plain(word), Rating(english, level, scale, rank)).word != english:
                    message = f"the word {word!r} stands on two scales"
                    raise ValueError(message)
    return known


_KNOWN: Final[Mapping[str, Rating]] = MappingProxyType(_known())
