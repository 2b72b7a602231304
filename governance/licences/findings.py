"""What is left to settle about a licence's lineage."""

from __future__ import annotations

from typing import Literal

from governance.evidence.model import Frozen

FindingKind = Literal["conflict", "unknown", "to check", "not stated"]


class LineageFinding(Frozen):
    """One thing to settle.

    Attributes
    ----------
    kind
        Two licences that may not go together, one that is not known, terms that were not read in the licence itself,
        or a lineage that nobody states.
    about
        The input, as it is named in the spec.
    keys
        Where it was written in the spec.
    """

    kind: FindingKind
    about: str
    message: str
    source: str | None = None
    keys: tuple[str | int, ...] = ("licence",)
