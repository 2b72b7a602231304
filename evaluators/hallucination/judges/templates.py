"""Texts for judges with places for what is judged, and labels read exactly. Imports nothing heavy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from governance.evidence.canonical import digest_json

PLACES: Mapping[str, tuple[str, ...]] = {
    "answer": ("question", "reference", "answer"),
    "sentence": ("question", "reference", "answer", "sentence"),
    "sentence-sample": ("question", "reference", "answer", "sentence", "sample"),
    "sample-pair": ("question", "reference", "first", "second"),
}
"""What a template may name, by what is judged."""

_PLACE = re.compile(r"\{([a-z]+)\}")


def named(templates: Iterable[str]) -> frozenset[str]:
    """Return the places that templates name, such as ``{answer}``."""
    return frozenset(name for template in templates for name in _PLACE.findall(template))


def filled(template: str, parts: Mapping[str, str]) -> str:
    """Put texts into their places, once: braces inside of a text that is judged are no places."""
    return _PLACE.sub(lambda match: parts.get(match.group(1), match.group(0)), template)


def prompt_digest(templates: Sequence[str | None], labels: Sequence[str]) -> str:
    """Digest what a judge is asked, without the item: templates and the labels that it may give."""
    return digest_json([list(templates), list(labels)])


def exact_label(text: str, labels: Sequence[str]) -> str | None:
    """Return the label that a text is as a whole; case, white space around it and a final full stop do not matter.

    Published readers look for a label anywhere, so that "incorrect" counts as "correct".
    """
    said = " ".join(text.split()).rstrip(".").rstrip().casefold()
    return next((label for label in labels if label.casefold() == said), None)
