"""A browser for the tests of pages: opened quietly, and asked what a reader would see."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
WIDTHS = (390, 820, 1440)
SCHEMES = ("light", "dark")

# Relative luminance and contrast as WCAG 2.1 defines them.
CONTRAST = """
() => {
  const known = new Map();
  const parse = text => {
    if (!known.has(text)) known.set(text, painted(text));
    return known.get(text);
  };
  const painted = text => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d');
    canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([r, g, b]) => {
    const part = value => { value /= 255; return value <= .03928 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4; };
    return .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
  };
  const behind = node => {
    for (; node; node = node.parentElement) {
      const paint = getComputedStyle(node).backgroundColor;
      if (paint && parse(paint)[3] === 255) return parse(paint);
    }
    return [255, 255, 255];
  };
  const poor = [];
  const texts = 'h1,h2,h3,p,td,th,dt,dd,a,span,b,summary,li,pre,figcaption,label,button,code';
  for (const node of document.querySelectorAll(texts)) {
    const own = [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.getClientRects().length || node.className === 'sep') continue;
    const [one, two] = [luminance(parse(getComputedStyle(node).color)), luminance(behind(node))];
    const contrast = (Math.max(one, two) + .05) / (Math.min(one, two) + .05);
    if (contrast < 4.5) poor.push([node.tagName, node.textContent.trim().slice(0, 30), contrast]);
  }
  return poor;
}
"""

WIDER = """
width => [...document.querySelectorAll('table, svg, pre, .tiles')]
  .filter(node => node.getBoundingClientRect().right > width && !node.closest('.scroll, .long'))
  .map(node => node.outerHTML.slice(0, 80))
"""


# What a reader sees and what a pointer or a screen reader is told, but for code and what files say.
SAID = """
() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const theirs = 'script, style, pre, code, h1, .lead, .doc > p, .files, [data-theirs]';
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.parentElement.closest(theirs)) found.push(node.textContent.trim());
  }
  for (const node of document.querySelectorAll('[aria-label], [title]')) {
    for (const name of ['aria-label', 'title']) if (node.hasAttribute(name)) found.push(node.getAttribute(name).trim());
  }
  for (const node of document.querySelectorAll('svg title')) found.push(node.textContent.trim());
  return [...new Set(found)].filter(text => /[A-Za-z]/.test(text));
}
"""

LITTLE = re.compile(r"\b(the|of|is|are|was|were|with|that|which|and|not|from|has|have|by|in|out|to)\b")
"""Words that hardly an English sentence does without."""


@pytest.fixture(scope="module")
def launched() -> Iterator[Browser]:
    """Yield a browser, or skip; a test file takes it as ``browser = launched``."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pages are not opened")
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser ({', '.join(BROWSERS)}) on the PATH: pages are not opened")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield opened
        opened.close()


class Opened:
    """A page in a window of some width and colour scheme; `noise` is what it said or fetched."""

    def __init__(self, browser: Browser, path: Path, width: int = 1440, scheme: str = "light") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.noise: list[str] = []
        own = path.resolve().as_uri()
        self.page.on("console", lambda message: self.noise.append(message.text))
        self.page.on("pageerror", lambda error: self.noise.append(str(error)))
        # A page may run the scripts that lie in the assets of its folder of reports, and ask for nothing else.
        ours = (own, *(f"{folder.as_uri()}/assets/" for folder in path.resolve().parents[:3]))
        self.page.on(
            "request", lambda request: None if request.url.startswith(ours) else self.noise.append(request.url)
        )
        self.page.goto(own)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()
