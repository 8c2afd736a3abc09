"""Words of pages in another language: English is the key, one table a language holds the rest.

`zh.toml` maps each English string to Chinese. A string that is missing there is
shown in English; a test demands that none is. A sentence with values in it
(`backfolio.said`) is looked up by its template.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from backfolio.said import PLACE, Said, filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backfolio.report.look import Lang


@lru_cache
def table(lang: Lang) -> Mapping[str, str]:
    """Return English to `lang`, read-only; nothing for English itself."""
    if lang == "en":
        return MappingProxyType({})
    text = resources.files(__name__).joinpath(f"{lang}.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


def translate(text: str, lang: Lang) -> str:
    """Return a string in a language, a sentence with its values; as it stands where the table lacks it."""
    if lang == "en" or not isinstance(text, Said):
        return table(lang).get(text, text)
    if text.parts is not None:
        between = table(lang).get(text.key, text.key)
        return between.join(translate(part, lang) for part in text.parts)
    return filled(table(lang).get(text.key, text.key), text.values, lambda value: _written(value, lang))


def phrase(text: str, lang: Lang, /, **values: object) -> str:
    """Return a string in a language with its values in place; a template's ``_("...")``.

    Without values this is plain text, which a template escapes where it shows
    it. With values it is markup in which the string and each value are escaped,
    but for a value that is markup itself.

    Raises
    ------
    KeyError
        If a place of the string has no value.
    """
    found = translate(text, lang)
    if not values:
        return found
    parts = PLACE.split(found)
    shown = [escape(_spoken(values[part], lang) if at % 2 else part) for at, part in enumerate(parts)]
    return Markup("").join(shown)


def sentence(text: str, lang: Lang, /, **values: object) -> str:
    """Return a string in a language with its values in place, as plain text: for what is no template.

    Raises
    ------
    KeyError
        If a place of the string has no value.
    """
    return filled(translate(text, lang), values, lambda value: _written(value, lang))


def counted(one: str, many: str, count: int, lang: Lang, /, **values: object) -> str:
    """Return the string for one thing or for several, with the count as ``%(n)s``; a template's ``ngettext``.

    A language without plurals needs `many` in its table only.
    """
    text = one if count == 1 and lang == "en" else many
    return phrase(text, lang, **{"n": f"{count:,}", **values})


def _spoken(value: object, lang: Lang) -> object:
    return translate(value, lang) if isinstance(value, Said) else value


def _written(value: object, lang: Lang) -> str:
    return str(_spoken(value, lang))
