"""Scripts that pages share: put once into ``reports/assets/``, so that no page carries them.

`lightweight-charts-5.2.1.js` is TradingView's charting library, unchanged
(Apache-2.0; its licence and notice lie beside it); `charts.js` is ours. A file
is named by its version or its content, so a page finds the very script it was
made with, whatever is written beside it later.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

from backfolio.durable import write_whole

if TYPE_CHECKING:
    from pathlib import Path

FOLDER: Final = "assets"
"""Name of the folder in `reports/`."""

LIBRARY: Final = "lightweight-charts-5.2.1.js"

LIBRARY_SHA256: Final = "e21cc5caa0226ef30bd8549c50b9ef926615f2a4ee6b4e486353477a55f598cf"
"""Of ``dist/lightweight-charts.standalone.production.js`` in the npm package."""

PACKAGE_SHA512: Final = "IVwoK1RLFiLPubaKIjNbtjWLnpPMqiABSrTay6whmNa8L1+19292VtHJ+BWyPUuLCwF0tcQlhEWd1CLB2a1nsQ=="
"""Of the npm package itself, base64, as its registry publishes it; `make vendor` checks it."""

NOTICES: Final = ("lightweight-charts-LICENSE.txt", "lightweight-charts-NOTICE.txt")
"""What goes wherever the library goes."""


class Asset(NamedTuple):
    """A file of the folder."""

    name: str
    content: bytes


@lru_cache(maxsize=1)
def scripts() -> tuple[Asset, ...]:
    """Return the scripts of a page with charts, in the order in which they run."""
    ours = _read("charts.js")
    named = f"charts-{hashlib.sha256(ours).hexdigest()[:8]}.js"
    return Asset(LIBRARY, _read(LIBRARY)), Asset(named, ours)


def write_assets(reports: Path) -> None:
    """Put into ``reports/assets/`` what its pages need, each file whole; what is there already stays.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    folder = reports / FOLDER
    for name, content in (*scripts(), *(Asset(name, _read(name)) for name in NOTICES)):
        path = folder / name
        if path.is_file() and path.read_bytes() == content:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)


def _read(name: str) -> bytes:
    return resources.files(__name__).joinpath(name).read_bytes()
