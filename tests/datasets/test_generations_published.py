"""The shapes of published files, line by line as their repositories hold them; contents are made up."""

import json

import pytest
from test_generations import opened, read

from evaluators.hallucination.recorded.choices import read_option
from governance.datasets.generations.entries import read_entries
from governance.datasets.generations.fields import lettered
from governance.errors import InputError


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        # CARES: no space after the colon, and a comma before the next choice.
        ("A:scalp, B:ear, C:upper extremity", {"A": "scalp", "B": "ear", "C": "upper extremity"}),
        ("A: Yes, there is, B: No, there is none", {"A": "Yes, there is", "B": "No, there is none"}),
        # MedVH: a full stop, none, or a comma.
        ("A: left. B: right C: the question is wrong.", {"A": "left.", "B": "right", "C": "the question is wrong."}),
        ("A: no, B: yes", {"A": "no", "B": "yes"}),
        ("A. Vitamin B: low. B. none", {"A": "Vitamin B: low.", "B": "none"}),
        ("A: hepatitis C: chronic B: none", {"A": "hepatitis C: chronic", "B": "none"}),
        ("just text", {"just text": "just text"}),
        ("U.S. B: yes", {"U.S. B: yes": "U.S. B: yes"}),
    ],
)
def test_choices_in_one_text_are_told_apart(text, choices):
    assert lettered(text) == choices


def test_cares_gives_the_right_choice_with_its_letter(tmp_path):
    item = {"question_id": "ISIC_1", "options": "A:scalp, B:ear", "fig_caption": "B:ear", "age": 45,
            "gender": "female", "image": "x/ISIC_1.jpg", "text": "Where is it?"}  # fmt: skip
    other = {"label": 0, "age": "68", "gender": "male", "options": "A:Yes, it is, B:No, it is not",
             "answer": "B:No, it is not", "question_id": 0, "text": "Is it?", "image": "5o=.jpg"}  # fmt: skip
    rows = read(tmp_path, "ham.jsonl", [item, other], "cares").rows
    assert [read_option(row.record.reference, row.record.options) for row in rows] == ["B", "B"]
    assert [row.record.extra for row in rows] == [{"question_id": "ISIC_1"}, {"label": 0, "question_id": 0}]
    assert [row.record.attributes for row in rows] == [
        {"age": 45, "gender": "female"},
        {"age": "68", "gender": "male"},
    ]


POLLED = [
    {"question_id": n, "image": "COCO_1.jpg", "image_id": 1, "text": f"Is there a {what}?", "label": label}
    for n, (what, label) in enumerate([("chair", "yes"), ("zebra", "no")])
]


def test_pope_has_one_question_a_line_in_a_file_that_ends_with_json(tmp_path):
    rows = read(tmp_path, "coco_pope_random.json", POLLED, "polling").rows
    assert [row.place for row in rows] == ["line 1", "line 2"]
    assert [(row.record.item_id, row.record.reference, row.record.split) for row in rows] == [
        ("0", "yes", "random"), ("1", "no", "random"),
    ]  # fmt: skip
    assert rows[0].record.image_id == "COCO_1.jpg"
    assert rows[0].record.extra == {"image_id": 1}


def answers(folder, *given):
    (folder / "a.jsonl").write_text("\n".join(json.dumps(one) for one in given))
    return read(folder, "pope.json", POLLED, "polling", answers="a.jsonl")


def test_answers_of_pope_have_the_order_of_their_questions(tmp_path):
    dataset = answers(
        tmp_path,
        {"question": "is there a chair?", "answer": "Yes"},
        {"question": "Is there a zebra? ", "answer": "No"},
    )
    assert [row.record.generation for row in dataset.rows] == ["Yes", "No"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([{"question": "Is there a chair?", "answer": "a"}], "holds 1 answers without item_id to 2"),
        ([{"question": "Is there a zebra?", "answer": "a"}, {"question": "Is there a chair?", "answer": "b"}],
         "line 1: answers another question"),
        ([{"answer": "a"}, {"answer": "b"}], "line 1: has no item_id"),
    ],
)  # fmt: skip
def test_answers_in_another_order_are_refused(tmp_path, given, message):
    with pytest.raises(InputError, match=message):
        answers(tmp_path, *given)


def test_a_broken_line_does_not_hide_that_a_file_has_an_object_a_line(tmp_path):
    (tmp_path / "x.json").write_text('{"a": 1}\n{"a": 2}\n{broken\n{"a": 3}\n')
    assert [entry.broken is None for entry in read_entries(tmp_path / "x.json")] == [True, True, False, True]
    (tmp_path / "x.json").write_text('{\n"items": [{"a": 1}]}')
    assert len(read_entries(tmp_path / "x.json")) == 1
    (tmp_path / "x.json").write_text('[{"a": 1},\n{"a": 2}]')
    assert [entry.place for entry in read_entries(tmp_path / "x.json")] == ["item 1", "item 2"]


ASKED = {"id": "9d58", "question": "Which?", "options": "{'0': 'a', '1': 'b'}", "correct_index": 1,
         "correct_answer": "b"}  # fmt: skip


@pytest.mark.parametrize(
    ("item", "chosen"),
    [
        ({**ASKED, "output": {"cop": "b", "cop_index": 1, "why_correct": "it is"}}, "1"),
        ({**ASKED, "output": {"cop": "b", "cop_index": "1"}}, "1"),
        ({**ASKED, "output": {"is_answer_correct": "no", "answer": "B"}}, "1"),
        ({"id": "9d58", "gpt_output": {"cop": "a"}, "testbed_data": ASKED}, "0"),
        ({**ASKED, "output": {}}, None),
        ({**ASKED, "output": ""}, None),
    ],
)
def test_med_halt_keeps_a_models_answer_as_an_object(tmp_path, item, chosen):
    (row,) = read(tmp_path, "reasoning_nota.json", json.dumps([item]), "med-halt").rows
    record = row.record
    assert record is not None, row.reason
    assert (record.item_id, record.reference, record.options) == ("9d58", "1", {"0": "a", "1": "b"})
    assert read_option(record.generation, record.options) == chosen
    said = item.get("output", item.get("gpt_output"))
    assert record.extra.get("output") == (said if isinstance(said, dict) else None)
    assert record.extra["correct_answer"] == "b"


def test_med_halt_rejects_an_answer_that_is_no_text(tmp_path):
    rows = read(tmp_path, "x.json", json.dumps([{**ASKED, "output": ["b"]}, {**ASKED, "id": "2"}]), "med-halt").rows
    assert rows[0].reason == "item 1: the answer is not text"
    assert rows[1].record.generation is None


def test_medvh_has_files_of_questions_of_suggestions_and_of_reports(tmp_path):
    asked = {"question_id": 0, "img_id": 142, "img_name": "m_142.jpg", "question": "Which?",
             "choices": "A: small. B: None of the above.", "gt": "B", "img_source": "s", "ori_id": "8a"}  # fmt: skip
    (row,) = read(tmp_path, "test_nota_src.json", json.dumps([asked]), "medvh").rows
    assert (row.record.image_id, row.record.reference, row.record.task_type) == ("m_142.jpg", "B", "test_nota_src")
    assert row.record.extra == {"img_id": 142, "img_source": "s", "ori_id": "8a"}
    suggested = {"question_id": 0, "img_id": 9, "question": "Is it?", "img_name": "m_9.jpg",
                 "choices": "A: Yes. B: No.", "correct_answer": "Yes", "gt": "A",
                 "suggested_answer": "B: No."}  # fmt: skip
    (row,) = read(tmp_path, "test_FCJ.json", json.dumps([suggested]), "medvh").rows
    assert row.record.extra["suggested_answer"] == "B: No."
    report = {"report_id": 26, "src_img": "6620", "image_name": "m_26.jpg", "pos_labels": [], "all_labels": ["Edema"]}
    (row,) = read(tmp_path, "test_report_generation.json", json.dumps([report]), "medvh").rows
    assert (row.record.item_id, row.record.image_id, row.record.question) == ("26", "m_26.jpg", "")
    assert (row.record.reference, row.record.findings) == (None, {})
    assert row.record.extra == {"src_img": "6620", "pos_labels": [], "all_labels": ["Edema"]}
    rows = read(tmp_path, "x.json", json.dumps([asked, {"question_id": 1}]), "medvh").rows
    assert rows[1].reason == "item 2: has no 'question'"


def test_a_report_of_med_hallmark_may_have_neither_number_nor_label(tmp_path):
    item = {"question": "Describe.", "Med-VLM answer": "### Assistant: Clear.", "ground-truth": "Clear.", "qid": "",
            "image": "8b.jpg", "question-type": "", "Hallucination-type": "", "answer-type": "",
            "prompt": "p"}  # fmt: skip
    rows = read(tmp_path, "Irg.json", json.dumps([item, item]), "med-hallmark").rows
    assert [row.record.item_id for row in rows] == ["1", "2"]
    assert [row.record.task_type for row in rows] == ["irg", "irg"]
    assert not any(row.record.judgements or row.record.sentence_labels for row in rows)


def test_question_files_have_all_published_fields(tmp_path):
    rad = {"qid": "0", "phrase_type": "freeform", "qid_linked_id": "03f4", "image_case_url": "https://x",
           "image_name": "s.jpg", "image_organ": "HEAD", "evaluation": "not evaluated", "question": "How many?",
           "question_rephrase": "NULL", "question_relation": "NULL", "question_frame": "NULL",
           "question_type": "COUNT", "answer": 2, "answer_type": "CLOSED "}  # fmt: skip
    (row,) = read(tmp_path, "VQA_RAD Dataset Public.json", json.dumps([rad]), "vqa-rad").rows
    assert (row.record.item_id, row.record.reference, row.record.task_type) == ("0", "2", "closed")
    assert row.record.extra["qid_linked_id"] == "03f4"
    assert row.record.attributes == {"image_organ": "HEAD", "question_type": "COUNT", "phrase_type": "freeform"}
    slake = {"img_id": 384, "img_name": "x384/source.jpg", "question": "这是什么?", "answer": "肺", "q_lang": "zh",
             "location": "Lung", "modality": "X-Ray", "answer_type": "OPEN", "base_type": "kvqa",
             "content_type": "Organ", "triple": ["vhead", "_", "_"], "qid": 2725}  # fmt: skip
    (row,) = read(tmp_path, "test.json", json.dumps([slake]), "slake").rows
    assert (row.record.item_id, row.record.image_id, row.record.reference) == ("2725", "x384/source.jpg", "肺")
    assert row.record.attributes["base_type"] == "kvqa"
    assert row.record.extra == {"img_id": 384, "triple": ["vhead", "_", "_"]}


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("folder", "name", "kind"),
    [("med-hallmark", "conventional.json", "med-hallmark"), ("med-hallmark", "counterfactual.json", "med-hallmark"),
     ("med-hallmark", "confidence_weakening.json", "med-hallmark"), ("cares", "iuxray_factuality.jsonl", "cares")],
)  # fmt: skip
def test_every_entry_of_the_real_files_is_read_or_rejected_with_a_reason(shared_data, folder, name, kind):
    path = shared_data / folder / name
    text = path.read_text(encoding="utf-8")
    content = [json.loads(line) for line in text.splitlines()] if name.endswith(".jsonl") else json.loads(text)
    rows = opened(path.parent, name, kind).rows
    read_rows = [row for row in rows if row.record is not None]
    rejected = [row for row in rows if row.record is None]
    assert len(read_rows) + len(rejected) == len(content)
    assert all(row.reason for row in rejected)
    assert rejected == []
    # Nothing of an entry is lost: each field is kept, or its text is part of the record.
    for row, entry in zip(rows, content, strict=True):
        kept = row.record.model_dump()
        fields = {*kept, *kept["extra"]}
        taken = {"id", "image", "conversations", "classification_label", "question_id", "text", "answer", "question"}
        assert set(entry) <= fields | taken
        assert row.record.image_id == entry["image"]
        assert row.record.question


@pytest.mark.shared_data
def test_every_folder_of_the_real_data_with_answers_is_read_here(shared_data):
    known = {"conventional.json", "counterfactual.json", "confidence_weakening.json", "iuxray_factuality.jsonl"}
    found = {path.name for name in ("med-hallmark", "cares") for path in (shared_data / name).glob("*.json*")}
    assert found == known
