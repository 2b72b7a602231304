"""A model of table rows from file to evidence: values go missing, errors of measurement, and another population."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from governance import api

FEATURES = ["age", "sex", "smokeyrs", "wt71"]
SPEC = """
version: 1
subject: {name: risk, version: "1", kind: sklearn, task: binary, weights: model.skops}
datasets:
  test:
    kind: table
    table: women-and-men.csv
    features: [age, sex, smokeyrs, wt71]
    role: testing
    modality: tabular
    target: died
    sample_id: seqn
    cluster: none
    cluster_reason: one row is one person
    attributes: {sex: sex, old: old}
  elsewhere:
    like: test
    table: elsewhere.csv
evaluate:
  robustness:
    on: test
    conditions: [missing-values, measurement-noise, out-of-range]
    severities: [3]
    groups: [sex]
    operating_point: {threshold: 0.2}
    shift: {to: [elsewhere], attributes: [old], prevalences: [0.1]}
settings: {device: cpu}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("risk")
    root = importlib.util.find_spec("causaldata").submodule_search_locations[0]
    people = pd.read_stata(Path(root) / "nhefs" / "nhefs.dta")
    frame = people[FEATURES].apply(lambda column: pd.to_numeric(column.astype(str)))
    frame["died"] = pd.to_numeric(people["death"].astype(str)).astype(int)
    frame["seqn"] = people["seqn"].astype(int)
    frame["old"] = np.where(frame["age"] >= 50, "50 and over", "under 50")
    part = np.random.default_rng(3).permutation(len(frame)) % 3
    model = make_pipeline(StandardScaler(), LogisticRegression())
    skops.io.dump(
        model.fit(frame.loc[part == 0, FEATURES].to_numpy(), frame.loc[part == 0, "died"]), folder / "model.skops"
    )
    frame[part == 1].to_csv(folder / "women-and-men.csv", index=False)
    elsewhere = frame[(part == 2) & ((frame["age"] >= 50) | (frame["seqn"] % 4 == 0))]
    elsewhere.to_csv(folder / "elsewhere.csv", index=False)
    (folder / "governance.yaml").write_text(SPEC)
    return api.evaluate(folder / "governance.yaml", output=folder / "out", no_tracking=True).folder


@pytest.fixture(scope="module")
def evidence(run):
    return run.read_evidence()


def one(evidence, metric, **about):
    rows = [
        m
        for m in evidence.measurements
        if m.metric == metric and all(getattr(m, key) == value for key, value in about.items())
    ]
    assert len(rows) == 1, (metric, about, len(rows))
    return rows[0]


def of(evidence, metric, name, estimand="value"):
    rows = [
        m
        for m in evidence.measurements
        if (m.metric, m.condition.name, m.condition.severity, m.estimand, m.slice) == (metric, name, 3, estimand, {})
    ]
    assert len(rows) == 1, (metric, name, len(rows))
    return rows[0]


def test_a_model_that_takes_no_missing_values_rejects_those_rows_and_says_so(evidence):
    rejected = of(evidence, "rejected_rate", "missing-values")
    assert rejected.value == 1.0  # every row lacks a value, and nothing fills it in
    assert rejected.interval.low > 0.98
    assert of(evidence, "sensitivity", "missing-values").status == "not_measured"


def test_errors_of_measurement_change_few_decisions_and_absurd_values_many(evidence):
    noise, absurd = (of(evidence, "flip_rate", name) for name in ("measurement-noise", "out-of-range"))
    assert 0 < noise.value < absurd.value
    assert noise.interval.low < noise.value < noise.interval.high


def test_older_people_elsewhere_are_found_and_their_numbers_stand_beside(evidence):
    moved = one(evidence, "attribute_shift", dataset="elsewhere")
    assert moved.interval.low > 0
    assert moved.p_value < 1e-6
    there = one(evidence, "sensitivity", dataset="elsewhere", estimand="value", slice={}, variant=None)
    assert there.n_clusters > 30
    flags = one(evidence, "alerts_per_100", dataset="elsewhere", slice={})
    assert 0 < flags.interval.low < flags.value < flags.interval.high < 100


def test_the_other_population_is_shown_to_those_who_can_use_it(run, evidence):
    api.render(run.path, formats=("html", "json"))
    pages = {path.stem: path.read_text() for path in run.documents.rglob("*.html")}
    shown = {name for name, page in pages.items() if "In another population" in page}
    assert shown == {"clinician", "deployer", "engineer", "auditor"}
    here, there = (
        one(evidence, "prevalence", dataset=name, estimand="value", slice={}) for name in ("test", "elsewhere")
    )
    for prevalence in (here, there):
        assert f"{prevalence.value:.2f}" in pages["clinician"]
    assert "stratified studentised permutation test" in pages["engineer"]
    assert "stratified studentised permutation test" not in pages["clinician"]
