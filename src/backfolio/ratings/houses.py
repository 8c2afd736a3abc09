"""One name a research house, whatever a host calls it.

A rating and a target only mean something against the same house's earlier ones,
so the names that stand for one house are listed. A name that is in no list
stands for itself. Houses that merged (as Guotai Junan and Haitong did in 2025)
stay apart: whose earlier target the new one follows is not known.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ALIASES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Bank of America": ("美银", "美银证券", "美银美林", "美林", "BofA", "BofA Securities"),
        "Barclays": ("巴克莱",),
        "Bernstein": ("伯恩斯坦",),
        "BOC International": ("中银国际",),
        "BOC International (China)": ("中银证券", "中银国际证券"),
        "BOCOM International": ("交银国际", "交银国际证券"),
        "Bohai Securities": ("渤海证券",),
        "Caitong Securities": ("财通证券",),
        "Capital Securities (Taiwan)": ("群益证券", "群益证券(香港)", "群益"),
        "Central China Securities": ("中原证券",),
        "Changjiang Securities": ("长江证券",),
        "China Galaxy Securities": ("银河证券", "中国银河", "中国银河证券"),
        "China International Capital Corporation": ("中金公司", "中金", "中国国际金融", "CICC"),
        "China Merchants Securities": ("招商证券",),
        "China Post Securities": ("中邮证券",),
        "China Renaissance": ("华兴证券", "华兴资本"),
        "China Securities": ("中信建投", "中信建投证券", "CSC Financial"),
        "Cinda Securities": ("信达证券",),
        "Citi": ("花旗", "花旗银行", "花旗集团", "花旗环球", "Citigroup"),
        "CITIC Securities": ("中信证券",),
        "CLSA": ("里昂", "里昂证券", "中信里昂", "中信里昂证券"),
        "CMB International": ("招银国际", "招银国际证券"),
        "Credit Suisse": ("瑞信", "瑞士信贷", "瑞信证券"),
        "Daiwa": ("大和", "大和证券", "大和资本"),
        "Debon Securities": ("德邦证券",),
        "Deutsche Bank": ("德意志银行", "德银"),
        "Dongxing Securities": ("东兴证券",),
        "Everbright Securities": ("光大证券",),
        "First Capital Securities": ("第一创业", "第一创业证券"),
        "Founder Securities": ("方正证券",),
        "GF Securities": ("广发证券",),
        "Goldman Sachs": ("高盛", "高盛集团", "高盛高华", "高盛高华证券", "高盛证券", "高盛(中国)证券", "GS"),
        "Great Wall Securities": ("长城证券",),
        "Guolian Minsheng Securities": ("国联民生", "国联民生证券"),
        "Guolian Securities": ("国联证券",),
        "Guosen Securities": ("国信证券",),
        "Guosheng Securities": ("国盛证券",),
        "Guotai Haitong Securities": ("国泰海通", "国泰海通证券"),
        "Guotai Junan Securities": ("国泰君安", "国泰君安证券"),
        "Guoyuan Securities": ("国元证券",),
        "Haitong Securities": ("海通证券",),
        "HSBC": ("汇丰", "汇丰银行", "汇丰前海", "汇丰前海证券", "汇丰环球研究"),
        "Huaan Securities": ("华安证券",),
        "Huachuang Securities": ("华创证券",),
        "Huafu Securities": ("华福证券",),
        "Huatai Securities": ("华泰证券",),
        "Huaxi Securities": ("华西证券",),
        "Huaxin Securities": ("华鑫证券",),
        "Huajin Securities": ("华金证券",),
        "Industrial Securities": ("兴业证券",),
        "Jefferies": ("富瑞", "杰富瑞", "富瑞金融"),
        "JPMorgan": ("摩根大通", "摩根大通证券", "小摩", "J.P. Morgan", "JP Morgan"),
        "Kaiyuan Securities": ("开源证券",),
        "Macquarie": ("麦格理", "麦格理证券"),
        "Minsheng Securities": ("民生证券",),
        "Mizuho": ("瑞穗", "瑞穗证券"),
        "Morgan Stanley": ("摩根士丹利", "大摩", "摩根士丹利证券", "摩根士丹利华鑫"),
        "Nomura": ("野村", "野村证券", "野村东方国际", "野村东方国际证券"),
        "Northeast Securities": ("东北证券",),
        "Orient Securities": ("东方证券",),
        "Pacific Securities": ("太平洋", "太平洋证券"),
        "Ping An Securities": ("平安证券",),
        # Essence Securities took its new name in December 2023; the company is the same.
        "SDIC Securities": ("国投证券", "安信证券"),
        "Sealand Securities": ("国海证券",),
        "Shanxi Securities": ("山西证券",),
        "Shanghai Securities": ("上海证券",),
        "Shenwan Hongyuan Securities": ("申万宏源", "申万宏源证券", "申万宏源研究"),
        "Sinolink Securities": ("国金证券",),
        "Soochow Securities": ("东吴证券",),
        "Southwest Securities": ("西南证券",),
        "TF Securities": ("天风证券",),
        "UBS": ("瑞银", "瑞银证券", "瑞银集团"),
        "Western Securities": ("西部证券",),
        "Zheshang Securities": ("浙商证券",),
        "Zhongtai Securities": ("中泰证券",),
    }
)
"""English name to the other names of the same house. Source: the houses' own registered and short names."""

_FORMS: Final = ("股份有限公司", "有限责任公司", "有限公司", "研究所", "研究部", "研究院", "研究中心")
"""What may follow a house's name without naming another house."""

_SHORT: Final = "证券"
_UNCLEAR: Final = frozenset({"中银", "国联"})
"""Short names that two houses could claim: they stand for themselves."""


def house_of(text: str) -> str:
    """Return the one name of a house: English where it is listed, else as it came, without its legal form.

    Parameters
    ----------
    text
        As a host or a person writes it; "" gives "".
    """
    return _house(text)


def house_key(text: str) -> str:
    """Return what two names of one house have in common; "" for no name."""
    return _plain(house_of(text))


@lru_cache(maxsize=4096)
def _house(text: str) -> str:
    name = _without_form(unicodedata.normalize("NFKC", text).strip())
    return _KNOWN.get(_plain(name), name)


def _without_form(name: str) -> str:
    for form in _FORMS:
        if name.endswith(form) and len(name) > len(form):
            return _without_form(name[: -len(form)].rstrip())
    return name


def _plain(name: str) -> str:
    return re.sub(r"[\s.&,()]", "", unicodedata.normalize("NFKC", name)).casefold()


def _known() -> dict[str, str]:
    known: dict[str, str] = {}
    for house, names in ALIASES.items():
        for name in (house, *names):
            if known.setdefault(_plain(name), house) != house:
                message = f"two houses share the name {name!r}: {known[_plain(name)]} and {house}"
                raise ValueError(message)
    for house, names in ALIASES.items():
        for name in names:
            short = name.removesuffix(_SHORT)
            if short != name and short not in _UNCLEAR:
                known.setdefault(_plain(short), house)
    return known


_KNOWN: Final[Mapping[str, str]] = MappingProxyType(_known())
