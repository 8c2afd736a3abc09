"""The judgement on top of the page: what was made, beside what, and how; two sentences and a grade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from backfolio.calendar import SESSIONS_A_YEAR
from backfolio.metrics import NOT_AVAILABLE
from backfolio.report.run.refused import gains, market_refused
from backfolio.report.text import gain, money, part
from backfolio.said import said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.report.run.facts import Facts
    from backfolio.report.run.headline import Column
    from backfolio.said import Said

CLEARLY: Final = 0.95
"""Share of the placebos that a thesis must beat before luck in choosing names is a poor explanation (one in twenty)."""

YEAR: Final = 1.0
"""Years from which growth a year says more than the growth in all."""


class Judgement(NamedTuple):
    """The class of the grade ("good", "doubt", "bad", ""), its words, what was made beside what, and how."""

    kind: str
    grade: str
    behind: tuple[str, ...]
    """Labels of what it is not clearly ahead of; they end the words."""
    made: tuple[Said, ...]
    how: tuple[Said, ...]


def judged(facts: Facts, shown: Sequence[Column]) -> Judgement:
    """Say what the run made beside what needs no thesis, and how it made it."""
    if not facts.trading.fills:
        return Judgement("", "Nothing was traded", (), (_untraded(facts),), ())
    return Judgement(*_grade(facts, shown), tuple(_made(facts, shown)), tuple(_how(facts, shown[0])))


def _grade(facts: Facts, shown: Sequence[Column]) -> tuple[str, str, tuple[str, ...]]:
    """Return the class of the grade, its words, and what the run is not clearly ahead of.

    A benchmark and a held universe are beaten by a higher total return, random
    names only where nearly all draws are (`CLEARLY`).
    """
    own, rivals = shown[0].metrics.total_return, shown[1:]
    if own is not None and own <= 0.0:
        return "bad", "Lost money", ()
    if not rivals:
        return "", "Not compared with anything", ()
    behind = tuple(rival.label for rival in rivals if not _ahead(own, rival, facts))
    if not behind:
        return "good", "Ahead of all that it is compared with", ()
    return "bad" if len(behind) == len(rivals) else "doubt", "Not clearly ahead of:", behind


def _ahead(own: float | None, rival: Column, facts: Facts) -> bool:
    nulls = facts.result.nulls
    draws = None if nulls is None else nulls.random_names
    if draws is not None and rival.label == draws.label:
        return draws.beaten is not None and draws.beaten >= CLEARLY
    other = rival.metrics.total_return
    return own is not None and other is not None and own > other


def _untraded(facts: Facts) -> Said:
    refused = len(facts.result.ledger.refusals)
    if refused:
        return said("No order was filled, and the market refused %(refused)s.", refused=f"{refused:,}")
    return said("The thesis sent no order in this window.")


def _made(facts: Facts, shown: Sequence[Column]) -> list[Said]:
    own = shown[0].metrics
    years = own.sessions / SESSIONS_A_YEAR
    total, cagr = gain(own.total_return), gain(own.cagr)
    if years >= YEAR:
        made = said("Made %(total)s in %(years)s years, %(cagr)s a year.", total=total, years=f"{years:.1f}", cagr=cagr)
    else:
        made = said("Made %(total)s in %(sessions)s sessions.", total=total, sessions=f"{own.sessions:,}")
    sentences = [made]
    nulls = facts.result.nulls
    if facts.others is not None:
        sentences.append(said("The benchmark made %(total)s.", total=gain(shown[1].metrics.total_return)))
    if nulls is None:
        return sentences
    if nulls.hold is not None:
        hold = _total(shown, nulls.hold.label)
        sentences.append(said("Holding the whole universe made %(total)s.", total=hold))
    draws = nulls.random_names
    if draws is not None:
        sentences.append(
            said(
                "Names drawn by lot with the same turnover made %(total)s in the middle; it beats %(beats)s of "
                "%(placebos)s such draws.",
                total=_total(shown, draws.label),
                beats=f"{draws.beats:,}",
                placebos=f"{draws.placebos:,}",
            )
        )
    return sentences


def _total(shown: Sequence[Column], label: str) -> str:
    return next((gain(column.metrics.total_return) for column in shown if column.label == label), NOT_AVAILABLE)


def _how(facts: Facts, own: Column) -> list[Said]:
    trading = facts.trading
    ledger = facts.result.ledger
    sentences = [
        said(
            "¥%(start)s became ¥%(end)s; at worst the account was %(fall)s below its peak.",
            start=money(ledger.start_cash, 0),
            end=money(int(ledger.equity[-1]), 0),
            fall=part(abs(own.metrics.max_drawdown or 0.0), 1),
        )
    ]
    if trading.round_trips:
        sentences.append(
            said(
                "%(trips)s round trips, of which %(hits)s gained, %(mean)s in the mean; costs took ¥%(costs)s.",
                trips=f"{trading.round_trips:,}",
                hits=part(trading.hit_rate),
                mean=gain(trading.mean_result),
                costs=money(trading.costs.total, 0),
            )
        )
    return [*sentences, *_refused(facts)]


def _refused(facts: Facts) -> list[Said]:
    refused = market_refused(facts)
    missed = sum(gains(refused))
    many = {"refused": f"{len(refused):,}", "missed": money(abs(missed), 0)}
    if not refused:
        return []
    if len(refused) == 1 and missed >= 0:
        return [said("The market refused one buy, which would have made ¥%(missed)s.", **many)]
    if len(refused) == 1:
        return [said("The market refused one buy, which would have lost ¥%(missed)s.", **many)]
    if missed >= 0:
        told = said(
            "The market refused %(refused)s buys, in full or in part, which together would have made ¥%(missed)s.",
            **many,
        )
    else:
        told = said(
            "The market refused %(refused)s buys, in full or in part, which together would have lost ¥%(missed)s.",
            **many,
        )
    return [told]
