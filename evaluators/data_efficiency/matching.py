"""Where a learning curve first reaches a reference, and what resampling patients and seeds says about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from governance.statistics.bounds import Bounds, check_level
from governance.statistics.clusters import Floats
from governance.statistics.resampling import cluster_weights

_SEEDS = 0x736464
"""Second word of the generator's key: the draws of seeds do not meet those of patients."""


def first_crossing(fractions: npt.ArrayLike, curves: npt.ArrayLike, targets: npt.ArrayLike) -> Floats:
    """Return the share at which each curve first reaches its target, linear in the logarithm of the share.

    Parameters
    ----------
    fractions
        (f,) ascending shares above 0.
    curves
        (b, f) values, more being better.
    targets
        (b,).

    Returns
    -------
    (b,) shares: the smallest one where the curve starts at or above the target (then it is an upper bound), infinity
    where it never reaches it.
    """
    shares, values = np.asarray(fractions, dtype=np.float64), np.atleast_2d(np.asarray(curves, dtype=np.float64))
    wanted = np.broadcast_to(np.asarray(targets, dtype=np.float64), (len(values),))
    reached = values >= wanted[:, None]
    first = reached.argmax(axis=1)
    rows = np.arange(len(values))
    before = np.maximum(first - 1, 0)
    rise = values[rows, first] - values[rows, before]
    part = (wanted - values[rows, before]) / np.where(rise > 0, rise, 1.0)
    logs = np.log(shares)
    between = np.exp(logs[before] + np.clip(part, 0.0, 1.0) * (logs[first] - logs[before]))
    found = np.where(first == 0, shares[0], np.where(part >= 1.0, shares[first], between))
    return np.where(reached.any(axis=1), found, np.inf)


@dataclass(frozen=True)
class Resampling:
    """Draws of test patients and of seeds, the same for every curve, so that curves stay paired.

    Attributes
    ----------
    patients
        (b, clusters) how often each is drawn, less one.
    seeds
        (b, k) share of each seed in a replicate.
    """

    patients: Floats
    seeds: Floats

    @classmethod
    def of(cls, clusters: int, seeds: int, replicates: int, seed: int) -> Resampling:
        """Draw patients, and seeds, with replacement."""
        weights = np.concatenate(list(cluster_weights(clusters, replicates, seed))) - 1
        stream = np.random.Generator(np.random.Philox(key=[seed, _SEEDS]))
        drawn = stream.multinomial(seeds, np.full(seeds, 1 / seeds), size=replicates) / seeds
        return cls(weights, drawn)

    def means(self, by_seed: Floats, influences: Floats) -> Floats:
        """Return (b,) means over seeds.

        To first order, what a patient adds to a value is his or her influence; the deviations are stretched by
        ``sqrt(k / (k - 1))``, since k values around their own mean, and as many patients, vary too little.

        Parameters
        ----------
        by_seed
            (k,) values.
        influences
            (k, clusters).

        Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), sections 5.3 and 20.3 (infinitesimal).
        """
        k, clusters = influences.shape
        middle = float(by_seed.mean())
        moved = (self.seeds - 1 / k) @ by_seed * (np.sqrt(k / (k - 1)) if k > 1 else 0.0)
        if not influences.any():
            return np.asarray(middle + moved)
        stretched = np.sqrt(clusters / (clusters - 1))
        if (influences == influences[0]).all():
            return np.asarray(middle + moved + stretched * (self.patients @ influences[0]))
        each = self.patients @ influences.T
        return np.asarray(middle + moved + stretched * (self.seeds * each).sum(axis=1))


def fraction_interval(replicates: Floats, smallest: float, level: float) -> Bounds:
    """Percentile interval of f*. Replicates that start at or above the target only say that f* is at most `smallest`.

    Parameters
    ----------
    replicates
        (b,) from `first_crossing`.

    Raises
    ------
    ValueError
        If so many replicates never reach the target that there is no upper end; the message has the lower end.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.
    """
    tail = (1 - check_level(level)) / 2
    ordered = np.sort(replicates)
    low = float(ordered[int(np.floor(tail * (ordered.size - 1)))])
    high = float(ordered[int(np.ceil((1 - tail) * (ordered.size - 1)))])
    if low <= smallest:
        low = 0.0
    if not np.isfinite(high):
        never = float(np.mean(~np.isfinite(ordered)))
        start = f"the lower end is {100 * low:.3g} %" if np.isfinite(low) else "there is no lower end either"
        if low == 0.0:
            start = "the lower end is below the smallest share"
        raise ValueError(
            f"{100 * never:.0f} of 100 resamples never reach the reference, so there is no upper end; {start}"
        )
    return Bounds(low, high, "bootstrap of patients and seeds, percentile")
