"""Linear probe: L2-regularised logistic regression, its strength chosen inside the training part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from evaluators.data_efficiency.logistic import TOLERANCE, minimise, problems_of
from evaluators.data_efficiency.subsets import Cohort

GRID = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
"""Inverse strengths C to choose from: seven decades around scikit-learn's default of 1."""

FOLDS = 5
FALLBACK = 1.0
"""Where too few patients are left to choose; scikit-learn's default."""

_ROUGH = 1e-4
"""Tolerance of the fits that only serve to choose."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fitted:
    """What a fit gave.

    Attributes
    ----------
    scores
        (n_test, classes) probabilities.
    choice
        What was chosen inside the training part, in words.
    """

    scores: Floats
    choice: str


@dataclass(frozen=True)
class Probe:
    """The head `probe`. `c` is the inverse strength of the regularisation; None chooses it for every part."""

    c: float | None = None
    device: str = "cpu"

    def fit_all(
        self, features: npt.NDArray[np.float64], cohort: Cohort, parts: Sequence[npt.NDArray[np.int64]], tests: Floats
    ) -> list[Fitted]:
        """Fit on every part of the training set, each of which has all classes, and score all test samples.

        Minimises ``|w|^2 / 2 + C sum_i loss_i`` on features standardised by the mean and standard deviation of the
        part, constant ones left at zero. Without a fixed `c`, C is the one of `GRID` with the lowest cross-entropy of
        left-out patients in a cross-validation of five folds (fewer where a class has fewer patients) within the
        part; of equal ones the strongest regularisation. All strengths and folds of a part are fitted together.

        Parameters
        ----------
        features, tests
            (n, d) and (n_test, d).
        parts
            Rows of the training set. Equal parts are fitted once.
        """
        x = torch.from_numpy(np.ascontiguousarray(features)).to(self.device)
        judged = torch.from_numpy(np.ascontiguousarray(tests)).to(self.device)
        known: dict[bytes, Fitted] = {}
        found = []
        for rows in parts:
            key = rows.tobytes()
            if key not in known:
                known[key] = self._one(x, cohort, rows, judged)
            found.append(known[key])
        return found

    def _one(self, x: Tensor, cohort: Cohort, rows: npt.NDArray[np.int64], judged: Tensor) -> Fitted:
        part, own = x[torch.from_numpy(rows).to(x.device)], torch.from_numpy(cohort.labels[rows]).to(x.device)
        classes = len(cohort.names)
        spread, mean = torch.std_mean(part, dim=0, correction=0)
        scale = torch.where(spread > 1e-12 * mean.abs().clamp(min=1.0), 1 / spread, torch.zeros_like(spread))
        part.sub_(mean).mul_(scale)
        if self.c is not None:
            c, choice = self.c, f"C={self.c:g}, given"
        else:
            c, choice = self._choose(part, own, cohort.folds(rows, FOLDS), classes)
        everything = torch.ones(len(rows), 1, dtype=x.dtype, device=x.device)
        strength = torch.tensor([c], dtype=x.dtype, device=x.device)
        solution = minimise(part, own, everything, strength, classes=classes, tolerance=TOLERANCE)
        weights = solution.weights[:, 0] * scale[:, None]
        logits = judged @ weights + (solution.intercepts[0] - mean @ weights)
        return Fitted(_probabilities(logits).cpu().numpy(), choice)

    def _choose(
        self, part: Tensor, labels: Tensor, fold: npt.NDArray[np.int64] | None, classes: int
    ) -> tuple[float, str]:
        if fold is None:
            return FALLBACK, f"C={FALLBACK:g}, too few patients to choose"
        single, count = part.float(), int(fold.max()) + 1
        out = [torch.from_numpy(fold == k).to(part.device) for k in range(count)]
        counted, strengths = problems_of([~mask for mask in out], GRID, single.dtype)
        solution = minimise(single, labels, counted, strengths, classes=classes, tolerance=_ROUGH)
        loss = np.zeros(len(GRID))
        for k, mask in enumerate(out):
            columns = slice(k * len(GRID), (k + 1) * len(GRID))
            rows = torch.nonzero(mask)[:, 0]
            logits = torch.einsum("nd,dpk->npk", single[rows], solution.weights[:, columns]).double()
            logits += solution.intercepts[columns].double()
            loss += _cross_entropy(logits, labels[rows]).cpu().numpy()
        best = int(np.argmax(loss <= loss.min() * (1 + 1e-6)))
        return GRID[best], f"C={GRID[best]:g}, chosen in {count} folds of patients"


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """(n, problems, outputs) logits to (problems,) summed losses."""
    if logits.shape[2] == 1:
        u = logits[:, :, 0]
        return (torch.nn.functional.softplus(u) - labels[:, None].double() * u).sum(0)
    right = logits.gather(2, labels[:, None, None].expand(-1, logits.shape[1], 1))[:, :, 0]
    return (torch.logsumexp(logits, 2) - right).sum(0)


def _probabilities(logits: Tensor) -> Tensor:
    """(n, outputs) logits to (n, classes) probabilities."""
    if logits.shape[1] == 1:
        positive = torch.sigmoid(logits)
        return torch.cat([1 - positive, positive], dim=1)
    return torch.softmax(logits, 1)
