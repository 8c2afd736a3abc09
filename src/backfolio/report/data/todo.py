"""What to do about what was found, a command a rule: the part of the page that a reader sees first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from backfolio.quality import RULES
from backfolio.quality.rules import UNEXAMINED
from backfolio.said import counted, listed, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from backfolio.quality import Finding
    from backfolio.report.data.shelf import Shelf
    from backfolio.said import Said

MOST_NAMED: Final = 4
"""Symbols named in a command; of more the command is for all."""

PAIR: Final = 2
"""Symbols named beside a count."""

ONWARD: Final = ("stale",)
"""Rules that a fetch of what is new mends."""

AGAIN: Final = (
    "format", "ex_date_unknown", "factor_jump", "gap", "repeated_bar", "quarantined", "st_unknown", "listing_assumed",
)  # fmt: skip
"""Rules that a fetch of everything of the symbol may mend."""

INDEXES: Final = ("index_gap", "index_jump")
"""Rules about indexes."""


class Step(NamedTuple):
    """One thing to do.

    Parameters
    ----------
    severity, rule, title
        Of the rule.
    about
        How many findings, and whom they name.
    commands
        As they are typed, each of which may mend it; none where only words help.
    """

    severity: str
    rule: str
    title: str
    about: str
    commands: tuple[str, ...]


def steps(shelf: Shelf, open_: Sequence[Finding]) -> list[Step]:
    """Return what to do, errors first, then warnings; notes ask for nothing."""
    found = []
    for severity in ("error", "warning"):
        for rule in RULES.values():
            own = [one for one in open_ if one.rule == rule.name and one.severity == severity]
            if own:
                symbols = sorted({one.symbol for one in own if one.symbol})
                commands = tuple(f"{shelf.program} {one}" for one in _commands(shelf, severity, own, symbols))
                found.append(Step(severity, rule.name, rule.title, _about(own, symbols), commands))
    return found


def _about(own: Sequence[Finding], symbols: Sequence[str]) -> Said:
    count, found = f"{len(symbols):,}", counted(len(own), "finding")
    if not symbols:
        return found
    whom = listed(symbols)
    if len(symbols) > PAIR:
        whom = said("%(n)s indexes", n=count) if own[0].rule in INDEXES else said("%(n)s symbols", n=count)
    many = sum(not one.symbol for one in own)
    if many:
        whom = listed([whom, said("%(n)s of many at once", n=f"{many:,}")])
    return listed([found, whom], ": ")


def _commands(shelf: Shelf, severity: str, own: Sequence[Finding], symbols: Sequence[str]) -> Iterator[str]:
    rule = own[0].rule
    named = 0 < len(symbols) <= MOST_NAMED and all(one.symbol for one in own)
    joined = ",".join(symbols)
    if rule == UNEXAMINED:
        yield "data check"
    elif rule == "survivorship":
        about = {one.value.partition(":")[0] for one in own}
        yield from (f"fetch --universe {one.name}" for one in shelf.universes if one.name in about)
    elif rule in INDEXES:
        hosted = named and all(symbol.endswith((".SH", ".SZ")) for symbol in symbols)
        yield " ".join(["fetch", *(f"--index {symbol}" for symbol in symbols)]) if hosted else "fetch"
    elif rule in ONWARD:
        yield f"fetch --symbols {joined}" if named else "fetch"
    elif rule in AGAIN:
        yield f"fetch --full --symbols {joined}" if named else "fetch --full"
    else:
        yield f"data check {' '.join(symbols)}" if named else "data check --all"
    if severity == "error" and rule != UNEXAMINED:
        yield "import PATH"
        if RULES[rule].acceptable:
            yield f"data accept {own[0].key if len(own) == 1 else 'KEY'} --because TEXT"
