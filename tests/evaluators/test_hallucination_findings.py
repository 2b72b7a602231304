"""Findings in answers and references: negation, uncertainty, coverage and CHAIR."""

import pytest
from recorded_answers import measured, only

from evaluators.hallucination.recorded.coverage import compare
from evaluators.hallucination.recorded.lexicon import findings
from evaluators.hallucination.recorded.phrase_matching import Phrases, words_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No pleural effusion or pneumothorax.", {"pleural effusion": "denied", "pneumothorax": "denied"}),
        ("Small left effusion. No pneumothorax.", {"pleural effusion": "asserted", "pneumothorax": "denied"}),
        ("Cannot exclude pneumonia.", {"pneumonia": "open"}),
        ("Heart is enlarged, no change in effusion.", {"cardiomegaly": "asserted", "pleural effusion": "asserted"}),
        ("Effusion is not seen; nodules are seen", {"pleural effusion": "denied", "pulmonary nodule": "asserted"}),
        ("Possible pneumonia without effusion", {"pneumonia": "open", "pleural effusion": "denied"}),
        ("No evidence of mass, but consolidation is present", {"mass": "denied", "consolidation": "asserted"}),
        ("The pneumothorax has resolved.", {"pneumothorax": "denied"}),
        ("No, there is a fracture.", {"fracture": "asserted"}),
        ("No fracture. There is a fracture of the rib.", {"fracture": "asserted"}),
        ("A nodule of 2.5 cm without effusion", {"pulmonary nodule": "asserted", "pleural effusion": "denied"}),
        ("Massive, amassed, northern, diffuse", {}),
        ("The lungs are clear.", {}),
        ("", {}),
        ("NO\u200b EFFUSION", {"pleural effusion": "denied"}),
        ("<b>No</b> effusion\x00.", {"pleural effusion": "denied"}),
    ],
)
def test_findings_are_read_with_what_is_said_of_them(text, expected):
    assert findings().read(text) == expected


def test_every_term_of_the_lexicon_is_found_in_a_plain_sentence():
    from pathlib import Path

    from evaluators.hallucination.recorded import lexicon
    from governance.spec.yaml import read_yaml

    content = read_yaml(Path(lexicon.__file__).with_name("findings.yaml")).content
    for name, terms in content["findings"].items():
        for term in terms:
            plain = term.removesuffix("*")
            assert findings().read(f"Seen here: {plain}.").get(name) == "asserted", (name, term)
            assert findings().read(f"There was no {plain}.").get(name) == "denied", (name, term)


def test_the_longest_phrase_wins_and_uses_its_words_up():
    phrases = Phrases({"a": ["not sure", "not entirely sure"], "b": ["sure"], "c": ["dream*"]})
    found = phrases.find(words_of("Not sure. Sure? Unsure, measure, not entirely sure; dreaming"))
    assert [match.phrase for match in found] == ["not sure", "sure", "not entirely sure", "dream*"]


def test_a_megabyte_is_read_in_moments():
    import time

    started = time.process_time()
    assert findings().read("no " * 350_000 + "effusion") == {"pleural effusion": "denied"}
    findings().read("a" * 1_000_000)
    assert time.process_time() - started < 10


def test_counts_of_one_answer():
    reference = {"mass": "asserted", "fracture": "asserted", "cyst": "open", "hernia": "denied", "atrophy": "asserted"}
    answer = {"mass": "asserted", "fracture": "open", "cyst": "asserted", "hernia": "asserted", "atrophy": "denied"}
    assert compare(answer, reference) == (3, 1, 3, 1, 1, 1)


def test_a_vague_answer_scores_well_and_covers_nothing():
    items = [
        {
            "image_id": f"{n}",
            "generation": "The image is of good quality.",
            "reference": "Small effusion. Rib fracture.",
            "judgements": [{"judge": "human", "label": "correct"}],
        }
        for n in range(20)
    ]
    found = measured(items)
    assert only(found, "medihall_score", judge="human").value == 1
    coverage = only(found, "finding_coverage")
    assert (coverage.value, coverage.events) == (0, 0)
    assert coverage.method.parameters["named_in_reference"] == 40
    assert (coverage.n, coverage.n_clusters, coverage.method.parameters["records"]) == (40, 20, 20)
    assert coverage.interval.low == 0
    assert 0.05 < coverage.gating.high < 0.3


def test_chair_counts_mentions_and_answers_without_what_is_denied():
    items = [
        {"image_id": "a", "generation": "Effusion and fracture, no mass.", "findings": {"pleural effusion": True}},
        {"image_id": "b", "generation": "No effusion.", "findings": {"pleural effusion": False}},
        {"image_id": "c", "generation": "Effusion.", "findings": {"pleural effusion": True}},
        {"image_id": "d", "generation": "Possible fracture.", "findings": {"fracture": True}},
        {"image_id": "e", "generation": "Yes, a fracture.", "reference": "Yes"},
    ]
    found = measured(items)
    mentions = only(found, "chair_mentions")
    assert mentions.value == pytest.approx(1 / 3)
    assert mentions.interval.low <= mentions.value <= mentions.interval.high
    answers = only(found, "chair_answers")
    assert (answers.value, answers.n) == (1 / 4, 4)
    assert answers.method.parameters["records_without_known_findings"] == 1
    assert only(found, "finding_coverage").value == pytest.approx(2 / 3)
