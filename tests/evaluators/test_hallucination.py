"""Hallucination from recorded answers to questions about real patients' records."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from nhefs_predictions import Tables, dataset_info, nhefs
from pydantic import ValidationError
from sklearn.metrics import roc_auc_score

from evaluators.hallucination import DESCRIPTOR, HallucinationOptions
from evaluators.hallucination.sampling import answer_shares, entropy
from governance.errors import CannotRunError, InputError
from governance.evidence.model import CLEAN
from governance.harness.protocols import EvaluationContext, Need
from governance.plugins import installed
from governance.spec.model import Settings, SubjectSpec

EVALUATOR = DESCRIPTOR.load()
OPTIONS = HallucinationOptions(on="questions", groups=("sex",), samples=4, sampled_items=40)
ANSWERS = ("Yes.", "No.", "yes, it does", "no", "Unsure", "I cannot tell")


@pytest.fixture(scope="module")
def questions():
    """Two questions a patient: does the record say that they died, does it say that they quit smoking."""
    frame = nhefs().iloc[:200]
    rows = [
        {
            "sample_id": f"{int(patient.seqn)}-{asked}",
            "cluster": str(int(patient.seqn)),
            "target": float(str(getattr(patient, asked))),
            "sex": "female" if patient.sex == 1 else "male",
        }
        for patient in frame.itertuples()
        for asked in ("death", "qsmk")
    ]
    return dataset_info(pd.DataFrame(rows), "questions", clustered=True)


@pytest.fixture(scope="module")
def table(questions):
    """Answers of many forms, leaning towards the truth, with log-probabilities that do so too."""
    stream = np.random.default_rng(5)
    target = questions.frame["target"].to_numpy()
    leaning = stream.normal(2 * target - 1, 2)
    text = [
        ANSWERS[4 + int(u * 20)] if u < 0.1 else ANSWERS[(0 if lean > 0 else 1) + 2 * int(u > 0.5)]
        for u, lean in zip(stream.random(len(target)), leaning, strict=True)
    ]
    return pd.DataFrame(
        {
            "sample_id": questions.frame["sample_id"],
            "status": "ok",
            "reason": "",
            "repeat": 0,
            "text": text,
            "choice_yes": -np.logaddexp(0, -leaning),
            "choice_no": -np.logaddexp(0, leaning),
        }
    )


@pytest.fixture(scope="module")
def sampled(questions):
    rows = []
    for number, item in enumerate(questions.frame["sample_id"][:40]):
        texts = [("yes", "Yes!", "YES", "yes"), ("yes", "no", "no.", "maybe"), ("a", "A ", "b", "c")][number % 3]
        rows += [
            {"sample_id": item, "status": "ok", "reason": "", "repeat": r, "text": text} for r, text in enumerate(texts)
        ]
    return pd.DataFrame(rows)


def context(info, options=OPTIONS, task="generate"):
    return EvaluationContext(
        options=options,
        subject=SubjectSpec(name="report-qa", version="1", kind="generate", task=task),
        datasets={info.name: info},
        settings=Settings(),
    )


def measure(info, table, sampled, options=OPTIONS):
    greedy, draws = EVALUATOR.needs(context(info, options))
    return list(EVALUATOR.measure(Tables({greedy.id: table, draws.id: sampled}), context(info, options)))


@pytest.fixture(scope="module")
def found(questions, table, sampled):
    return measure(questions, table, sampled)


def one(found, metric, cell=None):
    rows = [m for m in found if m.metric == metric and m.slice == (cell or {})]
    assert len(rows) == 1, (metric, cell)
    return rows[0]


def read(text):
    return {"Yes.": "yes", "yes, it does": "yes", "No.": "no", "no": "no"}.get(text, "unparsed")


@pytest.mark.parametrize("cell", [{}, {"sex": "male"}])
def test_rates_agree_with_counting(questions, table, found, cell):
    frame = questions.frame.assign(answer=[read(text) for text in table["text"]])
    for key, value in cell.items():
        frame = frame[frame[key] == value]
    absent, there = frame[frame.target == 0], frame[frame.target == 1]
    right = frame.answer.map({"yes": 1.0, "no": 0.0, "unparsed": -1.0}) == frame.target
    expected = {
        "hallucination_rate": (absent.answer == "yes").mean(),
        "miss_rate": (there.answer == "no").mean(),
        "accuracy": right.mean(),
        "yes_rate": (frame.answer == "yes").mean(),
        "unparsed_rate": (frame.answer == "unparsed").mean(),
    }
    for metric, value in expected.items():
        measured = one(found, metric, cell)
        assert measured.value == pytest.approx(value, abs=1e-12), metric
        assert measured.interval.low < measured.interval.high
    assert expected["unparsed_rate"] > 0.05


def test_unread_answers_stay_in_the_denominator_and_are_counted(questions, table, found):
    rate = one(found, "hallucination_rate")
    absent = (questions.frame["target"] == 0).to_numpy()
    assert rate.n == absent.sum()
    unread = np.array([read(text) == "unparsed" for text in table["text"]])
    assert rate.method.parameters["unparsed_in_denominator"] == (unread & absent).sum()


def test_questions_of_one_patient_are_one_cluster(found):
    everyone = one(found, "accuracy")
    assert (everyone.n, everyone.n_clusters) == (400, 200)
    assert "design_effect" in everyone.method.parameters


def test_auroc_is_that_of_the_log_odds(questions, table, found):
    expected = roc_auc_score(questions.frame["target"], table["choice_yes"] - table["choice_no"])
    assert one(found, "auroc").value == pytest.approx(expected, abs=1e-9)


def test_without_log_probabilities_the_auroc_is_not_measured(questions, table, sampled):
    found = measure(questions, table.drop(columns=["choice_yes", "choice_no"]), sampled)
    assert "no log-probabilities" in one(found, "auroc").reason


def test_inputs_that_were_rejected_count_as_answers_that_could_not_be_read(questions, table, sampled):
    rejected = table.copy()
    rejected.loc[:, "text"] = "no"
    rejected.loc[:39, ["status", "reason"]] = ["rejected", "too long"]
    found = measure(questions, rejected, sampled)
    assert one(found, "unparsed_rate").value == pytest.approx(0.1)
    assert one(found, "yes_rate").value == 0
    assert one(found, "hallucination_rate").interval.high > 0


def test_consistency_is_by_choice_or_text(found):
    kinds = np.bincount(np.arange(40) % 3)
    agreement = np.array([1.0, 0.5, 0.5]) @ kinds / 40
    three = -(0.5 * math.log(0.5) + 2 * 0.25 * math.log(0.25))
    assert one(found, "self_consistency").value == pytest.approx(agreement)
    assert one(found, "discrete_semantic_entropy").value == pytest.approx(np.array([0, three, three]) @ kinds / 40)
    assert one(found, "self_consistency").method.parameters["equivalence"] == "same choice, or the same text"


def test_entropy_gives_the_published_example():
    # Docstring of the authors' code of Farquhar et al. (2024): answers [0, 1, 2, 1] give 1.0397 nats.
    assert entropy(answer_shares([0, 1, 2, 1])) == pytest.approx(1.0397, abs=1e-4)
    assert entropy(answer_shares(["a", "a"])) == 0


def test_without_samples_nothing_is_asked_or_said_of_consistency(questions, table):
    options = HallucinationOptions(on="questions", samples=0)
    (greedy,) = EVALUATOR.needs(context(questions, options))
    found = list(EVALUATOR.measure(Tables({greedy.id: table}), context(questions, options)))
    assert "self_consistency" not in {m.metric for m in found}


def test_needs_say_how_to_ask(questions):
    greedy, draws = EVALUATOR.needs(context(questions))
    assert greedy == Need.of("generate", "questions", choices=("yes", "no"), max_new_tokens=4)
    assert draws == Need.of("generate", "questions", samples=4, items=40, temperature=1.0, max_new_tokens=4)


def test_few_questions_are_shown_with_n_and_no_value(questions, table, sampled):
    small = questions.frame.iloc[:40]
    info = dataset_info(small, "questions")
    found = measure(info, table.iloc[:40], sampled.head(8))
    assert one(found, "accuracy").reason == "too few patients: 20, at least 30 are needed"
    assert one(found, "accuracy").n == 40


def test_misfits_are_refused(questions, table, sampled):
    with pytest.raises(CannotRunError, match="do not fit"):
        measure(questions, table.iloc[1:], sampled)
    with pytest.raises(InputError, match="measures generating models"):
        list(EVALUATOR.needs(context(questions, task="binary")))
    graded = dataset_info(questions.frame.assign(target=0.5), "questions")
    with pytest.raises(InputError, match="1 where the right answer is 'yes'"):
        list(EVALUATOR.needs(context(graded)))


@pytest.mark.parametrize(
    "wrong", [{"choices": ("yes", "Yes")}, {"samples": 1}, {"temperature": 0}, {"choices": ("a",)}]
)
def test_options_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValidationError):
        HallucinationOptions(on="questions", **wrong)


def asked_otherwise(info, tables, conditions):
    options = HallucinationOptions(on="questions", groups=("sex",), samples=0, conditions=conditions, severities=(1,))
    about = replace(context(info, options), conditions=installed("conditions"))
    needs = list(EVALUATOR.needs(about))
    return list(EVALUATOR.measure(Tables(dict(zip([need.id for need in needs], tables, strict=True))), about))


def under(found, condition, metric, estimand="value", cell=None):
    rows = [
        m
        for m in found
        if (m.condition.name, m.metric, m.estimand, m.slice) == (condition, metric, estimand, cell or {})
    ]
    assert len(rows) == 1, (condition, metric, estimand)
    return rows[0]


def test_answers_asked_otherwise_are_compared_question_by_question(questions, table):
    other = {"Yes.": "no", "No.": "maybe", "yes, it does": "yes"}
    changed = table.assign(text=[other.get(text, text) for text in table["text"]])
    found = asked_otherwise(questions, [table, changed], ("typing-errors",))
    before, after = [[read(text) for text in rows["text"]] for rows in (table, changed)]
    after = ["no" if text == "no" else answer for text, answer in zip(changed["text"], after, strict=True)]
    after = ["yes" if text == "yes" else answer for text, answer in zip(changed["text"], after, strict=True)]
    same = [first == second != "unparsed" for first, second in zip(before, after, strict=True)]
    consistency = under(found, "typing-errors", "answer_consistency")
    assert consistency.value == pytest.approx(np.mean(same), abs=1e-12)
    assert 0 < consistency.value < 1
    assert (consistency.n, consistency.n_clusters) == (400, 200)
    target = questions.frame["target"].map({1.0: "yes", 0.0: "no"})
    drop = under(found, "typing-errors", "accuracy", "difference")
    expected = np.mean(np.array(after) == target) - np.mean(np.array(before) == target)
    assert drop.value == pytest.approx(expected, abs=1e-12)
    assert drop.reference_condition == CLEAN
    assert drop.gating.low <= drop.value <= drop.gating.high
    assert under(found, "typing-errors", "answer_consistency", cell={"sex": "male"}).n < 400


def test_to_a_negated_question_the_opposite_word_is_the_same_answer(questions, table):
    flipped = {"Yes.": "no", "yes, it does": "no", "No.": "yes", "no": "yes"}
    half = table.iloc[::2].copy()
    half["text"] = [flipped.get(text, text) for text in half["text"]]
    half[["choice_yes", "choice_no"]] = half[["choice_no", "choice_yes"]].to_numpy()
    found = asked_otherwise(questions, [table, half], ("negation",))
    consistency = under(found, "negation", "answer_consistency")
    readable = np.mean([read(text) != "unparsed" for text in table["text"].iloc[::2]])
    assert consistency.n == 200
    assert consistency.value == pytest.approx(readable, abs=1e-12)
    assert under(found, "negation", "accuracy", "difference").value == 0
    everyone = questions.frame["target"].iloc[::2]
    expected = roc_auc_score(everyone, (table["choice_yes"] - table["choice_no"]).iloc[::2])
    assert under(found, "negation", "auroc").value == pytest.approx(expected, abs=1e-9)


def test_a_habit_of_agreeing_is_not_consistent_with_a_negated_question(questions, table):
    agreeing = table.assign(text="Yes.")
    found = asked_otherwise(questions, [agreeing, agreeing], ("negation",))
    assert under(found, "negation", "answer_consistency").value == 0
    assert under(found, "negation", "miss_rate", "difference").value == 1
