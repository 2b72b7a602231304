"""Options: which other populations, and by what they are compared. Imports nothing heavy."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from governance.spec.model import DatasetName, Name, Reference, Written

Prevalence = Annotated[float, Field(gt=0, lt=1)]


class ShiftOptions(Written):
    """Options under ``evaluate: {robustness: {shift: ...}}``.

    Attributes
    ----------
    to
        Datasets of other populations (another site, a later year); each is compared with the scored dataset.
    attributes
        Attributes that the two populations may differ in, and within whose groups outcomes and inputs are compared; all
        that both datasets have unless given.
    features
        ``module:function`` of a feature extractor ``f(device) -> object``: also tell the populations apart by these.
        Without it only the model's own score is looked at.
    prevalences
        Predictive values and flags per 100 are given as if the condition were this common.
    folds
        Parts of the patients, for telling the populations apart by features.
    permutations
        Of the test of equal outcomes within groups.
    """

    to: tuple[DatasetName, ...] = Field(min_length=1)
    attributes: tuple[Name, ...] | None = None
    features: Reference | None = None
    prevalences: tuple[Prevalence, ...] = ()
    folds: int = Field(default=5, ge=2, le=20)
    permutations: int = Field(default=1999, ge=199, le=100_000)

    @model_validator(mode="after")
    def _once(self) -> Self:
        for key in ("to", "attributes", "prevalences"):
            given = getattr(self, key) or ()
            if len(set(given)) != len(given):
                raise ValueError(f"{key}: something is named twice")
        return self
