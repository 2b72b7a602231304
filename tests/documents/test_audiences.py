from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from governance.documents import render
from governance.documents.audiences import READERS, check_audiences, check_formats
from governance.documents.blocks import AUDIENCES, Audience, Statement
from governance.documents.content import Document
from governance.errors import InputError
from governance.evidence.folder import RunFolder

CUSTOMER, CONFIDENTIAL = b"CANARY-CUSTOMER", b"CANARY-CONFIDENTIAL"
MAY_READ = {"public": (), "customer": (CUSTOMER,), "confidential": (CUSTOMER, CONFIDENTIAL)}


def test_the_raw_bytes_of_a_document_hold_only_what_its_reader_may_have(folder: RunFolder) -> None:
    for path in render(folder, formats=["html", "markdown", "json"]):
        data = path.read_bytes()
        allowed = MAY_READ[path.parent.name]
        assert path.parent.name == READERS[path.stem].disclosure  # type: ignore[index]
        for canary in (CUSTOMER, CONFIDENTIAL):
            if canary not in allowed:
                assert canary not in data, path
        if path.stem in ("engineer", "auditor", "deployer"):
            assert all(canary in data for canary in allowed), path
        if not allowed:
            assert b"supplier_audit" not in data
            assert b"support_price" not in data


def test_a_withheld_statement_that_is_asked_for_says_that_it_was_not_published(tmp_path: Path) -> None:
    from .conftest import documents_of
    from .sample_run import FACTS, write

    hidden = {**FACTS["limitations"], "disclosure": "confidential", "statement": "CANARY-LIMITS"}
    documents = documents_of(write(tmp_path, facts={**FACTS, "limitations": hidden}))
    assert "CANARY-LIMITS" not in documents["clinician"].model_dump_json()
    assert "not published by the provider" in documents["clinician"].model_dump_json()
    assert "CANARY-LIMITS" in documents["auditor"].model_dump_json()


def test_the_headline_withholds_a_confidential_finding(tmp_path: Path) -> None:
    from .conftest import documents_of
    from .sample_run import FACTS, write

    hidden = {**FACTS["finding"], "disclosure": "confidential", "statement": "CANARY-FINDING"}
    purpose = {**FACTS["intended_purpose"], "disclosure": "customer", "statement": "CANARY-PURPOSE"}
    documents = documents_of(write(tmp_path, facts={**FACTS, "finding": hidden, "intended_purpose": purpose}))
    assert "CANARY-FINDING" not in documents["public"].model_dump_json()
    assert "CANARY-PURPOSE" not in documents["public"].model_dump_json()
    assert "CANARY-FINDING" in documents["engineer"].model_dump_json()


def test_a_withheld_statement_keeps_nothing_of_its_words() -> None:
    assert "secret" not in Statement(fact="x", text="secret", disclosure="confidential").withheld().model_dump_json()


@pytest.mark.parametrize("audience", AUDIENCES)
def test_blocks_are_written_for_their_reader(documents: dict[Audience, Document], audience: Audience) -> None:
    for section in documents[audience].sections:
        assert all(audience in block.audiences for block in section.blocks)


def test_the_public_document_explains_verdicts_without_statistics(documents: dict[Audience, Document]) -> None:
    text = documents["public"].sections[0].model_dump_json()
    assert "The measurements miss the bar that the provider set." in text
    assert "AUROC" not in text


def test_unknown_names_get_a_near_name() -> None:
    with pytest.raises(InputError, match="did you mean 'clinician'"):
        check_audiences(["clinicians"])
    with pytest.raises(InputError, match="did you mean 'markdown'"):
        check_formats(["markdwn"])
    assert check_audiences(["auditor", "public"]) == ("public", "auditor")


@pytest.mark.slow
def test_the_text_of_public_pdfs_holds_no_canary(folder: RunFolder) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    made = [p for p in render(folder, audiences=["public"], formats=["pdf"]) if p.suffix == ".pdf"]
    if not made:
        pytest.skip("PDFs cannot be made here")
    text = subprocess.run(["pdftotext", made[0], "-"], capture_output=True, check=True).stdout
    assert b"suspicious nodule" in text
    assert b"CANARY" not in text
