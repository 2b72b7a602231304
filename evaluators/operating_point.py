"""Decision thresholds: fixed, or chosen by a named rule on other samples than those they are judged on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from governance.errors import InputError
from governance.evidence.model import OperatingPoint
from governance.spec.model import Name, Written

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from evaluators.binary import Predictions

ChoiceRule = Literal["youden", "best_f1", "sensitivity_at_specificity", "specificity_at_sensitivity", "cost"]
RULES: tuple[ChoiceRule, ...] = (
    "youden",
    "best_f1",
    "sensitivity_at_specificity",
    "specificity_at_sensitivity",
    "cost",
)


class OperatingPointOptions(Written):
    """`threshold: 0.5`, or `choose_on: validation` with `by` and what the rule needs.

    Attributes
    ----------
    specificity, sensitivity
        What `sensitivity_at_specificity` and `specificity_at_sensitivity` keep to.
    false_negative_cost
        For `cost`: how many false positives one false negative is worth.
    """

    threshold: float | None = Field(default=None, ge=0, le=1)
    choose_on: Name | None = None
    by: ChoiceRule | None = None
    specificity: float | None = Field(default=None, gt=0, le=1)
    sensitivity: float | None = Field(default=None, gt=0, le=1)
    false_negative_cost: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.threshold is None) == (self.choose_on is None):
            raise ValueError("an operating point has either `threshold` or `choose_on`")
        needs = {
            "specificity": "sensitivity_at_specificity",
            "sensitivity": "specificity_at_sensitivity",
            "false_negative_cost": "cost",
        }
        if self.threshold is not None and (self.by or any(getattr(self, key) is not None for key in needs)):
            raise ValueError(f"a fixed threshold takes neither `by` nor {', '.join(f'`{key}`' for key in needs)}")
        if self.choose_on is not None:
            if self.by is None:
                raise ValueError(f"`choose_on` needs `by`: one of {', '.join(RULES)}")
            for key, rule in needs.items():
                if (self.by == rule) != (getattr(self, key) is not None):
                    raise ValueError(f"`{key}` goes with `by: {rule}`, and only with it")
        return self

    @property
    def rule(self) -> str:
        """Name of the rule with its parameter."""
        if self.by is None:
            return "fixed"
        given = (self.specificity, self.sensitivity, self.false_negative_cost)
        target = next((value for value in given if value is not None), None)
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
    ``sensitivity_at_specificity`` the sensitivity among thresholds that reach the specificity,
    ``specificity_at_sensitivity`` the specificity among those that reach the sensitivity, and ``cost`` minimises
    `false_negative_cost` times the false negatives plus the false positives, at the prevalence of `chosen_from`.

    Raises
    ------
    InputError
        If the dataset to choose on lacks a class.

    Source: Youden, Cancer 3 (1950) 32; cost: Metz, Semin. Nucl. Med. 8 (1978) 283.
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
    chosen = chosen_thresholds(options, score, positive, np.ones((1, score.size)))
    return OperatingPoint(threshold=float(chosen[0]), rule=options.rule, chosen_on=options.choose_on, n=int(score.size))


def chosen_thresholds(
    options: OperatingPointOptions,
    score: npt.NDArray[np.float64],
    positive: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Choose a threshold by the rule of `options` for each of several weightings of the same samples.

    Parameters
    ----------
    score, positive
        (n,) usable scores and their outcomes.
    weights
        (k, n) how often each sample counts.

    Returns
    -------
    (k,) thresholds: a score that occurs, or the next number above the highest one, which flags nobody. NaN where a
    weighting leaves a class without a sample.
    """
    import numpy as np

    order = np.argsort(score, kind="stable")
    values, starts = np.unique(score[order], return_index=True)
    sorted_weights = weights[:, order]
    with_condition = np.add.reduceat(sorted_weights * positive[order], starts, axis=1)
    all_samples = np.add.reduceat(sorted_weights, starts, axis=1)
    without = all_samples - with_condition
    positives, negatives = with_condition.sum(axis=1, keepdims=True), without.sum(axis=1, keepdims=True)
    lacking = ((positives == 0) | (negatives == 0))[:, 0]
    # Column j is the threshold at values[j]; the last one is above all scores.
    missed = _below(with_condition)
    left = _below(without)
    found = positives - missed
    with np.errstate(invalid="ignore", divide="ignore"):
        quality = _quality(options, found, left, positives, negatives)
    occurs = np.concatenate([all_samples > 0, np.ones((len(weights), 1), dtype=bool)], axis=1)
    quality = np.where(occurs & np.isfinite(quality), quality, -np.inf)
    best = np.argmax(quality >= quality.max(axis=1, keepdims=True) - _EQUALLY_GOOD, axis=1)
    highest = values[np.minimum(values.size - 1 - np.argmax(all_samples[:, ::-1] > 0, axis=1), values.size - 1)]
    chosen = np.where(best < values.size, values[np.minimum(best, values.size - 1)], np.nextafter(highest, np.inf))
    return np.where(lacking, np.nan, chosen)


_EQUALLY_GOOD = 1e-12
"""Two thresholds whose quality differs by less are equally good: rounding, not preference."""


def _below(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(k, m) counts by score to (k, m + 1) counts strictly below each threshold."""
    import numpy as np

    return np.concatenate([np.zeros((len(counts), 1)), np.cumsum(counts, axis=1)], axis=1)


def _quality(
    options: OperatingPointOptions,
    found: npt.NDArray[np.float64],
    left: npt.NDArray[np.float64],
    positives: npt.NDArray[np.float64],
    negatives: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """(k, m) how good each threshold is, from true positives `found` and true negatives `left`."""
    import numpy as np

    sensitivity, specificity = found / positives, left / negatives
    false_positives = negatives - left
    if options.by == "youden":
        return sensitivity + specificity
    if options.by == "best_f1":
        return 2 * found / (found + false_positives + positives)
    if options.by == "cost":
        cost = (options.false_negative_cost or 1.0) * (positives - found) + false_positives
        return -cost / (positives + negatives)
    if options.by == "sensitivity_at_specificity":
        return np.where(specificity >= (options.specificity or 0) - _EQUALLY_GOOD, sensitivity, -1)
    return np.where(sensitivity >= (options.sensitivity or 0) - _EQUALLY_GOOD, specificity, -1)
