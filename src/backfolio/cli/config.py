"""Settings of a command: defaults, then ``backfolio.toml``, then flags.

Each value remembers where it came from; `show-config` prints both.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from backfolio.errors import UsageError, did_you_mean
from backfolio.settings import MarketSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE: Final = "backfolio.toml"
DEFAULT: Final = "default"
FLAG: Final = "flag"

_MARKET: Final = MarketSettings()

OPTIONS: Final[dict[str, tuple[Any, tuple[type, ...], str]]] = {
    "data": ("sample", (str,), "sample, store, or the path of data in the import format"),
    "strategies": ([], (list,), "a list of more folders with theses"),
    "reports": ("reports", (str,), "the folder where reports go"),
    "start": (None, (str,), "a date, YYYY-MM-DD"),
    "end": (None, (str,), "a date, YYYY-MM-DD"),
    "benchmark": (None, (str,), "an index symbol of the data"),
    "cash": (_MARKET.cash, (int, float), "CNY"),
    "slippage": (_MARKET.slippage, (int,), "whole basis points"),
    "participation": (_MARKET.participation, (int, float), "a fraction of the session's volume"),
    "chase": (_MARKET.chase, (int,), "whole sessions"),
    "price": (_MARKET.price, (str,), "open or vwap"),
    "commission": (_MARKET.commission, (int, float), "a fraction of the value"),
    "min_commission": (_MARKET.min_commission, (int, float), "CNY"),
    "dividend_tax": (_MARKET.dividend_tax, (bool,), "true or false"),
    "report": (True, (bool,), "true or false"),
    "tearsheet": (True, (bool,), "true or false"),
}
"""Key to (default, types, what is allowed); the flags of `run` and the keys of ``[run]``."""


@dataclass(frozen=True, slots=True)
class Config:
    """Values by key, where each came from, and parameters by thesis.

    Parameters
    ----------
    values
        Every key of `OPTIONS`.
    origins
        Key to "default", the settings file, or "flag".
    params
        Thesis to parameter values, from the tables ``[params.THESIS]``.
    """

    values: Mapping[str, Any]
    origins: Mapping[str, str]
    params: Mapping[str, Mapping[str, object]]

    def market(self) -> MarketSettings:
        """Return the market settings; raises `UsageError` if one is not allowed."""
        names = MarketSettings.__dataclass_fields__
        return MarketSettings(**{name: self.values[name] for name in names})

    def flags(self) -> list[str]:
        """Return the flags that make the same run without a settings file."""
        words: list[str] = []
        for key, (default, _, _) in OPTIONS.items():
            value = self.values[key]
            if value == default or key in {"report", "tearsheet"}:
                continue
            flag = "--" + key.replace("_", "-")
            if value is True:
                words.append(flag)
            else:
                for item in value if isinstance(value, list) else [value]:
                    words += [flag, f"{item:g}" if isinstance(item, float) else str(item)]
        return words


def load_config(workspace: Path, flags: Mapping[str, Any]) -> Config:
    """Read the settings file, if there is one, and lay the flags over it.

    Parameters
    ----------
    workspace
        Folder of the settings file.
    flags
        Values by key; None was not given.

    Raises
    ------
    UsageError
        If the file is not TOML, or a key or a value's type is not known.
    """
    values = {key: default for key, (default, _, _) in OPTIONS.items()}
    origins = dict.fromkeys(OPTIONS, DEFAULT)
    path = workspace / FILE
    params: dict[str, Mapping[str, object]] = {}
    if path.is_file():
        table = _read(path)
        for key, value in table.get("run", {}).items():
            values[key] = _checked(key, value, path)
            origins[key] = FILE
        params = table.get("params", {})
        for thesis, chosen in params.items():
            if not isinstance(chosen, dict):
                message = f"{path}: params.{thesis} is {chosen!r}: write a table, [params.{thesis}]"
                raise UsageError(message)
    for key, value in flags.items():
        if value is not None:
            values[key] = value
            origins[key] = FLAG
    return Config(values, origins, params)


def _read(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path} is not valid TOML ({error}): mend that line, or move the file away"
        raise UsageError(message) from None
    for key in table:
        if key not in {"run", "params"}:
            near = did_you_mean(key, ["run", "params"])
            message = f"{path} has a table [{key}]{near}: allowed are [run] and [params.THESIS]"
            raise UsageError(message)
        if not isinstance(table[key], dict):
            message = f"{path}: {key} is {table[key]!r}: write a table, [{key}]"
            raise UsageError(message)
    return table


def _checked(key: str, value: object, path: Path) -> object:
    if key not in OPTIONS:
        near = did_you_mean(key, OPTIONS)
        message = f"{path} sets {key!r}, which is no setting{near}: choose from {', '.join(OPTIONS)}"
        raise UsageError(message)
    _, types, allowed = OPTIONS[key]
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        message = f"{path}: {key} is {value!r}: give {allowed}"
        raise UsageError(message)
    return value
