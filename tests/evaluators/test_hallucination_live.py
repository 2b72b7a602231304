"""A model that answers the questions of records itself: its answers, and no others, are scored like recorded ones."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from judge_models import save_language_model
from PIL import Image

from evaluators.hallucination.recorded.live import with_answers
from governance import api
from governance.datasets.generations.asking import asked, image_file
from governance.datasets.generations.record import GenerationRecord
from governance.errors import InputError

SPEC = """
version: 1
subject: {name: small, version: "1", kind: generate, task: generate, folder: words}
datasets:
  answers: {kind: generations, format: FORMAT, file: q.jsonl, role: testing, sample_id: sample_id, cluster: image_id}
evaluate:
  generations: {on: answers, OPTIONS}
settings: {batch_size: 8, threads: 1, replicates: 200, minimum_patients: 2, minimum_events: 1}
"""
LIVE = "answers: model, max_new_tokens: 4, samples: 3, sampled_items: 6"


def lines(count=10, **more):
    return [
        {"item_id": f"q{n}", "image_id": f"i{n}", "question": "is there a mass ?", "reference": ("no", "yes")[n % 2],
         "generation": "of another model", "samples": ["of another model"], "confidence": 0.9, **more}
        for n in range(count)
    ]  # fmt: skip


def evaluated(folder, records, options=LIVE, form="plain", **files):
    written = [one if isinstance(one, str) else json.dumps(one) for one in records]
    (folder / "q.jsonl").write_text("\n".join(written))
    (folder / "governance.yaml").write_text(SPEC.replace("OPTIONS", options).replace("FORMAT", form))
    done = api.evaluate(folder / "governance.yaml", output=folder / "runs", no_tracking=True)
    return done.folder, json.loads((done.folder.path / "evidence.json").read_text())["measurements"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_language_model(tmp_path / "words")
    return tmp_path


def rows(**columns):
    return pd.DataFrame({"status": "ok", "reason": "", **columns})


def test_answers_take_the_place_of_whatever_the_file_holds():
    record = json.dumps(
        {"item_id": "a", "question": "?", "generation": "old", "confidence": 0.5, "samples": [{"text": "x"}]}
    )
    records = rows(sample_id=["a", "b", "c"], record=[record, record, ""])
    records.loc[2, "status"] = "rejected"
    answers = rows(sample_id=["a", "b"], text=["new", ""], log_probability=[-1.5, np.nan], repeat=0)
    answers.loc[1, "status"] = "rejected"
    further = rows(
        sample_id=["a", "a"], text=["two", "one"], log_probability=[-1.0, -2.0], tokens=[3, 4], repeat=[1, 0]
    )
    made = with_answers(records, answers, further)["record"].tolist()
    assert json.loads(made[0]) == {
        "item_id": "a",
        "question": "?",
        "generation": "new",
        "log_probability": -1.5,
        "samples": [
            {"text": "one", "log_probability": -2.0, "tokens": 4},
            {"text": "two", "log_probability": -1.0, "tokens": 3},
        ],
    }
    assert json.loads(made[1]) == {"item_id": "a", "question": "?"}
    assert made[2] == ""


def test_the_length_of_a_files_answer_is_not_taken_for_that_of_the_models():
    extra = {"tokens": 99, "option_log_probabilities": {"A": -1.0}, "note": "kept"}
    record = json.dumps({"item_id": "a", "question": "?", "generation": "old", "extra": extra})
    records = rows(sample_id=["a", "b"], record=[record, record])
    answers = rows(sample_id=["a"], text=["new"], log_probability=[-1.5], tokens=[3], repeat=0)
    made = [json.loads(text)["extra"] for text in with_answers(records, answers, None)["record"]]
    assert made == [{"tokens": 3, "note": "kept"}, {"note": "kept"}]


def test_choices_are_put_with_the_question_and_braces_in_it_are_no_places():
    plain = GenerationRecord(item_id="1", question="is {options} there?")
    assert asked(plain) == "is {options} there?"
    choice = GenerationRecord(item_id="1", question="which {question}?", options={"A": "yes {x}", "B": "no"})
    assert asked(choice) == "which {question}?\nA: yes {x}\nB: no\nAnswer with the letter of one choice."
    assert asked(choice, "Q: {question} [{options}]") == "Q: which {question}? [A: yes {x}\nB: no]"
    assert asked(GenerationRecord(item_id="1", question=" ")) == ""


def test_images_are_found_by_name_and_never_outside_of_their_folder(tmp_path: Path):
    (tmp_path / "in").mkdir()
    Image.new("RGB", (2, 2)).save(tmp_path / "in" / "a.png")
    Image.new("RGB", (2, 2)).save(tmp_path / "out.png")
    assert image_file(tmp_path / "in", "a") == tmp_path / "in" / "a.png"
    for name in ("../out.png", "b"):
        with pytest.raises(InputError, match=r"outside|not in"):
            image_file(tmp_path / "in", name)


@pytest.mark.slow
def test_the_model_is_asked_once_and_scored_by_every_family(folder: Path) -> None:
    run, found = evaluated(folder, [*lines(), "{broken", {**lines()[0], "item_id": "none", "question": ""}])
    share = next(m for m in found if m["metric"] == "generation_share" and not m["slice"])
    assert (share["value"], share["n"]) == (pytest.approx(10 / 12), 12)
    metrics = {m["metric"] for m in found if m["status"] == "measured"}
    assert {"accuracy", "yes_rate", "selfcheck_ngram", "discrete_semantic_entropy", "rouge_l"} <= metrics
    entropy = next(m for m in found if m["metric"] == "discrete_semantic_entropy" and not m["slice"])
    assert 0 < entropy["n"] <= 6
    assert "stated" not in {m["variant"] for m in found if m["metric"] == "confidence_brier_score"}
    before = (run.path / "evidence.json").read_bytes()
    again, _ = evaluated(folder, [*lines(), "{broken", {**lines()[0], "item_id": "none", "question": ""}])
    assert again.path == run.path
    assert (again.path / "evidence.json").read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("ngram: 1", "write `answers: model`"),
        ("answers: recorded, samples: 3", "needs `answers: model`"),
        ("answers: model, samples: 1", "at least two samples"),
    ],
)
def test_what_is_not_clear_is_refused(folder: Path, options: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluated(folder, lines(), options)


@pytest.mark.slow
def test_the_answers_of_the_file_are_scored_where_that_is_asked_for(folder: Path) -> None:
    _, found = evaluated(folder, lines(), "answers: recorded")
    stated = [
        m for m in found if m["metric"] == "confidence_brier_score" and m["variant"] == "stated" and not m["slice"]
    ]
    assert stated[0]["status"] == "measured"


@pytest.mark.slow
def test_choices_of_a_published_format_are_answered(folder: Path) -> None:
    questions = [
        {"question_id": n, "img_name": f"i{n}", "question": "is there a mass ?", "choices": "A: yes. B: no.", "gt": "A"}
        for n in range(8)
    ]
    _, found = evaluated(folder, questions, "answers: model, max_new_tokens: 4", "medvh")
    accuracy = next(m for m in found if m["metric"] == "choice_accuracy" and not m["slice"])
    assert (accuracy["n"], accuracy["status"]) == (8, "measured")
