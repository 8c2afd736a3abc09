"""`export`: the store, or some of its symbols, as a folder in the import format."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, get_args

from backfolio import store
from backfolio.bars.frames import FORMS
from backfolio.errors import StoreError, UsageError, command, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from backfolio.bars import Tables
    from backfolio.quality import Finding

FileForm = Literal["parquet", "csv"]

ALWAYS_CSV: Final = ("ex_rights", "listings", "st_spells", "accepted")
"""Tables of a few rows, which a reader may want to open."""

FLAGS: Final = ("is_st", "traded", "assumed")
"""Columns that say 0 or 1 and may say nothing."""


def export(folder: Path, target: Path, symbols: Sequence[str] | None = None, form: FileForm = "parquet") -> list[Path]:
    """Write what the store holds in the import format.

    The same store gives the same bytes, and importing them into an empty store
    gives a store that exports them again.

    Parameters
    ----------
    folder
        Of the store.
    target
        A folder that is not there yet, or is empty; it appears whole or not at
        all.
    symbols
        Which symbols; None = all that have bars.
    form
        Of bars and indexes; corporate actions and listings are always CSV.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    UsageError
        If `target` holds something, a symbol has no bars in the store, or the
        form is unknown.
    StoreError
        If there is no store, or the files cannot be written.
    """
    if form not in get_args(FileForm):
        message = f"--format {form!r}: no such format{did_you_mean(form, get_args(FileForm))}; give parquet or csv"
        raise UsageError(message)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        message = f"{target} is there already and not an empty folder: name a new one, or empty it"
        raise UsageError(message)
    with store.reading(folder) as reader:
        held = reader.symbols()
        for symbol in symbols or ():
            if symbol not in held:
                message = (
                    f"symbol {symbol!r}: the store has no bars of it{did_you_mean(symbol, held)}; "
                    f"{command('data')} lists what is there, {command('fetch --symbols')} brings more"
                )
                raise UsageError(message)
        if not held:
            message = (
                f"the store in {folder} holds no bars: bring some with {command('fetch')} or {command('import PATH')}"
            )
            raise StoreError(message)
        chosen = None if symbols is None else tuple(sorted(set(symbols)))
        tables = replace(
            reader.tables(chosen, derived=False), accepted=_accepted(reader.findings(chosen), reader.indexes())
        )
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        beside.mkdir(parents=True)
        names = [_write(tables, table, beside, form) for table in FORMS]
        if target.exists():
            target.rmdir()
        beside.replace(target)
    except OSError as error:
        message = f"{target} cannot be written ({os.strerror(error.errno or 0)}): nothing of it is there"
        raise StoreError(message) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return [target / name for name in names if name]


def _accepted(findings: Sequence[Finding], indexes: Sequence[str]) -> pd.DataFrame:
    """Return what a person accepted of some symbols and days, with the reason."""
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    rows = [
        (one.symbol, one.first, one.rule, one.accepted)
        for one in findings
        if one.accepted and one.symbol not in {"", *indexes} and one.first is not None
    ]
    return pd.DataFrame(sorted(rows), columns=list(FORMS["accepted"].needed))


def _write(tables: Tables, table: str, target: Path, form: FileForm) -> str:
    """Write one table and return the file's name; "" where there is nothing to write."""
    frame = tables.frame(table)
    if frame is None or not len(frame):
        return ""
    form_of = FORMS[table]
    frame = frame[[name for name in form_of.known if name in form_of.needed or _says(frame, name)]]
    name = f"{table}.{'csv' if table in ALWAYS_CSV else form}"
    if name.endswith(".csv"):
        plain = {column: frame[column].astype("Int8") for column in FLAGS if column in frame}
        if "volume" in frame and bool((frame["volume"] % 1 == 0).all()):
            plain["volume"] = frame["volume"].astype("int64")
        frame.assign(**plain).to_csv(target / name, index=False, date_format="%Y-%m-%d", lineterminator="\n")
    else:
        _write_parquet(frame, target / name)
    return name


def _says(frame: pd.DataFrame, column: str) -> bool:
    """Tell whether an optional column is there and holds anything that a bar without it would not say."""
    if column == "traded":
        return column in frame and bool((frame[column] == 0).any())
    return column in frame and bool(frame[column].notna().any())


def _write_parquet(frame: pd.DataFrame, file: Path) -> None:
    import pandas as pd  # noqa: PLC0415  as late as every heavy import

    plain = {
        str(column): frame[column].astype("object")
        for column in frame.columns
        if isinstance(frame[column].dtype, pd.CategoricalDtype)
    }
    frame.assign(**plain).to_parquet(file, index=False, compression="zstd")
