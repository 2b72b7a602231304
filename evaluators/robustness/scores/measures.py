"""Which numbers are given of each condition, by the task of the subject."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evaluators import estimates, metrics
from evaluators.binary import Predictions, auroc_estimate, threshold_estimate
from evaluators.estimates import Bools, Estimate, remembered
from evaluators.fairness import calibration
from evaluators.fairness.gaps_descriptors import AUROC_GAP, CALIBRATION_GAP, EQUAL_OPPORTUNITY_DIFFERENCE
from evaluators.fairness.tasks.class_metrics import CONFIDENCE_CALIBRATION_ERROR
from evaluators.fairness.tasks.mask_metrics import DICE
from evaluators.grouping import Minimums
from evaluators.robustness.paired import change_in_the_large, paired_change
from evaluators.robustness.scores import decisions
from evaluators.robustness.scores import descriptors as own
from evaluators.robustness.scores.decisions import Decisions
from evaluators.robustness.scores.overlap import change_of_dice, mean_dice
from governance.evidence.model import Method, MetricDescriptor, OperatingPoint
from governance.spec.model import Settings
from governance.statistics.calibration import expected_calibration_error
from governance.statistics.clusters import Floats, cluster_codes


@dataclass(frozen=True)
class View:
    """What was observed of the scored dataset under one condition.

    Attributes
    ----------
    scores
        Of a binary task.
    confidence
        (n,) highest score, of a task of several classes; NaN where there is no output.
    dice
        (n,) Dice coefficients, of a segmentation; NaN where there is none. `decisions` then only say what is usable.
    """

    decisions: Decisions
    scores: Predictions | None = None
    confidence: Floats | None = None
    dice: Floats | None = None

    @property
    def binary(self) -> Predictions:
        """The scores of a binary task."""
        if self.scores is None:
            raise TypeError("only a binary task has one score a sample")
        return self.scores

    @property
    def overlap(self) -> tuple[Decisions, Floats]:
        """What is usable, and the Dice coefficients of a segmentation."""
        if self.dice is None:
            raise TypeError("only a segmentation has an overlap")
        return self.decisions, self.dice

    def restricted(self, among: Bools) -> View:
        """Return the same with the samples outside a mask no longer present."""
        scores = None if self.scores is None else self.scores.restricted(among)
        return View(self.decisions.restricted(among), scores, self.confidence, self.dice)


@dataclass(frozen=True)
class Measure:
    """A number of a slice under a condition.

    Attributes
    ----------
    value
        From what was observed and the (n,) mask of a slice.
    change
        From what was observed under the condition and on clean input; None where the change has no interval here.
    gap
        The largest difference of groups by it, where that is given.
    on_scores
        Whether it does not depend on the operating point.
    """

    metric: MetricDescriptor
    value: Callable[[View, Bools], Estimate | str]
    change: Callable[[View, View, Bools], Estimate | str] | None = None
    gap: MetricDescriptor | None = None
    on_scores: bool = False


def measures_of(
    task: str, *, point: OperatingPoint | None, minimums: Minimums, settings: Settings, bins: int
) -> tuple[Measure, ...]:
    """Return what is measured of a binary task (which has an operating point), of several classes, or of masks."""
    if task == "segmentation":
        return (
            Measure(
                DICE,
                lambda view, inside: mean_dice(*view.overlap, inside, minimums),
                lambda now, clean, inside: change_of_dice(now.overlap, clean.overlap, inside, minimums),
            ),
        )
    of_decisions = (
        Measure(
            own.CLASSIFICATION_ERROR,
            lambda view, inside: decisions.error(view.decisions, inside, minimums),
            lambda now, clean, inside: decisions.change_of_error(now.decisions, clean.decisions, inside, minimums),
            own.ERROR_GAP,
        ),
        Measure(
            own.BALANCED_ERROR,
            lambda view, inside: decisions.balanced_error(view.decisions, inside, minimums),
            lambda now, clean, inside: decisions.change_of_balanced_error(
                now.decisions, clean.decisions, inside, minimums
            ),
            own.BALANCED_ERROR_GAP,
        ),
    )
    if task == "multiclass" or point is None:
        return (
            *of_decisions,
            Measure(
                CONFIDENCE_CALIBRATION_ERROR,
                lambda view, inside: _confidence(view, inside, minimums, settings, bins),
                on_scores=True,
            ),
        )
    return (*_of_scores(point, minimums), *of_decisions, *_calibrated(minimums, settings, bins))


def rejected(view: View, inside: Bools, minimums: Minimums) -> Estimate | str:
    """Estimate the share of samples without a usable output."""
    data = view.decisions
    return minimums.missing(data.patients(inside), []) or estimates.proportion(
        ~data.usable, inside, data.codes, name=decisions.SHARE, parameters={}, n_clusters=data.n_clusters
    )


def _of_scores(point: OperatingPoint, minimums: Minimums) -> tuple[Measure, ...]:
    def change(metric: MetricDescriptor) -> Callable[[View, View, Bools], Estimate | str]:
        return lambda now, clean, inside: paired_change(
            metric, now.binary, clean.binary, inside, point=point, minimums=minimums
        )

    def share(metric: MetricDescriptor, gap: MetricDescriptor | None) -> Measure:
        return Measure(
            metric,
            lambda view, inside: threshold_estimate(metric, view.binary, inside, point, minimums),
            change(metric),
            gap,
        )

    return (
        Measure(
            metrics.AUROC,
            lambda view, inside: auroc_estimate(view.binary, inside, minimums),
            change(metrics.AUROC),
            AUROC_GAP,
            on_scores=True,
        ),
        share(metrics.SENSITIVITY, EQUAL_OPPORTUNITY_DIFFERENCE),
        share(metrics.SPECIFICITY, None),
    )


def _calibrated(minimums: Minimums, settings: Settings, bins: int) -> tuple[Measure, ...]:
    def value(metric: MetricDescriptor) -> Callable[[View, Bools], Estimate | str]:
        return lambda view, inside: calibration.estimate(
            metric, view.binary, inside, bins=bins, minimums=minimums, settings=settings
        )

    large = metrics.CALIBRATION_IN_THE_LARGE
    return (
        Measure(metrics.EXPECTED_CALIBRATION_ERROR, value(metrics.EXPECTED_CALIBRATION_ERROR), on_scores=True),
        Measure(
            large,
            value(large),
            lambda now, clean, inside: change_in_the_large(now.binary, clean.binary, inside, minimums),
            CALIBRATION_GAP,
            on_scores=True,
        ),
    )


def _confidence(view: View, inside: Bools, minimums: Minimums, settings: Settings, bins: int) -> Estimate | str:
    """Estimate how far the highest score is from how often the decision is right."""
    data = view.decisions
    scored = inside & data.usable
    reason = data.too_few(scored, minimums)
    if reason or view.confidence is None:
        return reason or "the model gives no scores"
    confidence, right = view.confidence[scored], ~data.wrong[scored]
    codes = cluster_codes(data.codes[scored])
    value = expected_calibration_error(confidence, right, bins, calibration.WIDTH)
    return Estimate(
        value=value,
        n=confidence.size,
        n_clusters=int(codes.max()) + 1,
        events=int(np.sum(right)),
        bounds=remembered(
            lambda level: calibration.error_bounds(
                confidence, right, codes, level, bins=bins, binning=calibration.WIDTH, settings=settings
            )
        ),
        method=Method(
            name="binned highest score",
            parameters={
                **data.left_out(inside),
                "bins": bins,
                "binning": calibration.WIDTH,
                "replicates": settings.replicates,
                "seed": settings.seed,
            },
            source=CONFIDENCE_CALIBRATION_ERROR.source,
        ),
    )
