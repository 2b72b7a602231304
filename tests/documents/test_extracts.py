"""Extracts go through catalogues item by item, say what is there and what is missing, and claim nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from governance import api
from governance.catalogues import all_catalogues
from governance.documents.extracts import check_extracts, extracts
from governance.documents.rendering import extracts_of
from governance.errors import InputError
from governance.evidence.folder import RunFolder

DEVICE = """
regulatory:
  role: provider
  jurisdictions: EU
  sector_regime: MDR
  device_class: IIa
  notified_body: {name: Body of Examples, number: "0000"}
  annex_iii: none
  general_purpose_model: no
  transparency: none
  placed_on_market: not yet
  MANUFACTURER
facts:
  intended_purpose: {statement: "To show an <b>extract</b>.", owner: A. Name, date: 2026-11-25, review_by: 2999-11-25}
  human_oversight: {statement: Somebody looks., owner: B. Name, date: 2026-11-25, review_by: 2026-11-26}
"""
CLAIMS = re.compile(
    r"\b(compliant|compliance with|conforms|certified|approved|safe|unbiased|validated)\b", re.IGNORECASE
)
TITLES = ("notified body", "declaration of conformity")


def project(folder: Path, write: Callable[[Path], None], manufacturer: str = "") -> RunFolder:
    write(folder)
    (folder / "policy.yaml").write_text('policy: none\nversion: "1"\n')
    with (folder / "governance.yaml").open("a") as spec:
        spec.write(DEVICE.replace("MANUFACTURER", manufacturer))
        spec.write("output: {extracts: [all], audiences: [auditor], formats: [markdown, json]}\n")
    return RunFolder(api.run(folder / "governance.yaml", output=folder / "runs", no_tracking=True).folder.path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, write_age_alone: Callable[[Path], None]) -> RunFolder:
    return project(tmp_path_factory.mktemp("device"), write_age_alone)


def written(folder: RunFolder) -> dict[str, str]:
    return {path.stem: path.read_text() for path in (folder.documents / "confidential" / "extracts").glob("*.md")}


def test_every_item_of_a_pattern_is_in_its_catalogue_and_every_pattern_finds_some() -> None:
    for name, one in extracts().items():
        catalogue = all_catalogues()[one.catalogue]
        assert one.ids(catalogue), name
        for pattern in one.items:
            assert one.model_copy(update={"items": (pattern,)}).ids(catalogue), (name, pattern)


def test_extracts_that_do_not_apply_are_not_written(folder: RunFolder) -> None:
    names = set(written(folder))
    assert {
        "annex-iv",
        "risk-management",
        "instructions-for-use",
        "human-oversight",
        "claim-2024",
        "tripod-ai",
    } <= names
    assert not names & {"general-purpose-model", "model-documentation-form", "fundamental-rights"}
    assert "declaration-of-conformity" not in names


def test_the_skeleton_of_a_declaration_needs_a_manufacturer_and_declares_nothing(
    tmp_path: Path, write_age_alone: Callable[[Path], None]
) -> None:
    text = written(project(tmp_path, write_age_alone, "identification: {manufacturer: Examples Ltd}"))[
        "declaration-of-conformity"
    ]
    assert text.count("NOT A DECLARATION") >= 2
    assert "is in conformity" not in text
    assert "under its sole responsibility" in text


def test_every_item_stands_in_it_once_with_its_status(folder: RunFolder) -> None:
    text, one = written(folder)["annex-iv"], extracts()["annex-iv"]
    catalogue = all_catalogues()[one.catalogue]
    for item in one.ids(catalogue):
        found = catalogue.by_id[item]
        row = re.findall(
            rf"^- \*\*{re.escape(f'{found.ref}: {found.title}')}\*\*: (.*)$", text.replace("\\", ""), re.MULTILINE
        )
        assert len(row) == 1, item
        assert re.match(r"(Evidenced|Declared only|Not evidenced|Not applicable)\. ", row[0]), item


def test_statements_are_verbatim_with_owner_and_day_and_hostile_ones_are_text(folder: RunFolder) -> None:
    text = written(folder)["annex-iv"]
    assert "<b>extract</b>" not in text
    assert "To show an \\<b\\>extract\\</b\\>. (A. Name, 25 Nov 2026)" in text or "&lt;b&gt;extract" in text


def test_what_the_run_measured_is_printed_with_its_interval_and_traced(folder: RunFolder) -> None:
    (document,) = extracts_of(folder, ["accuracy-robustness-cybersecurity"])
    traced = {row.measurement for row in document.trace}
    assert traced
    assert traced <= {m.id for m in folder.read_evidence().measurements}
    assert re.search(
        r"Sensitivity on test 0\.\d\d \(0\.\d\d to 0\.\d\d\), n = \d+", written(folder)[document.name or ""]
    )


def test_missing_facts_are_in_the_register_with_who_could_give_them(folder: RunFolder) -> None:
    register = written(folder)["human-oversight"].split("## Register of gaps")[1]
    assert "the provider" in register
    assert re.search(r"\| fact not stated: \w", register.replace("\\", ""))


def test_no_extract_claims_anything(folder: RunFolder) -> None:
    for name, text in written(folder).items():
        plain = text
        for title in TITLES:
            plain = plain.replace(title, "")
        found = [match.group(0) for match in CLAIMS.finditer(plain)]
        assert not found, (name, found)
        assert "does not say that a requirement is fulfilled" in text


def test_applicability_is_said_to_be_provisional_with_its_day(folder: RunFolder) -> None:
    text = written(folder)["risk-management"]
    assert "Provisional, as of 2026-11-23" in text
    assert "[applies from 2028-08-02]" in text.replace("\\", "")


def test_rendered_again_they_are_the_same_bytes(folder: RunFolder) -> None:
    before = written(folder)
    for path in (folder.documents / "confidential" / "extracts").glob("*.md"):
        path.unlink()
    api.manifest(folder.path)
    api.render(folder.path, extracts=["all"], formats=["markdown"])
    assert written(folder) == before


def test_unknown_extracts_are_refused_with_a_near_name() -> None:
    with pytest.raises(InputError, match="there is no extract 'annex-4'") as caught:
        check_extracts(["annex-4"])
    assert "annex-iv" in str(caught.value)


def test_json_names_the_extract(folder: RunFolder) -> None:
    content = json.loads((folder.documents / "confidential" / "extracts" / "annex-iv.json").read_text())
    assert (content["name"], content["audience"], content["disclosure"]) == ("annex-iv", "auditor", "confidential")
