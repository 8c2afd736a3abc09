"""Templates to bytes: everything escaped, one style sheet inside each page, no script but those that are named.

The policy of a page names its style sheet and its one inline script by their
hashes. A page with charts also runs the two files of `backfolio.report.assets`,
which it links by a relative path, and its policy says ``script-src 'self'``.
Chromium takes that for the folder's files both over ``file://`` (where every
local file is 'self', but nothing of the network) and over ``http://127.0.0.1``;
an inline script stays forbidden in both. Charts read their numbers from one
block of ``application/json``, which never runs and so needs no permission.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from backfolio.report import assets, words
from backfolio.report.lang import counted, phrase, translate
from backfolio.report.look import USUAL
from backfolio.report.text import money
from backfolio.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backfolio.report.look import Lang, Look

UNSAFE: Final = {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
"""What could end a block of JSON in a page, or be taken for markup, to the same as JSON escapes it."""


def page(
    template: str,
    values: Mapping[str, object],
    *,
    look: Look = USUAL,
    script: str = "",
    plots: Mapping[str, object] | None = None,
    up: str = "../../",
) -> bytes:
    """Fill a template of this package.

    Parameters
    ----------
    look
        Language and colours. A template writes its words as ``_("...")``.
    script
        The one inline script of the page, which stands at its end and is
        allowed by its hash; any other stays forbidden. None by default.
    plots
        What the page's charts draw, from `backfolio.report.plots`; JSON types
        only. None: a page without charts, which links no script.
    up
        From the page to the folder of reports, "" or ending with "/".

    Raises
    ------
    ValueError
        If the script holds what would end its element, or a number of `plots`
        is not finite.
    """
    if "</" in script or "<!--" in script:
        message = "the script of a page holds '</' or '<!--', which would end it early: write it without"
        raise ValueError(message)
    style = style_sheet()
    # The policy names the one style sheet by its hash: nothing that slips into a page could style or run.
    runs = [*(["'self'"] if plots is not None else []), *([f"'sha256-{_digest(script)}'"] if script else [])]
    scripts = f"script-src {' '.join(runs)}; " if runs else ""
    styles = f"style-src 'sha256-{_digest(style)}'"
    policy = f"default-src 'none'; {scripts}{styles}; img-src data:; base-uri 'none'; form-action 'none'"
    linked = [] if plots is None else [f"{up}{assets.FOLDER}/{asset.name}" for asset in assets.scripts()]
    ours = {
        "look": look,
        "policy": policy,
        "style": Markup(style),  # noqa: S704  ours
        "script": Markup(script),  # noqa: S704  ours
        "linked": linked,
        "plots": "" if plots is None else as_block(plots),
    }
    return _environment(look.lang).get_template(template).render(**ours, **values).encode()


def as_block(data: Mapping[str, object]) -> Markup:
    """Write JSON so that no text in it can end the block that holds it, in few bytes and always the same.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escaped in UNSAFE.items():
        text = text.replace(character, escaped)
    return Markup(text)  # noqa: S704  no "<" is left in it


def style_sheet() -> str:
    """Return the style sheet of every page."""
    return resource("style.css")


@lru_cache
def resource(name: str) -> str:
    """Return the text of a file beside this module."""
    return resources.files("backfolio.report").joinpath(name).read_text(encoding="utf-8")


@lru_cache
def _environment(lang: Lang) -> Environment:
    environment = Environment(
        loader=PackageLoader("backfolio.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: translate(value, lang) if isinstance(value, Said) else value,
    )
    environment.filters.update(label=words.label, money=money, minus=lambda text: _minus(translate(text, lang)))
    # Not jinja2's own gettext: that takes every string for markup, and every "%" for a place.
    environment.globals.update(
        _=lambda text, **values: phrase(text, lang, **values),
        ngettext=lambda one, many, count, **values: counted(one, many, count, lang, **values),
    )
    return environment


def _minus(text: str) -> str:
    """Write negative numbers with a minus sign as wide as the plus; the filter says the text in the page's language."""
    return re.sub(r"(?<![^\s])-(?=\d)", words.MINUS, text)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
