"""Pages from a page: WeasyPrint, which is given the text alternative of every drawing and fetches nothing."""

from __future__ import annotations

from typing import Any

from governance.documents.pdf.columns import set_widths
from governance.documents.pdf.job import Paper

DECORATION = "governance:decoration"
"""Text alternative of a drawing that repeats what stands beside it; `structure` makes an artifact of it."""
_SVG = "{http://www.w3.org/2000/svg}"


def pages(page: str, paper: Paper, identifier: bytes) -> bytes:
    """Return the pages as a PDF/A-3a file whose structure is not yet mended."""
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

    class NothingButData(URLFetcher):  # type: ignore[misc]
        """Fonts and images come inside the page; every other address is refused."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.lower().startswith("data:"):
                raise ValueError(f"documents fetch nothing: {url[:80]}")
            return super().fetch(url, headers)

    fonts = FontConfiguration()
    made = HTML(string=page, url_fetcher=NothingButData(allowed_protocols=("data",)), base_url=None)
    for drawing in made.etree_element.iter(f"{_SVG}svg"):
        _say_what_is_drawn(drawing)
    for pairs in made.etree_element.iter("dl"):
        _without_blanks(pairs)
    for table in made.etree_element.iter("table"):
        if table.get("class") == "data":
            set_widths(table)
    # Important, as what a caller adds otherwise counts less than the style of the page itself.
    size = CSS(string=f"@page {{ size: {paper} !important }}", font_config=fonts)
    laid_out: bytes = made.write_pdf(
        pdf_variant="pdf/a-3a", pdf_identifier=identifier, font_config=fonts, stylesheets=[size]
    )
    return laid_out


def _say_what_is_drawn(drawing: Any) -> None:
    """Put the whole text alternative where WeasyPrint looks for it: into the title, of which it takes only the text."""
    title = drawing.find(f"{_SVG}title")
    if title is None:
        title = drawing.makeelement(f"{_SVG}title", {})
        drawing.insert(0, title)
    hidden = drawing.get("aria-hidden") == "true"
    title.text = DECORATION if hidden else drawing.get("aria-label") or title.text


def _without_blanks(pairs: Any) -> None:
    """Take away the line breaks between names and values, which would be content of the list beside its items."""
    pairs.text = None
    for child in pairs:
        child.tail = None
