"""Fitted estimators of scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from governance.errors import InputError, Location, first_line
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.descriptors import SklearnOptions
from governance.subjects.identity import digest_of, file_of
from governance.subjects.weights import PICKLE_SUFFIXES, refuse_pickle

MISSING = "a value is missing, and the estimator takes none"


@dataclass(frozen=True)
class EstimatorSession:
    """An estimator with ``predict_proba`` (``predict`` for a regression); takes (n, features) arrays."""

    digest: str
    estimator: Any
    task: str
    takes: str = "array"

    def predict(self, batch: np.ndarray) -> np.ndarray | dict[str, np.ndarray]:
        """Return (n,) probabilities of the positive class, (n, classes), (n, labels), or the ``value`` of a regression.

        Rows with missing values that the estimator does not take are rejected, one by one.

        Raises
        ------
        InputError
            If the estimator refuses the batch, or gives something else than the task asks for.
        """
        try:
            return self._predict(batch)
        except InputError:
            gone = np.isnan(batch).any(axis=1)
            if not gone.any():
                raise
        return self._without(batch, gone)

    def _without(self, batch: np.ndarray, gone: np.ndarray) -> dict[str, np.ndarray]:
        """Predict the complete rows; the others have no output and say why."""
        # An estimator wants at least one row; zeros stand where there is none, and their output is not used.
        complete = batch[~gone] if not gone.all() else np.zeros_like(batch[:1])
        found = self._predict(complete)
        columns = found if isinstance(found, dict) else {"score" if found.ndim == 1 else "scores": found}
        result: dict[str, np.ndarray] = {
            "status": np.where(gone, "rejected", "ok"),
            "reason": np.where(gone, MISSING, ""),
        }
        for name, values in columns.items():
            whole = np.full((len(batch), *values.shape[1:]), np.nan)
            whole[~gone] = values[: int((~gone).sum())]
            result[name] = whole
        return result

    def _predict(self, batch: np.ndarray) -> np.ndarray | dict[str, np.ndarray]:
        method = self.estimator.predict if self.task == "regression" else self.estimator.predict_proba
        try:
            given = method(_named(batch, self.estimator))
            # An estimator of several outputs gives a list: for each label, probabilities of 0 and of 1.
            several = self.task == "multilabel" and isinstance(given, list)
            found = np.asarray(np.stack(given, axis=1)[..., 1] if several else given, dtype=np.float64)
        except (ValueError, TypeError, AttributeError, IndexError) as error:
            raise InputError(f"the estimator refuses the data: {first_line(error)}") from error
        if self.task == "regression":
            if found.size != len(batch):
                raise InputError(f"the estimator gives values of shape {found.shape} for {len(batch)} samples")
            return {"value": found.reshape(len(batch))}
        if self.task == "binary":
            if found.ndim != 2 or found.shape[1] != 2:
                raise InputError(f"the estimator gives probabilities of shape {found.shape}, expected (n, 2)")
            return found[:, 1]
        return found


def _named(batch: np.ndarray, estimator: Any) -> Any:
    """Name the columns for an estimator that was fitted with names, in its order."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None or len(names) != batch.shape[1]:
        return batch
    import pandas as pd

    return pd.DataFrame(batch, columns=list(names))


def open_sklearn(subject: SubjectSpec, base: Path, device: str, settings: Settings) -> EstimatorSession:  # noqa: ARG001
    """Open an estimator saved by skops, whose types must be known or listed as trusted.

    Raises
    ------
    InputError
        If the file is missing or broken, a pickle that is not allowed, or holds a type that is not trusted.
    """
    options = SklearnOptions.model_validate(subject.options)
    path = file_of(base, options.weights)
    refuse_pickle(path, allow_pickle=subject.allow_pickle, instead="save the estimator with skops.io.dump")
    estimator = _unpickle(path) if path.suffix.lower() in PICKLE_SUFFIXES else _skops(path, options.trusted)
    method, what = ("predict", "values") if subject.task == "regression" else ("predict_proba", "probabilities")
    if not callable(getattr(estimator, method, None)):
        raise InputError(f"a {type(estimator).__name__} gives no {what}", location=Location(str(path)))
    return EstimatorSession(digest_of(subject, base), estimator, subject.task)


def _skops(path: Path, trusted: tuple[str, ...]) -> Any:
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return skops.io.load(path, trusted=list(trusted))
    except UntrustedTypesFoundException as error:
        unknown = skops.io.get_untrusted_types(file=path)
        missing = [name for name in unknown if name not in trusted]
        raise InputError(
            f"holds types that are not trusted: {', '.join(missing)}",
            location=Location(str(path)),
            hint="list them under `trusted` of the subject if they are yours",
        ) from error
    except Exception as error:
        raise InputError(
            f"is not an estimator saved by skops: {first_line(error)}",
            location=Location(str(path)),
        ) from error


def _unpickle(path: Path) -> Any:
    """Open a pickle that the spec allows; a person has said that they trust it."""
    import joblib  # type: ignore[import-untyped]

    try:
        return joblib.load(path)
    except Exception as error:
        raise InputError(
            f"cannot be opened: {type(error).__name__}: {first_line(error)}", location=Location(str(path))
        ) from error
