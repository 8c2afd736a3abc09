"""The one place where rules meet numba: what compiled code may call, and where it is kept.

Nothing is compiled before it is needed, and numba is imported only then. The
functions stay what they are: Python, here and in `replay`, runs the very text
that numba compiles.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from backfolio import ashare, book, money
from backfolio.ashare import fees, fill, limits, lots
from backfolio.sweep import loop, measures

if TYPE_CHECKING:
    from collections.abc import Callable

RULES: Final = (
    money.half_up,
    money.half_up_ratio,
    money.part_of,
    lots.whole_lots,
    limits.limit_prices,
    fees.half_up_rate,
    fees.commission,
    fees.stamp_duty,
    fees.transfer_fee,
    fill.refused,
    fill.slipped,
    fill.volume_cap,
    fill.fees,
    fill.affordable,
    fill.sell_shares,
    fill.buy_shares,
    fill.trade,
    book.order_shares,
    book.has_price,
    book.sells_all,
    book.shares_at_open,
    book.tries,
    book.stands,
    book.sellable,
    book.left_exchange,
    book.priority,
    book.exit_reason,
    book.exit_levels,
    book.fired_exit,
    book.least_part,
    book.entitlement,
    book.restated_peak,
    book.payment,
    book.cost_after_sale,
    book.spread_dividend,
    book.tax_on_sale,
)
"""Every rule on whole numbers: compiled code may call each of them."""

HELPERS: Final = (*loop.HELPERS, *measures.HELPERS)
"""What the loop itself is made of."""

OPTIONS: Final = {"nogil": True, "error_model": "numpy", "_nrt": False}
"""How the loop is compiled: free of the interpreter's lock, without a test for 0 before each division, and without
counting references. It allocates nothing, and the counts of arrays that threads share were two thirds of its time."""

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_LOCK: Final = threading.Lock()


def sources() -> tuple[Path, ...]:
    """Return the files whose text is in the machine code: `money`, `book`, all of `ashare` and of `sweep`."""
    folders = [Path(package).parent for package in (ashare.__file__, __file__)]
    alone = [_PACKAGE / "money.py", _PACKAGE / "book.py", _PACKAGE / "settings.py"]
    return tuple(sorted([*alone, *(path for folder in folders for path in folder.glob("*.py"))]))


def cache_key() -> str:
    """Return 16 hex digits over all that machine code depends on.

    numba looks only at the file of the function it compiles; a rule changed in
    another file would leave stale code. So the text of every file that goes
    in, Python's and numba's versions and the processor name the folder.
    """
    import llvmlite.binding  # noqa: PLC0415  only where something is compiled
    import numba  # noqa: PLC0415

    digest = hashlib.blake2b(digest_size=8)
    processor = (llvmlite.binding.get_host_cpu_name(), llvmlite.binding.get_host_cpu_features().flatten())
    digest.update(repr((sys.version, numba.__version__, llvmlite.binding.llvm_version_info, processor)).encode())
    for path in sources():
        text = path.read_bytes()
        digest.update(f"{path.relative_to(_PACKAGE).as_posix()} {len(text)}\n".encode())
        digest.update(text)
    return digest.hexdigest()


@cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function as numba compiles it (see `OPTIONS`).

    Machine code is kept on disk where there is a folder to write to (numba's
    ``NUMBA_CACHE_DIR``, else ``__pycache__`` here, else the user's cache), and
    compiled again in every process where there is none.
    """
    import numba  # noqa: PLC0415  a third of a second

    njit: Any = numba.njit
    config: Any = numba.config
    with _LOCK:
        register()
        folder = _folder()
        before = config.CACHE_DIR
        config.CACHE_DIR = str(folder or "")
        try:
            made: Callable[..., Any] = njit(cache=folder is not None, **OPTIONS)(function)
        finally:
            config.CACHE_DIR = before
    return made


def is_kept() -> bool:
    """Tell whether the loop's machine code is on the disk: where it is not, the next trial waits for it."""
    folder = _folder()
    return folder is not None and any(folder.rglob("*.nbc"))


@cache
def register() -> None:
    """Let compiled code call the rules and the helpers of the loop.

    Each is compiled into its caller: a call would hand over some fifty arrays,
    which took half of the loop's time.
    """
    from numba.extending import register_jitable  # noqa: PLC0415

    for function in (*RULES, *HELPERS):
        register_jitable(forceinline=True)(function)


@cache
def _folder() -> Path | None:
    import numba  # noqa: PLC0415

    config: Any = numba.config
    given = config.CACHE_DIR
    places = [Path(given)] if given else [Path(__file__).parent / "__pycache__", _user_cache()]
    name = f"backfolio-{cache_key()}"
    for place in places:
        folder = place / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "backfolio"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "backfolio"
