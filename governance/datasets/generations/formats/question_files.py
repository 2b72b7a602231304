"""Question files of VQA-RAD (Lau et al., Sci. Data 5 (2018) 180251) and SLAKE (Liu et al., ISBI (2021) 1650).

Both hold right answers and no model's; a model's answers come with `answers` or in a field ``generation`` of the file.
"""

from __future__ import annotations

from typing import Any

from governance.datasets.generations.fields import Fields

_GENERATED = ("generation", "model_answer", "output", "response")


def read_vqa_rad(content: dict[str, Any], number: int, file: str) -> dict[str, Any]:
    """Return the fields of a record from ``{"qid", "image_name", "question", "answer", "answer_type", ...}``."""
    fields = Fields(content)
    return {
        "item_id": fields.text("qid", "item_id") or str(number),
        "image_id": fields.text("image_name", "image"),
        "task_type": (fields.text("answer_type") or file).strip(" .").lower(),
        "question": fields.text("question", needed=True),
        "reference": fields.text("answer"),
        "generation": fields.text(*_GENERATED),
        "attributes": fields.attributes(("image_organ", "question_type", "phrase_type")),
        "extra": fields.left,
    }


def read_slake(content: dict[str, Any], number: int, file: str) -> dict[str, Any]:
    """Return the fields of a record from ``{"qid", "img_name", "question", "answer", "answer_type", ...}``."""
    fields = Fields(content)
    return {
        "item_id": fields.text("qid", "item_id") or str(number),
        "image_id": fields.text("img_name", "img_id"),
        "task_type": (fields.text("answer_type") or file).strip(" .").lower(),
        "question": fields.text("question", needed=True),
        "reference": fields.text("answer"),
        "generation": fields.text(*_GENERATED),
        "attributes": fields.attributes(("modality", "location", "content_type", "q_lang", "base_type")),
        "extra": fields.left,
    }
