"""The parts of a run's page: what they say of a small run whose every figure can be checked by hand."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio.backtest import Request, backtest
from backfolio.catalysts import Catalyst
from backfolio.discover import Broken, load_file
from backfolio.history import History
from backfolio.metrics import NOT_AVAILABLE
from backfolio.nulls import nulls
from backfolio.report.run import run_page
from backfolio.report.run.events import events
from backfolio.report.run.facts import facts_of
from backfolio.report.run.headline import columns, full_table, headline_table, table_text
from backfolio.report.run.judged import judged
from backfolio.report.run.refused import all_reasons, gains, market_refused, reasons, refusals
from backfolio.report.run.stocks import MOST_DRAWN, MOST_OPEN, stocks
from backfolio.report.run.strip import NARROW, WIDE, Size, strip_chart
from backfolio.report.run.sums import costs, exits, kinds, trading, volume
from backfolio.report.text import gain, money, part, short_count, signed, signed_cny, tone
from backfolio.report.words import MINUS
from backfolio.result import Null, Nulls, Result
from backfolio.settings import MarketSettings
from backfolio.source import load
from backfolio.testing.build import World
from finished import alone, catalysts, small_result, small_world
from htmlpage import Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from backfolio.report.run.facts import Facts
    from backfolio.said import Said

ROOT = Path(__file__).resolve().parents[1]


def null(name: str, total: float, beats: int = 0, placebos: int = 0) -> Null:
    """Return a null hypothesis that made `total` at the end."""
    returns = np.zeros(40)
    returns[-1] = total
    labels = {"hold": "Buy and hold", "random_names": "Random names"}
    return Null(
        name, labels[name], "Words.", returns, 1, 2, 3_000, 1.5, 0.4, 3, 3, placebos, beats,
        np.linspace(total - 0.1, total + 0.1, placebos),
    )  # fmt: skip


@pytest.fixture(scope="module")
def compared() -> Result:
    """Return the small run beside a held universe and random names."""
    found = Nulls(null("hold", 0.005), null("random_names", 0.004, beats=97, placebos=100))
    return small_result(nulls=found, targets=small_world().targets, param_words={"hold": "how long"})


@pytest.fixture(scope="module")
def facts(compared: Result) -> Facts:
    return facts_of(compared)


def text(said: Said) -> str:
    """Return a sentence as English pages show it."""
    return said.key % dict(said.values)


def mills(amount: str) -> int:
    """Read what `signed(…, 2)` wrote."""
    return round(float(amount.replace(",", "").replace(MINUS, "-")) * 1_000)


# ---------------------------------------------------------------- the headline
def test_the_headline_compares_four_and_says_where_a_figure_means_nothing(facts: Facts) -> None:
    table = headline_table(columns(facts))
    assert [label for label, _ in table.heads] == ["Strategy", "Benchmark", "Buy and hold", "Random names"]
    rows = {row.label: row.cells for _, group in table.groups for row in group}
    assert rows["Total return"][2:] == ("+0.50%", "+0.40%")
    assert rows["Beta"][1] == NOT_AVAILABLE
    assert NOT_AVAILABLE not in (rows["Beta"][0], rows["Beta"][2])
    assert rows["Turnover a year"][1:] == (NOT_AVAILABLE, "150.00%", "150.00%")
    assert rows["Exposure"][1:] == (NOT_AVAILABLE, "40.00%", "40.00%")
    assert rows["Placebos beaten"] == ("97.00%", *(NOT_AVAILABLE,) * 3)
    assert all(row.words for _, group in table.groups for row in group)


def test_without_nulls_and_benchmark_only_the_strategy_is_left() -> None:
    alone_ = facts_of(small_result(benchmark=None, benchmark_name=""))
    table = headline_table(columns(alone_))
    assert [label for label, _ in table.heads] == ["Strategy"]
    rows = {row.label for _, group in table.groups for row in group}
    assert "Beta" not in rows
    assert "Placebos beaten" not in rows
    assert [title for title, _ in full_table(columns(alone_)).groups] == ["Return", "Risk", "Return for risk"]


def test_the_headline_of_the_sample_run_is_as_it_was(golden: Callable[[str, str], None]) -> None:
    found = load_file(ROOT / "strategies" / "domestic_compute.py")
    assert not isinstance(found, Broken)
    (thesis,) = found
    request = Request(settings=MarketSettings(), params={}, benchmark="999002.SH")
    result = backtest(thesis, load("sample", ROOT), request)
    result = replace(result, nulls=nulls(result.history, result.targets, result.exits, result.settings))
    facts = facts_of(result)
    said = judged(facts, columns(facts))
    sentences = "".join(f"{text(each)}\n" for each in (*said.made, *said.how))
    head = f"domestic_compute on the SIMULATED sample market\n{said.grade}\n{sentences}\n"
    golden("headline.txt", head + table_text(headline_table(columns(facts))))


# ---------------------------------------------------------------- the judgement
@pytest.mark.parametrize(
    ("hold", "beats", "kind", "behind"),
    [
        (0.005, 97, "good", ()),
        (0.005, 95, "good", ()),
        (0.005, 94, "doubt", ("Random names",)),
        (0.5, 97, "doubt", ("Buy and hold",)),
        (0.5, 50, "doubt", ("Buy and hold", "Random names")),
    ],
)
def test_the_grade_names_what_the_run_is_not_ahead_of(hold: float, beats: int, kind: str, behind: tuple[str]) -> None:
    found = Nulls(null("hold", hold), null("random_names", 0.004, beats, 100))
    facts = facts_of(small_result(nulls=found))
    said = judged(facts, columns(facts))
    assert (said.kind, said.behind) == (kind, behind)


def test_the_grade_of_a_run_that_lost_or_was_compared_with_nothing() -> None:
    lost = facts_of(alone("10 10 9 8 8", "5000"))
    assert judged(lost, columns(lost)).grade == "Lost money"
    lone = facts_of(small_result(benchmark=None, benchmark_name=""))
    assert judged(lone, columns(lone)).grade == "Not compared with anything"
    far = facts_of(small_result(nulls=Nulls(null("hold", 9.0), None), benchmark=None, benchmark_name=""))
    assert judged(far, columns(far))[:3] == ("bad", "Not clearly ahead of:", ("Buy and hold",))


def test_the_judgement_is_two_plain_sentences_with_figures(facts: Facts) -> None:
    said = judged(facts, columns(facts))
    assert " ".join(text(each) for each in said.made) == (
        "Made +1.5% in 40 sessions. The benchmark made +1.1%. Holding the whole universe made +0.5%. Names drawn "
        "by lot with the same turnover made +0.4% in the middle; it beats 97 of 100 such draws."
    )
    assert [text(each).split(";")[0] for each in said.how] == [
        "¥200,000 became ¥202,925",
        "2 round trips, of which 50% gained, +4.1% in the mean",
        f"The market refused one buy, which would have made ¥{money(gains(market_refused(facts))[0], 0)}.",
    ]


def test_a_run_without_a_fill_says_so() -> None:
    for world, sentence in (
        ("", "The thesis sent no order in this window."),
        ("5000", "No order was filled, and the market refused 1."),
    ):
        found = facts_of(alone("10 11 12", world))
        said = judged(found, columns(found))
        assert (said.kind, said.grade) == ("", "Nothing was traded")
        assert [text(each) for each in said.made] == [sentence]


# ---------------------------------------------------------------- parts that must add up
@pytest.mark.parametrize("market", [MarketSettings(cash=200_000.0, slippage=20), MarketSettings(dividend_tax=True)])
def test_costs_lead_from_the_result_before_them_to_the_one_after(market: MarketSettings) -> None:
    found = facts_of(small_result(small_world(market)))
    first, *paid, last = costs(found)
    assert mills(first.amount) + sum(mills(line.amount) for line in paid) == mills(last.amount)
    ledger = found.result.ledger
    assert abs(mills(last.amount) - (int(ledger.equity[-1]) - ledger.start_cash)) < 10
    assert {line.label for line in paid} >= {"Commission", "Stamp duty", "Transfer fee", "Slippage"}
    assert ("Dividend tax" in {line.label for line in paid}) == market.dividend_tax
    assert (mills({line.label: line.amount for line in paid}["Slippage"]) < 0) == bool(market.slippage)


def test_kinds_and_exits_add_up_to_the_round_trips(facts: Facts) -> None:
    trips = facts.trading.trips
    assert sum(each.value for each in kinds(facts)) == sum(trip.result for trip in trips)
    assert sum(each.value for each in exits(facts)) == sum(trip.result for trip in trips if trip.closed is not None)
    assert sum(int(each.trips) for each in kinds(facts)) == len(trips)
    assert {each.name for each in exits(facts)} == {"target", "stop_loss"}


def test_every_trip_and_refusal_stands_where_it_belongs(facts: Facts) -> None:
    acted, idle = events(facts)
    lines = [line for event in acted for line in event.lines]
    trips = [line for line in lines if not line.refused]
    assert len(trips) + len(facts.attribution.unmoved) == len(facts.trading.trips) == 4
    assert [(line.name.symbol, line.entry, line.refused) for line in lines if line.refused] == [
        ("603019.SH", "2024-01-05", "limit_up")
    ]
    assert all(not event.lines for event in idle)
    assert sum(len(stock.trips) for stock in stocks(facts)) == 4
    assert {trip.catalyst for stock in stocks(facts) for trip in stock.trips} == {"", "a whole theme"}


def test_a_catalyst_says_its_sum_once_it_moved_several(facts: Facts) -> None:
    (event,), _ = events(facts)
    results = [line.result for line in event.lines if not line.refused]
    assert len(results) == 2
    assert event.together == signed(event.value)
    assert event.acts == "2024-01-04"
    assert event.known == "2024-01-03"  # the hour is not known
    assert event.links == ("https://example.org/a",)


def test_refusals_have_their_bar_their_rule_and_their_gain(facts: Facts) -> None:
    (line,) = refusals(facts)
    assert (line.session, line.reason, line.side, line.shares) == ("2024-01-05", "limit_up", "buy", "1,100")
    assert line.bar == ("56.10", "56.10", "56.10", "56.10", "1.0M")
    assert line.limit == "56.10"
    (row,) = reasons(facts)
    assert (row.buys, row.sells, row.shares) == ("1", "0", "1,100")
    assert row.net == line.gain == signed(facts.missed[0].gain or 0)
    assert all_reasons(facts)[2:] == row[2:]


def test_a_refusal_without_a_bar_is_shown_too() -> None:
    (line, *_) = refusals(facts_of(alone("10 - - 10.2 10.1", "5000")))
    assert (line.reason, line.bar) == ("suspended", ())


def test_plain_figures_have_definitions(facts: Facts) -> None:
    for figure in (*trading(facts), *volume(facts)):
        assert figure.words.endswith(".")
        assert figure.value
    assert volume(facts)[-1].value.startswith("¥")


# ---------------------------------------------------------------- names
def many(count: int) -> Result:
    """Return a run that buys `count` names, each with a little more than the one before."""
    symbols = [f"{600_000 + at}.SH" for at in range(count)]
    weights = " ".join(str(100 + at) for at in range(count))
    lines = dict.fromkeys(symbols, "10 10 10.1 10.2 10.1")
    listed = dict.fromkeys(symbols, "2001-08-27")
    return small_result(World("2024-01-02", lines, weights, settings=MarketSettings(cash=1e7), listed=listed))


def test_names_stand_most_traded_first_and_only_the_first_are_drawn() -> None:
    found = facts_of(many(MOST_DRAWN + 3))
    listed = stocks(found)
    traded = [int(stock.traded.replace(",", "")) for stock in listed]
    assert traded == sorted(traded, reverse=True)
    assert [bool(stock.plot) for stock in listed] == [True] * MOST_DRAWN + [False] * 3
    assert sum(stock.open for stock in listed) == MOST_OPEN
    page = Page(run_page(found.result, tearsheet=False))
    assert page.faults == []
    assert f"The {MOST_DRAWN} most traded names are drawn; 3 are not." in page.text
    plots = [attributes["data-plot"] for tag, attributes in page.tags if tag == "figure"]
    assert len(plots) == len(set(plots)) == MOST_DRAWN + 1
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


# ---------------------------------------------------------------- the page
def test_the_parts_of_the_page_stand_in_their_order(compared: Result) -> None:
    page = Page(run_page(compared, tearsheet=False))
    assert page.faults == []
    order = [
        "judgement", "warnings", "thesis", "figures", "draws", "account", "months", "catalysts", "names", "reasons",
        "refusals", "costs", "fills",
    ]  # fmt: skip
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id") in order]
    assert ids == order
    parts = {f"#{each}" for each in order}
    within = [attributes["href"] for tag, attributes in page.tags if tag == "a" and attributes["href"] in parts]
    assert set(within) == parts - {"#judgement", "#warnings", "#draws"}
    assert "hold 20 how long" in page.text
    assert "It beats 97 of 100 random draws of names" in page.text


def test_links_inside_the_page_lead_somewhere(compared: Result) -> None:
    page = Page(run_page(compared, tearsheet=False))
    ids = {attributes.get("id") for _, attributes in page.tags}
    links = {attributes["href"] for tag, attributes in page.tags if tag == "a" and attributes["href"].startswith("#")}
    assert len(links) > 10
    assert {link[1:] for link in links} <= ids


def test_the_same_result_gives_the_same_bytes(compared: Result) -> None:
    assert run_page(compared, tearsheet=True) == run_page(replace(compared), tearsheet=True)


HOSTILE = "</script><img src=x onerror=alert(1)>{{ 7 * 7 }}%(x)s"


def test_no_word_from_a_file_becomes_markup(compared: Result) -> None:
    bad = Catalyst(
        "bad", "policy", HOSTILE, catalysts()[0].known_at, ("603019.SH",), source=f"javascript:alert(1); {HOSTILE}",
        certainty=HOSTILE, note=HOSTILE, time_known="yes",
    )  # fmt: skip
    bars = replace(compared.history.bars, names=dict.fromkeys(compared.history.symbols, HOSTILE))
    hostile = replace(
        compared,
        history=History(bars, (bad,), None, compared.history.benchmark_symbol),
        title=HOSTILE,
        doc=HOSTILE,
        source=HOSTILE,
        path=HOSTILE,
        params={HOSTILE: HOSTILE},
        param_words={HOSTILE: HOSTILE},
        benchmark_name=HOSTILE,
        source_label=HOSTILE,
        command=HOSTILE,
        warnings=(HOSTILE,),
    )
    source = run_page(hostile, tearsheet=False).decode()
    page = Page(source.encode())
    assert page.faults == []
    assert "<img" not in source
    assert source.count("</script>") == 4
    assert all(tag != "img" and "onerror" not in attributes for tag, attributes in page.tags)
    assert not any((attributes.get("href") or "").startswith("javascript:") for _, attributes in page.tags)
    assert page.text.count(HOSTILE) > 12
    assert "49" not in re.findall(r"onerror=alert\(1\)&gt;(\d+)", source)


# ---------------------------------------------------------------- small parts
@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize(
    ("totals", "own"), [([0.1], 0.1), ([0.0] * 100, 0.0), ([-0.5, 0.1, 3.0], 12.0), ([0.2] * 99 + [0.3], -0.9)]
)
def test_draws_are_dots_inside_their_frame(totals: list[float], own: float, size: Size) -> None:
    svg = strip_chart(np.array(totals), own, size, own_label="a < b", label='say "it"')
    root = ET.fromstring(svg)  # noqa: S314  our own
    assert root.get("aria-label") == 'say "it"'
    width, height = (float(side) for side in (root.get("viewBox") or "").split()[2:])
    (dots,) = [path.get("d") or "" for path in root.iter("path")]
    places = re.findall(r"M(-?[\d.]+) (-?[\d.]+)h0", dots)
    assert len(places) == len(totals)
    assert all(0 <= float(x) <= width and 0 <= float(y) <= height for x, y in places)
    assert "nan" not in svg


@pytest.mark.parametrize(
    ("amount", "plain", "cny"),
    [(1_234_500, "+1,235", "+¥1,235"), (-5_000, f"{MINUS}5", f"{MINUS}¥5"), (0, "0", "¥0"), (-400, "0", "¥0"),
     (400, "0", "¥0")],
)  # fmt: skip
def test_gains_have_their_sign(amount: int, plain: str, cny: str) -> None:
    assert (signed(amount), signed_cny(amount)) == (plain, cny)


@pytest.mark.parametrize(
    ("value", "gained", "share"),
    [(0.1234, "+12.3%", "12%"), (-0.5, f"{MINUS}50.0%", f"{MINUS}50%"), (0.0001, "0.0%", "0%"),
     (None, "n/a", "n/a"), (float("nan"), "n/a", "n/a"), (12.0, "+1,200.0%", "1,200%")],
)  # fmt: skip
def test_fractions_are_written_as_percentages(value: float | None, gained: str, share: str) -> None:
    assert (gain(value), part(value)) == (gained, share)


@pytest.mark.parametrize(
    ("number", "written"),
    [(0, "0"), (9_999, "9,999"), (10_000, "10.0K"), (999_949, "999.9K"), (999_950, "1.0M"), (95_121_400, "95.1M"),
     (12_345_678_901, "12.3B")],
)  # fmt: skip
def test_large_counts_are_short(number: int, written: str) -> None:
    assert short_count(number) == written


def test_tones() -> None:
    assert [tone(value) for value in (1, -1, 0, None)] == ["gain", "loss", "", ""]
