"""Intervals of several groups that hold together: how far each must be widened, given the patients they share.

The estimates of k groups are about jointly normal, with a correlation that follows from their influence values. The
largest of their |t| statistics then has a known distribution; its quantile takes the place of 1.96. Where groups share
patients it is smaller than Bonferroni's, where they do not it is Šidák's.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import stats

from governance.statistics.bounds import check_level
from governance.statistics.clusters import Floats

_ROWS = 1 << 20
"""Numbers drawn at a time: 8 MiB."""


def influence_correlation(influences: npt.ArrayLike) -> Floats:
    """Correlation (k, k) of k estimates from their (C, k) influence values, summed over the same C clusters.

    ``R_ij = sum_c f_ci f_cj / sqrt(sum_c f_ci^2 sum_c f_cj^2)``. An estimate whose influence is 0 everywhere (all
    outcomes of the group are equal) says nothing about its correlation and counts as independent of the others, which
    widens the intervals.

    Raises
    ------
    ValueError
        If the array is not two-dimensional, holds no estimate or a number that is not finite.
    """
    values: Floats = np.asarray(influences, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] < 2 or values.shape[1] < 1:
        raise ValueError("influences are clusters x estimates: at least two clusters and one estimate")
    if not np.isfinite(values).all():
        raise ValueError("an influence is not a finite number")
    largest = np.abs(values).max(axis=0)
    scaled = values / np.where(largest > 0, largest, 1.0)
    products = scaled.T @ scaled
    scale = np.sqrt(np.diag(products))
    found: Floats = products / np.outer(np.where(scale > 0, scale, 1.0), np.where(scale > 0, scale, 1.0))
    np.fill_diagonal(found, 1.0)
    return found


def simultaneous_level(influences: npt.ArrayLike, level: float = 0.95, *, seed: int, draws: int = 20_000) -> float:
    """Pointwise level at which each of k intervals holds together with the others.

    The Gaussian multiplier bootstrap multiplies the influence of every cluster by a standard normal number and takes
    the largest absolute standardised sum. Given the data, these sums are normal with `influence_correlation`, so they
    are drawn from that directly: the same distribution, without a number for every cluster. The `level` quantile q of
    the maximum gives the pointwise level ``2 Phi(q) - 1``.

    Parameters
    ----------
    influences
        (C, k): summed over clusters (patients), one column an estimate. A column of zeros counts as independent.
    draws
        20,000 put the joint coverage at 0.95 within a standard error of 0.0015.

    Returns
    -------
    float
        Between `level` (one estimate, or copies of one) and ``level ** (1 / k)`` (Šidák, which normal estimates never
        exceed).

    Source: Hothorn, Bretz and Westfall, Biom. J. 50 (2008) 346 (max-t); Montiel Olea and Plagborg-Møller, J. Appl.
    Econom. 34 (2019) 1 (sup-t bands); Chernozhukov, Chetverikov and Kato, Ann. Stat. 41 (2013) 2786 (multiplier
    bootstrap); Šidák, J. Am. Stat. Assoc. 62 (1967) 626 (bound).

    Raises
    ------
    ValueError
        If the influences have the wrong shape or are not finite, or there are fewer than 1,000 draws.
    """
    check_level(level)
    correlated = influence_correlation(influences)
    bound = float(level ** (1 / correlated.shape[0]))
    if np.allclose(correlated, np.eye(correlated.shape[0]), rtol=0, atol=1e-12):
        return bound
    quantile = np.quantile(_maxima(correlated, seed, draws), level)
    return float(np.clip(2 * stats.norm.cdf(quantile) - 1, level, bound))


def max_t_p_values(statistics: npt.ArrayLike, influences: npt.ArrayLike, *, seed: int, draws: int = 20_000) -> Floats:
    """Adjusted two-sided p-values of k standardised estimates: the chance that the largest |t| is as large by chance.

    Single step: ``p_j = (1 + #{draws with max |t| >= |t_j|}) / (1 + draws)``, so that none is 0. Controls the chance of
    any false rejection in the family.

    Parameters
    ----------
    statistics
        (k,) estimates over their standard errors, under the hypothesis of 0.
    influences
        (C, k), as in `simultaneous_level`.

    Source: Westfall and Young, Resampling-Based Multiple Testing (1993), section 2.5; Hothorn et al. (2008).
    """
    found = np.abs(np.asarray(statistics, dtype=np.float64))
    correlated = influence_correlation(influences)
    if found.shape != (correlated.shape[0],):
        raise ValueError(f"{found.size} statistics do not fit the influences of {correlated.shape[0]} estimates")
    maxima = np.sort(_maxima(correlated, seed, draws))
    at_least = draws - np.searchsorted(maxima, found, side="left")
    return ((1.0 + at_least) / (1.0 + draws)).astype(np.float64)


def _maxima(correlated: Floats, seed: int, draws: int) -> Floats:
    if draws < 1000:
        raise ValueError(f"the tail of the largest statistic needs at least 1,000 draws, not {draws}")
    values, vectors = np.linalg.eigh(correlated)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))).T
    parts = [np.abs(normal @ root).max(axis=1) for normal in _normals(correlated.shape[0], seed, draws)]
    return np.concatenate(parts)


def _normals(k: int, seed: int, draws: int) -> Iterator[Floats]:
    stream = np.random.Generator(np.random.Philox(seed))
    rows = max(1, _ROWS // k)
    for start in range(0, draws, rows):
        yield stream.standard_normal((min(rows, draws - start), k))
