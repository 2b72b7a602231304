"""What `docs/answer-a-catalogue.md` shows can be written and done as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from governance.catalogues import catalogue, fact_keys, item_of
from governance.spec import parse_yaml, validate
from governance.spec.model import Fact, Name
from governance.spec.regulatory import Regulatory

from .stating import CLAIMS


@pytest.fixture
def page(checkout: Path) -> str:
    return (checkout / "docs" / "answer-a-catalogue.md").read_text()


def test_its_yaml_can_be_read(page: str) -> None:
    facts, regulatory = (
        parse_yaml(text, Path("page")) for text in re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    )
    assert validate(dict[Name, Fact], facts, ("facts",)).keys() <= fact_keys().keys()
    stated = validate(Regulatory, regulatory, ("regulatory",))
    unsaid = set(Regulatory.model_fields) - set(regulatory.content["regulatory"])
    assert not unsaid, "the page shows every key"
    assert stated.role == ("provider",)


def test_what_it_names_exists(page: str) -> None:
    assert item_of(catalogue("eu_ai_act"), "AIA-ANX4-2g")
    for name in re.findall(r"--catalogue (\S+)", page):
        assert catalogue(name)


def test_its_files_are_there(page: str, checkout: Path) -> None:
    links = re.findall(r"\]\((\.\./[^)]+)\)", page)
    assert links
    for link in links:
        assert (checkout / "docs" / link).is_file()


def test_it_claims_nothing(page: str) -> None:
    assert not CLAIMS.search(page)
