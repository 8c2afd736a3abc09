"""What `backfolio.bars` refuses: each row of the tables is a small market with one thing wrong."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from backfolio.bars import Tables, build_bars, read_tables
from backfolio.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "date,symbol,open,high,low,close,volume"
LINES = (
    "2025-08-18,600001.SH,10.00,10.20,9.90,10.10,1000",  # line 2
    "2025-08-19,600001.SH,10.10,10.30,10.00,10.20,1000",
    "2025-08-20,600001.SH,10.20,10.40,10.10,10.30,1000",
    "2025-08-21,600001.SH,10.30,10.50,10.20,10.40,1000",
    "2025-08-22,600001.SH,10.40,10.60,10.30,10.50,1000",
    "2025-08-18,688001.SH,50.00,50.50,49.50,50.00,200",  # line 7
    "2025-08-19,688001.SH,50.00,50.50,49.50,50.00,200",
    "2025-08-20,688001.SH,50.00,50.50,49.50,50.00,200",
    "2025-08-21,688001.SH,50.00,50.50,49.50,50.00,200",
    "2025-08-22,688001.SH,50.00,50.50,49.50,50.00,200",
)
INDEX = ("date,symbol,close", "2025-08-18,000300.SH,4000.5", "2025-08-19,000300.SH,4010.25")
ACTIONS = ("symbol,ex_date,kind,value", "600001.SH,2025-08-20,cash/share,0.1")
LISTINGS = ("symbol,name,listed,delisted", "600001.SH,First,2001-06-08,")

FILL_OR_SUSPEND = "fill it in; if the share was suspended, remove the row or set traded to 0"
SUSPEND = "correct it; if the share was suspended, remove the row or set traded to 0"
PRICE_RANGE = "a price lies above 0 and below 100,000 CNY"
ANOTHER_SOURCE = "correct the row from another source"
LIMIT_REMEDY = (
    "correct it; an ex-date needs pre_close or a row in ex_rights, a share under risk warning is_st = 1, "
    "a new listing its row in listings"
)
LIMIT_RULE = "no price lies outside the limits of its session"
PLAIN_DATE = "write the plain date, as in 2025-08-22"
VENDOR_RULE = "a vendor's limit price is that of the exchange's rules"
VENDOR_REMEDY = "check pre_close, is_st and the listing date; without a limit price of your own leave the column out"


@dataclass(frozen=True)
class Case:
    """A market with a fault, and the lines of the message."""

    name: str
    says: tuple[str, ...]
    edit: dict[int, str] = field(default_factory=dict)
    """Line of bars.csv to what stands there instead."""
    extra: tuple[str, ...] = ()
    """Lines that follow."""
    columns: dict[str, dict[int, str]] = field(default_factory=dict)
    """Column that is added, with its cells by line ("" elsewhere)."""
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Other files of the folder."""

    def bars(self) -> str:
        lines = [HEADER, *LINES]
        for line, text in self.edit.items():
            lines[line - 1] = text
        lines += self.extra
        for column, cells in self.columns.items():
            lines = [f"{text},{cells.get(at, '') if at > 1 else column}" for at, text in enumerate(lines, start=1)]
        return "\n".join(lines) + "\n"


def day(line: int, text: str) -> dict[int, str]:
    """Replace the date of a line."""
    return {line: text + LINES[line - 2][10:]}


def prices(line: int, text: str, volume: str = "1000") -> dict[int, str]:
    """Replace the four prices of a line."""
    return {line: f"{LINES[line - 2][:20]},{text},{volume}"}


BARS = [
    # dates and symbols
    Case(
        "duplicate",
        ("bars.csv:12: 600001.SH 2025-08-22 stands at bars.csv:6 already: a symbol has one row a date; remove one",),
        extra=(LINES[4],),
    ),
    Case(
        "unsorted",
        (
            (
                "bars.csv:4: 600001.SH 2025-08-19 comes after 2025-08-20 (bars.csv:3): the dates of a symbol ascend; "
                "sort the rows by symbol and date"
            ),
        ),
        edit={3: LINES[2], 4: LINES[1]},
    ),
    Case(
        "a symbol's rows apart from each other, and then an early one",
        (
            (
                "bars.csv:12: 600001.SH 2025-08-15 comes after 2025-08-22 (bars.csv:6): the dates of a symbol ascend; "
                "sort the rows by symbol and date"
            ),
        ),
        extra=("2025-08-15,600001.SH,10.00,10.10,9.90,10.00,1000",),
    ),
    Case(
        "no session",
        (
            (
                "bars.csv:6: date 2025-08-23 (next session: 2025-08-25): the Shanghai exchange held no session on that "
                "day; correct the date, or remove the row"
            ),
        ),
        edit=day(6, "2025-08-23"),
    ),
    Case(
        "holiday on a weekday",
        (
            (
                "bars.csv:6: date 2025-10-01 (next session: 2025-10-09): the Shanghai exchange held no session on that "
                "day; correct the date, or remove the row"
            ),
        ),
        edit=day(6, "2025-10-01"),
    ),
    Case(
        "before the calendar",
        ("bars.csv:2: date 1985-08-18: the exchange calendar knows 1990-12-19 to ",),
        edit=day(2, "1985-08-18"),
    ),
    Case(
        "after the calendar",
        ("bars.csv:6: date 2205-08-22: the exchange calendar knows 1990-12-19 to ",),
        edit=day(6, "2205-08-22"),
    ),
    *(
        Case(
            f"date written {text}",
            (f"bars.csv:4: date {text!r}: a date is written YYYY-MM-DD; write it so, as in 2025-08-22",),
            edit=day(4, text),
        )
        for text in ("2025/08/20", "20250820", "2025-8-20", "20.08.2025", "2025-02-30", "soon", "2025-08-20 x")
    ),
    Case(
        "date missing",
        ("bars.csv:4: date is missing: every row has its date; fill it in as YYYY-MM-DD, or remove the row",),
        edit=day(4, ""),
    ),
    *(
        Case(
            f"time {text}",
            (f"bars.csv:4: date '2025-08-20{text}': a daily bar has no time of day; {PLAIN_DATE}",),
            edit=day(4, f"2025-08-20{text}"),
        )
        for text in (" 09:30:00", "T15:00", " 00:00:00.001")
    ),
    *(
        Case(
            f"zone {text}",
            (
                (
                    f"bars.csv:4: date '2025-08-20{text}': a session has no time zone; "
                    "write the plain date of Shanghai, as in 2025-08-22"
                ),
            ),
            edit=day(4, f"2025-08-20{text}"),
        )
        for text in ("T00:00:00+08:00", " 00:00:00Z", "T00:00:00+0000", " 00:00:00 Asia/Shanghai")
    ),
    Case(
        "symbol without its exchange",
        (
            (
                "bars.csv:12: '600001' is not a symbol: write six digits and the exchange, as in 688256.SH: bars are "
                "of A-shares; an index belongs into the table index; correct the symbol, or remove its rows"
            ),
        ),
        extra=("2025-08-18,600001,10.00,10.20,9.90,10.10,1000",),
    ),
    Case(
        "symbol on the wrong exchange",
        ("bars.csv:12: '688001.SZ': code 688001 trades on SH; write 688001.SH: bars are of A-shares;",),
        extra=("2025-08-18,688001.SZ,10.00,10.20,9.90,10.10,1000",),
    ),
    Case(
        "an index among the bars",
        ("bars.csv:12: '000300.SH'",),
        extra=("2025-08-18,000300.SH,10.00,10.20,9.90,10.10,1000",),
    ),
    Case(
        "symbol missing",
        ("bars.csv:12: symbol is missing: every row has its symbol; write it as in 688256.SH, or remove the row",),
        extra=("2025-08-18,,10.00,10.20,9.90,10.10,1000",),
    ),
    # prices
    Case(
        "high below low",
        (f"bars.csv:4: 600001.SH 2025-08-20 high 10, low 10.4: high is not below low; {ANOTHER_SOURCE}",),
        edit=prices(4, "10.20,10.00,10.40,10.30"),
    ),
    Case(
        "open above high",
        (
            (
                "bars.csv:4: 600001.SH 2025-08-20 open 10.41, low 10.1, high 10.4: open and close lie within low and "
                f"high; {ANOTHER_SOURCE}"
            ),
        ),
        edit=prices(4, "10.41,10.40,10.10,10.30"),
    ),
    Case(
        "close below low",
        (
            (
                "bars.csv:4: 600001.SH 2025-08-20 close 10.09, low 10.1, high 10.4: open and close lie within low and "
                f"high; {ANOTHER_SOURCE}"
            ),
        ),
        edit=prices(4, "10.20,10.40,10.10,10.09"),
    ),
    Case(
        "zero prices, as some vendors write a suspension",
        (f"bars.csv:4: 600001.SH 2025-08-20 open 0, high 0, low 0: {PRICE_RANGE}; {SUSPEND}",),
        edit=prices(4, "0,0,0,10.30", "0"),
    ),
    Case(
        "negative close",
        (f"bars.csv:4: 600001.SH 2025-08-20 close -10.3: {PRICE_RANGE}; {SUSPEND}",),
        edit=prices(4, "10.20,10.40,10.10,-10.30"),
    ),
    Case(
        "absurd price",
        (f"bars.csv:4: 600001.SH 2025-08-20 high 1e+18: {PRICE_RANGE}; {SUSPEND}",),
        edit=prices(4, "10.20,1e18,10.10,10.30"),
    ),
    Case(
        "missing price and volume",
        (
            "bars.csv:4: 600001.SH 2025-08-20 has no open, volume: a bar has open, high, low, close and volume; "
            + FILL_OR_SUSPEND,
        ),
        edit=prices(4, ",10.40,10.10,10.30", ""),
    ),
    Case(
        "text for a price",
        (
            (
                "bars.csv:4: open 'ten': open is a finite number; write digits with a decimal point and no thousands "
                "separator"
            ),
        ),
        edit=prices(4, "ten,10.40,10.10,10.30"),
    ),
    Case(
        "thousands separator",
        ("bars.csv:4: volume '1,000': volume is a finite number;",),
        edit=prices(4, "10.20,10.40,10.10,10.30", '"1,000"'),
    ),
    Case(
        "infinite price",
        ("bars.csv:4: high 'inf': high is a finite number;",),
        edit=prices(4, "10.20,inf,10.10,10.30"),
    ),
    Case(
        "off the tick",
        (
            (
                "bars.csv:4: 600001.SH 2025-08-20 high 10.405, close 10.303: a price of a share is a multiple of 0.01 "
                "CNY; give raw prices as the exchange printed them, not adjusted or averaged ones"
            ),
        ),
        edit=prices(4, "10.20,10.405,10.10,10.303"),
    ),
    Case(
        "off the tick by more than noise",
        ("bars.csv:4: 600001.SH 2025-08-20 open 10.200002: a price of a share is a multiple of 0.01 CNY;",),
        edit=prices(4, "10.200002,10.40,10.10,10.30"),
    ),
    Case(
        "pre_close off the tick, and one that is 0",
        (
            f"bars.csv:5: 600001.SH 2025-08-21 pre_close 0: {PRICE_RANGE}; {SUSPEND}",
            "bars.csv:8: 688001.SH 2025-08-19 pre_close 50.001: a price of a share is a multiple of 0.01 CNY;",
        ),
        columns={"pre_close": {5: "0", 8: "50.001"}},
    ),
    # volume, amount, flags
    Case(
        "negative volume",
        (
            (
                "bars.csv:4: 600001.SH 2025-08-20 volume -1: volume is a whole number of shares, 0 or more; "
                "give shares, not lots of a hundred"
            ),
        ),
        edit=prices(4, "10.20,10.40,10.10,10.30", "-1"),
    ),
    Case(
        "fraction of a share",
        ("bars.csv:4: 600001.SH 2025-08-20 volume 10.5: volume is a whole number of shares, 0 or more;",),
        edit=prices(4, "10.20,10.40,10.10,10.30", "10.5"),
    ),
    Case(
        "negative amount",
        (
            (
                "bars.csv:4: 600001.SH 2025-08-20 amount -5: amount is CNY, 0 or more; "
                "correct it, or leave it empty where it is unknown"
            ),
        ),
        columns={"amount": {4: "-5"}},
    ),
    Case(
        "is_st and traded neither 0 nor 1",
        (
            "bars.csv:4: 600001.SH 2025-08-20 is_st 2: is_st is 0 or 1; write 0 or 1",
            "bars.csv:9: 688001.SH 2025-08-20 traded (missing): traded is 0 or 1; write 0 or 1",
        ),
        columns={
            "is_st": dict.fromkeys(range(2, 12), "0") | {4: "2"},
            "traded": dict.fromkeys(range(2, 12), "1") | {9: ""},
        },
    ),
    # limits
    Case(
        "above the main board's limit",
        (f"bars.csv:4: 600001.SH 2025-08-20 high 11.23, limits 9.18 to 11.22: {LIMIT_RULE}; {LIMIT_REMEDY}",),
        edit=prices(4, "10.20,11.23,10.10,10.30"),
    ),
    Case(
        "all prices below the limit; the bar after it, whose reference is that close, is not judged",
        (
            (
                "bars.csv:4: 600001.SH 2025-08-20 open 5.00, high 5.00, low 5.00, close 5.00, limits 9.18 to 11.22: "
                f"{LIMIT_RULE}; {LIMIT_REMEDY}"
            ),
        ),
        edit=prices(4, "5.00,5.00,5.00,5.00"),
    ),
    Case(
        "STAR has 20%",
        (f"bars.csv:9: 688001.SH 2025-08-20 high 60.01, limits 40.00 to 60.00: {LIMIT_RULE}; {LIMIT_REMEDY}",),
        edit=prices(9, "50.00,60.01,49.50,50.00", "200"),
    ),
    Case(
        "under risk warning the main board has 5%",
        (f"bars.csv:4: 600001.SH 2025-08-20 high 10.72, limits 9.69 to 10.71: {LIMIT_RULE}; {LIMIT_REMEDY}",),
        edit=prices(4, "10.20,10.72,10.10,10.30"),
        columns={"is_st": dict.fromkeys(range(2, 12), "0") | {4: "1"}},
    ),
    Case(
        "limits stand on pre_close",
        (f"bars.csv:5: 600001.SH 2025-08-21 low 10.20, limits 10.26 to 12.54: {LIMIT_RULE}; {LIMIT_REMEDY}",),
        columns={"pre_close": {5: "11.40"}},
    ),
    Case(
        "a vendor's limits",
        (
            f"bars.csv:4: 600001.SH 2025-08-20 up_limit 11.23, computed 11.22: {VENDOR_RULE}; {VENDOR_REMEDY}",
            f"bars.csv:8: 688001.SH 2025-08-19 down_limit 45, computed 40.00: {VENDOR_RULE}; {VENDOR_REMEDY}",
        ),
        columns={"up_limit": {3: "11.11", 4: "11.23"}, "down_limit": {4: "9.18", 8: "45.00"}},
    ),
    # factor
    Case(
        "a factor that jumps by itself",
        (
            (
                "bars.csv:4: 600001.SH 2025-08-20 factor 1.01 after 1: a factor that moves by more than 0.1% has its "
                "ex-date in the data; give pre_close on that date, or a row in ex_rights"
            ),
        ),
        columns={"factor": dict.fromkeys(range(2, 12), "1") | {4: "1.01", 5: "1.01", 6: "1.0105"}},
    ),
    Case(
        "a factor that jumps between bars that have one",
        ("bars.csv:5: 600001.SH 2025-08-21 factor 0.9 after 1: a factor that moves by more than 0.1%",),
        columns={"factor": {2: "1", 3: "1", 5: "0.9", 6: "0.9"}},
    ),
    Case(
        "a factor of 0",
        (
            (
                "bars.csv:4: 600001.SH 2025-08-20 factor 0: an adjustment factor lies above 0; correct it, or leave it "
                "empty where it is unknown"
            ),
        ),
        columns={"factor": {4: "0"}},
    ),
]

RATIO_RULE = "a price ratio is reference price / previous close: above 0, at most 1"
RATIO_REMEDY = "turn the ratio round, or give cash/share and shares/share instead"
BESIDE = "a price ratio already holds all that happens on its date; keep the ratio, or cash/share and shares/share"
NO_SESSION = "the Shanghai exchange held no session on that day; correct the date, or remove the row"


def beside(table: str, *lines: str) -> dict[str, tuple[str, ...]]:
    """Return a file beside the bars: its good lines and some more."""
    good = {"index": INDEX, "ex_rights": ACTIONS, "listings": LISTINGS}[table]
    return {f"{table}.csv": (*good, *lines)}


SIDES = [
    # ex_rights, line 3 on
    Case(
        "unknown kind",
        (
            (
                "ex_rights.csv:3: kind 'cash/shares' (did you mean 'cash/share'?): kind is one of cash/share, "
                "shares/share, price ratio; write one of them"
            ),
        ),
        files=beside("ex_rights", "600001.SH,2025-08-21,cash/shares,0.1"),
    ),
    Case(
        "kind missing",
        ("ex_rights.csv:3: kind is missing: kind is one of cash/share, shares/share, price ratio;",),
        files=beside("ex_rights", "600001.SH,2025-08-21,,0.1"),
    ),
    Case(
        "negative cash and shares",
        (
            (
                "ex_rights.csv:3: 600001.SH 2025-08-21 cash/share -0.1: cash and shares per share lie from 0 to "
                "10,000; give CNY or shares for one share held"
            ),
            "ex_rights.csv:4: 688001.SH 2025-08-21 shares/share -1: cash and shares per share lie from 0 to 10,000;",
        ),
        files=beside("ex_rights", "600001.SH,2025-08-21,cash/share,-0.1", "688001.SH,2025-08-21,shares/share,-1"),
    ),
    Case(
        "more decimals than are kept",
        (
            (
                "ex_rights.csv:3: 600001.SH 2025-08-21 cash/share 0.03333333: a value per share has at most 7 "
                "decimals; give the announced figure (per ten shares, divided by ten)"
            ),
        ),
        files=beside("ex_rights", "600001.SH,2025-08-21,cash/share,0.03333333"),
    ),
    *(
        Case(
            f"price ratio {ratio}",
            (f"ex_rights.csv:3: 600001.SH 2025-08-21 price ratio {ratio}: {RATIO_RULE}; {RATIO_REMEDY}",),
            files=beside("ex_rights", f"600001.SH,2025-08-21,price ratio,{ratio}"),
        )
        for ratio in ("0", "-0.9", "1.25")
    ),
    Case(
        "price ratio beside cash",
        (f"ex_rights.csv:3: 600001.SH 2025-08-20 has a price ratio beside another row: {BESIDE}",),
        files=beside("ex_rights", "600001.SH,2025-08-20,price ratio,0.99"),
    ),
    Case(
        "two price ratios on one date",
        (f"ex_rights.csv:4: 688001.SH 2025-08-21 has a price ratio beside another row: {BESIDE}",),
        files=beside("ex_rights", "688001.SH,2025-08-21,price ratio,0.99", "688001.SH,2025-08-21,price ratio,0.99"),
    ),
    Case(
        "value missing, value in words",
        (
            (
                "ex_rights.csv:3: 600001.SH 2025-08-21 cash/share (missing): every row has a value; fill it in, or "
                "remove the row"
            ),
            "ex_rights.csv:4: value 'half': value is a finite number;",
        ),
        files=beside("ex_rights", "600001.SH,2025-08-21,cash/share,", "688001.SH,2025-08-21,cash/share,half"),
    ),
    Case(
        "ex-date on no session, in words, missing",
        (
            f"ex_rights.csv:3: ex_date 2025-08-24 (next session: 2025-08-25): {NO_SESSION}",
            "ex_rights.csv:4: ex_date 'June': a date is written YYYY-MM-DD; write it so, as in 2025-08-22",
            "ex_rights.csv:5: ex_date is missing: every row has its ex_date; fill it in as YYYY-MM-DD,",
        ),
        files=beside(
            "ex_rights",
            "600001.SH,2025-08-24,cash/share,0.1",
            "600001.SH,June,cash/share,0.1",
            "600001.SH,,cash/share,0.1",
        ),
    ),
    Case(
        "more cash than the share is worth",
        (
            (
                "ex_rights.csv:3: cash 50, shares 0 on a previous close of 50.00: a corporate action leaves a price of "
                "at least 0.01 CNY; give CNY for one share held, not for ten"
            ),
        ),
        files=beside("ex_rights", "688001.SH,2025-08-21,cash/share,50"),
    ),
    Case(
        "symbols that are none, with bars or without",
        (
            (
                "ex_rights.csv:3: '60001.SH' is not a symbol: write six digits and the exchange, as in 688256.SH: rows "
                "are of A-shares; correct or remove the row"
            ),
            "ex_rights.csv:4: symbol is missing: every row has its symbol; fill it in as 688256.SH",
        ),
        files=beside("ex_rights", "60001.SH,2025-08-21,cash/share,0.1", ",2025-08-21,cash/share,0.1"),
    ),
    # listings
    Case(
        "listed twice",
        ("listings.csv:3: 600001.SH has a row already: a symbol has one listing row; keep the right one",),
        files=beside("listings", "600001.SH,First,2001-06-08,"),
    ),
    Case(
        "a bar before the listing",
        (
            (
                "bars.csv:7: 688001.SH 2025-08-18, listed 2025-08-19: no bar comes before the listing; correct the "
                "date of the bar or of the row in listings"
            ),
        ),
        files=beside("listings", "688001.SH,Star,2025-08-19,"),
    ),
    Case(
        "bars after the delisting",
        (
            (
                "bars.csv:10: 688001.SH 2025-08-21, delisted 2025-08-20: no bar comes after the delisting; correct the "
                "date of the bar or of the row in listings"
            ),
            "bars.csv:11: 688001.SH 2025-08-22, delisted 2025-08-20: no bar comes after the delisting;",
        ),
        files=beside("listings", "688001.SH,Star,2019-07-22,2025-08-20"),
    ),
    Case(
        "delisted before it was listed",
        (
            (
                "listings.csv:3: 600002.SH listed 2010-01-04, delisted 2009-01-05: delisting comes after listing; "
                "correct one of the dates"
            ),
        ),
        files=beside("listings", "600002.SH,Gone,2010-01-04,2009-01-05"),
    ),
    Case(
        "dates of a listing",
        (
            "listings.csv:3: listed '2019': a date is written YYYY-MM-DD; write it so, as in 2025-08-22",
            "listings.csv:4: delisted '2020-01-01 10:00': a daily bar has no time of day;",
        ),
        files=beside("listings", "688001.SH,Star,2019,", "600002.SH,Gone,2010-01-04,2020-01-01 10:00"),
    ),
    # index
    Case(
        "an index twice on one date",
        ("index.csv:4: 000300.SH 2025-08-19 again: an index has one row a date; remove one",),
        files=beside("index", "2025-08-19,000300.SH,4010.25"),
    ),
    Case(
        "index dates that do not ascend",
        ("index.csv:4: 000300.SH 2025-08-15: the dates of an index ascend; sort by symbol and date",),
        files=beside("index", "2025-08-15,000300.SH,3990"),
    ),
    Case(
        "an index close that is no number",
        ("index.csv:4: close '-': close is a finite number;",),
        files=beside("index", "2025-08-22,000300.SH,-"),
    ),
    Case(
        "index on no session and without its symbol",
        (
            f"index.csv:4: date 2025-08-24 (next session: 2025-08-25): {NO_SESSION}",
            "index.csv:5: symbol is missing: every row has its symbol; fill it in",
        ),
        files=beside("index", "2025-08-24,000300.SH,4000", "2025-08-25,,4000"),
    ),
]


def write(folder: Path, files: dict[str, str | tuple[str, ...]]) -> Path:
    for name, content in files.items():
        text = content if isinstance(content, str) else "".join(f"{line}\n" for line in content)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def as_parquet(folder: Path) -> None:
    """Turn the bars of a folder into Parquet, texts and all."""
    csv = folder / "bars.csv"
    pd.read_csv(csv, dtype={"date": str, "symbol": str}).to_parquet(folder / "bars.parquet")
    csv.unlink()


def fault(folder: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        build_bars(read_tables(folder))
    return caught.value


def agrees(error: DataError, says: tuple[str, ...]) -> None:
    """Demand exactly these problems, each line whole or up to where the expected text ends."""
    assert error.total == len(says)
    assert len(error.problems) == len(says)
    for problem, line in zip(error.problems, says, strict=True):
        assert str(problem).startswith(line)
        assert problem.rule
        assert problem.remedy


@pytest.mark.parametrize("case", [*BARS, *SIDES], ids=lambda case: case.name)
def test_a_fault_is_named_with_file_line_rule_and_remedy(case: Case, tmp_path: Path) -> None:
    agrees(fault(write(tmp_path, {"bars.csv": case.bars(), **case.files})), case.says)


@pytest.mark.parametrize("case", BARS, ids=lambda case: case.name)
def test_parquet_is_judged_as_csv_is(case: Case, tmp_path: Path) -> None:
    as_parquet(write(tmp_path, {"bars.csv": case.bars()}))
    agrees(fault(tmp_path), tuple(line.replace("bars.csv", "bars.parquet") for line in case.says))


def test_the_market_of_these_tables_is_good_without_its_faults(tmp_path: Path) -> None:
    files = {"index.csv": INDEX, "ex_rights.csv": ACTIONS, "listings.csv": LISTINGS}
    bars = build_bars(read_tables(write(tmp_path, {"bars.csv": Case("good", ()).bars(), **files})))
    assert bars.traded.sum() == len(LINES)


def test_twenty_faults_are_shown_all_are_counted_and_no_rule_is_lost_among_them(tmp_path: Path) -> None:
    start = dt.date(2024, 1, 2)
    lines = [f"{start + dt.timedelta(days=k)},600001.SH,10.001,10.01,10.00,10.00,100" for k in range(4)]
    many = [f"2024-01-05,6000{k:02d}.SH,10.001,10.01,10.00,10.00,100" for k in range(2, 40)]
    odd = "2024-01-05,600099.SH,10.00,10.01,10.00,10.00,-7"
    error = fault(write(tmp_path, {"bars.csv": (HEADER, *lines, *many, odd)}))
    text = str(error)
    assert error.total == 43
    assert text.startswith("43 problems in the data:\nbars.csv:2: 600001.SH 2024-01-02 open 10.001")
    assert text.count("\nbars.csv:") == 20
    assert "bars.csv:44: 600099.SH 2024-01-05 volume -7" in text
    assert text.endswith("... and 23 more")


def test_faults_of_several_tables_come_in_one_message(tmp_path: Path) -> None:
    files = {
        "bars.csv": Case("", (), edit=prices(4, "10.20,10.40,10.10,10.303")).bars(),
        **beside("ex_rights", "688001.SH,2025-08-21,gift,1"),
        **beside("listings", "600001.SH,First,2001-06-08,"),
        **beside("index", "2025-08-20,000300.SH,-"),
    }
    error = fault(write(tmp_path, files))
    assert [(problem.where, problem.row) for problem in error.problems] == [
        ("bars.csv", 4),
        ("index.csv", 4),
        ("ex_rights.csv", 3),
        ("listings.csv", 3),
    ]


def test_limits_are_judged_for_the_symbols_without_another_fault(tmp_path: Path) -> None:
    edit = prices(4, "10.20,10.40,10.10,10.303") | prices(9, "50.00,60.01,49.50,50.00", "200")
    error = fault(write(tmp_path, {"bars.csv": Case("", (), edit=edit).bars()}))
    assert [problem.row for problem in error.problems] == [4, 9]
    assert "limits 40.00 to 60.00" in str(error)


def test_a_fault_in_a_part_names_that_part_and_its_own_line(tmp_path: Path) -> None:
    later = "2025-08-25,600001.SH,10.50,10.60,10.40,10.505,1000"
    files = {"bars-2025a.csv": (HEADER, *LINES), "bars-2025b.csv": (HEADER, later)}
    assert str(fault(write(tmp_path, files))).startswith("bars-2025b.csv:2: 600001.SH 2025-08-25 close 10.505")


def test_a_duplicate_in_another_part_names_both(tmp_path: Path) -> None:
    files = {"bars-a.csv": (HEADER, *LINES), "bars-b.csv": (HEADER, LINES[0])}
    agrees(fault(write(tmp_path, files)), ("bars-b.csv:2: 600001.SH 2025-08-18 stands at bars-a.csv:2 already",))


def test_blank_lines_do_not_shift_the_lines_of_a_message(tmp_path: Path) -> None:
    files = {"bars.csv": (HEADER, "", *LINES[:2], "", "2025-08-20,600001.SH,10.20,10.40,10.10,10.303,1000", "")}
    assert str(fault(write(tmp_path, files))).startswith("bars.csv:6: 600001.SH 2025-08-20 close 10.303")


# ---------------------------------------------------------------- what only Parquet or code can hold
def frame() -> pd.DataFrame:
    rows = [line.split(",") for line in LINES]
    bars = pd.DataFrame(rows, columns=HEADER.split(",")).astype(dict.fromkeys(HEADER.split(",")[2:], float))
    return bars.assign(date=pd.to_datetime(bars["date"]))


def test_a_time_zone_of_a_whole_column_is_one_problem(tmp_path: Path) -> None:
    bars = frame()
    bars.assign(date=bars["date"].dt.tz_localize("Asia/Shanghai")).to_parquet(tmp_path / "bars.parquet")
    agrees(
        fault(tmp_path),
        (
            (
                "bars.parquet: column date has the time zone Asia/Shanghai: a session has no time zone; write the "
                "plain date of Shanghai"
            ),
        ),
    )


def test_a_time_of_day_and_a_missing_date_of_a_typed_column(tmp_path: Path) -> None:
    bars = frame()
    bars.loc[2, "date"] = pd.Timestamp("2025-08-20 15:00")
    bars.loc[3, "date"] = pd.NaT
    bars.to_parquet(tmp_path / "bars.parquet")
    agrees(
        fault(tmp_path),
        (
            "bars.parquet:4: date '2025-08-20 15:00:00': a daily bar has no time of day;",
            "bars.parquet:5: date is missing: every row has its date;",
        ),
    )


def test_tables_made_by_code_are_judged_too_under_their_label() -> None:
    with pytest.raises(DataError, match=r"mine bars: columns date, symbol, .*: close missing: "):
        build_bars(Tables(frame().drop(columns="close"), label="mine"))
    with pytest.raises(DataError, match=r"mine bars: no rows"):
        build_bars(Tables(frame().iloc[:0], label="mine"))
    bars = frame()
    bars.loc[2, "high"] = 1.0
    with pytest.raises(DataError, match=r"mine bars:4: 600001\.SH 2025-08-20 high 1, low 10\.1"):
        build_bars(Tables(bars, label="mine"))
