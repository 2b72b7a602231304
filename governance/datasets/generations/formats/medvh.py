"""Files of MedVH (arXiv 2407.02730): questions with choices of which the last declines, and the right letter.

``{"question_id", "img_id", "img_name", "question", "choices": "A: Yes. B: No. C: ...", "gt": "C", "correct_gt"}``; the
task type is the name of the file; ``correct_gt`` is the right letter of a record with
``variant: baseline``, the question as it stands, and is kept in `extra` otherwise. Requests for reports,
``{"report_id", "image_name", "pos_labels", "all_labels"}``, hold no question; their labels are kept in `extra` and are
no reference, since the file does not say which of the others are absent and which are left open.
"""

from __future__ import annotations

from typing import Any

from governance.datasets.generations.fields import Fields, lettered
from governance.datasets.generations.record import BASELINE

ANSWERS = ("generation", "model_answer", "output", "response", "answer")


def read(content: dict[str, Any], number: int, file: str) -> dict[str, Any]:
    """Return the fields of a record."""
    fields = Fields(content)
    variant = fields.text("variant")
    return {
        "item_id": fields.text("question_id", "report_id") or str(number),
        "variant": variant,
        "pair_id": fields.text("pair_id"),
        "image_id": fields.text("img_name", "image_name", "img_id"),
        "patient_id": fields.text("patient_id", "subject_id"),
        "task_type": fields.text("task", "task_type") or file.strip(".").lower(),
        "question": fields.text("question", needed="report_id" not in content),
        "options": lettered(fields.take("choices")),
        "reference": fields.text("correct_gt", "gt") if variant == BASELINE else fields.text("gt"),
        "generation": fields.text(*ANSWERS),
        "attributes": fields.attributes(("sex", "gender", "age", "race")),
        "extra": fields.left,
    }
