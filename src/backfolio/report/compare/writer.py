"""The page of a comparison, its record and its table of fills, put in place whole."""

from __future__ import annotations

import csv
import io
import json
from itertools import chain
from typing import TYPE_CHECKING

from backfolio.durable import write_whole
from backfolio.errors import UsageError
from backfolio.report.assets import write_assets
from backfolio.report.compare.facts import LETTERS
from backfolio.report.compare.figures import rows
from backfolio.report.compare.view import drawn, view
from backfolio.report.gallery import write_gallery
from backfolio.report.gallery.folders import COMPARE, COMPARE_FILE
from backfolio.report.look import USUAL
from backfolio.report.page import page, resource
from backfolio.report.tables import price_text

if TYPE_CHECKING:
    from pathlib import Path

    from backfolio.report.compare.facts import Comparison
    from backfolio.report.look import Look


def folder_of(found: Comparison, reports: Path) -> Path:
    """Return ``reports/compare/<digits>-<digits>...``: the ends of the runs' names, in order."""
    return reports / COMPARE / "-".join(side.digits for side in found.sides)


def as_dict(found: Comparison) -> dict[str, object]:
    """Return a comparison as JSON types."""
    letters = LETTERS[: len(found.sides)]
    return {
        "headline": {
            "runs": [f"{side.strategy} {side.digits}" for side in found.sides],
            "first": str(found.sessions[0]),
            "last": str(found.sessions[-1]),
            "sessions": len(found.sessions),
            "comparable": found.comparable,
        },
        "runs": {
            letter: {"strategy": side.strategy, "run_id": side.run_id, "first": side.window[0], "last": side.window[1]}
            for letter, side in zip(letters, found.sides, strict=True)
        },
        "not_comparable": {letter: list(names) for letter, names in zip(letters, found.apart, strict=True) if names},
        "figures": {row.name: dict(zip(letters, row.values, strict=True)) for row in rows(found)},
        "settings": [
            {"group": each.group, "name": each.name, **dict(zip(letters, each.values, strict=True))}
            for each in found.settings
        ],
        "correlations": [list(row) for row in found.correlations],
        "fills": {
            "first_difference": found.partings[0].session if found.partings else None,
            "differences": len(found.partings),
            "counts": {letter: each._asdict() for letter, each in zip(letters, found.shared, strict=True)},
        },
    }


def fills_csv(found: Comparison) -> str:
    """Write one line a session, name and side in which the runs did not trade the same; empty = did not trade."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    columns = (f"{letter}_{what}" for letter in LETTERS[: len(found.sides)] for what in ("shares", "price"))
    writer.writerow(("session", "symbol", "side", *columns))
    for each in found.partings:
        cells = [("", "") if order is None else (order.shares, price_text(order.price)) for order in each.orders]
        writer.writerow((each.session, each.symbol, each.side, *chain.from_iterable(cells)))
    return stream.getvalue()


def render_comparison(found: Comparison, folder: Path, look: Look = USUAL) -> dict[str, bytes]:
    """Return the files of a comparison by name, for that folder; the same runs and look give the same bytes."""
    record = json.dumps(as_dict(found), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    content = page(
        "compare.html", view(found, folder, look), look=look, script=resource("sort.js"), plots=drawn(found, look)
    )
    return {COMPARE_FILE: record.encode(), "fills.csv": fills_csv(found).encode(), "index.html": content}


def write_comparison(found: Comparison, reports: Path, look: Look = USUAL) -> Path:
    """Write ``reports/compare/<ids>/`` over the one before, the scripts it needs, and the gallery; return the page.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    folder = folder_of(found, reports)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_assets(reports)
        for name, content in sorted(render_comparison(found, folder, look).items()):
            write_whole(folder / name, content)
        write_gallery(reports, look)
    except OSError as error:
        message = f"the comparison cannot be written to {folder} ({error}): choose another folder with --reports"
        raise UsageError(message) from error
    return folder / "index.html"
