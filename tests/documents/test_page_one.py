"""Page one for auditors: which device, whose, under which criteria, on whom, with which result, and what is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from governance import api

REGULATORY = """
regulatory:
  sector_regime: MDR
  device_class: IIa
  device_rule: "11"
  notified_body: {name: Body of Examples, number: "0000"}
  identification: {product_name: Age Alone, udi_di: "(01)00000000000000", manufacturer: Examples Ltd}
facts:
  intended_purpose: {statement: To show a first page., owner: A. Name, date: 2026-11-25, review_by: 2027-11-25}
"""
POLICY = """
policy: bars
version: "1"
rules:
  - id: one
    title: One bar
    measure: fairness / auroc on test
    bar: {at_least: 0.6}
    rationale: a test
    set: {by: clinical safety, on: 2026-11-20}
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_age_alone: Callable[[Path], None]) -> str:
    write_age_alone(tmp_path)
    (tmp_path / "policy.yaml").write_text(POLICY)
    spec = (tmp_path / "governance.yaml").read_text().replace("{sex: sex}", "{site: sex}").replace("[sex]", "[site]")
    (tmp_path / "governance.yaml").write_text(spec + REGULATORY)
    monkeypatch.chdir(tmp_path)
    folder = api.run("governance.yaml", audiences=("auditor",), formats=("markdown",), no_tracking=True).folder
    text = (folder.documents / "confidential" / "auditor.md").read_text()
    return text[text.index("## At a glance") : text.index("To show a first page.", text.index("**Worst group**"))]


@pytest.mark.parametrize(
    "row",
    [
        "**Product**: Age Alone",
        "**UDI-DI**: (01)00000000000000",
        "**Class**: IIa",
        "**Classification rule**: 11",
        "**Notified body**: Body of Examples, 0000",
        "**Not provided by the provider**: Basic UDI-DI, Single registration number (SRN), Authorised representative, "
        "Person responsible for regulatory compliance",
        "**Intended purpose**: To show a first page.",
        "**Set by**: clinical safety (1 rule), on 2026-11-20",
        "**Recorded**: before the run, by this installation; time not independently proven (no timestamp token)",
        "**Looks at test**: decision 1 about this model",
        "**Tested on test**: 1629 patients",
        "**Sites**: 0 (799), 1 (830) (patients)",
        "**Countries**: not recorded in test",
        "**Verdicts**: 1 pass",
        "**Signature**: none: the field at the end of this document is empty",
        "**What this does not show**: Anything beyond retrospective technical performance on these data",
    ],
)
def test_page_one_answers(page: str, row: str) -> None:
    assert row in page.replace("\\", "")
