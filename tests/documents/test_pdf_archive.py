"""PDFs as files that last and that can be heard: PDF/A-3a and PDF/UA-1 as far as structure shows, data attached."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from governance.documents import json as data_file
from governance.documents.blocks import AUDIENCES, Audience, Column, DataTable
from governance.documents.content import Document, Section
from governance.documents.html import page
from governance.documents.pdf import LETTER, RENDERER
from governance.documents.pdf.checks import structural_findings
from governance.documents.pdf.columns import shares
from governance.documents.pdf.layout import DECORATION

from .sample_pdf import opened

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(RENDERER.missing() is not None, reason="WeasyPrint, pikepdf or Pango is not installed"),
]
UA_SCHEMA = "http://www.aiim.org/pdfua/ns/id/"


@pytest.fixture(scope="module")
def made(documents: dict[Audience, Document]) -> dict[Audience, bytes]:
    return dict(zip(AUDIENCES, RENDERER.together([documents[name] for name in AUDIENCES]), strict=True))


@pytest.mark.parametrize("audience", AUDIENCES)
def test_the_structural_checks_find_nothing(made: dict[Audience, bytes], audience: Audience) -> None:
    assert [str(finding) for finding in structural_findings(made[audience])] == []


@pytest.mark.parametrize("audience", AUDIENCES)
def test_outloud_finds_no_error(made: dict[Audience, bytes], audience: Audience, tmp_path: Path) -> None:
    if shutil.which("outloud") is None:
        pytest.skip("outloud is not installed")
    path = tmp_path / f"{audience}.pdf"
    path.write_bytes(made[audience])
    done = subprocess.run(["outloud", "--fail-on", "error", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_metadata_names_each_standard_once(made: dict[Audience, bytes]) -> None:
    with opened(made["auditor"]) as file:
        packet = file.Root.Metadata.read_bytes().decode("utf-8")
    assert packet.count("<pdfaid:part>3</pdfaid:part>") == packet.count("pdfaid:part>") / 2 == 1
    assert packet.count("<pdfaid:conformance>A</pdfaid:conformance>") == 1
    assert packet.count("<pdfuaid:part>1</pdfuaid:part>") == packet.count("pdfuaid:part>") / 2 == 1
    assert f"<pdfaSchema:namespaceURI>{UA_SCHEMA}</pdfaSchema:namespaceURI>" in packet


def test_the_metadata_can_be_found_without_unpacking_the_file(made: dict[Audience, bytes]) -> None:
    assert b"<pdfaid:part>3</pdfaid:part>" in made["public"]


@pytest.mark.parametrize("audience", AUDIENCES)
def test_the_attached_data_is_that_of_the_same_document(
    made: dict[Audience, bytes], documents: dict[Audience, Document], audience: Audience
) -> None:
    with opened(made[audience]) as file:
        assert list(file.attachments) == [f"{audience}.json"]
        specification = file.attachments[f"{audience}.json"].obj
        assert str(specification.AFRelationship) == "/Data"
        assert [one.objgen for one in file.Root.AF] == [specification.objgen]
        stream = specification.EF.F
        assert str(stream.Subtype) == "/application/json"
        assert str(stream.Params.ModDate) == str(stream.Params.CreationDate) == "D:20261114000000Z"
        assert stream.read_bytes() == data_file.render(documents[audience])


def test_a_long_table_is_capped_on_paper_and_whole_in_the_attached_data(documents: dict[Audience, Document]) -> None:
    rows = tuple(((f"row {number}",), ("x" * 30,)) for number in range(300))
    table = DataTable(
        id="long",
        caption=("A long table",),
        columns=(Column(title="Row"), Column(title="Text")),
        rows=rows,
        print_rows=10,
    )
    section = Section(id="long-section", title="Long", blocks=(table,))
    document = documents["public"].model_copy(update={"sections": (section,)})
    with opened(RENDERER(document)) as file:
        assert len(file.pages) < 3
        data = json.loads(file.attachments["public.json"].get_file().read_bytes())
    assert len(data["sections"][0]["blocks"][0]["rows"]) == 300


def test_every_chart_has_its_text_and_no_decoration_is_read_aloud(
    made: dict[Audience, bytes], documents: dict[Audience, Document]
) -> None:
    from governance.documents.pdf.structure import elements

    with opened(made["deployer"]) as file:
        figures = [element for element in elements(file.Root.StructTreeRoot) if element.S == "/Figure"]
        said = [str(figure.Alt) for figure in figures]
    drawn = page(documents["deployer"], printed=True).count('role="img"')
    assert len(said) == drawn > 0
    assert all(len(text) > 20 and text != DECORATION for text in said)


def test_names_with_values_are_lists_of_labelled_items(made: dict[Audience, bytes]) -> None:
    from governance.documents.pdf.structure import children, elements

    with opened(made["auditor"]) as file:
        items = [element for element in elements(file.Root.StructTreeRoot) if element.S == "/LI"]
        kinds = [[str(child.S) for child in children(item)] for item in items]
    assert ["/Lbl", "/LBody"] in kinds
    assert all(kind[-1] == "/LBody" for kind in kinds)


def test_the_title_is_shown_and_sections_are_bookmarks(
    made: dict[Audience, bytes], documents: dict[Audience, Document]
) -> None:
    with opened(made["auditor"]) as file:
        assert bool(file.Root.ViewerPreferences.DisplayDocTitle)
        with file.open_outline() as outline:
            top = outline.root[0]
            titles = {item.title for item in top.children}
    assert {section.title for section in documents["auditor"].sections if section.title} <= titles


def test_nothing_in_the_file_leads_out_of_it(made: dict[Audience, bytes]) -> None:
    import pikepdf

    for data in made.values():
        with opened(data) as file:
            for found in file.objects:
                if isinstance(found, pikepdf.Dictionary):
                    assert not {"/URI", "/JS", "/AA", "/Launch"} & set(found.keys())


def test_a_document_alone_has_the_same_bytes_as_among_others_whatever_the_locale_and_clock(
    made: dict[Audience, bytes], documents: dict[Audience, Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert RENDERER(documents["clinician"]) == made["clinician"]
    others = RENDERER.together([documents["clinician"], documents["public"]])
    assert others == [made["clinician"], made["public"]]


def test_the_identifier_is_fixed_and_there_is_no_date_of_making(
    made: dict[Audience, bytes], documents: dict[Audience, Document]
) -> None:
    with opened(made["public"]) as file:
        assert bytes(file.trailer.ID[0]).decode("ascii") == f"{documents['public'].identity.run_id}-public"
        assert not {"/CreationDate", "/ModDate"} & set(file.docinfo.keys())


def test_letter_paper_is_letter_and_lasts_as_well(documents: dict[Audience, Document]) -> None:
    data = LETTER(documents["public"])
    assert structural_findings(data) == ()
    with opened(data) as file:
        assert [round(float(side)) for side in file.pages[0].MediaBox] == [0, 0, 612, 792]


def test_columns_share_the_width_by_their_text_and_none_goes_without() -> None:
    text = ["Reason", "a long explanation of why there is no number for this group of patients"] * 2
    found = shares([["Group", "male", "female"], ["n", "12", "345"], text], [False, True, False])
    assert sum(found) == pytest.approx(1)
    assert found[2] > 3 * found[0] > 0
    assert shares([["A"], ["B"]], [False, False]) == [0.5, 0.5]
    assert min(shares([["W" * 300, "W" * 300], ["n", "1"]], [False, True])) > 0.02
