"""The cast: 24 fictional companies on all boards, and what happens to each.

Codes lie where the exchanges have allotted none. `cast` repeats the mix for a
larger market.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

from backfolio.errors import UsageError

THEME: Final = "domestic-compute"
DAILY_LIFE: Final = "daily-life"

SEGMENTS: Final = ("accelerator", "cpu", "server", "foundry", "equipment", "interface", "optics")
"""Segments of the theme."""

CODES: Final = {
    "main-sh": ("605", "SH"),
    "main-sz": ("003", "SZ"),
    "chinext": ("302", "SZ"),
    "star": ("689", "SH"),
    "bse": ("889", "BJ"),
}
"""Place of trading to code prefix and exchange."""

FIRST_NUMBER: Final = 901
NUMBERS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Beat:
    """Something that happens to a company.

    Parameters
    ----------
    kind
        halt, jump, reopen, list, delist, st, bonus or ratio.
    at
        When, as a fraction of the sessions.
    size
        jump: the overnight return (more than the limit gives one-price days);
        bonus: new shares a share; ratio: reference / previous close.
    length
        Sessions it lasts (halt, st).
    later
        Sessions added to `at`.
    cash
        bonus: yield in basis points paid along with the shares.
    """

    kind: str
    at: float
    size: float = 0.0
    length: int = 0
    later: int = 0
    cash: int = 0


@dataclass(frozen=True, slots=True)
class Role:
    """One fictional company.

    Parameters
    ----------
    place
        Key of `CODES`.
    name, name_zh
        As shown; plainly fictional.
    universe, segment, route
        Where it belongs; "" = nowhere.
    price
        CNY, before the first session (of the market or of the company).
    beta, theme
        How much of the market's and of the theme's return it takes.
    sigma
        Deviation of its own return in a session.
    turnover
        Typical CNY a session, in millions.
    listed
        Listing date; a beat `list` wins over it.
    dividend
        Yearly cash yield in basis points; 0 = none.
    beats
        What happens to it.
    joins, leaves
        Dates of its membership, as fractions of the sessions.
    symbol, copy
        Set by `cast`.
    """

    place: str
    name: str
    name_zh: str
    universe: str
    segment: str
    route: str
    price: float
    beta: float
    theme: float
    sigma: float
    turnover: float
    listed: str
    dividend: int = 0
    beats: tuple[Beat, ...] = ()
    joins: float = 0.0
    leaves: float = 1.0
    symbol: str = ""
    copy: int = 0


_C, _D = THEME, DAILY_LIFE

ROLES: Final = (
    Role("star", "Sample Chip One", "模拟芯一", _C, "accelerator", "own-ecosystem", 86.0, 1.0, 1.25, 0.020, 900,
         "2020-03-18", beats=(Beat("jump", 0.22, 0.34), Beat("reopen", 0.71, 0.2))),
    Role("star", "Sample Chip Two", "模拟芯二", _C, "accelerator", "gpgpu", 148.0, 1.0, 1.2, 0.021, 700,
         "2020-06-10", beats=(Beat("halt", 0.62, length=10), Beat("jump", 0.62, 0.3, later=10))),
    Role("star", "Sample Chip Three", "模拟芯三", _C, "accelerator", "gpgpu", 42.5, 1.0, 1.15, 0.022, 400,
         "", beats=(Beat("list", 0.46),), joins=0.46),
    Role("star", "Sample Core Logic", "模拟核心", _C, "cpu", "own-ecosystem", 61.0, 1.0, 1.05, 0.018, 450,
         "2019-12-05", dividend=20, beats=(Beat("halt", 0.35, length=3),)),
    Role("main-sh", "Sample Kernel Works", "模拟内核", _C, "cpu", "own-ecosystem", 17.4, 1.0, 0.95, 0.017, 300,
         "2014-05-20", dividend=60, beats=(Beat("reopen", 0.18, 0.1), Beat("jump", 0.77, -0.26))),
    Role("main-sh", "Sample Rack Systems", "模拟机柜", _C, "server", "", 31.2, 1.0, 1.0, 0.017, 800,
         "2011-08-16", dividend=80, beats=(Beat("jump", 0.55, 0.28), Beat("bonus", 0.68, 0.3, cash=60))),
    Role("main-sz", "Sample Server House", "模拟服务器", _C, "server", "", 24.6, 1.1, 0.95, 0.016, 650,
         "2012-04-11", dividend=110, beats=(Beat("halt", 0.84, length=1),)),
    Role("star", "Sample Foundry North", "模拟晶圆北", _C, "foundry", "", 54.0, 1.0, 0.9, 0.014, 1000,
         "2020-07-22", joins=0.0),
    Role("main-sh", "Sample Foundry South", "模拟晶圆南", _C, "foundry", "", 14.8, 1.0, 0.85, 0.015, 350,
         "2016-09-27", dividend=150, beats=(Beat("halt", 0.29, length=40), Beat("jump", 0.29, -0.18, later=40))),
    Role("star", "Sample Etch Tools", "模拟刻蚀", _C, "equipment", "", 132.0, 1.0, 0.95, 0.017, 500,
         "2019-11-14", dividend=30, beats=(Beat("ratio", 0.41, 0.996321),)),
    Role("main-sz", "Sample Vapour Tools", "模拟气相", _C, "equipment", "", 212.0, 1.0, 0.9, 0.016, 600,
         "2010-03-16", beats=(Beat("bonus", 0.74, 0.35), Beat("ratio", 0.33, 0.991875))),
    Role("star", "Sample Link Silicon", "模拟互联", _C, "interface", "", 73.0, 1.0, 1.0, 0.018, 420,
         "2020-01-09", dividend=40, beats=(Beat("halt", 0.52, length=12), Beat("bonus", 0.52, 0.4, later=4))),
    Role("chinext", "Sample Memory Bridge", "模拟内存桥", _C, "interface", "", 38.0, 1.0, 1.0, 0.019, 280,
         "2018-10-25", beats=(Beat("reopen", 0.6, 0.2),), joins=0.2),
    Role("chinext", "Sample Light Module", "模拟光模块", _C, "optics", "", 44.0, 1.0, 1.1, 0.020, 900,
         "2012-04-10", dividend=50, beats=(Beat("bonus", 0.48, 0.4), Beat("jump", 0.9, 0.3)), leaves=0.93),
    Role("main-sh", "Sample Food Kitchen", "模拟厨房", _D, "food", "", 21.0, 0.7, 0.0, 0.012, 180,
         "2015-06-02", dividend=220),
    Role("main-sz", "Sample Tea Garden", "模拟茶园", _D, "drinks", "", 96.0, 0.8, 0.0, 0.012, 420,
         "2009-07-21", dividend=260, beats=(Beat("halt", 0.12, length=5),)),
    Role("main-sh", "Sample Savings Bank", "模拟储蓄", _D, "banking", "", 6.2, 0.6, 0.0, 0.008, 360,
         "2007-09-19", dividend=480),
    Role("main-sz", "Sample Corner Shops", "模拟便利店", _D, "retail", "", 9.3, 0.9, 0.0, 0.015, 110,
         "2011-01-18", dividend=120, beats=(Beat("jump", 0.38, -0.33),)),
    Role("main-sh", "Sample River Power", "模拟水电", _D, "power", "", 18.7, 0.5, 0.0, 0.008, 260,
         "2003-11-18", dividend=390),
    Role("chinext", "Sample Herb Medicine", "模拟本草", _D, "medicine", "", 33.0, 0.9, 0.0, 0.016, 150,
         "2017-02-15", dividend=90, beats=(Beat("bonus", 0.3, 0.5, cash=120), Beat("jump", 0.58, -0.36))),
    Role("bse", "Sample Small Bearings", "模拟小轴承", "", "machinery", "", 12.4, 0.9, 0.0, 0.020, 12,
         "2021-11-15", dividend=180, beats=(Beat("jump", 0.66, 0.45),)),
    Role("bse", "Sample Paper Labels", "模拟纸标签", "", "packaging", "", 8.1, 0.8, 0.0, 0.019, 6,
         "2022-08-09", dividend=200),
    Role("main-sh", "Sample Troubled Textiles", "模拟困境纺织", "", "textiles", "", 5.6, 0.8, 0.0, 0.017, 60,
         "2000-12-07", beats=(Beat("st", 0.37, length=300), Beat("jump", 0.37, -0.14), Beat("jump", 0.5, 0.14))),
    Role("main-sz", "Sample Fading Screens", "模拟黯淡屏幕", "", "screens", "", 3.3, 0.9, 0.0, 0.018, 70,
         "2006-03-23", beats=(Beat("delist", 0.73), Beat("st", 0.63, length=400), Beat("jump", 0.70, -0.16))),
)  # fmt: skip


MOST_NAMES: Final = NUMBERS // max(Counter(role.place for role in ROLES).values()) * len(ROLES)
"""So many names the codes of the busiest place last for."""


def cast(names: int) -> tuple[Role, ...]:
    """Return `names` companies with symbols, by symbol; the mix repeats after 24.

    Raises
    ------
    UsageError
        If `names` is below 1 or above `MOST_NAMES`.
    """
    if not 1 <= names <= MOST_NAMES:
        message = f"names is {names}: the sample market has from 1 to {MOST_NAMES} names"
        raise UsageError(message)
    used = dict.fromkeys(CODES, 0)
    roles = []
    for number in range(names):
        copy, which = divmod(number, len(ROLES))
        role = ROLES[which]
        prefix, exchange = CODES[role.place]
        code = (FIRST_NUMBER + used[role.place]) % NUMBERS
        used[role.place] += 1
        symbol = f"{prefix}{code:03d}.{exchange}"
        tail, tail_zh = (f" {copy + 1:02d}", f"{copy + 1:02d}") if copy else ("", "")
        roles.append(
            replace(role, symbol=symbol, copy=copy, name=role.name + tail, name_zh=role.name_zh + tail_zh),
        )
    return tuple(sorted(roles, key=lambda role: role.symbol))
