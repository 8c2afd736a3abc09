"""`Bars`: what the exchange printed, as sessions x symbols arrays of integers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Bars:
    """Raw daily bars, limits and corporate actions of many symbols.

    All arrays are sessions x symbols unless said otherwise, and read-only.
    Prices are mills (0.001 CNY); 0 stands where there is no bar.

    Parameters
    ----------
    sessions
        ``datetime64[D]``, (sessions,), every session of the exchange from the
        first to the last.
    symbols
        Sorted, as in ``688256.SH``.
    names
        Symbol to name, as the data has it ("" where it has none).
    traded
        bool; False before listing, in a suspension, after delisting.
    open, high, low, close
        int64 mills.
    volume
        int64 shares.
    amount
        int64 mills; -1 where unknown.
    reference
        int64 mills: the exchange's reference price of the session (previous
        close, or ex-rights price on an ex-date); 0 where unknown. Also set on
        an ex-date without a bar.
    up, down
        int64 mills: limit prices where `limit_state` is ``LIMITED``, else 0.
    limit_state
        int8: `ashare.UNKNOWN`, `ashare.LIMITED` or `ashare.UNLIMITED`.
    mark
        int64 mills: last close, moved to the reference price where an ex-date
        passes without a bar; 0 before the first bar and once delisted.
    st
        bool: under risk warning.
    cash_per_share, share_ratio
        int64, 1e-7 CNY and 1e-7 shares per share, of an ex-date with known split.
    ratio_only
        bool: an ex-date where only the price ratio is known; the difference
        between previous close (`mark` of the session before) and `reference`
        is paid as cash.
    factor
        float64: adjustment factor, 1 at a symbol's first bar; adjusted price =
        raw price x factor. Made from reference prices, so that no later bar
        changes it.
    listed
        ``datetime64[D]``, (symbols,); NaT = before the data.
    listing_assumed
        bool, (symbols,): no listing row; assumed from the first bar.
    delisted
        ``datetime64[D]``, (symbols,); NaT = not delisted.
    st_unknown
        bool, (symbols,): of a bar the data does not say whether the symbol was
        under risk warning; it is then taken as it was before, at first as not.
    index_close
        Index symbol to float64 (sessions,) closes in points; NaN = no bar.
    index_names
        Index symbol to name.
    """

    sessions: NDArray[np.datetime64]
    symbols: tuple[str, ...]
    names: Mapping[str, str]
    traded: NDArray[np.bool_]
    open: NDArray[np.int64]
    high: NDArray[np.int64]
    low: NDArray[np.int64]
    close: NDArray[np.int64]
    volume: NDArray[np.int64]
    amount: NDArray[np.int64]
    reference: NDArray[np.int64]
    up: NDArray[np.int64]
    down: NDArray[np.int64]
    limit_state: NDArray[np.int8]
    mark: NDArray[np.int64]
    st: NDArray[np.bool_]
    cash_per_share: NDArray[np.int64]
    share_ratio: NDArray[np.int64]
    ratio_only: NDArray[np.bool_]
    factor: NDArray[np.float64]
    listed: NDArray[np.datetime64]
    listing_assumed: NDArray[np.bool_]
    delisted: NDArray[np.datetime64]
    st_unknown: NDArray[np.bool_]
    index_close: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    index_names: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self._array_names():
            getattr(self, name).setflags(write=False)
        for closes in self.index_close.values():
            closes.setflags(write=False)

    @property
    def shape(self) -> tuple[int, int]:
        """Sessions and symbols."""
        return len(self.sessions), len(self.symbols)

    def rows(self, first: int, stop: int) -> Bars:
        """Return the sessions ``first:stop`` as views of the same memory."""
        sliced = {name: getattr(self, name)[first:stop] for name in self._array_names() if self._by_session(name)}
        index_close = {symbol: closes[first:stop] for symbol, closes in self.index_close.items()}
        return replace(self, **sliced, index_close=index_close)

    def columns(self, symbols: tuple[str, ...]) -> Bars:
        """Return only `symbols` (sorted, all present), as copies."""
        place = {symbol: at for at, symbol in enumerate(self.symbols)}
        at = np.array([place[symbol] for symbol in symbols], dtype=np.intp)
        cut: dict[str, Any] = {
            name: np.ascontiguousarray(getattr(self, name)[..., at])
            for name in self._array_names()
            if name != "sessions"
        }
        names = {symbol: self.names.get(symbol, "") for symbol in symbols}
        return replace(self, symbols=tuple(symbols), names=names, **cut)

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits over every number, date and name here; the data's identity."""
        digest = hashlib.blake2b(digest_size=8)
        digest.update("\n".join(self.symbols).encode())
        said = (sorted(self.names.items()), sorted(self.index_names.items()))
        digest.update(repr(said).encode())
        for name in self._array_names():
            array = np.ascontiguousarray(getattr(self, name))
            digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
            digest.update(array.view(np.uint8).data if array.size else b"")
        for symbol in sorted(self.index_close):
            digest.update(symbol.encode())
            digest.update(np.ascontiguousarray(self.index_close[symbol]).view(np.uint8).data)
        return digest.hexdigest()

    @staticmethod
    def _array_names() -> list[str]:
        apart = {"symbols", "names", "index_close", "index_names"}
        return [entry.name for entry in fields(Bars) if entry.name not in apart]

    @staticmethod
    def _by_session(name: str) -> bool:
        return name not in {"listed", "listing_assumed", "delisted", "st_unknown"}
