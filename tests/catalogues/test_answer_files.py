"""Answers and facts as files: what they name exists, and what is wrong in them is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.catalogues import all_answers, all_catalogues, check_answers, fact_keys, unanswered
from governance.catalogues.loading import catalogues_folder
from governance.data_files import data_folder
from governance.errors import InputError
from governance.spec import read_yaml
from governance.spec.document import walk

from .stating import CLAIMS

FILES = sorted((catalogues_folder() / "answers").glob("*.yaml"))
STATED_BY_PROJECTS = {
    "contact",
    "finding",
    "human_oversight",
    "intended_purpose",
    "limitations",
    "maintenance",
    "not_for",
    "provider",
    "reference_standard",
    "responsible_person",
    "training_data",
    "users",
    "when_unsure",
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_all_that_the_answers_name_exists(path: Path) -> None:
    assert check_answers(path).answers


def test_the_ai_act_and_the_form_are_answered_but_for_what_nobody_here_can_state() -> None:
    assert set(unanswered("eu_ai_act")) == {
        "AIA-6-5",  # guidelines of the Commission
        "AIA-10-5",  # deleted
        "AIA-14-5",  # remote biometric identification only
        "AIA-15-2",  # benchmarks encouraged by the Commission
        "AIA-27-5",  # a template of the AI Office
        "AIA-50-6",  # no duty of its own
        "AIA-50-7",  # codes encouraged by the AI Office
    }
    assert set(unanswered("gpai_documentation_form")) == {"MDF-0.1", "MDF-0.2"}  # of the form itself


def test_facts_that_projects_state_already_keep_their_names() -> None:
    assert set(fact_keys()) >= STATED_BY_PROJECTS


def test_every_fact_has_a_question_to_whoever_can_state_it() -> None:
    for key, fact in fact_keys().items():
        assert fact.ask.endswith("?"), key


def test_no_file_of_ours_claims_anything() -> None:
    for folder in ("answers", "facts", "applicability"):
        for path in (catalogues_folder() / folder).glob("*.yaml"):
            for keys, value in walk(read_yaml(path).content):
                assert not (isinstance(value, str) and CLAIMS.search(value)), (path.name, keys, value)


def test_requirements_that_policies_support_exist_in_a_catalogue() -> None:
    known = {item for found in all_catalogues().values() for item in found.by_id}
    for path in data_folder("policies").glob("*.yaml"):
        document = read_yaml(path)
        for keys, value in walk(document.content):
            if len(keys) > 1 and keys[-2] == "supports":
                assert value in known, document.location(keys)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            "{facts: [intended_purpos]}",
            r"a\.yaml:4:21: there is no fact key 'intended_purpos'\s+did you mean 'intended_p",
        ),
        ("{measured: [{metric: sensitivty}]}", r"there is no metric 'sensitivty'\s+did you mean 'sensitivity"),
        ("{measured: [{evaluator: fairnes}]}", r"there is no evaluator 'fairnes'\s+did you mean 'fairness'"),
        ("{measured: [{evaluator: fairness, metric: flip_rate}]}", "fairness has no metric 'flip_rate'"),
        ("{measured: [{metric: auroc, condition: fogg}]}", "there is no condition 'fogg'"),
        ("{measured: [{any: [{metric: auroc}, {metric: aurok}]}]}", "there is no metric 'aurok'"),
        ("{recorded: [subject_digests]}", "must be one of subject_digest"),
        ("{regulatory: [devise_class]}", "is no key of `regulatory`"),
        ("{needs: a_miracle}", "must be one of signed_document"),
        ("{note: nothing}", "an answer names `facts`"),
        ("{measured: [{}]}", "a selector has either keys"),
        ("{measured: [{metric: auroc, any: [{metric: dice}]}]}", "a selector has either keys"),
    ],
)
def test_what_is_wrong_in_answers_is_told_with_its_place(tmp_path: Path, answer: str, message: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f'catalogue: claim_2024\nversion: "1.0"\nanswers:\n  CLAIM-7: {answer}\n')
    with pytest.raises(InputError, match=message) as caught:
        check_answers(path)
    assert caught.value.location is not None
    assert caught.value.location.line == 4


def test_an_item_that_is_not_in_the_catalogue_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text('catalogue: claim_2024\nversion: "1.0"\nanswers:\n  CLAIM-77: {facts: [users]}\n')
    with pytest.raises(InputError, match=r"a\.yaml:4:3: claim_2024 has no item 'CLAIM-77'"):
        check_answers(path)


def test_no_catalogue_is_answered_twice() -> None:
    assert len(all_answers()) == len(FILES)
