"""Several models over several datasets: who ranks better, and by how much ranks must differ to mean something."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from governance.statistics.bounds import check_level
from governance.statistics.clusters import Floats


@dataclass(frozen=True)
class Friedman:
    """Whether k models rank alike over N datasets.

    Attributes
    ----------
    average_ranks
        (k,) mean rank of each model, 1 being best; ties share their mean rank.
    statistic, p_value
        Friedman's chi-squared, corrected for ties, with k - 1 degrees of freedom.
    f_statistic, f_p_value
        Iman and Davenport's F with k - 1 and (k - 1)(N - 1) degrees of freedom: less conservative for few datasets.
        Infinite, with p = 0, where every dataset ranks alike.
    """

    average_ranks: Floats
    statistic: float
    p_value: float
    f_statistic: float
    f_p_value: float
    datasets: int


def friedman(values: npt.ArrayLike, *, higher_is_better: bool = True) -> Friedman:
    """Friedman's test of several models on the same datasets.

    Few datasets make it weak, and it knows nothing of the uncertainty within each.

    Parameters
    ----------
    values
        (datasets, models) of one metric, complete.

    Source: Friedman, J. Am. Stat. Assoc. 32 (1937) 675; Iman and Davenport, Commun. Stat. A 9 (1980) 571; Demšar, J.
    Mach. Learn. Res. 7 (2006) 1, section 3.2.2.

    Raises
    ------
    ValueError
        If there are fewer than three models or two datasets, a value is missing, or all models tie everywhere.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] < 2 or table.shape[1] < 3:
        raise ValueError("Friedman's test needs at least two datasets (rows) and three models (columns)")
    if not np.isfinite(table).all():
        raise ValueError("Friedman's test needs a value of every model on every dataset")
    datasets, models = table.shape
    ranks = stats.rankdata(-table if higher_is_better else table, axis=1)
    average = ranks.mean(axis=0)
    within = float(np.sum((ranks - (models + 1) / 2) ** 2))
    if within == 0:
        raise ValueError("all models tie on every dataset, so there are no ranks to compare")
    between = datasets * float(np.sum((average - (models + 1) / 2) ** 2))
    statistic = datasets * (models - 1) * between / within
    freedom = (models - 1, (models - 1) * (datasets - 1))
    left = datasets * (models - 1) - statistic
    f_statistic = (datasets - 1) * statistic / left if left > 1e-9 * statistic else np.inf
    return Friedman(
        average_ranks=average,
        statistic=statistic,
        p_value=float(stats.chi2.sf(statistic, models - 1)),
        f_statistic=float(f_statistic),
        f_p_value=float(stats.f.sf(f_statistic, *freedom)),
        datasets=datasets,
    )


def critical_difference(models: int, datasets: int, level: float = 0.95) -> float:
    """Nemenyi's critical difference: average ranks further apart than this differ, over all pairs jointly.

    ``q sqrt(k (k + 1) / 6 N)``, q the quantile of the studentised range over root 2.

    Source: Nemenyi, Distribution-free Multiple Comparisons (1963); Demšar, J. Mach. Learn. Res. 7 (2006) 1, section
    3.2.2.
    """
    if models < 2 or datasets < 1:
        raise ValueError("a critical difference needs at least two models and one dataset")
    quantile = float(stats.studentized_range.ppf(check_level(level), models, np.inf)) / np.sqrt(2)
    return float(quantile * np.sqrt(models * (models + 1) / (6 * datasets)))


def nemenyi(result: Friedman) -> Floats:
    """Adjusted p-values (k, k) of all pairs of models, from the studentised range; 1 on the diagonal.

    Source: as `critical_difference`.
    """
    models = result.average_ranks.size
    error = np.sqrt(models * (models + 1) / (6 * result.datasets))
    apart = np.abs(result.average_ranks[:, None] - result.average_ranks[None, :]) / error * np.sqrt(2)
    found: Floats = np.asarray(stats.studentized_range.sf(apart, models, np.inf), dtype=np.float64)
    return np.clip(found, 0.0, 1.0)
