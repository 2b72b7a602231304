"""Many logistic regressions on the same features at once: they differ by weights of the samples and by regularisation.

The logits of all problems are one matrix product, so that the features are read once for all of them. Steps are those
of L-BFGS, preconditioned by the Hessian of the start, with an exact line search along a direction whose logits are
known: an iteration reads the features twice, however often the line search looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

TOLERANCE = 1e-9
"""Of the objective: half the squared gradient bounds its distance to the optimum, since the penalty makes it strongly
convex with modulus 1 in all but the intercept (Nocedal and Wright, Numerical Optimization (2006), section 9.1)."""

_STEPS = 1000
_HISTORY = 10
_LOOKS = 12
_FLAT = 0.1
"""Slope at the end of a line search, as a share of the slope at its start."""


@dataclass(frozen=True)
class Solution:
    """Weights (d, problems, outputs), intercepts and objectives of the problems, and the steps taken."""

    weights: Tensor
    intercepts: Tensor
    objectives: Tensor
    steps: int


class Design:
    """Features of some samples, with what all problems on them share: a basis of their span, and their products.

    Where there are fewer samples than features, problems are solved in as many dimensions as there are samples: with
    ``x x' = L L'`` the rows of L are the samples in an orthonormal basis of their span, and weights v there are
    ``x' L'^-1 v`` among the features, with the same logits and the same norm.

    Parameters
    ----------
    x
        (n, d) features, floating point, about standardised.
    """

    def __init__(self, x: Tensor) -> None:
        self.given, self.lower = x, None
        self.x = x
        if x.shape[0] < x.shape[1]:
            self.lower = _factored(x.double() @ x.double().T)
            self.x = self.lower.to(x.dtype)

    @cached_property
    def gram(self) -> Tensor:
        """(d, d) products of the columns, float32; NumPy computes only half of a symmetric product."""
        small = self.x.float()
        if small.device.type != "cpu":
            return small.T @ small
        array = small.numpy()
        return torch.from_numpy(np.asarray(array.T @ array))

    def back(self, weights: Tensor) -> Tensor:
        """Return weights (d, problems, outputs) among the features."""
        if self.lower is None:
            return weights
        flat = weights.reshape(weights.shape[0], -1).double()
        found = self.given.double().T @ torch.linalg.solve_triangular(self.lower.T, flat, upper=True)
        return found.to(weights.dtype).reshape(-1, *weights.shape[1:])


def minimise(design: Design, labels: Tensor, counted: Tensor, c: Tensor, *, classes: int, tolerance: float) -> Solution:
    """Minimise ``|w|^2 / 2 + c sum_i counted_i loss_i(w x_i + b)`` for every problem, the intercept unpenalised.

    The loss is the logistic one for two classes, with one output, and the cross-entropy of a softmax for more.

    Parameters
    ----------
    labels
        (n,) int64 class numbers.
    counted
        (n, problems) weights of the samples, 0 for those that a problem leaves out; each problem has every class.
    c
        (problems,) inverse strengths of the regularisation, as in scikit-learn's LogisticRegression.
    tolerance
        Half the squared gradient over the objective at which a problem is solved.

    Source: Liu and Nocedal, Math. Program. 45 (1989) 503.
    """
    found = _descend(design, labels, counted, c, classes=classes, tolerance=tolerance)
    return Solution(design.back(found.weights), found.intercepts, found.objectives, found.steps)


def _factored(products: Tensor) -> Tensor:
    """Cholesky factor of the samples' products.

    Centred features make them singular: the least with which they can be factored is added to the diagonal.
    """
    least = 1e-14 * float(products.diagonal().mean().clamp(min=1e-300))
    while True:
        products.diagonal().add_(least)
        lower, failed = torch.linalg.cholesky_ex(products)
        if not int(failed):
            return lower
        least *= 10


def _descend(design: Design, labels: Tensor, counted: Tensor, c: Tensor, *, classes: int, tolerance: float) -> Solution:
    x = design.x
    state = _State.start(x, labels, counted, c, classes)
    dimensions, problems, outputs = state.w.shape
    final = torch.zeros(dimensions, problems, outputs, dtype=x.dtype, device=x.device)
    objectives = torch.zeros(problems, dtype=x.dtype, device=x.device)
    precondition = _preconditioner(state, design.gram)
    steps = 0
    while True:
        solved = 0.5 * _dot(state.g, state.g) <= tolerance * state.f
        solved |= state.stuck
        if steps == _STEPS:
            solved[:] = True
        if bool(solved.any()):
            columns = state.columns[solved]
            final[:, columns], objectives[columns] = state.w[:, solved], state.f[solved]
            if bool(solved.all()):
                break
            state.keep(~solved)
        state.step(state.direction(precondition))
        steps += 1
    return Solution(final[:-1], final[-1], objectives, steps)


@dataclass
class _State:
    """Where the unsolved problems are. Vectors are (d + 1, problems, outputs), the last row the intercepts."""

    x: Tensor
    target: Tensor
    labels: Tensor
    counted: Tensor
    c: Tensor
    columns: Tensor
    w: Tensor
    u: Tensor
    r: Tensor
    f: Tensor
    g: Tensor
    stuck: Tensor
    pairs: list[tuple[Tensor, Tensor, Tensor]]

    @classmethod
    def start(cls, x: Tensor, labels: Tensor, counted: Tensor, c: Tensor, classes: int) -> _State:
        """Start without weights, the intercepts at the frequencies of the classes."""
        n, d = x.shape
        problems, outputs = counted.shape[1], 1 if classes == 2 else classes
        onehot = torch.nn.functional.one_hot(labels, classes).to(x.dtype)
        frequencies = (counted.T @ onehot) / counted.sum(0)[:, None]
        target = onehot[:, 1:] if outputs == 1 else onehot
        w = torch.zeros(d + 1, problems, outputs, dtype=x.dtype, device=x.device)
        logs = frequencies.clamp(min=1e-12).log()
        w[-1] = (logs[:, 1:] - logs[:, :1]) if outputs == 1 else logs
        u = w[-1].expand(n, problems, outputs).clone()
        state = cls(
            x=x,
            target=target,
            labels=labels,
            counted=counted * c,
            c=c,
            columns=torch.arange(problems, device=x.device),
            w=w,
            u=u,
            r=u,
            f=c,
            g=w,
            stuck=torch.zeros(problems, dtype=torch.bool, device=x.device),
            pairs=[],
        )
        state.evaluate()
        return state

    def evaluate(self) -> None:
        """Update objectives, residuals and gradients from the logits."""
        self.f = (self.counted * self._losses(self.u)).sum(0) + 0.5 * self.w[:-1].square().sum((0, 2))
        self.r = self.counted[:, :, None] * (self._probabilities(self.u) - self.target[:, None])
        flat = self.r.reshape(self.x.shape[0], -1)
        self.g = torch.cat([(self.x.T @ flat).reshape(self.w[:-1].shape) + self.w[:-1], self.r.sum(0)[None]])

    def _losses(self, u: Tensor) -> Tensor:
        if u.shape[2] == 1:
            return torch.nn.functional.softplus(u[:, :, 0]) - self.target * u[:, :, 0]
        right = u.gather(2, self.labels[:, None, None].expand(-1, u.shape[1], 1))[:, :, 0]
        return torch.logsumexp(u, 2) - right

    @staticmethod
    def _probabilities(u: Tensor) -> Tensor:
        return torch.sigmoid(u) if u.shape[2] == 1 else torch.softmax(u, 2)

    def direction(self, precondition: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """Return the two-loop recursion's direction, Nocedal and Wright (2006), algorithm 7.4."""
        q, used = self.g.clone(), []
        for s, y, rho in reversed(self.pairs):
            a = rho * _dot(s, q)
            q -= a[None, :, None] * y
            used.append(a)
        q = precondition(q, self.columns)
        for (s, y, rho), a in zip(self.pairs, reversed(used), strict=True):
            q += (a - rho * _dot(y, q))[None, :, None] * s
        return -q

    def step(self, direction: Tensor) -> None:
        """Go to the minimum along a direction and remember how the gradient changed."""
        slope = _dot(self.g, direction)
        uphill = slope >= 0
        if bool(uphill.any()):
            direction = torch.where(uphill[None, :, None], -self.g, direction)
            slope = _dot(self.g, direction)
        n = self.x.shape[0]
        moved = (self.x @ direction[:-1].reshape(direction.shape[0] - 1, -1)).reshape(n, *direction.shape[1:])
        moved += direction[-1]
        length = self._length(direction, moved, slope)
        before, change = self.g, length[None, :, None] * direction
        self.w, self.u = self.w + change, self.u + length[None, :, None] * moved
        f = self.f
        self.evaluate()
        # Rounding ends the descent: nothing gets better any more in this precision.
        self.stuck = ~(self.f < f) & (_dot(self.g, self.g) >= _dot(before, before))
        turned = self.g - before
        product = _dot(change, turned)
        fit = product > 0
        rho = torch.where(fit, 1 / torch.where(fit, product, torch.ones_like(product)), torch.zeros_like(product))
        self.pairs.append((change, turned, rho))
        del self.pairs[:-_HISTORY]

    def _length(self, direction: Tensor, moved: Tensor, slope: Tensor) -> Tensor:
        """Newton's method on the slope along the direction, kept between the ends that are known."""
        along, square = (self.w[:-1] * direction[:-1]).sum((0, 2)), direction[:-1].square().sum((0, 2))
        length, low = torch.ones_like(slope), torch.zeros_like(slope)
        high = torch.full_like(slope, torch.inf)
        for _ in range(_LOOKS):
            p = self._probabilities(self.u + length[None, :, None] * moved)
            first = (self.counted * ((p - self.target[:, None]) * moved).sum(2)).sum(0) + along + length * square
            if bool((first.abs() <= _FLAT * slope.abs()).all()):
                break
            if p.shape[2] == 1:
                bent = (p * (1 - p) * moved.square())[:, :, 0]
            else:
                bent = (p * moved.square()).sum(2) - (p * moved).sum(2).square()
            second = (self.counted * bent).sum(0) + square
            high = torch.where(first > 0, length, high)
            low = torch.where(first > 0, low, length)
            newton = length - first / second.clamp(min=1e-300)
            middle = torch.where(torch.isfinite(high), (low + high) / 2, 2 * length)
            inside = (newton > low) & (newton < high)
            following = torch.where(inside, newton, middle)
            length = torch.where(first.abs() <= _FLAT * slope.abs(), length, following)
        return length

    def keep(self, which: Tensor) -> None:
        """Go on with some of the problems."""
        self.counted, self.c, self.columns = self.counted[:, which], self.c[which], self.columns[which]
        self.w, self.u, self.r, self.g = self.w[:, which], self.u[:, which], self.r[:, which], self.g[:, which]
        self.f, self.stuck = self.f[which], self.stuck[which]
        self.pairs = [(s[:, which], y[:, which], rho[which]) for s, y, rho in self.pairs]


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """(problems,) inner products over dimensions and outputs."""
    return (a * b).sum((0, 2))


def _preconditioner(state: _State, gram: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """Return how to solve with the Hessian at the start, of which problems with the same `c` share the factor.

    The gram matrix is that of all samples, scaled by how many a problem counts: the right one where it counts all.
    """
    n = state.x.shape[0]
    share = state.counted.sum(0) / (state.c * n)
    p = state._probabilities(state.u[:1])[0]
    spread = (p * (1 - p)).mean(1)
    strength = state.c * share * spread
    rounded = torch.tensor([float(f"{value:.1e}") for value in strength.tolist()])
    levels = sorted(set(rounded.tolist()))
    factors = {level: _factor(gram, level) for level in levels}

    def solve(q: Tensor, columns: Tensor) -> Tensor:
        found = torch.empty_like(q)
        found[-1] = q[-1] / (strength[columns] * n)[:, None]
        own = rounded[columns.cpu()]
        for level in levels:
            among = (own == level).to(q.device)
            if bool(among.any()):
                right = q[:-1, among].float()
                solved = torch.cholesky_solve(right.reshape(right.shape[0], -1), factors[level])
                found[:-1, among] = solved.reshape(right.shape).to(q.dtype)
        return found

    return solve


def _factor(gram: Tensor, strength: float) -> Tensor:
    """Cholesky factor of ``strength * gram + 1``, with more on the diagonal where float32 cannot hold it."""
    ridge = max(1.0, 1e-6 * strength * float(gram.diagonal().sum()))
    while True:
        matrix = strength * gram
        matrix.diagonal().add_(ridge)
        factor, failed = torch.linalg.cholesky_ex(matrix)
        if not int(failed):
            return factor
        ridge *= 10
