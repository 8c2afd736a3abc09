"""backfolio: thesis-driven portfolio backtests of Chinese A-shares.

Names are loaded when they are first used, so that ``import backfolio`` costs
nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backfolio.catalysts import Catalyst
    from backfolio.history import History
    from backfolio.strategy import Claim, Param, Strategy
    from backfolio.targets import Exits
    from backfolio.weights import cap, equal_weight, inverse_volatility, top

    __version__: str

__all__ = [
    "Catalyst",
    "Claim",
    "Exits",
    "History",
    "Param",
    "Strategy",
    "__version__",
    "cap",
    "equal_weight",
    "inverse_volatility",
    "top",
]

_HOMES = {
    "Catalyst": "catalysts",
    "Claim": "strategy",
    "Exits": "targets",
    "History": "history",
    "Param": "strategy",
    "Strategy": "strategy",
    "cap": "weights",
    "equal_weight": "weights",
    "inverse_volatility": "weights",
    "top": "weights",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415  reads files: only when asked

        value: object = version("backfolio")
    elif name in _HOMES:
        value = getattr(importlib.import_module(f"backfolio.{_HOMES[name]}"), name)
    else:
        message = f"module 'backfolio' has no attribute {name!r}"
        raise AttributeError(message)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
