"""Recorded answers are read from every known file, and nothing in a file is dropped in silence."""

import json
from collections import Counter

import pytest
from jsonschema import Draft202012Validator

from governance.datasets.descriptors import GENERATIONS
from governance.datasets.generations.entries import read_entries
from governance.datasets.generations.fields import lettered
from governance.datasets.generations.formats import READERS
from governance.datasets.generations.record import GenerationRecord
from governance.datasets.generations.text import distinct_names, shown, storable
from governance.errors import InputError
from governance.schemas import schema
from governance.spec.model import DatasetSpec

OPEN = GENERATIONS.load()


def read(folder, name, content, kind="plain", **options):
    """Write a file and open it as a dataset."""
    text = content if isinstance(content, str) else "\n".join(json.dumps(item) for item in content)
    (folder / name).write_text(text, encoding="utf-8")
    return opened(folder, name, kind, **options)


def opened(folder, name, kind, **options):
    written = {"file": name, "format": kind, **options}
    return OPEN(DatasetSpec(kind="generations", role="testing", cluster="image_id", options=written), folder)


@pytest.mark.shared_data
def test_med_hallmark_says_what_has_no_reference_no_label_and_no_answer(shared_data):
    folder = shared_data / "med-hallmark"
    conventional = opened(folder, "conventional.json", "med-hallmark")
    records = [row.record for row in conventional.rows]
    assert len(records) == 499
    assert None not in records
    assert sum(record.reference is None for record in records) == 135
    assert len({record.image_id for record in records}) == 117
    assert Counter(record.judged_by("human").label for record in records) == {0: 215, 2: 151, 1: 76, 4: 42, 3: 12, 5: 3}
    assert records[0].question == "Are the lungs normal?"
    assert records[0].generation == "Yes, the chest X-ray image shows normal lungs."
    assert records[0].reference == "No"
    # What the judges were asked: with and without a reference answer.
    assert len({record.judgements[0].prompt_digest for record in records}) == 2
    counterfactual = [row.record for row in opened(folder, "counterfactual.json", "med-hallmark").rows]
    assert {record.judged_by("human").label for record in counterfactual} == {3}
    assert len({record.image_id for record in counterfactual}) == 9
    weakened = [row.record for row in opened(folder, "confidence_weakening.json", "med-hallmark").rows]
    assert [record.generation for record in weakened] == [None] * 140
    assert all(record.reference and not record.judgements for record in weakened)
    assert weakened[0].extra["prefix"].endswith("this question:")


@pytest.mark.shared_data
def test_cares_numbers_its_items_by_place(shared_data):
    rows = opened(shared_data / "cares", "iuxray_factuality.jsonl", "cares").rows
    assert len({row.sample_id for row in rows}) == 2573
    assert len({row.record.image_id for row in rows}) == 587
    assert "<image>" not in rows[0].record.question
    assert rows[0].record.extra["text"]


def test_a_report_of_med_hallmark_keeps_labels_of_sentences(tmp_path):
    item = {"question": "Describe.", "Med-VLM answer": "Clear. Normal.", "ground-truth": "Normal.", "qid": 4,
            "image": "a.png", "Hallucination-type": ["correct", "minor"], "question-type": "irg"}  # fmt: skip
    (row,) = read(tmp_path, "irg.json", json.dumps([item]), "med-hallmark").rows
    assert row.record.sentence_labels == ("correct", "minor")
    assert (row.record.item_id, row.record.task_type) == ("4", "irg")
    assert row.record.extra == {"question-type": "irg"}


@pytest.mark.parametrize(
    ("kind", "name", "item", "expected"),
    [
        ("medvh", "nota.jsonl", {"question_id": 1, "img_id": 7, "question": "q", "choices": "A: Yes. B: No. C: None.",
                                 "gt": "C", "correct_gt": "A", "answer": "C"},
         {"task_type": "nota", "reference": "C", "generation": "C", "options": {"A": "Yes.", "B": "No.", "C": "None."},
          "extra": {"correct_gt": "A"}, "image_id": "7"}),
        ("med-halt", "reasoning_FCT.jsonl", {"id": "x", "question": "q", "options": "{'0': 'a', '1': 'b'}",
                                             "correct_index": 1, "correct_answer": "b", "output": "1"},
         {"options": {"0": "a", "1": "b"}, "reference": "1", "generation": "1", "extra": {"correct_answer": "b"}}),
        ("polling", "coco_pope_popular.jsonl", {"question_id": 3, "image": "i.png", "text": "Is there a fracture?",
                                                "label": "no", "answer": "Yes"},
         {"split": "popular", "reference": "no", "generation": "Yes", "task_type": "polling"}),
        ("vqa-rad", "rad.jsonl", {"qid": 1, "image_name": "s.jpg", "question": "q", "answer": "Yes",
                                  "answer_type": "CLOSED ", "image_organ": "CHEST"},
         {"task_type": "closed", "attributes": {"image_organ": "CHEST"}, "generation": None, "reference": "Yes"}),
        ("slake", "slake.jsonl", {"qid": 5, "img_name": "x/1.jpg", "question": "q", "answer": "CT", "q_lang": "en",
                                  "answer_type": "OPEN", "triple": ["v", "_", "_"]},
         {"task_type": "open", "attributes": {"q_lang": "en"}, "extra": {"triple": ["v", "_", "_"]}}),
        ("cares", "c.jsonl", {"question_id": 0, "image": "a", "text": "q", "answer": "No.", "gender": "F", "age": 40,
                              "uncertainty_answer": "I am sure."},
         {"attributes": {"age": 40, "gender": "F"}, "extra": {"question_id": 0, "uncertainty_answer": "I am sure."}}),
    ],
)  # fmt: skip
def test_published_files_are_read_and_what_is_unknown_is_kept(tmp_path, kind, name, item, expected):
    (row,) = read(tmp_path, name, [item], kind).rows
    assert row.record is not None, row.reason
    for field, value in expected.items():
        assert getattr(row.record, field) == value


def test_broken_lines_become_rows_that_say_where_and_why(tmp_path):
    lines = [
        '{"item_id": "a", "generation": "yes"}',
        "{not json",
        "",
        "[1, 2]",
        '{"generation": "no item"}',
        '{"item_id": "b", "log_probability": NaN}',
        '{"item_id": "c", "confidence": 2}',
        '{"item_id": "a"}',
        "[" * 100_000,
        '{"item_id": "d", "image_id": "i", "own": {"kept": [1]}}',
    ]
    dataset = read(tmp_path, "x.jsonl", "\n".join(lines))
    assert [row.record is not None for row in dataset.rows] == [True] + [False] * 7 + [True]
    reasons = [row.reason for row in dataset.rows[1:-1]]
    assert [reason.split(":")[0] for reason in reasons] == [f"line {n}" for n in (2, 4, 5, 6, 7, 8, 9)]
    assert "not JSON" in reasons[0]
    assert "not a JSON object" in reasons[1]
    assert "item_id" in reasons[2]
    assert "second record of item 'a'" in reasons[5]
    assert dataset.rows[-1].record.extra == {"own": {"kept": [1]}}
    # Every entry has an identifier of its own and belongs to an image of its own where that is not known.
    assert dataset.table["sample_id"].is_unique
    assert [item.get("broken") for item in dataset.decode([0, 1])] == [None, reasons[0]]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.json", '[{"item_id": "a"}, ', "not JSON"),
        ("x.json", '{"a": 1}', "no array"),
        ("x.jsonl", "", "no entry"),
        ("x.jsonl", "nothing\nof this\n", "none of its 2 entries"),
        ("x.jsonl", '{"generation": "a"}', "none of its 1 entries"),
    ],
)
def test_a_file_without_any_record_is_refused(tmp_path, name, text, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, name, text)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "x.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        opened(tmp_path, "x.jsonl", "plain")


def test_answers_of_another_file_are_put_to_their_questions(tmp_path):
    questions = [{"qid": n, "question": "q", "answer": "Yes"} for n in range(3)]
    (tmp_path / "a.jsonl").write_text('{"qid": 1, "text": "No", "samples": ["No", "Yes"]}\n{"qid": 2, "answer": ""}\n')
    dataset = read(tmp_path, "q.jsonl", questions, "vqa-rad", answers="a.jsonl")
    assert [row.record.generation for row in dataset.rows] == [None, "No", ""]
    assert [one.text for one in dataset.rows[1].record.samples] == ["No", "Yes"]


@pytest.mark.parametrize("line", ['{"qid": 9, "text": "x"}', "{", '{"text": "x"}', '{"qid": 1}\n{"qid": 1}'])
def test_answers_that_belong_to_no_question_are_refused_with_their_line(tmp_path, line):
    (tmp_path / "a.jsonl").write_text(line)
    with pytest.raises(InputError, match=r"line [12]: "):
        read(tmp_path, "q.jsonl", [{"qid": 1, "question": "q", "answer": "Yes"}], "vqa-rad", answers="a.jsonl")


def test_own_names_of_fields_can_be_given(tmp_path):
    (row,) = read(tmp_path, "x.jsonl", [{"id": 1, "said": "yes"}], fields={"generation": "said", "item_id": "id"}).rows
    assert (row.record.item_id, row.record.generation, row.record.extra) == ("1", "yes", {})


def test_the_printed_schema_takes_what_the_dataset_gives(tmp_path):
    record = {
        "item_id": "a", "variant": "baseline", "samples": [{"text": "x", "log_probability": -1.5, "tokens": 3}],
        "judgements": [{"judge": "j", "version": "2", "label": 3}],
        "findings": {"mass": True}, "extra": {"k": [1, None]},
    }  # fmt: skip
    (decoded,) = read(tmp_path, "x.jsonl", [record]).decode([0])
    validator = Draft202012Validator(schema("generations"))
    validator.validate(decoded["record"])
    assert GenerationRecord.model_validate(decoded["record"]).extra == {"k": [1, None]}
    assert not validator.is_valid({"item_id": "a", "unknown": 1})


def test_hostile_text_is_kept_as_it_is_and_shown_with_its_marks_visible(tmp_path):
    hostile = "<script>alert(1)</script>\u202egnp.exe\x00\x1b[31m"
    (row,) = read(tmp_path, "x.jsonl", [{"item_id": hostile, "generation": hostile}]).rows
    assert row.record.generation == hostile
    assert shown(hostile) == "<script>alert(1)</script>\\u202egnp.exe\\u0000\\u001b[31m"
    assert shown("x" * 100) == "x" * 60 + "…"


def test_what_no_file_can_hold_becomes_text():
    assert storable("a\ud800b") == "a\ufffdb"
    assert storable({"x": float("inf"), "y": ["\udfff"]}) == {"x": "inf", "y": ["\ufffd"]}
    deep = []
    for _ in range(100):
        deep = [deep]
    assert "below 32 levels" in json.dumps(storable(deep))


def test_choices_are_read_from_objects_arrays_and_text():
    assert lettered({"A": "x"}) == {"A": "x"}
    assert lettered(["x", "y"]) == {"A": "x", "B": "y"}
    assert lettered("A: Vitamin B. is. B: No") == {"A": "Vitamin B. is.", "B": "No"}


def test_the_baseline_of_medvh_has_its_own_right_letter(tmp_path):
    item = {"question_id": 1, "question": "q", "choices": "A: Yes. B: No.", "gt": "B", "correct_gt": "A"}
    rows = read(tmp_path, "fcj.jsonl", [{**item, "variant": "baseline"}, {**item, "variant": "misled"}], "medvh").rows
    assert [row.record.reference for row in rows] == ["A", "B"]
    assert rows[0].record.pair == rows[1].record.pair


def test_names_that_would_look_alike_are_numbered():
    alike = ["x" * 70, "x" * 80, "\\u202e", "\u202e"]
    assert len(set(distinct_names(alike).values())) == 4


def test_a_published_table_of_choices_is_read_as_it_is(tmp_path):
    """Med-HALT's files are CSV; a cell holds the choices as text of a Python dict."""
    (tmp_path / "reasoning_fake.csv").write_text(
        "id,subject_name,question,options\n"
        """9d58,chemistry,"What, if anything, is it?","{'0': 'a, b', '1': ""it's c"", '5': 'I do not know'}"\n"""
        "29c5,,too few cells\n"
        """18c8,medicine,"Over\ntwo lines?","{'0': 'x'}"\n""",
        encoding="utf-8",
    )
    entries = read_entries(tmp_path / "reasoning_fake.csv")
    assert [entry.place for entry in entries] == ["line 2", "line 3", "line 4"]
    assert entries[1].broken == "has 3 cells, the header 4"
    first = READERS["med-halt"](entries[0].content, 1, "reasoning_fake")
    assert first["options"] == {"0": "a, b", "1": "it's c", "5": "I do not know"}
    assert (first["item_id"], first["task_type"], first["reference"]) == ("9d58", "reasoning_fake", None)
    assert entries[2].content["question"] == "Over\ntwo lines?"


@pytest.mark.parametrize("text", ["a,a\n1,2\n", 'a,b\n"1,2\n', "a,,c\n1,2,3\n", ""])
def test_a_table_that_cannot_be_told_apart_is_refused(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError):
        read_entries(tmp_path / "t.csv")
