"""Polling questions as in POPE (arXiv 2305.10355): is this on the image, yes or no.

``{"question_id", "image", "text", "label": "yes" | "no"}``, an answer in ``answer``; the split (random, popular,
adversarial) is a field or stands in the name of the file.
"""

from __future__ import annotations

from typing import Any

from governance.datasets.generations.fields import Fields

SPLITS = ("random", "popular", "adversarial")


def read(content: dict[str, Any], number: int, file: str) -> dict[str, Any]:
    """Return the fields of a record."""
    fields = Fields(content)
    split = fields.text("split", "category") or next((name for name in SPLITS if name in file.lower()), None)
    return {
        "item_id": fields.text("question_id", "item_id") or str(number),
        "variant": fields.text("variant"),
        "image_id": fields.text("image", "image_id"),
        "patient_id": fields.text("patient_id"),
        "task_type": "polling",
        "split": split,
        "question": fields.text("text", "question", needed=True),
        "reference": fields.text("label", "reference"),
        "generation": fields.text("answer", "generation", "output", "response"),
        "attributes": fields.attributes(("sex", "gender", "age", "race")),
        "extra": fields.left,
    }
