"""A thesis as text: what another process, or another machine, needs to have the same class.

Theses are loaded by path and live in no importable module, so a class cannot
travel by its name; its text, and that of the workspace modules it imports, can.
"""

from __future__ import annotations

import importlib.machinery
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Final, cast

from backfolio.errors import ThesisError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec

    from backfolio.backtest import ThesisFile
    from backfolio.strategy import Strategy


LOADED: Final = 8
"""Theses that a process keeps loaded: a worker of a cluster may serve many tunes."""


@dataclass(frozen=True, slots=True)
class Code:
    """The text of a thesis.

    Parameters
    ----------
    name
        Name of the class.
    module
        Name of the module it was loaded as.
    path
        Its file, for tracebacks; it need not be there.
    source
        Text of the file.
    modules
        Name and text of every workspace module that it imports.
    """

    name: str
    module: str
    path: str
    source: str
    modules: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, thesis: ThesisFile) -> Code:
        """Return the text of a thesis that was found in a file."""
        return cls(
            name=thesis.strategy.__name__,
            module=thesis.strategy.__module__,
            path=str(thesis.path),
            source=thesis.source,
            modules=tuple((module.name, module.source) for module in thesis.modules),
        )

    def load(self) -> type[Strategy]:
        """Return the class, the same each time while no more than `LOADED` others are loaded.

        Raises
        ------
        ThesisError
            If the text does not run here.
        """
        return _load(self)


@lru_cache(maxsize=LOADED)
def _load(code: Code) -> type[Strategy]:
    module = ModuleType(code.module)
    module.__file__ = code.path
    sys.modules[code.module] = module  # dataclasses look their module up while it is being made
    try:
        with _modules(code):
            exec(compile(code.source, code.path, "exec"), module.__dict__)  # noqa: S102  the user's own thesis
        return cast("type[Strategy]", getattr(module, code.name))
    except Exception as error:
        sys.modules.pop(code.module, None)
        message = f"{code.path} cannot be loaded in another process ({type(error).__name__}: {error}): mend it there"
        raise ThesisError(message) from error


@contextmanager
def _modules(code: Code) -> Iterator[None]:
    """Let the thesis import its modules from their text; forget them on leaving, as `discover` does."""
    finder = _Finder(dict(code.modules), code.path)
    before = {name: sys.modules.pop(name) for name in finder.names if name in sys.modules}
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in finder.names:
            sys.modules.pop(name, None)
        sys.modules.update(before)


class _Finder:
    """Finds modules among texts; a folder without text of its own is a package all the same."""

    def __init__(self, texts: dict[str, str], path: str) -> None:
        self.texts = texts
        self.path = path
        parents = {name.rpartition(".")[0] for name in texts} - {""}
        parents |= {parent[:at] for parent in parents for at, letter in enumerate(parent) if letter == "."}
        self.packages = parents
        self.names = parents | set(texts)

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002  the signature is importlib's
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if name not in self.names:
            return None
        return importlib.machinery.ModuleSpec(name, self, origin=self.path, is_package=name in self.packages)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave the making to Python."""

    def exec_module(self, module: ModuleType) -> None:
        text = self.texts.get(module.__name__, "")
        where = f"{self.path}:{module.__name__}"
        exec(compile(text, where, "exec"), module.__dict__)  # noqa: S102  the user's own module
