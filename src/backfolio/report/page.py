"""Templates to bytes: everything escaped, one style sheet inside each page, no script."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from backfolio.report import words
from backfolio.report.view import money

if TYPE_CHECKING:
    from collections.abc import Mapping


def page(template: str, values: Mapping[str, object], *, inline_styles: bool = False) -> bytes:
    """Fill a template of this package.

    Parameters
    ----------
    inline_styles
        Allow style attributes, which drawings of others carry; scripts and
        anything from elsewhere stay forbidden.
    """
    style = style_sheet()
    # The policy names the one style sheet by its hash: nothing that slips into a page could style or run.
    allowed = "'unsafe-inline'" if inline_styles else f"'sha256-{_digest(style)}'"
    policy = f"default-src 'none'; style-src {allowed}; img-src data:; base-uri 'none'; form-action 'none'"
    text = _environment().get_template(template).render(policy=policy, style=Markup(style), **values)  # noqa: S704
    return text.encode()


@lru_cache(maxsize=1)
def style_sheet() -> str:
    """Return the style sheet of every page."""
    return resources.files("backfolio.report").joinpath("style.css").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("backfolio.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(label=words.label, money=money, minus=_minus)
    return environment


def _minus(text: str) -> str:
    """Write negative numbers with a minus sign as wide as the plus."""
    return re.sub(r"(?<![^\s])-(?=\d)", words.MINUS, text)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
