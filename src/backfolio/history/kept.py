"""Arrays made once and kept, so that a thesis evaluated again asks for them for nothing."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable

    from numpy.typing import NDArray

MOST_BYTES: Final = 128_000_000
"""Of arrays kept: a sweep over many spans must not fill the memory."""

LEAST_KEPT: Final = 8
"""Arrays kept however large they are: what one evaluation of a thesis asks for more than once."""


class Kept:
    """Read-only arrays by key; those asked for last are kept.

    Threads may ask at the same time. A pickle or a copy of it is empty: what is
    kept can be made again.

    Parameters
    ----------
    most_bytes
        Beyond it the arrays that were not asked for the longest go.
    least
        Arrays that are kept in any case.
    """

    def __init__(self, most_bytes: int = MOST_BYTES, least: int = LEAST_KEPT) -> None:
        self._most_bytes = most_bytes
        self._least = least
        self._bytes = 0
        self._arrays: OrderedDict[Hashable, NDArray[Any]] = OrderedDict()
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[Kept], tuple[int, int]]:
        return Kept, (self._most_bytes, self._least)

    def __len__(self) -> int:
        return len(self._arrays)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays kept."""
        return self._bytes

    def array(self, key: Hashable, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Return the array of a key, made where it is not kept; it cannot be written."""
        with self._lock:
            found = self._arrays.get(key)
            if found is not None:
                self._arrays.move_to_end(key)
                return found
        # made outside of the lock, for it may ask for other arrays
        made = make()
        made.setflags(write=False)
        with self._lock:
            kept = self._arrays.setdefault(key, made)  # another thread may have been first
            if kept is made:
                self._bytes += made.nbytes
                self._forget()
        return kept

    def rows(self, stop: int) -> Kept:
        """Return what is kept at present, each array cut to its first rows; views of the same memory."""
        cut = Kept(self._most_bytes, self._least)
        with self._lock:
            cut._arrays.update((key, array[:stop]) for key, array in self._arrays.items())
        cut._bytes = sum(array.nbytes for array in cut._arrays.values())
        return cut

    def without(self, names: Collection[str]) -> Kept:
        """Return what is kept at present, but for the arrays whose key is, or begins with, one of these names."""
        part = Kept(self._most_bytes, self._least)
        with self._lock:
            for key, array in self._arrays.items():
                if (key[0] if isinstance(key, tuple) else key) not in names:
                    part._arrays[key] = array
                    part._bytes += array.nbytes
        return part

    def _forget(self) -> None:
        while self._bytes > self._most_bytes and len(self._arrays) > self._least:
            _, array = self._arrays.popitem(last=False)
            self._bytes -= array.nbytes
