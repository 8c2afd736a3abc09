"""What an audit found: frozen values for the command line, the record and the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from backfolio.money import BASIS_POINTS
from backfolio.said import counted, said
from backfolio.targets import LEAVE_ALONE

CLEAN: Final = "clean"
FOUND: Final = "found"
UNCHECKED: Final = "unchecked"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a thesis' file.

    Parameters
    ----------
    file
        Its name, as in ``chip_cycle.py``.
    number
        From 1.
    text
        The statement there, shortened.
    name
        The variable whose past values changed at this line; "" where it is
        what the line returns, or where only its text is suspicious.
    sure
        True where two evaluations were compared line by line; False where the
        text alone points here.
    """

    file: str
    number: int
    text: str
    name: str = ""
    sure: bool = True

    def __str__(self) -> str:
        place = f"{self.file} line {self.number}"
        return f"{place if self.sure else f'probably {place}'}: {self.text}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One way in which a thesis knows what it cannot know.

    Parameters
    ----------
    change
        Short name of what was changed, as in "prices".
    words
        What was changed, in a sentence's part: "prices after 2024-03-05 were other ones".
    session, symbol
        Where a target moved first; "" where no target is concerned.
    before, after
        The target there, in words: as it was said, and after the change.
    times
        Of how many trials of this change the targets moved in how many: (moved, tried).
    line
        Where the future came in; None where it cannot be told.
    remedy
        What to do about it.
    what
        What moved: a target, or of a plain backtrader strategy a fill.
    """

    change: str
    words: str
    session: str = ""
    symbol: str = ""
    before: str = ""
    after: str = ""
    times: tuple[int, int] = (1, 1)
    line: Line | None = None
    remedy: str = ""
    what: str = "target"

    @property
    def moved(self) -> str:
        """What moved, in words; "" where no target is concerned."""
        if not self.symbol:
            return ""
        return said(
            "the target of %(symbol)s on %(day)s went from %(before)s to %(after)s"
            if self.what == "target"
            else "the fill of %(symbol)s on %(day)s went from %(before)s to %(after)s",
            symbol=self.symbol,
            day=self.session,
            before=said(self.before),
            after=said(self.after),
        )

    def __str__(self) -> str:
        told = f"{self.words}: {self.moved}" if self.moved else str(self.words)
        return f"{told}. {self.line}" if self.line else told

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, JSON types only."""
        line = None if self.line is None else asdict(self.line)
        return {
            "change": self.change,
            "words": str(self.words),
            "session": self.session,
            "symbol": self.symbol,
            "before": self.before,
            "after": self.after,
            "times": list(self.times),
            "line": line,
            "remedy": str(self.remedy),
            "what": self.what,
        }


@dataclass(frozen=True, slots=True)
class Audit:
    """What came out of an audit.

    Parameters
    ----------
    cuts
        Sessions after which the future was cut off or changed.
    evaluations
        How often the thesis was asked.
    findings
        Empty where nothing moved.
    notes
        What no trial can judge, one sentence each.
    quick
        Whether it is the short form that every run makes.
    checked
        False where nothing could be asked; `notes` says why.
    """

    cuts: int
    evaluations: int
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    quick: bool = False
    checked: bool = True

    @property
    def state(self) -> str:
        """One of "clean", "found" and "unchecked"."""
        if not self.checked:
            return UNCHECKED
        return FOUND if self.findings else CLEAN

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        if not self.checked:
            return "Not checked for look-ahead."
        if self.findings:
            return f"LOOKS AHEAD: {counted(len(self.findings), 'finding')}."
        return f"Checked for look-ahead: {counted(self.cuts, 'cut')}, nothing moved."

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, JSON types only."""
        return {
            "state": self.state,
            "sentence": self.sentence,
            "cuts": self.cuts,
            "evaluations": self.evaluations,
            "quick": self.quick,
            "findings": [one.as_dict() for one in self.findings],
            "notes": list(self.notes),
        }


def weight_words(points: int) -> str:
    """Return a target in words: "25.00%", or "left alone"."""
    return "left alone" if points == LEAVE_ALONE else f"{points / BASIS_POINTS:.2%}"
