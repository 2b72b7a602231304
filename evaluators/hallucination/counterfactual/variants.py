"""Names of counterfactual versions: ``sex=female,age=80``, ``sex=female,wording=2``. Imports nothing heavy."""

from __future__ import annotations

import re
from collections.abc import Mapping

WORDING = "wording"
BARE = "no description"
"""The name of the questions as they stand, without words that describe the patient."""
_PART = re.compile(r"([A-Za-z0-9][\w.-]*)=([A-Za-z0-9][\w.+<> -]*)\Z")


def name_of(values: Mapping[str, str], wording: int = 0) -> str:
    """Return the name of a version; a further wording is counted from 2."""
    parts = [f"{name}={value}" for name, value in values.items()]
    return ",".join([*parts, f"{WORDING}={wording + 1}"] if wording else parts)


def name_of_pair(one: str, other: str) -> str:
    """Return the name of a comparison, the variant of its measurements; that with the bare question is not named.

    It is one name, and not a variant with a reference, so that a policy's rule can ask for it.
    """
    return one if other == BARE else f"{one} vs {other}"


def read_name(name: str) -> tuple[dict[str, str], int] | None:
    """Return the values and the wording (from 0) of a version's name; None for the name of anything else."""
    values: dict[str, str] = {}
    for part in name.split(","):
        match = _PART.match(part.strip())
        if match is None or match.group(1) in values:
            return None
        values[match.group(1)] = match.group(2).strip()
    wording = values.pop(WORDING, "1")
    if not values or "injection" in values or not re.fullmatch(r"[1-9][0-9]?", wording):
        return None
    return values, int(wording) - 1
