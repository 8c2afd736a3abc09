"""Settings of a command: defaults, then ``backfolio.toml``, then flags.

Each value remembers where it came from; `show-config` prints both.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from backfolio.errors import UsageError, did_you_mean
from backfolio.settings import MarketSettings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
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
    "lang": ("en", (str,), "en or zh"),
    "up_colour": ("red", (str,), "red or green"),
}
"""Key to (default, types, what is allowed); the flags of `run` and the keys of ``[run]``."""

DRAWN: Final = ("report", "tearsheet", "lang", "up_colour")
"""Settings that change what is written of a run, not the run."""

CHOICES: Final = {"lang": ("en", "zh"), "up_colour": ("red", "green")}
"""Settings of pages with few values; they are asked for even where no page comes of it."""


@dataclass(frozen=True, slots=True)
class Config:
    """Values by key, where each came from, and parameters by thesis.

    Parameters
    ----------
    values
        Every key of `OPTIONS`; None where a thing is not chosen.
    origins
        Key to "default", the settings file, or "flag".
    params
        Thesis to parameter values, from the tables ``[params.THESIS]``.
    filed
        What the settings file says, by key, whether or not a flag wins over it.
    """

    values: Mapping[str, Any]
    origins: Mapping[str, str]
    params: Mapping[str, Mapping[str, object]]
    filed: Mapping[str, Any] = field(default_factory=dict)

    def market(self) -> MarketSettings:
        """Return the market settings; raises `UsageError` if one is not allowed."""
        names = MarketSettings.__dataclass_fields__
        return MarketSettings(**{name: self.values[name] for name in names})

    def flags(self, *, without: Collection[str] = (), always: Collection[str] = ()) -> list[str]:
        """Return the flags that make the same run, beside this settings file and without one.

        What is written of a run (`DRAWN`) is left out.

        Parameters
        ----------
        without
            Keys that are said in another way.
        always
            Keys that are written even where they have their default.
        """
        words: list[str] = []
        for key, (default, _, _) in OPTIONS.items():
            value = self.values[key]
            silent = value == default and self.filed.get(key, default) == default and key not in always
            if not silent and key not in DRAWN and key not in without:
                words += _words("--" + key.replace("_", "-"), value)
        return words


def load_config(workspace: Path, flags: Mapping[str, Any]) -> Config:
    """Read the settings file, if there is one, and lay the flags over it.

    Parameters
    ----------
    workspace
        Folder of the settings file.
    flags
        Values by key; None was not given, and "" takes back a date or a
        benchmark that the file sets.

    Raises
    ------
    UsageError
        If the file is not TOML, or a key or a value's type is not known, or a
        setting of `CHOICES` has another value.
    """
    values = {key: default for key, (default, _, _) in OPTIONS.items()}
    origins = dict.fromkeys(OPTIONS, DEFAULT)
    path = workspace / FILE
    filed: dict[str, Any] = {}
    params: dict[str, Mapping[str, object]] = {}
    if path.is_file():
        table = _read(path)
        for key, value in table.get("run", {}).items():
            values[key] = filed[key] = _checked(key, value, path)
            origins[key] = FILE
        params = table.get("params", {})
        for thesis, chosen in params.items():
            if not isinstance(chosen, dict):
                message = f"{path}: params.{thesis} is {chosen!r}: write a table, [params.{thesis}]"
                raise UsageError(message)
    for key, value in flags.items():
        if value is not None:
            values[key] = None if value == "" and OPTIONS[key][0] is None else value
            origins[key] = FLAG
    for key, allowed in CHOICES.items():
        if values[key] not in allowed:
            where = "--" + key.replace("_", "-") if origins[key] == FLAG else f"{path}: {key}"
            near = did_you_mean(values[key], allowed)
            message = f"{where} is {values[key]!r}{near}: give {' or '.join(allowed)}"
            raise UsageError(message)
    return Config(values, origins, params, filed)


def _words(flag: str, value: Any) -> list[str]:  # noqa: ANN401  of any option
    """Return a flag with its value, so that it reads back the same."""
    if isinstance(value, bool):
        return [flag if value else flag.replace("--", "--no-", 1)]
    if isinstance(value, list):
        return [word for item in value for word in (flag, item)]
    if isinstance(value, float):
        return [flag, str(int(value)) if value.is_integer() else repr(value)]
    return [flag, "" if value is None else str(value)]


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
