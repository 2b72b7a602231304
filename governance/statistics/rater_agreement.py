"""Agreement of raters beyond chance, nominal and ordered, from sums of small tables, and its interval for verdicts.

Both coefficients are ``1 - observed / expected`` disagreement. A table holds, for one unit or many, how often which
label met which: counts of two raters (Cohen), or coincidences of any number of raters (Krippendorff).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats, cluster_codes, cluster_sums, correlation
from governance.statistics.means import gating_mean
from governance.statistics.mover import cautious, solution_interval

Weighting = Literal["nominal", "linear", "quadratic"]

PSEUDO_PATIENTS = 6.0
"""Patients without a correlation of observed and expected disagreement that are added to those seen.

The least even number that kept both errors of `gating_agreement` in their limit in the simulations of
`docs/validity.md`.
"""


def disagreement_weights(k: int, weighting: Weighting = "nominal") -> Floats:
    """Return (k, k) disagreement of labels, 0 to 1: any other label; steps apart; or squared steps apart.

    Source: Cohen, Psychol. Bull. 70 (1968) 213.
    """
    steps = np.abs(np.subtract.outer(np.arange(k), np.arange(k))).astype(np.float64)
    if weighting == "nominal":
        return np.minimum(steps, 1.0)
    found: Floats = (steps / max(k - 1, 1)) ** (1 if weighting == "linear" else 2)
    return found


def cohen_kappa(tables: Floats, weighting: Weighting = "nominal") -> Floats:
    """Kappa of (..., k, k) counts; -1 to 1, 0 is chance; NaN where both always give one label.

    ``1 - n sum_ij w_ij n_ij / sum_ij w_ij n_i. n_.j``. It does not show which labels are confused, and it is low where
    nearly all labels are the same.

    Source: Cohen, Educ. Psychol. Meas. 20 (1960) 37; Psychol. Bull. 70 (1968) 213 (weighted).
    """
    weights = disagreement_weights(tables.shape[-1], weighting)
    n = tables.sum(axis=(-2, -1))
    observed = n * np.sum(weights * tables, axis=(-2, -1))
    expected = np.sum((tables.sum(axis=-1) @ weights) * tables.sum(axis=-2), axis=-1)
    return _less_ratio(observed, expected)


def krippendorff_alpha(coincidences: Floats, *, ordinal: bool = False) -> Floats:
    """Alpha of (..., k, k) coincidences; at most 1, 0 is chance; NaN where all labels are the same.

    ``1 - (n - 1) sum_ck d_ck o_ck / sum_ck d_ck n_c n_k``, d being 1 for other labels, or for ordered ones the squared
    difference of their mean ranks among all labels given.

    Source: Krippendorff, Content Analysis (2004), section 11.3 (nominal) and 11.3.4 (ordinal).
    """
    by_label = coincidences.sum(axis=-1)
    n = by_label.sum(axis=-1)
    distance = ordinal_distance(by_label) if ordinal else disagreement_weights(coincidences.shape[-1])
    observed = (n - 1) * np.sum(distance * coincidences, axis=(-2, -1))
    expected = np.sum(distance * by_label[..., :, None] * by_label[..., None, :], axis=(-2, -1))
    return _less_ratio(observed, expected)


def ordinal_distance(by_label: Floats) -> Floats:
    """Return (..., k, k) squared differences of the mean ranks of labels that occur (..., k) times.

    ``(sum_{g = c..k} n_g - (n_c + n_k) / 2)^2``; the sum runs from one label's middle to the other's.
    """
    rank = np.cumsum(by_label, axis=-1) - by_label / 2
    found: Floats = (rank[..., :, None] - rank[..., None, :]) ** 2
    return found


def coincidences(labels: Sequence[Sequence[int]], k: int) -> Floats:
    """Return (n, k * k) coincidences of each unit: its pairs of labels, each divided by one less than its labels.

    Parameters
    ----------
    labels
        For each unit the labels 0 .. k - 1 that it got; a unit with one label or none has no pair.
    """
    found = np.zeros((len(labels), k, k))
    for place, given in enumerate(labels):
        if len(given) >= 2:
            count = np.bincount(given, minlength=k).astype(np.float64)
            found[place] = (np.outer(count, count) - np.diag(count)) / (len(given) - 1)
    return found.reshape(len(labels), k * k)


def gating_agreement(
    tables: Floats,
    clusters: npt.ArrayLike,
    weights: Floats,
    level: float = 0.95,
    *,
    without_replacement: bool = False,
) -> Bounds:
    """Interval of ``1 - observed / expected`` disagreement for verdicts.

    Observed disagreement is a mean over labels of values from 0 to 1, and gets the interval of
    `governance.statistics.means.gating_mean`. Expected disagreement is the mean over labels of how far each is from a
    label drawn at random; as every label counts twice in it, as itself and as what is drawn, the ends of that mean's
    interval are twice as far from it. The ratio follows from both (`governance.statistics.mover`), their correlation
    being taken as weaker where few disagreements were seen. Distances that depend on the labels given (ordinal alpha)
    are taken as known.

    Parameters
    ----------
    tables
        (n, k, k) of each unit: one count for two raters, or coincidences.
    clusters
        (n,) cluster identifiers.
    weights
        (k, k) symmetric disagreement, 0 to 1.
    without_replacement
        Whether expected disagreement is of pairs of different labels, as in Krippendorff's alpha.

    Source: this project, `docs/validity.md`; for the parts see `gating_mean` and `mover`.

    Raises
    ------
    ValueError
        If there are fewer than two clusters, or all labels are the same.
    """
    size = np.rint(tables.sum(axis=(1, 2))).astype(np.int64)
    kept = size > 0
    rows, columns = tables[kept].sum(axis=2), tables[kept].sum(axis=1)
    size, n = size[kept], int(size.sum())
    ours, theirs = weights @ (columns.sum(axis=0) / n), weights @ (rows.sum(axis=0) / n)
    observed = np.repeat(np.clip(np.sum(weights * tables[kept], axis=(1, 2)) / size, 0.0, 1.0), size)
    expected = np.repeat((rows @ ours + columns @ theirs) / (2 * size), size)
    codes = np.repeat(cluster_codes(np.asarray(clusters)[kept]), size)
    seen, chance = float(observed.mean()), float(expected.mean())
    if chance <= _NOTHING:
        raise ValueError("all labels are the same")
    possible = np.add.outer(ours, theirs) / 2
    low, high = float(min(possible.min(), expected.min())), float(max(possible.max(), expected.max()))
    if high - low <= _NOTHING:
        low, high = 0.0, 1.0
    ends = gating_mean(np.clip(expected, low, high), codes, level, low=low, high=high)
    doubled = Bounds(max(0.0, chance - 2 * (chance - ends.low)), min(1.0, chance + 2 * (ends.high - chance)), "")
    together = correlation(cluster_sums(observed - seen, codes), cluster_sums(expected - chance, codes))
    if together > 0:
        worst = float(np.sum(np.bincount(codes) ** 2.0)) / n
        events = n * min(seen, chance, 1 - seen, 1 - chance)
        together = cautious(together, events, PSEUDO_PATIENTS * worst)
    factor = (n - 1) / n if without_replacement else 1.0
    first, last = solution_interval(
        seen / chance,
        ((seen, gating_mean(observed, codes, level)), (chance, doubled)),
        np.array([[1.0, together], [together, 1.0]]),
        lambda t: np.stack([np.ones_like(t), -t], axis=1),
        (0.0, _MOST),
    )
    return Bounds(1 - factor * last, 1 - factor * first, "MOVER on observed and expected disagreement, for verdicts")


def gating_kappa(
    tables: Floats, clusters: npt.ArrayLike, level: float = 0.95, weighting: Weighting = "nominal"
) -> Bounds:
    """Interval of Cohen's kappa for verdicts: `gating_agreement` of (n, k, k) counts of each unit."""
    return gating_agreement(tables, clusters, disagreement_weights(tables.shape[-1], weighting), level)


def gating_alpha(
    coincidences: Floats, clusters: npt.ArrayLike, level: float = 0.95, *, ordinal: bool = False
) -> Bounds:
    """Interval of Krippendorff's alpha for verdicts: `gating_agreement` of (n, k, k) coincidences of each unit."""
    by_label = coincidences.sum(axis=(0, 2))
    weights = disagreement_weights(by_label.size)
    if ordinal:
        weights = ordinal_distance(by_label / max(float(by_label.sum()), 1.0))
    return gating_agreement(coincidences, clusters, weights, level, without_replacement=True)


_NOTHING = 1e-9
"""A range or a disagreement this small is rounding."""
_MOST = 2.0
"""Observed over expected disagreement where agreement is -1, the least that kappa can be."""


def _less_ratio(top: Floats, bottom: Floats) -> Floats:
    top, bottom = np.asarray(top), np.asarray(bottom)
    found: Floats = 1 - np.divide(top, bottom, out=np.full(bottom.shape, np.nan), where=bottom != 0)
    return found
