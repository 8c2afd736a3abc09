"""sina's replies, read without trusting them.

Two things that akshare does with them are dangerous. It hands a script of
factors to Python's `eval`, which would run whatever stands there, and it lets
a JavaScript decoder run on packed bars without a limit of time or memory,
which a garbled reply can keep busy for ever. `guarded` takes both away while akshare's
own functions run. And where akshare's table of bars is not what the host sent
(it drops rows that repeat and adds days on which nothing traded), `unpacked`
gives the bars as they came.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from backfolio.source.akshare.contract import numbers
from backfolio.source.akshare.library import library

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

PATIENCE: Final = 3_000
"""Milliseconds for the decoder; thirty-five years of bars take it some 150. (The engine's own limit of memory
is not used: with it every call lasts as long as the limit of time.)"""

_READERS: Final = ("akshare.stock.stock_zh_a_sina", "akshare.index.index_stock_zh")
"""The modules of akshare that read what sina packs."""


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """While the block runs, akshare takes sina's scripts for data only, and decodes for `PATIENCE` at most."""
    library()
    modules = [importlib.import_module(name) for name in _READERS]
    engines = [module.py_mini_racer for module in modules]
    for module, engine in zip(modules, engines, strict=True):
        setattr(module, "eval", ast.literal_eval)  # noqa: B010  a module's global: it hides Python's own
        module.py_mini_racer = _patient(engine)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for module, engine in zip(modules, engines, strict=True):
            delattr(module, "eval")
            module.py_mini_racer = engine  # type: ignore[attr-defined]


def unpacked(body: bytes) -> pd.DataFrame:
    """Return the bars of a ``klc_kl.js`` as they came, by the decoder that akshare carries.

    Returns
    -------
    DataFrame
        ``date`` (``datetime64[s]``), ``open``, ``high``, ``low``, ``close``,
        ``volume``, and where the packing has it ``amount``: float64. Sessions
        may be missing, stand twice or in any order: nothing is checked.

    Raises
    ------
    ValueError
        If it holds no bars that can be read.
    """
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    library()
    cons = importlib.import_module("akshare.stock.cons")
    engine = _patient(importlib.import_module(_READERS[0]).py_mini_racer).MiniRacer()
    packed = body.decode("utf-8", "replace").partition("=")[2].partition(";")[0].replace('"', "")
    try:
        engine.eval(cons.hk_js_decode)
        rows = engine.call("d", packed)
    except Exception as error:  # the engine's errors have no base of their own: each is a reply that cannot be read
        message = f"the packed bars cannot be read: {type(error).__name__}: {error}"
        raise ValueError(message) from error
    if not rows:
        message = "the packed bars hold nothing, or end before their end mark"
        raise ValueError(message)
    came = pd.DataFrame(rows)
    lacking = [name for name in ("date", "open", "high", "low", "close", "volume") if name not in came]
    if lacking:
        message = f"the packed bars are not daily bars: no {', '.join(lacking)}"
        raise ValueError(message)
    instants = pd.to_datetime(came["date"], errors="coerce", utc=True)
    columns = [name for name in ("open", "high", "low", "close", "volume", "amount") if name in came]
    day = instants.dt.tz_localize(None).dt.normalize().astype("datetime64[s]")
    return pd.DataFrame({"date": day, **{name: numbers(came[name]) for name in columns}})


def _patient(racer: Any) -> SimpleNamespace:  # noqa: ANN401  a module without types
    """Return the JavaScript engine's module with a limit of time on every call."""

    def call(self: Any, *given: Any, **options: Any) -> Any:  # noqa: ANN401
        return racer.MiniRacer.call(self, *given, **{"timeout": PATIENCE, **options})

    return SimpleNamespace(MiniRacer=type("MiniRacer", (racer.MiniRacer,), {"call": call}))
