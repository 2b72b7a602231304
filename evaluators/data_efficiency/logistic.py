"""Many logistic regressions on the same features at once: they differ by weights of the samples and by regularisation.

The logits of all problems are one matrix product, so that the features are read once for all of them. Steps are those
of Newton, by preconditioned conjugate gradients that stop early while the gradient is large, each with an exact line
search along a direction whose logits are known. Large problems take float32 products on the way; the gradient that
ends them is computed in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from evaluators.data_efficiency.preconditioner import Preconditioner

TOLERANCE = 1e-9
"""Of the objective: half the squared gradient bounds its distance to the optimum, since the penalty makes it strongly
convex with modulus 1 in all but the intercept (Nocedal and Wright, Numerical Optimization (2006), section 9.1)."""

_STEPS = 200
_INNER = 200
"""Conjugate gradients in a step."""

_FORCING, _SMALL_FORCING = 0.3, 1e-3
"""Gradient of the quadratic model at which conjugate gradients stop, as a share of the one at the step's start."""

_LOOKS = 12
_FLAT = 0.1
"""Slope at the end of a line search, as a share of the slope at its start."""

_SMALL = 100_000
"""Values of the features up to which all products are in float64: they take no longer than all else in a step."""

_BLOCK = 256
"""Rows that are converted to float64 at once: they stay in the processor's cache."""


@dataclass(frozen=True)
class Solution:
    """Weights (d, problems, outputs), intercepts and objectives of the problems, and the steps taken."""

    weights: Tensor
    intercepts: Tensor
    objectives: Tensor
    steps: int


class Design:
    """Features of some samples, with what all problems on them share.

    Parameters
    ----------
    x
        (n, d) features, floating point, about standardised.
    preconditioner
        Of similar features, such as a set of which these are a part; by default that of these features.
    """

    def __init__(self, x: Tensor, preconditioner: Preconditioner | None = None) -> None:
        self.x, self._given = x, preconditioner

    @cached_property
    def preconditioner(self) -> Preconditioner:
        """The given one, or that of the features."""
        return self._given or Preconditioner(self.x)

    def ease(self, strengths: Tensor) -> Callable[[Tensor], Tensor]:
        """Return `Preconditioner.at` the strengths.

        Where samples are few beside the features, most directions are flat but for the penalty, and are left alone.
        """
        n, d = self.x.shape
        return self.preconditioner.at(strengths, features=2 * n > d)

    @cached_property
    def quick(self) -> Tensor | None:
        """The features in float32, None where they are so few that float64 takes no longer."""
        return None if self.x.numel() <= _SMALL else self.x.float()


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
        Half the squared gradient over the objective at which a problem is solved. Up to `TOLERANCE`, float64 confirms
        it; a larger one only serves to compare, and is not confirmed for large problems.

    Source: Nocedal and Wright, Numerical Optimization (2006), algorithms 7.1 (Newton-CG) and 5.3 (preconditioned CG).
    """
    state = _State(design, labels, counted.T.double().contiguous(), c.double(), classes)
    final, objectives, steps = torch.zeros_like(state.w), torch.zeros_like(state.f), 0
    while True:
        solved = (0.5 * _dot(state.g, state.g) <= tolerance * state.f) | state.stuck
        if steps == _STEPS:
            solved[:] = True
        if not state.exact and tolerance <= TOLERANCE:
            if bool(solved.all()):
                state.confirm()
                continue
        elif bool(solved.any()):
            columns = state.columns[solved]
            final[columns], objectives[columns] = state.w[solved], state.f[solved]
            if bool(solved.all()):
                break
            state.keep(~solved)
        state.step(tolerance)
        steps += 1
    final = final.permute(2, 0, 1)
    return Solution(final[:-1], final[-1], objectives, steps)


class _State:
    """Where the unsolved problems are. Vectors are (problems, outputs, d + 1), the last column the intercepts."""

    def __init__(self, design: Design, labels: Tensor, counted: Tensor, c: Tensor, classes: int) -> None:
        """Start without weights, the intercepts at the frequencies of the classes."""
        self.design, self.exact = design, design.quick is None
        outputs = 1 if classes == 2 else classes
        onehot = torch.nn.functional.one_hot(labels, classes).double()
        logs = ((counted @ onehot) / counted.sum(1)[:, None]).clamp(min=1e-12).log()
        self.target = (onehot[:, 1:] if outputs == 1 else onehot).T.contiguous()
        self.counted, self.columns = counted * c[:, None], torch.arange(len(c), device=c.device)
        self.w = torch.zeros(len(c), outputs, design.x.shape[1] + 1, dtype=torch.float64, device=c.device)
        self.w[:, :, -1] = (logs[:, 1:] - logs[:, :1]) if outputs == 1 else logs
        self.stuck = torch.zeros(len(c), dtype=torch.bool, device=c.device)
        self.u = self.w[:, :, -1:].expand(-1, -1, len(labels)).clone()
        self._evaluate()

    def confirm(self) -> None:
        """Go on in float64."""
        self.exact = True
        self.stuck[:] = False
        self.u = self._logits(self.w)
        self._evaluate()

    def _logits(self, w: Tensor) -> Tensor:
        """(problems, outputs, n) products of the samples with weights, intercepts added."""
        flat, intercepts = w[:, :, :-1].reshape(-1, w.shape[2] - 1), w[:, :, -1:]
        if w.dtype == torch.float32:
            found = (self.design.quick @ flat.T).T
        else:
            found = torch.cat([block.double() @ flat.T for block in self.design.x.split(_BLOCK)]).T
        return found.reshape(*w.shape[:2], -1) + intercepts

    def _back(self, r: Tensor) -> Tensor:
        """(problems, outputs, d + 1) sums of the samples, weighted by (problems, outputs, n)."""
        flat = r.reshape(-1, r.shape[2])
        if r.dtype == torch.float32:
            found = flat @ self.design.quick
        else:
            found = flat.new_zeros(len(flat), self.design.x.shape[1])
            for block, some in zip(self.design.x.split(_BLOCK), flat.split(_BLOCK, 1), strict=True):
                found += some @ block.double()
        return torch.cat([found.reshape(*r.shape[:2], -1), r.sum(2, keepdim=True)], dim=2)

    def _evaluate(self) -> None:
        """Update probabilities, objectives and gradients from the logits."""
        u = self.u
        if u.shape[1] == 1:
            losses = (torch.nn.functional.softplus(u) - self.target * u)[:, 0]
        else:
            losses = torch.logsumexp(u, 1) - (self.target * u).sum(1)
        self.f = (self.counted * losses).sum(1) + 0.5 * self.w[:, :, :-1].square().sum((1, 2))
        self.p = _probabilities(u)
        r = self.counted[:, None] * (self.p - self.target)
        self.g = self._back(r if self.exact else r.float()).double()
        self.g[:, :, :-1] += self.w[:, :, :-1]

    def step(self, tolerance: float) -> None:
        """Go to the minimum along the direction of Newton."""
        direction, moved = self._newton(tolerance)
        if self.exact:
            moved = self._logits(direction)
        slope = _dot(self.g, direction)
        length = self._length(direction, moved, slope)[:, None, None]
        self.w, self.u = self.w + length * direction, self.u + length * moved
        before, f = self.g, self.f
        self._evaluate()
        # Rounding ends the descent: nothing gets better any more in this precision.
        self.stuck = ~(self.f < f) & (_dot(self.g, self.g) >= _dot(before, before))

    def _newton(self, tolerance: float) -> tuple[Tensor, Tensor]:
        """Return the direction and its logits, by conjugate gradients; they only ever go downhill."""
        dtype = torch.float64 if self.design.quick is None else torch.float32
        counted, p = self.counted[:, None].to(dtype), self.p.to(dtype)
        bent = counted * p * (1 - p)
        ease = self.design.ease(bent.sum(2).mean(1))
        left = -self.g.to(dtype)
        square = _dot(left, left)
        if self.design.quick is None:
            goal = _SMALL_FORCING**2 * square
        else:
            goal = torch.maximum(_FORCING**2 * square, (0.5 * tolerance * self.f).to(dtype))
        found, moved = torch.zeros_like(left), torch.zeros_like(p)
        along = eased = ease(left)
        product = _dot(left, eased)
        going = torch.ones_like(self.stuck)
        for _ in range(_INNER):
            logits = self._logits(along)
            turned = bent * logits if p.shape[1] == 1 else counted * p * (logits - (p * logits).sum(1, keepdim=True))
            curved = self._back(turned)
            curved[:, :, :-1] += along[:, :, :-1]
            length = product / _dot(along, curved).clamp(min=1e-30)
            length = torch.where(going, length, torch.zeros_like(length))[:, None, None]
            found += length * along
            moved += length * logits
            left = left - length * curved
            going = _dot(left, left) > goal
            if not bool(going.any()):
                break
            eased, before = ease(left), product
            product = _dot(left, eased)
            along = eased + (product / before.clamp(min=1e-30))[:, None, None] * along
        return found.double(), moved.double()

    def _length(self, direction: Tensor, moved: Tensor, slope: Tensor) -> Tensor:
        """Newton's method on the slope along the direction, kept between the ends that are known."""
        d = direction[:, :, :-1]
        along, square = (self.w[:, :, :-1] * d).sum((1, 2)), d.square().sum((1, 2))
        length, low = torch.ones_like(slope), torch.zeros_like(slope)
        high = torch.full_like(slope, torch.inf)
        for _ in range(_LOOKS):
            p = _probabilities(self.u + length[:, None, None] * moved)
            first = (self.counted * ((p - self.target) * moved).sum(1)).sum(1) + along + length * square
            flat = first.abs() <= _FLAT * slope.abs()
            if bool(flat.all()):
                break
            if p.shape[1] == 1:
                bent = (p * (1 - p) * moved.square())[:, 0]
            else:
                bent = (p * moved.square()).sum(1) - (p * moved).sum(1).square()
            second = (self.counted * bent).sum(1) + square
            high = torch.where(first > 0, length, high)
            low = torch.where(first > 0, low, length)
            newton = length - first / second.clamp(min=1e-300)
            middle = torch.where(torch.isfinite(high), (low + high) / 2, 2 * length)
            inside = (newton > low) & (newton < high)
            length = torch.where(flat, length, torch.where(inside, newton, middle))
        return length

    def keep(self, which: Tensor) -> None:
        """Go on with some of the problems."""
        for name in ("counted", "columns", "w", "u", "p", "f", "g", "stuck"):
            setattr(self, name, getattr(self, name)[which])


def _probabilities(u: Tensor) -> Tensor:
    return torch.sigmoid(u) if u.shape[1] == 1 else torch.softmax(u, 1)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """(problems,) inner products over outputs and dimensions."""
    return (a * b).sum((1, 2))
