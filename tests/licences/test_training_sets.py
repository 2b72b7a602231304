"""The datasets of the review's table by name: what is known, what is not, and what looks doubtful."""

from __future__ import annotations

import pytest

from governance.errors import InputError
from governance.licences import describe_licence, training_set, training_sets

from .sample_spec import spec


def test_all_rows_of_the_table_are_there() -> None:
    found = training_sets()
    assert len(found) == 24
    assert sum(one.images for one in found.values()) == 79_554_976  # as the rows of the table add up


def test_a_dataset_says_what_is_known_of_it() -> None:
    found = training_set("brset")
    assert (found.name, found.modality, found.origin, found.licence) == ("BRSET", "fundus", "Brazil", "PHDL")
    assert found.demographics_reported == ("age", "sex", "nationality")
    assert found.not_known == ("race, ethnicity of the people in it: not reported",)
    assert "arXiv 2502.16841v2" in found.source
    assert found.retrieved == "2026-11-23"


def test_what_the_table_does_not_say_is_said_to_be_not_known() -> None:
    found = training_set("ldpolypvideo")
    assert found.demographics_reported == ()
    assert any("age, race, sex" in gap for gap in found.not_known)
    assert any("licence" in gap for gap in found.not_known)
    assert training_set("harvard-fairvlmed").not_known == ("nationality of the people in it: not reported",)


def test_doubtful_values_are_flagged() -> None:
    assert {name for name, one in training_sets().items() if one.flag} == {"tcga", "bhx", "eyepacs"}


def test_a_dataset_is_also_found_by_the_name_that_is_printed() -> None:
    assert training_set("MIMIC-CXR-JPG") == training_set("mimic-cxr-jpg")
    assert training_set("kermany ET AL.").id == "kermany-oct"


def test_an_unknown_dataset_is_refused_with_a_near_name() -> None:
    with pytest.raises(InputError, match="did you mean 'chexpert'"):
        training_set("chexprt")


def test_the_statement_lists_the_datasets_that_are_named_each_once() -> None:
    named = [{"kind": "dataset", "name": name} for name in ("tcga", "isic", "tcga", "data of our own")]
    statement = describe_licence(spec({"kind": "OpenRAIL-M", "built_on": named}))
    assert [one.id for one in statement.training_sets] == ["tcga", "isic"]


def test_a_model_of_the_name_of_a_dataset_is_no_dataset() -> None:
    statement = describe_licence(spec({"kind": "MIT", "built_on": [{"kind": "model", "name": "isic"}]}))
    assert statement.training_sets == ()
