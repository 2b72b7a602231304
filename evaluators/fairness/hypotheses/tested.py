"""One test of "no difference between the groups", on the groups that are large enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evaluators.binary import Predictions
from evaluators.estimates import Bools
from evaluators.fairness.groups import GroupMeasures
from evaluators.fairness.hypotheses.options import Hypothesis
from evaluators.grouping import JOINT, Grouping, members, recorded
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import MetricDescriptor, OperatingPoint
from governance.statistics.clusters import Floats
from governance.statistics.group_bootstrap import BootstrapTest, bootstrapped_aurocs, bootstrapped_ratios
from governance.statistics.permutation import PermutationTest, permutable, permuted_aurocs, permuted_ratios


@dataclass(frozen=True)
class Tested:
    """A test with the samples it rests on.

    Attributes
    ----------
    test
        The test; its p-value is not adjusted.
    n, events
        Samples in the denominators, and what the metric counts among them (positives for scores).
    rejected
        Samples of the tested groups without a usable output, which only the rejected rate and the prevalence count.
    left_out
        Groups that are too small, each with the reason.
    """

    test: PermutationTest | BootstrapTest
    n: int
    events: int
    rejected: int
    left_out: tuple[str, ...]


def tested(
    hypothesis: Hypothesis,
    metric: MetricDescriptor,
    measures: GroupMeasures,
    dataset: DatasetInfo,
    *,
    replicates: int,
) -> Tested | str:
    """Test a hypothesis, or say why it cannot be tested.

    Samples whose attribute is not recorded are left out: of which group they are is not known. So are groups in which
    the metric itself would not be given.
    """
    data, names = measures.data, np.full(dataset.n, "", dtype=object)
    left_out = []
    for cell in Grouping.parse(hypothesis.over).slices(dataset):
        if not recorded(cell):
            continue
        inside, name = members(cell, dataset), JOINT.join(cell.values())
        estimate = measures.estimate(metric, inside)
        if isinstance(estimate, str):
            left_out.append(f"{name}: {estimate}")
        else:
            names[inside] = name
    grouped: Bools = names != ""
    if np.unique(names[grouped]).size < 2:
        return "; ".join(("fewer than two groups are large enough to compare", *left_out))
    top, counted, bottom = _sums(metric, data, measures.point)
    among = grouped & bottom
    try:
        test = _test(metric, data, top, names, among, replicates=replicates, seed=measures.settings.seed)
    except ValueError as error:
        return str(error)
    return Tested(
        test=test,
        n=int(among.sum()),
        events=int(np.sum(counted & among)),
        rejected=int(np.sum(grouped & data.present & ~data.usable)),
        left_out=tuple(left_out),
    )


def _test(
    metric: MetricDescriptor,
    data: Predictions,
    values: Floats,
    names: np.ndarray,
    among: Bools,
    *,
    replicates: int,
    seed: int,
) -> PermutationTest | BootstrapTest:
    """Deal out groups anew where the attribute allows it, and draw patients with replacement where it does not."""
    values, groups, codes = values[among], names[among].astype(str), data.codes[among]
    scheme = permutable(groups, codes)
    if metric.name == "auroc":
        labels = data.positive[among]
        if scheme == "patients":
            return permuted_aurocs(values, labels, groups, codes, permutations=replicates, seed=seed)
        return bootstrapped_aurocs(values, labels, groups, codes, replicates=replicates, seed=seed)
    ones = np.ones(values.size)
    if scheme is not None:
        return permuted_ratios(values, ones, groups, codes, permutations=replicates, seed=seed)
    return bootstrapped_ratios(values, ones, groups, codes, replicates=replicates, seed=seed)


def _sums(metric: MetricDescriptor, data: Predictions, point: OperatingPoint) -> tuple[Floats, Bools, Bools]:
    """Return what is averaged or ranked by, what counts as an event, and over which samples, each (n,)."""
    flagged, positive, usable = data.flagged(point), data.positive, data.usable
    shares: Mapping[str, tuple[Bools, Bools]] = {
        "prevalence": (positive, data.present),
        "rejected_rate": (~usable, data.present),
        "sensitivity": (flagged, usable & positive),
        "specificity": (~flagged, usable & ~positive),
        "positive_predictive_value": (positive, usable & flagged),
        "negative_predictive_value": (~positive, usable & ~flagged),
        "false_positive_rate": (flagged, usable & ~positive),
        "false_negative_rate": (~flagged, usable & positive),
        "classification_accuracy": (flagged == positive, usable),
        "selection_rate": (flagged, usable),
    }
    if metric.name in shares:
        successes, among = shares[metric.name]
        return successes.astype(np.float64), successes, among
    values: Mapping[str, Floats] = {
        "auroc": data.score,
        "brier_score": np.square(data.score - positive),
        "calibration_in_the_large": positive - data.score,
    }
    return values[metric.name], positive, usable
