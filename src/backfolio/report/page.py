"""Templates to bytes: everything escaped, one style sheet inside each page, no script but one that is named."""

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


def page(template: str, values: Mapping[str, object], *, inline_styles: bool = False, script: str = "") -> bytes:
    """Fill a template of this package.

    Parameters
    ----------
    inline_styles
        Allow style attributes, which drawings of others carry; scripts and
        anything from elsewhere stay forbidden.
    script
        The one script of the page, which stands at its end and is allowed by
        its hash; any other stays forbidden. None by default.

    Raises
    ------
    ValueError
        If the script holds what would end its element.
    """
    if "</" in script or "<!--" in script:
        message = "the script of a page holds '</' or '<!--', which would end it early: write it without"
        raise ValueError(message)
    style = style_sheet()
    # The policy names the one style sheet by its hash: nothing that slips into a page could style or run.
    allowed = "'unsafe-inline'" if inline_styles else f"'sha256-{_digest(style)}'"
    runs = f"script-src 'sha256-{_digest(script)}'; " if script else ""
    policy = f"default-src 'none'; {runs}style-src {allowed}; img-src data:; base-uri 'none'; form-action 'none'"
    ours = {"policy": policy, "style": Markup(style), "script": Markup(script)}  # noqa: S704
    return _environment().get_template(template).render(**ours, **values).encode()


def style_sheet() -> str:
    """Return the style sheet of every page."""
    return resource("style.css")


@lru_cache
def resource(name: str) -> str:
    """Return the text of a file beside this module."""
    return resources.files("backfolio.report").joinpath(name).read_text(encoding="utf-8")


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
