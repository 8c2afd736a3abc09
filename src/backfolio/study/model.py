"""What an event study is asked, and the events that it finds: frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, get_args

from backfolio.errors import UsageError, did_you_mean

Model = Literal["market", "mean", "market-adjusted"]
Returns = Literal["log", "simple"]
Censored = Literal["", "up", "down"]

LEAST_ESTIMATION: Final = 30
"""Sessions of an estimation window, at least: fewer make a residual variance that is itself a guess."""

MOST_SESSIONS: Final = 250
"""Of either side of an event window, and of a halt after which an event still belongs to its catalyst."""


ALL: Final = "all"
"""Name of every kind together."""


class Window(NamedTuple):
    """Sessions around an event, both ends included; 0 is its first tradable session."""

    first: int
    last: int

    @property
    def sessions(self) -> int:
        """How many."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.first}:{self.last}"


USUAL_WINDOW: Final = Window(-5, 20)
"""A week before, in which news leaks, and a month after, in which it is taken in."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of an event study.

    Parameters
    ----------
    window
        Sessions around an event.
    model
        What a name would have returned without its event: "market" (alpha plus
        beta times the benchmark), "mean" (its own mean), "market-adjusted"
        (what the benchmark returned).
    estimation
        Sessions before the window from which the model is estimated.
    returns
        "log", of which sums are growth, or "simple".
    drop_confounded
        Leave out events with another catalyst of the same name in the window.

    Raises
    ------
    UsageError
        If one of them is not allowed.
    """

    window: Window = USUAL_WINDOW
    model: Model = "market"
    estimation: int = 120
    returns: Returns = "log"
    drop_confounded: bool = False

    def __post_init__(self) -> None:
        _one_of("model", self.model, get_args(Model))
        _one_of("returns", self.returns, get_args(Returns))
        first, last = self.window
        if first > last:
            message = f"the event window {self.window} ends before it begins: write it as in -5:20"
            raise UsageError(message)
        if first < -MOST_SESSIONS or last > MOST_SESSIONS:
            message = (
                f"the event window {self.window} is wider than {MOST_SESSIONS} sessions on a side: make it smaller"
            )
            raise UsageError(message)
        if self.estimation < LEAST_ESTIMATION:
            message = (
                f"an estimation window of {self.estimation} sessions says too little about a name: "
                f"give at least {LEAST_ESTIMATION}"
            )
            raise UsageError(message)

    @property
    def least_days(self) -> int:
        """Days with a return that an estimation window needs: half of them, and never fewer than thirty."""
        return max(self.estimation // 2, LEAST_ESTIMATION)

    @property
    def needs_market(self) -> bool:
        """Whether the model compares with a benchmark."""
        return self.model != "mean"

    @property
    def headline(self) -> Window:
        """The window that is judged: from the event session on, for what came before it cannot be its effect."""
        first, last = self.window
        return Window(0, last) if first < 0 <= last else self.window

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows whose cumulative abnormal returns are tested, that of the judgement first."""
        first, last = self.window
        wanted = [self.headline, Window(0, 0), Window(0, 1), Window(0, 5), Window(first, -1), self.window]
        inside = [one for one in wanted if first <= one.first <= one.last <= last]
        return tuple(dict.fromkeys(inside))


@dataclass(frozen=True, slots=True)
class Event:
    """One name on the first session that could act on one or more catalysts.

    Parameters
    ----------
    catalysts
        Ids of the studied catalysts that act on this session, by strength.
    kinds
        Their kinds, each once, sorted.
    title
        Of the strongest.
    symbol, name
        Whom.
    row, column
        Of the first tradable session and the symbol in the history.
    session
        Its date, ISO; that of the first session which could have acted where it never traded again.
    moved
        Sessions for which the name was suspended when the catalyst could first act.
    direction
        1, or -1 where the news is bad: its returns are turned, so that above 0 is the way of the news.
    censored
        "up" or "down" where the session closed at that limit: the price stopped there, not where it wanted to go.
    locked
        Whether the whole session stood at that limit.
    halted
        Sessions of the window without a bar.
    confounded
        Ids of other catalysts of the name, of any kind, that act within the window.
    left_out
        Why it is not measured, of `LEFT_OUT`; "" where it is.
    """

    catalysts: tuple[str, ...]
    kinds: tuple[str, ...]
    title: str
    symbol: str
    name: str
    row: int
    column: int
    session: str
    moved: int = 0
    direction: int = 1
    censored: Censored = ""
    locked: bool = False
    halted: int = 0
    confounded: tuple[str, ...] = ()
    left_out: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON types; rows and columns are nobody's business outside."""
        return {
            name: list(value) if isinstance(value := getattr(self, name), tuple) else value
            for name in self.__dataclass_fields__
            if name not in {"row", "column"}
        }


LEFT_OUT: Final = {
    "unlisted": "not listed yet",
    "gone": "did not trade again",
    "early": "the window begins before the data",
    "open": "the window is not over yet",
    "thin": "too few days in the estimation window",
    "flat": "no movement in the estimation window",
    "confounded": "another catalyst in the window",
}
"""Why an event is not measured, in the order in which it is asked; English, as pages look words up."""


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        message = f"{name} is {value!r}{did_you_mean(value, allowed)}: choose from {', '.join(allowed)}"
        raise UsageError(message)
