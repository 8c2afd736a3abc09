"""Replies of cninfo, the exchanges and eastmoney's tables of facts, in each host's own shape and order of fields."""

from __future__ import annotations

import io
import json
import warnings
from typing import TYPE_CHECKING, Any

import openpyxl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# --- cninfo ------------------------------------------------------------------------------------------

RATINGS_AT = "webapi.cninfo.com.cn p_sysapi1089"
DIVIDENDS_AT = "webapi.cninfo.com.cn p_sysapi1139"


def rating(code: str = "688256", name: str = "寒武纪", **changes: Any) -> dict[str, Any]:
    """Return one row of p_sysapi1089; the order of its fields is what akshare goes by."""
    row = {
        "SECNAME": name,
        "DECLAREDATE": "2025-08-25",
        "F008V": "增持",
        "F007V": "调高",
        "F010N": 1835.0,
        "F006V": "不是首次评级",
        "F004V": "买入",
        "F003V": "张三",
        "F002V": "某某证券",
        "F009N": 1700.0,
        "SECCODE": code,
    }
    return row | changes


def cninfo(rows: Sequence[Mapping[str, Any]], total: int | None = None) -> str:
    """Return a reply of webapi.cninfo.com.cn."""
    every = len(rows) if total is None else total
    told = {"resultmsg": "success", "resultcode": 200, "count": len(rows), "total": every, "records": list(rows)}
    return json.dumps(told, ensure_ascii=False)


def cninfo_dividend(ex: str | None = "2025-07-04", **changes: Any) -> dict[str, Any]:
    """Return one row of p_sysapi1139, per ten shares."""
    row = {
        "F006D": "2025-06-27",
        "F044V": "年度分红",
        "F011N": 4.5,
        "F010N": None,
        "F012N": 1.06,
        "F018D": "2025-07-03",
        "F020D": ex,
        "F023D": "2025-07-04",
        "F025D": None,
        "F007V": "10转增4.5股派1.06元(含税)",
        "F001V": "2024年报",
    }
    return row | changes


# --- the exchanges -----------------------------------------------------------------------------------

SSE_MAIN_AT = "query.sse.com.cn sseQuery STOCK_TYPE=1&"
SSE_STAR_AT = "query.sse.com.cn sseQuery STOCK_TYPE=8&"
SSE_LEFT_AT = "query.sse.com.cn commonQuery.do COMPANY_STATUS=3"
SZSE_AT = "www.szse.cn CATALOGID=1110"
SZSE_LEFT_AT = "www.szse.cn CATALOGID=1793_ssgs TABKEY=tab2"
RENAMES_AT = "www.szse.cn CATALOGID=SSGSGMXX TABKEY=tab2"
BSE_AT = "www.bse.cn nqxxCnzq.do"


def sse(rows: Iterable[tuple[str, str, str]], total: int | None = None) -> str:
    """Return Shanghai's list of (code, name, listed)."""
    result = [
        {
            "A_STOCK_CODE": code,
            "B_STOCK_CODE": "-",
            "COMPANY_ABBR": name,
            "COMPANY_CODE": code,
            "DELIST_DATE": "-",
            "FULL_NAME": f"{name}股份有限公司",
            "LIST_BOARD": "1",
            "LIST_DATE": listed,
            "NUM": str(place),
            "SEC_NAME_CN": name,
            "SEC_NAME_FULL": name,
            "STATE_CODE": "2",
        }
        for place, (code, name, listed) in enumerate(rows, 1)
    ]
    page = {"total": len(result) if total is None else total, "pageNo": 1, "pageSize": 10000}
    return json.dumps({"actionErrors": [], "result": result, "pageHelp": page}, ensure_ascii=False)


def sse_left(rows: Iterable[tuple[str, str, str, str]], total: int | None = None) -> str:
    """Return Shanghai's list of (code, name, listed, delisted)."""
    left = list(rows)
    told = json.loads(sse([row[:3] for row in left], total))
    for record, row in zip(told["result"], left, strict=True):
        record["DELIST_DATE"] = row[3]
    return json.dumps(told, ensure_ascii=False)


def spreadsheet(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return one of Shenzhen's spreadsheets."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for the time in an old way
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(list(columns))
        for row in rows:
            sheet.append(list(row))
        out = io.BytesIO()
        book.save(out)
    return out.getvalue()


SZSE_COLUMNS = ("板块", "公司全称", "英文名称", "注册地址", "A股代码", "A股简称", "A股上市日期", "A股总股本",
                "A股流通股本", "B股代码", "B股 简 称", "B股上市日期", "地      区", "所属行业", "公司网址")  # fmt: skip


def szse(rows: Iterable[tuple[str, str, str]], padding: int = 12) -> bytes:
    """Return Shenzhen's list of (code, name, listed), with rows behind: akshare leaves a short list as it came."""
    more = [(f"0021{place:02d}", f"某某股份{place}", "2007-01-10") for place in range(padding)]
    return spreadsheet(
        SZSE_COLUMNS,
        [
            ("主板", f"{name}股份有限公司", "Company", "深圳市", code, name, listed, "1,000", "900", "", "", "", "华南",
             "C 制造业", "www.example.com")
            for code, name, listed in [*rows, *more]
        ],
    )  # fmt: skip


def szse_left(rows: Iterable[tuple[Any, str, str, str]]) -> bytes:
    """Return Shenzhen's list of (code, name, listed, delisted)."""
    return spreadsheet(("证券代码", "证券简称", "上市日期", "终止上市日期"), rows)


def renames(rows: Iterable[tuple[str, Any, str, str]]) -> bytes:
    """Return Shenzhen's list of renamings (day, code, before, after)."""
    return spreadsheet(
        ("变更日期", "证券代码", "证券简称", "变更前简称", "变更后简称"),
        [(day, code, after, before, after) for day, code, before, after in rows],
    )


def bse(rows: Iterable[tuple[str, str, str]], total: int | None = None) -> str:
    """Return a page of Beijing's list of (code, name, listed): 48 fields, of which akshare knows nine by position."""
    content = []
    for code, name, listed in rows:
        fields = {f"x{place:02d}": None for place in range(48)}
        row: dict[str, Any] = dict(fields)
        known = {0: ("fxssrq", listed), 11: ("xxfxsgb", 100), 17: ("xxhyzl", "制造业"), 22: ("xxjcrq", "20251231"),
                 29: ("xxssdq", "江苏省"), 35: ("xxzbqs", "某某证券"), 36: ("xxzgb", 200), 38: ("xxzqdm", code),
                 40: ("xxzqjc", name)}  # fmt: skip
        content.append({known.get(at, (key, None))[0]: known.get(at, (key, None))[1] for at, key in enumerate(row)})
    page = {"content": content, "totalElements": len(content) if total is None else total, "totalPages": 1}
    return f"null([{json.dumps(page, ensure_ascii=False)}])"


# --- eastmoney ---------------------------------------------------------------------------------------

BONUS_AT = "datacenter-web.eastmoney.com RPT_SHAREBONUS_DET"
SUSPENDED_AT = "datacenter-web.eastmoney.com RPT_CUSTOM_SUSPEND_DATA_INTERFACE"
INFO_AT = "push2.eastmoney.com api/qt/stock/get"
BOARD_AT = "40.push2.eastmoney.com clist/get"
REPORTS_AT = "reportapi.eastmoney.com report/list"

NO_ROWS = json.dumps(
    {"version": None, "result": None, "success": False, "message": "返回数据为空", "code": 9201}, ensure_ascii=False
)


def datacenter(rows: Sequence[Mapping[str, Any]], pages: int = 1, count: int | None = None) -> str:
    """Return one page of datacenter-web.eastmoney.com; `count` is that of all pages."""
    result = {"pages": pages, "data": list(rows), "count": len(rows) if count is None else count}
    told = {"version": "ab" * 16, "result": result, "success": True, "message": "ok", "code": 0}
    return json.dumps(told, ensure_ascii=False)


def bonus(ex: str | None = "2025-07-04", **changes: Any) -> dict[str, Any]:
    """Return one row of RPT_SHAREBONUS_DET (30 fields), per ten shares."""
    row = {
        "SECUCODE": "603019.SH",
        "SECURITY_NAME_ABBR": "中科曙光",
        "ORG_CODE": "10124506",
        "SECURITY_INNER_CODE": "1000124506",
        "SECURITY_CODE": "603019",
        "BONUS_IT_RATIO": 4.5,
        "BONUS_RATIO": None,
        "IT_RATIO": 4.5,
        "PRETAX_BONUS_RMB": 1.06,
        "PLAN_NOTICE_DATE": "2025-04-18 00:00:00",
        "EQUITY_RECORD_DATE": "2025-07-03 00:00:00",
        "EX_DIVIDEND_DATE": None if ex is None else f"{ex} 00:00:00",
        "REPORT_DATE": "2024-12-31 00:00:00",
        "ASSIGN_PROGRESS": "实施分配",
        "IMPL_PLAN_PROFILE": "10转4.50派1.06元(含税,扣税后0.954元)",
        "NOTICE_DATE": "2025-06-27 00:00:00",
        "EX_DIVIDEND_DAYS": 100,
        "BD10_CLOSE_ADJCHRATE": 1.0,
        "A10_CLOSE_ADJCHRATE": 1.0,
        "BASIC_EPS": 1.3,
        "BVPS": 14.0,
        "PER_CAPITAL_RESERVE": 6.0,
        "PER_UNASSIGN_PROFIT": 6.0,
        "PNP_YOY_RATIO": 4.1,
        "TOTAL_SHARES": 1463203784,
        "PUBLISH_DATE": "2025-04-18 00:00:00",
        "DIVIDENT_RATIO": 0.0016,
        "D10_CLOSE_ADJCHRATE": 1.0,
        "BD30_CLOSE_ADJCHRATE": 1.0,
        "D30_CLOSE_ADJCHRATE": 1.0,
    }
    return row | changes


def halt(code: str = "688041", first: str = "2025-05-26 09:30:00", **changes: Any) -> dict[str, Any]:
    """Return one row of RPT_CUSTOM_SUSPEND_DATA_INTERFACE (12 fields)."""
    row = {
        "SECURITY_CODE": code,
        "SECURITY_NAME_ABBR": "海光信息",
        "SUSPEND_START_TIME": first,
        "SUSPEND_END_TIME": "2025-06-09 15:00:00",
        "SUSPEND_EXPIRE": "连续停牌",
        "SUSPEND_REASON": "拟筹划重大资产重组",
        "TRADE_MARKET": "上交所科创板",
        "SUSPEND_START_DATE": f"{first[:10]} 00:00:00",
        "PREDICT_RESUME_DATE": "2025-06-10 00:00:00",
        "TRADE_MARKET_CODE": "069001001006",
        "SECURITY_TYPE_CODE": "058001001",
        "SECUCODE": f"{code}.SH",
    }
    return row | changes


def info(code: str = "688256", **changes: Any) -> str:
    """Return what push2.eastmoney.com says of one share."""
    data: dict[str, Any] = {"f43": 1243.2, "f57": code, "f58": "寒武纪", "f84": 4.18e8, "f85": 4.18e8,
                            "f116": 5.2e11, "f117": 5.2e11, "f127": "半导体", "f189": 20200720}  # fmt: skip
    return _push2(data | changes)


def _push2(data: Any) -> str:
    told = {"rc": 0 if data else 100, "rt": 4, "svr": 177617938, "lt": 1, "full": 1, "dlmkts": "", "data": data}
    return json.dumps(told, ensure_ascii=False)


NO_INFO = _push2(None)

_BOARD = ["f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12", "f13", "f14", "f15", "f16", "f17", "f18",
          "f20", "f21", "f22", "f23", "f24", "f25", "f62", "f115", "f128", "f136", "f140", "f141", "f152"]  # fmt: skip


def board(rows: Iterable[tuple[str, str]], order: Sequence[str] = _BOARD) -> str:
    """Return eastmoney's board of names under risk warning, of (code, name)."""
    diff = [{key: {"f12": code, "f14": name, "f3": 1.0}.get(key, 2.5) for key in order} for code, name in rows]
    return json.dumps({"rc": 0, "rt": 6, "data": {"total": len(diff), "diff": diff}}, ensure_ascii=False)


BOARD_ORDER = tuple(_BOARD)


def report(**changes: Any) -> dict[str, Any]:
    """Return one row of the list of research reports."""
    row = {
        "title": "算力龙头",
        "stockName": "寒武纪",
        "stockCode": "688256",
        "orgCode": "80000001",
        "orgName": "某某证券股份有限公司",
        "orgSName": "某某证券",
        "publishDate": "2025-08-27 00:00:00.000",
        "infoCode": "AP202508270000000001",
        "column": "002",
        "predictNextTwoYearEps": "20.1",
        "predictNextTwoYearPe": "60.2",
        "predictNextYearEps": "12.3",
        "predictNextYearPe": "90.1",
        "predictThisYearEps": "5.5",
        "predictThisYearPe": "200.3",
        "predictLastYearEps": "",
        "predictLastYearPe": "",
        "actualLastTwoYearEps": "",
        "actualLastYearEps": "",
        "industryCode": "1036",
        "industryName": "半导体",
        "emIndustryCode": "1036",
        "indvInduCode": "1036",
        "indvInduName": "半导体",
        "emRatingCode": "007",
        "emRatingValue": "5",
        "emRatingName": "买入",
        "lastEmRatingCode": "006",
        "lastEmRatingValue": "4",
        "lastEmRatingName": "增持",
        "ratingChange": 2,
        "reportType": 2,
        "author": ["11000200001.张三"],
        "indvIsNew": "001",
        "researcher": "张三,李四",
        "newListingDate": None,
        "newPurchaseDate": None,
        "newIssuePrice": None,
        "newPeIssueA": None,
        "indvAimPriceT": "1835.0",
        "indvAimPriceL": "1700.0",
        "attachType": "0",
        "attachSize": 800,
        "attachPages": 4,
        "encodeUrl": "x",
        "sRatingName": "强烈推荐",
        "sRatingCode": "1",
        "market": "SHANGHAI",
        "authorID": ["11000200001"],
        "count": 30,
        "orgType": "1",
    }
    return row | changes


def reports(rows: Sequence[Mapping[str, Any]], *, pages: int = 1, page: int = 1, hits: int | None = None) -> str:
    """Return one page of the list of research reports."""
    told = {"hits": len(rows) if hits is None else hits, "size": len(rows), "data": list(rows), "TotalPage": pages,
            "pageNo": page, "currentYear": 2025}  # fmt: skip
    return json.dumps(told, ensure_ascii=False)
