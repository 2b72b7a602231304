"""DOCX files, read back: structure that word processors rely on, all numbers, hostile text, equal bytes."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import get_args

import pytest

docx = pytest.importorskip("docx")

from docx.oxml.ns import qn  # noqa: E402

from governance.documents import render  # noqa: E402
from governance.documents.audiences import READERS  # noqa: E402
from governance.documents.blocks import (  # noqa: E402
    AnyBlock,
    Audience,
    Column,
    Command,
    DataTable,
    Figure,
    Properties,
    Prose,
    Statement,
    VerdictItem,
    VerdictList,
)
from governance.documents.content import Document, Identity, Section, figures  # noqa: E402
from governance.documents.docx import RENDERER, renderer  # noqa: E402
from governance.documents.docx import blocks as written  # noqa: E402
from governance.documents.docx.layout import WIDTH, column_widths  # noqa: E402
from governance.documents.docx.runs import UNFIT, printable  # noqa: E402
from governance.documents.tables import Row, Table  # noqa: E402
from governance.errors import CannotRunError  # noqa: E402

from .sample_run import write  # noqa: E402

OUR_FIELDS = {"PAGE", "NUMPAGES", "SEQ Table \\* ARABIC", 'TOC \\o "1-1" \\n \\h \\z'}
PARTS = {
    "[Content_Types].xml", "_rels/.rels", "docProps/core.xml", "word/document.xml", "word/_rels/document.xml.rels",
    "word/styles.xml", "word/settings.xml", "word/numbering.xml", "word/fontTable.xml", "word/theme/theme1.xml",
    "word/header1.xml", "word/footer1.xml",
}  # fmt: skip
HOSTILE = (
    "DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe \"/k calc\"",
    "{ INCLUDETEXT \"http://evil.example/x\" }",
    "</w:t></w:r><w:altChunk r:id='rId9'/>",
    "a\x00b\x07c\x0bd\x1fe\ufffef",
    "\u202egnp.exe",
    "=HYPERLINK(\"http://evil.example\")",
    "W" * 3000,
)  # fmt: skip


@pytest.fixture(scope="module")
def made(documents: dict[Audience, Document]) -> dict[str, bytes]:
    return {audience: RENDERER(document) for audience, document in documents.items()}


def opened(data: bytes):
    return docx.Document(io.BytesIO(data))


def words(data: bytes) -> str:
    """All text of the body, a paragraph a line, in the order of the page."""
    body = opened(data).element.body
    return "\n".join("".join(t.text or "" for t in p.iter(qn("w:t"))) for p in body.iter(qn("w:p")))


def fields(data: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        text = "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))
    assert "fldSimple" not in text
    found = re.findall(r"<w:instrText[^>]*>([^<]*)</w:instrText>", text)
    return {code.replace("&quot;", '"').strip() for code in found}


def sample(*blocks, **more) -> Document:
    identity = Identity(
        subject="model", version=more.get("version", "1"), subject_digest="", provider=("somebody",), measured=None,
        run_id="0123456789ab", evidence_digest="ab" * 32, policy=None,
    )  # fmt: skip
    return Document(
        audience="auditor", disclosure="confidential", title="Record", caution="technical performance",
        identity=identity, headline=("A heading",),
        sections=(Section(id="one", title="One", blocks=blocks),),
    )  # fmt: skip


def test_every_kind_of_block_can_be_printed() -> None:
    for kind in get_args(get_args(AnyBlock)[0]):
        assert kind in written.write.registry, kind.__name__


def test_every_number_and_every_statement_of_a_document_is_in_its_file(
    documents: dict[Audience, Document], made: dict[str, bytes]
) -> None:
    for audience, document in documents.items():
        text = words(made[audience])
        for figure in figures((document.headline, document.least, document.sections)):
            assert printable(figure.text) in text, (audience, figure)
        for statement in statements(document):
            assert printable(statement.text) in text, (audience, statement)


def statements(node):
    if isinstance(node, Statement):
        yield node
    elif isinstance(node, tuple):
        for item in node:
            yield from statements(item)
    elif hasattr(type(node), "model_fields"):
        for name in type(node).model_fields:
            yield from statements(getattr(node, name))


def test_headings_are_headings_and_make_the_outline(
    documents: dict[Audience, Document], made: dict[str, bytes]
) -> None:
    for audience, document in documents.items():
        found = opened(made[audience]).paragraphs
        assert [p.text for p in found if p.style.name == "Heading 1"] == [s.title for s in document.sections if s.title]
        assert sum(p.style.name == "Title" for p in found) == 1


def test_the_contents_lead_to_headings_that_are_there(made: dict[str, bytes]) -> None:
    body = opened(made["auditor"]).element.body
    links = [link.get(qn("w:anchor")) for link in body.iter(qn("w:hyperlink"))]
    marks = [mark.get(qn("w:name")) for mark in body.iter(qn("w:bookmarkStart"))]
    assert links
    assert links == marks
    assert len(set(marks)) == len(marks)
    assert "TOC" not in "".join(fields(made["clinician"]))


def test_tables_repeat_their_header_keep_rows_whole_and_fill_the_page(made: dict[str, bytes]) -> None:
    seen = 0
    for data in made.values():
        file = opened(data)
        for table in file.element.body.iter(qn("w:tbl")):
            widths = [int(column.get(qn("w:w"))) for column in table.iter(qn("w:gridCol"))]
            assert sum(widths) == WIDTH
            if table.find(f"{qn('w:tblPr')}/{qn('w:tblStyle')}").get(qn("w:val")) == "Pairs":
                continue
            rows = list(table.iter(qn("w:tr")))
            assert [bool(list(row.iter(qn("w:tblHeader")))) for row in rows] == [True] + [False] * (len(rows) - 1)
            assert all(list(row.iter(qn("w:cantSplit"))) for row in rows)
            caption = table.getprevious()
            assert caption.find(f"{qn('w:pPr')}/{qn('w:pStyle')}").get(qn("w:val")) == "Caption"
            seen += 1
    assert seen > 10


def test_the_rows_of_a_table_that_are_left_out_are_counted() -> None:
    rows = tuple(((str(number),),) for number in range(30))
    block = DataTable(id="t", caption=("Many",), columns=(Column(title="n"),), rows=rows, print_rows=10)
    data = RENDERER(sample(block))
    assert len(opened(data).tables[0].rows) == 11
    assert "The first 10 of 30 rows." in words(data)


def test_a_page_is_a4_and_says_which_model_run_and_page_it_is(
    documents: dict[Audience, Document], made: dict[str, bytes]
) -> None:
    section = opened(made["deployer"]).sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert section.header.paragraphs[0].text == "Information for deployers · nodule-suspicion 2.3.0"
    run = documents["deployer"].identity.run_id
    assert section.footer.paragraphs[0].text.startswith(f"run {run[:4]} {run[4:8]} {run[8:]} · evidence ")
    assert section.footer.paragraphs[0].text.endswith("page 1 of 1")
    assert {"PAGE", "NUMPAGES"} <= fields(made["deployer"])


def test_the_file_says_its_language_title_and_subject_and_no_dates(made: dict[str, bytes]) -> None:
    file = opened(made["public"])
    assert {lang.get(qn("w:val")) for lang in file.styles.element.iter(qn("w:lang"))} == {"en-GB"}
    about = file.core_properties
    assert (about.title, about.language) == ("In plain language: nodule-suspicion 2.3.0", "en-GB")
    assert about.subject == "retrospective technical performance, not a clinical evaluation"
    assert about.created is None
    assert about.modified is None


def test_verdicts_are_words_with_a_sign(made: dict[str, bytes]) -> None:
    text = words(made["clinician"])
    for said in ("✗ fail", "= inconclusive", "○ not measured", "✓ pass"):
        assert said in text


def test_equal_documents_give_equal_bytes_in_another_process(
    documents: dict[Audience, Document], made: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "document.json").write_text(documents["auditor"].model_dump_json(), "utf-8")
    script = (
        "from pathlib import Path; from governance.documents.content import Document; "
        "from governance.documents.docx import RENDERER; "
        "Path('out.docx').write_bytes(RENDERER(Document.model_validate_json(Path('document.json').read_bytes())))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True, timeout=60)
    assert (tmp_path / "out.docx").read_bytes() == made["auditor"]
    with zipfile.ZipFile(io.BytesIO(made["auditor"])) as parts:
        assert {entry.date_time for entry in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_hostile_text_stays_text() -> None:
    nasty = " ".join(HOSTILE)
    verdict = VerdictItem(
        word="fail",
        severity="block",
        rule=nasty,
        title=nasty,
        sentence=Figure(measurements=("x",), text=nasty),
        bar=nasty,
    )
    document = sample(
        Prose(paragraphs=((nasty,),)),
        Command(lines=(nasty,)),
        Properties(items=((nasty, (nasty,)),)),
        VerdictList(items=(verdict,), detailed=True),
        DataTable(id="t", caption=(nasty,), columns=(Column(title=nasty), Column(title="n")), rows=(((nasty,), ("1",)),)),  # noqa: E501
        version=nasty,
    )  # fmt: skip
    data = RENDERER(document)
    assert fields(data) <= OUR_FIELDS
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert set(parts.namelist()) == PARTS
        assert not any(b"External" in parts.read(name) for name in parts.namelist() if name.endswith(".rels"))
    text = words(data)
    assert "DDEAUTO" in text
    assert "</w:t></w:r><w:altChunk" in text
    assert f"a{UNFIT}b{UNFIT}c d{UNFIT}e{UNFIT}f" in text
    assert "\u202e" not in text
    assert len(opened(data).sections[0].header.paragraphs[0].text) < 120


def test_files_hold_only_the_parts_that_a_document_needs(made: dict[str, bytes]) -> None:
    for data in made.values():
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            assert set(parts.namelist()) == PARTS
        assert fields(data) <= OUR_FIELDS


def test_what_is_not_for_a_reader_is_nowhere_in_the_file(made: dict[str, bytes]) -> None:
    for audience, data in made.items():
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            raw = b"".join(parts.read(name) for name in parts.namelist())
        disclosure = READERS[audience].disclosure  # type: ignore[index]
        assert (b"CANARY-CUSTOMER" in raw) == (disclosure != "public")
        assert (b"CANARY-CONFIDENTIAL" in raw) == (disclosure == "confidential")


@pytest.mark.slow
def test_a_validator_of_office_open_xml_finds_no_fault(made: dict[str, bytes], tmp_path: Path) -> None:
    audit = pytest.importorskip("openxml_audit")
    validator = audit.OpenXmlValidator(security_validation=True)
    for audience, data in made.items():
        path = tmp_path / f"{audience}.docx"
        path.write_bytes(data)
        result = validator.validate(str(path))
        assert result.is_valid, (audience, [str(error) for error in result.errors])
        assert result.warning_count == 0


def test_columns_keep_short_numbers_whole_and_give_room_to_long_text() -> None:
    columns = (Column(title="Metric"), Column(title="value", numeric=True), Column(title="note"))
    long = Row((("AUROC",), ("0.83",), ("words " * 60,)))
    name, value, note = column_widths(Table(columns, (long,)))
    assert name + value + note == WIDTH
    assert note > name > 0
    assert value > WIDTH * 4 / 118


def test_a_table_without_rows_still_has_its_columns() -> None:
    widths = column_widths(Table((Column(title=""), Column(title="")), ()))
    assert sum(widths) == WIDTH
    assert min(widths) > 0


def test_without_python_docx_the_run_says_what_to_install(
    documents: dict[Audience, Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderer.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CannotRunError) as error:
        RENDERER(documents["public"])
    assert error.value.hint == "pip install 'medical-ai-governance[docx]'"


def test_a_run_is_rendered_under_the_name_of_the_format(tmp_path: Path) -> None:
    (path,) = render(write(tmp_path), formats=["docx"], audiences=["public"])
    assert path.name == "public.docx"
    assert opened(path.read_bytes()).paragraphs
