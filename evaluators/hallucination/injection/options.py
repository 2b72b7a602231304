"""What people may write under ``injections``. Imports nothing heavy."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from governance.spec.model import FileName, Name, Written


class InjectionOptions(Written):
    """Options under ``evaluate: {hallucination: {injections: ...}}``.

    Attributes
    ----------
    templates
        Names of the planted texts; without it, all of the file.
    file
        A file of one's own; without it the one that ships with the toolkit.
    slot
        The slot of the questions that holds the report.
    at
        Where in the report the text is planted.
    """

    templates: tuple[Name, ...] = ()
    file: FileName | None = None
    slot: Name = "report"
    at: Literal["start", "end"] = "end"

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.templates)) != len(self.templates):
            raise ValueError("name each template once")
        return self
