"""What the data-efficiency evaluator measures, its options, and the collector it brings. Imports nothing heavy."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from evaluators import metrics
from governance.plugins import CollectorDescriptor, EvaluatorDescriptor
from governance.spec.model import Name, Reference, Text, Written


class Arm(Written):
    """A way of training: a linear probe on the features of an extractor, or a function that trains.

    Attributes
    ----------
    features
        ``module:function`` of a feature extractor ``f(device) -> object``.
    trainer
        ``module:function``: ``f(dataset, indices, test_dataset, *, seed, device) -> (n_test,) probabilities``.
    """

    features: Reference | None = None
    trainer: Reference | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.features is None) == (self.trainer is None):
            raise ValueError("an arm has either `features` (a linear probe on them) or `trainer`")
        return self


class DataEfficiencyOptions(Written):
    """Options under ``evaluate: {data_efficiency: ...}``.

    Attributes
    ----------
    train_on, test_on
        The labels that are rationed, and the samples that judge.
    fractions
        Percent of the training patients, ascending.
    seeds
        One nested series of subsets each.
    arms
        Ways of training by name; with several, later ones are compared with earlier ones.
    groups
        Groups of the test dataset, as for fairness.
    """

    train_on: Name
    test_on: Name
    fractions: tuple[Annotated[float, Field(gt=0, le=100)], ...] = (1.0, 2.0, 5.0, 10.0, 20.0, 33.0, 50.0, 100.0)
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**31)], ...] = (0, 1, 2, 3, 4)
    arms: dict[Name, Arm] = Field(min_length=1)
    groups: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.train_on == self.test_on:
            raise ValueError(f"'{self.test_on}' cannot both train and judge")
        if not self.fractions or list(self.fractions) != sorted(set(self.fractions)):
            raise ValueError("fractions must be at least one number, in ascending order, none twice")
        if not self.seeds or len(set(self.seeds)) != len(self.seeds):
            raise ValueError("seeds must be at least one number, none twice")
        return self


DESCRIPTOR = EvaluatorDescriptor(
    name="data_efficiency",
    title="Data efficiency",
    implementation="evaluators.data_efficiency.evaluator:EVALUATOR",
    options=DataEfficiencyOptions,
    metrics=(metrics.AUROC,),
)

FIT = CollectorDescriptor(
    name="fit",
    title="Models fitted on parts of the training data",
    implementation="evaluators.data_efficiency.collector:COLLECTOR",
    columns={"variant": "str", "fraction": "float", "seed": "int", "n_train": "int", "score": "float"},
)
