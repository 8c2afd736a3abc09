"""`Claim`: what a thesis says will be seen if it is right, and what would show that it is wrong.

A thesis that cannot be wrong says nothing (Popper 1934). Claims stand in the
class, in the file whose hash the run ledger keeps (`backfolio.tune.stated`), so
that one who changes them after a run can be seen to have done so. What becomes
of them is said by `backfolio.falsify`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, NoReturn, cast

from backfolio.catalysts import KINDS
from backfolio.errors import ThesisError, did_you_mean
from backfolio.said import said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backfolio.said import Said

LAGS: Final = (-1, 1, 2, 3, 5)
"""Sessions by which catalysts are known later in the tests of lag; -1 is one session before they could be known."""

SLIPPAGES: Final = (0, 5, 10, 20, 30, 50)
"""Basis points."""

PARTICIPATIONS: Final = (0.1, 0.05, 0.02, 0.01)
"""Shares of a session's volume."""

CAPITALS: Final = (10, 100)
"""Times the capital."""

FIGURES: Final[Mapping[str, str]] = {
    "total_return": "what the thesis made",
    "study.mean": "mean cumulative abnormal return over the claim's sessions, above 0 the way that it says",
    "random_dates.p": "chance that its catalysts on random sessions do at least as well",
    "random_names.p": "chance that the same trades in matched names do at least as well",
    "hold.excess": "what it made less what its names made, held with its mean exposure",
    "hold.p": "chance that its lead over its names held comes from luck",
    **{
        f"lag_{lag}.kept" if lag > 0 else "early_1.kept": (
            f"share of its profit that is left when catalysts are known {lag} session{'s' if lag > 1 else ''} later"
            if lag > 0
            else "share of its profit when catalysts are known one session earlier than they could be"
        )
        for lag in LAGS
    },
    "costs_doubled.total_return": "what it makes when commission, duties and slippage are twice as high",
    **{f"slippage_{points}.total_return": f"what it makes at a slippage of {points} bp" for points in SLIPPAGES},
    **{
        f"participation_{100 * share:.0f}.total_return": f"what it makes with {100 * share:.0f}% of the volume at most"
        for share in PARTICIPATIONS
    },
    **{f"capital_x{times}.total_return": f"what it makes with {times} times the capital" for times in CAPITALS},
    "without_best_catalyst.total_return": "what it makes without the catalyst whose loss costs it most",
    "without_best_name.total_return": "what it makes without the name whose loss costs it most",
    "without_best_session.total_return": "what it makes without its best session",
}
"""What a kill criterion may name, and what it is; fractions and probabilities."""

EXPECTED: Final = {
    (1, True): "a rise over %(sessions)s of at least %(least)s",
    (1, False): "a rise over %(sessions)s",
    (-1, True): "a fall over %(sessions)s of at least %(least)s",
    (-1, False): "a fall over %(sessions)s",
}
"""What a claim says will be seen, by its sign and whether there is a least effect; templates, as pages look them up."""

MOST_HORIZON: Final = 250
"""Sessions, as of an event window."""

_PLAIN: Final = ("says", "sign", "horizon", "least")

_KILL: Final = re.compile(r"\s*([A-Za-z0-9_.]+)\s*([<>])\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*")


class Kill(NamedTuple):
    """A figure and where it ends the thesis."""

    figure: str
    side: Literal["<", ">"]
    bound: float

    def __str__(self) -> str:
        return f"{self.figure} {self.side} {self.bound:.15g}"

    def met(self, value: float) -> bool:
        """Tell whether the figure says that the thesis is wrong."""
        return value < self.bound if self.side == "<" else value > self.bound


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of a thesis.

    Parameters
    ----------
    says
        The claim in one sentence; line breaks and rows of blanks become one blank.
    sign
        1 where the names should return more than expected after the news, -1
        where less, as after a downgrade. Where kinds bring good news and bad,
        bad news is turned before it is counted, as in an event study, and the
        sign is that of the good.
    horizon
        Sessions after the first tradable one over which the effect shows; 0 =
        in that one alone.
    least
        Least mean effect over them that would be of use, in the direction of
        `sign`; a fraction from 0 to 1.
    kinds
        Kinds of catalysts that it speaks of; () = all that the thesis asks for,
        and where it asks for none its own decisions to buy.
    kills
        What would show that it is wrong, each as ``"FIGURE < VALUE"`` or
        ``"FIGURE > VALUE"`` of `FIGURES`; one is enough. "study.mean" is
        above 0 where it goes the way of the claim, whatever its sign.

    Raises
    ------
    ThesisError
        If one of them is not allowed.

    Examples
    --------
    >>> claim = Claim("Names rise after a release.", horizon=20, least=0.02, kills=("random_names.p > 0.5",))
    >>> claim.criteria
    (Kill(figure='random_names.p', side='>', bound=0.5),)
    """

    says: str
    sign: int = 1
    horizon: int = 20
    least: float = 0.0
    kinds: tuple[str, ...] = ()
    kills: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # What a user wrote may be of any type, whatever the annotations say.
        says, sign, horizon, least = (cast("object", getattr(self, name)) for name in _PLAIN)
        if not isinstance(says, str) or not says.strip():
            _refuse("says", says, "say the claim in one sentence")
        object.__setattr__(self, "says", " ".join(says.split()))
        if type(sign) is not int or sign not in {1, -1}:
            _refuse("sign", sign, "give 1 (names should rise) or -1 (they should fall)")
        if type(horizon) is not int or not 0 <= horizon <= MOST_HORIZON:
            _refuse("horizon", horizon, f"give whole sessions from 0 to {MOST_HORIZON}")
        if type(least) not in {int, float} or not 0.0 <= cast("float", least) <= 1.0:
            _refuse("least", least, "give a fraction from 0 to 1, as in 0.02 for 2%")
        for name in ("kinds", "kills"):
            given = cast("object", getattr(self, name))
            if not isinstance(given, tuple) or not all(isinstance(one, str) for one in given):
                _refuse(name, given, f"give a tuple of texts, as in {name}=('...',)")
        for kind in self.kinds:
            if kind not in KINDS:
                _refuse("kinds", kind, f"choose from {', '.join(KINDS)}{did_you_mean(kind, KINDS)}")
        for kill in self.kills:
            read_kill(kill)

    @property
    def criteria(self) -> tuple[Kill, ...]:
        """The kill criteria, read."""
        return tuple(read_kill(kill) for kill in self.kills)

    @property
    def sessions(self) -> Said:
        """Over which sessions its effect shows, in words; 0 is the first tradable one."""
        return said("sessions 0 to %(last)s", last=self.horizon) if self.horizon else said("session 0")

    @property
    def expects(self) -> Said:
        """What it says will be seen, in words: "a rise over sessions 0 to 20 of at least 2.0%"."""
        return said(EXPECTED[self.sign, self.least > 0.0], sessions=self.sessions, least=f"{self.least:.1%}")

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON types."""
        return {
            "says": self.says,
            "sign": self.sign,
            "horizon": self.horizon,
            "least": float(self.least),
            "kinds": list(self.kinds),
            "kills": [str(kill) for kill in self.criteria],
        }


def claims_of(strategy: type) -> tuple[Claim, ...]:
    """Return the claims of a thesis; () of a plain backtrader strategy, whatever it calls so."""
    given = getattr(strategy, "claims", ())
    return given if isinstance(given, tuple) and all(isinstance(claim, Claim) for claim in given) else ()


def is_chance(figure: str) -> bool:
    """Tell whether a figure of `FIGURES` is the chance that luck does as well."""
    return figure.endswith(".p")


def read_kill(text: str) -> Kill:
    """Read a kill criterion.

    Raises
    ------
    ThesisError
        If it is no comparison, the figure is unknown, or no value of it could meet it.
    """
    found = _KILL.fullmatch(text)
    if found is None:
        _refuse("kills", text, "write it as FIGURE < VALUE or FIGURE > VALUE, as in 'random_names.p > 0.5'")
    figure, side, bound = found.groups()
    if figure not in FIGURES:
        _refuse("kills", text, f"no figure is called {figure}{did_you_mean(figure, FIGURES)}: use {', '.join(FIGURES)}")
    kill = Kill(figure, "<" if side == "<" else ">", float(bound))
    if is_chance(figure) and not 0.0 < kill.bound < 1.0:
        _refuse("kills", text, "a chance lies between 0 and 1: compare it with a value there, as in 0.1")
    return kill


def _refuse(name: str, value: object, remedy: str) -> NoReturn:
    message = f"a Claim's {name} is {value!r}: {remedy}"
    raise ThesisError(message)
