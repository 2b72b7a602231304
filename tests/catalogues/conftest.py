"""A finished run of real people, predicted from their age alone, with stated facts, hazards and a licence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from governance import api
from governance.evidence.folder import RunFolder

from .stating import FACTS, REGULATORY

POLICY = """
policy: bars
version: "1"
rules:
  - id: one
    title: One bar
    measure: fairness / auroc on test
    bar: {at_least: 0.6}
    rationale: a test
"""
MORE = """
licence: {kind: Apache-2.0, licensor: the author of this test, built_on: []}
hazards:
  H-01: {hazard: A death is not foreseen, harm: Care comes late, who: the person, severity: serious, controls: [one]}
facts:
"""


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory, write_age_alone: Callable[[Path], None]) -> RunFolder:
    """The finished run; only read it."""
    folder = tmp_path_factory.mktemp("project")
    write_age_alone(folder)
    (folder / "policy.yaml").write_text(POLICY)
    facts = "".join(f"  {key}: {fact}\n" for key, fact in FACTS.items())
    with (folder / "governance.yaml").open("a") as spec:
        spec.write(MORE + facts + REGULATORY)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = api.run("governance.yaml", no_tracking=True, formats=("json",))
    return RunFolder(folder / result.folder.path)


@pytest.fixture
def run(sealed: RunFolder, tmp_path: Path) -> RunFolder:
    """A copy of the finished run that a test may change."""
    shutil.copytree(sealed.path, tmp_path / sealed.run_id)
    return RunFolder(tmp_path / sealed.run_id)
