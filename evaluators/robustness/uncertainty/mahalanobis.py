"""How far features lie from those of the training samples: a Gaussian a class, all with the same covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg

from governance.statistics.clusters import Floats


@dataclass(frozen=True)
class Gaussians:
    """Means and shared covariance of the classes, and of all samples together.

    Attributes
    ----------
    means
        (classes, d).
    factor
        Lower Cholesky factor of the shared covariance, (d, d).
    overall, overall_factor
        Mean (d,) and Cholesky factor of the covariance of all samples, whatever their class.
    """

    means: Floats
    factor: Floats
    overall: Floats
    overall_factor: Floats

    def confidence(self, features: Floats, *, relative: bool) -> Floats:
        """Return (n,) the negative squared distance to the nearest class of (n, d) features.

        With `relative`, less that to all samples together, which takes away what is unusual about a sample whatever its
        class.

        Source: Lee et al., NeurIPS (2018), section 2.1; relative: Ren et al., arXiv 2106.09022 (2021).
        """
        # Distances are those of whitened features, which are found once for all classes.
        points = linalg.solve_triangular(self.factor, features.T, lower=True)
        centres = linalg.solve_triangular(self.factor, self.means.T, lower=True)
        distances = np.stack(
            [np.sum((points - centres[:, [number]]) ** 2, axis=0) for number in range(len(self.means))]
        )
        nearest: Floats = distances.min(axis=0)
        if not relative:
            return np.asarray(-nearest)
        beside = linalg.solve_triangular(self.overall_factor, (features - self.overall).T, lower=True)
        return np.asarray(np.sum(beside**2, axis=0) - nearest)


def fit(features: Floats, target: npt.NDArray[np.int64]) -> Gaussians:
    """Fit means of the classes and covariances shrunk towards a multiple of the identity.

    Parameters
    ----------
    features
        (n, d) of training samples.
    target
        (n,) class numbers.

    Source: Lee et al., NeurIPS (2018), section 2.1; Ledoit and Wolf, J. Multivar. Anal. 88 (2004) 365 (shrinkage, so
    that there are distances with fewer samples than features).

    Raises
    ------
    ValueError
        If a class has fewer than two samples, or all features of a class are equal.
    """
    from sklearn.covariance import ledoit_wolf

    classes, number, sizes = np.unique(target, return_inverse=True, return_counts=True)
    if sizes.min() < 2:
        raise ValueError(f"class {classes[int(np.argmin(sizes))]} has a single sample with features; two are the least")
    means = np.stack([features[number == index].mean(axis=0) for index in range(classes.size)])
    overall = features.mean(axis=0)
    shared, _ = ledoit_wolf(features - means[number], assume_centered=True)
    whole, _ = ledoit_wolf(features - overall, assume_centered=True)
    try:
        return Gaussians(means, linalg.cholesky(shared, lower=True), overall, linalg.cholesky(whole, lower=True))
    except linalg.LinAlgError as error:
        raise ValueError("the features do not vary, so that there is no distance") from error
