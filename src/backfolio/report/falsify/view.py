"""What the page of `falsify` shows, as plain values: a pure function of what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from backfolio.falsify.model import LABELS, LEVEL
from backfolio.metrics import NOT_AVAILABLE
from backfolio.report import words
from backfolio.report.falsify.sections import anchor_of, sections, state_of
from backfolio.report.gallery.lines import short_line
from backfolio.report.text import gain, p_said, p_text, part, plain, tone
from backfolio.said import listed, said
from backfolio.strategy.claims import FIGURES, is_chance

if TYPE_CHECKING:
    from backfolio.falsify.model import Answer, Falsified
    from backfolio.report.falsify.sections import State
    from backfolio.report.look import Lang
    from backfolio.said import Said
    from backfolio.strategy.claims import Kill

CLASSES: Final = {
    "survived": "good", "weakened": "doubt", "falsified": "bad", "not_enough": "doubt", "unclaimed": ""
}  # fmt: skip
"""Grade to the class of its card."""

KILL_STATES: Final = {True: ("broke", "met"), False: ("stood", "not met"), None: ("untold", "no figure")}
"""Whether a kill criterion is met, to a class and the word beside its sign."""


class Criterion(NamedTuple):
    """A kill criterion, as text."""

    text: str
    about: str
    value: str
    kind: str
    word: str


class Told(NamedTuple):
    """A claim and its answer, as text."""

    kind: str
    grade: str
    says: str
    words: Said
    facts: list[tuple[str, Said | str]]
    criteria: list[Criterion]


class Line(NamedTuple):
    """An attempt to break the thesis, as text."""

    label: str
    anchor: str
    text: str
    state: State


def view(found: Falsified, lang: Lang = "en") -> dict[str, object]:
    """Return what the template `falsify.html` fills in, its drawings in `lang`."""
    return {
        "found": found,
        "title": found.title or found.strategy,
        "fill_clock": words.FILL_CLOCK,
        "simulated": words.SIMULATED if found.simulated else "",
        "grade": (CLASSES[found.grade], LABELS[found.grade]),
        "tiles": _tiles(found),
        "claims": [_told(one, found) for one in found.answers],
        "attempts": [Line(one.label, anchor_of(one.name), one.text, state_of(one)) for one in found.attempts],
        "score": _score(found),
        "level": LEVEL,
        "sections": sections(found, lang),
        "facts": _facts(found),
        "params": [(name, plain(value)) for name, value in found.params.items()],
    }


def headline(found: Falsified, folder: str) -> dict[str, object]:
    """Return what the list of reports and the page of a run show of it; JSON types only."""
    states = [one.held for one in found.attempts]
    held = found.held
    return {
        "strategy": found.strategy,
        "title": found.title,
        "folder": folder,
        "falsify_id": found.falsify_id,
        "first": found.start,
        "last": found.end,
        "source": found.source_label,
        "simulated": found.simulated,
        "grade": LABELS[found.grade],
        "claims": len(found.answers),
        "metrics": {
            "total_return": found.base.total_return,
            "sharpe": found.base.sharpe,
            "max_drawdown": found.base.max_drawdown,
        },
        "random_dates": found.dates.p_value,
        "random_names": found.names.p_value,
        "attempts": len(states),
        "stood": states.count(True),
        "broke": states.count(False),
        "line": [] if held is None else short_line(held.own / held.own[0] - 1.0),
    }


def figure_text(name: str, value: float | None) -> str:
    """Write a figure of `strategy.claims.FIGURES`: a probability, a share that is kept, or a return."""
    if value is None:
        return said(NOT_AVAILABLE)
    if is_chance(name):
        return p_text(value)
    return part(value) if name.endswith(".kept") else gain(value)


def _tiles(found: Falsified) -> list[tuple[Said, str, str, Said | str]]:
    """Return label, value, tone and what stands below of each headline figure."""
    figures, base = found.figures, found.base
    lead = None if found.held is None else found.held.excess
    kept = figures.get("lag_1.kept")
    catalyst, name = (figures.get(f"without_best_{what}.total_return") for what in ("catalyst", "name"))
    without = (said("Without best catalyst"), catalyst)
    if catalyst is None:
        without = (said("Without best name"), name)
    return [
        (said("Total return"), gain(base.total_return), tone(base.total_return), said("%(n)s fills", n=_n(base.fills))),
        (said("p, random dates"), p_text(found.dates.p_value), "", _beaten(found.dates.beats, found.dates.drawn)),
        (said("p, random names"), p_text(found.names.p_value), "", _beaten(found.names.beats, found.names.drawn)),
        (said("Lead over names held"), gain(lead), tone(lead), said("with its mean exposure")),
        (said("Kept a session later"), part(kept), "", said("of its profit")),
        (without[0], gain(without[1]), tone(without[1]), said("total return")),
    ]


def _beaten(beats: int, drawn: int) -> Said:
    if not drawn:
        return said("none drawn")
    return said("beats %(n)s of %(all)s", n=_n(beats), all=_n(drawn))


def _score(found: Falsified) -> Said:
    """Say how many attempts the thesis held against."""
    states = [one.held for one in found.attempts]
    told = {"held": _n(states.count(True)), "all": _n(len(states)), "broke": _n(states.count(False))}
    if None in states:
        return said(
            "It held against %(held)s of %(all)s attempts and broke at %(broke)s; of %(n)s it cannot be told.",
            **told, n=_n(states.count(None)),
        )  # fmt: skip
    return said("It held against %(held)s of %(all)s attempts and broke at %(broke)s.", **told)


def _told(one: Answer, found: Falsified) -> Told:
    criteria = [_criterion(kill, one, found) for kill in one.claim.criteria]
    return Told(CLASSES[one.grade], LABELS[one.grade], one.claim.says, one.words, _answered(one), criteria)


def _answered(one: Answer) -> list[tuple[str, Said | str]]:
    """Return what a claim says and what was measured, by name."""
    claim = one.claim
    facts: list[tuple[str, Said | str]] = [("claimed", claim.expects)]
    if one.mean is not None:
        band = said("no band")
        if one.low is not None and one.high is not None:
            # as the names went, beside "a rise" or "a fall"; an answer has it the way of the claim
            low, high = sorted((claim.sign * one.low, claim.sign * one.high))
            band = said("95% band %(low)s to %(high)s", low=gain(low), high=gain(high))
        measured = said("%(mean)s, %(band)s, p %(p)s", mean=gain(claim.sign * one.mean), band=band, p=p_said(one.p))
        facts.append(("measured", measured))
    counts = {"n": _n(one.events), "effective": f"{one.effective:.1f}"}
    facts.append(("events", said("%(n)s, which say as much as %(effective)s independent ones", **counts)))
    if claim.kinds:
        facts.append(("kinds", listed([kind.replace("_", " ") for kind in claim.kinds])))
    if one.figure in FIGURES and one.value is not None:
        decided = said("%(what)s: %(value)s", what=said(FIGURES[one.figure]), value=figure_text(one.figure, one.value))
        facts.append(("decided by", decided))
    return facts


def _criterion(kill: Kill, one: Answer, found: Falsified) -> Criterion:
    value = found.figures.get(kill.figure)
    if kill.figure == "study.mean":
        value = one.mean if one.tested else None
    met = None if value is None else kill.met(value)
    return Criterion(str(kill), FIGURES[kill.figure], figure_text(kill.figure, value), *KILL_STATES[met])


def _facts(found: Falsified) -> list[tuple[str, Said | str]]:
    kinds = [kind.replace("_", " ") for kind in found.kinds]
    return [
        ("kinds", listed(kinds) if kinds else said("none: its own decisions are moved")),
        ("names", _n(found.symbols)),
        ("sessions", _n(found.sessions)),
        *([("benchmark", found.benchmark)] if found.benchmark else []),
        ("placebos", said("%(n)s of random dates, %(n)s of random names", n=_n(found.asked.placebos))),
        ("seed", str(found.asked.seed)),
        ("engine", said("the compiled one, with the exits, settings and rules of a run")),
    ]


def _n(count: int) -> str:
    return f"{count:,}"
