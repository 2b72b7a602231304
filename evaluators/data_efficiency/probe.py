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
from evaluators.data_efficiency.preconditioner import Preconditioner
from evaluators.data_efficiency.side_by_side import side_by_side
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

_WORKERS = 8
"""Parts that are fitted at the same time at most: each holds a copy of its features."""

_SMALL = 1_000_000
"""Values of the training features up to which float64 holds them; more are held in float32, as networks give them."""

_BLOCK = 256
"""Rows that are standardised at once: they stay in the processor's cache."""

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

        Many features are held in float32, standardised by all of the training set, and again by the part; all parts
        share a preconditioner. Parts are fitted side by side, as many at a time as torch has threads (at most eight);
        equal calls in as many threads give equal bytes.

        Parameters
        ----------
        features, tests
            (n, d) and (n_test, d).
        parts
            Rows of the training set. Equal parts are fitted once.
        """
        if not parts:
            return []
        x, judged = (torch.from_numpy(np.ascontiguousarray(part)).to(self.device) for part in (features, tests))
        with _threads(max(rows.size for rows in parts)):
            every = _Standardised.of(x, torch.float64 if x.numel() <= _SMALL else torch.float32)
            preconditioner = Preconditioner(every.values)
            if x.shape[1] < 2 * max(rows.size for rows in parts):
                # Now, with all threads: the first part that needs it may be one for a single thread.
                _ = preconditioner.gram
        distinct = {rows.tobytes(): rows for rows in parts}
        workers = min(len(distinct), torch.get_num_threads(), _WORKERS) if x.device.type == "cpu" else 1
        with _threads(min(map(len, distinct.values())), workers):
            fitted = side_by_side(
                lambda rows: self._one(every, preconditioner, cohort, rows, judged),
                list(distinct.values()),
                len,
                workers,
            )
        known = dict(zip(distinct, fitted, strict=True))
        return [known[rows.tobytes()] for rows in parts]

    def _one(
        self,
        every: _Standardised,
        preconditioner: Preconditioner,
        cohort: Cohort,
        rows: npt.NDArray[np.int64],
        judged: Tensor,
    ) -> Fitted:
        chosen = torch.from_numpy(rows).to(judged.device)
        part, own = every.part(chosen), torch.from_numpy(cohort.labels[rows]).to(judged.device)
        classes = len(cohort.names)
        if self.c is not None:
            c, choice = self.c, f"C={self.c:g}, given"
        else:
            folds = cohort.folds(rows, FOLDS)
            c, choice = self._choose(Design(part.values, preconditioner), own, folds, classes)
        everything = torch.ones(len(rows), 1, dtype=torch.float64, device=judged.device)
        strength = torch.tensor([c], dtype=torch.float64, device=judged.device)
        design = Design(part.values, preconditioner)
        solution = minimise(design, own, everything, strength, classes=classes, tolerance=TOLERANCE)
        weights = solution.weights[:, 0] * part.scale[:, None]
        logits = judged @ weights + (solution.intercepts[0] - part.mean @ weights)
        return Fitted(_probabilities(logits).cpu().numpy(), choice)

    def _choose(
        self, design: Design, labels: Tensor, fold: npt.NDArray[np.int64] | None, classes: int
    ) -> tuple[float, str]:
        if fold is None:
            return FALLBACK, f"C={FALLBACK:g}, too few patients to choose"
        count = int(fold.max()) + 1
        out = torch.from_numpy(np.eye(count, dtype=bool)[fold]).to(labels.device)
        losses: list[float] = []
        for c in GRID:
            strengths = torch.full((count,), c, dtype=torch.float64, device=labels.device)
            solution = minimise(design, labels, (~out).double(), strengths, classes=classes, tolerance=_ROUGH)
            loss = 0.0
            for k in range(count):
                rows = torch.nonzero(out[:, k])[:, 0]
                logits = design.x[rows].double() @ solution.weights[:, k] + solution.intercepts[k]
                loss += float(_cross_entropy(logits, labels[rows]))
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


@dataclass(frozen=True)
class _Standardised:
    """(n, d) values, and the (d,) mean and inverse standard deviation by which they come from the raw features."""

    values: Tensor
    mean: Tensor
    scale: Tensor

    @classmethod
    def of(cls, x: Tensor, dtype: torch.dtype) -> _Standardised:
        """Standardise features in float64; constant ones become zero."""
        values, n = torch.empty(x.shape, dtype=dtype, device=x.device), len(x)
        mean = x.new_ones(n) @ x / n
        square = torch.zeros_like(mean)
        for block, raw in zip(values.split(_BLOCK), x.split(_BLOCK), strict=True):
            centred = raw - mean
            square += centred.square().sum(0)
            block.copy_(centred)
        spread = (square / n).sqrt()
        scale = torch.where(spread > 1e-12 * mean.abs().clamp(min=1.0), 1 / spread, torch.zeros_like(spread))
        for block in values.split(_BLOCK):
            block.mul_(scale.to(dtype))
        return cls(values, mean, scale)

    def part(self, rows: Tensor) -> _Standardised:
        """Standardise some of the samples anew; features that are constant among them become zero."""
        if torch.equal(rows, torch.arange(len(self.values), device=rows.device)):
            return self
        values = self.values.index_select(0, rows)
        least = 1e-12 if values.dtype == torch.float64 else 1e-6
        sums, square = torch.zeros_like(self.mean), torch.zeros_like(self.mean)
        for block in values.split(_BLOCK):
            sums += block.new_ones(len(block)) @ block
        mean = sums / len(values)
        low = mean.to(values.dtype)
        for block in values.split(_BLOCK):
            block.sub_(low)
            square += block.new_ones(len(block)) @ block.square()
        spread = (square / len(values)).sqrt()
        scale = torch.where(spread > least * mean.abs().clamp(min=1.0), 1 / spread, torch.zeros_like(spread))
        short = scale.to(values.dtype)
        for block in values.split(_BLOCK):
            block.mul_(short)
        raw = torch.where(self.scale > 0, 1 / self.scale, torch.zeros_like(self.scale))
        return _Standardised(values, self.mean + low.double() * raw, short.double() * self.scale)


@contextmanager
def _threads(samples: int, workers: int = 1) -> Iterator[None]:
    """Compute small parts in one thread: two threads that wait for each other take longer, many times so on busy cores.

    How many threads depends on the smallest part and on the workers, which share the threads.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, before // workers) if samples > _ONE_THREAD else 1)
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
