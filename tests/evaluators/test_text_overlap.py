"""Words that answers share with references: the numbers of the packages, with intervals, and what they leave out."""

import builtins
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_answers import measured, only

pytest.importorskip("rouge_score")
pytest.importorskip("sacrebleu")
pytest.importorskip("nltk")

import sacrebleu
from nltk.translate.meteor_score import single_meteor_score
from rouge_score.rouge_scorer import RougeScorer

from evaluators.hallucination.overlap.words import LONGEST, bleu_of, overlap

WORDS = (
    "there is a small left pleural effusion no pneumothorax the heart is normal in size .".split()  # noqa: SIM905
)


def texts(count, seed=0):
    stream = np.random.default_rng(seed)
    return [" ".join(stream.choice(WORDS, stream.integers(1, 25))) for _ in range(count)]


def records(answers, references, **more):
    return [
        {"generation": answer, "reference": reference, "image_id": f"image {number // 2}", **more}
        for number, (answer, reference) in enumerate(zip(answers, references, strict=True))
    ]


def test_the_means_are_those_of_the_packages():
    answers, references = texts(60), texts(60, 1)
    found = measured(records(answers, references), measures=("overlap",))
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
    scores = [scorer.score(r, a) for a, r in zip(answers, references, strict=True)]
    for metric, name in (("rouge_1", "rouge1"), ("rouge_2", "rouge2"), ("rouge_l", "rougeL")):
        one = only(found, metric)
        assert one.value == pytest.approx(np.mean([score[name].fmeasure for score in scores]), abs=1e-12)
        assert (one.n, one.n_clusters) == (60, 30)
        assert one.interval.low < one.value < one.interval.high

    class NoSynonyms:
        def synsets(self, *_):
            return []

    meteor = [
        single_meteor_score(r.split(), a.split(), wordnet=NoSynonyms())
        for a, r in zip(answers, references, strict=True)
    ]
    assert only(found, "meteor_without_synonyms").value == pytest.approx(np.mean(meteor), abs=1e-12)
    assert only(found, "bleu").value == pytest.approx(
        sacrebleu.corpus_bleu(answers, [references]).score / 100, abs=1e-9
    )
    assert only(found, "bleu").method.parameters["sacrebleu"] == sacrebleu.__version__


@given(st.integers(0, 10**6), st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_bleu_of_sums_is_that_of_the_package(seed, count):
    answers, references = texts(count, seed), texts(count, seed + 1)
    ours = float(bleu_of(overlap(answers, references).bleu.sum(axis=0)))
    assert ours == pytest.approx(sacrebleu.corpus_bleu(answers, [references]).score / 100, abs=1e-9)


@given(st.text("ab c.İ7-\n", max_size=60), st.text("ab c.İ7-\n", max_size=60))
@settings(max_examples=150, deadline=None)
def test_rouge_l_is_that_of_the_package_whatever_the_text(answer, reference):
    expected = RougeScorer(["rougeL"], use_stemmer=False).score(reference, answer)["rougeL"].fmeasure
    assert overlap([answer], [reference]).rouge[0, 2] == pytest.approx(expected, abs=1e-12)


def test_equal_texts_score_one_and_texts_without_a_word_in_common_zero():
    text = ["a small left pleural effusion is seen"] * 4
    same = measured(records(text, text), measures=("overlap",))
    other = measured(records(["heart normal"] * 4, ["left effusion"] * 4), measures=("overlap",))
    for metric in ("rouge_1", "rouge_2", "rouge_l", "bleu"):
        assert only(same, metric).value == pytest.approx(1.0)
        assert only(other, metric).value == 0.0


def test_records_without_answer_reference_or_text_are_left_out_and_counted():
    items = [
        *records(texts(6), texts(6, 1)),
        {"generation": "a b", "image_id": "x"},
        {"reference": "a b", "image_id": "y"},
        {"generation": "A", "reference": "A", "options": {"A": "yes", "B": "no"}, "image_id": "z"},
    ]
    one = only(measured(items, measures=("overlap",)), "rouge_l")
    assert (one.n, one.method.parameters["without_answer_or_reference_left_out"]) == (6, 3)
    nothing = only(measured(items[6:], measures=("overlap",)), "rouge_l")
    assert (nothing.status, nothing.reason) == ("not_measured", "no record has an answer and a reference text")


def test_groups_are_compared():
    items = [
        {**record, "attributes": {"sex": "F" if number % 4 < 2 else "M"}}
        for number, record in enumerate(records(texts(80), texts(80, 1)))
    ]
    found = measured(items, attributes=("sex",), measures=("overlap",))
    gap = [m for m in found if m.metric == "rouge_l" and m.estimand == "difference"]
    assert (len(gap), gap[0].status) == (1, "measured")


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "\x00\x1b[31m", "\u202eabc", "", " ", "word " * 200_000]
)
def test_hostile_and_huge_texts_are_scored_in_little_time(hostile):
    started = time.perf_counter()
    found = overlap([hostile, "a b"], ["no effusion", hostile])
    assert time.perf_counter() - started < 20
    assert np.isfinite(found.rouge).all()
    assert np.isfinite(found.meteor).all()
    assert found.cut == (2 if len(hostile.split()) > LONGEST else 0)


@pytest.mark.parametrize("one", ["a,", "\u0130", ".", "\u202e", "ing"])
def test_a_megabyte_without_a_space_is_cut_too(one):
    huge = one * (1_000_000 // len(one))
    started = time.perf_counter()
    found = overlap([huge], [huge])
    assert time.perf_counter() - started < 20
    assert found.cut == 2
    assert np.isfinite(found.rouge).all()


def test_the_method_names_versions_tokens_and_stages():
    about = only(measured(records(texts(4), texts(4, 1)), measures=("overlap",)), "rouge_l").method.parameters
    assert about["meteor_stages"] == "exact, Porter stem"
    assert (about["rouge_stemmer"], about["bleu_tokenizer"]) == (False, "13a")


def test_without_the_package_it_is_said_what_to_install(monkeypatch):
    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name.startswith("rouge_score"):
            raise ImportError("no", name="rouge_score")
        return real(name, *args, **kwargs)

    for name in [one for one in sys.modules if one.startswith("rouge_score")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", missing)
    one = only(measured(records(["a"], ["b"]), measures=("overlap",)), "bleu")
    assert one.status == "not_measured"
    assert "medical-ai-governance[text-overlap]" in one.reason
