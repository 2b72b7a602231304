"""How well a linear classifier on features tells groups, cross-validated by patient.

Ridge regression on group indicators: for two groups its direction is that of Fisher's discriminant. It is used because
sums over the folds suffice to fit it on any union of them, so that nested cross-validation over many penalties stays
affordable with 100,000 samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from governance.statistics.clusters import Floats, Integers
from governance.statistics.ranking import auroc

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
"""Candidates, as multiples of the mean variance of a feature; the best one is chosen inside each training part."""


@dataclass(frozen=True)
class Predicted:
    """Scores of samples by models that have not seen their patients.

    Attributes
    ----------
    scores
        (n, groups): share of the fold's samples with a lower score (equal ones half), so that folds can be joined.
    penalties
        Penalty that was chosen for each fold, by inner cross-validation on the other folds.
    """

    scores: Floats
    penalties: tuple[float, ...]


def cross_validated(features: Floats, groups: npt.ArrayLike, codes: Integers, *, folds: int, seed: int) -> Predicted:
    """Predict the group of every sample from the features of other patients.

    Folds hold whole patients and about equal shares of the groups. For each fold the penalty is the one with the best
    mean AUROC (one group against the rest) when each other fold is predicted from the remaining ones: the fold itself
    and its patients play no part.

    Parameters
    ----------
    features
        (n, d).
    groups
        (n,) group of each sample, at least two.
    codes
        (n,) patients.

    Source: Stone, J. R. Stat. Soc. B 36 (1974) 111 (nested cross-validation); Hastie, Tibshirani and Friedman, The
    Elements of Statistical Learning (2009), sections 3.4.1 and 4.2 (ridge, indicators); LeDell et al., Electron. J.
    Stat. 9 (2015) 1583 (AUROC of cross-validated scores within folds).
    """
    names, target = np.unique(np.asarray(groups), return_inverse=True)
    if names.size < 2:
        raise ValueError("there is only one group to tell")
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        rotated = _rotated(features)
        part = _folds(target, codes, folds, seed)
        models = _Models(rotated, np.eye(names.size)[target], part, folds)
        scores = np.zeros((len(target), names.size))
        chosen = []
        for fold in range(folds):
            others = [each for each in range(folds) if each != fold]
            quality = np.mean([models.quality(frozenset({fold, each}), each) for each in others], axis=0)
            best = int(np.flatnonzero(quality >= quality.max() - 1e-12)[-1])
            inside = part == fold
            raw = models.predictions(frozenset({fold}), fold)[best]
            scores[inside] = (stats.rankdata(raw, axis=0) - 0.5) / max(1, int(inside.sum()))
            chosen.append(PENALTIES[best])
    return Predicted(scores, tuple(chosen))


def _folds(target: Integers, codes: Integers, folds: int, seed: int) -> Integers:
    from sklearn.model_selection import StratifiedGroupKFold

    part = np.zeros(len(target), dtype=np.int64)
    splits = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(target[:, None], target, codes)
    for number, (_, rows) in enumerate(splits):
        part[rows] = number
    return part


def _rotated(features: Floats) -> Floats:
    """Return features without directions that no sample has; ridge regression does not depend on the axes."""
    centred: Floats = features - features.mean(axis=0)
    n, d = centred.shape
    if n >= d:
        return centred
    values, vectors = np.linalg.eigh(centred @ centred.T)
    kept = values > values[-1] * 1e-12
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept]), dtype=np.float64)


class _Models:
    """Ridge regressions for all penalties, each fitted without some of the folds, from sums over the others."""

    def __init__(self, features: Floats, indicators: Floats, part: Integers, folds: int) -> None:
        self._rows = [np.flatnonzero(part == fold) for fold in range(folds)]
        self._features, self._indicators = features, indicators
        self._sums = [self._sum(features[rows], indicators[rows]) for rows in self._rows]
        self._fitted: dict[frozenset[int], Any] = {}

    @staticmethod
    def _sum(x: Floats, y: Floats) -> tuple[float, Floats, Floats, Floats, Floats]:
        return float(len(x)), x.sum(axis=0), y.sum(axis=0), x.T @ x, x.T @ y

    def predictions(self, without: frozenset[int], fold: int) -> Floats:
        """(penalties, m, groups) predictions of a fold by the models that are fitted without the folds `without`."""
        if without not in self._fitted:
            used = [self._sums[each] for each in range(len(self._sums)) if each not in without]
            n, x, y, xx, xy = (sum(parts[1:], start=parts[0]) for parts in zip(*used, strict=True))
            mean = x / n
            values, vectors = np.linalg.eigh(xx - n * np.outer(mean, mean))
            values = np.clip(values, 0.0, None)
            target = vectors.T @ (xy - np.outer(mean, y))
            scale = values.mean() or 1.0  # features that are all equal predict nothing, whatever the penalty
            shrunk = np.stack([target / (values + penalty * scale)[:, None] for penalty in PENALTIES])
            self._fitted[without] = mean, vectors, shrunk
        mean, vectors, shrunk = self._fitted[without]
        found: Floats = ((self._features[self._rows[fold]] - mean) @ vectors) @ shrunk
        return found

    def quality(self, without: frozenset[int], fold: int) -> Floats:
        """(penalties,) mean AUROC, one group against the rest, among the groups that the fold can tell."""
        truth = self._indicators[self._rows[fold]].astype(bool)
        told = [group for group in range(truth.shape[1]) if 0 < truth[:, group].sum() < len(truth)]
        if not told:
            return np.full(len(PENALTIES), 0.5)
        predicted = self.predictions(without, fold)
        return np.array([np.mean([auroc(raw[:, group], truth[:, group]) for group in told]) for raw in predicted])
