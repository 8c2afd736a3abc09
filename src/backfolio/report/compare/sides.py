"""One run as its folder tells it: the record, the account after every session, the fills."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from backfolio.errors import UsageError
from backfolio.ledger import Fill, Ledger, Refusal
from backfolio.money import MILLS, to_mills
from backfolio.report.gallery.comparable import Basis, basis_of
from backfolio.report.gallery.entry import table, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

MOST: Final = 1e12
"""CNY; an amount beyond it, or one that is no number, is a fault."""

FEES: Final = ("commission", "stamp_duty", "transfer_fee")


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """A run that is compared.

    Parameters
    ----------
    folder
        Where it lies.
    record
        What its ``run.json`` holds.
    ledger
        Its fills, refusals and account. The folder is not asked for positions,
        so those are 0 and mean nothing.
    knows_refusals
        Whether the folder says what was refused.
    """

    folder: Path
    record: Mapping[str, Any]
    ledger: Ledger
    knows_refusals: bool

    @property
    def headline(self) -> Mapping[str, Any]:
        """What its page says first."""
        told: Mapping[str, Any] = self.record["headline"]
        return told

    @property
    def run_id(self) -> str:
        """Name of the run."""
        return str(self.record["run_id"])

    @property
    def digits(self) -> str:
        """End of the name, which no other run has."""
        return self.run_id.rpartition("_")[2]

    @property
    def strategy(self) -> str:
        """Name of the thesis."""
        return str(self.record["strategy"])

    @property
    def basis(self) -> Basis:
        """What it rests on."""
        return basis_of(self.record, self.headline)

    @property
    def window(self) -> tuple[str, str]:
        """First and last session."""
        return str(self.ledger.sessions[0]), str(self.ledger.sessions[-1])


def read_side(folder: Path) -> Side:
    """Read the folder of a run: ``run.json``, ``equity.csv``, ``fills.csv``, and ``refusals.csv`` if it is there.

    Raises
    ------
    UsageError
        If a file is missing, or holds what a run does not write.
    """
    name = "run.json"
    try:
        record = json.loads((folder / name).read_bytes())
        _check_record(record)
        name = "equity.csv"
        sessions, cash, equity = _account(_rows(folder / name))
        name = "fills.csv"
        fills = _rows(folder / name)
        traded = {row["symbol"] for row in fills}
        name = "refusals.csv"
        known = (folder / name).is_file()
        refusals = _rows(folder / name) if known else []
        symbols = tuple(sorted(traded | {row["symbol"] for row in refusals}))
        places = (
            {str(day): at for at, day in enumerate(sessions)},
            {symbol: at for at, symbol in enumerate(symbols)},
        )
        refused = tuple(_refusal(row, *places) for row in refusals)
        name = "fills.csv"
        filled = tuple(_fill(row, *places) for row in fills)
    except (OSError, ValueError, KeyError, TypeError, csv.Error, RecursionError) as error:
        why = f"lacks {error}" if isinstance(error, KeyError) else _reason(error)
        message = f"{folder} is no whole report of a run: {name} {why}; run it again"
        raise UsageError(message) from error
    nothing = np.zeros((len(sessions), len(symbols)), dtype=np.int64)
    ledger = Ledger(
        sessions=sessions,
        symbols=symbols,
        fills=filled,
        refusals=refused,
        cash=cash,
        equity=equity,
        positions=nothing,
        mark=nothing.copy(),
        start_cash=round(float(record["market"]["cash"]) * MILLS),
        dividends=np.zeros(len(sessions), dtype=np.int64),
    )
    return Side(folder, record, ledger, known)


def _check_record(record: object) -> None:
    if not isinstance(record, dict):
        message = "holds no table"
        raise ValueError(message)  # noqa: TRY004  a fault of a file, whichever it is
    for name in ("run_id", "strategy"):
        text(record, name)
    for name in ("headline", "market", "params"):
        table(record, name)
    table(record["headline"], "metrics")
    float(record["market"]["cash"])


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def _account(
    rows: Sequence[Mapping[str, str]],
) -> tuple[NDArray[np.datetime64], NDArray[np.int64], NDArray[np.int64]]:
    if not rows:
        message = "has no session"
        raise ValueError(message)
    sessions = np.array([row["session"] for row in rows], dtype="datetime64[D]")
    if not (sessions[1:] > sessions[:-1]).all():
        message = "has sessions out of order"
        raise ValueError(message)
    cash, equity = (_mills([row[name] for row in rows]) for name in ("cash", "equity"))
    return sessions, cash, equity


def _fill(row: Mapping[str, str], sessions: Mapping[str, int], symbols: Mapping[str, int]) -> Fill:
    price, commission, stamp_duty, transfer_fee = _mills([row[name] for name in ("price", *FEES)]).tolist()
    return Fill(
        session=sessions[row["session"]],
        symbol=symbols[row["symbol"]],
        side=_side(row["side"]),
        shares=int(row["shares"]),
        price=price,
        commission=commission,
        stamp_duty=stamp_duty,
        transfer_fee=transfer_fee,
        dividend_tax=int(_mills([row.get("dividend_tax") or "0"])[0]),
        reason=row["reason"],
    )


def _refusal(row: Mapping[str, str], sessions: Mapping[str, int], symbols: Mapping[str, int]) -> Refusal:
    return Refusal(
        sessions[row["session"]], symbols[row["symbol"]], _side(row["side"]), int(row["shares"]), row["reason"]
    )


def _mills(cells: Sequence[str]) -> NDArray[np.int64]:
    amounts = np.array([float(cell) for cell in cells])
    if not (np.abs(amounts) < MOST).all():
        message = "has an amount that no account has"
        raise ValueError(message)
    return to_mills(amounts)


def _side(word: str) -> str:
    if word not in {"buy", "sell"}:
        message = f"has a side {word!r}"
        raise ValueError(message)
    return word


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "is not there"
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
        return "is no JSON"
    return str(error)
