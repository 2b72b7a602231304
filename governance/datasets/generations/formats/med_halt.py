"""Files of Med-HALT (arXiv 2307.15343): exam questions with numbered choices and the number of the right one.

``{"id", "question", "options": {"0": ..., "1": ...}, "correct_index"}``; ``correct_answer`` is kept beside it. The task
type is the name of the file (``reasoning_FCT``, ``reasoning_fake``, ``reasoning_nota``).

Published scripts write a model's answers back as ``output``, an object with ``cop`` (the choice) and ``cop_index`` or
with ``answer``; or as ``{"id", "gpt_output": that object, "testbed_data": the question}``.
"""

from __future__ import annotations

import ast
import json
from typing import Any

from governance.datasets.generations.entries import BrokenEntryError
from governance.datasets.generations.fields import Fields, lettered


def read(content: dict[str, Any], number: int, file: str) -> dict[str, Any]:
    """Return the fields of a record."""
    fields = Fields(_flat(content))
    said = fields.take("generation", "output", "response", "model_answer")
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
        "generation": _answer(said),
        "attributes": fields.attributes(("sex", "age")),
        "extra": {**fields.left, **({"output": said} if isinstance(said, dict) else {})},
    }


_ANSWERS = ("answer", "correct_answer", "correct answer", "Answer", "Correct Answer", "cop")
"""Names under which models wrote the choice where they gave no number of it."""


def _flat(content: dict[str, Any]) -> dict[str, Any]:
    asked = content.get("testbed_data")
    if not isinstance(asked, dict):
        return content
    left = {key: value for key, value in content.items() if key not in ("testbed_data", "gpt_output")}
    return {**asked, **left, "output": content.get("gpt_output")}


def _answer(said: Any) -> str | None:
    """Return an answer as text; an object with the number of a choice as it is, else the choice that it names."""
    if isinstance(said, dict):
        named = next((said[key] for key in _ANSWERS if isinstance(said.get(key), str)), None)
        return json.dumps(said, ensure_ascii=False) if "cop_index" in said or named is None else str(named)
    if isinstance(said, bool | list):
        raise BrokenEntryError("the answer is not text")
    return None if said is None else str(said)
