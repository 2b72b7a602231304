"""Judges say what their model says, of all that is to be judged, and never stand in for one that is not there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from judge_models import save_classifier, save_language_model
from pydantic import ValidationError

from evaluators.hallucination.judges import ClassifierJudge, HumanJudge, LanguageModelJudge, judge_need
from evaluators.hallucination.judges.collector import JudgeCollector, judge_digest
from evaluators.hallucination.judges.descriptors import COLLECTOR
from evaluators.hallucination.judges.scores import (
    contradiction,
    judgements_of,
    meanings,
    semantic_entropy,
    with_judgements,
)
from evaluators.hallucination.judges.templates import exact_label, filled
from evaluators.hallucination.recorded import GenerationsEvaluationOptions
from evaluators.hallucination.recorded.observed import Records
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError
from governance.harness.protocols import CollectionContext, Need
from governance.plugins import installed
from governance.spec.model import Settings, SubjectSpec
from governance.spec.yaml import parse_yaml

ANSWERS = {"q0": "there is a mass . none seen in the left lung .", "q1": "no mass", "q2": "yes", "q3": "no {first}"}
SAMPLES = {"q0": ["a mass", "no mass", "no fracture"], "q1": ["no", "no mass seen"], "q2": ["yes"], "q3": ["no", "no"]}
REFERENCES = {"q0": "a mass", "q1": "no mass", "q2": None, "q3": "no"}
GREEDY = Need.of("generate", "q")
SAMPLED = Need.of("generate", "q", samples=3, temperature=1.0)
RECORDS = Need.of("recorded-generations", "q")


class Questions:
    def __init__(self) -> None:
        self.table = pd.DataFrame({"sample_id": [*ANSWERS, "q4"]})

    def decode(self, indices, variant=None):
        names = [self.table["sample_id"][index] for index in indices]
        return [{"prompt": f"question {name}", "reference": REFERENCES.get(name)} for name in names]

    def variants(self, name):
        return ()


def answers() -> pd.DataFrame:
    rows = [{"sample_id": name, "status": "ok", "repeat": 0, "text": text} for name, text in ANSWERS.items()]
    return pd.DataFrame([*rows, {"sample_id": "q4", "status": "rejected", "repeat": 0, "text": ""}])


def samples() -> pd.DataFrame:
    rows = [
        {"sample_id": name, "status": "ok", "repeat": repeat, "text": text}
        for name, texts in SAMPLES.items()
        for repeat, text in enumerate(texts)
    ]
    return pd.DataFrame(rows[::-1])  # the order of rows in a table must not matter


def records() -> pd.DataFrame:
    rows = []
    for name in [*ANSWERS, "q4"]:
        record = {
            "item_id": name,
            "question": f"question {name}",
            "reference": REFERENCES.get(name),
            "generation": ANSWERS.get(name),
            "samples": [{"text": text} for text in SAMPLES.get(name, [])],
        }
        rows.append({"sample_id": name, "status": "ok", "reason": "", "record": json.dumps(record)})
    return pd.DataFrame(rows)


def judged(judge: Any, folder: Path, builds_on: tuple[Need, ...] = (GREEDY, SAMPLED), **settings: Any) -> pd.DataFrame:
    questions = Questions()
    frame = questions.table.assign(cluster=questions.table["sample_id"])
    context = CollectionContext(
        dataset=questions,
        info=DatasetInfo("q", "testing", "q", None, "0" * 64, frame, {}, True, None),
        datasets={},
        subject=SubjectSpec(name="s", version="1", kind="recorded", task="generate"),
        base=folder,
        device="cpu",
        settings=Settings(**settings),
        tables={GREEDY.id: answers(), SAMPLED.id: samples(), RECORDS.id: records()},
        open_subject=None,
    )
    need = judge_need(judge, "q", builds_on)
    COLLECTOR.options.model_validate(dict(need.options))
    collector = JudgeCollector()
    found = pd.concat([collector.collect(need, shard, context) for shard in collector.shards(need, context)])
    assert set(found["sample_id"]) == set(frame["sample_id"])
    assert set(found["judge_version"]) == {"1"}
    return found.reset_index(drop=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("judges")
    save_classifier(place / "nli")
    save_language_model(place / "words")
    return place


def inference(home: Path, **options: Any) -> ClassifierJudge:
    given = {"name": "nli", "version": "1", "digest": "unknown", "folder": "nli"}
    written = {"compare": "sentence-sample", "first": "{sample}", "second": "{sentence}", **options}
    judge = ClassifierJudge.model_validate({**given, **written})
    return judge.model_copy(update={"digest": judge_digest(judge, home)})


def own_words(folder: Path, **options: Any) -> LanguageModelJudge:
    written = {
        "name": "words",
        "version": "1",
        "digest": "unknown",
        "model": {"kind": "generate", "folder": "words"},
        "prompt": "question : {question} answer : {answer} correct ?",
        "labels": ["yes", "no"],
        **options,
    }
    judge = LanguageModelJudge.model_validate(written)
    return judge.model_copy(update={"digest": judge_digest(judge, folder)})


def alone(folder: Path, first: str, second: str | None) -> np.ndarray:
    """Probabilities by the model itself, one pair at a time, without padding."""
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder / "nli").eval()
    words = transformers.AutoTokenizer.from_pretrained(folder / "nli")
    with torch.inference_mode():
        return torch.softmax(model(**words(first, second, return_tensors="pt")).logits[0].double(), -1).numpy()


def test_each_sentence_is_compared_with_each_further_answer(folder: Path) -> None:
    table = judged(inference(folder), folder, batch_size=3)
    first = table[table["sample_id"] == "q0"]
    assert list(zip(first["sentence"], first["sample"], strict=True)) == [(s, n) for s in (0, 1) for n in (0, 1, 2)]
    sentences = ["there is a mass .", "none seen in the left lung ."]
    for _, row in first.iterrows():
        expected = alone(folder, SAMPLES["q0"][row["sample"]], sentences[row["sentence"]])
        found = row[["p_entailment", "p_neutral", "p_contradiction"]].to_numpy(dtype=float)
        assert found == pytest.approx(expected, abs=1e-6)
        assert row["label"] == ("entailment", "neutral", "contradiction")[int(expected.argmax())]
        assert row["score"] == pytest.approx(expected.max(), abs=1e-6)
    last = table[table["sample_id"] == "q4"].iloc[0]
    assert (last["status"], last["reason"], last["label"]) == ("rejected", "there is no answer to judge", "")
    assert table["prompt_digest"].nunique() == 1
    assert inference(folder, first="{sentence}", second="{sample}").prompt_digest != table["prompt_digest"][0]


def test_records_and_generated_answers_are_judged_alike(folder: Path) -> None:
    for compare, first, second in (
        ("answer", "{reference}", "{answer}"),
        ("sentence-sample", "{sample}", "{sentence}"),
        ("sample-pair", "{first}", "{second}"),
    ):
        judge = inference(folder, compare=compare, first=first, second=second)
        of_records = judged(judge, folder, (RECORDS,))
        pd.testing.assert_frame_equal(of_records, judged(judge, folder))
    missing = judged(inference(folder, compare="answer", first="{reference}", second="{answer}"), folder)
    reasons = dict(zip(missing["sample_id"], missing["reason"], strict=True))
    assert reasons["q2"] == "the item has no reference answer"
    pairs = judged(inference(folder, compare="sample-pair", first="{first}", second="{second}"), folder, (SAMPLED,))
    assert pairs[pairs["sample_id"] == "q0"][["sample", "other"]].to_numpy().tolist() == [
        [0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1],
    ]  # fmt: skip
    assert pairs[pairs["sample_id"] == "q2"]["reason"].tolist() == ["there are no two further answers to compare"]


def test_what_a_classifier_cannot_read_whole_is_not_judged_by_its_beginning(folder: Path) -> None:
    judge = inference(folder, compare="answer", first="{answer} " * 12, second=None)
    table = judged(judge, folder).set_index("sample_id")
    assert table.loc["q0", "reason"] == "it is longer than the judge can read"
    assert table.loc["q2", "status"] == "ok"


def test_a_language_model_is_asked_with_the_prompt_and_only_a_whole_label_counts(folder: Path) -> None:
    from governance.subjects.language_model import open_language_model

    judge = own_words(folder, max_new_tokens=1)
    table = judged(judge, folder)
    session = open_language_model(judge.subject(), folder, "cpu", Settings())
    for _, row in table[table["sample_id"] != "q4"].iterrows():
        prompt = f"question : question {row['sample_id']} answer : {ANSWERS[row['sample_id']]} correct ?"
        direct = session.generate(
            [{"prompt": prompt}], options={"max_new_tokens": 1, "choices": ("yes", "no")}, seeds=[]
        )[0]
        assert row["said"] == direct["text"]
        label = exact_label(direct["text"], ("yes", "no"))
        assert row["status"] == ("ok" if label else "unparsed")
        assert row["label"] == (label or "")
        if label:
            weights = {name: np.exp(direct[f"choice_{name}"]) for name in ("yes", "no")}
            assert row["score"] == pytest.approx(weights[label] / sum(weights.values()))
    assert table.set_index("sample_id").loc["q4", "status"] == "rejected"
    assert {"ok", "unparsed"} <= set(table["status"])


@given(st.text(max_size=40))
def test_labels_are_read_whole_or_not_at_all(text: str) -> None:
    labels = ("correct", "incorrect")
    for label in labels:
        for written in (label, label.upper(), f" {label}.\n"):
            assert exact_label(written, labels) == label
    found = exact_label(text, labels)
    assert found is None or found == " ".join(text.split()).rstrip(".").rstrip().casefold()
    assert exact_label("not correct", labels) is None
    assert exact_label("correct incorrect", labels) is None


def test_braces_in_an_answer_are_no_places() -> None:
    assert filled("{answer} | {question}", {"answer": "{question} {x}", "question": "?"}) == "{question} {x} | ?"


def test_a_judge_that_changed_or_is_not_there_stops_the_run(folder: Path) -> None:
    judge = inference(folder)
    with pytest.raises(InputError, match=f"the digest of the judge 'nli' is {judge.digest}, the spec says unknown"):
        judged(judge.model_copy(update={"digest": "unknown"}), folder)
    with pytest.raises(InputError, match="the model folder 'absent' does not exist"):
        judged(judge.model_copy(update={"folder": "absent"}), folder)


def test_a_classifier_without_a_head_of_its_own_is_refused(folder: Path, tmp_path: Path) -> None:
    save_language_model(tmp_path / "nli")
    with pytest.raises(InputError, match="the weights do not fit the classifier"):
        judged(inference(tmp_path), tmp_path)
    (tmp_path / "pickled").mkdir()
    (tmp_path / "pickled" / "config.json").write_text("{}")
    (tmp_path / "pickled" / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(InputError, match="is a pickle"):
        judged(inference(tmp_path, folder="pickled"), tmp_path)


def test_labels_of_people_come_from_a_file(tmp_path: Path) -> None:
    def people(text: str) -> pd.DataFrame:
        (tmp_path / "labels.csv").write_text(text)
        judge = HumanJudge(name="human", version="1", digest="unknown", file="labels.csv")
        judge = judge.model_copy(update={"digest": judge_digest(judge, tmp_path)})
        return judged(judge, tmp_path, ())

    table = people("sample_id,label,rater\nq0,correct,b\nq0,minor,a\nq1,5,a\n")
    rows = table[["sample_id", "status", "label", "rater"]].to_numpy().tolist()
    assert rows[:3] == [["q0", "ok", "minor", "a"], ["q0", "ok", "correct", "b"], ["q1", "ok", "5", "a"]]
    assert table["reason"].tolist()[3:] == ["nobody labelled it"] * 3
    found = judgements_of(table)
    assert [one.label for one in found["q0"]] == ["minor", "correct"]
    assert found["q1"][0].model_dump(exclude_none=True) == {
        "judge": "human", "version": "1", "label": "5", "sentence_labels": (),
    }  # fmt: skip
    with pytest.raises(InputError, match="row 2: the dataset has no item 'q9'"):
        people("sample_id,label\nq0,correct\nq9,correct\n")
    with pytest.raises(InputError, match="row 1: the label of 'q0' is empty"):
        people("sample_id,label\nq0,\n")
    with pytest.raises(InputError, match="row 2: 'q0' is labelled a second time by the same rater"):
        people("sample_id,label\nq0,correct\nq0,minor\n")


def test_contradiction_is_the_mean_over_sentences_of_the_mean_over_samples(folder: Path) -> None:
    found = contradiction(judged(inference(folder), folder))
    each = []
    for sentence in ("there is a mass .", "none seen in the left lung ."):
        pairs = [alone(folder, sample, sentence) for sample in SAMPLES["q0"]]
        each.append(np.mean([pair[2] / (pair[0] + pair[2]) for pair in pairs]))
    assert found["q0"] == pytest.approx(np.mean(each), abs=1e-6)
    assert set(found) == set(ANSWERS)


def rows_of(pairs: dict[tuple[int, int], str]) -> pd.DataFrame:
    names = ("entailment", "neutral", "contradiction")
    return pd.DataFrame(
        [
            {"sample_id": "q", "status": "ok", "sample": one, "other": two}
            | {f"p_{name}": 0.8 if name == label else 0.1 for name in names}
            for (one, two), label in pairs.items()
        ]
    )


def published(pairs: dict[tuple[int, int], str], n: int) -> list[int]:
    """The procedure as the paper tells it: an answer without a cluster opens one and takes in all later equivalents."""
    clusters = [-1] * n
    number = 0
    for one in range(n):
        if clusters[one] < 0:
            clusters[one] = number
            for two in range(one + 1, n):
                said = [pairs[one, two], pairs[two, one]]
                if clusters[two] < 0 and "contradiction" not in said and said != ["neutral", "neutral"]:
                    clusters[two] = number
            number += 1
    return clusters


@given(st.integers(2, 6).flatmap(lambda n: st.tuples(st.just(n), st.lists(
    st.sampled_from(["entailment", "neutral", "contradiction"]), min_size=n * (n - 1), max_size=n * (n - 1)
))))  # fmt: skip
def test_answers_are_clustered_by_meaning_as_published(drawn: tuple[int, list[str]]) -> None:
    n, labels = drawn
    order = [(one, two) for one in range(n) for two in range(n) if one != two]
    pairs = dict(zip(order, labels, strict=True))
    assert meanings(rows_of(pairs))["q"].tolist() == published(pairs, n)
    partial = {pair: label for pair, label in pairs.items() if pair != order[0]}
    assert meanings(rows_of(partial)) == {}


def test_entropy_of_the_published_example() -> None:
    assert semantic_entropy(np.array([0, 1, 2, 1])) == pytest.approx(1.0397, abs=1e-4)
    assert semantic_entropy(np.array([0, 0, 0])) == 0.0
    weighted = semantic_entropy(np.array([0, 1, 0]), np.array([0.2, 0.5, 0.3]))
    assert weighted == pytest.approx(np.log(2))


def test_labels_become_part_of_records_beside_those_that_are_there(folder: Path) -> None:
    table = records()
    table.loc[0, "record"] = json.dumps(json.loads(table["record"][0]) | {"judgements": [{"judge": "old", "label": 5}]})
    table.loc[4, ["status", "record"]] = ["rejected", ""]
    judge = inference(folder, compare="answer", first="{answer}", second=None, labels=["correct", "minor", "critical"])
    frame = Questions().table.assign(cluster=["p"] * 5)
    info = DatasetInfo("q", "testing", "q", None, "0" * 64, frame, {}, True, None)
    joined = Records.of(with_judgements(table, [judged(judge, folder, (RECORDS,))]), info)
    assert joined.judges == ("nli", "old")
    first = joined.records[0]
    assert first is not None
    assert [one.judge for one in first.judgements] == ["old", "nli"]
    assert first.judgements[1].prompt_digest == judge.prompt_digest
    assert joined.records[4] is None


def test_labels_of_sentences_become_parts_of_one_judgement() -> None:
    rows = [("ok", 0, "correct"), ("unparsed", 1, ""), ("ok", 2, "minor")]
    table = pd.DataFrame(
        [
            {"sample_id": "q", "status": status, "judge": "j", "judge_version": "2", "prompt_digest": "d", "sample": -1}
            | {"sentence": place, "label": label}
            for status, place, label in rows
        ]
    )
    (judgement,) = judgements_of(table)["q"]
    assert (judgement.label, judgement.sentence_labels) == (None, ("correct", None, "minor"))
    assert (judgement.judge, judgement.version, judgement.prompt_digest) == ("j", "2", "d")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"prompt": "{answer} {sample}"}, r"no \{sample\} when 'answer' is judged"),
        ({"prompt": "is {question} right?"}, "must see what it judges"),
        ({"labels": ["yes"]}, "at least 2"),
        ({"labels": ["yes", "Yes"]}, "differ by more than case"),
        ({"model": {"kind": "timm"}}, "a subject that generates"),
        ({"model": {"kind": "generate"}}, "either `folder` or `loader`"),
        ({"model": {"kind": "endpoint", "base_url": "https://x.org", "model": "m"}}, "network: true"),
    ],
)
def test_judges_that_cannot_work_are_refused(options: dict[str, Any], complaint: str) -> None:
    written = {"name": "j", "version": "1", "digest": "unknown", "model": {"kind": "generate", "folder": "m"}}
    with pytest.raises(ValidationError, match=complaint):
        LanguageModelJudge.model_validate({**written, "prompt": "{answer}", "labels": ["yes", "no"], **options})


def test_the_judges_of_the_documentation_are_valid(checkout: Path) -> None:
    path = checkout / "docs" / "judge-answers.md"
    shown = parse_yaml(path.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0], path).content
    options = GenerationsEvaluationOptions.model_validate(shown["evaluate"]["generations"])
    assert {judge.kind for judge in options.judges} == {"classifier", "language-model", "human"}
    known = {metric.name for metric in installed("evaluators")["generations"].metrics}
    named = re.findall(r"`([a-z_]+)`", path.read_text().split("| --- |")[-1].split("\nEach uncertainty")[0])
    assert (
        {"selfcheck_nli", "selfcheck_prompt", "krippendorff_alpha"}
        <= set(named)
        <= known | {"answer", "sentence", "human", "folder", "layer"}
    )
