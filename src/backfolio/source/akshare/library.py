"""akshare itself: imported when it is first asked for, its progress bars kept quiet."""

from __future__ import annotations

import importlib.metadata
import sys
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


@lru_cache(maxsize=1)
def library() -> Any:  # noqa: ANN401  a module without types
    """Return akshare; its import takes more than a second."""
    with warnings.catch_warnings():
        # It warns of what a later pandas or Python will change inside it.
        warnings.simplefilter("ignore")
        import akshare  # noqa: PLC0415  as late as every heavy import

    # It draws its own progress bars through this function, which its modules import by name.
    for name, module in list(sys.modules.items()):
        if name.startswith("akshare.") and hasattr(module, "get_tqdm"):
            module.get_tqdm = _no_bars  # type: ignore[attr-defined]
    return akshare


@lru_cache(maxsize=1)
def version() -> str:
    """Return akshare's version, without importing it."""
    return importlib.metadata.version("akshare")


def _no_bars(enable: bool = True) -> Any:  # noqa: ANN401, ARG001, FBT001, FBT002  the shape of akshare's own
    def bare(iterable: Iterable[Any], *_: Any, **__: Any) -> Iterable[Any]:  # noqa: ANN401
        return iterable

    return bare
