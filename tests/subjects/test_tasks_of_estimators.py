"""Estimators of several labels and of numbers, saved as people save them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from governance.errors import InputError
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.mlflow_model import MlflowSession
from governance.subjects.sklearn_estimator import open_sklearn

X, Y = load_breast_cancer(return_X_y=True)
LABELS = np.column_stack([Y, X[:, 1] > 19, X[:, 4] > 0.095]).astype(int)


def opened(estimator: object, folder: Path, task: str):
    skops.io.dump(estimator, folder / "m.skops")
    subject = SubjectSpec(name="m", version="1", kind="sklearn", task=task, options={"weights": "m.skops"})
    return open_sklearn(subject, folder, "cpu", Settings())


def test_a_regression_gives_its_values(tmp_path: Path) -> None:
    features, target = load_diabetes(return_X_y=True)
    fitted = LinearRegression().fit(features, target)
    found = opened(fitted, tmp_path, "regression").predict(features[:20])
    np.testing.assert_array_equal(found["value"], fitted.predict(features[:20]))
    with pytest.raises(InputError, match="a LinearRegression gives no probabilities"):
        opened(fitted, tmp_path, "binary")


@pytest.mark.parametrize("several", [OneVsRestClassifier, MultiOutputClassifier])
def test_several_labels_give_one_probability_each(tmp_path: Path, several) -> None:
    fitted = make_pipeline(StandardScaler(), several(LogisticRegression())).fit(X, LABELS)
    found = opened(fitted, tmp_path, "multilabel").predict(X[:50])
    alone = [make_pipeline(StandardScaler(), LogisticRegression()).fit(X, LABELS[:, index]) for index in range(3)]
    expected = np.column_stack([one.predict_proba(X[:50])[:, 1] for one in alone])
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_regression_of_several_numbers_is_refused(tmp_path: Path) -> None:
    features, target = load_diabetes(return_X_y=True)
    fitted = LinearRegression().fit(features, np.column_stack([target, target]))
    with pytest.raises(InputError, match=r"gives values of shape \(20, 2\) for 20 samples"):
        opened(fitted, tmp_path, "regression").predict(features[:20])


def test_an_mlflow_model_of_numbers_gives_its_values(tmp_path: Path) -> None:
    import mlflow

    features, target = load_diabetes(return_X_y=True)
    fitted = LinearRegression().fit(features, target)
    mlflow.sklearn.save_model(fitted, tmp_path / "model", serialization_format="cloudpickle")
    session = MlflowSession("d", mlflow.pyfunc.load_model(str(tmp_path / "model")), "regression")
    np.testing.assert_allclose(session.predict(features[:20])["value"], fitted.predict(features[:20]))
    with pytest.raises(InputError, match=r"an output of shape \(20,\) for 20 samples"):
        MlflowSession("d", session.model, "multilabel").predict(features[:20])
