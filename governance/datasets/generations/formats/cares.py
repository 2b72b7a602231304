"""Files of CARES (arXiv 2406.06007): questions on images with the right answer and what is known of the patient.

``{"question_id", "image", "text", "answer" | "fig_caption", "options", "age", "gender"}``. Question numbers repeat in
published files, so that an item is numbered by its place. A model's answer is ``model_answer`` (or ``output``,
``response``), its answer to "are you sure?" is ``uncertainty_answer``.
"""

from __future__ import annotations

from typing import Any

from governance.datasets.generations.fields import Fields, lettered


def read(content: dict[str, Any], number: int, file: str) -> dict[str, Any]:
    """Return the fields of a record."""
    fields = Fields(content)
    asked = fields.text("question", "text", needed=True) or ""
    return {
        "item_id": fields.text("item_id") or str(number),
        "image_id": fields.text("image"),
        "patient_id": fields.text("patient_id"),
        "task_type": fields.text("task_type") or file.strip(".").lower(),
        "question": asked.replace("<image>", "").strip(),
        "options": lettered(fields.take("options")),
        "reference": fields.text("answer", "fig_caption"),
        "generation": fields.text("generation", "model_answer", "output", "response"),
        "attributes": fields.attributes(("age", "gender", "sex", "race")),
        "extra": fields.left,
    }
