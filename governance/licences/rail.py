"""The names of Responsible AI Licences: prefix, RAIL, and the letters of what is licensed.

Source: licenses.ai, the naming of RAIL licences (2022): Open, Research or nothing before RAIL; D data, A application,
M model, S source code after it, in that order. Letters and what the prefixes promise stand in `policies/rail.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from governance.errors import InputError
from governance.licences.catalogue import rail_catalogue

_KIND = re.compile(r"(?P<prefix>Open|Research|RESEARCH-ONLY )?RAIL(?:-(?P<letters>[A-Z]+))?")


@dataclass(frozen=True)
class RailKind:
    """A RAIL licence kind: ``prefix`` is Open, Research or empty; `letters` stand in the order D, A, M, S."""

    prefix: str
    letters: str

    @property
    def name(self) -> str:
        """The kind as it is written, for example ``OpenRAIL-M``."""
        return f"{self.prefix}RAIL-{self.letters}"

    @property
    def permits(self) -> str:
        """What the prefix promises, in one phrase."""
        return rail_catalogue().kinds[self.prefix].permits

    @property
    def artifacts(self) -> tuple[str, ...]:
        """What is licensed."""
        return tuple(name for name, letter in _letters().items() if letter in self.letters)


def _letters() -> dict[str, str]:
    """Return the letter of each artefact, in the order of the licence's name."""
    return {name: artefact.letter for name, artefact in rail_catalogue().artefacts.items()}


def looks_like_rail(kind: str) -> bool:
    """Whether a licence kind means to be a RAIL (so that a misspelt one is not taken for another licence)."""
    return re.search(r"(?i)(^|[^a-z])(open|research|research-only )?rail", kind) is not None


def rail_kind(kind: str, artifacts: Sequence[str], *, artifacts_written: bool) -> RailKind:
    """Read a RAIL kind; without letters they follow from `artifacts`.

    Raises
    ------
    InputError
        If the kind is none, its letters are out of order, or they disagree with the artifacts that were written.
    """
    match = _KIND.fullmatch(kind.strip())
    hint = "for example OpenRAIL-M, ResearchRAIL-M or RAIL-DAMS: letters D data, A application, M model, S source"
    if match is None:
        raise InputError(f"'{kind}' is no kind of RAIL licence", hint=hint)
    prefix = "Research" if (match["prefix"] or "").startswith("R") else match["prefix"] or ""
    order = "".join(_letters().values())
    implied = "".join(letter for name, letter in _letters().items() if name in artifacts)
    letters = match["letters"] or implied
    ordered = "".join(letter for letter in order if letter in letters)
    if set(letters) - set(order) or len(letters) != len(set(letters)):
        raise InputError(f"'{kind}' has letters that mean nothing", hint=hint)
    if letters != ordered:
        raise InputError(f"the letters of '{kind}' are out of order", hint=f"write {prefix}RAIL-{ordered}")
    if artifacts_written and letters != implied:
        raise InputError(
            f"'{kind}' and `artifacts: [{', '.join(artifacts)}]` disagree on what is licensed",
            hint=f"write {prefix}RAIL-{implied}, or leave `artifacts` out",
        )
    return RailKind(prefix, letters)
