"""Slots: named parts of a question that may be exchanged, or beside which something may be put."""

from __future__ import annotations

import re
from typing import Any

from governance.errors import InputError, Location


def with_slots(item: dict[str, Any], where: Location | None = None) -> dict[str, Any]:
    """Put the texts of an item's ``slots`` into their places in its prompt, and say where they lie.

    ``{"prompt": "{patient} has a cough.", "slots": {"patient": "A patient"}}`` asks "A patient has a cough.", and
    ``slots`` becomes ``{"patient": [0, 9]}``, in characters. Without a change the question reads as any other. Other
    wordings (``variants``) that name a place get the same text.

    Raises
    ------
    InputError
        If the slots are not texts by name, or the prompt does not name each of them exactly once.
    """
    slots, name = item["slots"], item["item_id"]
    if not isinstance(slots, dict) or not slots or not all(isinstance(text, str) and text for text in slots.values()):
        raise InputError(
            f"item '{name}' has `slots` that are not texts by name",
            location=where,
            hint='expected {"prompt": "{patient} has a cough.", "slots": {"patient": "A patient"}}',
        )
    for slot in slots:
        count = item["prompt"].count(f"{{{slot}}}")
        if count != 1:
            raise InputError(
                f"item '{name}': the prompt holds {{{slot}}} {count} times, expected once",
                location=where,
                hint=f"write {{{slot}}} where the text of the slot '{slot}' belongs",
            )
    # Once over the text as it was written: braces inside of a slot's own text are no places.
    places = re.compile(r"\{(" + "|".join(map(re.escape, slots)) + r")\}")
    written, prompt, last, lie = item["prompt"], "", 0, {}
    for match in places.finditer(written):
        prompt += written[last : match.start()]
        lie[match.group(1)] = [len(prompt), len(prompt) + len(slots[match.group(1)])]
        prompt += slots[match.group(1)]
        last = match.end()
    others = {key: places.sub(lambda match: slots[match.group(1)], text) for key, text in item["variants"].items()}
    return {**item, "prompt": prompt + written[last:], "slots": lie, "variants": others}
