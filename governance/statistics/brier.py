"""The Brier score and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from governance.statistics.calibration import Binning, bin_numbers
from governance.statistics.calibration_noise import variance_of_bin_means
from governance.statistics.clusters import cluster_codes, clustered_variance


@dataclass(frozen=True)
class BrierDecomposition:
    """Parts of a Brier score: ``score = reliability - resolution + uncertainty + within_bins``.

    Attributes
    ----------
    score
        Mean of ``(p - y) ** 2``; 0 to 1, lower is better.
    reliability
        ``sum_b n_b / n (mean p - mean y)^2``: the squared calibration error; lower is better.
    resolution
        ``sum_b n_b / n (mean y in b - mean y)^2``: how far the bins tell frequencies apart; higher is better.
    uncertainty
        ``mean y (1 - mean y)``: what a model that always predicts the prevalence scores.
    within_bins
        Variance of p within bins less twice its covariance with y: what the binning hides.
    corrected_reliability, corrected_resolution, corrected_uncertainty
        The same without the bias of small bins. They sum to the score too, and can leave their range.
    uncorrected_bins
        Bins whose samples are of one cluster, the noise of which is unknown and not taken off.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within_bins: float
    corrected_reliability: float
    corrected_resolution: float
    corrected_uncertainty: float
    uncorrected_bins: int

    @property
    def skill(self) -> float:
        """``1 - score / uncertainty``: 1 is perfect, 0 what predicting the prevalence gives; 0 / 0 is refused.

        Raises
        ------
        ValueError
            If there is one class only.
        """
        if self.uncertainty == 0:
            raise ValueError("a Brier skill score needs positives and negatives")
        return 1 - self.score / self.uncertainty


def brier_score(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Mean of ``(p - y) ** 2`` over (n,) probabilities and 0/1 labels; 0 to 1, lower is better.

    It mixes calibration and discrimination: see `brier_decomposition`. Source: Brier, Mon. Weather Rev. 78 (1950) 1.
    """
    return float(np.mean((np.asarray(scores, dtype=np.float64) - np.asarray(labels, dtype=np.float64)) ** 2))


def brier_decomposition(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    clusters: npt.ArrayLike,
    bins: int = 10,
    binning: Binning = "equal width",
) -> BrierDecomposition:
    """Split a Brier score by bins of the probability.

    The correction takes off the variance of each bin's frequency, between clusters (with one sample a cluster it is
    ``p (1 - p) / (n - 1)`` of the bin, as published).

    Parameters
    ----------
    scores
        (n,) probabilities.
    labels
        (n,) bool or 0/1.
    clusters
        (n,) cluster identifiers.

    Source: Murphy, J. Appl. Meteorol. 12 (1973) 595; Stephenson, Coelho and Jolliffe, Weather Forecast. 23 (2008) 752
    (within bins); Ferro and Fricker, Q. J. R. Meteorol. Soc. 138 (2012) 1954 (correction).

    Raises
    ------
    ValueError
        If there are fewer than two clusters.
    """
    p, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    codes, numbers = cluster_codes(clusters), bin_numbers(p, bins, binning)
    if int(codes.max()) < 1:
        raise ValueError("a decomposition of the Brier score needs at least two independent clusters")
    sizes = np.bincount(numbers)
    divisor = np.maximum(sizes, 1)
    predicted, observed = (np.bincount(numbers, weights=x) / divisor for x in (p, y))
    share, mean = sizes / p.size, float(y.mean())
    reliability = float(np.sum(share * (predicted - observed) ** 2))
    resolution = float(np.sum(share * (observed - mean) ** 2))
    uncertainty = mean * (1 - mean)
    around = p - predicted[numbers]
    noise = float(np.sum(share * variance_of_bin_means(y, codes, numbers)))
    noise_of_mean = clustered_variance((y - mean) / y.size, codes)
    pairs = np.unique(codes * sizes.size + numbers) % sizes.size
    return BrierDecomposition(
        score=brier_score(p, y),
        reliability=reliability,
        resolution=resolution,
        uncertainty=uncertainty,
        within_bins=float(np.mean(around**2 - 2 * around * (y - observed[numbers]))),
        corrected_reliability=reliability - noise,
        corrected_resolution=resolution - noise + noise_of_mean,
        corrected_uncertainty=uncertainty + noise_of_mean,
        uncorrected_bins=int(np.sum(np.bincount(pairs) == 1)),
    )
