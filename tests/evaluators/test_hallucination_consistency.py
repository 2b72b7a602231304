"""Further answers to the same question: SelfCheckGPT beside its package, semantic entropy, and what they detect."""

import json
from collections import Counter
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_answers import measured, only
from sklearn.metrics import average_precision_score, roc_auc_score

from evaluators.hallucination.recorded.consistency import discrete_entropy, weighted_entropy
from evaluators.hallucination.recorded.selfcheck import selfcheck_ngram, sentences_of
from governance.datasets.generations.record import GenerationRecord

PACKAGE = json.loads((Path(__file__).parent / "selfcheck_ngram_numbers.json").read_text())


@pytest.mark.parametrize("case", range(len(PACKAGE["cases"])))
@pytest.mark.parametrize("n", [1, 2, 3])
def test_selfcheck_equals_the_package_on_the_same_tokens(case, n):
    given_tokens = PACKAGE["cases"][case]
    texts = {str(number): tokens for number, tokens in enumerate([given_tokens["answer"], *given_tokens["samples"]])}
    samples = [str(number + 1) for number in range(len(given_tokens["samples"]))]
    found = selfcheck_ngram("0", samples, n, tokenise=texts.__getitem__)
    assert found == pytest.approx(given_tokens["expected"][str(n)], abs=1e-9)


@given(st.text("ab. ", min_size=1, max_size=30), st.lists(st.text("abc. ", max_size=30), max_size=4))
def test_unigrams_follow_their_formula(answer, samples):
    sentences = sentences_of(answer)
    found = selfcheck_ngram(answer, samples)
    if not sentences:
        assert found is None
        return
    counts = Counter(token for text in (answer, *samples) for tokens in sentences_of(text) for token in tokens)
    total = sum(counts.values())
    surprise = [[-log(counts[token] / total) for token in tokens] for tokens in sentences]
    flat = [one for sentence in surprise for one in sentence]
    assert found[0] == pytest.approx(sum(flat) / len(flat), abs=1e-12)
    assert found[1] == pytest.approx(np.mean([max(sentence) for sentence in surprise]), abs=1e-12)


def record(texts, logs=None, tokens=None, **more):
    samples = [
        {"text": text, "log_probability": logs[n] if logs else None, "tokens": tokens[n] if tokens else None}
        for n, text in enumerate(texts)
    ]
    return GenerationRecord.model_validate({"item_id": "a", "samples": samples, **more})


def test_entropy_of_the_published_example():
    assert discrete_entropy(record(["no", "yes", "maybe", "Yes!"])) == pytest.approx(1.0397, abs=1e-4)


def test_answers_that_name_the_same_choice_are_equal():
    options = {"A": "Left", "B": "Right"}
    assert discrete_entropy(record(["A", "(a)", "A: Left", "left"], options=options)) == 0
    assert discrete_entropy(record(["A", "B"], options=options)) == pytest.approx(log(2))


def test_likelihoods_weigh_answers():
    p = np.exp([-1.0, -2.0, -3.0])
    shares = np.array([p[0] + p[2], p[1]]) / p.sum()
    expected = -np.sum(shares * np.log(shares))
    assert weighted_entropy(record(["yes", "no", "Yes."], [-1.0, -2.0, -3.0])) == pytest.approx(expected)
    # With lengths, likelihoods are per token: exp(-1) each, and so equal.
    assert weighted_entropy(record(["yes", "no"], [-2.0, -3.0], [2, 3])) == pytest.approx(log(2))
    # Where likelihoods are equal it is the discrete entropy; far from 0 nothing is lost.
    assert weighted_entropy(record(["yes", "no", "no"], [-5000.0] * 3)) == pytest.approx(
        discrete_entropy(record(["yes", "no", "no"]))
    )
    assert np.isnan(weighted_entropy(record(["yes", "no"])))


def test_wrong_answers_are_detected_as_scikit_learn_says():
    stream = np.random.default_rng(2)
    wrong = stream.random(80) < 0.4
    items = []
    for n, bad in enumerate(wrong):
        scatter = stream.random(5) < (0.5 if bad else 0.2)
        items.append(
            {
                "image_id": f"{n // 2}",
                "reference": "yes",
                "generation": "no" if bad else "yes",
                "confidence": float(np.clip(stream.normal(0.4 if bad else 0.6, 0.2), 0, 1)),
                "samples": [{"text": "no" if other else "yes"} for other in scatter],
            }
        )
    found = measured(items)
    scores = {
        "discrete_semantic_entropy": [
            discrete_entropy(GenerationRecord.model_validate({"item_id": "x", **item})) for item in items
        ],
        "stated_confidence": [1 - item["confidence"] for item in items],
    }
    for name, values in scores.items():
        auroc = only(found, "hallucination_detection_auroc", variant=name)
        assert auroc.value == pytest.approx(roc_auc_score(wrong, values))
        assert auroc.interval.low < auroc.value < auroc.interval.high
        precision = only(found, "hallucination_detection_average_precision", variant=name)
        assert precision.value == pytest.approx(average_precision_score(wrong, values))
    kept = only(found, "accuracy_after_rejection", variant="stated_confidence", curve={"kept": 0.5})
    least = np.argsort(scores["stated_confidence"], kind="stable")[:40]
    assert kept.value == pytest.approx(1 - wrong[least].mean())
    everyone = only(found, "accuracy_after_rejection", variant="stated_confidence", curve={"kept": 1.0})
    assert everyone.value == pytest.approx(1 - wrong.mean())
    entropy = only(found, "discrete_semantic_entropy")
    assert entropy.method.parameters["equivalence"].startswith("exact answers")
    assert (
        only(measured(items, measures=("consistency",)), "semantic_entropy").reason
        == "no record has two samples with log-probabilities"
    )


def test_without_labels_nothing_is_detected_and_that_is_said():
    items = [{"image_id": str(n), "generation": "a", "samples": [{"text": "a"}, {"text": "b"}]} for n in range(3)]
    found = measured(items)
    reason = only(found, "hallucination_detection_auroc", variant="selfcheck_ngram").reason
    assert reason == "of no such answer it is known whether it is right"
