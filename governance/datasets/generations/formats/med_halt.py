"""Files of Med-HALT (arXiv 2307.15343): exam questions with numbered choices and the number of the right one.

``{"id", "question", "options": {"0": ..., "1": ...}, "correct_index"}``; ``correct_answer`` is kept beside it. The task
type is the name of the file (``reasoning_FCT``, ``reasoning_fake``, ``reasoning_nota``).
"""

from __future__ import annotations

import ast
from typing import Any

from governance.datasets.generations.entries import BrokenEntryError
from governance.datasets.generations.fields import Fields, lettered


def read(content: dict[str, Any], number: int, file: str) -> dict[str, Any]:
    """Return the fields of a record."""
    fields = Fields(content)
    choices = fields.take("options")
    if isinstance(choices, str) and choices.strip().startswith("{"):
        # Published files hold the text of a Python dict in a CSV cell.
        try:
            choices = ast.literal_eval(choices)
        except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
            raise BrokenEntryError("'options' is not a list of choices") from error
    if isinstance(choices, list):
        choices = {str(place): text for place, text in enumerate(choices)}
    found = lettered(choices)
    found.pop("correct answer", None)
    return {
        "item_id": fields.text("id", "item_id") or str(number),
        "task_type": fields.text("task_type", "testbed") or file.strip(".").lower(),
        "question": fields.text("question", needed=True),
        "options": found,
        "reference": fields.text("correct_index", "correct_idx"),
        "generation": fields.text("generation", "output", "response", "model_answer"),
        "attributes": fields.attributes(("sex", "age")),
        "extra": fields.left,
    }
