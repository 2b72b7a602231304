"""Answers to all catalogues but the EU ones: what they name exists, how many there are, and that they claim nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from governance.catalogues import Answer, Answers, all_answers, all_catalogues, catalogue, check_answers, fact_keys
from governance.catalogues.loading import catalogues_folder
from governance.spec import read_yaml

COUNTS = {  # items, answered, by measurements or records, by facts alone, only with a document or a log
    "chai_fda_model_cards": (82, 82, 19, 63, 0),
    "claim2024": (44, 44, 12, 32, 0),
    "fmti": (200, 200, 27, 168, 5),
    "future_ai": (30, 30, 5, 24, 1),
    "mdr_fda_other": (55, 50, 3, 40, 7),
    "onc_hti1": (31, 31, 5, 26, 0),
    "reporting_other": (54, 54, 7, 39, 8),
    "tripod_ai": (52, 52, 8, 44, 0),
}
UNANSWERED = {  # a ban, and functions of a framework that stand in the catalogue without their parts
    "mdr_fda_other": {"1557-a", "NIST-RMF-GOVERN", "NIST-RMF-MAP", "NIST-RMF-MEASURE", "NIST-RMF-MANAGE"}
}
CLAIMS = re.compile(
    r"\b(compliant|compliance|conforms?|conformity|certified|approved|(?<!fail-)safe|unbiased|validated|guaranteed?s?)\b",
    re.I,
)
NAMES = sorted(COUNTS)


def answers(name: str) -> Answers:
    return check_answers(catalogues_folder() / "answers" / f"{name}.yaml")


def by_facts_alone(answer: Answer) -> bool:
    return not (answer.measured or answer.recorded or answer.needs)


@pytest.mark.parametrize("name", NAMES)
def test_items_facts_evaluators_metrics_and_conditions_that_answers_name_exist(name: str) -> None:
    assert answers(name).answers  # reading refuses what does not exist, with its line


@pytest.mark.parametrize("name", NAMES)
def test_number_of_answered_items_is_the_stated_one(name: str) -> None:
    given = answers(name).answers.values()
    needing = sum(bool(answer.needs) for answer in given)
    alone = sum(by_facts_alone(answer) for answer in given)
    items = len(catalogue(name).items)
    assert (items, len(given), len(given) - alone - needing, alone, needing) == COUNTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_items_without_an_answer_are_the_stated_ones(name: str) -> None:
    assert set(catalogue(name).by_id) - set(answers(name).answers) == UNANSWERED.get(name, set())


@pytest.mark.parametrize("name", NAMES)
def test_what_no_run_can_answer_by_the_catalogue_is_not_answered_by_numbers_alone(name: str) -> None:
    items = catalogue(name).by_id
    for item, answer in answers(name).answers.items():
        if items[item].automation == "none":
            assert not answer.measured or answer.facts or answer.needs, item


@pytest.mark.parametrize("name", NAMES)
def test_measured_answers_look_at_test_data_or_at_what_only_an_evaluation_gives(name: str) -> None:
    for item, answer in answers(name).answers.items():
        for selector in answer.measured:
            for leaf in selector.leaves():
                assert leaf.metric or leaf.dataset_role, f"{item} is answered by any number at all"


def test_every_fact_key_is_used_by_an_answer() -> None:
    used = {key for given in all_answers().values() for answer in given.answers.values() for key in answer.facts}
    assert set(fact_keys()) == used


def test_keys_are_words_and_no_two_of_them_have_one_title() -> None:
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", key) for key in fact_keys())
    titles = Counter(key.title.lower() for key in fact_keys().values())
    assert [title for title, times in titles.items() if times > 1] == []


def test_every_fact_is_asked_for_by_one_question() -> None:
    for key, defined in fact_keys().items():
        assert defined.ask.endswith("?"), key
        assert defined.ask.count("?") == 1, key


def sentences() -> Iterator[tuple[str, str]]:
    for key, defined in fact_keys().items():
        yield key, f"{defined.title} {defined.ask}"
    for identity, given in all_answers().items():
        for item, answer in given.answers.items():
            yield f"{identity} {item}", answer.note or ""


def test_questions_and_notes_use_no_word_of_a_claim() -> None:
    assert [(where, text) for where, text in sentences() if CLAIMS.search(text)] == []


def test_catalogues_are_those_that_the_answers_were_written_for() -> None:
    known = {found.file.removesuffix(".yaml") for found in all_catalogues().values()}
    assert set(NAMES) <= known
    written = read_yaml(catalogues_folder() / "answers" / "claim2024.yaml").content
    assert written["catalogue"] == catalogue("claim2024").id
