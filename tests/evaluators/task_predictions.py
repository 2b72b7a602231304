"""Real predictions of several classes, several labels, numbers and masks, with what is needed to measure them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest
from nhefs_predictions import Tables, dataset_info, nhefs

from evaluators.fairness.descriptors import FairnessOptions
from evaluators.fairness.tasks.task import task_of
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import Measurement
from governance.harness.protocols import EvaluationContext, Request
from governance.spec.model import Settings, SubjectSpec


@dataclass(frozen=True)
class Case:
    """A dataset, what was observed of it, and the task."""

    task: str
    info: DatasetInfo
    table: pd.DataFrame
    others: Mapping[str, tuple[DatasetInfo, pd.DataFrame]] = field(default_factory=dict)
    kind: str = "recorded"

    def measure(
        self,
        groups: Sequence[str] = (),
        *,
        requests: tuple[Request, ...] = (),
        settings: Mapping[str, Any] | None = None,
        table: pd.DataFrame | None = None,
        **options: Any,
    ) -> Measured:
        """Ask for what is needed and measure it."""
        context = self.context(groups, requests=requests, settings=settings, **options)
        task, own = task_of(context), context.options
        tables = {self.info.name: self.table if table is None else table}
        tables |= {name: other for name, (_, other) in self.others.items()}
        observed = Tables({need.id: tables[need.dataset] for need in task.needs(context, own)})
        return Measured(list(task.measure(observed, context, own)))

    def context(
        self,
        groups: Sequence[str] = (),
        *,
        requests: tuple[Request, ...] = (),
        settings: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> EvaluationContext:
        return EvaluationContext(
            options=FairnessOptions.model_validate({"on": self.info.name, "groups": groups, **options}),
            subject=SubjectSpec(name="m", version="1", kind=self.kind, task=self.task),
            datasets={self.info.name: self.info, **{name: info for name, (info, _) in self.others.items()}},
            settings=Settings(**{"replicates": 200, **(settings or {})}),
            requests=requests,
        )


@dataclass(frozen=True)
class Measured:
    """Measurements that can be asked for by what they are about."""

    all: list[Measurement]

    def some(self, metric: str, **about: Any) -> list[Measurement]:
        wanted = {"estimand": "value", **about}
        return [
            one
            for one in self.all
            if one.metric == metric and all(getattr(one, key) == value for key, value in wanted.items())
        ]

    def one(self, metric: str, **about: Any) -> Measurement:
        """The only measurement; everyone and no class, where nothing else is said."""
        found = self.some(metric, **{"slice": {}, "target_class": None, **about})
        assert len(found) == 1, (metric, about, len(found))
        return found[0]

    def value(self, metric: str, **about: Any) -> float:
        found = self.one(metric, **about).value
        assert found is not None
        return found


def observations(names: Sequence[str], **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"sample_id": names, "status": "ok", "reason": "", **columns})


def with_classes(info: DatasetInfo, classes: Sequence[str]) -> DatasetInfo:
    return DatasetInfo(**{**vars(info), "classes": tuple(classes)})


@dataclass(frozen=True)
class Digits:
    """Handwritten digits of 43 writers, half to fit and half to score; `ink` tells dark from light images."""

    fit: np.ndarray
    fit_target: np.ndarray
    score: np.ndarray
    info: DatasetInfo

    def case(self, scores: np.ndarray) -> Case:
        table = observations(self.info.frame["sample_id"].tolist(), scores=list(scores))
        return Case("multiclass", self.info, table)


@pytest.fixture(scope="session")
def digits() -> Digits:
    from sklearn.datasets import load_digits

    images, target = load_digits(return_X_y=True)
    images = images / 16  # darkest pixel
    fit = np.arange(len(target)) % 2 == 0
    scored = images[~fit]
    ink = scored.sum(axis=1)
    frame = pd.DataFrame(
        {
            "sample_id": [f"d{index:04d}" for index in range(len(scored))],
            "cluster": [f"c{index:04d}" for index in range(len(scored))],
            "target": target[~fit].astype(float),
            "ink": np.where(ink > np.median(ink), "dark", "light"),
        }
    )
    info = with_classes(dataset_info(frame, "test"), [str(digit) for digit in range(10)])
    return Digits(images[fit], target[fit], scored, info)


@pytest.fixture(scope="session")
def digit_case(digits: Digits) -> Case:
    """A classifier that is sometimes wrong: logistic regression on the upper half of each image."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(max_iter=1000).fit(digits.fit[:, :32], digits.fit_target)
    return digits.case(fitted.predict_proba(digits.score[:, :32]))


@pytest.fixture(scope="session")
def weights() -> Case:
    """Weight eleven years later, predicted for people who were not fitted on; some are asked twice."""
    from sklearn.linear_model import LinearRegression

    people = nhefs()
    people["wt82"] = pd.to_numeric(people["wt82"].astype(str), errors="coerce")
    people = people.dropna(subset=["wt82"]).reset_index(drop=True)
    features = ["age", "wt71", "smokeintensity", "sex"]
    fit = np.random.default_rng(3).permutation(len(people)) % 2 == 0
    model = LinearRegression().fit(people.loc[fit, features], people.loc[fit, "wt82"])
    rows = people[~fit]
    rows = pd.concat([rows, rows.iloc[:150]], ignore_index=True)
    names = [f"s{index}" for index in range(len(rows))]
    frame = pd.DataFrame(
        {
            "sample_id": names,
            "cluster": rows["seqn"].astype(int).astype(str),
            "target": rows["wt82"].astype(float),
            "sex": rows["sex"].map({0: "male", 1: "female"}),
            "race": rows["race"].map({0: "white", 1: "black or other"}),
        }
    )
    info = with_classes(dataset_info(frame, "test"), ())
    return Case("regression", info, observations(names, value=model.predict(rows[features])))


@pytest.fixture(scope="session")
def findings() -> Case:
    """Three labels of breast tumours (malignant, large, uneven), each predicted from other measurements."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_breast_cancer()
    features, names = data.data, list(data.feature_names)
    radius, texture = features[:, names.index("mean radius")], features[:, names.index("mean texture")]
    labels = {
        "malignant": data.target == 0,
        "large": radius > np.quantile(radius, 0.6),
        "uneven": texture > np.quantile(texture, 0.5),
    }
    seen = features[:, [names.index("mean smoothness"), names.index("mean symmetry"), names.index("mean concavity")]]
    part = np.random.default_rng(5).permutation(len(seen)) % 3
    roughness = features[:, names.index("mean fractal dimension")]

    def of(mask: np.ndarray, name: str, role: str) -> tuple[DatasetInfo, pd.DataFrame]:
        ids = [f"{name}{index}" for index in np.flatnonzero(mask)]
        frame = pd.DataFrame({"sample_id": ids, "cluster": ids})
        frame["outline"] = np.where(roughness[mask] > np.median(roughness), "rough", "smooth")
        scores = []
        for label, truth in labels.items():
            frame[f"target:{label}"] = truth[mask].astype(float)
            fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(seen[part == 0], truth[part == 0])
            scores.append(fitted.predict_proba(seen[mask])[:, 1])
        info = dataset_info(frame, name, role)
        info = DatasetInfo(
            **{
                **vars(info),
                "classes": tuple(labels),
                "attributes": {"outline": info.attributes["outline"]},
            }
        )
        return info, observations(ids, scores=list(np.column_stack(scores)))

    info, table = of(part == 1, "test", "testing")
    return Case("multilabel", info, table, {"validation": of(part == 2, "validation", "validation")})
