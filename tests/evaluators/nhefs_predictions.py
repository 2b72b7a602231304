"""Real recorded predictions to measure: NHEFS deaths by a logistic regression, scored on patients it has not seen."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from governance.datasets.protocol import NOT_RECORDED, AttributeInfo, DatasetInfo
from governance.evidence.canonical import digest_bytes
from governance.harness.protocols import Need, Request
from governance.spec.model import Settings, SubjectSpec

FEATURES = ["age", "sex", "smokeintensity", "smokeyrs", "wt71", "active", "exercise", "education"]


@dataclass(frozen=True)
class Tables:
    """Observations kept in memory."""

    tables: Mapping[str, pd.DataFrame]

    def table(self, need: Need) -> pd.DataFrame:
        return self.tables[need.id]


def nhefs() -> pd.DataFrame:
    root = importlib.util.find_spec("causaldata").submodule_search_locations[0]
    frame = pd.read_stata(Path(root) / "nhefs" / "nhefs.dta")
    for column in (*FEATURES, "death", "race"):
        frame[column] = pd.to_numeric(frame[column].astype(str))
    return frame


def dataset_info(
    frame: pd.DataFrame,
    name: str,
    role: str = "testing",
    *,
    groups: Mapping[str, tuple[str, ...]] | None = None,
    clustered: bool = True,
) -> DatasetInfo:
    """A DatasetInfo of a frame with sample_id, cluster, target and attribute columns."""
    attributes = {}
    for column in frame.columns.drop(["sample_id", "cluster", "target"], errors="ignore"):
        values = (groups or {}).get(column) or tuple(
            sorted(set(frame[column]), key=lambda value: (value == NOT_RECORDED, value))
        )
        attributes[column] = AttributeInfo(column, column.capitalize(), values)
    return DatasetInfo(
        name=name,
        role=role,
        title=name,
        modality=None,
        digest=digest_bytes(frame.to_csv(index=False).encode()),
        frame=frame.reset_index(drop=True),
        attributes=attributes,
        clustered=clustered,
        cluster_reason=None if clustered else "one row a patient",
    )


def predictions(frame: pd.DataFrame, score: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {"sample_id": frame["sample_id"].to_numpy(), "status": "ok", "reason": "", "score": np.asarray(score, float)}
    )


def one(found, metric, cell=None, estimand="value", **about):
    """The only measurement of a metric and what it is about; without `over` and `variant` the plain one."""
    about = {"variant": None, **about}
    rows = [
        m
        for m in found
        if m.metric == metric
        and m.estimand == estimand
        and (cell is None or m.slice == cell)
        and all(getattr(m, key) == value for key, value in about.items())
    ]
    assert len(rows) == 1, (metric, cell, estimand, about, len(rows))
    return rows[0]


@dataclass(frozen=True)
class Recorded:
    """Two datasets of NHEFS and the recorded scores of each."""

    test: DatasetInfo
    validation: DatasetInfo
    scores: Mapping[str, np.ndarray]

    def observations(self, **changed: pd.DataFrame) -> Tables:
        tables = {
            name: predictions(info.frame, self.scores[name])
            for name, info in (("test", self.test), ("validation", self.validation))
        }
        tables.update(changed)
        return Tables({Need.of("predict", name).id: table for name, table in tables.items()})

    def context(self, options, *, requests: tuple[Request, ...] = (), kind: str = "recorded", **settings):
        from governance.harness.protocols import EvaluationContext

        return EvaluationContext(
            options=options,
            subject=SubjectSpec(name="mortality-risk", version="1", kind=kind, task="binary"),
            datasets={"test": self.test, "validation": self.validation},
            settings=Settings(**{"replicates": 200, **settings}),
            requests=requests,
        )


@pytest.fixture(scope="session")
def mortality() -> Recorded:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    frame = nhefs()
    third = np.random.default_rng(7).permutation(len(frame)) % 5
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(
        frame.loc[third < 2, FEATURES], frame.loc[third < 2, "death"]
    )

    def part(mask: np.ndarray) -> pd.DataFrame:
        rows = frame[mask]
        return pd.DataFrame(
            {
                "sample_id": rows["seqn"].astype(int).astype(str),
                "cluster": rows["seqn"].astype(int).astype(str),
                "target": rows["death"].astype(float),
                "sex": rows["sex"].map({0: "male", 1: "female"}),
                "race": rows["race"].map({0: "white", 1: "black or other"}),
                "age": pd.cut(rows["age"], [0, 40, 60, 200], right=False, labels=["<40", "40-60", ">=60"]).astype(str),
            }
        )

    groups = {"age": ("<40", "40-60", ">=60"), "sex": ("female", "male"), "race": ("white", "black or other")}
    masks = {"test": third >= 3, "validation": third == 2}
    return Recorded(
        test=dataset_info(part(masks["test"]), "test", groups=groups),
        validation=dataset_info(part(masks["validation"]), "validation", "validation", groups=groups),
        scores={name: fitted.predict_proba(frame.loc[mask, FEATURES])[:, 1] for name, mask in masks.items()},
    )


def assert_few_of_a_class(measured, target) -> None:
    """Assert that a ranking has no interval because fewer than 30 people of a class contribute, and says so."""
    few = int(min(sum(target == 1), sum(target == 0)))
    assert few < 30
    assert measured.gating is None
    assert measured.interval_reason.startswith(f"only {few} patients with")
