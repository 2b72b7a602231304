"""Errors beside AlexNet's under the same conditions: CE and mCE of ImageNet-C, BE and rBE of MedMNIST-C."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evaluators.estimates import Estimate
from evaluators.robustness.scores import descriptors as own
from evaluators.robustness.scores.baselines import IMAGENET_C, Baseline, baseline
from evaluators.robustness.scores.severities import Kind, OneSlice, Seen
from governance.evidence.model import MetricDescriptor

SMALLEST_HARM = 0.02
"""Least that a condition must add to AlexNet's error for a relative error to be divided by it.

AlexNet's errors come from as few as 156 images (breast), and have standard errors of about this size; a quotient by
less is noise, and by less than 0 it changes sign. `contrast-down` adds 0.013 on breast, `contrast-up` -0.006 on
pneumonia.
"""
WITHOUT_WEAK = "without conditions that hardly harm AlexNet"
"""Variant of the relative error: the mean over the other conditions."""

Answer = tuple[MetricDescriptor, str | None, Estimate | str]


@dataclass(frozen=True)
class Relative:
    """Numbers beside one row of AlexNet's errors."""

    row: Baseline

    @property
    def balanced(self) -> bool:
        """Whether errors are balanced errors."""
        return not self.row.name.startswith(IMAGENET_C)

    @property
    def metrics(self) -> tuple[MetricDescriptor, MetricDescriptor]:
        """The quotient of errors and that of what conditions add to them."""
        if self.balanced:
            return own.BALANCED_CORRUPTION_ERROR, own.RELATIVE_BALANCED_CORRUPTION_ERROR
        return own.CORRUPTION_ERROR, own.RELATIVE_CORRUPTION_ERROR

    def of_condition(self, name: str, numbers: OneSlice) -> Iterator[tuple[MetricDescriptor, Estimate | str]]:
        """Give both quotients of one condition, if the row has it."""
        if name not in self.row.corrupted:
            return
        whole, added = self.metrics
        lacking = self._severities(name, numbers)
        if lacking:
            yield whole, lacking
            yield added, lacking
            return
        yield whole, self._quotient(numbers, (name,))
        yield added, self._weak((name,)) or self._added(numbers, (name,))

    def of_all(self, numbers: OneSlice) -> Iterator[Answer]:
        """Give the means over all conditions of the row, which all must have been measured at all severities."""
        whole, added = self.metrics
        missing = [name for name in self.row.corrupted if name not in numbers.seen]
        lacking = self._missing(missing)
        if lacking is None:
            lacking = next(filter(None, (self._severities(name, numbers) for name in self.row.corrupted)), None)
        if lacking is not None:
            yield whole, None, lacking
            yield added, None, lacking
            return
        names = tuple(self.row.corrupted)
        yield whole, None, self._quotient(numbers, names)
        weak = self._weak(names)
        yield added, None, weak or self._added(numbers, names)
        strong = tuple(name for name in names if self.row.harm(name) >= SMALLEST_HARM)
        if weak and strong:
            yield added, WITHOUT_WEAK, self._added(numbers, strong)

    def _quotient(self, numbers: OneSlice, names: Sequence[str]) -> Estimate | str:
        kind: Kind = "balanced error" if self.balanced else "error"
        return self._divided(kind, numbers, names, {name: self.row.corrupted[name] for name in names})

    def _added(self, numbers: OneSlice, names: Sequence[str]) -> Estimate | str:
        kind: Kind = "added balanced error" if self.balanced else "added error"
        return self._divided(kind, numbers, names, {name: self.row.harm(name) for name in names})

    def _divided(
        self, kind: Kind, numbers: OneSlice, names: Sequence[str], divisors: dict[str, float]
    ) -> Estimate | str:
        weights: list[tuple[Seen, float]] = [
            (one, 1 / (divisors[name] * len(names) * len(numbers.seen[name])))
            for name in names
            for one in numbers.seen[name]
        ]
        return numbers.weighted(
            kind,
            weights,
            scale=sum(weight for _, weight in weights),
            source=self.row.source,
            reference=f"AlexNet on {self.row.name}",
            smallest_divisor=round(min(divisors.values()), 6),
            conditions_left_out=len(self.row.corrupted) - len(names) if len(names) > 1 else 0,
        )

    def _weak(self, names: Sequence[str]) -> str | None:
        found = [name for name in names if self.row.harm(name) < SMALLEST_HARM]
        if not found:
            return None
        said = ", ".join(f"{name} ({self.row.harm(name):+.4f})" for name in found)
        return (
            f"AlexNet's error is hardly higher than on clean input under: {said}; a quotient by less than "
            f"{SMALLEST_HARM} is noise"
        )

    def _missing(self, names: Sequence[str]) -> str | None:
        if not names:
            return None
        return (
            f"it is a mean over {len(self.row.corrupted)} conditions, of which these were not measured: "
            + ", ".join(names)
        )

    def _severities(self, name: str, numbers: OneSlice) -> str | None:
        found = tuple(one.condition.severity for one in numbers.seen[name])
        if found == self.row.severities:
            return None
        wanted = ", ".join(map(str, self.row.severities))
        return f"AlexNet's error under {name} is a mean over the severities {wanted}; not all of these were measured"


def relatives(reference: str | None, seen: dict[str, tuple[Seen, ...]]) -> tuple[Relative, ...]:
    """Return the rows to compare with: what the options name, else ImageNet-C's where all of it was measured."""
    if reference is not None:
        return (Relative(baseline(reference)),)
    row = baseline(IMAGENET_C)
    complete = all(
        tuple(one.condition.severity for one in seen.get(name, ())) == row.severities for name in row.corrupted
    )
    return (Relative(row),) if complete else ()
