"""sina: dividends and rights issues, former names, and ratings with target prices of one symbol.

All three are pages. A page that is not the one asked for (sina shows one to an
address that asked too often) has other tables or none, so that akshare either
stumbles or finds nothing in it; nothing is therefore believed only where the
page itself says so.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from backfolio.source.akshare.contract import Column, Contract
from backfolio.source.akshare.delivery import Delivery, deliver, quarantined
from backfolio.source.akshare.facts import (
    a_share,
    as_table,
    days,
    numbers,
    one_a_day,
    rating_ids,
    short_name,
    sift,
    words,
)
from backfolio.source.akshare.inquiry import Inquiry, Reading, inquire
from backfolio.source.akshare.library import library
from backfolio.source.akshare.symbols import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

    from backfolio.source.akshare.transport import Asked, Desk

HOST: Final = "sina"
NOTHING: Final = "暂时没有数据"
"""How a page of sina says that a table is empty."""

RIGHTS_TABLE: Final = 'id="sharebonus_2"'
RENAMED: Final = "证券简称更名历史"
COMPANY: Final = "公司名称"
"""Stands on every page about a company."""

DONE: Final = "实施"
"""Progress of a plan that was carried out."""

DIVIDENDS: Final = Contract(
    "stock_history_dividend_detail",
    (
        Column("公告日期", "date", low="1990-01-01"),
        Column("送股", "number", low=0, high=100, may_be_missing=True),
        Column("转增", "number", low=0, high=100, may_be_missing=True),
        Column("派息", "number", low=0, high=2_000, may_be_missing=True),
        # A page in the wrong encoding would hold no plan that was carried out.
        Column("进度", "text", may_be_missing=True, pattern="[\u4e00-\u9fff].*"),
        Column("除权除息日", "date", low="1990-12-01", may_be_missing=True),
        Column("股权登记日", "date", low="1990-12-01", may_be_missing=True),
    ),
    may_be_empty=True,
)
RIGHTS: Final = Contract(
    "stock_history_dividend_detail",
    (
        Column("公告日期", "date", low="1990-01-01"),
        Column("配股方案", "number", low=0, high=100, may_be_missing=True),
        Column("配股价格", "number", low=0, high=10_000, may_be_missing=True),
        Column("除权日", "date", low="1990-12-01", may_be_missing=True),
        Column("股权登记日", "date", low="1990-12-01", may_be_missing=True),
    ),
    may_be_empty=True,
)
NAMES: Final = Contract(
    "stock_info_change_name",
    (Column("index", "integer", low=1), Column("name", "text", may_be_missing=True)),
    may_be_empty=True,
)
RATINGS: Final = Contract(
    "stock_institute_recommend_detail",
    (
        Column("股票代码", "text", pattern=r"\d{6}"),
        Column("股票名称", "text", may_be_missing=True),
        Column("目标价", "number", low=0, high=100_000, may_be_missing=True),
        Column("最新评级", "text", may_be_missing=True),
        Column("评级机构", "text", may_be_missing=True),
        Column("分析师", "text", may_be_missing=True),
        Column("评级日期", "date", low="2000-01-01", may_be_missing=True),
    ),
    may_be_empty=True,
)


def actions(desk: Desk, symbol: str) -> Delivery:
    """Return dividends, bonus shares and rights issues of a symbol, in columns of the table actions.

    Issuers announce per ten shares, before tax; the rows are per share. Plans
    that were not carried out, or have no ex-date yet, are left out; several on
    one ex-date add up to one row. sina does not tell the pay date.
    """
    pages: list[str] = []

    def dividends(frame: pd.DataFrame, asked: Asked[pd.DataFrame]) -> Reading:
        pages.append(asked.replies[-1].text)
        done = frame[days(frame["除权除息日"]).notna() & words(frame["进度"]).isin([DONE, None])]
        gives = {column: numbers(done[column]) for column in ("送股", "转增", "派息")}
        faults = _order_faults(done, "除权除息日")
        faults["no number of 送股, 转增, 派息 can be read"] = (
            gives["送股"].isna() & gives["转增"].isna() & gives["派息"].isna()
        )
        sifted = sift(done, faults)
        return Reading(_paid(sifted.kept, symbol), sifted)

    def rights(frame: pd.DataFrame, _: Asked[pd.DataFrame]) -> Reading:
        done = frame[days(frame["除权日"]).notna()].drop_duplicates(ignore_index=True)
        faults = _order_faults(done, "除权日")
        faults["配股方案 or 配股价格 is not told"] = ~(
            (numbers(done["配股方案"]) > 0) & (numbers(done["配股价格"]) > 0)
        )
        faults["two rights issues on one 除权日"] = done["除权日"].duplicated(keep=False)
        sifted = sift(done, faults)
        return Reading(_offered(sifted.kept, symbol), sifted)

    first = inquire(desk, _page_of(symbol, DIVIDENDS, "分红", dividends))
    told_none = pages and NOTHING in pages[0].partition(RIGHTS_TABLE)[2].partition("</table>")[0]
    if first.frame is None or told_none:
        return first
    # The same page once more: akshare reads one of its tables at a time.
    second = inquire(desk, _page_of(symbol, RIGHTS, "配股", rights)).after(first)
    return second if second.frame is None else replace(second, frame=_together(first.frame, second.frame))


def names(desk: Desk, symbol: str) -> Delivery:
    """Return the former short names of a symbol, in columns of the table names; since when is not told.

    Where the page lists none (the symbol never changed its name) there are no
    rows.
    """
    code = bare(symbol)

    def call() -> pd.DataFrame:
        frame: pd.DataFrame = library().stock_info_change_name(symbol=code)
        return frame

    asked = desk.ask(HOST, NAMES.function, symbol, call)
    if asked.value is not None and not len(asked.value):
        page = asked.replies[-1].text
        # akshare finds no names either on a page that is another one, or is written in another way.
        if COMPANY not in page or RENAMED in page:
            return quarantined(asked, "it is not the page about a company, or the former names on it cannot be read")

    def normal(frame: pd.DataFrame) -> pd.DataFrame:
        found = _whole_names(words(frame["name"]).dropna())
        return as_table("names", {"name": found, "symbol": [symbol] * len(found), "source": HOST})

    return deliver(desk, asked, NAMES, normal, table="names")


def ratings(desk: Desk, symbol: str) -> Delivery:
    """Return the ratings that houses gave a symbol, in columns of the table ratings.

    One target price a report, missing where the house gave none. Neither the
    time of day nor the rating before is told.
    """
    code = bare(symbol)

    def call(akshare: Any) -> pd.DataFrame:  # noqa: ANN401  a module without types
        frame: pd.DataFrame = akshare.stock_institute_recommend_detail(symbol=code)
        # A single row that says the same in every cell says that there is nothing.
        return frame.iloc[:0] if len(frame) == 1 and len(set(frame.iloc[0])) == 1 else frame

    def read(frame: pd.DataFrame, asked: Asked[pd.DataFrame]) -> Reading:
        others = sorted(set(words(frame["股票代码"])) - {code})
        if others:
            return Reading(breaches=(f"the page speaks of other symbols: {', '.join(map(str, others[:3]))}",))
        published = days(frame["评级日期"])
        sifted = sift(
            frame,
            {
                "评级机构 is not told": words(frame["评级机构"]).isna(),
                "评级日期 is not told": published.isna(),
                "评级日期 is after today": published > asked.entry.at.replace(tzinfo=None) + dt.timedelta(days=1),
            },
        )
        return Reading(_rated(sifted.kept, symbol, asked), sifted)

    return inquire(desk, Inquiry(HOST, symbol, "ratings", RATINGS, call, read, nothing=_never))


def _page_of(
    symbol: str, contract: Contract, indicator: str, read: Callable[[pd.DataFrame, Asked[pd.DataFrame]], Reading]
) -> Inquiry:
    def call(akshare: Any) -> pd.DataFrame:  # noqa: ANN401  a module without types
        frame: pd.DataFrame = akshare.stock_history_dividend_detail(symbol=bare(symbol), indicator=indicator)
        return frame

    return Inquiry(HOST, symbol, "actions", contract, call, read, nothing=_never)


def _never(_: bytes) -> bool:
    """Tell that a page that akshare cannot read does not say that there is nothing: it says so in words it can read."""
    return False


def _order_faults(done: pd.DataFrame, ex_date: str) -> dict[str, pd.Series[bool]]:
    ex, record, announced = days(done[ex_date]), days(done["股权登记日"]), days(done["公告日期"])
    return {f"股权登记日 is not before {ex_date}": record >= ex, f"公告日期 is after {ex_date}": announced > ex}


def _paid(done: pd.DataFrame, symbol: str) -> pd.DataFrame:
    """Return dividends and bonus shares; a row that stands twice counts once."""
    done = done.drop_duplicates(ignore_index=True)
    bonus, transfer, cash = (a_share(numbers(done[column])) for column in ("送股", "转增", "派息"))
    rows = as_table(
        "actions",
        {
            **_dated(done, symbol, "除权除息日"),
            "cash": cash,
            "shares": (bonus + transfer).round(7),
            "bonus": bonus,
            "transfer": transfer,
            "plan": [
                _words(送=sent, 转=moved, 派=paid) for sent, moved, paid in zip(bonus, transfer, cash, strict=True)
            ],
        },
    )
    given = rows[(rows["cash"] > 0) | (rows["shares"] > 0)]
    return one_a_day(given.reset_index(drop=True))


def _offered(done: pd.DataFrame, symbol: str) -> pd.DataFrame:
    rights, nothing = a_share(numbers(done["配股方案"])), [0.0] * len(done)
    return as_table(
        "actions",
        {
            **_dated(done, symbol, "除权日"),
            **dict.fromkeys(("cash", "shares", "bonus", "transfer"), nothing),
            "rights": rights,
            "rights_price": numbers(done["配股价格"]),
            "plan": [_words(配=offered) for offered in rights],
        },
    )


def _dated(done: pd.DataFrame, symbol: str, ex_date: str) -> dict[str, Any]:
    dates = {"ex_date": ex_date, "announced": "公告日期", "record_date": "股权登记日"}
    return {"symbol": [symbol] * len(done), "source": HOST, **{name: days(done[here]) for name, here in dates.items()}}


def _words(**given: float) -> str:
    """Write a plan as announcements do, per ten shares: ``10送3转4派1.5``."""
    return "10" + "".join(f"{word}{10 * value:.7g}" for word, value in given.items() if value > 0)


def _together(paid: pd.DataFrame, offered: pd.DataFrame) -> pd.DataFrame:
    """Return one row an ex-date of dividends and rights issues."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    filled = [frame for frame in (paid, offered) if len(frame)]
    if len(filled) < 2:  # noqa: PLR2004  of the two
        return filled[0] if filled else paid
    rows = pd.concat(filled, ignore_index=True).sort_values("ex_date", ascending=False, kind="stable")
    return one_a_day(rows.reset_index(drop=True))


def _whole_names(pieces: Iterable[str]) -> list[str]:
    """Return names, each once, of a text that was cut at its spaces.

    Shenzhen wrote spaces into short names (``万  科Ａ``), and the list of
    names is divided by spaces too. No name has a single character, so that a
    single one begins the next piece.
    """
    found: dict[str, None] = {}
    begun = ""
    for piece in " ".join(pieces).split():
        begun += short_name(piece)
        if len(begun) > 1:
            found[begun] = None
            begun = ""
    return [*found, *([begun] if begun else ())]


def _rated(frame: pd.DataFrame, symbol: str, asked: Asked[pd.DataFrame]) -> pd.DataFrame:
    target = numbers(frame["目标价"])
    target = target.where(target > 0)
    rows = as_table(
        "ratings",
        {
            "symbol": [symbol] * len(frame),
            "name": frame["股票名称"].map(short_name),
            "house": words(frame["评级机构"]),
            "analyst": words(frame["分析师"]),
            "published": days(frame["评级日期"]),
            "rating": words(frame["最新评级"]),
            "target_low": target,
            "target_high": target,
            "source": HOST,
            "url": asked.replies[-1].url,
            "first_seen": [asked.entry.at] * len(frame),
        },
    )
    rows["id"] = rating_ids(HOST, rows)
    return rows.drop_duplicates("id", ignore_index=True)
