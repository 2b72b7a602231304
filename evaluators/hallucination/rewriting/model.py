"""One text put into a question: where it goes, and the check that nothing else changes. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from governance.errors import CannotRunError, InputError
from governance.evidence.canonical import canonical_json
from governance.spec.model import Name, Written

COLLECTOR_NAME = "generate-rewritten"
DEMAND = "{demand}"
"""Where a planted text names the answer that it demands."""
REPORT = "report"
"""The slot in which instructions are planted, unless the spec says otherwise."""
_TAG = 0xE0000
"""First of Unicode's tag characters, which are not drawn and mirror ASCII."""


class Rewriting(Written):
    """What is done to every question.

    Attributes
    ----------
    put
        ``before``: the text on a line of its own before the question. ``slot``: the text instead of the slot's.
        ``inside-end``, ``inside-start``: the text on a line of its own at the end or the start of the slot's text.
    slot
        The slot of the question (see `governance.datasets.slots`).
    text
        The text; `DEMAND` in it becomes the wrong answer to the question.
    invisible
        Whether the text is written in characters that are not drawn.
    values
        What the text says, as an item writes it under ``not_applicable`` to be left out.
    known
        All that an item may write there; anything else with the same first word is an error.
    """

    put: Literal["before", "slot", "inside-end", "inside-start"]
    slot: Name
    text: str
    invisible: bool = False
    values: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    @property
    def canonical(self) -> str:
        """The rewriting as one text, for a request: equal rewritings are collected once."""
        return canonical_json(self.model_dump(mode="json")).decode()


def applicable(item: Mapping[str, Any], rewriting: Rewriting, name: str = "") -> bool:
    """Return whether an item is asked under a rewriting: not where it says that a value makes no sense for it.

    Parameters
    ----------
    name
        Of the item, for errors.

    Raises
    ------
    InputError
        If the item names a value that there is not.
    """
    named = item.get("not_applicable") or []
    if not isinstance(named, list | tuple) or not all(isinstance(value, str) for value in named):
        raise InputError(
            f"item '{name}': `not_applicable` is not a list of texts",
            hint='expected {"not_applicable": ["sex=male"]}',
        )
    first = {value.partition("=")[0] for value in rewriting.known}
    for value in named:
        if value not in rewriting.known and value.partition("=")[0] in first:
            raise InputError(
                f"item '{name}': `not_applicable` names the unknown value '{value}'",
                hint="the template file knows: " + ", ".join(rewriting.known),
            )
    return not set(named) & set(rewriting.values)


def rewritten(item: Mapping[str, Any], rewriting: Rewriting, demand: str, name: str = "") -> dict[str, Any]:
    """Return a copy of an item with the text put into its prompt; every other character stays as it is.

    Parameters
    ----------
    demand
        The answer that a planted text demands.
    name
        Of the item, for errors.

    Raises
    ------
    InputError
        If the item lacks the slot.
    """
    prompt = str(item["prompt"])
    start, end = (0, 0) if rewriting.put == "before" else _slot(item, rewriting.slot, name)
    text = rewriting.text.replace(DEMAND, demand)
    if rewriting.invisible:
        text = "".join(chr(_TAG + ord(character)) for character in text)
    if rewriting.put == "before":
        new = f"{text}\n"
    elif rewriting.put == "slot":
        new = text[:1].upper() + text[1:] if prompt[start : start + 1].isupper() else text
    elif rewriting.put == "inside-end":
        start, new = end, f"\n{text}"
    else:
        end, new = start, f"{text}\n"
    changed = prompt[:start] + new + prompt[end:]
    left, right = changed[:start], changed[start + len(new) :]
    if left != prompt[:start] or right != prompt[end:]:
        raise CannotRunError("a rewriting changed more of a question than its slot")
    return {**{key: value for key, value in item.items() if key != "slots"}, "prompt": changed}


def _slot(item: Mapping[str, Any], slot: str, name: str) -> tuple[int, int]:
    """Return where a slot lies; a question's ``context`` is its report, unless the item says otherwise."""
    slots, prompt, context = item.get("slots"), str(item["prompt"]), item.get("context")
    if isinstance(slots, Mapping) and slot in slots:
        start, end = map(int, slots[slot])
        if not 0 <= start <= end <= len(prompt):
            raise InputError(f"item '{name}': its slot '{slot}' lies outside of its prompt")
        return start, end
    if slot == REPORT and isinstance(context, str) and context and prompt.startswith(context):
        return 0, len(context)
    raise InputError(
        f"item '{name}' does not say where its slot '{slot}' is",
        hint=f'mark it in every question: {{"prompt": "… {{{slot}}} …", "slots": {{"{slot}": "its text"}}}}',
    )
