"""What an event study makes of its events: statistics, means with bands, groups, the `Study`; frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from backfolio.metrics.attribution import NO_CATALYST
from backfolio.study.decisions import KIND, OWN
from backfolio.study.model import LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backfolio.said import Said
    from backfolio.settings import MarketSettings
    from backfolio.study.model import Asked, Event, Window
    from backfolio.study.tradable import Tradable

Grade = Literal["evidence", "weak", "none", "against", "too_little"]

UNEXPLAINED: Final = "no catalyst"
"""How pages call what no catalyst explains."""

LEVEL: Final = 0.05
"""Chance of a false alarm that a judgement takes; bands cover the rest."""

LEAST_EFFECTIVE: Final = 2.0
"""Independent events below which nothing is tested: one event has no spread to be measured by."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A test of a mean abnormal return being 0.

    Parameters
    ----------
    name
        Of `TESTS`.
    statistic
        None where it does not exist: too few events, or no spread among them.
    p
        Two-sided; None with it.
    """

    name: str
    statistic: float | None = None
    p: float | None = None


class About(NamedTuple):
    """How a test is called, its paper, and what it allows for."""

    label: str
    short: str
    paper: str
    shared_days: bool
    variance: bool
    normal: bool


TESTS: Final = {
    "kp_bmp": About(
        "BMP, adjusted", "BMP adj.", "Kolari and Pynnönen 2010", shared_days=True, variance=True, normal=True
    ),
    "kp_patell": About(
        "Patell, adjusted", "Patell adj.", "Kolari and Pynnönen 2010", shared_days=True, variance=False, normal=True
    ),
    "t": About("Cross-sectional t", "t", "Brown and Warner 1985", shared_days=False, variance=True, normal=True),
    "patell": About("Patell", "Patell", "Patell 1976", shared_days=False, variance=False, normal=True),
    "bmp": About("BMP", "BMP", "Boehmer, Musumeci and Poulsen 1991", shared_days=False, variance=True, normal=True),
    "rank": About(
        "Rank", "rank", "Corrado 1989, Corrado and Zivney 1992", shared_days=True, variance=False, normal=False
    ),
    "sign": About("Generalised sign", "sign", "Cowan 1992", shared_days=False, variance=False, normal=False),
}
"""Every test, the headline first: which allow for shared event days, for a variance that the event raises, and which
take returns as normal."""

HEADLINE: Final = "kp_bmp"
"""The test that judges. Where no two events share a day it is the BMP test itself."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A mean abnormal return over a day or a window, and its tests.

    Parameters
    ----------
    window
        Sessions it covers.
    events
        How many have a return in it.
    mean
        Mean cumulative abnormal return; None without events.
    low, high
        Ends of its 95% band, which allows for shared days; None where it does not exist.
    correlation
        Mean over all pairs of events of what their returns in it have in common, 0 at least.
    effective
        Number of independent events that would say as much.
    tests
        Of every name of `TESTS`, in order.
    """

    window: Window
    events: int
    mean: float | None
    low: float | None
    high: float | None
    correlation: float
    effective: float
    tests: tuple[Statistic, ...] = ()

    def test(self, name: str) -> Statistic:
        """Return a test by name."""
        return next(one for one in self.tests if one.name == name)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            "window": [*self.window],
            "events": self.events,
            "mean": self.mean,
            "low": self.low,
            "high": self.high,
            "correlation": self.correlation,
            "effective_events": self.effective,
            "tests": {one.name: {"statistic": one.statistic, "p": one.p} for one in self.tests},
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comes out, in one sentence and by one figure.

    Parameters
    ----------
    grade
        "evidence" of a return the way of the news, "weak" where the test finds one and the band holds 0, "against"
        the news, "none", or "too_little" to say.
    sentence
        What comes out.
    p
        Of the headline's test; None where there is too little evidence for one.
    """

    grade: Grade
    sentence: Said
    p: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {"grade": self.grade, "sentence": str(self.sentence), "p": self.p}


@dataclass(frozen=True, slots=True)
class Group:
    """Events that are measured together: a kind, or all.

    Parameters
    ----------
    name
        A kind of catalyst, or `ALL`.
    events
        Measured, in order of session and symbol.
    left_out
        Not measured, the same.
    sessions
        Different event sessions among those measured.
    days
        Each session of the window alone.
    path
        The sum from the window's first session up to each.
    windows
        Of `Asked.windows`, in that order.
    cars
        Cumulative abnormal return of each event over the headline's window, turned; None where it has none.
    first_days
        Abnormal return of each on its first tradable session, turned; None where the window does not hold it.
    """

    name: str
    events: tuple[Event, ...]
    left_out: tuple[Event, ...]
    sessions: int
    days: tuple[Measured, ...]
    path: tuple[Measured, ...]
    windows: tuple[Measured, ...]
    cars: tuple[float | None, ...]
    first_days: tuple[float | None, ...]
    verdict: Verdict

    @property
    def headline(self) -> Measured:
        """What is judged."""
        return self.windows[0]

    @property
    def censored(self) -> int:
        """Events whose first session closed at a limit."""
        return sum(bool(event.censored) for event in self.events)

    @property
    def confounded(self) -> int:
        """Events measured with another catalyst in their window."""
        return sum(bool(event.confounded) for event in self.events)

    @property
    def halted(self) -> int:
        """Events measured over a window in which their name did not trade on some session."""
        return sum(bool(event.halted) for event in self.events)

    @property
    def moved(self) -> int:
        """Events whose name was suspended when the catalyst could first act."""
        return sum(bool(event.moved) for event in self.events)

    @property
    def reasons(self) -> dict[str, int]:
        """Why events were left out, and how many for each reason."""
        counts = {reason: sum(event.left_out == reason for event in self.left_out) for reason in LEFT_OUT}
        return {reason: count for reason, count in counts.items() if count}

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            "name": self.name,
            "verdict": self.verdict.as_dict(),
            "events": len(self.events),
            "sessions": self.sessions,
            "left_out": self.reasons,
            "censored": self.censored,
            "confounded": self.confounded,
            "halted": self.halted,
            "moved": self.moved,
            "headline": self.headline.as_dict(),
            "windows": [one.as_dict() for one in self.windows],
            "days": [one.as_dict() for one in self.days],
            "path": [one.as_dict() for one in self.path],
        }


@dataclass(frozen=True, slots=True)
class Study:
    """A finished event study.

    Parameters
    ----------
    study_id
        12 hex digits over its record; names its folder.
    record
        All that its figures follow from.
    subject
        Name of the thesis, or of the kind.
    thesis
        Whether it is of a thesis.
    title
        The thesis in a line; "" of a kind.
    asked
        Windows and model.
    kinds
        Studied.
    groups
        All kinds together, then each where there are several.
    benchmark
        As shown; "" where the model needs none.
    start, end
        First and last session on which events were looked for, ISO.
    symbols
        How many names could have had events.
    source_label, simulated
        Where the bars came from.
    command
        The command line that makes it again.
    warnings
        What a reader must know, a sentence each.
    own
        Whether the thesis' own decisions to buy are studied.
    tradable
        From paper to what the portfolio kept; None of a kind, and where the window ends before session 0.
    settings
        Under which it was traded; None of a kind.
    """

    study_id: str
    record: Mapping[str, Any]
    subject: str
    thesis: bool
    title: str
    asked: Asked
    kinds: tuple[str, ...]
    groups: tuple[Group, ...]
    benchmark: str
    start: str
    end: str
    symbols: int
    source_label: str
    simulated: bool
    command: str = ""
    warnings: tuple[Said, ...] = ()
    own: bool = False
    tradable: Tradable | None = None
    settings: MarketSettings | None = None

    def called(self, kind: str) -> str:
        """Return how a kind is shown."""
        if kind == NO_CATALYST:
            return UNEXPLAINED
        return OWN if self.own and kind == KIND else kind.replace("_", " ")

    @property
    def whole(self) -> Group:
        """All kinds together."""
        return self.groups[0]

    @property
    def verdict(self) -> Verdict:
        """Of all kinds together."""
        return self.whole.verdict

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            "study_id": self.study_id,
            "subject": self.subject,
            "thesis": self.thesis,
            "kinds": list(self.kinds),
            "own_decisions": self.own,
            "simulated": self.simulated,
            "source": self.source_label,
            "start": self.start,
            "end": self.end,
            "symbols": self.symbols,
            "benchmark": self.benchmark,
            "model": self.asked.model,
            "returns": self.asked.returns,
            "estimation": self.asked.estimation,
            "window": [*self.asked.window],
            "verdict": self.verdict.as_dict(),
            "groups": [group.as_dict() for group in self.groups],
            "warnings": [str(one) for one in self.warnings],
            "tradable": None if self.tradable is None else self.tradable.as_dict(),
        }
