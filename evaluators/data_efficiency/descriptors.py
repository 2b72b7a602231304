"""What the data-efficiency evaluator measures, its options, and the collectors it brings. Imports nothing heavy."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from evaluators import metrics
from evaluators.data_efficiency.metrics import (
    BALANCED_ACCURACY_OF_CLASSES,
    GAP_CHANGE,
    LABEL_FRACTION_TO_MATCH,
    LABEL_SAVINGS,
    MACRO_AUROC,
)
from evaluators.operating_point import OperatingPointOptions
from governance.plugins import CollectorDescriptor, EvaluatorDescriptor
from governance.spec.model import Name, Reference, Text, Written

Shots = Annotated[int, Field(ge=1, le=100_000)]


class Lora(Written):
    """Low-rank adapters in the linear layers; needs the extra `lora`.

    Attributes
    ----------
    rank, alpha
        The change of a layer is ``alpha / rank`` times a product of two matrices of that rank.
    layers
        Names of the layers, or how they end; without them, all linear layers except the classifier.
    """

    rank: int = Field(default=8, ge=1, le=1024)
    alpha: int = Field(default=16, ge=1)
    layers: tuple[Text, ...] = ()


class FineTuning(Written):
    """A simple recipe: AdamW with a one-cycle schedule on the decoded samples, without augmentation.

    Attributes
    ----------
    epochs, fewest_steps
        Passes over the part; a small part gets more, so that there are at least that many steps.
    """

    epochs: int = Field(default=10, ge=1, le=1000)
    fewest_steps: int = Field(default=50, ge=1)
    batch_size: int = Field(default=32, ge=2)
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    lora: Lora | None = None


class Arm(Written):
    """A way of training: a head on frozen features, the subject trained on, or a function that trains.

    Attributes
    ----------
    features
        ``subject`` for the features of the model under evaluation, or ``module:function`` of an extractor
        ``f(device) -> object``.
    head
        What is fitted on features: `probe`, a logistic regression; `knn`, nearest neighbours; `centroid`, the nearest
        mean of a class.
    regularisation
        Of a probe: `chosen` among seven strengths inside the training part, or a fixed inverse strength C.
    k, distance
        Of neighbours: how many, `chosen` inside the training part or fixed, and by which distance.
    fine_tune
        The recipe to train all weights of the subject, or adapters in it, with a new classifier.
    trainer
        ``module:function``: ``f(dataset, indices, test_dataset, *, seed, device) -> (n_test,) probabilities``, or
        (n_test, classes) of several classes.
    shots
        Patients of each class instead of shares of the training patients.
    train_on
        Another dataset whose labels are rationed, such as that of another site.
    on_top_of
        A dataset of which all labels are used besides.
    """

    features: Literal["subject"] | Reference | None = None
    head: Literal["probe", "knn", "centroid"] | None = None
    regularisation: Literal["chosen"] | Annotated[float, Field(gt=0)] | None = None
    k: Literal["chosen"] | Annotated[int, Field(ge=1)] | None = None
    distance: Literal["cosine", "euclidean"] | None = None
    fine_tune: FineTuning | None = None
    trainer: Reference | None = None
    shots: tuple[Shots, ...] | None = None
    train_on: Name | None = None
    on_top_of: Name | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [self.features, self.fine_tune, self.trainer]
        if sum(way is not None for way in ways) != 1:
            raise ValueError("an arm has one of `features` (a head is fitted on them), `fine_tune` and `trainer`")
        if self.head is not None and self.features is None:
            raise ValueError("`head` goes with `features`")
        if self.regularisation is not None and (self.features is None or self.fitted_head != "probe"):
            raise ValueError("`regularisation` goes with `head: probe`")
        if (self.k is not None or self.distance is not None) and self.fitted_head != "knn":
            raise ValueError("`k` and `distance` go with `head: knn`")
        if self.shots is not None and (not self.shots or list(self.shots) != sorted(set(self.shots))):
            raise ValueError("shots must be at least one number, in ascending order, none twice")
        return self

    @property
    def fitted_head(self) -> str:
        """The head on features, where there are features."""
        return self.head or "probe"


class Target(Written):
    """What a curve is to reach: the value of an arm with all labels, or a number.

    Attributes
    ----------
    arm, value
        One of both.
    margin
        How far below it still counts as reached.
    of
        Whether the curve of a group is to reach what the arm reaches in that `group`, or for `everyone`.
    """

    arm: Name | None = None
    value: float | None = None
    margin: float = Field(default=0.0, ge=0)
    of: Literal["group", "everyone"] = "group"

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.arm is None) == (self.value is None):
            raise ValueError("a reference is either `arm`, whose value with all labels is to be reached, or `value`")
        return self


class DataEfficiencyOptions(Written):
    """Options under ``evaluate: {data_efficiency: ...}``.

    Attributes
    ----------
    train_on, test_on
        The labels that are rationed, and the samples that judge: one dataset, or several side by side.
    fractions
        Percent of the training patients, ascending.
    seeds
        One nested series of subsets each.
    arms
        Ways of training by name; with several, later ones are compared with earlier ones.
    groups
        Groups of the test datasets, as for fairness.
    reference
        What the curves are to reach: then the smallest fraction that does is measured.
    operating_point
        For two classes: how each fit's threshold is chosen; then sensitivity and specificity are measured, too.
    """

    train_on: Name
    test_on: Name | tuple[Name, ...]
    fractions: tuple[Annotated[float, Field(gt=0, le=100)], ...] = (1.0, 2.0, 5.0, 10.0, 20.0, 33.0, 50.0, 100.0)
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**31)], ...] = (0, 1, 2, 3, 4)
    arms: dict[Name, Arm] = Field(min_length=1)
    groups: tuple[Text, ...] = ()
    reference: Target | None = None
    operating_point: OperatingPointOptions | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if not self.tests or len(set(self.tests)) != len(self.tests):
            raise ValueError("test_on must be at least one dataset, none twice")
        for name, arm in self.arms.items():
            for test in self.tests:
                if test in (arm.train_on or self.train_on, arm.on_top_of):
                    raise ValueError(f"'{test}' cannot both train and judge")
            if arm.on_top_of == (arm.train_on or self.train_on):
                raise ValueError(f"arms.{name}: `on_top_of` is the dataset whose labels are rationed")
        if not self.fractions or list(self.fractions) != sorted(set(self.fractions)):
            raise ValueError("fractions must be at least one number, in ascending order, none twice")
        if not self.seeds or len(set(self.seeds)) != len(self.seeds):
            raise ValueError("seeds must be at least one number, none twice")
        if self.reference is not None and self.reference.arm is not None:
            if self.reference.arm not in self.arms:
                raise ValueError(f"reference.arm: there is no arm '{self.reference.arm}'")
            if self.arms[self.reference.arm].shots is not None:
                raise ValueError(f"reference.arm: '{self.reference.arm}' is fitted on shots, not on all labels")
        if self.operating_point is not None:
            for test in self.tests:
                self.operating_point.refuse_scored(test)
        return self

    @property
    def tests(self) -> tuple[str, ...]:
        """The datasets that judge."""
        return (self.test_on,) if isinstance(self.test_on, str) else self.test_on

    @property
    def scored(self) -> tuple[str, ...]:
        """The datasets that every fit scores: those that judge, and the one that thresholds are chosen on."""
        chosen = self.operating_point.choose_on if self.operating_point else None
        return self.tests if chosen is None else (*self.tests, chosen)


DESCRIPTOR = EvaluatorDescriptor(
    name="data_efficiency",
    title="Data efficiency",
    version=2,
    implementation="evaluators.data_efficiency.evaluator:EVALUATOR",
    options=DataEfficiencyOptions,
    metrics=(
        metrics.AUROC,
        metrics.SENSITIVITY,
        metrics.SPECIFICITY,
        MACRO_AUROC,
        BALANCED_ACCURACY_OF_CLASSES,
        LABEL_FRACTION_TO_MATCH,
        LABEL_SAVINGS,
        GAP_CHANGE,
    ),
)

_COLUMNS = {
    "variant": "str",
    "test": "str",
    "fraction": "float",
    "shots": "int",
    "seed": "int",
    "n_train": "int",
    "n_patients": "int",
    "choice": "str",
    "score": "float, two classes",
    "scores": "list of float, several classes",
}
FIT = CollectorDescriptor(
    name="fit",
    title="Models fitted on parts of the training data",
    version=3,
    implementation="evaluators.data_efficiency.collector:COLLECTOR",
    columns=_COLUMNS,
)
FINE_TUNE = CollectorDescriptor(
    name="fine-tune",
    title="The subject, trained on parts of the training data",
    implementation="evaluators.data_efficiency.collector:FINE_TUNER",
    columns=_COLUMNS,
)
