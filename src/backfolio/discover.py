"""Find the theses of a workspace: Python files loaded by path, each on its own.

A file that fails to load is listed with its traceback and stops no other. A
thesis may import modules that lie beside it (helpers start with ``_``); each
file gets its own copies of them, and what it imported is recorded with its
text, for a run must be repeatable from its record.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import keyword
import re
import sys
import sysconfig
import traceback
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import backfolio
from backfolio.errors import ThesisError, UsageError, command, did_you_mean
from backfolio.strategy import Strategy
from backfolio.strategy.base import in_words, snake_case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType

Kind = Literal["backfolio", "backtrader"]

PREFIX: Final = "_backfolio_thesis_"
"""Modules of theses are named so, with a checksum of their path: two folders may hold one file name."""

FOREIGN: Final = tuple(
    Path(folder).resolve()
    for folder in {*map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib")), *backfolio.__path__}
)
"""Folders whose modules are named by a version, not by their text, even inside a workspace."""


class Module(NamedTuple):
    """A module of the workspace that a thesis imports."""

    name: str
    path: Path
    source: str


@dataclass(frozen=True, slots=True)
class Thesis:
    """A thesis that can be run.

    Parameters
    ----------
    name
        Snake-case class name; unique in a catalogue.
    title, doc
        First paragraph and whole of the class's docstring.
    strategy
        The class: a `Strategy`, or a plain ``backtrader.Strategy``.
    path
        The file.
    kind
        "backfolio" or "backtrader".
    source
        Text of the file, as it was loaded.
    modules
        What it imports from the workspace, by name.
    """

    name: str
    title: str
    doc: str
    strategy: type
    path: Path
    kind: Kind
    source: str
    modules: tuple[Module, ...] = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that is no thesis.

    Parameters
    ----------
    path
        The file.
    fault
        What is wrong, in one line.
    text
        The traceback, from the file's own first line on.
    line
        Line of the file at which it failed; 0 where there is none.
    """

    path: Path
    fault: str
    text: str
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.path} line {self.line}" if self.line else str(self.path)
        return f"{place}: {self.fault}"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The theses found, by name in alphabetical order, and the files that are broken."""

    theses: Mapping[str, Thesis]
    broken: tuple[Broken, ...]
    folders: tuple[Path, ...]

    def find(self, name: str) -> Thesis:
        """Return the thesis of that name: of the class (in either spelling), or of the file where it holds just one.

        Raises
        ------
        ThesisError
            If there is none, its file is broken, or the file holds several.
        """
        word = _plain(name.removesuffix(".py"))
        if word in self.theses:
            return self.theses[word]
        inside = [thesis for thesis in self.theses.values() if _plain(thesis.path.stem) == word]
        if len(inside) == 1:
            return inside[0]
        if inside:
            message = f"{inside[0].path} holds {_listed(thesis.name for thesis in inside)}: name one of them"
            raise ThesisError(message)
        for broken in self.broken:
            if _plain(broken.path.stem) == word:
                message = f"thesis {name!r} cannot be loaded: {broken}; mend it"
                raise ThesisError(message)
        near = did_you_mean(word, self.theses)
        where = _listed(map(str, self.folders))
        there = f"choose from {_listed(self.theses)}" if self.theses else f"write one with {command('new NAME')}"
        message = f"no thesis is called {name!r}{near} in {where}: {there}"
        raise ThesisError(message)


def discover(folders: Iterable[Path], workspace: Path | None = None) -> Catalogue:
    """Load every thesis of some folders.

    Parameters
    ----------
    folders
        Not searched deeper. Files that start with ``_`` or ``.`` are helpers.
    workspace
        Modules below it count as parts of a thesis that imports them; those
        beside the thesis always do.

    Raises
    ------
    UsageError
        If a folder does not exist.
    ThesisError
        If two theses have the same name.
    """
    places: dict[Path, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            message = f"the strategies folder {folder} does not exist: create it, or name another with --strategies"
            raise UsageError(message)
        places.setdefault(folder.resolve(), folder)
    theses: dict[str, Thesis] = {}
    broken: list[Broken] = []
    for folder in places.values():
        for path in sorted(folder.glob("*.py")):
            if path.name.startswith(("_", ".")):
                continue
            found = load_file(path, workspace)
            if isinstance(found, Broken):
                broken.append(found)
                continue
            for thesis in found:
                other = theses.setdefault(thesis.name, thesis)
                if other is not thesis:
                    message = (
                        f"two theses are called {thesis.name!r}, {other.strategy.__qualname__} in {other.path} and "
                        f"{thesis.strategy.__qualname__} in {thesis.path}: rename one of the classes"
                    )
                    raise ThesisError(message)
    return Catalogue(MappingProxyType(dict(sorted(theses.items()))), tuple(broken), tuple(places.values()))


def load_file(path: Path, workspace: Path | None = None) -> tuple[Thesis, ...] | Broken:
    """Load the theses of one file, in the order in which it defines them."""
    where = str(path.resolve())
    name = f"{PREFIX}{path.stem}_{zlib.crc32(where.encode()):08x}"
    roots = tuple(folder.resolve() for folder in (path.parent, workspace) if folder is not None)
    try:
        loader = _Loader(name, where)
        spec = importlib.machinery.ModuleSpec(name, loader, origin=where)
        spec.has_location = True
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses and backtrader look their module up while it is being made
        with _siblings(path.parent.resolve(), roots) as imported:
            loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a file does, the others are loaded
        sys.modules.pop(name, None)
        return _broken(path, where, error)
    found = tuple(
        Thesis(*in_words(strategy), strategy, path, kind=kind, source=loader.text, modules=tuple(imported))
        for strategy, kind in _strategies(module)
    )
    if found:
        return found
    fault = (
        "it holds no thesis: define a class on backfolio.Strategy with targets(self, history), "
        "or start the file's name with _ if it is a helper"
    )
    return Broken(path, fault, fault)


def new_thesis(name: str, folder: Path) -> Path:
    """Write a working thesis to start from, and return its path.

    Parameters
    ----------
    name
        As in ``chip_cycle``, ``chip-cycle`` or ``ChipCycle``.
    folder
        Created where it does not exist.

    Raises
    ------
    UsageError
        If the name cannot be a class's, or there is such a thesis already.
    """
    word = _plain(name)
    title = "".join(part.capitalize() for part in word.split("_"))
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", word):
        message = f"{name!r} cannot name a thesis: give words of letters and digits joined by _, as in chip_cycle"
        raise UsageError(message)
    if snake_case(title) != word:
        message = f"{name!r} cannot name a thesis: its class {title} would be {snake_case(title)!r}; call it that"
        raise UsageError(message)
    if keyword.iskeyword(word) or keyword.iskeyword(title) or title in backfolio.__all__:
        message = f"{name!r} cannot name a thesis, the word is taken by Python or backfolio: choose another"
        raise UsageError(message)
    path = folder / f"{word}.py"
    taken = discover([folder]).theses.get(word) if folder.is_dir() else None
    if taken is not None or path.exists():
        message = f"there is a thesis {word!r} already, in {taken.path if taken else path}: choose another name"
        raise UsageError(message)
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(TEMPLATE.format(title=title))
    return path


TEMPLATE: Final = '''\
from backfolio import Claim, Exits, Param, Strategy, equal_weight, top


class {title}(Strategy):
    """Buy the strongest names of the theme after a catalyst.

    Say here in plain words what moves these names, why the market is slow to
    price it, and what would prove you wrong: the report prints it.
    """

    universe = "domestic-compute"
    exits = Exits(stop_loss=0.15)
    hold = Param(20, low=1, high=120, step=5, doc="sessions a catalyst stays fresh")
    names = Param(5, low=1, high=20, doc="most names held at once")
    # what must be seen if it is right, and what shows that it is wrong: state it before the first run
    claims = (Claim("Names rise for weeks after it.", horizon=20, least=0.02, kills=("random_names.p > 0.5",)),)

    def targets(self, history):
        fresh = history.catalysts("model_release", within=self.hold)
        strength = history.returns(20).where(fresh & history.tradable)
        weights = equal_weight(top(strength, self.names), slots=self.names)
        # a suspended name cannot be traded: what is held of it is left alone
        return weights.where(history.tradable | ~history.members)
'''


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles the text as it is now: no cached bytecode, no ``__pycache__`` beside the theses."""

    text = ""

    def get_code(self, fullname: str) -> CodeType | None:  # noqa: ARG002  the signature is importlib's
        data = self.get_data(self.path)
        code: CodeType = self.source_to_code(data, self.path)
        self.text = importlib.util.decode_source(data)
        return code


class _Finder:
    """Finds top-level modules in one folder, for names that nothing else has."""

    def __init__(self, folder: Path) -> None:
        self._finder = importlib.machinery.FileFinder(str(folder), (_Loader, importlib.machinery.SOURCE_SUFFIXES))

    def find_spec(self, name: str, path: Sequence[str] | None, _target: ModuleType | None = None) -> ModuleSpec | None:
        spec = self._finder.find_spec(name) if path is None else None
        return None if spec is None or spec.loader is None else spec


@contextmanager
def _siblings(folder: Path, roots: tuple[Path, ...]) -> Iterator[list[Module]]:
    """Let modules of `folder` be imported; on leaving, record and forget those imported from `roots`.

    Forgetting lets the next file, perhaps of another folder, have its own.
    """
    finder = _Finder(folder)
    before = set(sys.modules)
    imported: list[Module] = []
    sys.meta_path.append(finder)
    try:
        yield imported
    finally:
        sys.meta_path.remove(finder)
        for name in sorted(set(sys.modules) - before):
            path = _workspace_file(sys.modules[name], roots)
            if path is not None:
                loader = sys.modules.pop(name).__loader__
                text = loader.text if isinstance(loader, _Loader) else importlib.util.decode_source(path.read_bytes())
                imported.append(Module(name, path, text))


def _workspace_file(module: ModuleType, roots: tuple[Path, ...]) -> Path | None:
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or not file.endswith(".py"):
        return None
    path = Path(file).resolve()
    inside = any(path.is_relative_to(root) for root in roots)
    return path if inside and not any(path.is_relative_to(folder) for folder in FOREIGN) else None


def _strategies(module: ModuleType) -> Iterator[tuple[type, Kind]]:
    # A subclass of backtrader.Strategy exists only where the file has imported backtrader itself.
    plain = getattr(sys.modules.get("backtrader"), "Strategy", Strategy)
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    for strategy in dict.fromkeys(classes):
        if strategy.__module__ != module.__name__ or strategy.__name__.startswith("_"):
            continue
        if issubclass(strategy, Strategy):
            if strategy.targets is not Strategy.targets:
                yield strategy, "backfolio"
        elif issubclass(strategy, plain):
            yield strategy, "backtrader"


def _broken(path: Path, where: str, error: BaseException) -> Broken:
    own = error.__traceback__
    while own is not None and own.tb_frame.f_code.co_filename != where:
        own = own.tb_next
    lines = [frame.lineno for frame in traceback.extract_tb(own) if frame.filename == where]
    line = lines[-1] if lines else 0
    if isinstance(error, SyntaxError) and error.filename == where:
        line = error.lineno
    first = (str(error).splitlines() or [""])[0]
    text = "".join(traceback.format_exception(type(error), error, own))
    return Broken(path, f"{type(error).__name__}: {first}", text, line or 0)


def _plain(name: str) -> str:
    return snake_case(name).replace("-", "_")


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
