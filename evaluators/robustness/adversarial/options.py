"""Options of attacks and of the collector that runs them. Imports nothing heavy."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from governance.plugins import CollectorDescriptor
from governance.spec.model import Text, Written

Attack = Literal["fgsm", "pgd", "apgd-ce", "apgd-dlr", "square"]
Norm = Literal["linf", "l2"]
DLR: Attack = "apgd-dlr"
SQUARE: Attack = "square"
COLLECTOR_NAME = "attack"
LIBRARY = "adversarial-robustness-toolbox"
FEWEST_CLASSES_OF_DLR = 3
"""The loss divides by the difference of the largest and the third largest logit."""


class AdversarialOptions(Written):
    """Options under ``evaluate: {robustness: {adversarial: ...}}``.

    Attributes
    ----------
    eps
        Largest changes, in shares of the range of a pixel: for ``linf`` of any pixel, for ``l2`` the root of the summed
        squares over all pixels. 8/255 is 0.0314.
    attacks
        ``fgsm``, ``pgd``, ``apgd-ce``, ``apgd-dlr`` (three classes or more) and ``square``, which needs no gradients
        and so catches models that only hide theirs.
    norm
        ``linf`` or ``l2``.
    steps
        Gradient steps of ``pgd`` and ``apgd``.
    queries
        Tries of ``square``.
    restarts
        Random starts of each attack but ``fgsm``.
    at_most
        Samples that are attacked; patients are drawn by the seed where there are more. All without it.
    """

    eps: tuple[Annotated[float, Field(gt=0)], ...] = Field(min_length=1)
    attacks: tuple[Attack, ...] = Field(default=("apgd-ce", "square"), min_length=1)
    norm: Norm = "linf"
    steps: int = Field(default=50, ge=1, le=10_000)
    queries: int = Field(default=500, ge=1, le=100_000)
    restarts: int = Field(default=1, ge=1, le=100)
    at_most: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        for key in ("eps", "attacks"):
            if len(set(getattr(self, key))) != len(getattr(self, key)):
                raise ValueError(f"{key}: something is named twice")
        if self.norm == "linf" and max(self.eps) > 1:
            raise ValueError("eps: a pixel cannot change by more than its range, 1 (8 of 255 levels is 0.0314)")
        return self

    @property
    def rising(self) -> tuple[float, ...]:
        """Return the sizes from small to large."""
        return tuple(sorted(self.eps))


class AttackOptions(Written):
    """What the collector ``attack`` is asked for.

    Attributes
    ----------
    operating_point
        How a binary model decides, as canonical JSON of `OperatingPointOptions`; empty for several classes. A threshold
        that is chosen is chosen from the table that the need builds on.
    library
        Name and version of the library that attacks, so that observations of another version are others.
    """

    attack: Attack
    norm: Norm
    eps: float
    steps: int
    queries: int
    restarts: int
    at_most: int | None
    operating_point: str
    library: Text


COLLECTOR = CollectorDescriptor(
    name=COLLECTOR_NAME,
    title="Outputs for inputs that were changed to mislead the model",
    implementation="evaluators.robustness.adversarial.collector:AttackCollector",
    options=AttackOptions,
    columns={
        "sample_id": "string; samples that were not drawn are not in the table",
        "status": "ok, rejected or unparsed",
        "reason": "string, empty where ok",
        "clean_score": "float64, probability of the positive class, of a binary task",
        "score": "float64, the same under attack",
        "clean_scores": "list of float64, one a class, instead of clean_score for several",
        "scores": "list of float64, the same under attack",
        "attacked": "bool: what is wrong without an attack is not attacked",
        "success": "bool: attacked, and wrong under attack",
        "perturbation": "float64, norm of the change in shares of the range of a pixel; 0 where not attacked",
    },
)
