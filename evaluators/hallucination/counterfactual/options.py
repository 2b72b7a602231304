"""What people may write under ``counterfactuals``. Imports nothing heavy."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from governance.spec.model import FileName, Name, Written


class CounterfactualOptions(Written):
    """Options under ``evaluate: {hallucination: {counterfactuals: ...}}``.

    Attributes
    ----------
    attributes
        Attributes of the template file whose values are put into the questions.
    file
        A template file of one's own; without it the English one that ships with the toolkit.
    intersections
        Whether values of two and more of the attributes are also put in together.
    put
        ``before``: a sentence before the question. ``slot``: the words of the question's slot ``patient``.
    """

    attributes: tuple[Name, ...] = Field(min_length=1)
    file: FileName | None = None
    intersections: bool = False
    put: Literal["before", "slot"] = "before"

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.attributes)) != len(self.attributes):
            raise ValueError("name each attribute once")
        return self
