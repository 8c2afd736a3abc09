"""The one table of words: whole, without anything that no page says, and every value in its place."""

from __future__ import annotations

import re
import tomllib
from functools import cache

from markupsafe import Markup

import spoken
from backfolio.audit import Audit, Finding, check, worlds
from backfolio.audit.model import weight_words
from backfolio.report import lang
from backfolio.report.look import Look
from backfolio.report.run import run_page
from backfolio.said import counted, listed, said
from backfolio.targets import LEAVE_ALONE
from finished import small_result

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


def test_findings_of_an_audit_are_said_in_chinese() -> None:
    finding = Finding(
        "prices",
        said(worlds.OTHER_FUTURES[0].words, day="2024-03-05"),
        "2024-03-04",
        "688256.SH",
        weight_words(LEAVE_ALONE),
        weight_words(2_500),
        remedy=listed([check.LOT, check.STATE], "; "),
    )
    audit = Audit(3, 9, (finding,), quick=True)
    content = run_page(small_result(audit=audit), tearsheet=False, look=Look("zh")).decode()
    found = re.findall(r"<li>(.*?)</li>", content.split('id="look-ahead"')[1])[0]
    assert found == (
        '2024-03-05 之后的价格反向变动：688256.SH 在 2024-03-04 的目标权重由 不变动 变为 25.00%。 <span class="quiet">'
        "处理办法：抽签须给定随机种子，如 default_rng(self.seed)；"
        "两次调用之间不要保留任何内容，无论在模块中还是在类中。</span>"
    )
