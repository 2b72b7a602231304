"""The child process that makes PDFs: ``python -m governance.documents.pdf_worker FOLDER``.

It reads every ``NAME.html`` of the folder and writes ``NAME.pdf`` beside it, in the order of the names. It fetches
nothing, and its memory is limited.
"""

from __future__ import annotations

import logging
import resource
import sys
from pathlib import Path
from typing import Any

MEMORY_LIMIT = 3 * 1024**3
"""Bytes of address space; a 5,000-row table took 560 MiB resident when this was measured."""


def main(folder: Path) -> int:
    """Make the PDFs of a folder."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    from weasyprint import HTML
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)

    class NothingButData(URLFetcher):  # type: ignore[misc]
        """Fonts and images come inside the page; every other address is refused."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.startswith("data:"):
                raise ValueError(f"documents fetch nothing: {url[:80]}")
            return super().fetch(url, headers)

    for page in sorted(folder.glob("*.html")):
        identifier = (folder / f"{page.stem}.id").read_bytes()
        made = HTML(string=page.read_text("utf-8"), url_fetcher=NothingButData(), base_url=None)
        data = made.write_pdf(
            pdf_variant="pdf/ua-1", pdf_identifier=identifier, font_config=FontConfiguration(), uncompressed_pdf=False
        )
        partial = page.with_suffix(".part")
        partial.write_bytes(_with_header_scopes(data))
        partial.rename(page.with_suffix(".pdf"))
    return 0


def _with_header_scopes(data: bytes) -> bytes:
    """Say of every header cell whether it heads a row or a column, which WeasyPrint 70 leaves out (its issue #2508).

    Without pikepdf the file stays as it is.
    """
    try:
        import pikepdf
    except ModuleNotFoundError:
        return data
    import io

    with pikepdf.open(io.BytesIO(data)) as file:
        for element in file.objects:
            if isinstance(element, pikepdf.Dictionary) and element.get("/S") == pikepdf.Name.TH:
                _set_scope(pikepdf, element)
        out = io.BytesIO()
        file.save(out, static_id=False, deterministic_id=True, linearize=False)
    return out.getvalue()


def _set_scope(pikepdf: Any, header: Any) -> None:
    row = header.get("/P")
    head = row.get("/P") if row is not None else None
    column = head is not None and head.get("/S") == pikepdf.Name.THead
    scope = pikepdf.Name.Column if column else pikepdf.Name.Row
    attributes = header.get("/A")
    if isinstance(attributes, pikepdf.Array):
        for entry in attributes:
            if entry.get("/O") == pikepdf.Name.Table:
                entry["/Scope"] = scope
                return
    elif isinstance(attributes, pikepdf.Dictionary) and attributes.get("/O") == pikepdf.Name.Table:
        attributes["/Scope"] = scope
        return
    header["/A"] = pikepdf.Dictionary(O=pikepdf.Name.Table, Scope=scope)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
