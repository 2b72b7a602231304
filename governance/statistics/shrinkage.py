"""Estimates of many small cells, drawn towards what the cells have in common, beside the raw ones.

The worst of many small cells is mostly the unluckiest. A hierarchical estimate moves every cell towards the mean, the
more the less is known about it, and errs less on the whole. It is no substitute for the raw number: a cell that truly
is worse is drawn towards the others too. So both are given.

How much cells differ is itself uncertain, most where they are few and small. Plugging in one estimate of it (empirical
Bayes) gives intervals that are far too narrow whenever that estimate is near 0; here it is averaged over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaln, logsumexp, ndtr

from governance.statistics.bounds import check_level
from governance.statistics.clusters import Floats


@dataclass(frozen=True)
class Shrunken:
    """Raw and shrunken estimates of k cells.

    Attributes
    ----------
    raw, value, low, high
        (k,) raw estimates, shrunken ones (posterior means), and the interval of the latter.
    weight
        (k,) average share of the raw estimate in the shrunken one; the rest comes from the mean of the cells.
    mean, between
        Posterior means of the mean of the cells and of the standard deviation between true cells.
    method
        In words that can be printed. The intervals rest on the cells being alike but for chance and this spread
        (exchangeable): they hold on average over cells, not for the one that was picked because it looks worst.
    """

    raw: Floats
    value: Floats
    low: Floats
    high: Floats
    weight: Floats
    mean: float
    between: float
    method: str


def shrunken_means(values: npt.ArrayLike, variances: npt.ArrayLike, level: float = 0.95) -> Shrunken:
    """Shrink cells whose estimates are about normal: AUROC (on its logit), means, differences.

    True cells are normal around a mean with standard deviation t. Given t, ``w_j = t^2 / (t^2 + v_j)`` and the cell is
    at ``w_j x_j + (1 - w_j) m``; this is averaged over t by its restricted likelihood (a flat prior of mean and t), the
    mode of which is the REML estimate.

    Parameters
    ----------
    values, variances
        (k,) estimates and their sampling variances (clustered ones, where patients have several samples).

    Source: Gelman et al., Bayesian Data Analysis (2013), section 5.4; Gelman, Bayesian Anal. 1 (2006) 515 (flat prior
    of the standard deviation, for at least three groups).

    Raises
    ------
    ValueError
        If there are fewer than three cells, or a variance is not above 0: a cell whose outcomes are all equal has no
        known variance.
    """
    x, v = np.asarray(values, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    if x.ndim != 1 or x.shape != v.shape or x.size < _LEAST_CELLS:
        raise ValueError(f"shrinking needs one value and one variance for each of at least {_LEAST_CELLS} cells")
    if not (np.isfinite(x).all() and np.isfinite(v).all() and (v > 0).all()):
        raise ValueError("shrinking needs finite values and variances above 0")
    part = (np.arange(_NODES_OF_SPREAD) + 0.5) / _NODES_OF_SPREAD
    between = float(np.sqrt(np.var(x) + v.mean())) * part / (1 - part)
    precision = 1 / (between[:, None] ** 2 + v)
    total = precision.sum(axis=1)
    mean = (precision * x).sum(axis=1) / total
    likelihood = 0.5 * (np.log(precision).sum(axis=1) - np.log(total) - (precision * (x - mean[:, None]) ** 2).sum(1))
    weights = _normalised(likelihood - 2 * np.log1p(-part))  # the last term: between as a function of part
    share = between[:, None] ** 2 * precision
    centre = share * x + (1 - share) * mean[:, None]
    scale = np.sqrt(share * v + (1 - share) ** 2 / total[:, None])

    def below(ends: Floats) -> Floats:
        found: Floats = weights @ ndtr((ends - centre) / scale)
        return found

    reach = 40 * float(np.max(np.abs(x - x.mean()) + np.sqrt(v)))
    low, high = _quantiles(below, level, x.mean() - reach, x.mean() + reach, x.size)
    return Shrunken(
        raw=x,
        value=weights @ centre,
        low=low,
        high=high,
        weight=weights @ share,
        mean=float(weights @ mean),
        between=float(weights @ between),
        method="hierarchical normal, averaged over the restricted likelihood of the spread",
    )


def shrunken_shares(successes: npt.ArrayLike, sizes: npt.ArrayLike, level: float = 0.95) -> Shrunken:
    """Shrink proportions of cells by a beta distribution of the true ones; also where cells are at 0 or 1.

    With mean m and precision M of that distribution, cell j has the beta distribution with parameters
    ``s_j + M m`` and ``n_j - s_j + M (1 - m)``. This is averaged over m and ``r = 1 / sqrt(1 + M)``, the standard
    deviation between cells as a share of the largest possible, by their beta-binomial likelihood and flat priors.

    Parameters
    ----------
    successes, sizes
        (k,) effective numbers, which may be fractions: of a cell with proportion p whose n samples are worth e
        independent ones (`governance.statistics.proportions.effective_size`), ``p e`` and ``e``.

    Source: Griffin and Krutchkoff, Biometrics 27 (1971) 425 (beta-binomial); Gelman et al., Bayesian Data Analysis
    (2013), section 5.3.

    Raises
    ------
    ValueError
        If there are fewer than three cells, or counts are out of range.
    """
    s, n = np.asarray(successes, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    if s.ndim != 1 or s.shape != n.shape or s.size < _LEAST_CELLS:
        raise ValueError(f"shrinking needs successes and a size for each of at least {_LEAST_CELLS} cells")
    if not ((n > 0).all() and (s >= 0).all() and (s <= n * (1 + 1e-12)).all()):
        raise ValueError("a cell needs 0 <= successes <= size and a size above 0")
    s = np.minimum(s, n)
    mean, spread, weights = _likely(s, n)
    precision = 1 / spread**2 - 1
    a, b = s + (precision * mean)[:, None], n - s + (precision * (1 - mean))[:, None]

    def below(ends: Floats) -> Floats:
        found: Floats = weights @ betainc(a, b, np.clip(ends, 0.0, 1.0))
        return found

    low, high = _quantiles(below, level, 0.0, 1.0, s.size)
    return Shrunken(
        raw=s / n,
        value=weights @ (a / (a + b)),
        low=low,
        high=high,
        weight=weights @ (n / (n + precision[:, None])),
        mean=float(weights @ mean),
        between=float(weights @ (np.sqrt(mean * (1 - mean)) * spread)),
        method="hierarchical beta-binomial, averaged over mean and spread",
    )


_LEAST_CELLS = 3
"""Two cells do not show how much cells vary."""
_NODES_OF_SPREAD = 400
"""Places where the restricted likelihood is evaluated; 400 and 4,000 agree to 1e-4 of the interval's width."""
_NODES = 16
"""Places in each direction where the beta-binomial likelihood is evaluated, in the part that matters: 16 and 60 agree
to 1 % of an interval's width."""
_ROUNDS = 3
"""How often the part that matters is drawn together."""
_NEGLIGIBLE = 14.0
"""Logarithm of the likelihood ratio below which a place does not matter: e^-14 is 8e-7."""
_LEAST_SPREAD = 1e-3
"""Smallest r that is considered: below it the likelihood is lost in rounding, and cells are alike for all purposes."""
_HALVINGS = 26
"""Bisections of the range that an interval's end is sought in: 2^-26 is 1.5e-8."""


def _likely(s: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Means, spreads r and their weights where the beta-binomial likelihood is not negligible.

    Gauss-Legendre places of the spread, and for each of them places of the mean, are drawn together around that part: a
    large spread leaves the mean open, a small one does not. The spread is the square of what places are laid over, to
    be fine near 0.
    """
    ends = np.array([[np.sqrt(_LEAST_SPREAD), 1.0]])
    for attempt in range(_ROUNDS + 1):
        root = _places(ends)[0]
        mean, density = _along_mean(root, s, n)
        if attempt < _ROUNDS:
            ends = _around(root[None, :], density.max(axis=1)[None, :], ends)
    sizes = np.polynomial.legendre.leggauss(_NODES)[1]
    extent = mean[:, -1:] - mean[:, :1]  # as far apart as the range of the mean is long, but for the same factor
    area = np.log(np.outer(sizes, sizes)) + np.log(extent) + np.log(root)[:, None]
    kept = density > density.max() - _NEGLIGIBLE
    spread = np.broadcast_to(root[:, None] ** 2, kept.shape)
    return mean[kept], spread[kept], _normalised((density + area)[kept])


def _along_mean(root: Floats, s: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Places (spreads, places) of the mean where the likelihood is not negligible for a spread, and its logarithm."""
    precision = (1 / root**4 - 1)[:, None, None]
    ends = np.tile([0.0, 1.0], (root.size, 1))
    for _ in range(_ROUNDS + 1):
        mean = _places(ends)
        a, b = precision * mean[..., None], precision * (1 - mean[..., None])
        density: Floats = np.sum(betaln(s + a, n - s + b) - betaln(a, b), axis=-1)
        ends = _around(mean, density, ends)
    return mean, density


def _places(ends: Floats) -> Floats:
    """Gauss-Legendre places (rows, places) in ranges (rows, 2)."""
    found: Floats = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * (1 + np.polynomial.legendre.leggauss(_NODES)[0]) / 2
    return found


def _around(places: Floats, density: Floats, ends: Floats) -> Floats:
    """Ranges (rows, 2) from the place before the first that matters to the one after the last, or to the old end."""
    kept = density > density.max(axis=1, keepdims=True) - _NEGLIGIBLE
    first, last = kept.argmax(axis=1), kept.shape[1] - 1 - kept[:, ::-1].argmax(axis=1)
    row, bounded = np.arange(len(places)), np.column_stack([ends[:, 0], places, ends[:, 1]])
    found: Floats = np.column_stack([bounded[row, first], bounded[row, last + 2]])
    return found


def _quantiles(
    below: Callable[[Floats], Floats], level: float, lowest: float, highest: float, cells: int
) -> tuple[Floats, Floats]:
    """Ends (k,) and (k,) of the interval of each cell from the function that gives its distribution, by bisection."""
    tail = (1 - check_level(level)) / 2
    ends = []
    for wanted in (tail, 1 - tail):
        low, high = np.full(cells, lowest), np.full(cells, highest)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            under = below(middle) < wanted
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        ends.append((low + high) / 2)
    return ends[0], ends[1]


def _normalised(logarithms: Floats) -> Floats:
    found: Floats = np.exp(logarithms - logsumexp(logarithms))
    return found
