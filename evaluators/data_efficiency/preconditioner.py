"""An approximate inverse of the Hessians of many logistic regressions on similar features."""

from __future__ import annotations

import math
from collections.abc import Callable
from threading import RLock

import numpy as np
import torch
from torch import Tensor


class Preconditioner:
    """Inverses of ``strength * x'x / n + 1``, one for every power of ten of the strength.

    The Hessian of a logistic regression is about that matrix, the strength being C times the number of samples times
    the mean of p (1 - p). A direction in which it is wrong by some factor costs conjugate gradients a few steps, while
    an inverse takes as long as many of them: so problems share it whose strengths are of the same order of magnitude,
    and all parts of a set share the products of its columns.

    Parameters
    ----------
    x
        (n, d) features, floating point, about standardised.
    """

    def __init__(self, x: Tensor) -> None:
        self.x = x
        self._inverses: dict[int, Tensor] = {}
        self._gram: Tensor | None = None
        self._computing = RLock()

    @property
    def gram(self) -> Tensor:
        """(d, d) mean products of the columns, float32."""
        with self._computing:
            if self._gram is None:
                self._gram = self._products()
            return self._gram

    def _products(self) -> Tensor:
        """Compute them; NumPy computes only half of a symmetric product."""
        small = self.x.float()
        if small.device.type != "cpu":
            return small.T @ small / len(small)
        array = small.numpy()
        return torch.from_numpy(np.asarray(array.T @ array)) / len(small)

    def at(self, strengths: Tensor, features: bool = True) -> Callable[[Tensor], Tensor]:
        """Return how to multiply gradients (problems, outputs, d + 1) by the inverses at (problems,) strengths.

        The last column, of the intercepts, is on its own. Weights of weak problems are left as they are, since their
        penalty prevails, and so are all without `features`.
        """
        below = 1 / strengths[:, None].clamp(min=1e-30)
        powers = [max(round(math.log10(max(value, 1e-30))), -1) for value in strengths.tolist()]
        groups = [(power, [k for k, own in enumerate(powers) if own == power]) for power in sorted(set(powers))]
        inverses = [(own, self._inverse(power)) for power, own in groups if features and power >= 0]
        whole = len(groups) == 1

        def solve(g: Tensor) -> Tensor:
            found = g.clone()
            found[:, :, -1] *= below
            for own, inverse in inverses:
                right = g[:, :, :-1] if whole else g[own, :, :-1]
                solved = (inverse.to(g.dtype) @ right.reshape(-1, right.shape[2]).T).T.reshape(right.shape)
                if whole:
                    found[:, :, :-1] = solved
                else:
                    found[own, :, :-1] = solved
            return found

        return solve

    def _inverse(self, power: int) -> Tensor:
        """Return an inverse, computed once, by whoever needs it first."""
        with self._computing:
            if power not in self._inverses:
                self._inverses[power] = self._inverted(10.0**power)
            return self._inverses[power]

    def _inverted(self, strength: float) -> Tensor:
        """Invert, with more on the diagonal where float32 cannot hold it."""
        ridge = max(1.0, 1e-6 * strength * float(self.gram.diagonal().sum()))
        while True:
            matrix = strength * self.gram
            matrix.diagonal().add_(ridge)
            factor, failed = torch.linalg.cholesky_ex(matrix)
            if not int(failed):
                return torch.cholesky_inverse(factor)
            ridge *= 10
