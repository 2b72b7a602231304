"""Checks of fonts: in the file, readable as text, and as wide as the file says. ISO 19005-3, 6.2.11."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from governance.documents.pdf.checks.findings import Check, Finding

_TOLERANCE = 1.0
"""Thousandths of the type size by which a width may differ."""
_MEANINGLESS = re.compile(rb"<(?:0000|FEFF|FFFE)>\s*(?:$|\n)", re.IGNORECASE)
"""A character code that means no character, at the end of a line of the map to Unicode."""


def fonts(file: Any) -> Iterator[Finding]:
    """Every font is embedded, and every glyph has a character."""
    import pikepdf

    for font in file.objects:
        if not isinstance(font, pikepdf.Dictionary) or font.get("/Type") != pikepdf.Name.Font:
            continue
        name = str(font.get("/BaseFont", font.get("/Subtype")))
        if font.get("/Subtype") == pikepdf.Name.Type0:
            yield from _composite(font, name)
        elif font.get("/Subtype") in {pikepdf.Name.CIDFontType0, pikepdf.Name.CIDFontType2}:
            continue  # looked at with the composite font that it belongs to
        elif font.get("/Subtype") != pikepdf.Name.Type3 and not _program(font.get("/FontDescriptor")):
            yield Finding("ISO 19005-3, 6.2.11.4", f"the font {name} is not embedded")


def _composite(font: Any, name: str) -> Iterator[Finding]:
    import pikepdf

    unicode = font.get("/ToUnicode")
    if unicode is None:
        yield Finding("ISO 19005-3, 6.2.11.7", f"the font {name} does not say which characters its glyphs are")
    elif _MEANINGLESS.search(unicode.read_bytes()):
        yield Finding("ISO 19005-3, 6.2.11.7", f"a glyph of the font {name} stands for no character")
    for descendant in font.DescendantFonts:
        program = _program(descendant.get("/FontDescriptor"))
        if program is None:
            yield Finding("ISO 19005-3, 6.2.11.4", f"the font {name} is not embedded")
            continue
        if descendant.get("/Subtype") == pikepdf.Name.CIDFontType2:
            if "/CIDToGIDMap" not in descendant:
                yield Finding("ISO 19005-3, 6.2.11.3", f"the font {name} has no map of its glyphs")
            elif descendant.CIDToGIDMap == pikepdf.Name.Identity:
                yield from _widths(descendant, program, name)


def _program(descriptor: Any) -> Any:
    if descriptor is None:
        return None
    return next((descriptor[key] for key in ("/FontFile", "/FontFile2", "/FontFile3") if key in descriptor), None)


def _widths(descendant: Any, program: Any, name: str) -> Iterator[Finding]:
    """Widths in the file are those of the font program, 6.2.11.5."""
    from fontTools.ttLib import TTFont, TTLibError

    try:
        font = TTFont(io.BytesIO(program.read_bytes()), lazy=True)
        widths, scale, order = font["hmtx"], 1000 / font["head"].unitsPerEm, font.getGlyphOrder()
    except (TTLibError, KeyError) as error:
        yield Finding("ISO 19005-3, 6.2.11.4", f"the program of the font {name} cannot be read: {error}")
        return
    for glyph, said in _said_widths(descendant.get("/W", ())):
        if glyph >= len(order):
            yield Finding("ISO 19005-3, 6.2.11.4", f"the font {name} lacks glyph {glyph}")
        elif abs(widths[order[glyph]][0] * scale - said) > _TOLERANCE:
            yield Finding("ISO 19005-3, 6.2.11.5", f"the font {name} has other widths than the file says")
            return


def _said_widths(entries: Any) -> Iterator[tuple[int, float]]:
    """Yield glyphs and widths of a width array: ``first [w …]`` or ``first last w`` (ISO 32000-1, 9.7.4.3)."""
    import pikepdf

    items = list(entries)
    at = 0
    while at + 1 < len(items):
        first = int(items[at])
        if isinstance(items[at + 1], pikepdf.Array):
            yield from ((first + offset, float(width)) for offset, width in enumerate(items[at + 1]))
            at += 2
        else:
            yield from ((glyph, float(items[at + 2])) for glyph in range(first, int(items[at + 1]) + 1))
            at += 3


FONTS: tuple[Check, ...] = (fonts,)
