"""The one table of words: whole, without anything that no page says, and every value in its place."""

from __future__ import annotations

import re
import tomllib
from functools import cache

from markupsafe import Markup

import spoken
from backfolio.report import lang
from backfolio.said import counted, listed, said

TABLE = spoken.SOURCE / "report" / "lang" / "zh.toml"


@cache
def table() -> dict[str, str]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def test_every_string_has_its_chinese() -> None:
    assert len(spoken.every()) > 900
    assert spoken.every() - set(table()) == set()


def test_no_entry_is_left_over() -> None:
    assert set(table()) - spoken.every() == set()


def test_every_value_has_its_place_in_both() -> None:
    wrong = {
        english: chinese
        for english, chinese in table().items()
        if sorted(lang.PLACE.findall(english)) != sorted(lang.PLACE.findall(chinese))
    }
    assert wrong == {}


def test_chinese_is_chinese() -> None:
    """Only signs, and names that are written so in Chinese too, stay as they are."""
    kept = {
        english
        for english, chinese in table().items()
        if not re.search(r"[\u4e00-\u9fff]", chinese) and re.search("[a-zA-Z]{2}", re.sub(lang.PLACE, "", english))
    }
    assert kept == {"VaR 95%", "CVaR 95%", "R squared", "%(n)s of %(all)s"}


def test_no_half_width_mark_stands_between_chinese_words() -> None:
    wrong = [text for text in table().values() if re.search(r"[\u4e00-\u9fff][,;:?!](?=[\u4e00-\u9fff])", text)]
    assert wrong == []


def test_values_that_are_sentences_are_translated_too() -> None:
    made = said("The choice changed at %(times)s of %(seams)s.", times=1, seams=counted(3, "seam"))
    assert made == "The choice changed at 1 of 3 seams."
    assert lang.translate(made, "zh") == "选择在 3 处衔接中的 1 处发生改变。"


def test_what_is_listed_is_translated_one_by_one() -> None:
    made = listed([counted(1, "trial"), "mine", counted(2_000, "session")])
    assert made == "1 trial, mine, 2,000 sessions"
    assert lang.translate(made, "zh") == "1 个试验、mine、2,000 个交易日"
    assert listed([]) == ""


def test_a_value_of_a_phrase_is_escaped_in_either_language() -> None:
    shown = lang.phrase("%(names)s left it.", "zh", names=said("%(n)s names", n="<b>"))
    assert shown == Markup("&lt;b&gt; 只个股已离开。")
