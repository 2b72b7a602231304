"""The numbers of one slice under each condition and severity, and sums of them with weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from evaluators.estimates import Bools, Estimate
from evaluators.grouping import Minimums
from evaluators.robustness.scores import decisions
from evaluators.robustness.scores import descriptors as own
from evaluators.robustness.scores.combined import SOURCE, weighted_sum
from evaluators.robustness.scores.decisions import Decisions
from evaluators.robustness.scores.measures import View
from evaluators.robustness.scores.overlap import change_of_dice, mean_dice
from governance.evidence.model import Condition, MetricDescriptor, Scalar

Kind = Literal["error", "balanced error", "added error", "added balanced error", "flips", "dice", "lost dice"]
Weights = Sequence[tuple["Seen", float]]

_RANGES: Mapping[Kind, tuple[float, float]] = {
    "error": (0.0, 1.0),
    "balanced error": (0.0, 1.0),
    "added error": (-1.0, 1.0),
    "added balanced error": (-1.0, 1.0),
    "flips": (0.0, 1.0),
    "dice": (0.0, 1.0),
    "lost dice": (-1.0, 1.0),
}

_DECIDED: Mapping[Kind, Callable[[Decisions, Decisions, Bools, Minimums], Estimate | str]] = {
    "error": lambda now, _, inside, minimums: decisions.error(now, inside, minimums),
    "balanced error": lambda now, _, inside, minimums: decisions.balanced_error(now, inside, minimums),
    "added error": decisions.change_of_error,
    "added balanced error": decisions.change_of_balanced_error,
    "flips": decisions.flips,
}
"""From the decisions under a condition and on clean input."""
_KINDS: Mapping[str, Kind] = {
    own.MEAN_ERROR.name: "error",
    own.MEAN_BALANCED_ERROR.name: "balanced error",
    own.DEGRADATION_AREA.name: "added error",
    own.MEAN_FLIP_RATE.name: "flips",
    own.MEAN_DICE.name: "dice",
    own.DICE_DEGRADATION_AREA.name: "lost dice",
}


@dataclass(frozen=True)
class Seen:
    """What was observed under one condition and severity, of all samples of the dataset."""

    condition: Condition
    view: View


@dataclass(frozen=True)
class OneSlice:
    """A slice under every condition.

    Attributes
    ----------
    seen
        By the name of the condition, in the order of severities.
    inside
        (n,) mask of the slice.
    """

    clean: View
    seen: Mapping[str, tuple[Seen, ...]]
    inside: Bools
    minimums: Minimums
    _made: dict[tuple[Kind, Condition], Estimate | str] = field(default_factory=dict, repr=False)

    def number(self, kind: Kind, one: Seen) -> Estimate | str:
        """Return a number under one condition and severity, made once."""
        key = (kind, one.condition)
        if key not in self._made:
            self._made[key] = self._number(kind, one.view)
        return self._made[key]

    def weighted(
        self, kind: Kind, weights: Weights, *, scale: float = 1.0, source: str = SOURCE, **parameters: Scalar
    ) -> Estimate | str:
        """Return the weighted sum of a kind of numbers, or why one of them is not given.

        Parameters
        ----------
        scale
            What the weights sum to, so that the range of the sum is known.
        """
        found = [(one.condition, self.number(kind, one)) for one, _ in weights]
        lacking = next((f"{condition}: {why}" for condition, why in found if isinstance(why, str)), None)
        if lacking is not None:
            return lacking
        low, high = (scale * end for end in _RANGES[kind])
        names = ", ".join(dict.fromkeys(condition.name for condition, _ in found))
        severities = ", ".join(str(s) for s in sorted({c.severity for c, _ in found if c.severity is not None}))
        return weighted_sum(
            [number for _, number in found if isinstance(number, Estimate)],
            [weight for _, weight in weights],
            name="weighted sum over severities and conditions, by the influence of every patient on all of them",
            parameters={"conditions": names, "severities": severities or "none", **parameters},
            source=source,
            low=low,
            high=high,
        )

    def summary(self, metric: MetricDescriptor, names: Sequence[str]) -> Estimate | str:
        """Return a summary of `descriptors` over the severities of some conditions, all of the same weight."""
        if metric is own.PREDICTION_CONSISTENCY:
            changed = [one.view.decisions for name in names for one in self.seen[name]]
            return decisions.consistency(changed, self.clean.decisions, self.inside, self.minimums)
        kind = _KINDS[metric.name]
        weights = area_weights if kind in ("added error", "lost dice") else mean_weights
        return self.weighted(
            kind, [(one, weight / len(names)) for name in names for one, weight in weights(self.seen[name])]
        )

    def _number(self, kind: Kind, view: View) -> Estimate | str:
        if kind == "dice":
            return mean_dice(*view.overlap, self.inside, self.minimums)
        if kind == "lost dice":
            return change_of_dice(view.overlap, self.clean.overlap, self.inside, self.minimums, sign=-1)
        return _DECIDED[kind](view.decisions, self.clean.decisions, self.inside, self.minimums)


def mean_weights(seen: Sequence[Seen]) -> tuple[tuple[Seen, float], ...]:
    """Give every severity of a condition the same weight."""
    return tuple((one, 1 / len(seen)) for one in seen)


def area_weights(seen: Sequence[Seen]) -> tuple[tuple[Seen, float], ...]:
    """Give severities the weights of trapezia from clean input at 0 to the largest severity, over the latter.

    ``w_k = (s_{k+1} - s_{k-1}) / 2 s_m``, with ``s_0 = 0`` and, at the end, ``s_{m+1} = s_m``. A condition without a
    scale counts whole.
    """
    places = [one.condition.severity for one in seen]
    known = [place for place in places if place is not None]
    if len(known) < len(places):
        return mean_weights(seen)
    line = [0, *known, known[-1]]
    return tuple((one, (line[k + 2] - line[k]) / (2 * known[-1])) for k, one in enumerate(seen))
