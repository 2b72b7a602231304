"""Linear probe: L2-regularised logistic regression, its strength chosen inside the training part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from evaluators.data_efficiency.logistic import TOLERANCE, Design, minimise
from evaluators.data_efficiency.subsets import Cohort

GRID = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
"""Inverse strengths C to choose from: seven decades around scikit-learn's default of 1."""

FOLDS = 5
FALLBACK = 1.0
"""Where too few patients are left to choose; scikit-learn's default."""

_ROUGH = 1e-3
"""Tolerance of the fits that only serve to choose."""

_ONE_THREAD = 2000
"""Samples up to which one thread does: a step is then a few million multiplications."""

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
        part; of equal ones the strongest regularisation. The folds are fitted together, from strong to weak
        regularisation, until the loss has risen twice in a row: weaker ones take longest and overfit more.

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
                with _threads(rows.size):
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
        solution = minimise(Design(part), own, everything, strength, classes=classes, tolerance=TOLERANCE)
        weights = solution.weights[:, 0] * scale[:, None]
        logits = judged @ weights + (solution.intercepts[0] - mean @ weights)
        return Fitted(_probabilities(logits).cpu().numpy(), choice)

    def _choose(
        self, part: Tensor, labels: Tensor, fold: npt.NDArray[np.int64] | None, classes: int
    ) -> tuple[float, str]:
        if fold is None:
            return FALLBACK, f"C={FALLBACK:g}, too few patients to choose"
        design, count = Design(part.float()), int(fold.max()) + 1
        out = torch.from_numpy(np.eye(count, dtype=bool)[fold]).to(part.device)
        losses: list[float] = []
        for c in GRID:
            strengths = torch.full((count,), c, dtype=torch.float32, device=part.device)
            solution = minimise(design, labels, (~out).float(), strengths, classes=classes, tolerance=_ROUGH)
            loss = 0.0
            for k in range(count):
                rows = torch.nonzero(out[:, k])[:, 0]
                logits = design.given[rows] @ solution.weights[:, k] + solution.intercepts[k]
                loss += float(_cross_entropy(logits.double(), labels[rows]))
            losses.append(loss)
            if len(losses) > 2 and losses[-1] > losses[-2] > losses[-3]:
                break
        best = int(np.argmax(np.array(losses) <= min(losses) * (1 + 1e-6)))
        return GRID[best], f"C={GRID[best]:g}, chosen in {count} folds of patients"


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """(n, outputs) logits to the summed loss."""
    if logits.shape[1] == 1:
        u = logits[:, 0]
        return (torch.nn.functional.softplus(u) - labels.double() * u).sum()
    return (torch.logsumexp(logits, 1) - logits.gather(1, labels[:, None])[:, 0]).sum()


@contextmanager
def _threads(samples: int) -> Iterator[None]:
    """Compute small parts in one thread: two threads that wait for each other take longer, many times so on busy cores.

    How many threads depends on the part alone, so that equal parts give equal bytes.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(before if samples > _ONE_THREAD else 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _probabilities(logits: Tensor) -> Tensor:
    """(n, outputs) logits to (n, classes) probabilities."""
    if logits.shape[1] == 1:
        positive = torch.sigmoid(logits)
        return torch.cat([1 - positive, positive], dim=1)
    return torch.softmax(logits, 1)
