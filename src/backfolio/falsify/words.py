"""What is said of a falsification: labels and templates, in English, as pages look them up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

DATES: Final = "Random dates"
NAMES: Final = "Random names"

OF_CATALYSTS: Final = (
    "Its catalysts on other sessions: in each block of about half a year all are moved by one random number of "
    "sessions, round the block's end, so that their number, how they cluster and the regime stay; the thesis is asked "
    "anew, with the same exits and costs. What it decides by prices alone stays."
)
OF_DECISIONS: Final = (
    "It asks for no catalyst, so its decisions are moved: in each block of about half a year what it wants comes a "
    "random number of sessions later, round the block's end, with the same exits and costs. Where the pieces meet it "
    "trades a little more than the thesis does."
)
OF_NAMES: Final = (
    "Each of its trades in another name, on the same sessions and at the same weights, with the same exits and costs: "
    "drawn from the names that were alike when it began (board, traded value of 60 sessions, return of 20 sessions), "
    "the own name among them."
)

NO_CATALYSTS: Final = "No catalyst of the kinds that it asks for (%(kinds)s) can first be decided on in the window."
NONE_ASKED: Final = "It asks for no catalyst."
NO_MATCH: Final = (
    "No name that it bought has another that was a member with a price at the same time, so none can take its place."
)
ALL_SAME: Final = "Every placebo asks for exactly what the thesis does, so nothing can be told from them."
ONE_NAME: Final = "The data holds no name beside the one that it bought."

LAG: Final = "Later news"
COSTS: Final = "Costs doubled"
SLIPPAGE: Final = "Slippage"
PARTICIPATION: Final = "Participation"
CAPITAL: Final = "Capital"
WITHOUT_CATALYST: Final = "Without one catalyst"
WITHOUT_NAME: Final = "Without one name"
WITHOUT_SESSION: Final = "Without its best sessions"

OF_LAG: Final = (
    "Catalysts are known some sessions later, and one session earlier than they could be: how much of the profit "
    "comes before anyone could act, and how soon the rest is gone."
)
OF_LAG_DECISIONS: Final = (
    "It asks for no catalyst, so its decisions come some sessions later, and one session earlier than they could: how "
    "much of the profit comes before anyone could act, and how soon the rest is gone."
)
OF_COSTS: Final = "Commission and its minimum, stamp duty, transfer fee and slippage are twice as high."
OF_SLIPPAGE: Final = "Every fill's price is moved against it by so many basis points, within the price limits."
OF_PARTICIPATION: Final = "An order takes no more than this share of the session's volume."
OF_CAPITAL: Final = "The same weights of more capital, in the same market."
OF_WITHOUT_CATALYST: Final = (
    "The thesis is asked anew without one of its catalysts, each in turn; the one whose loss costs most comes first."
)
OF_WITHOUT_NAME: Final = (
    "The thesis is asked anew in a market without one of the names it bought, each in turn; the one whose loss costs "
    "most comes first."
)
OF_WITHOUT_SESSION: Final = "Its account as if it had stood still on its best sessions."

LATER: Final = "%(n)s sessions later"
ONE_LATER: Final = "1 session later"
EARLIER: Final = "1 session earlier"
TWICE: Final = "Twice as high"
POINTS: Final = "%(n)s bp"
TIMES: Final = "x%(n)s"
WITHOUT_BEST: Final = "Without its best %(n)s"
WITHOUT_THE_BEST: Final = "Without its best session"

ATTEMPTS: Final[Mapping[str, str]] = {
    "random_dates.p": "Random dates",
    "random_names.p": "Random names",
    "hold.excess": "Its names, held",
    "lag_1.kept": "One session later",
    "costs_doubled.total_return": "Costs doubled",
    "slippage_50.total_return": "Slippage of 50 bp",
    "participation_1.total_return": "1% of the volume",
    "capital_x10.total_return": "Ten times the capital",
    "without_best_catalyst.total_return": "Without its best catalyst",
    "without_best_name.total_return": "Without its best name",
    "without_best_session.total_return": "Without its best session",
}
"""Attempts to break a thesis, by figure, in the order shown."""

BEATEN: Final[Mapping[str, str]] = {
    "random_dates.p": (
        "It must beat 95% of the placebos with random dates; it beats %(beats)s of %(drawn)s (p %(p)s)."
    ),
    "random_names.p": (
        "It must beat 95% of the placebos with matched names; it beats %(beats)s of %(drawn)s (p %(p)s)."
    ),
}
HELD: Final = "It must make more than its names held with its mean exposure; it made %(own)s, they made %(theirs)s."
KEPT: Final = "Known one session later, half of its profit must be left; %(kept)s is."
NO_PROFIT: Final = "It made no profit, so none can be left."
LEFT: Final[Mapping[str, str]] = {
    "costs_doubled.total_return": "With costs twice as high it must still make a profit; it makes %(total)s.",
    "slippage_50.total_return": "At a slippage of 50 bp it must still make a profit; it makes %(total)s.",
    "participation_1.total_return": "With 1% of the volume at most it must still make a profit; it makes %(total)s.",
    "capital_x10.total_return": "With ten times the capital it must still make a profit; it makes %(total)s.",
    "without_best_catalyst.total_return": (
        "Without the catalyst whose loss costs it most it must still make a profit; it makes %(total)s."
    ),
    "without_best_name.total_return": (
        "Without the name whose loss costs it most it must still make a profit; it makes %(total)s."
    ),
    "without_best_session.total_return": "Without its best session it must still make a profit; it makes %(total)s.",
}
UNTOLD: Final = "It cannot be told here."

SAME_DATES: Final = (
    "%(n)s of %(drawn)s placebos of dates ask for exactly what the thesis does, so its dates can hardly be told from "
    "others."
)
SAME_NAMES: Final = (
    "%(n)s of %(drawn)s placebos of names ask for exactly what the thesis does, so its choice can hardly be told from "
    "another."
)
FEW_ALIKE: Final = (
    "%(n)s of its %(trades)s trades had fewer than %(least)s names to be drawn from, its own included; %(fixed)s of "
    "them stay in their own name in every placebo."
)
FEW_CATALYSTS: Final = (
    "%(catalysts)s of its kinds in the window: their dates can fall in few ways, and one of them may carry the result."
)
NOT_ALL: Final = "%(tried)s of %(all)s catalysts were left out in turn, those of the largest strength."
NO_CAPITAL: Final = "%(n)s times the capital is more than the engine counts (%(most)s CNY), so that variant is missing."
"""What a reader must know."""
