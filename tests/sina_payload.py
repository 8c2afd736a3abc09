"""Replies of sina in the shapes of its hosts, packed as its own pages pack them.

Daily bars come as a JavaScript string of base64 digits, six bits each, lowest
bit first. Two packings are in use, told apart by the number in front: 3466
(shares, with amount and, on boards that have it, trading after hours) and 1479
(indexes, without amount). What `shares` and `indexes` write, the decoder that
akshare carries (`akshare.stock.cons.hk_js_decode`) reads back.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
ZERO = dt.date(1990, 12, 19)
"""Day 0 of both packings."""

WORD = 30
"""Bits that the decoder reads at once; longer numbers are two of them."""


@dataclass(frozen=True)
class Day:
    """One session as sina knows it: prices in CNY, volume in shares, amount in CNY."""

    date: dt.date
    open: float
    high: float
    low: float
    close: float
    volume: int
    amount: int = 0
    prevclose: float | None = None
    after: tuple[int, int] | None = None
    """Volume after hours, and by how much its amount differs from volume x close."""


@dataclass
class _Bits:
    bits: list[int] = field(default_factory=list)

    def flag(self, value: object) -> None:
        self.bits.append(1 if value else 0)

    def number(self, value: int, width: int) -> None:
        """Write `value` in `width` bits, negatives as two's complement."""
        if not -(1 << width) < value < 1 << width:
            message = f"{value} does not go into {width} bits"
            raise ValueError(message)
        self.bits += [value >> place & 1 for place in range(width)]

    def step(self, value: int) -> None:
        """Write a change of a length: its sign, then as many ones as it is large."""
        self.flag(value > 0)
        self.bits += [1] * (abs(value) - 1) + [0]

    def digits(self) -> str:
        whole = self.bits + [0] * (-len(self.bits) % 6)
        return "".join(
            DIGITS[sum(bit << place for place, bit in enumerate(whole[at : at + 6]))] for at in range(0, len(whole), 6)
        )


def shares(days: Sequence[Day], decimals: int = 2) -> str:
    """Pack bars of a share (packing 3466)."""
    after_hours = any(day.after is not None for day in days)
    unit = 10**decimals
    prices = [[round(getattr(day, name) * unit) for name in ("open", "high", "low", "close")] for day in days]
    others = [[day.volume, day.amount] for day in days]
    ends = [[0] * 4 + [0, 0], *[[*price, *other] for price, other in zip(prices, others, strict=True)]]
    moves = [[now - before for now, before in zip(*pair[::-1], strict=True)] for pair in itertools.pairwise(ends)]
    lengths = _lengths(moves, 6)
    bits = _Bits()
    bits.number(3466, 12)
    bits.number(63, 6)
    before = ZERO
    for at, (day, move) in enumerate(zip(days, moves, strict=True)):
        first = at == 0
        skip = _weekdays(before, day.date)
        gap = None if day.prevclose is None else round(day.prevclose * unit) - ends[at][3]
        if not first and skip == 1 and gap is None:
            bits.flag(0)
        else:
            bits.flag(1)
            bits.flag(1)
            bits.flag(first)
            if first:
                _modes(bits, decimals, after_hours=after_hours)
            bits.flag(1)
            _widths(bits, lengths if first else None, (day.date, skip), after_hours=after_hours)
            bits.flag(gap is not None)
            if gap is not None:
                width = max(1, -(-(abs(gap).bit_length() + 1) // 3))
                bits.flag(width != lengths[0])
                if width != lengths[0]:
                    bits.step(width - lengths[0])
                bits.number(gap, 3 * width)
        for value, length in zip(move, lengths, strict=True):
            bits.number(value, 3 * length)
        if after_hours:
            volume, difference = day.after or (0, 0)
            bits.number(volume, 3 * AFTER_VOLUME)
            bits.number(difference, 3 * AFTER_AMOUNT)
        before = day.date
    bits.bits += [1, 1, 0, 0, 0]
    return bits.digits()


AFTER_VOLUME, AFTER_AMOUNT = 9, 5


def _modes(bits: _Bits, decimals: int, *, after_hours: bool) -> None:
    """Say that the amount is written out, and each price by itself; how many decimals."""
    bits.flag(1)
    for changed in (1, after_hours, after_hours, 1):
        bits.flag(changed)
    bits.flag(0)
    for letter in range(5 if after_hours else 3):
        moved = decimals != 2 and letter == 0
        bits.flag(moved)
        if moved:
            bits.step(3 * (decimals - 2))


def _widths(bits: _Bits, lengths: list[int] | None, place: tuple[dt.date, int], *, after_hours: bool) -> None:
    date, skip = place
    for now, start in zip(lengths or [0] * 6, (3, 3, 3, 3, 5, 5), strict=True):
        moved = lengths is not None and now != start
        bits.flag(moved)
        if moved:
            bits.step(now - start)
    bits.flag(skip != 1)
    if skip != 1:
        _skip(bits, date, skip)
    if after_hours:
        for now, start in ((AFTER_VOLUME, 3), (AFTER_AMOUNT, 0)):
            bits.flag(lengths is not None)
            if lengths is not None:
                bits.step(now - start)


def _skip(bits: _Bits, date: dt.date, skip: int) -> None:
    if 2 <= skip <= 7:
        bits.number(skip, 3)
    elif 1 < skip < 64:
        bits.number(0, 3)
        bits.number(skip, 6)
    else:
        bits.number(1, 3)
        bits.number((date - ZERO).days, 18)


def indexes(days: Sequence[Day], decimals: int = 3) -> str:
    """Pack bars of an index (packing 1479)."""
    unit = 10**decimals
    rows, last, volume = [], 0, 0
    for day in days:
        opened, high, low, close = (round(getattr(day, name) * unit) for name in ("open", "high", "low", "close"))
        rows.append(([opened - last, high - opened, opened - low, close - opened], day.volume - volume))
        last, volume = close, day.volume
    price = max(-(-(abs(value).bit_length() + 1) // 3) for values, _ in rows for value in values)
    wide = max(-(-(abs(value).bit_length() + 1) // 3) for _, value in rows)
    wide += wide % 2  # an odd length would lengthen every field by one
    bits = _Bits()
    bits.number(1479, 12)
    bits.number(63, 6)
    bits.number(decimals, 6)
    bits.number((days[0].date - ZERO).days, 18)
    bits.number(price // 2, 3)
    bits.number(wide // 2, 3)
    before = days[0].date
    for at, (day, (values, moved)) in enumerate(zip(days, rows, strict=True)):
        skip = 1 if at == 0 else _weekdays(before, day.date)
        bits.number(32 if at == 0 or skip != 1 else 0, 6)
        if at == 0:
            bits.number(63, 6)
            bits.number(price - price // 2, 3)
            bits.number(wide - wide // 2, 3)
        elif skip != 1:
            if 2 <= skip <= 15:
                bits.number(skip, 6)
            else:
                bits.number(1, 6)
                bits.number((day.date - ZERO).days, 18)
        for value in values:
            bits.number(value, 3 * price)
        bits.number(moved, 3 * wide)
        before = day.date
    return bits.digits()


def _lengths(moves: Sequence[Sequence[int]], fields: int) -> list[int]:
    return [max(1, *(-(-(abs(move[at]).bit_length() + 1) // 3) for move in moves)) for at in range(fields)]


def _weekdays(before: dt.date, date: dt.date) -> int:
    """Count the weekdays after `before` up to `date`; 0 where no count leads there."""
    if date.weekday() > 4 or date <= before:
        return 0
    return sum((before + dt.timedelta(n)).weekday() < 5 for n in range(1, (date - before).days + 1))


def klc(symbol: str, packed: str) -> bytes:
    """Return the body of ``klc_kl.js``: daily bars of ``sh600000``."""
    return f'var KLC_K2_{symbol}="{packed}";'.encode()


def share_amounts(symbol: str, amounts: Iterable[tuple[str, float]]) -> bytes:
    """Return the body of ``getAmountBySymbol``: tradable shares in ten thousands, each from a date on."""
    rows = ",".join(f'{{date:"{date}",amount:"{amount}"}}' for date, amount in amounts)
    return f"/*<script>location.href='//sina.com';</script>*/\nvar KKE_ShareAmount_{symbol}=([{rows}]);".encode()


def hfq(symbol: str, factors: Sequence[tuple[str, object]]) -> bytes:
    """Return the body of ``hfq.js``: backward factors, newest first; texts, as sina writes them."""
    rows = [{"d": date, "f": factor} for date, factor in factors]
    text = json.dumps({"total": len(rows), "data": rows}, separators=(",", ":"))
    return f"var {symbol}hfq={text}\n/* {symbol} */".encode()


NOTHING = "暂时没有数据！"


def dividends(
    paid: Sequence[Sequence[object]] = (), offered: Sequence[Sequence[object]] = (), code: str = "600000"
) -> str:
    """Return the page of dividends and rights issues.

    Parameters
    ----------
    paid
        Announced, bonus, transfer and cash on ten shares, progress, ex-date,
        record date, date on which bonus shares are listed.
    offered
        Announced, rights on ten shares, price, capital before, ex-date, record
        date, first and last day of payment, listing date, money raised.
    """
    first = (
        '<table id="sharebonus_1"><thead><tr><th colspan="9">分红</th></tr>'
        '<tr><th rowspan="2">公告日期</th><th colspan="3">分红方案(每10股)</th><th rowspan="2">进度</th>'
        '<th rowspan="2">除权除息日</th><th rowspan="2">股权登记日</th><th rowspan="2">红股上市日</th>'
        '<th rowspan="2">查看详细</th></tr><tr><th>送股(股)</th><th>转增(股)</th><th>派息(税前)(元)</th></tr></thead>'
        f"<tbody>{_rows(paid, 9)}</tbody></table>"
    )
    names = ("公告日期", "配股方案", "配股价格", "基准股本", "除权日", "股权登记日", "缴款起始日", "缴款终止日")
    second = (
        '<table id="sharebonus_2"><thead><tr><th colspan="11">配股</th></tr><tr>'
        + "".join(f"<th>{name}</th>" for name in (*names, "配股上市日", "募集资金合计", "查看详细"))
        + f"</tr></thead><tbody>{_rows(offered, 11)}</tbody></table>"
    )
    return _page(f"分红配股 {code}", _frame(12) + first + second)


def company(names: str | None, code: str = "600000") -> str:
    """Return the page about a company, with its former short names in one text."""
    rows = [("公司名称：", f"公司{code}"), ("上市日期：", "1999-11-10"), ("公司简介：", "没有")]
    if names is not None:
        rows.insert(2, ("证券简称更名历史：", names))
    table = "".join(f"<tr><td>{item}</td><td>{value}</td></tr>" for item, value in rows)
    return _page(f"公司简介 {code}", _frame(3) + f"<table>{table}</table>")


def recommendations(rows: Sequence[Sequence[object]], heads: Sequence[str] | None = None) -> str:
    """Return the page of ratings: code, name, target price, rating, house, analyst, industry, date, and a link."""
    shown = heads or ("股票代码", "股票名称", "目标价", "最新评级", "评级机构", "分析师", "行业", "评级日期↓", "摘要")
    head = "".join(f"<td>{name}</td>" for name in shown)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in (*row, "摘要")) + "</tr>" for row in rows)
    return _page("股票评级记录", f'<table class="list_table"><tr>{head}</tr>{body}</table>')


def banned() -> str:
    """Return the page that stands where data is due once an address has asked too often."""
    return "<html><head><title>拒绝访问</title></head><body>您的IP存在异常访问，已被禁止</body></html>"


def _rows(rows: Sequence[Sequence[object]], width: int) -> str:
    if not rows:
        return f'<tr><td colspan="{width}">{NOTHING}</td></tr>'
    return "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in (*row, "查看")) + "</tr>" for row in rows)


def _frame(tables: int) -> str:
    """Return the tables of menus and searches that stand before the data."""
    return "".join(f"<table><tr><td>{at}</td></tr></table>" for at in range(tables))


def _page(title: str, body: str) -> str:
    head = '<head><meta http-equiv="Content-type" content="text/html; charset=gb2312"/>'
    return f"<html>{head}<title>{title}</title></head><body>{body}</body></html>"
