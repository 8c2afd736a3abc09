"""Names of houses and words of ratings: what is known, and that nothing is guessed."""

from __future__ import annotations

from itertools import combinations

import pytest

from backfolio.ratings import houses, words


@pytest.mark.parametrize(
    ("text", "house"),
    [
        ("高盛", "Goldman Sachs"),
        ("Goldman Sachs", "Goldman Sachs"),
        ("goldman  sachs", "Goldman Sachs"),
        ("高盛高华证券有限责任公司", "Goldman Sachs"),
        ("高盛（中国）证券", "Goldman Sachs"),
        ("中金公司", "China International Capital Corporation"),
        ("中国国际金融股份有限公司", "China International Capital Corporation"),
        ("华泰", "Huatai Securities"),
        ("华泰证券股份有限公司", "Huatai Securities"),
        ("华泰证券研究所", "Huatai Securities"),
        ("群益证券（香港）", "Capital Securities (Taiwan)"),
        ("安信证券", "SDIC Securities"),
        ("国投证券", "SDIC Securities"),
        ("J.P. Morgan", "JPMorgan"),
        # houses that are easily taken for one another
        ("中信证券", "CITIC Securities"),
        ("中信建投", "China Securities"),
        ("中银国际", "BOC International"),
        ("中银证券", "BOC International (China)"),
        ("国泰君安", "Guotai Junan Securities"),
        ("国泰海通", "Guotai Haitong Securities"),
        ("海通证券", "Haitong Securities"),
        # nobody's, so their own
        ("中银", "中银"),
        ("国联", "国联"),
        ("火星证券有限公司", "火星证券"),
        ("国元国际", "国元国际"),
        ("研究所", "研究所"),
        ("", ""),
    ],
)
def test_a_house_has_one_name(text: str, house: str) -> None:
    assert houses.house_of(text) == house
    assert houses.house_key(text) == houses.house_key(house)


def test_no_name_stands_for_two_houses() -> None:
    for (one, names), (other, others) in combinations(houses.ALIASES.items(), 2):
        keys = {houses.house_key(name) for name in (one, *names)}
        assert keys == {houses.house_key(one)}
        assert keys.isdisjoint(houses.house_key(name) for name in (other, *others)), (one, other)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("买入", 5),
        ("“买入”", 5),
        ("买入评级", 5),
        ("买入-A", 5),
        ("Buy-A", 5),
        ("强烈推荐-B", 5),
        ("buy", 5),
        ("增持", 4),
        ("推荐", 4),
        ("优于大市", 4),
        ("跑赢行业", 4),
        ("Overweight", 4),
        ("中性", 3),
        ("持有", 3),
        ("同步大市", 3),
        ("Equal-weight", 3),
        ("减持", 2),
        ("跑输行业", 2),
        ("卖出", 1),
        ("回避", 1),
        ("区间操作", None),
        ("看好", None),
        ("不评级", None),
        ("未知", None),
        ("A", None),
        ("", None),
    ],
)
def test_a_word_has_a_level_or_none(text: str, level: int | None) -> None:
    assert words.level_of(text) == level


@pytest.mark.parametrize(
    ("old", "new", "step", "side"),
    [
        ("增持", "买入", 1, 0),
        ("买入", "增持", -1, 0),
        ("谨慎增持", "增持", 1, 0),
        ("推荐", "强烈推荐", 1, 0),
        ("谨慎推荐", "推荐", 1, 0),
        ("买入", "买进", 0, 0),
        ("中性", "持有", 0, 0),
        ("推荐", "买入", 0, 0),
        ("强烈推荐", "增持", 0, 0),
        ("中性", "推荐", 1, 1),
        ("推荐", "中性", -1, -1),
        ("跑赢行业", "减持", -1, -1),
        ("卖出", "减持", 1, 0),
        ("买入", "区间操作", None, None),
        ("", "买入", None, None),
    ],
)
def test_words_of_one_scale_compare_step_by_step_and_others_by_side(
    old: str, new: str, step: int | None, side: int | None
) -> None:
    assert (words.step(old, new), words.side(old, new)) == (step, side)


def test_scales_rise_and_both_ways_of_comparing_agree() -> None:
    for scale, steps in words.SCALES.items():
        levels = [level for _, level, _ in steps]
        assert levels == sorted(levels), scale
        assert set(levels) <= set(range(1, 6))
        for (one, _, _), (other, _, _) in combinations(steps, 2):
            assert words.step(one, other) == 1
            assert words.step(other, one) == -1
            assert words.side(one, other) in {0, 1}
            assert words.one_scale(one, other)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("调高", "up"),
        ("上调", "up"),
        ("调低", "down"),
        ("下调评级", "down"),
        ("维持", "kept"),
        ("首次", "first"),
        ("首次评级", "first"),
        ("未知", None),
        ("未公布", None),
        ("恢复", None),
        ("1", None),
        ("3.0", None),
        ("", None),
    ],
)
def test_what_a_host_says_of_the_change(text: str, change: str | None) -> None:
    assert words.change_of(text) == change


@pytest.mark.parametrize(
    ("text", "label"), [("买入-A", "Buy"), ("强推", "Strong Recommend"), ("Buy-A", "Buy-A"), (" 区间操作 ", "区间操作")]
)
def test_a_word_in_english(text: str, label: str) -> None:
    assert words.label_of(text) == label
