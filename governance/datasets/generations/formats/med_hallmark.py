"""Files of Med-HallMark (arXiv 2406.10185): questions, answers, reference answers and labels of their annotators.

Three shapes occur. Questions with an answer to judge are a conversation of which the first turn holds, after the
instruction to the judge, ``question:``, ``Med-VLM answer:`` and mostly ``ground-truth:``; the second turn and
``classification_label`` give the label. Questions after a weakening prefix have no answer of a model: the second turn
is the reference answer. Reports have fields of their own.

The task type is the name of the file (``conventional``, ``counterfactual``, ``confidence_weakening``, ``irg``).
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from governance.datasets.generations.entries import BrokenEntryError
from governance.datasets.generations.fields import Fields
from governance.datasets.generations.record import HUMAN

REPORTS = "irg"
_TURNS = re.compile(
    r"\A(?P<before>.*?)^question:(?P<question>.*?)^Med-VLM answer:(?P<answer>.*?)"
    r"(?:^ground-truth:(?P<reference>.*?))?(?P<after>^Please judge.*)?\Z",
    re.DOTALL | re.MULTILINE,
)
_WEAKENED = re.compile(r"\A(?P<prefix>[^?]*?[:,])\s*(?P<plain>[^:]*)\Z", re.DOTALL)


def read(content: dict[str, Any], number: int, file: str) -> dict[str, Any]:
    """Return the fields of a record."""
    fields = Fields(content)
    task = file.strip(".").lower()
    if "Med-VLM answer" in content:
        return _report(fields, number, task)
    turns = fields.take("conversations")
    if not isinstance(turns, list) or len(turns) != 2 or not all(isinstance(turn, dict) for turn in turns):
        raise BrokenEntryError("has no conversation of two turns")
    asked, told = (turn.get("value") for turn in turns)
    if not isinstance(asked, str) or not isinstance(told, str):
        raise BrokenEntryError("a turn of the conversation has no text")
    found: dict[str, Any] = {
        "item_id": fields.text("id") or str(number),
        "image_id": fields.text("image"),
        "task_type": task,
    }
    parts = _TURNS.match(asked)
    if parts is None:
        return {**found, **_weakened(asked, told, fields.left)}
    label = fields.take("classification_label")
    # What the judge was asked, without the item itself.
    instruction = parts["before"] + "\0" + (parts["after"] or "")
    judgement = {
        "judge": HUMAN,
        "label": label if label is not None else told.strip(),
        "prompt_digest": hashlib.sha256(instruction.encode()).hexdigest(),
    }
    reference = parts["reference"]
    return {
        **found,
        "question": parts["question"].strip(),
        "generation": parts["answer"].strip(),
        "reference": reference.strip() if reference is not None else None,
        "judgements": [judgement],
        "extra": {**fields.left, "label_as_written": told.strip()},
    }


def _weakened(asked: str, told: str, left: dict[str, Any]) -> dict[str, Any]:
    parts = _WEAKENED.match(asked.strip())
    prefix = {"prefix": parts["prefix"]} if parts else {}
    return {
        "question": asked.strip(),
        "reference": told.strip(),
        "variant": "confidence-weakening",
        "extra": {**left, **prefix},
    }


def _report(fields: Fields, number: int, task: str) -> dict[str, Any]:
    labels = fields.take("Hallucination-type")
    found = {
        "item_id": fields.text("qid") or str(number),
        "image_id": fields.text("image"),
        "task_type": task,
        "question": fields.text("question") or "",
        "generation": fields.text("Med-VLM answer"),
        "reference": fields.text("ground-truth"),
    }
    if isinstance(labels, list):
        found["sentence_labels"] = labels  # type: ignore[assignment]
    elif labels not in (None, ""):
        found["judgements"] = [{"judge": HUMAN, "label": labels}]  # type: ignore[assignment]
    return {**found, "extra": fields.left}
