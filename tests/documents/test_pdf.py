"""PDFs, checked structurally: tags, language, title, header scopes, running text, equal bytes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from governance.documents.blocks import Audience
from governance.documents.content import Document
from governance.documents.pdf import RENDERER

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(RENDERER.missing() is not None, reason="WeasyPrint or Pango is not installed"),
]


@pytest.fixture(scope="module")
def made(documents: dict[Audience, Document], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pdf")
    chosen = {name: documents[name] for name in ("public", "auditor")}  # type: ignore[index]
    paths = {}
    for name, data in zip(chosen, RENDERER.together(list(chosen.values())), strict=True):
        paths[name] = folder / f"{name}.pdf"
        paths[name].write_bytes(data)
    return paths


def test_the_same_document_gives_the_same_bytes_in_another_process(
    made: dict[str, Path], documents: dict[Audience, Document]
) -> None:
    assert RENDERER(documents["public"]) == made["public"].read_bytes()


def test_pages_are_tagged_named_and_in_a_language(made: dict[str, Path]) -> None:
    pikepdf = pytest.importorskip("pikepdf")
    for path in made.values():
        with pikepdf.open(path) as file:
            assert file.Root.MarkInfo.Marked
            assert str(file.Root.Lang) == "en"
            with file.open_metadata() as data:
                assert "nodule-suspicion 2.3.0" in str(data["dc:title"])
                assert str(data["pdfuaid:part"]) == "1"
            assert "/CreationDate" not in file.docinfo


def test_every_header_cell_says_what_it_heads(made: dict[str, Path]) -> None:
    pikepdf = pytest.importorskip("pikepdf")
    with pikepdf.open(made["auditor"]) as file:
        heads = [o for o in file.objects if isinstance(o, pikepdf.Dictionary) and o.get("/S") == pikepdf.Name.TH]
        assert heads
        scopes = {str(entry.get("/Scope")) for head in heads for entry in _attributes(pikepdf, head)}
        assert scopes == {"/Row", "/Column"}


def _attributes(pikepdf, head):
    found = head.get("/A")
    entries = list(found) if isinstance(found, pikepdf.Array) else [found]
    return [entry for entry in entries if entry.get("/O") == pikepdf.Name.Table]


def test_every_page_names_the_run_and_its_number(made: dict[str, Path], documents: dict[Audience, Document]) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    text = subprocess.run(
        ["pdftotext", "-layout", made["auditor"], "-"], capture_output=True, check=True
    ).stdout.decode()
    pages = text.split("\f")[:-1]
    for number, page in enumerate(pages, start=1):
        assert f"page {number} of {len(pages)}" in page
        assert documents["auditor"].identity.run_id[:4] in page
        assert number == 1 or "Record for auditors · nodule-suspicion 2.3.0" in page


def test_qpdf_finds_no_fault(made: dict[str, Path]) -> None:
    if shutil.which("qpdf") is None:
        pytest.skip("qpdf is not installed")
    for path in made.values():
        assert subprocess.run(["qpdf", "--check", path], capture_output=True, check=False).returncode == 0


def test_a_page_that_fails_does_not_take_the_run_down(
    documents: dict[Audience, Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    from governance.documents import pdf
    from governance.errors import CannotRunError

    monkeypatch.setattr(pdf, "TIME_LIMIT", 0.01)
    with pytest.raises(CannotRunError, match="longer than"):
        RENDERER(documents["public"])
