"""Interval for verdicts of a bounded number that is a smooth function of sums over patients, such as BLEU."""

from __future__ import annotations

import numpy as np

from governance.statistics.bounds import PSEUDO_PATIENTS, Bounds, normal_quantile, raised_to_worst, t_quantile
from governance.statistics.clusters import Floats
from governance.statistics.proportions import clopper_pearson


def gating_linearised(value: float, influence: Floats, sizes: Floats, level: float = 0.95) -> Bounds:
    """Interval of a number in [0, 1] for verdicts, from the influence of each patient on it.

    Made as `governance.statistics.means.gating_mean` makes that of a mean: Clopper-Pearson's at the number of yes-no
    outcomes with the same variance, raised towards the worst as if two further patients had been seen, and widened for
    skewness beyond that of such outcomes.

    Parameters
    ----------
    influence
        (C,) derivative of the number with respect to the weight of each patient that is in it.
    sizes
        (C,) how much of the number is the patient's, such as words; only their proportions matter.

    Source: Clopper and Pearson, Biometrika 26 (1934) 404; Hall, The Bootstrap and Edgeworth Expansion (1992), section
    2.6 (skewness). The combination is this project's; `docs/validity.md`.

    Raises
    ------
    ValueError
        If there are fewer than two patients.
    """
    count = influence.size
    if count < 2:
        raise ValueError("an interval needs at least two independent clusters")
    second, most = float(np.sum(influence**2)), value * (1 - value)
    worst = float(np.sum(sizes**2) / np.sum(sizes) ** 2)
    ratio = worst
    if most > 0 and second > 0:
        uncertain = (t_quantile(level, count - 1) / normal_quantile(level)) ** 2
        seen = count / (count - 1) * second / most * uncertain
        events = min(min(value, 1 - value) / worst, second**2 / float(np.sum(influence**4)))
        skewness = abs(float(np.sum(influence**3))) / second**1.5
        of_proportion = abs(1 - 2 * value) * float(np.sqrt(second)) / most
        z = normal_quantile(level)
        wider = 1 + max(0.0, skewness - of_proportion) * (2 * z**2 + 1) / (6 * z)
        ratio = raised_to_worst(seen, worst, events, PSEUDO_PATIENTS) * wider**2
    effective = 1 / ratio
    ends = clopper_pearson(min(value * effective, effective), effective, level)
    return Bounds(ends.low, ends.high, "Clopper-Pearson at a cautious effective size")
