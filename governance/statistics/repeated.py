"""AUROC of a way of training: a mean over several fits, uncertain in both the fits and the samples that judge them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from governance.statistics.bounds import Bounds, t_quantile, unseen_share
from governance.statistics.clusters import Floats
from governance.statistics.proportions import clopper_pearson
from governance.statistics.ranking import ClusteredAUROC, clustered_auroc


@dataclass(frozen=True)
class RepeatedAUROC:
    """Mean AUROC of fits with different seeds on the same test samples.

    Attributes
    ----------
    by_fit
        (fits,) AUROC of each.
    from_samples, from_fits
        The two parts of the variance of the mean; None where it cannot be estimated (one cluster of a class, one fit).
    influence
        (C,) mean influence of each test cluster, in the order of the sorted cluster identifiers.
    freedom_samples
        Degrees of freedom of `from_samples`.
    """

    value: float
    by_fit: Floats
    from_samples: float | None
    from_fits: float | None
    influence: Floats
    freedom_samples: int
    disjoint_pairs: int


def repeated_auroc(scores: Sequence[npt.ArrayLike], labels: npt.ArrayLike, clusters: npt.ArrayLike) -> RepeatedAUROC:
    """Mean AUROC over fits, with the variance between test patients and that between fits.

    ``Var = Var_patients(mean placement over fits) + s^2 / k``: by the law of total variance, the first part is
    Obuchowski's variance of the mean of k AUROCs that share their test samples, the second what other seeds (training
    subsets, initialisations) would change, with s^2 the variance between the k fits.

    Parameters
    ----------
    scores
        One (n,) array a fit, of the same test samples.
    labels, clusters
        (n,).

    Source: Obuchowski, Biometrics 53 (1997) 567; two-way variance as in Gallas et al., Acad. Radiol. 13 (2006) 353,
    without the interaction.
    """
    fits = [clustered_auroc(score, labels, clusters) for score in scores]
    by_fit = np.array([fit.value for fit in fits])
    return _assemble(float(by_fit.mean()), by_fit, fits, signs=None)


def repeated_difference(
    first: Sequence[npt.ArrayLike],
    second: Sequence[npt.ArrayLike],
    labels: npt.ArrayLike,
    clusters: npt.ArrayLike,
) -> RepeatedAUROC:
    """Mean difference between two ways of training, paired by seed and test sample; shapes as in `repeated_auroc`."""
    one = [clustered_auroc(score, labels, clusters) for score in first]
    two = [clustered_auroc(score, labels, clusters) for score in second]
    if len(one) != len(two):
        raise ValueError("a paired difference needs the same seeds of both")
    by_fit = np.array([a.value - b.value for a, b in zip(one, two, strict=True)])
    return _assemble(float(by_fit.mean()), by_fit, one, signs=two)


def repeated_interval(estimate: RepeatedAUROC, level: float = 0.95, *, difference: bool = False) -> Bounds:
    """Student's t interval with Satterthwaite's degrees of freedom; of a mean AUROC on the logit scale.

    Where nothing varies, the interval is that of pairs which share no patient (see `governance.statistics.ranking`).

    Source: Satterthwaite, Biometrics Bull. 2 (1946) 110.

    Raises
    ------
    ValueError
        If there is one fit, or a class comes from fewer than two clusters.
    """
    if estimate.from_fits is None:
        raise ValueError("one fit does not show how much fits differ; give at least two seeds")
    if estimate.from_samples is None:
        raise ValueError("an interval of an AUROC needs positives and negatives of at least two clusters each")
    value, variance = estimate.value, estimate.from_samples + estimate.from_fits
    low, high = (-1.0, 1.0) if difference else (0.0, 1.0)
    if variance <= _ZERO or (not difference and value in (0.0, 1.0)):
        if difference:
            share = unseen_share(estimate.disjoint_pairs, level)
            return Bounds(value - share, value + share, "Clopper-Pearson on unchanged pairs").clipped(low, high)
        pairs = estimate.disjoint_pairs
        ends = clopper_pearson(value * pairs if value < 1 else pairs, pairs, level)
        return Bounds(ends.low, ends.high, "Clopper-Pearson on pairs that share no patient")
    freedom = variance**2 / (
        estimate.from_samples**2 / estimate.freedom_samples + estimate.from_fits**2 / (estimate.by_fit.size - 1)
    )
    half = t_quantile(level, max(freedom, 1.0)) * float(np.sqrt(variance))
    if difference:
        return Bounds(value - half, value + half, "test patients and seeds, Student's t").clipped(low, high)
    centre, half = float(np.log(value / (1 - value))), half / (value * (1 - value))
    ends_of = [float(0.5 * (1 + np.tanh((centre + sign * half) / 2))) for sign in (-1, 1)]
    return Bounds(
        min(ends_of[0], value), max(ends_of[1], value), "test patients and seeds, Student's t on the logit scale"
    )


_ZERO = 1e-18
"""As in `governance.statistics.ranking`."""


def _assemble(
    value: float, by_fit: Floats, fits: list[ClusteredAUROC], *, signs: list[ClusteredAUROC] | None
) -> RepeatedAUROC:
    """Combine fits, or differences of fits; counts of clusters are those of the first, all have the same samples."""
    first = fits[0]
    parts = [_parts(fit) for fit in fits]
    if signs is not None:
        parts = [(p - q, n - m) for (p, n), (q, m) in zip(parts, map(_parts, signs), strict=True)]
    positives = np.mean([part[0] for part in parts], axis=0)
    negatives = np.mean([part[1] for part in parts], axis=0)
    p, n, c = first.positive_clusters, first.negative_clusters, positives.size
    from_samples: float | None = None
    if p >= 2 and n >= 2:
        from_samples = float(
            p / (p - 1) * np.sum(positives**2)
            + n / (n - 1) * np.sum(negatives**2)
            + 2 * c / (c - 1) * np.sum(positives * negatives)
        )
        from_samples = max(from_samples, 0.0)
    return RepeatedAUROC(
        value=value,
        by_fit=by_fit,
        from_samples=from_samples,
        from_fits=float(np.var(by_fit, ddof=1) / by_fit.size) if by_fit.size > 1 else None,
        influence=positives + negatives,
        freedom_samples=max(min(p, n) - 1, 1),
        disjoint_pairs=first.disjoint_pairs,
    )


def _parts(fit: ClusteredAUROC) -> tuple[Floats, Floats]:
    return fit.from_positives, fit.from_negatives
