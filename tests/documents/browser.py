"""Pages in headless Chromium, with everything that a page says or asks for written down."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

PHONE, DESKTOP = 390, 1200
Theme = Literal["light", "dark"]
LOOKS: tuple[tuple[int, Theme], ...] = ((PHONE, "light"), (PHONE, "dark"), (DESKTOP, "light"), (DESKTOP, "dark"))


@dataclass
class Visit:
    """A page that was opened.

    `said` holds messages on the console (reports of the policy are there, too), errors, dialogs and requests.
    """

    page: Page
    said: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Write down what the page does from now on."""
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        self.page.on("popup", lambda popup: self.said.append(f"opened {popup.url}"))
        self.page.on("request", lambda request: self._asked(request.url))

    def _asked(self, address: str) -> None:
        if not address.startswith(("file:", "data:", "blob:null/")):
            self.said.append(address)

    def search(self, words: str) -> str:
        """Type into the search field and return what the page answers."""
        self.page.fill("#page-search", words)
        self.page.wait_for_timeout(250)
        return self.page.inner_text("#page-status")

    def open_all(self) -> None:
        """Open what is closed."""
        self.page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")

    def width(self) -> int:
        """Return how wide the page is; wider than the window means that it scrolls sideways."""
        return int(self.page.evaluate("document.documentElement.scrollWidth"))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@contextmanager
def visit(
    browser: Browser, path: Path, *, width: int = DESKTOP, theme: Theme = "light", at: str = "", **options: Any
) -> Iterator[Visit]:
    """Open a file; `at` is the place in it that the address names."""
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=theme, **options)
    opened = Visit(context.new_page())
    opened.listen()
    opened.page.goto(path.as_uri() + at)
    yield opened
    context.close()
