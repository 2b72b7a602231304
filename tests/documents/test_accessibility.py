"""WCAG 2.2 AA as far as a machine can tell (axe-core), for every reader, on a phone and a desktop, in both themes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from governance.documents import render_index
from governance.documents.blocks import AUDIENCES, Audience
from governance.documents.content import Document
from governance.documents.html import render
from governance.evidence.folder import RunFolder

from .browser import DESKTOP, LOOKS, PHONE, Theme, Visit, chromium, needs_chromium, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = [pytest.mark.slow, needs_chromium]

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, documents: dict[Audience, Document]) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for audience in AUDIENCES:
        found[audience] = folder / f"{audience}.html"
        found[audience].write_bytes(render(documents[audience]))
    return found


def complaints(visited: Visit) -> list[tuple[str, str]]:
    """What axe-core finds: the rule, and the first element that breaks it."""
    result = axe.Axe().run(visited.page, options=RULES)
    return [(found["id"], found["nodes"][0]["html"]) for found in result.response["violations"]]


@pytest.mark.parametrize(("width", "theme"), LOOKS)
@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_page_has_no_barrier(browser: Browser, pages, audience: Audience, width: int, theme: Theme) -> None:
    with visit(browser, pages[audience], width=width, theme=theme) as made:
        made.open_all()
        assert complaints(made) == []
        assert made.said == []


@pytest.mark.parametrize(("width", "theme"), [(PHONE, "dark"), (DESKTOP, "light")])
def test_a_page_in_use_has_no_barrier(browser: Browser, pages, width: int, theme: Theme) -> None:
    with visit(browser, pages["engineer"], width=width, theme=theme) as made:
        made.open_all()
        made.page.locator(".sort").first.click()
        made.page.locator(".anchor:visible").first.focus()
        made.page.click(".theme")
        assert complaints(made) == []
        made.search("sensitivity")
        assert complaints(made) == []
        made.search("zebra")
        assert complaints(made) == []


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_the_index_has_no_barrier(browser: Browser, folder: RunFolder, width: int, theme: Theme) -> None:
    with visit(browser, render_index(folder.path.parent), width=width, theme=theme) as made:
        assert complaints(made) == []
        assert made.search("zebra").startswith("Nothing on this page")
        assert complaints(made) == []
        assert made.said == []


def test_a_barrier_would_be_found(browser: Browser, pages) -> None:
    with visit(browser, pages["public"]) as made:
        made.page.evaluate("document.querySelector('.controls label').remove()")
        made.page.evaluate("document.querySelector('#page-search').removeAttribute('placeholder')")
        assert "label" in [rule for rule, _ in complaints(made)]


@pytest.mark.parametrize("audience", AUDIENCES)
def test_everything_that_takes_a_key_shows_that_it_has_the_focus(browser: Browser, pages, audience: Audience) -> None:
    """WCAG 2.2, 2.4.7: an outline, or for a title and a row the sign of its link, too."""
    with visit(browser, pages[audience]) as made:
        seen = set()
        for _ in range(40):
            made.page.keyboard.press("Tab")
            style = made.page.evaluate(
                "(e => [e.tagName, e.className, getComputedStyle(e).outlineStyle, getComputedStyle(e).opacity])"
                "(document.activeElement)"
            )
            if style[0] == "BODY":
                break
            seen.add(style[1])
            assert (style[2], style[3]) == ("solid", "1"), style
        assert {"skip", "", "shortcut", "theme"} <= seen
