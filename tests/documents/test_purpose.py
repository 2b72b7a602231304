"""The intended purpose stands verbatim and digested in every document, and whom of it nobody tested is a gap."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from governance import api
from governance.documents.build.purpose import purpose_digest, untested
from governance.documents.build.run import Run
from governance.errors import InputError
from governance.evidence.folder import RunFolder

FACTS = """
facts:
  intended_purpose:
    statement: To show who will have died by 1992, for people of any sex and in any country.
    owner: A. Name, clinical safety
    date: 2026-11-25
    review_by: 2027-11-25
    strata: {sex: ["0", "1", other], country: [US, DE]}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_age_alone: Callable[[Path], None]) -> Path:
    write_age_alone(tmp_path)
    (tmp_path / "policy.yaml").write_text('policy: none\nversion: "1"\n')
    with (tmp_path / "governance.yaml").open("a") as spec:
        spec.write(FACTS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_strata_that_no_test_set_shows_are_gaps_in_every_document(project: Path) -> None:
    folder = api.run("governance.yaml", formats=("markdown",), no_tracking=True).folder
    run = Run.read(folder)
    assert [(one.attribute, one.group, one.why) for one in untested(run)] == [
        ("country", "US", "test does not record country"),
        ("country", "DE", "test does not record country"),
        ("sex", "other", "test has nobody of it"),
    ]
    digest = purpose_digest(run)
    assert digest is not None
    for path in folder.documents.rglob("*.md"):
        text = path.read_text()
        assert "To show who will have died by 1992, for people of any sex and in any country." in text
        assert f"digest {digest[:4]} {digest[4:8]} {digest[8:12]}" in text
        assert "Intended purpose: country US · Intended purpose: country DE" in text
        assert "retrospective technical performance" in text


def test_another_word_in_the_purpose_is_another_digest(project: Path) -> None:
    def digest_of(folder: RunFolder) -> str | None:
        return purpose_digest(Run.read(folder))

    first = digest_of(api.evaluate("governance.yaml", no_tracking=True).folder)
    spec = (project / "governance.yaml").read_text()
    (project / "governance.yaml").write_text(spec.replace("any country", "all countries"))
    assert digest_of(api.evaluate("governance.yaml", no_tracking=True).folder) != first


def test_only_the_intended_purpose_has_strata(project: Path) -> None:
    spec = (project / "governance.yaml").read_text()
    (project / "governance.yaml").write_text(spec.replace("intended_purpose:", "users:"))
    with pytest.raises(InputError, match="only `intended_purpose` has strata"):
        api.evaluate("governance.yaml", no_tracking=True)
