"""A thesis under audit, and how it is asked."""

from __future__ import annotations

import io
import warnings
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backfolio.errors import ThesisError
from backfolio.strategy.emission import checked_weights, to_points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from backfolio.history import History
    from backfolio.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Subject:
    """A thesis under audit.

    Parameters
    ----------
    name
        As on the command line.
    fresh
        Returns the thesis built anew, best from its file loaded anew, so that
        nothing it kept from one question is there for the next.
    files
        Path to text of the thesis' file and of every module it imports from the
        workspace; paths as code objects name them.
    """

    name: str
    fresh: Callable[[], Strategy]
    files: Mapping[str, str]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep a thesis that is asked a hundred times from printing and warning a hundred times."""
    with redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def ask(strategy: Strategy, history: History) -> NDArray[np.int16]:
    """Return the targets of every session, int16 basis points, sessions x symbols, -1 = leave alone.

    Not those that are emitted, which are fewer: a row that changes is seen here
    on that row alone.

    Raises
    ------
    ThesisError
        If the thesis fails.
    """
    try:
        with quiet():
            return to_points(checked_weights(strategy.targets(history), history))
    except Exception as error:
        message = f"{strategy.name}: {type(error).__name__}: {error}"
        raise ThesisError(message) from error
