"""Ask the same questions of everyone and of every group, then compare the groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evaluators import estimates, metrics
from evaluators.comparisons import Comparison, Key, compare_groups
from evaluators.estimates import Bools, Estimate
from evaluators.fairness.second_opinion import TOLERANCE, DisagreementError
from evaluators.fairness.tasks.observed import Observed
from evaluators.grouping import Grouping, Minimums, distinct_slices, members
from evaluators.records import Recorder
from governance.evidence.model import Measurement, MetricDescriptor, OperatingPoint
from governance.spec.model import Settings

WORST_AND_DIFFERENCE: tuple[Comparison, ...] = ("worst", "difference")


@dataclass(frozen=True)
class Question:
    """One number of a slice.

    Attributes
    ----------
    estimate
        Takes the (n,) mask of a slice and gives the number, or the reason why there is none.
    about
        Further identity: ``target_class``, ``variant``.
    compared
        What is said of the groups of each grouping.
    again
        Computes the value of a slice with another library, by that library's name; empty where none does.
    """

    metric: MetricDescriptor
    estimate: Callable[[Bools], Estimate | str]
    about: Mapping[str, Any] = field(default_factory=dict)
    compared: tuple[Comparison, ...] = ()
    point: OperatingPoint | None = None
    again: Callable[[Bools], Mapping[str, float]] | None = None


@dataclass(frozen=True)
class Board:
    """What the questions of a task are asked of, and what was answered (`answers`, by question and slice)."""

    observed: Observed
    recorder: Recorder
    minimums: Minimums
    groupings: tuple[Grouping, ...]
    settings: Settings
    answers: dict[int, dict[Key, Estimate | str]] = field(default_factory=dict)

    def ask(self, questions: Sequence[Question]) -> Iterator[Measurement]:
        """Measure everyone and every group, slice by slice, then compare the groups of each grouping."""
        dataset = self.observed.dataset
        for cell in distinct_slices(self.groupings, dataset):
            inside = members(cell, dataset)
            for number, question in enumerate(questions):
                answer = question.estimate(inside)
                _check(question, answer, inside)
                self.answers.setdefault(number, {})[frozenset(cell.items())] = answer
                here = self.recorder.at(question.point)
                if isinstance(answer, str):
                    yield here.not_measured(question.metric, answer, slice=cell, n=int(inside.sum()), **question.about)
                else:
                    yield here.measured(question.metric, answer, slice=cell, **question.about)
        for grouping in self.groupings:
            for number, question in enumerate(questions):
                if question.compared:
                    yield from compare_groups(
                        self.recorder.at(question.point),
                        question.metric,
                        grouping,
                        dataset,
                        self.answers[number],
                        estimands=question.compared,
                        seed=self.settings.seed,
                        **question.about,
                    )

    def few(self, inside: Bools, *needed: tuple[str, Bools]) -> str | None:
        """Return why a number of a slice is not given, or None where enough patients have what it needs."""
        counts = [(what, self.observed.patients(inside & among)) for what, among in needed]
        return self.minimums.missing(self.observed.patients(inside), counts)

    def share(self, successes: Bools, among: Bools, inside: Bools, *, what: str | None = None) -> Estimate | str:
        """Return a share among the samples of a slice that are in `among`; `what` names those in words."""
        reason = self.few(inside, *([(what, among)] if what else []))
        if reason:
            return reason
        return estimates.proportion(
            successes,
            inside & among,
            self.observed.codes,
            name="share with cluster-adjusted interval",
            parameters=self.observed.left_out(inside),
            n_clusters=self.observed.n_clusters,
        )

    def rejected(self) -> Question:
        """Return the share of samples without a usable output."""

        def estimate(inside: Bools) -> Estimate | str:
            reason = self.few(inside)
            if reason:
                return reason
            return estimates.proportion(
                ~self.observed.usable,
                inside,
                self.observed.codes,
                name="share with cluster-adjusted interval",
                parameters={},
                n_clusters=self.observed.n_clusters,
            )

        return Question(metrics.REJECTED_RATE, estimate)


def _check(question: Question, answer: Estimate | str, inside: Bools) -> None:
    """Compare an estimate with what another library makes of the same samples."""
    if isinstance(answer, str) or question.again is None:
        return
    for library, value in question.again(inside).items():
        # The tolerance is relative for numbers above 1: a mean error in grams may be in the thousands.
        if not abs(value - answer.value) <= TOLERANCE * max(1.0, abs(value)):
            raise DisagreementError(
                f"{question.metric.name}: {answer.value!r} here, {value!r} by {library}, on {answer.n} samples"
            )
