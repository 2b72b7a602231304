"""Heads without a fit: nearest neighbours, and the nearest mean of a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from evaluators.data_efficiency.probe import FOLDS, Fitted
from evaluators.data_efficiency.subsets import Cohort

NEIGHBOURS = (1, 3, 5, 9, 15, 25, 51)
"""Numbers of neighbours to choose from: odd, so that two classes do not tie."""

FALLBACK = 1
"""Where too few patients are left to choose: with one or two of a class, more neighbours are of other classes."""

Distance = Literal["cosine", "euclidean"]
Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Neighbours:
    """The head `knn`: the share of each class among the nearest training samples, each with one vote.

    `k` None chooses it for every part: the number of `NEIGHBOURS` with the lowest Brier score of left-out patients in
    folds within the part. Features are taken as they are, so that the distances of all parts are one product.

    Source: Cover and Hart, IEEE Trans. Inf. Theory 13 (1967) 21; chosen by the Brier score, since votes of 0 have no
    finite cross-entropy.
    """

    k: int | None = None
    distance: Distance = "cosine"
    device: str = "cpu"

    def fit_all(self, features: Floats, cohort: Cohort, parts: Sequence[Rows], tests: Floats) -> list[Fitted]:
        """Score all test samples by every part of the training set; shapes as in `Probe.fit_all`."""
        x, judged = (_prepared(array, self.distance, self.device) for array in (features, tests))
        onehot = torch.eye(len(cohort.names), dtype=torch.float64, device=x.device)[
            torch.from_numpy(cohort.labels).to(x.device)
        ]
        far = _distances(judged, x, self.distance)
        found = []
        for rows in parts:
            k, choice = self.k, f"k={self.k}, given"
            if k is None:
                k, choice = self._choose(x, onehot, cohort, rows)
            elif k > len(rows):
                k, choice = len(rows), f"k={len(rows)}, all training samples: {self.k} were asked for"
            index = torch.from_numpy(rows).to(x.device)
            found.append(Fitted(_votes(far[:, index], onehot[index], (k,))[0].cpu().numpy(), choice))
        return found

    def _choose(self, x: Tensor, onehot: Tensor, cohort: Cohort, rows: Rows) -> tuple[int, str]:
        fold = cohort.folds(rows, FOLDS)
        if fold is None:
            return FALLBACK, f"k={FALLBACK}, too few patients to choose"
        index = torch.from_numpy(rows).to(x.device)
        own, truth = x[index], onehot[index]
        far = _distances(own, own, self.distance)
        folds = torch.from_numpy(fold).to(x.device)
        fewest = len(rows) - int(np.bincount(fold).max())
        allowed = tuple(k for k in NEIGHBOURS if k <= fewest)
        loss = np.zeros(len(allowed))
        for number in range(int(fold.max()) + 1):
            out = folds == number
            votes = _votes(far[out][:, ~out], truth[~out], allowed)
            loss += np.array([float((vote - truth[out]).square().sum()) for vote in votes])
        best = allowed[int(np.argmin(np.round(loss, 9)))]
        return best, f"k={best}, chosen in {int(fold.max()) + 1} folds of patients"


@dataclass(frozen=True)
class Centroids:
    """The head `centroid`: the nearest mean of the training samples of a class, as in prototypical networks.

    Scores are a softmax of the negative squared Euclidean distances over the mean squared distance between the class
    means. That scale keeps scores apart and changes no rank of two classes; they are no calibrated probabilities.

    Source: Snell, Swersky and Zemel, NeurIPS (2017), equation 2; Tibshirani et al., PNAS 99 (2002) 6567 (nearest
    centroid).
    """

    device: str = "cpu"

    def fit_all(self, features: Floats, cohort: Cohort, parts: Sequence[Rows], tests: Floats) -> list[Fitted]:
        """Score all test samples by every part of the training set; shapes as in `Probe.fit_all`."""
        x, judged = (torch.from_numpy(np.ascontiguousarray(array)).to(self.device) for array in (features, tests))
        labels, classes = torch.from_numpy(cohort.labels).to(x.device), len(cohort.names)
        found = []
        for rows in parts:
            index = torch.from_numpy(rows).to(x.device)
            means = torch.stack([x[index[labels[index] == k]].mean(0) for k in range(classes)])
            far = torch.cdist(judged, means, compute_mode="donot_use_mm_for_euclid_dist").square()
            scale = torch.pdist(means).square().mean().clamp(min=1e-300)
            found.append(Fitted(torch.softmax(-far / scale, 1).cpu().numpy(), "nothing to choose"))
        return found


def _prepared(array: Floats, distance: Distance, device: str) -> Tensor:
    x = torch.from_numpy(np.ascontiguousarray(array)).to(device)
    return torch.nn.functional.normalize(x, dim=1) if distance == "cosine" else x


def _distances(a: Tensor, b: Tensor, distance: Distance) -> Tensor:
    """(n, m) numbers that order the samples of `b` by their distance to each of `a`."""
    products = a @ b.T
    return -products if distance == "cosine" else b.square().sum(1) - 2 * products


def _votes(far: Tensor, onehot: Tensor, ks: Sequence[int]) -> list[Tensor]:
    """(n, classes) shares of the classes among the k nearest, for each k; of equally near ones the earlier counts."""
    most = max(ks)
    nearest = torch.argsort(far, dim=1, stable=True)[:, :most] if most * 4 > far.shape[1] else _first(far, most)
    sums = onehot[nearest].cumsum(1)
    return [sums[:, k - 1] / k for k in ks]


def _first(far: Tensor, k: int) -> Tensor:
    """Return the columns of the k smallest values of each row, smallest first."""
    values, columns = torch.topk(far, k, dim=1, largest=False, sorted=True)
    order = torch.argsort(columns, dim=1, stable=True)
    values, columns = values.gather(1, order), columns.gather(1, order)
    return columns.gather(1, torch.argsort(values, dim=1, stable=True))
