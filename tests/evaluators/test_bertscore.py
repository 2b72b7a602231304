"""BERTScore by a small encoder from a configuration: the formula, the package where it is installed, and refusals."""

import importlib
import json
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch
from judge_models import save_classifier, tokenizer
from test_judges_in_evidence import ABOUT, answers, measured, only
from tokenizers import processors

from evaluators.hallucination.judges import EncoderJudge
from evaluators.hallucination.judges.collector import judge_digest
from evaluators.hallucination.judges.encoder import open_encoder
from governance import api
from governance.errors import InputError
from governance.spec.model import Settings

transformers = pytest.importorskip("transformers")
TEXTS = ["there is a mass", "no mass in the left lung", "fracture seen", "the right lung . none"]


def judge(**more):
    return EncoderJudge(**{"name": "bert", "folder": "bert", "layer": 2, **ABOUT, **more})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models")
    words = tokenizer()
    words.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    words.add_special_tokens({"cls_token": "<s>", "sep_token": "</s>"})
    words.save_pretrained(place / "bert")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=24, initializer_range=0.5,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(place / "bert")
    save_classifier(place / "classifier")
    return place


@pytest.fixture(scope="module")
def encoder(folder: Path):
    return open_encoder(judge(), folder, "cpu", Settings())


def by_formula(encoder, candidate: str, reference: str) -> tuple[float, float, float]:
    """Greedy matching written out for one pair, without padding."""

    def vectors(text):
        with torch.inference_mode():
            states = encoder.model(
                **encoder.tokenizer(text, return_tensors="pt", return_token_type_ids=False), output_hidden_states=True
            ).hidden_states[2][0]
        return (states / states.norm(dim=1, keepdim=True)).numpy()

    ours, theirs = vectors(candidate), vectors(reference)
    precision = np.mean([max(float(word @ other) for other in theirs) for word in ours[1:-1]])
    recall = np.mean([max(float(word @ other) for other in ours) for word in theirs[1:-1]])
    return precision, recall, 2 * precision * recall / (precision + recall)


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_it_is_the_greedy_matching_of_the_paper_whatever_the_batch(encoder, batch: int) -> None:
    encoder._known.clear()
    found = encoder.pairs(TEXTS, TEXTS[::-1], batch)
    for pair, candidate, reference in zip(found, TEXTS, TEXTS[::-1], strict=True):
        assert pair == pytest.approx(by_formula(encoder, candidate, reference), abs=1e-5)
    assert encoder.pairs(TEXTS[:1], TEXTS[:1], batch)[0] == pytest.approx((1, 1, 1), abs=1e-5)


def test_it_gives_the_numbers_of_the_package(encoder) -> None:
    pytest.importorskip("bert_score")
    try:
        utils = importlib.import_module("bert_score.utils")
    except ImportError as error:
        pytest.skip(f"bert-score does not run here: {error}")
    model = transformers.BertModel.from_pretrained(encoder.tokenizer.name_or_path)
    model.encoder.layer = model.encoder.layer[:2]
    idf = defaultdict(lambda: 1.0, {encoder.tokenizer.cls_token_id: 0.0, encoder.tokenizer.sep_token_id: 0.0})
    encoder.tokenizer.model_max_length = 24
    scores = utils.bert_cos_score_idf(model.eval(), TEXTS[::-1], TEXTS, encoder.tokenizer, idf, device="cpu")
    assert np.array(encoder.pairs(TEXTS, TEXTS[::-1], 4)) == pytest.approx(scores.numpy(), abs=1e-5)


def test_a_sentence_is_compared_with_the_sentence_that_it_fits_best(encoder) -> None:
    sample = "fracture seen. there is a mass. none"
    best = encoder.best(["there is a mass"], [sample], 8)[0]
    each = [
        encoder.pairs(["there is a mass"], [one], 8)[0][2] for one in ("fracture seen.", "there is a mass.", "none")
    ]
    assert best[2] == pytest.approx(max(each))


def test_what_is_empty_or_too_long_is_not_scored(encoder) -> None:
    assert encoder.pairs(["", "mass " * 30, "a mass"], ["a mass"] * 3, 2)[:2] == [None, None]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"layer": 4}, "has 3 layers"), ({"folder": "none"}, "none"), ({"folder": "classifier", "layer": 9}, "layers")],
)
def test_an_encoder_that_cannot_work_is_refused(folder: Path, options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_encoder(judge(**options), folder, "cpu", Settings())


def test_scores_become_evidence() -> None:
    by_answer = [{"sample_id": str(n), "score": 0.5 + 0.01 * n} for n in range(20)]
    found = measured(answers(20), [judge()], {"bert": by_answer})
    one = only(found, "bertscore_f1", judge="bert")
    assert (one.value, one.n, one.method.parameters["layer"]) == (pytest.approx(0.595), 20, 2)
    rows = [
        {"sample_id": str(n), "sentence": s, "sample": k, "score": score}
        for n in range(4)
        for s, k, score in ((0, 0, 0.9), (0, 1, 0.7), (1, 0, 0.5), (1, 1, 0.5))
    ]
    checked = measured(answers(4), [judge(compare="sentence-sample")], {"bert": rows})
    assert only(checked, "selfcheck_bertscore", judge="bert").value == pytest.approx((0.2 + 0.5) / 2)


SPEC = """
version: 1
subject: {name: recorded, version: "1", kind: recorded, task: generate, predictions: a.jsonl}
datasets:
  answers: {kind: generations, format: plain, file: a.jsonl, role: testing, sample_id: sample_id, cluster: sample_id}
evaluate:
  generations:
    on: answers
    measures: [overlap, consistency]
    judges:
      - {kind: encoder, name: whole, version: "1", digest: DIGEST, folder: bert, layer: 2}
      - {kind: encoder, name: parts, version: "1", digest: DIGEST, folder: bert, layer: 2, compare: sentence-sample}
settings: {batch_size: 4, threads: 1, replicates: 200, minimum_patients: 2, minimum_events: 1}
"""


@pytest.mark.slow
def test_an_encoder_named_in_a_spec_gives_both_scores(folder: Path, encoder, tmp_path: Path) -> None:
    shutil.copytree(folder / "bert", tmp_path / "bert")
    samples = ["no mass. fracture seen", "a mass is seen"]
    lines = [
        {"item_id": f"q{n}", "question": "is there a mass ?", "reference": TEXTS[n % 4],
         "generation": "there is a mass", "samples": [{"text": text} for text in samples]}
        for n in range(8)
    ]  # fmt: skip
    lines.append({"item_id": "q8", "question": "is there a mass ?", "generation": "mass " * 30, "reference": "none"})
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    spec = tmp_path / "governance.yaml"
    spec.write_text(SPEC.replace("DIGEST", "unknown"))
    with pytest.raises(InputError, match="the digest of the judge"):
        api.evaluate(spec, output=tmp_path / "runs", no_tracking=True)
    spec.write_text(SPEC.replace("DIGEST", judge_digest(judge(), tmp_path)))
    done = api.evaluate(spec, output=tmp_path / "runs", no_tracking=True)
    found = json.loads((done.folder.path / "evidence.json").read_text())["measurements"]

    def one(metric):
        return next(m for m in found if m["metric"] == metric and not m["slice"] and not m["variant"])

    whole, parts = one("bertscore_f1"), one("selfcheck_bertscore")
    expected = np.mean([by_formula(encoder, "there is a mass", text)[2] for text in TEXTS])
    assert (whole["value"], whole["n"]) == (pytest.approx(expected, abs=1e-5), 8)
    assert whole["method"]["parameters"]["left_out"] == 1
    best = [
        max(by_formula(encoder, "there is a mass", text)[2] for text in some)
        for some in (["no mass.", "fracture seen"], samples[1:])
    ]
    assert (parts["value"], parts["n"]) == (pytest.approx(1 - np.mean(best), abs=1e-5), 8)
