"""eastmoney's tables of facts: dividends, suspensions, a listing date, and the research reports on a symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backfolio.calendar import as_day, previous_session
from backfolio.errors import CalendarError
from backfolio.source.akshare.contract import Column, Contract
from backfolio.source.akshare.eastmoney_reports import reports
from backfolio.source.akshare.facts import (
    FIRST_DAY,
    a_share,
    as_table,
    cut_short,
    days,
    decoded,
    lasting_name,
    misnamed,
    numbers,
    one_a_day,
    plan_faults,
    rows_of,
    sift,
    symbol_of,
    told,
    words,
)
from backfolio.source.akshare.inquiry import Inquiry, Reading, inquire
from backfolio.source.akshare.symbols import bare

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import pandas as pd

    from backfolio.source.akshare.delivery import Delivery
    from backfolio.source.akshare.transport import Asked, Desk

__all__ = ["HOST", "actions", "listing", "reports", "suspensions"]

HOST: Final = "eastmoney"

NO_ROWS: Final = 9201
"""What the data centre's code says where a table has no rows (返回数据为空)."""


def _no_rows(body: bytes) -> bool:
    return bool(told(body, "code") == NO_ROWS)


def _records(asked: Asked[pd.DataFrame]) -> list[Mapping[str, Any]]:
    """Return the rows of the data centre's pages; akshare asks for the first one twice."""
    return rows_of((reply.body for reply in asked.replies), "result", "data")


def _lacking(records: list[Mapping[str, Any]], asked: Asked[pd.DataFrame]) -> tuple[str, ...]:
    return cut_short(len(records), told(asked.replies[-1].body, "result", "count"))


# --- dividends -------------------------------------------------------------------------------------

DIVIDENDS: Final = Contract(
    "stock_fhps_detail_em",
    (
        Column("报告期", "date", may_be_missing=True),
        Column("送转股份-送转总比例", "number", low=0, high=200, may_be_missing=True),
        Column("送转股份-送股比例", "number", low=0, high=100, may_be_missing=True),
        Column("送转股份-转股比例", "number", low=0, high=100, may_be_missing=True),
        Column("现金分红-现金分红比例", "number", low=0, high=2_000, may_be_missing=True),
        Column("现金分红-现金分红比例描述", "text", may_be_missing=True),
        Column("预案公告日", "date", may_be_missing=True),
        Column("股权登记日", "date", may_be_missing=True),
        Column("除权除息日", "date", may_be_missing=True),
        Column("方案进度", "text", may_be_missing=True),
        Column("最新公告日期", "date", may_be_missing=True),
    ),
    may_be_empty=True,
)

DIVIDEND_FIELDS: Final = {
    "送转股份-送转总比例": ("BONUS_IT_RATIO", "number"),
    "送转股份-送股比例": ("BONUS_RATIO", "number"),
    "送转股份-转股比例": ("IT_RATIO", "number"),
    "现金分红-现金分红比例": ("PRETAX_BONUS_RMB", "number"),
    "现金分红-现金分红比例描述": ("IMPL_PLAN_PROFILE", "text"),
    "股权登记日": ("EQUITY_RECORD_DATE", "date"),
    "除权除息日": ("EX_DIVIDEND_DATE", "date"),
    "方案进度": ("ASSIGN_PROGRESS", "text"),
    "最新公告日期": ("NOTICE_DATE", "date"),
}
"""Column to the field of RPT_SHAREBONUS_DET that it must hold."""

DONE: Final = "实施"
"""How the progress of a plan begins once it is carried out (实施分配, 实施方案)."""

_SUM: Final = 0.01


def actions(desk: Desk, symbol: str) -> Delivery:
    """Return the dividends and bonus shares of a symbol that were carried out, as rows of the table actions.

    Numbers are a share's; eastmoney, like the announcements, gives them for
    ten. It tells no pay dates.
    """

    def read(frame: pd.DataFrame, asked: Asked[pd.DataFrame]) -> Reading:
        records = _records(asked)
        wrong = (*misnamed(frame, records, DIVIDEND_FIELDS), *_lacking(records, asked))
        if wrong:
            return Reading(breaches=wrong)
        progress = words(frame["方案进度"]).fillna("")
        done = frame[days(frame["除权除息日"]).notna() & progress.str.startswith(DONE)]
        record, ex = days(done["股权登记日"]), days(done["除权除息日"])
        cash, bonus, transfer, both = (
            numbers(done[column]).fillna(0.0)
            for column in (
                "现金分红-现金分红比例",
                "送转股份-送股比例",
                "送转股份-转股比例",
                "送转股份-送转总比例",
            )
        )
        plan = words(done["现金分红-现金分红比例描述"])
        sifted = sift(
            done,
            {
                "除权除息日 is before there were shares": ex < str(FIRST_DAY),
                "股权登记日 is not before 除权除息日": record >= ex,
                "送转股份-送转总比例 is not the sum of its parts": (both - bonus - transfer).abs() > _SUM,
                "现金分红-现金分红比例描述 speaks of other numbers": plan_faults(plan, cash, bonus, transfer),
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
            lambda akshare: akshare.stock_fhps_detail_em(symbol=bare(symbol)),
            read,
            nothing=_no_rows,
        ),
    )


def _action_rows(frame: pd.DataFrame, symbol: str) -> pd.DataFrame:
    frame = frame.drop_duplicates(ignore_index=True)
    bonus, transfer = (a_share(numbers(frame[column])) for column in ("送转股份-送股比例", "送转股份-转股比例"))
    ex, latest, planned = (days(frame[column]) for column in ("除权除息日", "最新公告日期", "预案公告日"))
    rows = as_table(
        "actions",
        {
            "symbol": [symbol] * len(frame),
            "ex_date": ex,
            "source": HOST,
            # The latest notice is the one that named the ex-date, unless something was added later.
            "announced": latest.where(latest <= ex, planned),
            "record_date": days(frame["股权登记日"]),
            "cash": a_share(numbers(frame["现金分红-现金分红比例"])),
            "shares": (bonus + transfer).round(7),
            "bonus": bonus,
            "transfer": transfer,
            "plan": words(frame["现金分红-现金分红比例描述"]),
        },
    )
    given = rows[(rows["cash"] > 0) | (rows["shares"] > 0)]
    return one_a_day(given.reset_index(drop=True))


# --- suspensions -----------------------------------------------------------------------------------

SUSPENSIONS: Final = Contract(
    "stock_tfp_em",
    (
        Column("代码", "text", pattern=r"[0-9A-Z]{5,6}"),
        Column("名称", "text"),
        Column("停牌时间", "date"),
        Column("停牌截止时间", "date", may_be_missing=True),
        Column("停牌期限", "text", may_be_missing=True),
        Column("停牌原因", "text", may_be_missing=True),
        Column("预计复牌时间", "date", may_be_missing=True),
    ),
    may_be_empty=True,
)

SUSPENSION_FIELDS: Final = {
    "代码": ("SECURITY_CODE", "text"),
    "名称": ("SECURITY_NAME_ABBR", "text"),
    "停牌时间": ("SUSPEND_START_TIME", "date"),
    "停牌截止时间": ("SUSPEND_END_TIME", "date"),
    "停牌期限": ("SUSPEND_EXPIRE", "text"),
    "停牌原因": ("SUSPEND_REASON", "text"),
    "预计复牌时间": ("PREDICT_RESUME_DATE", "date"),
}
"""Column to the field of RPT_CUSTOM_SUSPEND_DATA_INTERFACE that it must hold."""

PART_OF_A_DAY: Final = r"盘中|小时|分钟|取消"
"""Halts during a session, which still has a bar, and halts that were called off."""

AHEAD: Final = np.timedelta64(31, "D")
"""So long before it begins a suspension may be announced, and stand in a day's list."""


def suspensions(desk: Desk, day: str | dt.date | np.datetime64) -> Delivery:
    """Return the suspensions in force on `day`, of all exchanges, as rows of the table suspensions.

    `last` is the last day without trading: where only the day of resumption is
    told, the session before it; NaT where neither is. Halts of a part of a
    session are left out.
    """
    asked_day = as_day(day)

    def read(frame: pd.DataFrame, asked: Asked[pd.DataFrame]) -> Reading:
        records = _records(asked)
        wrong = (*misnamed(frame, records, SUSPENSION_FIELDS), *_lacking(records, asked))
        if wrong:
            return Reading(breaches=wrong)
        first, last = days(frame["停牌时间"]), days(frame["停牌截止时间"])
        sifted = sift(
            frame,
            {
                f"停牌时间 is long after the day asked for, {asked_day}": first > asked_day + AHEAD,
                "停牌时间 is before there was an exchange": first < str(FIRST_DAY),
                "停牌截止时间 is before 停牌时间": last < first,
            },
        )
        return Reading(sifted=sifted, rows=_suspension_rows(sifted.kept))

    return inquire(
        desk,
        Inquiry(
            HOST,
            str(asked_day),
            "suspensions",
            SUSPENSIONS,
            lambda akshare: akshare.stock_tfp_em(date=str(asked_day).replace("-", "")),
            read,
            nothing=_no_rows,
        ),
    )


def _suspension_rows(frame: pd.DataFrame) -> pd.DataFrame:
    whole = ~words(frame["停牌期限"]).fillna("").str.contains(PART_OF_A_DAY)
    frame = frame[whole]
    first, last = days(frame["停牌时间"]), days(frame["停牌截止时间"])
    before = days([_session_before(day) for day in days(frame["预计复牌时间"])]).set_axis(last.index)
    rows = as_table(
        "suspensions",
        {
            "symbol": frame["代码"].map(symbol_of),
            "first": first,
            "last": last.fillna(before.where(before >= first)),
            "reason": words(frame["停牌原因"]),
            "source": HOST,
        },
    )
    return rows[rows["symbol"].notna()].drop_duplicates(["symbol", "first"], ignore_index=True)


def _session_before(day: Any) -> str:  # noqa: ANN401  a Timestamp or NaT
    text = str(day)[:10]
    if text == "NaT":
        return ""
    try:
        return str(previous_session(text))
    except CalendarError:
        return ""


# --- a listing -------------------------------------------------------------------------------------

LISTING: Final = Contract(
    "stock_individual_info_em",
    (Column("item", "text"), Column("value", "text", may_be_missing=True)),
    may_be_empty=True,
)


def listing(desk: Desk, symbol: str) -> Delivery:
    """Return the short name and the listing date of one symbol, as a row of the table listings."""

    def read(frame: pd.DataFrame, asked: Asked[pd.DataFrame]) -> Reading:  # noqa: ARG001  the shape of a reader
        items = dict(zip(frame["item"], frame["value"], strict=True))
        missing = [item for item in ("股票代码", "股票简称", "上市时间") if item not in items]
        if missing:
            return Reading(breaches=(f"no item {', '.join(missing)} came",))
        listed = days([items["上市时间"]])
        wrong = []
        if str(items["股票代码"]) != bare(symbol):
            wrong.append(f"股票代码 is {items['股票代码']}, not the one asked for")
        if str(items["上市时间"]) not in {"-", "0"} and not (listed >= str(FIRST_DAY)).all():
            wrong.append(f"上市时间 is no date: {items['上市时间']}")
        if wrong:
            return Reading(breaches=tuple(wrong))
        columns = {
            "symbol": [symbol],
            "name": [lasting_name(items["股票简称"])],
            "listed": listed,
            "assumed": [False],
            "source": HOST,
        }
        return Reading(sifted=sift(frame, {}), rows=as_table("listings", columns))

    return inquire(
        desk,
        Inquiry(
            HOST,
            symbol,
            "listings",
            LISTING,
            lambda akshare: akshare.stock_individual_info_em(symbol=bare(symbol)),
            read,
            nothing=lambda body: isinstance(decoded(body), dict) and told(body, "data") is None,
        ),
    )
