"""What changes when the same question is asked otherwise, on the same questions with and without the condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from evaluators import estimates
from evaluators.estimates import Bools
from evaluators.grouping import Minimums, Slice
from evaluators.hallucination import descriptors as own
from evaluators.hallucination.answers import Answers
from evaluators.records import Recorder
from governance.errors import InputError, near_name
from governance.evidence.model import CLEAN, Condition, Measurement, MetricDescriptor
from governance.harness.protocols import EvaluationContext
from governance.statistics.differences import gating_paired_difference


def conditions_of(context: EvaluationContext, options: own.HallucinationOptions) -> tuple[Condition, ...]:
    """Return the conditions of the options, then those that a policy's rules ask for, by severity.

    Raises
    ------
    InputError
        If a condition is unknown or has none of the severities.
    """
    asked = [request.condition for request in context.requests if request.evaluator == own.DESCRIPTOR.name]
    named = [name for name in asked if name is not None and name in context.conditions]
    found: list[Condition] = []
    for name in dict.fromkeys((*options.conditions, *named)):
        if name not in context.conditions:
            raise InputError(
                f"evaluate.{own.DESCRIPTOR.name}.conditions: unknown condition '{name}'",
                hint=near_name(name, context.conditions),
            )
        scale = context.conditions[name].severities
        wanted = [level for level in scale if options.severities is None or level in options.severities]
        if scale and not wanted:
            raise InputError(
                f"evaluate.{own.DESCRIPTOR.name}.severities: '{name}' has none of {list(options.severities or ())}",
                hint=f"its severities are {list(scale)}",
            )
        found += [Condition(name=name, severity=level) for level in wanted or (None,)]
    return tuple(found)


@dataclass(frozen=True)
class AskedOtherwise:
    """The answers under a condition beside those to the questions as they stand."""

    recorder: Recorder
    changed: Answers
    clean: Answers
    minimums: Minimums

    def measure(self, inside: Bools, cell: Slice) -> Iterator[Measurement]:
        """Measure how often the answer keeps its meaning, and how accuracy and both errors change.

        Parameters
        ----------
        inside
            (n,) questions of the slice that were asked under the condition.
        """
        yield self._consistency(inside, cell)
        now, before = self.changed, self.clean
        there, absent = inside & before.present, inside & ~before.present
        yield self._change(own.ACCURACY, _right(now), _right(before), inside, cell)
        yield self._change(own.HALLUCINATION_RATE, now.asserts, before.asserts, absent, cell)
        yield self._change(own.MISS_RATE, now.denies, before.denies, there, cell)

    def _consistency(self, inside: Bools, cell: Slice) -> Measurement:
        now, before = self.changed, self.clean
        reason = self.minimums.missing(before.leaning.patients(inside), [])
        if reason:
            return self.recorder.not_measured(own.ANSWER_CONSISTENCY, reason, slice=cell, n=int(inside.sum()))
        read = (now.asserts | now.denies) & (before.asserts | before.denies)
        estimate = estimates.proportion(
            (now.asserts & before.asserts) | (now.denies & before.denies),
            inside,
            before.leaning.codes,
            name="share with cluster-adjusted interval",
            parameters={"unread_counted_as_other": int(np.sum(inside & ~read))},
            n_clusters=before.leaning.n_clusters,
        )
        return self.recorder.measured(own.ANSWER_CONSISTENCY, estimate, slice=cell)

    def _change(self, metric: MetricDescriptor, now: Bools, before: Bools, among: Bools, cell: Slice) -> Measurement:
        about: dict[str, Any] = {"slice": cell, "estimand": "difference", "reference_condition": CLEAN}
        codes = self.clean.leaning.codes
        reason = self.minimums.missing(self.clean.leaning.patients(among), [])
        if reason:
            return self.recorder.not_measured(metric, reason, n=int(among.sum()), **about)
        after, first = now.astype(np.float64), before.astype(np.float64)
        estimate = estimates.mean(
            after - first,
            among,
            codes,
            low=-1.0,
            high=1.0,
            parameters={},
            name="mean of paired differences with cluster-robust variance",
            gating=partial(gating_paired_difference, after[among], first[among], codes[among]),
        )
        return self.recorder.measured(metric, estimate, **about)


def _right(answers: Answers) -> Bools:
    return np.where(answers.present, answers.asserts, answers.denies)
