"""How many of other samples pass a threshold that a share of one's own samples passes, with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats, Integers, cluster_codes
from governance.statistics.proportions import clopper_pearson, clustered_wilson, effective_size, gating_proportion

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Passing:
    """One's own samples, others, and the threshold that a share of one's own passes.

    Attributes
    ----------
    own, others
        (n,) and (m,) values.
    own_codes, other_codes
        Their cluster numbers.
    threshold
        The highest value that at least the share `asked` of one's own samples reaches.
    """

    own: Floats
    others: Floats
    own_codes: Integers
    other_codes: Integers
    asked: float
    threshold: float

    @property
    def passed(self) -> Bools:
        """(m,) which others reach the threshold."""
        reached: Bools = self.others >= self.threshold
        return reached

    @property
    def value(self) -> float:
        """Share of the others that reaches the threshold."""
        return float(self.passed.mean())

    def interval(self, level: float = 0.95, *, gating: bool = False) -> Bounds:
        """Interval of the share of the others that passes, with the uncertainty of both kinds of samples.

        The distance to each end is the root of two squared distances (MOVER): of the share at a fixed threshold, and of
        the shares at the thresholds that one's own samples leave possible (Woodruff's, with Clopper-Pearson's interval
        at their effective size). Patients with samples of both kinds are treated as if they were two, which widens it.

        Parameters
        ----------
        gating
            Whether to start from the interval of a share that verdicts rest on.

        Source: Woodruff, J. Am. Stat. Assoc. 47 (1952) 635; Zou and Donner, Stat. Med. 27 (2008) 1693.

        Raises
        ------
        ValueError
            If one of the kinds comes from fewer than two clusters.
        """
        fixed = (gating_proportion if gating else clustered_wilson)(self.passed, self.other_codes, level)
        size = effective_size(self.own >= self.threshold, self.own_codes)
        if size.n_clusters < 2:
            raise ValueError("an interval needs at least two independent clusters of either kind")
        shares = clopper_pearson(self.asked * size.n, size.n, level)
        most, least = (float((self.others >= self._reached_by(share)).mean()) for share in (shares.high, shares.low))
        value = self.value
        low = value - float(np.hypot(value - fixed.low, min(value - least, value)))
        high = value + float(np.hypot(fixed.high - value, most - value))
        return Bounds(low, high, f"MOVER on {fixed.method} and Woodruff's thresholds").clipped(0.0, 1.0)

    def _reached_by(self, share: float) -> float:
        """Return the highest value that at least a share of one's own samples reaches.

        Where all samples were needed for the share, a share of patients that were not seen may lie below them all.
        """
        return -np.inf if share * self.own.size > self.own.size - 1 else _threshold(self.own, share)


def passing_at(values: npt.ArrayLike, other: npt.ArrayLike, clusters: npt.ArrayLike, share: float = 0.95) -> Passing:
    """Let `share` of one's own samples pass and see which others do (with 0.95 the "FPR at 95 % TPR").

    Parameters
    ----------
    values
        (n,) float, higher is more like one's own.
    other
        (n,) bool: which are the other samples.
    clusters
        (n,) cluster identifiers, over both.
    share
        In (0, 1).

    Source: Liang, Li and Srikant, ICLR (2018), section 4.

    Raises
    ------
    ValueError
        If one of the kinds is missing, or the share lies outside (0, 1).
    """
    found, foreign = np.asarray(values, dtype=np.float64), np.asarray(other).astype(bool)
    codes = cluster_codes(clusters)
    if not 0 < share < 1:
        raise ValueError(f"a share lies between 0 and 1, not {share}")
    if foreign.all() or not foreign.any():
        raise ValueError("a threshold needs samples of one's own and others")
    own = found[~foreign]
    return Passing(own, found[foreign], codes[~foreign], codes[foreign], share, _threshold(own, share))


def _threshold(own: Floats, share: float) -> float:
    count = max(1, int(np.ceil(share * own.size - 1e-9)))
    return float(np.sort(own)[own.size - count])
