"""SelfCheckGPT by questions that were answered elsewhere: the published score, a run with a file, and refusals."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_judges_in_evidence import ABOUT, answers, measured, only

from evaluators.hallucination.judges import QuestionsJudge
from evaluators.hallucination.judges.collector import judge_digest
from evaluators.hallucination.judges.questions import read_questions
from evaluators.hallucination.judges.scores import inconsistency, question_answering
from governance import api
from governance.errors import InputError

BETA = st.floats(0.55, 0.95)
COUNTS = st.lists(st.floats(0, 1), max_size=8)


def judge(**more):
    return QuestionsJudge(**{"name": "mqag", "file": "questions.jsonl", **ABOUT, **more})


def rows(item, sentence, question, said):
    """Rows about one question: (match or mismatch, answerability) of each further answer."""
    return [
        {"sample_id": item, "sentence": sentence, "sample": k, "question": question, "label": label, "score": score}
        for k, (label, score) in enumerate(said)
    ]


@pytest.mark.parametrize(
    ("matches", "mismatches", "expected"),
    [(0, 0, 1 / 2), (2, 1, 4 / 20), (1, 1, 1 / 2), (0, 3, 64 / 65), (0.5, 1.0, 4 / 6), (1000, 0, 0.0), (0, 1000, 1.0)],
)
def test_numbers_of_the_published_formula_at_point_eight(matches: float, mismatches: float, expected: float) -> None:
    assert inconsistency(np.array([matches]), np.array([mismatches]), 0.8, 0.8)[0] == pytest.approx(expected, abs=1e-12)


@given(COUNTS, COUNTS, BETA, BETA)
def test_it_is_the_posterior_of_bayes_with_even_odds(same, different, beta1: float, beta2: float) -> None:
    m, d = sum(same), sum(different)
    if_false = beta1**d * (1 - beta1) ** m
    if_true = beta2**m * (1 - beta2) ** d
    found = inconsistency(np.array([m]), np.array([d]), beta1, beta2)[0]
    assert found == pytest.approx(if_false / (if_false + if_true), abs=1e-9)


def test_questions_are_averaged_within_sentences_and_sentences_within_items() -> None:
    table = pd.DataFrame(
        [
            *rows("a", 0, 0, [("match", 1.0), ("match", 1.0), ("mismatch", 1.0)]),  # 4 / 20
            *rows("a", 0, 1, [("mismatch", 1.0), ("match", 0.0)]),  # 4 / 5
            *rows("a", 1, 2, [("match", 0.0), ("mismatch", 0.0)]),  # 1 / 2: nothing could be answered
        ]
    ).assign(status="ok")
    assert question_answering(table, 0.8, 0.8) == {"a": pytest.approx(((0.2 + 0.8) / 2 + 0.5) / 2)}
    assert question_answering(table.assign(status="rejected"), 0.8, 0.8) == {}


def test_scores_become_a_mean_and_tell_wrong_answers_from_right_ones() -> None:
    said = [
        row
        for n in range(20)
        for row in rows(str(n), 0, 0, [("match" if n % 2 == 0 else "mismatch", 0.5 + 0.02 * n), ("match", 0.25)])
    ]
    found = measured(answers(20), [judge()], {"mqag": said})
    one = only(found, "selfcheck_qa", judge="mqag")
    assert (one.n, one.method.parameters["beta1"]) == (20, 0.8)
    assert one.interval.low < one.value < one.interval.high
    # Every wrong answer scores higher than every right one.
    told = {m.variant: m.value for m in found if m.metric == "hallucination_detection_auroc" and not m.slice}
    assert told["selfcheck_qa by mqag"] == 1.0


def question(item="q0", **more):
    seen = {"probabilities": [0.2, 0.8], "answerability": 1.0}
    return {
        "sample_id": item, "sentence": 0, "question": "Is there a mass?", "options": ["yes", "no"],
        "probabilities": [0.9, 0.1], "samples": [seen, {**seen, "probabilities": [0.5, 0.5]}], **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sample_id": "x"}, "the dataset has no item 'x'"),
        ({"probabilities": [0.5, 0.2]}, "sum to 0.7"),
        ({"probabilities": [0.5, 0.3, 0.2]}, "3 probabilities for 2 options"),
        ({"samples": [{"probabilities": [0.5, 0.5], "answerability": 2}]}, "samples.0.answerability"),
        ({"sentence": -1}, "sentence"),
        ({"answers": 1}, "answers"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, change: dict, message: str) -> None:
    lines = [json.dumps(question()), "", json.dumps(question(**change))]
    (tmp_path / "questions.jsonl").write_text("\n".join(lines))
    with pytest.raises(InputError, match=message) as refused:
        read_questions(judge(), tmp_path, frozenset({"q0"}))
    assert refused.value.location.line == 3


def test_the_line_of_the_documentation_can_be_read(checkout: Path, tmp_path: Path) -> None:
    line = (checkout / "docs" / "judge-answers.md").read_text().split("```json\n")[1].split("```")[0]
    (tmp_path / "questions.jsonl").write_text(line)
    (one,) = read_questions(judge(), tmp_path, frozenset({"q1"}))["q1"]
    assert len(one.samples) == 2


def test_what_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_bytes(b"\xff\xfe nothing")
    with pytest.raises(InputError, match="is no answered question"):
        read_questions(judge(), tmp_path, frozenset())


def test_errors_must_be_less_probable_than_not() -> None:
    with pytest.raises(ValueError, match="must exceed 1"):
        judge(beta1=0.3, beta2=0.6)


SPEC = """
version: 1
subject: {name: recorded, version: "1", kind: recorded, task: generate, predictions: a.jsonl}
datasets:
  answers: {kind: generations, format: plain, file: a.jsonl, role: testing, sample_id: sample_id, cluster: sample_id}
evaluate:
  generations:
    on: answers
    measures: [consistency]
    judges:
      - {kind: questions, name: mqag, version: "1", digest: DIGEST, file: questions.jsonl}
settings: {threads: 1, replicates: 200, minimum_patients: 2, minimum_events: 1}
"""


def test_a_file_of_questions_becomes_evidence_and_must_be_about_these_answers(tmp_path: Path) -> None:
    lines = [
        {"item_id": f"q{n}", "question": "is there a mass ?", "reference": "no", "generation": "there is a mass",
         "samples": [{"text": "no mass"}, {"text": "a mass is seen"}]}
        for n in range(40)
    ]  # fmt: skip
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    questions = tmp_path / "questions.jsonl"
    spec = tmp_path / "governance.yaml"

    def run(written):
        questions.write_text("\n".join(map(json.dumps, written)))
        spec.write_text(SPEC.replace("DIGEST", judge_digest(judge(), tmp_path)))
        return api.evaluate(spec, output=tmp_path / "runs", no_tracking=True)

    done = run([question(f"q{n}") for n in range(36)])
    found = json.loads((done.folder.path / "evidence.json").read_text())["measurements"]
    one = next(m for m in found if m["metric"] == "selfcheck_qa" and not m["slice"])
    # One further answer says the same, the other does not; nobody asked about four items.
    assert (one["value"], one["n"], one["judge"]) == (pytest.approx(0.5), 36, "mqag")
    with pytest.raises(InputError, match="sentence 1 and 2 further answers; there are sentences 0 to 0"):
        run([question(sentence=1)])
    with pytest.raises(InputError, match="1 further answers"):
        run([question(samples=question()["samples"][:1])])
    (tmp_path / "questions.jsonl").write_text(json.dumps(question("q1")))
    with pytest.raises(InputError, match="the digest of the judge 'mqag' is"):
        api.evaluate(spec, output=tmp_path / "runs", no_tracking=True)
