"""A project on real people: deaths in NHEFS by a logistic regression, with predictions recorded in a file.

Every seed splits the people anew and fits the model anew; the bars are the same for all of them.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

INPUTS = ["age", "smokeyrs", "smokeintensity", "active", "exercise"]
SEX = {"0": "male", "1": "female"}
THRESHOLD = 0.18
"""About the share of the people who died."""
SPEC = {
    "version": 1,
    "subject": {"name": "mortality-risk", "version": "1.0", "kind": "recorded", "predictions": "predictions.csv"},
    "datasets": {
        "test": {
            "kind": "table",
            "table": "test.csv",
            "role": "testing",
            "target": "died",
            "sample_id": "person",
            "cluster": "person",
            "attributes": {"sex": "sex"},
        },
        "train": {"like": "test", "table": "train.csv", "role": "training"},
    },
    "evaluate": {"fairness": {"on": "test", "groups": ["sex"], "operating_point": {"threshold": THRESHOLD}}},
    "settings": {"device": "cpu", "replicates": 200},
    "policy": "policy.yaml",
}


def _rule(name: str, measure: object, bar: object, **more: object) -> dict[str, object]:
    return {"id": name, "title": name, "measure": measure, "bar": bar, "rationale": "a benchmark", **more}


def _by(what: str, metric: str) -> dict[str, str]:
    return {"evaluator": "fairness", "metric": metric, "dataset": "test", what: "sex"}


def policy(**changes: object) -> dict[str, object]:
    """Return the bars that every run is held to; they were set before any defect was planted."""
    return {
        "policy": "planted",
        "version": "1",
        "owner": {"name": "A. Person", "role": "clinical safety"},
        "groups": {"sex": ["male", "female"]},
        "rules": [
            _rule("ranking", "fairness / auroc on test", {"at_least": 0.72}),
            _rule("specificity", "fairness / specificity on test", {"at_least": 0.5}),
            _rule("worst-sex", _by("worst", "sensitivity"), {"at_least": 0.5}, minimum={"patients": 30}),
            _rule("pairs-of-sexes", _by("difference", "sensitivity"), {"equivalent_within": 0.35}),
            _rule("calibration", "fairness / calibration_in_the_large on test", {"within": [-0.07, 0.07]}),
            _rule("answers", "fairness / rejected_rate on test", {"at_most": 0.05}),
            {
                "id": "apart",
                "title": "apart",
                "provenance": {"no_patient_in_both": ["train", "test"]},
                "rationale": "a benchmark",
            },
        ],
        **changes,
    }


@dataclass
class Project:
    """What lies in the folder of a project. `test` and `train` have person, died, sex; `scores` are by person."""

    test: pd.DataFrame
    train: pd.DataFrame
    predictions: pd.DataFrame
    policy: dict[str, object] = field(default_factory=policy)

    def write(self, folder: Path) -> Path:
        """Write the project and return its spec."""
        folder.mkdir(parents=True, exist_ok=True)
        self.test.to_csv(folder / "test.csv", index=False)
        self.train.to_csv(folder / "train.csv", index=False)
        self.predictions.to_csv(folder / "predictions.csv", index=False)
        (folder / "policy.yaml").write_text(yaml.safe_dump(self.policy, sort_keys=False))
        (folder / "governance.yaml").write_text(yaml.safe_dump(SPEC, sort_keys=False))
        return folder / "governance.yaml"


def project(seed: int) -> Project:
    """Split the people by `seed`, two in five for training, and score the others."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table, inputs = _people()
    training = np.random.default_rng(seed).random(len(table)) < 0.4
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(inputs[training], table["died"][training])
    test = table[~training].reset_index(drop=True)
    scores = model.predict_proba(inputs[~training])[:, 1]
    predictions = pd.DataFrame({"sample_id": test["person"], "score": scores, "status": "ok", "reason": ""})
    return Project(test, table[training].reset_index(drop=True), predictions)


@cache
def _people() -> tuple[pd.DataFrame, np.ndarray]:
    spec = importlib.util.find_spec("causaldata")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the data are in the package causaldata: pip install causaldata")
    raw = pd.read_stata(Path(spec.submodule_search_locations[0]) / "nhefs" / "nhefs.dta")
    table = pd.DataFrame(
        {
            "person": raw["seqn"].astype(int).astype(str),
            "died": raw["death"].astype(int),
            "sex": raw["sex"].astype(str).map(SEX),
        }
    )
    return table, raw[INPUTS].astype(float).to_numpy()
