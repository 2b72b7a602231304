"""Corrections for several comparisons at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from governance.statistics.clusters import Floats


def bonferroni_level(level: float, comparisons: int) -> float:
    """Level that each of `comparisons` intervals needs so that all hold together with `level`.

    Source: Dunn, J. Am. Stat. Assoc. 56 (1961) 52.
    """
    if comparisons < 1:
        raise ValueError("a family has at least one comparison")
    return 1 - (1 - level) / comparisons


def bonferroni(p_values: npt.ArrayLike) -> Floats:
    """Adjusted p-values ``min(1, m p)``, (m,)."""
    p = np.asarray(p_values, dtype=np.float64)
    return np.minimum(1.0, p * p.size)


def holm(p_values: npt.ArrayLike) -> Floats:
    """Adjusted p-values of the step-down method, (m,). Source: Holm, Scand. J. Stat. 6 (1979) 65."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, steps)
    return adjusted


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """Adjusted p-values that control the false discovery rate, (m,).

    Source: Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995) 289.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")[::-1]
    steps = np.minimum.accumulate(p[order] * p.size / np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, steps)
    return adjusted
