"""eastmoney's research reports on a symbol, with the rating before and the target prices.

akshare's ``stock_research_report_em`` throws both away. Here its call is made
as it stands, and what it leaves out is taken from the replies that came for it.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final

from backfolio.source.akshare.contract import Column, Contract
from backfolio.source.akshare.facts import (
    as_table,
    cut_short,
    days,
    misnamed,
    numbers,
    rating_ids,
    rows_of,
    short_name,
    sift,
    told,
    words,
)
from backfolio.source.akshare.inquiry import Inquiry, Reading, inquire
from backfolio.source.akshare.symbols import bare

if TYPE_CHECKING:
    import pandas as pd

    from backfolio.source.akshare.delivery import Delivery
    from backfolio.source.akshare.transport import Asked, Desk

HOST: Final = "eastmoney"

REPORTS: Final = Contract(
    "stock_research_report_em",
    (
        Column("股票代码", "text", pattern=r"\d{6}"),
        Column("报告名称", "text", may_be_missing=True),
        Column("东财评级", "text", may_be_missing=True),
        Column("机构", "text"),
        Column("日期", "date"),
        Column("报告PDF链接", "text"),
    ),
    may_be_empty=True,
)

REPORT_FIELDS: Final = {
    "股票代码": ("stockCode", "text"),
    "报告名称": ("title", "text"),
    "东财评级": ("emRatingName", "text"),
    "机构": ("orgSName", "text"),
    "日期": ("publishDate", "date"),
}
"""Column to the field of the report list that it must hold."""

KEPT: Final = ("infoCode", "lastEmRatingName", "ratingChange", "indvAimPriceT", "indvAimPriceL", "researcher")
"""Fields of the reply without which there is no rating before and no target price."""

PDF: Final = "https://pdf.dfcfw.com/pdf/H3_{}_1.pdf"


def reports(desk: Desk, symbol: str) -> Delivery:
    """Return every research report on a symbol, as rows of the table ratings.

    `rating` and `previous_rating` are in eastmoney's own words. `change` is the
    number that the host gives (its meaning is not published): compare the two
    ratings instead. `target_high` is indvAimPriceT, `target_low` indvAimPriceL.
    """

    def read(frame: pd.DataFrame, asked: Asked[pd.DataFrame]) -> Reading:
        import pandas as pd  # noqa: PLC0415  as late as every heavy import

        records = rows_of((reply.body for reply in asked.replies), "data")
        names = {name for record in records for name in record}
        lost = [name for name in KEPT if name not in names]
        wrong = [f"the reply has no field {', '.join(lost)}"] if lost else []
        wrong += misnamed(frame, records, REPORT_FIELDS)
        if wrong:
            return Reading(breaches=tuple(wrong))
        rows = pd.DataFrame(list(records), dtype=object)
        rows = rows.drop_duplicates("infoCode", ignore_index=True)
        high, low = numbers(rows["indvAimPriceT"]), numbers(rows["indvAimPriceL"])
        today = asked.entry.at.date() + dt.timedelta(days=1)
        sifted = sift(
            rows,
            {
                "stockCode is not the one asked for": rows["stockCode"].astype(str) != bare(symbol),
                "publishDate is in the future": days(rows["publishDate"]) > str(today),
                "indvAimPriceL is above indvAimPriceT": (low > high) & (high > 0),
                "a target price is below 0": (low < 0) | (high < 0),
            },
        )
        short = "; ".join(cut_short(len(rows), told(asked.replies[-1].body, "hits"), "reports"))
        return Reading(sifted=sifted, rows=_report_rows(sifted.kept, symbol, asked.entry.at), short=short)

    return inquire(
        desk,
        Inquiry(
            HOST,
            symbol,
            "ratings",
            REPORTS,
            lambda akshare: akshare.stock_research_report_em(symbol=bare(symbol)),
            read,
            nothing=lambda body: told(body, "data") == [] and not cut_short(0, told(body, "hits")),
        ),
    )


def _report_rows(frame: pd.DataFrame, symbol: str, at: dt.datetime) -> pd.DataFrame:
    low, high = (numbers(frame[name]) for name in ("indvAimPriceL", "indvAimPriceT"))
    low, high = low.where(low > 0), high.where(high > 0)
    rows = as_table(
        "ratings",
        {
            "id": "",
            "symbol": [symbol] * len(frame),
            "name": frame["stockName"].map(short_name),
            "house": words(frame["orgSName"]),
            "analyst": words(frame["researcher"]),
            "published": days(frame["publishDate"]),
            "time": [_hour(text) for text in frame["publishDate"]],
            "rating": words(frame["emRatingName"]),
            "previous_rating": words(frame["lastEmRatingName"]),
            "change": words(frame["ratingChange"]),
            "target_low": low.fillna(high),
            "target_high": high.fillna(low),
            "title": words(frame["title"]),
            "source": HOST,
            "url": [PDF.format(code) for code in frame["infoCode"]],
            "first_seen": [at] * len(frame),
        },
    )
    rows["id"] = rating_ids(HOST, rows)
    return rows.drop_duplicates("id", ignore_index=True)


def _hour(text: object) -> str:
    """Return HH:MM of an instant; midnight is how the host writes that it does not know."""
    found = re.search(r" (\d\d:\d\d)", str(text))
    return "" if found is None or found[1] == "00:00" else found[1]
