"""Differences between groups over their standard errors, for many assignments of the groups at once.

A statistic takes (rows, patients) or (rows, samples) group codes and gives (rows, k) values and (rows, k, k)
differences ``(value_i - value_j) / error_ij``. `governance.statistics.permutation` deals out the codes.

A group whose outcomes are all equal has a variance of 0; the pooled variance that one patient would have takes its
place. That is the same number in every permutation, so a permutation test stays valid.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from governance.statistics.clusters import Floats, cluster_sums

Codes = npt.NDArray[np.int64]
Statistic = Callable[[Codes], tuple[Floats, Floats]]

_ROUNDING = 1e-9
"""A sum of squares this much smaller than the pooled one is 0 but for rounding."""


def between_patients(top: Floats, bottom: Floats, patient: Codes, k: int) -> Statistic:
    """Ratios of sums where every patient, with all samples, lies in one group.

    ``variance = C / (C - 1) sum_c (top_c - ratio bottom_c)^2 / (sum bottom)^2`` over the C patients of the group. All
    sums are products of membership and patient sums.

    Parameters
    ----------
    top, bottom
        (n,) numerators and denominators of the samples.
    patient
        (n,) codes from 0.
    """
    over, under = cluster_sums(top, patient), cluster_sums(bottom, patient)
    pooled = float(over.sum() / under.sum())
    off = over - pooled * under
    worth = float(np.sum(off**2)) / max(off.size - 1, 1)
    parts = np.column_stack([off, under, off**2, off * under, under**2, np.ones(off.size)])

    def statistic(owner: Codes) -> tuple[Floats, Floats]:
        sums = np.stack([(owner == group).astype(np.float64) @ parts for group in range(k)], axis=1)
        off_sum, total, squares, cross, total_squares, count = np.moveaxis(sums, 2, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = off_sum / total
            left = (squares - 2 * ratio * cross + ratio**2 * total_squares) * count / (count - 1)
            variance = np.where(count > 1, np.where(left > _ROUNDING * worth, left, worth) / total**2, np.nan)
        return pooled + ratio, _over_error(ratio, variance[:, :, None] + variance[:, None, :])

    return statistic


def within_patients(top: Floats, bottom: Floats, patient: Codes, k: int) -> Statistic:
    """Ratios of sums where samples of one patient lie in several groups; the samples are sorted by patient.

    ``variance_ij = C / (C - 1) sum_c (f_ci - f_cj)^2`` with f the influence of patient c on each ratio, so that what
    a patient's samples share cancels.
    """
    pooled = float(top.sum() / bottom.sum())
    off = top - pooled * bottom
    worth = float(np.sum(off**2)) / max(off.size - 1, 1)
    starts = np.flatnonzero(np.diff(patient, prepend=-1))
    factor = starts.size / max(starts.size - 1, 1)

    def statistic(owner: Codes) -> tuple[Floats, Floats]:
        members = [(owner == group).astype(np.float64) for group in range(k)]
        total = np.column_stack([member @ bottom for member in members])
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.column_stack([member @ off for member in members]) / total
            influence = [
                np.add.reduceat(members[g] * (off - ratio[:, g, None] * bottom), starts, axis=1) / total[:, g, None]
                for g in range(k)
            ]
            variance = np.empty((owner.shape[0], k, k))
            for i in range(k):
                for j in range(k):
                    own = worth * (1 / total[:, i] ** 2 + 1 / total[:, j] ** 2)
                    left = factor * np.sum((influence[i] - influence[j]) ** 2, axis=1)
                    variance[:, i, j] = np.where(left > _ROUNDING * own, left, own)
        return pooled + ratio, _over_error(ratio, variance)

    return statistic


def rankings(scores: npt.ArrayLike, labels: npt.ArrayLike, patient: Codes, k: int) -> Statistic:
    """AUROCs where every patient lies in one group; the samples are sorted once, for all assignments.

    A group that is ranked perfectly has a variance of 0; in its place comes that of the AUROC of all samples, times the
    patients of their smaller class, over the squared number of such patients of the group.
    """
    score = np.asarray(scores, dtype=np.float64)
    order = np.argsort(score, kind="stable")
    positive, owner_of = np.asarray(labels).astype(bool)[order], patient[order]
    rank = np.cumsum(np.diff(score[order], prepend=score[order[0]]) > 0, dtype=np.int64)
    n_clusters = int(patient.max()) + 1
    _, variance_of_all, worth_of_all = sorted_auroc(rank, positive, owner_of, n_clusters)

    def statistic(owner: Codes) -> tuple[Floats, Floats]:
        values, variance = np.empty((owner.shape[0], k)), np.empty((owner.shape[0], k))
        for row, held in enumerate(owner):
            group = held[owner_of]
            for g in range(k):
                inside = np.flatnonzero(group == g)
                value, own, size = sorted_auroc(rank[inside], positive[inside], owner_of[inside], n_clusters)
                values[row, g] = value
                stand_in = variance_of_all * worth_of_all / size**2 if size > 1 else np.nan
                variance[row, g] = stand_in if own <= _ROUNDING * stand_in else own
        return values, _over_error(values, variance[:, :, None] + variance[:, None, :])

    return statistic


def sorted_auroc(
    rank: Codes, positive: npt.NDArray[np.bool_], patient: Codes, n_clusters: int
) -> tuple[float, float, int]:
    """AUROC, Obuchowski's variance and the smaller number of patients of a class, from samples in order of score.

    Parameters
    ----------
    rank
        (n,) ascending; equal where scores are tied.
    positive, patient
        (n,) in the same order.

    Returns
    -------
    tuple
        NaN for value and variance where a class is missing, NaN for the variance where it has one patient only.

    Source: Obuchowski, Biometrics 53 (1997) 567, equations 5 to 8.
    """
    m = int(np.count_nonzero(positive))
    n = positive.size - m
    if m == 0 or n == 0:
        return float("nan"), float("nan"), 0
    new = np.diff(rank, prepend=rank[0] - 1) > 0
    tie, starts = np.cumsum(new) - 1, np.flatnonzero(new)
    ends = np.append(starts[1:], rank.size)
    positives = np.concatenate([[0], np.cumsum(positive)])
    below = (starts - positives[starts] + ends - positives[ends]) / (2 * n)
    above = 1 - (positives[starts] + positives[ends]) / (2 * m)
    value = float(np.mean(below[tie[positive]]))
    owners, others = patient[positive], patient[~positive]
    from_positives = np.bincount(owners, weights=below[tie[positive]] - value, minlength=n_clusters) / m
    from_negatives = np.bincount(others, weights=above[tie[~positive]] - value, minlength=n_clusters) / n
    with_positive = np.bincount(owners, minlength=n_clusters) > 0
    with_negative = np.bincount(others, minlength=n_clusters) > 0
    a, b, both = (int(np.count_nonzero(w)) for w in (with_positive, with_negative, with_positive | with_negative))
    if min(a, b) < 2:
        return value, float("nan"), min(a, b)
    variance = (
        a / (a - 1) * np.sum(from_positives**2)
        + b / (b - 1) * np.sum(from_negatives**2)
        + 2 * both / (both - 1) * np.sum(from_positives * from_negatives)
    )
    return value, max(float(variance), 0.0), min(a, b)


def _over_error(values: Floats, variance: Floats) -> Floats:
    difference = values[:, :, None] - values[:, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(difference == 0, 0.0, difference / np.sqrt(variance))
    found[np.isnan(variance)] = np.nan
    return found
