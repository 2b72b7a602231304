"""What docs/choose-a-licence.md shows is read as it says."""

from __future__ import annotations

import re
from pathlib import Path

from governance import licences
from governance.licences import check_licence
from governance.licences.catalogue import rail_catalogue
from governance.licences.known import find_licence, licence_table

from .sample_spec import loaded

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "choose-a-licence.md").read_text()
(EXAMPLE,) = re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def test_the_example_is_read_and_has_one_of_each_finding(tmp_path: Path) -> None:
    (tmp_path / "LICENCE.txt").write_text("The text.\n")
    statement = check_licence(loaded(tmp_path, EXAMPLE))
    assert statement.lineage is not None
    assert {finding.kind for finding in statement.lineage.findings} == {"conflict", "unknown", "to check"}
    assert statement.text_file == "text/LICENCE.txt"
    assert [one.id for one in statement.training_sets] == ["mimic-cxr-jpg", "padchest", "chexpert"]


def test_every_licence_and_restriction_that_the_guide_names_exists() -> None:
    for name in ("Apache-2.0", "CC-BY-4.0", "MIT OR Apache-2.0", "LicenseRef-name", "ResearchRAIL-MS", "RAIL-DAMS"):
        assert f"`{name}`" in GUIDE
        find_licence(name)
    for name, known in licence_table().licences.items():
        assert (f"`{name}`" in GUIDE) == bool(known.restrictions) or not known.rail
    assert "generator-health" in rail_catalogue().restrictions


def test_every_function_that_the_guide_names_is_public() -> None:
    for name in re.findall(r"`([a-z]+_[a-z_]+)`", GUIDE.rpartition("In Python")[2]):
        assert name in licences.__all__
