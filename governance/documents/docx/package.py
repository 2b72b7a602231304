"""The parts of the file beside its text: settings, lists, fonts and properties; and bytes that are always the same."""

from __future__ import annotations

import io
import re
import zipfile

from docx.document import Document as Package
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml
from docx.oxml.xmlchemy import BaseOxmlElement as Element

FONT = "Calibri"
"""Font of the document's theme, for headings and text: where it is missing, word processors have one as wide."""
MONOSPACED = "Consolas"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first time that a ZIP archive can hold."""
_UNNEEDED = re.compile(r"/(thumbnail|extended-properties|customXml|stylesWithEffects|webSettings)$")
"""Parts of python-docx's template that say nothing of this document: a picture of an empty page, an old style sheet."""
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_SETTINGS = f"""
<w:settings {_W}><w:zoom w:percent="100"/><w:defaultTabStop w:val="720"/>
<w:characterSpacingControl w:val="doNotCompress"/>
<w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/>
</w:compat><w:themeFontLang w:val="{{language}}"/><w:decimalSymbol w:val="."/><w:listSeparator w:val=","/></w:settings>
"""
_NUMBERING = f"""
<w:numbering {_W}><w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="singleLevel"/>
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:pStyle w:val="ListBullet"/>
<w:lvlText w:val="\N{BULLET}"/><w:lvlJc w:val="left"/>
<w:pPr><w:ind w:left="284" w:hanging="284"/></w:pPr></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>
"""


_FONTS = f"""
<w:fonts {_W}>
<w:font w:name="{FONT}"><w:charset w:val="00"/><w:family w:val="swiss"/><w:pitch w:val="variable"/></w:font>
<w:font w:name="{MONOSPACED}"><w:charset w:val="00"/><w:family w:val="modern"/><w:pitch w:val="fixed"/></w:font>
</w:fonts>
"""


def set_parts(package: Package, language: str) -> None:
    """Keep of the template what this document needs, and set it."""
    for relations in (package.part.rels, package.part.package.rels):
        for key in [key for key, relation in relations.items() if _UNNEEDED.search(relation.reltype)]:
            del relations[key]
    _fill(package.settings.element, _SETTINGS.format(language=language))
    _fill(package.part.numbering_part.element, _NUMBERING)
    package.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)._blob = _FONTS.strip().encode()
    theme = package.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    theme._blob = re.sub(rb'(<a:latin typeface=")[^"]+', rb"\g<1>" + FONT.encode(), theme.blob, count=2)


def set_properties(package: Package, *, title: str, subject: str, author: str, keywords: str, language: str) -> None:
    """Say in the file's properties what it is. It holds no dates: equal runs give equal bytes."""
    properties = package.core_properties
    properties.title, properties.subject, properties.author = title, subject, author
    properties.keywords, properties.language, properties.comments = keywords, language, ""
    root: Element = properties._element
    for name in ("dcterms:created", "dcterms:modified"):
        for found in root.findall(qn(name)):
            root.remove(found)


def to_bytes(package: Package) -> bytes:
    """Return the file: the same parts give the same bytes, whenever and wherever they are packed."""
    packed, again = io.BytesIO(), io.BytesIO()
    package.save(packed)
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 0
            target.writestr(entry, source.read(name))
    return again.getvalue()


def _fill(root: Element, content: str) -> None:
    for child in list(root):
        root.remove(child)
    for child in list(parse_xml(content)):
        root.append(child)
