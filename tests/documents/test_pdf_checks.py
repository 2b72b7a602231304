"""The structural checks: each of them finds the damage that it is there for."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from governance.documents.blocks import Audience
from governance.documents.content import Document
from governance.documents.pdf import RENDERER
from governance.documents.pdf.checks import structural_findings
from governance.documents.pdf.checks.__main__ import main

from .sample_pdf import opened, saved

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(RENDERER.missing() is not None, reason="WeasyPrint, pikepdf or Pango is not installed"),
]


@pytest.fixture(scope="module")
def made(documents: dict[Audience, Document]) -> bytes:
    return RENDERER(documents["clinician"])


def test_saving_again_adds_no_finding(made: bytes) -> None:
    with opened(made) as file:
        assert structural_findings(saved(file)) == ()


def _no_metadata(file: Any) -> None:
    del file.Root.Metadata


def _no_schema(file: Any) -> None:
    file.Root.Metadata.write(file.Root.Metadata.read_bytes().replace(b"pdfaSchema:namespaceURI>http", b"x>http"))


def _twice_ua(file: Any) -> None:
    part = b"<pdfuaid:part>1</pdfuaid:part>"
    file.Root.Metadata.write(file.Root.Metadata.read_bytes().replace(part, part * 2))


def _level_b(file: Any) -> None:
    packet = file.Root.Metadata.read_bytes().replace(b">A</pdfaid", b">B</pdfaid")
    file.Root.Metadata.write(packet)


def _associated_twice(file: Any) -> None:
    file.Root.AF.append(file.Root.AF[0])


def _no_relationship(file: Any) -> None:
    del file.Root.AF[0].AFRelationship


def _no_type(file: Any) -> None:
    del file.Root.AF[0].EF.F.Subtype


def _no_profile(file: Any) -> None:
    del file.Root.OutputIntents


def _script(file: Any) -> None:
    import pikepdf

    file.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def _address(file: Any) -> None:
    import pikepdf

    link = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Link,
        Rect=[0, 0, 9, 9],
        A=pikepdf.Dictionary(S=pikepdf.Name.URI, URI="https://example.org"),
    )
    file.pages[0].Annots = pikepdf.Array([file.make_indirect(link)])


def _fonts(file: Any) -> list[Any]:
    import pikepdf

    return [o for o in file.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == pikepdf.Name.Font]


def _no_unicode(file: Any) -> None:
    next(font for font in _fonts(file) if "/ToUnicode" in font).__delitem__("/ToUnicode")


def _not_embedded(file: Any) -> None:
    del next(font for font in _fonts(file) if "/FontDescriptor" in font).FontDescriptor.FontFile2


def _other_widths(file: Any) -> None:
    font = next(font for font in _fonts(file) if "/W" in font)
    font.W[1] = [float(width) + 40 for width in font.W[1]]


def _first(file: Any, kind: str) -> Any:
    from governance.documents.pdf.structure import elements

    return next(element for element in elements(file.Root.StructTreeRoot) if str(element.S) == kind)


def _no_scope(file: Any) -> None:
    del _first(file, "/TH").A.Scope


def _no_alternative(file: Any) -> None:
    del _first(file, "/Figure").Alt


def _list_of_divisions(file: Any) -> None:
    import pikepdf

    _first(file, "/LI").S = pikepdf.Name.Div


def _skipped_level(file: Any) -> None:
    import pikepdf

    _first(file, "/H2").S = pikepdf.Name.H4


def _no_language(file: Any) -> None:
    del file.Root.Lang


def _no_title_bar(file: Any) -> None:
    del file.Root.ViewerPreferences


def _untagged_text(file: Any) -> None:
    file.pages[0].contents_add(b"0 0 9 9 re f")


def _orphaned_content(file: Any) -> None:
    file.Root.StructTreeRoot.ParentTree.Nums[1][0] = None


def _missing_glyph(file: Any) -> None:
    file.pages[0].contents_add(b"/Artifact BMC BT <0000> Tj ET EMC")


@pytest.mark.parametrize(
    ("damage", "clause"),
    [
        (_no_metadata, "ISO 19005-3, 6.6.2"),
        (_no_schema, "ISO 19005-3, 6.6.2.3"),
        (_twice_ua, "ISO 14289-1, 5"),
        (_level_b, "ISO 19005-3, 6.6.4"),
        (_associated_twice, "ISO 19005-3, 6.8"),
        (_no_relationship, "ISO 19005-3, 6.8"),
        (_no_type, "ISO 19005-3, 6.8"),
        (_no_profile, "ISO 19005-3, 6.2.3"),
        (_script, "ISO 19005-3, 6.5"),
        (_address, "ISO 19005-3, 6.5"),
        (_no_unicode, "ISO 19005-3, 6.2.11.7"),
        (_not_embedded, "ISO 19005-3, 6.2.11.4"),
        (_other_widths, "ISO 19005-3, 6.2.11.5"),
        (_no_scope, "ISO 14289-1, 7.5"),
        (_no_alternative, "ISO 14289-1, 7.3"),
        (_list_of_divisions, "ISO 14289-1, 7.6"),
        (_skipped_level, "ISO 14289-1, 7.4"),
        (_no_language, "ISO 19005-3, 6.7.4"),
        (_no_title_bar, "ISO 14289-1, 7.1"),
        (_untagged_text, "ISO 14289-1, 7.1"),
        (_orphaned_content, "ISO 14289-1, 7.1"),
        (_missing_glyph, "ISO 19005-3, 6.2.11.8"),
    ],
)
def test_the_checks_find_what_was_damaged(made: bytes, damage: Callable[[Any], None], clause: str) -> None:
    with opened(made) as file:
        damage(file)
        data = saved(file)
    assert clause in {finding.clause for finding in structural_findings(data)}


def test_the_checks_find_encryption_and_bytes_that_are_no_pdf(made: bytes) -> None:
    import pikepdf

    with opened(made) as file:
        out = io.BytesIO()
        file.save(out, encryption=pikepdf.Encryption(owner="x", user=""))
    assert "the file is encrypted" in {finding.message for finding in structural_findings(out.getvalue())}
    assert "cannot be read" in structural_findings(b"no PDF at all")[0].message


def test_the_command_prints_findings_and_ends_with_one(
    made: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.pdf", tmp_path / "bad.pdf"
    good.write_bytes(made)
    with opened(made) as file:
        _no_language(file)
        bad.write_bytes(saved(file))
    assert main([str(good)]) == 0
    assert main([str(good), str(bad)]) == 1
    assert "the document names no language (ISO 19005-3, 6.7.4)" in capsys.readouterr().out
