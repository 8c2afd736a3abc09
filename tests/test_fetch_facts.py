"""Facts of a symbol: when they are due, whom they are asked of, and what a host takes back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import facts_payload as payload
import fetched
import sina_payload as sina
from answered import Answer, answered, quick
from backfolio import store
from backfolio.fetch.facts import MOST_GONE, due, gather, withdrawn
from backfolio.fetch.gathered import Gathered
from backfolio.fetch.known import DIVIDENDS, FACTORS, FACTS, FORMER, PAY_DATES, REFUSED, Known
from backfolio.source.akshare.transport import Desk
from backfolio.store import empty
from test_fetch_parts import actions, bars, day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

SYMBOL = "000977.SZ"
UNTIL = day("2025-08-22")
BONUS = "vISSUE_ShareBonus 000977"


def known(facts: Mapping[str, str] | None = None, held: pd.DataFrame | None = None, **changes: Any) -> Known:
    asked = {what: day(told) for what, told in (facts or {}).items()}
    mine = empty("actions") if held is None else held.assign(symbol=SYMBOL)
    return Known(empty("bars"), mine, empty("suspensions"), facts=asked, **changes)


def paid(*days: str) -> list[tuple[str, str, str, str, str, str, str, str]]:
    """Return rows of sina's page: ten shares are paid 1 CNY on each day."""
    before = {one: str(np.busday_offset(one, -1)) for one in days}
    return [(f"{one[:4]}-01-02", "0", "0", "1.0", "实施", one, before[one], "--") for one in days]


def page(*days: str) -> Answer:
    return Answer(BONUS, sina.dividends(paid(*days), code="000977"))


def asked(
    of: Known, *answers: Answer, wanted: Sequence[str] = (DIVIDENDS,), **settings: Any
) -> tuple[Gathered, list[str], bool]:
    got = Gathered()
    with answered(*answers, strict=False) as sent:
        desk = Desk(policies=quick(retries=0), sleep=lambda _: None, now=lambda: fetched.NOW, **settings)
        refused = gather(desk, SYMBOL, of, tuple(wanted), got, UNTIL)
    return got, sent.urls, refused


def marks(got: Gathered) -> list[str]:
    return [entry.function for entry in got.log if not entry.host]


# --- when they are due ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "pre_close", "market", "expected"),
    [
        (None, np.nan, False, True),  # never asked
        ("2025-08-22", np.nan, False, False),  # asked for this session
        ("2025-08-21", np.nan, False, True),  # a new session whose reference price nobody tells
        ("2025-08-21", np.nan, True, False),  # of a whole market: not every day
        ("2025-08-14", np.nan, True, False),
        ("2025-07-25", np.nan, True, True),  # twenty sessions
        ("2025-08-15", 10.2, False, True),  # five
        ("2025-08-21", 10.2, False, False),  # the reference price is the previous close: no ex-date
        ("2025-08-21", 10.1, False, True),
        ("2025-08-21", 10.1, True, True),
    ],
)
def test_facts_are_asked_for_when_they_may_have_changed(
    last: str | None, pre_close: float, market: bool, expected: bool
) -> None:
    of = known({} if last is None else dict.fromkeys((FACTORS, DIVIDENDS, PAY_DATES), last))
    found = due(of, bars(pre_close=pre_close), UNTIL, market=market)
    assert (FACTORS in found, DIVIDENDS in found) == (expected, expected)


def test_each_kind_of_fact_is_due_by_itself() -> None:
    of = known({FACTORS: "2025-08-22", FORMER: "2025-08-22"})
    assert due(of, bars(), UNTIL, market=False) == (DIVIDENDS, PAY_DATES)


@pytest.mark.parametrize(
    ("market", "called", "expected"),
    [(True, "浪潮信息", False), (True, "浪潮", True), (False, "浪潮信息", True)],
)
def test_former_names_of_the_market_are_asked_for_once_unless_the_name_is_new(
    market: bool, called: str, expected: bool
) -> None:
    of = known(dict.fromkeys(FACTS, "2025-06-02"), name="浪潮信息", called=called)
    assert (FORMER in due(of, bars(), UNTIL, market=market)) is expected


# --- of whom -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param({"spent": {"sina": 10**6}}, id="its budget is spent"),
        pytest.param({}, id="it bans"),
    ],
)
def test_a_refusal_of_sina_does_not_make_eastmoney_a_second_source(refusal: dict[str, Any]) -> None:
    got, urls, refused = asked(known(), Answer("sina.com.cn", b"", status=456), **refusal)
    assert refused
    assert not [url for url in urls if "eastmoney" in url]
    assert got.missing[0].startswith("dividends: sina")
    assert marks(got) == [REFUSED]


def test_a_refusal_that_does_not_end_does() -> None:
    told = Answer("RPT_SHAREBONUS_DET", payload.datacenter([]))
    of = known(refused=day("2025-08-01"))
    got, urls, _ = asked(of, Answer("sina.com.cn", b"", status=456), told)
    assert [url for url in urls if "RPT_SHAREBONUS_DET" in url]
    assert REFUSED not in marks(got)


def test_what_sina_answers_brokenly_eastmoney_is_asked_for() -> None:
    _, urls, refused = asked(known(), Answer(BONUS, b"", status=500))
    assert not refused
    assert [url for url in urls if "RPT_SHAREBONUS_DET" in url]


def test_each_kind_of_fact_has_its_own_mark() -> None:
    got, _, _ = asked(known(), page("2025-07-04"), wanted=(FACTORS, DIVIDENDS, PAY_DATES))
    assert marks(got) == [DIVIDENDS]
    assert [why.partition(":")[0] for why in got.missing] == ["factors", "pay dates"]


# --- what a host takes back ----------------------------------------------------------------------


def test_an_event_that_is_told_no_longer_gets_noughts() -> None:
    held = actions(
        {"ex_date": "2025-07-04", "cash": 0.1},
        {"ex_date": "2024-07-04", "cash": 0.1},
        {"ex_date": "2023-07-04", "cash": 0.1, "source": "eastmoney"},
        {"ex_date": "2022-07-04", "cash": 0.0},
        {"ex_date": "2021-07-05", "ratio": 0.9},
    )
    told = actions({"ex_date": "2025-07-08", "cash": 0.1}, {"ex_date": "2024-07-04", "cash": 0.1})
    gone = withdrawn(held, told, "sina").set_index("ex_date")
    assert [str(one)[:10] for one in gone.index] == ["2025-07-04", "2021-07-05"]
    assert gone["cash"].tolist()[0] == 0
    assert gone["ratio"].tolist()[1] == 0
    assert gone["rights"].isna().all()


def test_an_ex_date_that_moves_stands_once_and_is_in_the_revisions(tmp_path: Any) -> None:
    first, _, _ = asked(known(), page("2025-07-04", "2024-07-04"))
    with store.writing(tmp_path) as writer:
        writer.put(first.batch())
        with writer.read() as reader:
            held = reader.frame("actions", (SYMBOL,))
        then, _, _ = asked(known(held=held), page("2025-07-08", "2024-07-04"))
        count = writer.put(then.batch())["actions"]
    assert DIVIDENDS in marks(then)
    assert (count.new, count.revised) == (1, 1)
    with store.reading(tmp_path) as reader:
        cash = reader.frame("actions", (SYMBOL,)).set_index("ex_date")["cash"]
        told = reader.frame("revisions")
    assert {str(one)[:10]: value for one, value in cash.items()} == {
        "2024-07-04": 0.1, "2025-07-04": 0.0, "2025-07-08": 0.1,
    }  # fmt: skip
    assert told.loc[told["column"] == "cash", ["old", "new"]].to_numpy().tolist() == [["0.1", "0.0"]]


def test_a_list_that_lacks_most_of_what_it_told_takes_nothing_back() -> None:
    days = [f"{year}-07-04" for year in (2018, 2019, 2022, 2023, 2024, 2025)]
    held = actions(*({"ex_date": one, "cash": 0.1} for one in days))
    got, urls, _ = asked(known(held=held), page(days[-1]))
    assert len(days) - 1 > MOST_GONE
    assert DIVIDENDS not in marks(got)
    assert [url for url in urls if "RPT_SHAREBONUS_DET" in url]
    assert "sina's list lacks 5 of the events that it told before: they stay as they are" in got.missing[0]
    rows = got.rows("actions")
    assert rows is not None
    assert (rows["cash"] > 0).all()


def test_a_list_that_is_empty_all_at_once_takes_nothing_back() -> None:
    held = actions({"ex_date": "2025-07-04", "cash": 0.1})
    got, _, _ = asked(known(held=held), page())
    assert DIVIDENDS not in marks(got)
    assert "sina's list lacks 1" in got.missing[0]


def test_the_marks_are_of_the_last_session_that_is_over() -> None:
    got, _, _ = asked(known(), page())
    (entry,) = [entry for entry in got.log if not entry.host]
    assert (entry.subject, entry.at.astimezone(dt.UTC)) == (f"{SYMBOL} 2025-08-22", fetched.NOW.astimezone(dt.UTC))
