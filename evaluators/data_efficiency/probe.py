"""Linear probe: L2-regularised logistic regression on standardised features."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

C = 1.0
"""Inverse strength of the regularisation, as in scikit-learn's LogisticRegression and with its default."""

_STEPS = 1000
_TOLERANCE = 1e-9


def probe_scores(
    features: npt.ArrayLike, labels: npt.ArrayLike, test_features: npt.ArrayLike, *, c: float = C
) -> npt.NDArray[np.float64]:
    """Fit on the training features and return (n_test,) probabilities of the test features.

    Minimises ``|w|^2 / 2 + c sum_i log(1 + exp(-s_i (w x_i + b)))``, the intercept unpenalised, by L-BFGS with the
    strong Wolfe line search from zero in float64 on the CPU; nothing is random. Features are standardised by the mean
    and standard deviation of the training part, constant ones left at zero.

    Parameters
    ----------
    features
        (n, d).
    labels
        (n,) 0/1, both present.
    test_features
        (n_test, d).

    Source: the objective of scikit-learn's LogisticRegression; Nocedal and Wright, Numerical Optimization (2006).
    """
    x, y = np.asarray(features, dtype=np.float64), np.array(labels, dtype=np.float64)
    mean, spread = x.mean(axis=0), x.std(axis=0)
    scale = np.where(spread > 1e-12 * np.maximum(1.0, np.abs(mean)), spread, np.inf)
    train = torch.from_numpy((x - mean) / scale)
    test = torch.from_numpy((np.asarray(test_features, dtype=np.float64) - mean) / scale)
    target = torch.from_numpy(y)
    weights = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    intercept = torch.zeros((), dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS(
        [weights, intercept],
        max_iter=_STEPS,
        tolerance_grad=_TOLERANCE,
        tolerance_change=1e-14,
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def loss() -> torch.Tensor:
        search.zero_grad()
        fitted = train @ weights + intercept
        total = torch.nn.functional.binary_cross_entropy_with_logits(fitted, target, reduction="sum")
        objective = (0.5 * weights.square().sum() + c * total) / (c * len(y))
        objective.backward()
        return objective

    search.step(loss)
    with torch.no_grad():
        scores = torch.sigmoid(test @ weights + intercept).numpy()
    return np.asarray(scores, dtype=np.float64)
