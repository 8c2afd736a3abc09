"""Take the README's picture: the page of its first command, in Chromium (`make docs`)."""
# ruff: noqa: INP001, S603  a script of the repository, that starts the program itself

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "report.png"
WIDTH, HEIGHT = 1280, 960


def main() -> None:
    """Run the command into a folder of its own and photograph the top of its page."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command = re.search(r"<!-- run -->\n```bash\npython (.+)\n", readme)
    if command is None:
        sys.exit("README.md has no marked command: put `<!-- run -->` over its first bash block")
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, *command[1].split(), "--no-tearsheet", "--quiet", "--reports", folder]
        page = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
        with sync_playwright() as driver:
            found = shutil.which("chromium") or shutil.which("google-chrome")
            browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox", "--hide-scrollbars"])
            view = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
            view.goto(Path(page).as_uri())
            view.screenshot(path=PICTURE)
            browser.close()
    sys.stdout.write(f"wrote {PICTURE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
