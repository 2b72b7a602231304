"""The styles: whoever edits the file changes its look in one place, and headings make its outline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from docx.document import Document as Package
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_PARAGRAPH_ALIGNMENT, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml
from docx.oxml.xmlchemy import BaseOxmlElement as Element
from docx.shared import Mm, Pt, RGBColor, Twips
from docx.styles.style import CharacterStyle, ParagraphStyle

from governance.documents.blocks import Word
from governance.documents.docx.layout import WIDTH
from governance.documents.docx.package import MONOSPACED
from governance.documents.docx.runs import element, style_id, within

INK, MUTED, ACCENT, LINE = "1A2530", "5A6672", "1F5673", "C9D1D8"
COLOURS: dict[Word, str] = {
    "pass": "00694B",
    "fail": "A63603",
    "inconclusive": "7A5600",
    "not measured": "5A6672",
    "waived": "5B4A8A",
}
"""As on the page: contrast of at least 4.5:1 on white. Each verdict is a word with a sign, too."""
_KEPT = {
    "Normal", "Header", "Footer", "Heading 1", "Heading 2", "Title", "List Bullet", "Caption",
    "Default Paragraph Font", "Normal Table", "No List",
}  # fmt: skip
"""Styles of python-docx's template that stay; it brings 150 that nobody needs here."""
_RIGHT = WD_PARAGRAPH_ALIGNMENT.RIGHT


@dataclass(frozen=True)
class Look:
    """A paragraph style. Sizes and space in points, indents in millimetres.

    `to_the_right`: a tab goes to the right margin, over blank space or a line to write on.
    """

    size: float = 10
    bold: bool = False
    colour: str = INK
    before: float = 2
    after: float = 4
    left: float = 0
    hanging: float = 0
    with_next: bool = False
    right_aligned: bool = False
    beside_a_bar: bool = False
    to_the_right: Literal["", "blank", "line"] = ""
    level: int | None = None


_LOOKS = {
    "Normal": Look(),
    "Title": Look(size=20, bold=True, before=8, after=6),
    "Heading 1": Look(size=14, bold=True, colour=ACCENT, before=18, after=4, with_next=True, level=0),
    "Heading 2": Look(size=11, bold=True, before=12, after=3, with_next=True, level=1),
    "Caption": Look(size=8.5, colour=MUTED, before=8, after=3, with_next=True),
    "Header": Look(size=8.5, colour=MUTED, before=0, after=0),
    "Footer": Look(size=8.5, colour=MUTED, before=0, after=0, to_the_right="blank"),
    "List Bullet": Look(after=3, left=5, hanging=5),
    "toc 1": Look(size=9.5, before=0, after=1),
    "Who": Look(size=9, colour=MUTED, after=2),
    "Worst Group": Look(size=11, after=6),
    "Lead": Look(size=11.5, before=6, after=8),
    "Note": Look(size=8.5, colour=MUTED),
    "Answer": Look(size=13, bold=True, before=8, after=0, left=3, with_next=True, beside_a_bar=True),
    "Answer Detail": Look(before=0, after=8, left=3, beside_a_bar=True),
    "Verdict": Look(before=5, after=1, left=32, hanging=32, with_next=True),
    "Verdict Detail": Look(size=9, colour=MUTED, before=0, after=2, left=32),
    "Label": Look(size=8.5, bold=True, colour=MUTED, before=5, after=0, with_next=True),
    "Property": Look(before=0, after=3),
    "Command": Look(size=8, before=0, after=0, left=3),
    "Signature Line": Look(before=22, after=0, to_the_right="line"),
    "Table Text": Look(size=8.5, before=1.5, after=1.5),
    "Table Number": Look(size=8.5, before=1.5, after=1.5, right_aligned=True),
    "Table Heading": Look(size=8.5, bold=True, colour=ACCENT, before=4, after=1.5, with_next=True),
}

_TABLE = """
<w:style xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" w:type="table" w:customStyle="1"
    w:styleId="Measurements"><w:name w:val="Measurements"/><w:basedOn w:val="TableNormal"/><w:uiPriority w:val="99"/>
  <w:tblPr><w:tblBorders><w:top w:val="single" w:sz="8" w:space="0" w:color="{ink}"/>
    <w:bottom w:val="single" w:sz="8" w:space="0" w:color="{ink}"/>
    <w:insideH w:val="single" w:sz="4" w:space="0" w:color="{line}"/></w:tblBorders>
    <w:tblCellMar><w:left w:w="40" w:type="dxa"/><w:right w:w="100" w:type="dxa"/></w:tblCellMar></w:tblPr>
  <w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr>
    <w:tcPr><w:tcBorders><w:bottom w:val="single" w:sz="8" w:space="0" w:color="{ink}"/></w:tcBorders>
    <w:vAlign w:val="bottom"/></w:tcPr></w:tblStylePr>
</w:style>
"""
_PAIRS = """
<w:style xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" w:type="table" w:customStyle="1"
    w:styleId="Pairs"><w:name w:val="Pairs"/><w:basedOn w:val="TableNormal"/><w:uiPriority w:val="99"/>
  <w:tblPr><w:tblCellMar><w:left w:w="0" w:type="dxa"/><w:right w:w="100" w:type="dxa"/></w:tblCellMar></w:tblPr>
</w:style>
"""


def set_styles(package: Package, language: str) -> None:
    """Give the file its styles, and the language that spelling is checked in."""
    styles = package.styles
    for style in [style for style in styles if style.name not in _KEPT]:
        style.delete()
    root: Element = styles.element
    for spelling in root.iterfind(f"{qn('w:docDefaults')}//{qn('w:lang')}"):
        spelling.set(qn("w:val"), language)
    for name, look in _LOOKS.items():
        style = (
            styles[name] if name in styles else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin=name == "toc 1")
        )
        style.base_style = None if name == "Normal" else styles["Normal"]
        _paragraph_style(style, name, look)
    for word, colour in COLOURS.items():
        _character_style(styles.add_style(f"Verdict {word}", WD_STYLE_TYPE.CHARACTER), colour, bold=True)
    _character_style(styles.add_style("Strong Words", WD_STYLE_TYPE.CHARACTER), None, bold=True)
    _character_style(styles.add_style("Muted Words", WD_STYLE_TYPE.CHARACTER), MUTED)
    code = styles.add_style("Code Words", WD_STYLE_TYPE.CHARACTER)
    code.font.name, code.font.size = MONOSPACED, Pt(7)
    for table in (_TABLE.format(ink=INK, line=LINE), _PAIRS):
        root.append(parse_xml(table))


def _paragraph_style(style: ParagraphStyle, name: str, look: Look) -> None:
    ours: Element = style.element
    for stale in ("w:pPr", "w:rPr", "w:link"):
        for found in ours.findall(qn(stale)):
            ours.remove(found)
    ours.set(qn("w:styleId"), style_id(name))
    font, layout = style.font, style.paragraph_format
    font.size, font.bold, font.color.rgb = Pt(look.size), look.bold or None, RGBColor.from_string(look.colour)
    if name == "Command":
        font.name = MONOSPACED
    layout.space_before, layout.space_after, layout.line_spacing = Pt(look.before), Pt(look.after), 1.1
    layout.keep_with_next, layout.widow_control = look.with_next or None, True
    if look.left:
        layout.left_indent, layout.first_line_indent = Mm(look.left), Mm(-look.hanging)
    if look.hanging:
        layout.tab_stops.add_tab_stop(Mm(look.left))
    if look.to_the_right:
        leader = WD_TAB_LEADER.LINES if look.to_the_right == "line" else WD_TAB_LEADER.SPACES
        layout.tab_stops.add_tab_stop(Twips(WIDTH), WD_TAB_ALIGNMENT.RIGHT, leader)
    if look.right_aligned:
        layout.alignment = _RIGHT
    properties = ours.get_or_add_pPr()
    if name == "List Bullet":
        numbering = element("numPr")
        within(numbering, "numId", val=1)
        properties._insert_numPr(numbering)
    if look.beside_a_bar:
        borders = element("pBdr")
        within(borders, "left", val="single", sz=24, space=8, color=ACCENT)
        properties.find(qn("w:spacing")).addprevious(borders)
    if look.level is not None:
        within(properties, "outlineLvl", val=look.level)


def _character_style(style: CharacterStyle, colour: str | None, *, bold: bool = False) -> None:
    style.font.bold = bold or None
    if colour is not None:
        style.font.color.rgb = RGBColor.from_string(colour)
