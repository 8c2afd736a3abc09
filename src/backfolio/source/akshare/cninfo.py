"""cninfo, the disclosure platform of the exchanges: pay dates of dividends, and each day's ratings with target prices.

``stock_rank_forecast_cninfo`` is the only dated list of ratings that covers the
market. akshare names its columns by their position in the reply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from backfolio.calendar import as_day
from backfolio.source.akshare.contract import Column, Contract
from backfolio.source.akshare.facts import (
    FIRST_DAY,
    MOST_FAULTY,
    a_share,
    as_table,
    cut_short,
    days,
    misnamed,
    numbers,
    one_a_day,
    plan_faults,
    rating_ids,
    rows_of,
    short_name,
    sift,
    symbol_of,
    told,
    words,
)
from backfolio.source.akshare.inquiry import Inquiry, Reading, inquire
from backfolio.source.akshare.symbols import bare

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd

    from backfolio.source.akshare.delivery import Delivery
    from backfolio.source.akshare.transport import Asked, Desk

HOST: Final = "cninfo"

RATINGS: Final = Contract(
    "stock_rank_forecast_cninfo",
    (
        Column("证券代码", "text", pattern=r"\d{5,6}"),
        Column("证券简称", "text"),
        Column("发布日期", "date"),
        Column("研究机构简称", "text"),
        Column("研究员名称", "text", may_be_missing=True),
        Column("投资评级", "text", may_be_missing=True),
        Column("是否首次评级", "text", may_be_missing=True),
        Column("评级变化", "text", may_be_missing=True),
        Column("前一次投资评级", "text", may_be_missing=True),
        Column("目标价格-下限", "number", low=0, may_be_missing=True),
        Column("目标价格-上限", "number", low=0, may_be_missing=True),
    ),
    may_be_empty=True,
)

RATING_FIELDS: Final = {
    "证券代码": ("SECCODE", "text"),
    "证券简称": ("SECNAME", "text"),
    "发布日期": ("DECLAREDATE", "date"),
    "研究机构简称": ("F002V", "text"),
    "研究员名称": ("F003V", "text"),
    "投资评级": ("F004V", "text"),
    "是否首次评级": ("F006V", "text"),
    "评级变化": ("F007V", "text"),
    "前一次投资评级": ("F008V", "text"),
    "目标价格-下限": ("F009N", "number"),
    "目标价格-上限": ("F010N", "number"),
}
"""Column to the field of p_sysapi1089 that it must hold."""

RATING_WORDS: Final = frozenset([
    "买入", "增持", "中性", "减持", "卖出", "持有", "推荐", "强烈推荐", "强推",
    "谨慎推荐", "审慎推荐", "谨慎增持", "审慎增持", "优于大市", "同步大市", "弱于大市", "跑赢行业", "跑输行业",
    "跑赢大市", "跑输大市", "强于大市", "落后大市", "看好", "看淡", "区间操作", "回避", "观望",
    "不评级", "未评级", "无评级", "未知", "超配", "标配", "低配", "强力买入", "推荐买入",
    "确信买入",
])  # fmt: skip
"""Words of ratings. A house may use another one: they prove a column, not a row."""

CHANGE_WORDS: Final = frozenset([
    "维持", "调高", "调低", "上调", "下调", "首次", "首次评级", "未知", "不变", "恢复", "未公布",
])  # fmt: skip
FIRST_WORDS: Final = {
    "是首次评级": True,
    "不是首次评级": False,
    "未公布": None,
    "是": True,
    "否": False,
    "首次": True,
    "非首次": False,
}
LEVELS: Final = {"卖出": 1, "减持": 2, "中性": 3, "增持": 4, "买入": 5}
"""The words that stand in one order at every house: they prove which of two columns is the rating before."""

_MAJORITY: Final = 0.5


def ratings(desk: Desk, day: str | dt.date | np.datetime64) -> Delivery:
    """Return the ratings that houses published on `day`, as rows of the table ratings.

    A day without ratings gives no rows. The time of day is not told.
    """
    asked_day = as_day(day)

    def read(frame: pd.DataFrame, asked: Asked[pd.DataFrame]) -> Reading:
        records = rows_of((reply.body for reply in asked.replies), "records")
        wrong = (*misnamed(frame, records, RATING_FIELDS), *_lacking(records, asked), *_of_another_kind(frame))
        if wrong:
            return Reading(breaches=wrong)
        published = days(frame["发布日期"])
        low, high = numbers(frame["目标价格-下限"]), numbers(frame["目标价格-上限"])
        first = words(frame["是否首次评级"])
        sifted = sift(
            frame,
            {
                f"发布日期 is not the day asked for, {asked_day}": published != asked_day,
                "目标价格-下限 is above 目标价格-上限": (low > high) & (high > 0),
                "是否首次评级 is none of its words": first.notna() & ~first.isin(list(FIRST_WORDS)),
            },
        )
        return Reading(sifted=sifted, rows=_rating_rows(sifted.kept, asked.entry.at))

    return inquire(
        desk,
        Inquiry(
            HOST,
            str(asked_day),
            "ratings",
            RATINGS,
            lambda akshare: akshare.stock_rank_forecast_cninfo(date=str(asked_day).replace("-", "")),
            read,
            nothing=_no_records,
        ),
    )


def _no_records(body: bytes) -> bool:
    return told(body, "records") == [] and not cut_short(0, told(body, "total"))


def _lacking(records: Sequence[Mapping[str, Any]], asked: Asked[pd.DataFrame]) -> tuple[str, ...]:
    return cut_short(len(records), told(asked.replies[-1].body, "total"))


def _of_another_kind(frame: pd.DataFrame) -> tuple[str, ...]:
    """Name the columns whose content is another's."""
    wrong: list[str] = []
    for column, known in (("投资评级", RATING_WORDS), ("前一次投资评级", RATING_WORDS), ("评级变化", CHANGE_WORDS)):
        wrong += _mostly_unknown(frame[column], column, known)
    for column in ("证券简称", "研究机构简称", "研究员名称"):
        cells = words(frame[column]).dropna()
        if cells.empty:
            continue
        if cells.isin(list(RATING_WORDS | CHANGE_WORDS | set(FIRST_WORDS))).mean() > _MAJORITY:
            wrong.append(f"the column {column} holds ratings, not names: {cells.iloc[0]}")
        elif cells.str.fullmatch(r"[\d.,:/ -]+").mean() > MOST_FAULTY:
            wrong.append(f"the column {column} holds numbers, not names")
    if frame["证券代码"].map(symbol_of).notna().mean() < _MAJORITY:
        wrong.append("the column 证券代码 holds few codes of A-shares")
    names = frame.assign(name=frame["证券简称"].map(short_name)).groupby("证券代码")["name"].agg(["size", "nunique"])
    several = names[names["size"] > 1]["nunique"] > 1
    if several.mean() > _MAJORITY:
        wrong.append(f"the column 证券简称 gives {several.idxmax()} more than one name")
    wrong += _against_the_change(frame)
    return tuple(wrong)


def _mostly_unknown(column: pd.Series[Any], name: str, known: frozenset[str]) -> list[str]:
    cells = words(column).dropna()
    if cells.empty or cells.isin(list(known)).mean() >= _MAJORITY:
        return []
    return [f"the column {name} holds few words that ratings are made of, as in {cells.iloc[0]!r}"]


def _against_the_change(frame: pd.DataFrame) -> list[str]:
    """Tell whether the change of rating speaks against the two ratings in most rows that can be compared."""
    change = words(frame["评级变化"])
    now, before = words(frame["投资评级"]).map(LEVELS), words(frame["前一次投资评级"]).map(LEVELS)
    up, down = change.isin(["调高", "上调"]), change.isin(["调低", "下调"])
    comparable = (up | down) & now.notna() & before.notna() & (now != before)
    against = comparable & ((up & (now < before)) | (down & (now > before)))
    if against.sum() > _MAJORITY * comparable.sum():
        return ["the columns 投资评级 and 前一次投资评级 contradict 评级变化 in most rows"]
    return []


def _rating_rows(frame: pd.DataFrame, at: dt.datetime) -> pd.DataFrame:
    targets = {column: numbers(frame[column]) for column in ("目标价格-下限", "目标价格-上限")}
    targets = {column: values.where(values > 0) for column, values in targets.items()}
    low, high = targets["目标价格-下限"], targets["目标价格-上限"]
    rows = as_table(
        "ratings",
        {
            "id": "",
            "symbol": frame["证券代码"].map(symbol_of),
            "name": frame["证券简称"].map(short_name),
            "house": words(frame["研究机构简称"]),
            "analyst": words(frame["研究员名称"]),
            "published": days(frame["发布日期"]),
            "rating": words(frame["投资评级"]),
            "previous_rating": words(frame["前一次投资评级"]),
            "change": words(frame["评级变化"]),
            "first_rating": words(frame["是否首次评级"]).map(FIRST_WORDS.get),
            # One price is a target of one point, whichever of the two it stands in.
            "target_low": low.fillna(high),
            "target_high": high.fillna(low),
            "source": HOST,
            "first_seen": [at] * len(frame),
        },
    )
    rows = rows[rows["symbol"].notna()].reset_index(drop=True)
    rows["id"] = rating_ids(HOST, rows)
    return rows.drop_duplicates("id", ignore_index=True)


# --- dividends -------------------------------------------------------------------------------------

DIVIDENDS: Final = Contract(
    "stock_dividend_cninfo",
    (
        Column("实施方案公告日期", "date", may_be_missing=True),
        Column("分红类型", "text", may_be_missing=True),
        Column("送股比例", "number", low=0, high=100, may_be_missing=True),
        Column("转增比例", "number", low=0, high=100, may_be_missing=True),
        Column("派息比例", "number", low=0, high=2_000, may_be_missing=True),
        Column("股权登记日", "date", may_be_missing=True),
        Column("除权日", "date", may_be_missing=True),
        Column("派息日", "date", may_be_missing=True),
        Column("实施方案分红说明", "text", may_be_missing=True),
        Column("报告时间", "text", may_be_missing=True),
    ),
    may_be_empty=True,
)

DIVIDEND_FIELDS: Final = {
    "送股比例": ("F010N", "number"),
    "转增比例": ("F011N", "number"),
    "派息比例": ("F012N", "number"),
    "股权登记日": ("F018D", "date"),
    "除权日": ("F020D", "date"),
    "派息日": ("F023D", "date"),
}
"""Column to the field of p_sysapi1139 that it must hold."""


def actions(desk: Desk, symbol: str) -> Delivery:
    """Return the dividends and bonus shares of a symbol with their pay dates, as rows of the table actions.

    Numbers are a share's; cninfo, like the announcements, gives them for ten.
    Plans without an ex-date, and those of other share classes, are left out.
    """

    def read(frame: pd.DataFrame, asked: Asked[pd.DataFrame]) -> Reading:
        records = rows_of((reply.body for reply in asked.replies), "records")
        wrong = (*misnamed(frame, records, DIVIDEND_FIELDS), *_lacking(records, asked))
        if wrong:
            return Reading(breaches=wrong)
        done = frame[days(frame["除权日"]).notna()]
        record, ex, pay = (days(done[column]) for column in ("股权登记日", "除权日", "派息日"))
        cash, bonus, transfer = (numbers(done[column]) for column in ("派息比例", "送股比例", "转增比例"))
        sifted = sift(
            done,
            {
                "除权日 is before there were shares": ex < str(FIRST_DAY),
                "股权登记日 is not before 除权日": record >= ex,
                "派息日 is before 股权登记日": pay < record,
                "实施方案分红说明 speaks of other numbers": plan_faults(
                    words(done["实施方案分红说明"]), cash, bonus, transfer
                ),
            },
        )
        return Reading(sifted=sifted, rows=_action_rows(sifted.kept, symbol))

    return inquire(
        desk,
        Inquiry(
            HOST,
            symbol,
            "actions",
            DIVIDENDS,
            lambda akshare: akshare.stock_dividend_cninfo(symbol=bare(symbol)),
            read,
            nothing=_no_records,
        ),
    )


def _action_rows(frame: pd.DataFrame, symbol: str) -> pd.DataFrame:
    frame = frame.drop_duplicates(ignore_index=True)
    bonus, transfer = (a_share(numbers(frame[column])) for column in ("送股比例", "转增比例"))
    rows = as_table(
        "actions",
        {
            "symbol": [symbol] * len(frame),
            "ex_date": days(frame["除权日"]),
            "source": HOST,
            "announced": days(frame["实施方案公告日期"]),
            "record_date": days(frame["股权登记日"]),
            "pay_date": days(frame["派息日"]),
            "cash": a_share(numbers(frame["派息比例"])),
            "shares": (bonus + transfer).round(7),
            "bonus": bonus,
            "transfer": transfer,
            "plan": words(frame["实施方案分红说明"]),
        },
    )
    given = rows[(rows["cash"] > 0) | (rows["shares"] > 0)]
    return one_a_day(given.reset_index(drop=True))
