"""What the text of a thesis shows: lines that look like a peek, and remedies for them."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from backfolio.audit.model import Line
from backfolio.said import said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_TEXT: Final = 110
"""Characters of a statement that are shown."""

CLOCK: Final = frozenset({"now", "today", "utcnow", "time_ns", "localtime", "gmtime"})
READERS: Final = frozenset(
    {
        "open", "read_csv", "read_parquet", "read_feather", "read_excel", "read_hdf", "read_json", "read_pickle",
        "read_table", "read_sql", "read_text", "read_bytes", "loadtxt", "genfromtxt", "fromfile", "memmap", "urlopen",
        "urlretrieve", "read_database", "scan_parquet", "scan_csv",
    }
)  # fmt: skip
"""Calls that read something; parquet and databases are read by compiled code, which no audit event shows."""

OVER_ALL: Final = frozenset(
    {
        "mean", "std", "var", "median", "quantile", "rank", "min", "max", "sum", "corr", "cov", "skew", "kurt", "any",
        "all", "argmax", "argmin", "idxmax", "idxmin", "nanmean", "nanstd", "percentile", "nanpercentile", "average",
        "transform", "describe", "nlargest", "nsmallest", "sort_values", "argsort", "polyfit", "lstsq", "svd", "eigh",
        "fit", "qcut", "cut", "zscore",
    }
)  # fmt: skip
"""Calls that make one figure of many rows, where they are not told to go across names or over a window."""

TWO_SIDED: Final = frozenset({"gradient", "convolve", "savgol_filter", "filtfilt", "fft", "rfft", "detrend"})
A_DATE: Final = re.compile(r"(19|20)\d\d[-/]?(0[1-9]|1[0-2])[-/]?(0[1-9]|[12]\d|3[01])(?!\d)")

ANY: Final = "let no row use what comes after it: compute with shift(1), rolling, expanding or ewm, which look back"


class Suspect(NamedTuple):
    """A call or index that looks like a peek, and what to write instead."""

    number: int
    remedy: str
    rank: int
    """0 for what is a peek wherever it stands, 1 for what is one on some data."""


def line_of(files: Mapping[str, str], path: str, number: int, name: str = "", *, sure: bool = True) -> Line:
    """Return a line of a file with the statement that stands there."""
    return Line(Path(path).name, number, statement(files.get(path, ""), number), name, sure)


def statement(source: str, number: int) -> str:
    """Return the statement at a line on one line, shortened; of a block its head alone."""
    node = _node_at(source, number)
    lines = source.splitlines()
    if node is None:
        text = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    else:
        last = _last_of_head(node)
        text = " ".join(line.strip() for line in lines[node.lineno - 1 : last])
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 3]}..."


def remedy_of(source: str, number: int, usual: str, most: int = 1) -> str:
    """Return what to write instead at a line, from what stands there; `usual` where nothing is recognised.

    Parameters
    ----------
    most
        Largest rank of a `Suspect` that counts.
    """
    node = _node_at(source, number)
    if node is None:
        return usual
    last = _last_of_head(node)
    found = [one for one in _suspects(source) if node.lineno <= one.number <= last and one.rank <= most]
    return min(found, key=lambda one: one.rank).remedy if found else usual


def likely(files: Mapping[str, str]) -> tuple[str, int, str] | None:
    """Return (path, line, remedy) of the most suspicious call; None where nothing looks like a peek at all."""
    for path, source in files.items():
        for one in _suspects(source):
            if one.rank == 0:
                return path, one.number, one.remedy
    return None


def clock_lines(files: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """Yield (path, line) of every call that asks what time it is."""
    for path, source in files.items():
        for node in ast.walk(_tree(source)):
            if isinstance(node, ast.Call) and _asks_clock(node):
                yield path, node.lineno


def reading_lines(files: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
    """Yield (path, line, name of the call) of every call that reads a file, a table or a page."""
    for path, source in files.items():
        for node in ast.walk(_tree(source)):
            if isinstance(node, ast.Call) and _called(node) in READERS and not _writes(node):
                yield path, node.lineno, _called(node)


def dates_written(files: Mapping[str, str]) -> list[tuple[str, int]]:
    """Return (path, line) of texts in the code that hold a date; docstrings do not count."""
    found = []
    for path, source in files.items():
        tree = _tree(source)
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found += [
            (path, node.lineno)
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docs
            and A_DATE.search(node.value)
        ]
    return sorted(set(found))


def hashes(files: Mapping[str, str]) -> list[tuple[str, int]]:
    """Return (path, line) of calls of ``hash``, which for text answers otherwise in every process."""
    return [
        (path, node.lineno)
        for path, source in files.items()
        for node in ast.walk(_tree(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hash"
    ]


@lru_cache(maxsize=32)
def _tree(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


def _node_at(source: str, number: int) -> ast.stmt | None:
    inside = [
        node
        for node in ast.walk(_tree(source))
        if isinstance(node, ast.stmt) and node.lineno <= number <= (node.end_lineno or node.lineno)
    ]
    return max(inside, key=lambda node: (node.lineno, -(node.end_lineno or 0)), default=None)


def _last_of_head(node: ast.stmt) -> int:
    if not hasattr(node, "body"):
        return node.end_lineno or node.lineno
    heads = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr | ast.arguments)]
    return max([node.lineno, *(getattr(child, "end_lineno", None) or node.lineno for child in heads)])


@lru_cache(maxsize=32)
def _suspects(source: str) -> tuple[Suspect, ...]:
    found = []
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.Call):
            found += [Suspect(node.lineno, *each) for each in _of_call(node)]
        elif isinstance(node, ast.Subscript):
            found += [Suspect(node.lineno, *each) for each in _of_index(node)]
        elif isinstance(node, ast.Attribute) and node.attr in {"symbols", "members"} and _ends(node.value, "universe"):
            told = said("history.universe names whoever ever belonged: use history.members, which is dated")
            found.append(Suspect(node.lineno, told, 0))
        elif isinstance(node, ast.Attribute) and node.attr == "factor":
            told = said(
                "use history.adjusted, whose past no later corporate action changes; never divide by a last factor"
            )
            found.append(Suspect(node.lineno, told, 1))
    return tuple(sorted(found))


def _of_call(node: ast.Call) -> Iterator[tuple[str, int]]:
    name = _called(node)
    options = {word.arg: word.value for word in node.keywords}
    words = list(options.values())
    if name in {"shift", "diff", "pct_change", "roll"} and any(map(_negative, [*node.args, *words])):
        yield (
            said("%(name)s with a negative number takes tomorrow's row: use %(name)s(1), which looks back", name=name),
            0,
        )
    if name in {"bfill", "backfill"} or any(_says(value, "bfill", "backfill") for value in words):
        yield said("a back-fill brings a later value back: use ffill, or leave NaN"), 0
    if any(_says(value, "nearest", "forward") for value in words):
        yield said('the nearest or next value may be a later one: use method="ffill" or direction="backward"'), 0
    if _true(options.get("center")):
        yield said("a centred window holds later rows: leave center out"), 0
    if name == "default_rng" and not node.args and not node.keywords:
        yield said("give the lottery a seed, as in default_rng(self.seed)"), 0
    if name in OVER_ALL and not _across(node, options):
        yield said("%(name)s over all rows knows the later ones: use expanding(), rolling() or axis=1", name=name), 1
    if name in {"len", "range", "linspace", "arange"} and "sessions" in ast.dump(node):
        yield said("how many sessions there will be is not known: count from the first one"), 1
    yield from _of_name(name, ast.dump(node))


def _of_name(name: str, text: str) -> Iterator[tuple[str, int]]:
    if name == "interpolate":
        yield said("interpolation draws a line to the next known value: use ffill"), 0
    if name in TWO_SIDED or (name == "apply_along_axis" and "convolve" in text):
        yield said("%(name)s uses rows on both sides: use rolling, ewm or diff, which look back", name=name), 0
    if name in {"resample", "groupby"}:
        yield (
            said(
                "%(name)s makes one value of a whole period, and its first rows know its last: use ffill or shift(1)",
                name=name,
            ),
            1,
        )


def _of_index(node: ast.Subscript) -> Iterator[tuple[str, int]]:
    index = node.slice
    if isinstance(index, ast.Constant) and type(index.value) is int and index.value > 0 and _is_line(node.value):
        yield said("in backtrader [1] is tomorrow's bar: use [0] for today's and [-1] for yesterday's"), 0
    if _negative(index):
        yield said("the last row is the future of every other row: take the row itself"), 1
    if any(_ahead(part) for part in (index.elts if isinstance(index, ast.Tuple) else [index])):
        yield said("a row so many sessions on is not known yet: look back, as in row - 5"), 1
    if isinstance(index, ast.Slice | ast.Tuple):
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        slices = [part for part in parts if isinstance(part, ast.Slice)]
        if any(part.step is not None and _negative(part.step) for part in slices):
            yield said("turned round, a running figure looks ahead: keep the rows in order of time"), 0
        elif any(isinstance(part.lower, ast.Constant) and part.upper is None for part in slices):
            yield said("rows that begin later are tomorrow's: let the row before stand there"), 1


def _ahead(index: ast.expr) -> bool:
    """Tell whether an index is like ``row + 5``."""
    added = isinstance(index, ast.BinOp) and isinstance(index.op, ast.Add)
    return added and isinstance(index.right, ast.Constant) and type(index.right.value) is int  # type: ignore[attr-defined]


def _is_line(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in {"open", "high", "low", "close", "volume"}


def _across(node: ast.Call, options: dict[str | None, ast.expr]) -> bool:
    axis = options.get("axis")
    across = isinstance(axis, ast.Constant) and axis.value in {1, "columns"}
    running = any(
        isinstance(inner, ast.Call) and _called(inner) in {"rolling", "expanding", "ewm"}
        for inner in ast.walk(node.func)
    )
    return across or running


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _asks_clock(node: ast.Call) -> bool:
    name = _called(node)
    if name == "time":
        return isinstance(node.func, ast.Name) or _ends(node.func, "time", "time")
    return name in CLOCK


def _ends(node: ast.AST, *names: str) -> bool:
    """Tell whether an expression ends in these names, as in ``time.time``."""
    return ast.unparse(node).split(".")[-len(names) :] == list(names)


def _writes(node: ast.Call) -> bool:
    modes = [word.value for word in node.keywords if word.arg == "mode"] + node.args[1:2]
    return _called(node) == "open" and any(_says(mode, "w", "a", "x", "wb", "ab") for mode in modes)


def _negative(node: ast.AST) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def _says(node: Any, *words: str) -> bool:  # noqa: ANN401  any node
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in words


def _true(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
