"""Every string that a page may say, gathered from the templates, the tables of labels and the code."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from jinja2 import nodes

from backfolio import caveats, metrics, nulls
from backfolio.audit import check, plain, suspects, worlds
from backfolio.audit.model import weight_words
from backfolio.catalysts import KINDS as CATALYST_KINDS
from backfolio.falsify import claims
from backfolio.falsify import words as broken_words
from backfolio.falsify.model import LABELS as BROKEN
from backfolio.quality import RULES
from backfolio.report import plot, plots, words
from backfolio.report.compare import facts as compared
from backfolio.report.compare.figures import COST
from backfolio.report.data import asked, picture
from backfolio.report.data.view import TABLES, sentence
from backfolio.report.falsify import sections as broken_sections
from backfolio.report.falsify import view as broken_view
from backfolio.report.gallery import comparable, kinds
from backfolio.report.page import _environment
from backfolio.report.run import refused, view
from backfolio.report.run.headline import GROUPS
from backfolio.report.study import view as study_view
from backfolio.report.study import waterfall
from backfolio.report.tearsheet import drawn as sheet_drawn
from backfolio.report.tearsheet import table as sheet_table
from backfolio.report.tune import judged as tune_judged
from backfolio.report.tune import table as tune_table
from backfolio.report.walk import view as walk_view
from backfolio.settings import MarketSettings
from backfolio.strategy.claims import EXPECTED, FIGURES
from backfolio.strategy.emission import Rebalance
from backfolio.study import LEFT_OUT, STEPS, TESTS, conduct, decisions, judge, measured
from backfolio.targets import LEAVE_ALONE, Exits
from backfolio.tune import stated

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(caveats.__file__).parent
TEMPLATES = SOURCE / "report" / "templates"
PAGES = {"report", "verdict", "study", "falsify", "caveats.py", "walk_model.py", "stated.py"}
"""Where the counts that pages show are made."""

SAYING = {"said", "translate", "sentence", "in_words", "phrase"}
"""Functions whose first argument is looked up."""

LABELLED = {"Judgement", "row", "Column", "Head", "line", "Chart", "Figure"}
"""Functions of which every text that stands in a call is shown."""

LISTING = {
    "_tiles",
    "_facts",
    "_answered",
    "_settings",
    "market_words",
    "_heads",
    "_groups",
    "_figures",
    "costs",
    "grade",
    "_grade",
}
"""Functions that return labels in tuples and lists."""

MACROS = {"head", "term", "sums", "cell", "lines", "plot"}
"""Macros that look their arguments up."""

OTHERS = {"good", "bad", "doubt", "total_return"}
"""Words of the style sheet and names of figures among the labels."""

APART = {"gallery", "tearsheet"}
"""Parts of the report whose functions of those names list no labels."""


def every() -> set[str]:
    """Return all strings that are looked up, by their English."""
    return {text for text in (*in_templates(), *in_tables(), *in_code()) if text.strip(" %")} - OTHERS | {
        " ",
        ", ",
        "; ",
        ": ",
    }


def in_templates() -> Iterator[str]:
    environment = _environment("en")
    for path in TEMPLATES.glob("*.html"):
        tree = environment.parse(path.read_text(encoding="utf-8"))
        for loop in tree.find_all(nodes.For):
            for pair in loop.iter.find_all(nodes.Tuple):
                yield from (each.value for each in pair.items[1:] if isinstance(each, nodes.Const))
        for call in tree.find_all(nodes.Call):
            name = call.node.name if isinstance(call.node, nodes.Name) else ""
            if name == "_":
                yield from _constants(call.args[0])
            elif name == "ngettext":
                yield from _constants(call.args[1])
            elif name in MACROS:
                told = [each for each in call.args if not isinstance(each, nodes.Name)]
                told += [each.value for each in call.kwargs if each.key in {"words", "unit"}]
                for argument in told:
                    yield from (text for text in _constants(argument) if " " in text or text[:1].isupper())


def _constants(node: nodes.Node) -> Iterator[str]:
    """Return the texts that an expression may come to."""
    if isinstance(node, nodes.Const):
        yield from [node.value] if isinstance(node.value, str) else []
    elif isinstance(node, nodes.CondExpr):
        yield from _constants(node.expr1)
        yield from _constants(node.expr2) if node.expr2 is not None else ()
    elif isinstance(node, nodes.Or):
        yield from _constants(node.right)
    elif isinstance(node, nodes.List):
        for item in node.items:
            yield from _constants(item)
    elif isinstance(node, nodes.Getitem):
        yield from (each.value for each in node.node.find_all(nodes.Const) if isinstance(each.value, str))


def in_tables() -> Iterator[str]:
    for entry in (*metrics.DEFINITIONS, *metrics.TRADE_DEFINITIONS, *metrics.DETAIL_DEFINITIONS):
        yield from (entry.label, entry.words)
    yield from (metrics.NOT_AVAILABLE, words.FILL_CLOCK, words.FILL_CLOCK_VWAP, words.SIMULATED, refused.RULE)
    for reasons in (words.REFUSALS, words.FILLS):
        yield from map(words.label, reasons)
        yield from reasons.values()
    yield from words.ENDED.values()
    yield from map(words.label, (*CATALYST_KINDS, *get_args(Rebalance), *Exits().as_dict()))
    yield from (*nulls.LABELS.values(), *nulls.WORDS.values(), *plots.WORDS.values(), *plot.MONTHS, "%(year)s")
    yield from (title for title, _ in GROUPS)
    yield from (title for _, title in view.SECTIONS)
    yield from (walk_view.CONVENTION, walk_view.GUARD, tune_judged.NONE, *tune_judged.GRADES.values())
    yield from tune_table.SHORT.values()
    yield from (*sheet_drawn.TITLES.values(), *sheet_drawn.PERIODS.values(), *sheet_drawn.KEYS.values())
    yield from sheet_table.LABELS
    yield from (*asked.OUTCOMES.values(), *TABLES.values(), *picture.BOARDS)
    for rule in RULES.values():
        yield from (rule.title, sentence(rule.demands), sentence(rule.remedy))
    yield from (kind.many for kind in kinds.KINDS)
    yield from (kind.name for kind in kinds.KINDS)
    yield from comparable.WORDS.values()
    yield from (COST.label, COST.words, *compared.GROUPS, *compared.NAMES)
    yield from (each.name.replace("_", " ") for each in fields(MarketSettings))
    yield from _judged()
    yield from _studied()
    yield from _broken()
    yield from _claimed()
    yield from _audited()


def _studied() -> Iterator[str]:
    """Return the labels and sentences of an event study's page."""
    yield from (*judge.LABELS.values(), judge.ONE, judge.FEW, judge.FLAT, judge.FIGURES, judge.WEAK)
    yield from (judge.PICKED, judge.TURNED, judge.EVERY, conduct.TURNED)
    yield from (conduct.LEFT, conduct.CONFOUNDED, conduct.CENSORED, conduct.ONE_SESSION, *LEFT_OUT.values())
    yield from (conduct.DECIDED, conduct.NO_UNIVERSE, decisions.OWN, measured.UNEXPLAINED, waterfall.EVERY)
    yield from (waterfall.PAPER, waterfall.PAPER_WORDS, waterfall.KEPT, waterfall.KEPT_WORDS)
    yield from (text for step in STEPS.values() for text in step)
    yield from (*study_view.MODELS.values(), *study_view.RETURNS.values())
    yield from (*study_view.CENSORED.values(), *study_view.LOCKED.values())
    labels = {text for about in TESTS.values() for text in (about.label, about.short)}
    yield from labels - {"Patell", "BMP", "t"}  # names are the same in both


def _broken() -> Iterator[str]:
    """Return the labels and sentences of the page of `falsify`."""
    yield from (*BROKEN.values(), *FIGURES.values(), *view.EVIDENCE.values())
    for told in (value for name, value in vars(broken_words).items() if name.isupper() and name != "TYPE_CHECKING"):
        yield from told.values() if isinstance(told, Mapping) else [told]
    yield from (word for _, word in (*broken_sections.STATES.values(), *broken_view.KILL_STATES.values()))


def _audited() -> Iterator[str]:
    """Return what the findings of an audit are made of."""
    for change in (worlds.CUT_OFF, worlds.RENAMED, *worlds.OTHER_FUTURES):
        yield from (change.words, change.remedy)
    yield from (check.STATE, check.LOT, check.CLOCK, check.FILES, suspects.ANY, worlds.SHIFT, worlds.MEMBERS)
    yield from (plain.CLOSES, plain.PRICES, plain.NO_STATE, weight_words(LEAVE_ALONE))


def _claimed() -> Iterator[str]:
    """Return what is said of claims."""
    yield from (claims.RIGHT, claims.ENOUGH, claims.SMALL, claims.UNSURE, claims.TORN, claims.AGAINST, claims.BELOW)
    yield from (claims.BANDED, claims.DOUBTED, claims.LUCKY)
    yield from (claims.EXPECTED_TURNED, claims.OWN_MEAN_TURNED)
    yield from (claims.EXPECTED, claims.OWN_MEAN, claims.NONE, claims.ONE, claims.MET, claims.MISSING)
    yield from (claims.OVERALL, claims.UNCLAIMED, *claims.SEVERITY.values(), *EXPECTED.values())
    yield from (stated.FIRST, stated.AFTER, stated.CHANGED, stated.OTHERS)


def _judged() -> Iterator[str]:
    """Return the grades of a run's page."""
    tree = ast.parse((SOURCE / "report" / "run" / "judged.py").read_text(encoding="utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function.name in {"_grade", "judged"}:
            for constant in ast.walk(function):
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                    yield from [constant.value] if " " in constant.value and len(constant.value) < 60 else []


def in_code() -> Iterator[str]:
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield from _called(node, inside=bool(PAGES & {*path.parts}))
            elif (
                isinstance(node, ast.FunctionDef)
                and node.name in LISTING
                and "report" in path.parts
                and not APART & {*path.parts}
            ):
                yield from _listing(node)


def _called(call: ast.Call, *, inside: bool) -> Iterator[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name in SAYING and call.args:
        yield from _texts(call.args[0])
    elif name == "listed" and len(call.args) > 1:
        yield from _texts(call.args[1])
    elif name == "counted" and len(call.args) == 2 and isinstance(call.args[1], ast.Constant) and inside:
        yield f"%(n)s {call.args[1].value}s"
    elif name in LABELLED and inside:
        for argument in call.args:
            yield from (text for text in _texts(argument) if " " in text or text[:1].isupper())


def _listing(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Tuple | ast.List):
            for item in node.elts:
                yield from (text for text in _texts(item) if text[:1].isalpha() and "_" not in text)


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
