"""Subjects that take arrays or nothing: scikit-learn, MLflow, recorded predictions."""

from __future__ import annotations

import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from governance.errors import InputError
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.identity import identify
from governance.subjects.mlflow_model import open_mlflow
from governance.subjects.protocol import Sample
from governance.subjects.recorded import open_recorded
from governance.subjects.sklearn_estimator import EstimatorSession, open_sklearn

X, Y = load_breast_cancer(return_X_y=True)
FITTED = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[:300], Y[:300])


def doubled(values: np.ndarray) -> np.ndarray:
    return 2 * values


def subject(kind: str, *, allow_pickle: bool = False, task: str = "binary", **options: object) -> SubjectSpec:
    return SubjectSpec.model_validate(
        {"name": "n", "version": "1", "kind": kind, "allow_pickle": allow_pickle, "task": task, "options": options}
    )


def test_an_estimator_saved_by_skops_gives_its_probabilities(tmp_path: Path) -> None:
    skops.io.dump(FITTED, tmp_path / "m.skops")
    own = subject("sklearn", weights="m.skops")
    session = open_sklearn(own, tmp_path, "cpu", Settings())
    np.testing.assert_array_equal(session.predict(X[300:]), FITTED.predict_proba(X[300:])[:, 1])
    assert session.digest == identify(own, tmp_path)
    with pytest.raises(InputError, match="refuses the data"):
        session.predict(X[:3, :4])


def test_rows_with_missing_values_are_rejected_one_by_one(tmp_path: Path) -> None:
    skops.io.dump(FITTED, tmp_path / "m.skops")
    session = open_sklearn(subject("sklearn", weights="m.skops"), tmp_path, "cpu", Settings())
    holes = X[300:306].copy()
    holes[[1, 4], 3] = np.nan
    found = session.predict(holes)
    assert isinstance(found, dict)
    assert found["status"].tolist() == ["ok", "rejected", "ok", "ok", "rejected", "ok"]
    assert "takes none" in found["reason"][1]
    np.testing.assert_array_equal(found["score"][[0, 2, 3, 5]], session.predict(X[[300, 302, 303, 305]]))
    assert np.isnan(found["score"][[1, 4]]).all()
    nothing = session.predict(np.full((2, X.shape[1]), np.nan))
    assert isinstance(nothing, dict)
    assert nothing["status"].tolist() == ["rejected", "rejected"]


def test_an_estimator_fitted_with_names_gets_them(tmp_path: Path) -> None:
    named = LogisticRegression(max_iter=5000).fit(pd.DataFrame(X[:300, :3], columns=["a", "b", "c"]), Y[:300])
    skops.io.dump(named, tmp_path / "m.skops")
    session = open_sklearn(subject("sklearn", weights="m.skops"), tmp_path, "cpu", Settings())
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # scikit-learn warns where names are missing
        found = session.predict(X[:5, :3])
    np.testing.assert_allclose(found, named.predict_proba(pd.DataFrame(X[:5, :3], columns=["a", "b", "c"]))[:, 1])


def test_types_that_are_not_trusted_and_pickles_are_refused(tmp_path: Path) -> None:
    skops.io.dump(make_pipeline(FunctionTransformer(doubled), LogisticRegression()).fit(X, Y), tmp_path / "m.skops")
    unknown = skops.io.get_untrusted_types(file=tmp_path / "m.skops")
    with pytest.raises(InputError, match="not trusted: " + unknown[0]):
        open_sklearn(subject("sklearn", weights="m.skops"), tmp_path, "cpu", Settings())
    open_sklearn(subject("sklearn", weights="m.skops", trusted=unknown), tmp_path, "cpu", Settings())
    joblib.dump(FITTED, tmp_path / "m.joblib")
    with pytest.raises(InputError, match="is a pickle"):
        open_sklearn(subject("sklearn", weights="m.joblib"), tmp_path, "cpu", Settings())
    allowed = open_sklearn(subject("sklearn", weights="m.joblib", allow_pickle=True), tmp_path, "cpu", Settings())
    np.testing.assert_array_equal(allowed.predict(X[:9]), FITTED.predict_proba(X[:9])[:, 1])


def test_files_that_hold_no_probabilistic_estimator_are_refused(tmp_path: Path) -> None:
    (tmp_path / "m.skops").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="is not an estimator saved by skops"):
        open_sklearn(subject("sklearn", weights="m.skops"), tmp_path, "cpu", Settings())
    skops.io.dump(SVC().fit(X, Y), tmp_path / "svc.skops")
    with pytest.raises(InputError, match="a SVC gives no probabilities"):
        open_sklearn(subject("sklearn", weights="svc.skops"), tmp_path, "cpu", Settings())


def test_an_mlflow_model_needs_permission_and_then_gives_its_probabilities(tmp_path: Path) -> None:
    import mlflow

    mlflow.pyfunc.save_model(tmp_path / "model", python_model=_Probabilities())
    with pytest.raises(InputError, match="allow_pickle: true") as refused:
        open_mlflow(subject("mlflow", uri="model"), tmp_path, "cpu", Settings())
    assert refused.value.message == (
        "an MLflow python_function model is a pickle, which can run any code when it is opened"
    )
    own = subject("mlflow", uri="model", allow_pickle=True)
    session = open_mlflow(own, tmp_path, "cpu", Settings())
    np.testing.assert_allclose(session.predict(X[:7]), FITTED.predict_proba(X[:7])[:, 1])
    assert open_mlflow(own, tmp_path, "cpu", Settings()).digest == session.digest
    with pytest.raises(InputError, match="does not exist"):
        open_mlflow(subject("mlflow", uri="absent", allow_pickle=True), tmp_path, "cpu", Settings())


def test_both_kinds_of_array_models_refuse_a_pickle_in_the_same_words(tmp_path: Path) -> None:
    joblib.dump(FITTED, tmp_path / "m.joblib")
    refusals = []
    for kind, open_it, option in (("sklearn", open_sklearn, "weights"), ("mlflow", open_mlflow, "uri")):
        with pytest.raises(InputError) as refused:
            open_it(subject(kind, **{option: "m.joblib"}), tmp_path, "cpu", Settings())
        refusals.append(refused.value)
    for refusal in refusals:
        assert refusal.message.endswith(" is a pickle, which can run any code when it is opened")
        assert "or set `allow_pickle: true` on the subject if you trust where it comes from" in str(refusal.hint)


def test_an_error_that_says_nothing_is_called_by_its_kind(tmp_path: Path) -> None:
    class Silent:
        def predict_proba(self, batch: object) -> None:
            raise ValueError

    session = EstimatorSession("0" * 64, Silent(), "binary")
    with pytest.raises(InputError, match="refuses the data: ValueError"):
        session.predict(X[:3])


def _probabilities_model() -> type:
    import mlflow

    class Probabilities(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return FITTED.predict_proba(np.asarray(model_input))[:, 1]

    return Probabilities


def _Probabilities():
    return _probabilities_model()()


def recorded(folder: Path, lines: list[str], **options: object):
    (folder / "p.csv").write_text("\n".join(lines) + "\n")
    own = subject("recorded", predictions="p.csv", **options)
    return open_recorded(own, folder, "cpu", Settings())


def sample(name: str, condition: str = "clean", severity: int | None = None, dataset: str = "test") -> Sample:
    return Sample(sample_id=name, dataset=dataset, condition=condition, severity=severity)


def test_recorded_predictions_are_joined_by_sample_and_condition(tmp_path: Path) -> None:
    session = recorded(
        tmp_path,
        [
            "sample_id,score,status,reason,condition,severity",
            "007,0.25,,,,",
            "008,,rejected,too dark,,",
            "007,0.5,,,blur,2",
        ],
    )
    found = session.predict([sample("008"), sample("007"), sample("9"), sample("007", "blur", 2)])
    assert found["status"] == ["rejected", "ok", "rejected", "ok"]
    assert found["reason"] == ["too dark", "", "no recorded prediction", ""]
    np.testing.assert_array_equal(found["score"], [np.nan, 0.25, np.nan, 0.5])
    with pytest.raises(InputError, match="under the condition 'noise'"):
        session.predict([sample("007", "noise", 1)])


def test_one_file_can_be_recorded_for_each_dataset(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sample_id,score\n1,0.25\n")
    (tmp_path / "b.csv").write_text("sample_id,score\n1,0.75\n")
    own = subject("recorded", predictions={"test": "a.csv", "validation": "b.csv"})
    session = open_recorded(own, tmp_path, "cpu", Settings())
    found = session.predict([sample("1"), sample("1", dataset="validation")])
    assert found["score"].tolist() == [0.25, 0.75]
    with pytest.raises(InputError, match="for the dataset 'training'"):
        session.predict([sample("1", dataset="training")])
    (tmp_path / "b.csv").write_text("sample_id,score\n1,0.5\n")
    assert identify(own, tmp_path) != session.digest


def test_recorded_scores_of_several_classes_add_up(tmp_path: Path) -> None:
    session = recorded(tmp_path, ["sample_id,a,b,c", "1,0.2,0.3,0.5"], scores=["a", "b", "c"])
    assert session.predict([sample("1"), sample("2")])["scores"][0] == [0.2, 0.3, 0.5]
    with pytest.raises(InputError, match=r"add up to 1\.2"):
        recorded(tmp_path, ["sample_id,a,b,c", "1,0.2,0.5,0.5"], scores=["a", "b", "c"])


@pytest.mark.parametrize(
    ("lines", "words", "line"),
    [
        (["id,score", "1,0.5"], "no column 'sample_id'", 1),
        (["sample_id,scores", "1,0.5"], "did you mean 'scores'", 1),
        (["sample_id,score", "1,0.5", "1,0.5"], "sample '1' has a second prediction", 3),
        (["sample_id,score", "1,0.5", "2,-0.1"], "the score of sample '2' is -0.1", 3),
        (["sample_id,score", "1,high"], "the score of sample '1' is 'high'", 2),
        (["sample_id,score", "1,"], "the score of sample '1' is empty", 2),
        (["sample_id,score", ",0.5"], "no sample_id", 2),
        (["sample_id,score,status", "1,0.5,okay"], "unknown status 'okay'", 2),
    ],
)
def test_a_broken_line_of_predictions_is_named(tmp_path: Path, lines: list[str], words: str, line: int) -> None:
    with pytest.raises(InputError) as raised:
        recorded(tmp_path, lines)
    assert words in str(raised.value)
    assert raised.value.location is not None
    assert raised.value.location.line == line
