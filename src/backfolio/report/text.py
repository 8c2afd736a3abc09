"""How pages write what they show: money, percentages, parameters, paragraphs."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, NamedTuple

from backfolio.metrics import NOT_AVAILABLE
from backfolio.money import cny_text
from backfolio.report import words
from backfolio.said import LEAST_CHANCE, chance, said

if TYPE_CHECKING:
    from backfolio.settings import MarketSettings


class Paragraph(NamedTuple):
    """A paragraph of the thesis, and whether its line breaks mean something."""

    text: str
    lines: bool


def money(mills: int, decimals: int = 2) -> str:
    """Write mills as CNY with thousands apart; 0 decimals rounds half up to the CNY."""
    text = cny_text(abs(mills), 2) if decimals else str((abs(mills) + 500) // 1_000)
    whole, point, rest = text.partition(".")
    sign = words.MINUS if mills < 0 and text.strip("0.") else ""
    return f"{sign}{int(whole):,}{point}{rest}"


def plain(value: object) -> str:
    """Write a parameter as a person would."""
    if value is None:
        return said("off")
    if isinstance(value, bool):
        return said("yes") if value else said("no")
    return f"{value:g}" if isinstance(value, float) else str(value)


def percent(fraction: float) -> str:
    """Write a fraction as a percentage with no more decimals than it needs."""
    return f"{fraction * 100:.4f}".rstrip("0").rstrip(".") + "%"


def paragraphs(doc: str) -> list[Paragraph]:
    """Split a docstring; lists and indented text keep their lines, prose flows."""
    parts = []
    for part in inspect.cleandoc(doc).split("\n\n"):
        lines = part.strip("\n").splitlines()
        listed = any(line.startswith((" ", "* ", "- ", "---")) for line in lines)
        if lines:
            parts.append(Paragraph("\n".join(lines) if listed else " ".join(lines), listed))
    return parts


def market_words(settings: MarketSettings) -> list[tuple[str, str]]:
    """Return the market settings by name, in words."""
    return [
        ("starting cash", f"¥{settings.cash:,.2f}"),
        ("price", said("the open") if settings.price == "open" else said("average of the session (amount / volume)")),
        ("slippage", said("%(n)s basis points", n=f"{settings.slippage:g}")),
        ("participation", said("%(share)s of the volume", share=percent(settings.participation))),
        ("chase", said("%(n)s sessions", n=f"{settings.chase:g}")),
        (
            "commission",
            said(
                "%(share)s, at least ¥%(least)s",
                share=percent(settings.commission),
                least=f"{settings.min_commission:,.2f}",
            ),
        ),
        ("dividend tax", said("by holding period, taken at the sale") if settings.dividend_tax else said("off")),
    ]


def signed(mills: int, decimals: int = 0) -> str:
    """Write a gain or loss in mills as CNY, a gain with its plus."""
    text = money(mills, decimals)
    return f"+{text}" if mills > 0 and text.strip("0.,") else text


def signed_cny(mills: int) -> str:
    """Write a gain or loss in mills with its sign and the sign of the currency, as in "+¥136,020"."""
    text = signed(mills)
    return f"{text[0]}¥{text[1:]}" if text[0] in {"+", words.MINUS} else f"¥{text}"


def gain(fraction: float | None, decimals: int = 1) -> str:
    """Write a gain or loss as a signed percentage; "n/a" where there is none."""
    if fraction is None or not math.isfinite(fraction):
        return NOT_AVAILABLE
    if round(fraction, decimals + 2) == 0:
        return f"{0:.{decimals}%}"
    return f"{fraction:+,.{decimals}%}".replace("-", words.MINUS)


def part(fraction: float | None, decimals: int = 0) -> str:
    """Write a share as a percentage; "n/a" where there is none."""
    if fraction is None or not math.isfinite(fraction):
        return NOT_AVAILABLE
    return f"{fraction:,.{decimals}%}".replace("-", words.MINUS)


def p_text(p: float | None) -> str:
    """Write a probability with three decimals; "<0.001" below them, "n/a" where there is none."""
    if p is None:
        return NOT_AVAILABLE
    return "<0.001" if p < LEAST_CHANCE else f"{p:.3f}"


def p_said(p: float | None) -> str:
    """Write the same as it stands after "p": "= 0.032", "< 0.001", "= n/a"."""
    return f"= {NOT_AVAILABLE}" if p is None else chance(p)


def tone(value: float | None) -> str:
    """Return the class of a gain or loss: "gain", "loss" or ""."""
    if not value:
        return ""
    return "gain" if value > 0 else "loss"


def short_count(number: int) -> str:
    """Write a large count with three digits and a letter: 95.1M; below ten thousand as it is.

    Examples
    --------
    >>> short_count(95_121_400), short_count(9_999), short_count(12_345)
    ('95.1M', '9,999', '12.3K')
    """
    if number < 10_000:  # noqa: PLR2004
        return f"{number:,}"
    # 999,950 would be written 1000.0K
    step, letter = next(each for each in ((1e3, "K"), (1e6, "M"), (1e9, "B"), (1e12, "T")) if number < each[0] * 999.95)
    size = number / step
    return f"{size:.1f}{letter}"
