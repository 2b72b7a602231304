"""Options and the metric: permutation tests of "no difference between the groups". Imports nothing heavy."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator, model_validator

from evaluators import metrics
from evaluators.grouping import Grouping
from governance.errors import near_name
from governance.evidence.model import MetricDescriptor
from governance.spec.model import Name, Text, Written

TESTED: tuple[MetricDescriptor, ...] = (
    metrics.PREVALENCE,
    metrics.REJECTED_RATE,
    metrics.SENSITIVITY,
    metrics.SPECIFICITY,
    metrics.POSITIVE_PREDICTIVE_VALUE,
    metrics.NEGATIVE_PREDICTIVE_VALUE,
    metrics.FALSE_POSITIVE_RATE,
    metrics.FALSE_NEGATIVE_RATE,
    metrics.ACCURACY,
    metrics.SELECTION_RATE,
    metrics.BRIER_SCORE,
    metrics.CALIBRATION_IN_THE_LARGE,
    metrics.AUROC,
)
"""Metrics that can be tested: the AUROC, and those that are a sum over samples divided by another."""

MOST_REPLICATES = 99_999


class Hypothesis(Written):
    """``{metric: sensitivity, over: sex}``: "the sensitivity is the same for every sex".

    Attributes
    ----------
    over
        An attribute, or several joined by " x ".
    """

    metric: Name
    over: Text

    @field_validator("over")
    @classmethod
    def _spaced(cls, written: str) -> str:
        return Grouping.parse(written).over

    @model_validator(mode="after")
    def _testable(self) -> Self:
        known = [metric.name for metric in TESTED]
        if self.metric not in known:
            raise ValueError(f"'{self.metric}' cannot be tested by permutation; {near_name(self.metric, known)}")
        return self


class HypothesisOptions(Written):
    """Options under ``evaluate: {fairness: {hypotheses: ...}}``.

    Attributes
    ----------
    declared
        The family that is to be answered: p-values are adjusted by Holm's method over all of them. It stands in the
        spec and so in `spec.lock.json`, written before anything is measured: another family is another run.
    explored
        What is looked at without having been declared; Benjamini-Hochberg over all of them.
    replicates
        Permutations of each test, or bootstrap replicates of patients where an attribute varies within some of them
        only (for an AUROC: within any). A p-value cannot be below 1 / (replicates + 1) before it is adjusted. All
        samples are permuted, so that large datasets take long: an AUROC of 100,000 samples about 6 ms a permutation.
    """

    declared: tuple[Hypothesis, ...] = ()
    explored: tuple[Hypothesis, ...] = ()
    replicates: int = Field(default=4999, ge=99, le=MOST_REPLICATES)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        both = (*self.declared, *self.explored)
        if not both:
            raise ValueError("hypotheses need `declared`, `explored` or both")
        for place, one in enumerate(both):
            if one in both[:place]:
                raise ValueError(f"the test of '{one.metric}' over '{one.over}' is written twice")
        return self


PERMUTATION_TEST = MetricDescriptor(
    name="permutation_test",
    title="Permutation test of no difference between groups",
    low=0,
    direction="none",
    formula=(
        "largest |value of a group - value of another| / standard error over all pairs of groups; p-value = (1 + "
        "permutations with at least as large a one) / (1 + permutations), adjusted for the other tests of its family; "
        "where groups share patients and cannot be permuted, bootstrap replicates of patients take their place"
    ),
    explanation=(
        "How far apart the groups are in standard errors, beside what it would be if patients' groups were dealt out "
        "at random (or, where groups share patients, the patients drawn anew); the p-value says how often chance alone "
        "gives as much."
    ),
    does_not_show=(
        "That groups are equal where no difference is found: few patients find little. Nor that a difference matters: "
        "many patients find trifles. Look at the difference and its interval."
    ),
    source=(
        "Janssen, Stat. Probab. Lett. 36 (1997) 9; Chung and Romano, Ann. Stat. 41 (2013) 484; Pauly, Asendorf and "
        "Konietschke, Biom. J. 58 (2016) 1319 (AUROC); Field and Welsh, J. R. Stat. Soc. B 69 (2007) 369 (bootstrap); "
        "Holm, Scand. J. Stat. 6 (1979) 65; Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995) 289"
    ),
)

METRICS: tuple[MetricDescriptor, ...] = (PERMUTATION_TEST,)
