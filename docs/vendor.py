"""Take the charting library out of its npm package, after proof that the package is the published one.

    npm pack lightweight-charts@5.2.1
    make vendor TGZ=lightweight-charts-5.2.1.tgz

Another version: its number, and the sha512 that the registry gives for the
package (``npm view lightweight-charts@VERSION dist.integrity``), go into
`backfolio.report.assets` first; this prints the sha256 that belongs beside them.
"""
# ruff: noqa: INP001  a script of the repository

from __future__ import annotations

import base64
import hashlib
import sys
import tarfile
from pathlib import Path

from backfolio.report import assets

TAKEN = {
    "package/dist/lightweight-charts.standalone.production.js": assets.LIBRARY,
    "package/LICENSE": "lightweight-charts-LICENSE.txt",
}


def main(path: str) -> int:
    """Write the files; exit status 1 where the package is another one."""
    package = Path(path)
    found = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if found != assets.PACKAGE_SHA512:
        sys.stderr.write(
            f"{package} has sha512 {found}, and {assets.PACKAGE_SHA512} was expected: nothing is written\n"
        )
        return 1
    folder = Path(assets.__file__).parent
    with tarfile.open(package) as archive:
        for inside, name in TAKEN.items():
            member = archive.extractfile(inside)
            if member is None:
                sys.stderr.write(f"{package} has no file {inside}: nothing more is written\n")
                return 1
            content = member.read()
            (folder / name).write_bytes(content)
            sys.stdout.write(f"{name}: sha256 {hashlib.sha256(content).hexdigest()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2] or [""]))
