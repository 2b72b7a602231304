"""Decision thresholds: fixed, or chosen by a named rule on other samples than those they are judged on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from governance.errors import InputError
from governance.evidence.model import OperatingPoint
from governance.spec.model import Name, Written

if TYPE_CHECKING:
    from evaluators.binary import Predictions

ChoiceRule = Literal["youden", "best_f1", "sensitivity_at_specificity", "specificity_at_sensitivity"]


class OperatingPointOptions(Written):
    """`threshold: 0.5`, or `choose_on: validation` with `by` and what the rule needs."""

    threshold: float | None = Field(default=None, ge=0, le=1)
    choose_on: Name | None = None
    by: ChoiceRule | None = None
    specificity: float | None = Field(default=None, gt=0, le=1)
    sensitivity: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.threshold is None) == (self.choose_on is None):
            raise ValueError("an operating point has either `threshold` or `choose_on`")
        if self.threshold is not None and (self.by or self.specificity or self.sensitivity):
            raise ValueError("a fixed threshold takes neither `by` nor `specificity` nor `sensitivity`")
        if self.choose_on is not None:
            if self.by is None:
                raise ValueError(
                    "`choose_on` needs `by`: youden, best_f1, sensitivity_at_specificity or specificity_at_sensitivity"
                )
            if (self.by == "sensitivity_at_specificity") != (self.specificity is not None):
                raise ValueError("`specificity` goes with `by: sensitivity_at_specificity`, and only with it")
            if (self.by == "specificity_at_sensitivity") != (self.sensitivity is not None):
                raise ValueError("`sensitivity` goes with `by: specificity_at_sensitivity`, and only with it")
        return self

    @property
    def rule(self) -> str:
        """Name of the rule with its parameter."""
        if self.by is None:
            return "fixed"
        target = self.specificity if self.specificity is not None else self.sensitivity
        return self.by if target is None else f"{self.by}={target:g}"

    def refuse_scored(self, scored: str) -> None:
        """Refuse to choose a threshold on the dataset that it is judged on.

        Raises
        ------
        ValueError
            If `scored` is the dataset to choose on.
        """
        if self.choose_on == scored:
            raise ValueError(
                f"the operating point must not be chosen on '{scored}', on which it is judged; name another dataset"
            )


FIXED_HALF = OperatingPointOptions(threshold=0.5)


def operating_point(options: OperatingPointOptions, chosen_from: Predictions | None) -> OperatingPoint:
    """Return the fixed threshold, or choose one among the scores of `chosen_from` that have a usable output.

    Rules (a score at or above the threshold is positive; where several thresholds are equally good, the lowest one is
    taken, which flags most): ``youden`` maximises sensitivity + specificity, ``best_f1`` the F1 score,
    ``sensitivity_at_specificity`` the sensitivity among thresholds that reach the specificity, and
    ``specificity_at_sensitivity`` the specificity among those that reach the sensitivity.

    Raises
    ------
    InputError
        If the dataset to choose on lacks a class.
    """
    if options.choose_on is None:
        return OperatingPoint(threshold=options.threshold if options.threshold is not None else 0.5, rule="fixed")
    if chosen_from is None:
        raise ValueError("a threshold that is chosen needs predictions to choose from")
    import numpy as np

    positive = chosen_from.positive[chosen_from.usable]
    score = chosen_from.score[chosen_from.usable]
    if not positive.any() or positive.all():
        raise InputError(
            f"dataset '{options.choose_on}' has no usable output for one of the classes",
            hint="choose on a dataset with both classes, or fix the threshold: operating_point: {threshold: x}",
        )
    candidates = np.append(np.unique(score), np.nextafter(score.max(), np.inf))
    above = np.sort(score[positive])
    below = np.sort(score[~positive])
    sensitivity = 1 - np.searchsorted(above, candidates, side="left") / above.size
    specificity = np.searchsorted(below, candidates, side="left") / below.size
    true_positives = sensitivity * above.size
    flagged = true_positives + (1 - specificity) * below.size
    if options.by == "youden":
        quality = sensitivity + specificity
    elif options.by == "best_f1":
        quality = 2 * true_positives / (flagged + above.size)
    elif options.by == "sensitivity_at_specificity":
        quality = np.where(specificity >= (options.specificity or 0) - 1e-12, sensitivity, -1)
    else:
        quality = np.where(sensitivity >= (options.sensitivity or 0) - 1e-12, specificity, -1)
    best = int(np.flatnonzero(quality >= quality.max() - 1e-12)[0])
    return OperatingPoint(
        threshold=float(candidates[best]), rule=options.rule, chosen_on=options.choose_on, n=int(score.size)
    )
