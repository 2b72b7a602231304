"""Every task from recorded predictions to documents, with rules on single classes, and with input that is bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from task_predictions import Case

from governance import api
from governance.errors import ExitCode, InputError

SPEC = """
version: 1
subject:
  name: model
  version: "1"
  kind: recorded
  task: {task}
  predictions: predictions.csv
  {subject}
datasets:
  test:
    kind: table
    role: testing
    table: test.csv
    {target}
    sample_id: sample_id
    cluster: cluster
    attributes: {{{group}: {group}}}
evaluate:
  fairness:
    on: test
    groups: [{group}]
    {options}
policy: policy.yaml
settings: {{replicates: 200, minimum_patients: 20}}
"""
POLICY = """
policy: bars
version: "1"
rules:
  - id: worst
    title: The worst group
    measure: {{evaluator: fairness, metric: {metric}, worst: {group}{more}}}
    bar: {{{bar}}}
    rationale: a test
  - id: difference
    title: Groups alike
    measure: {{evaluator: fairness, metric: {metric}, difference: {group}{more}}}
    bar: {{at_most: {margin}}}
    rationale: a test
"""


def written(folder: Path, case: Case, group: str, *, options: str = "", **rule: str) -> None:
    """Write a case as the files that a person would have; without a rule only to report."""
    frame, scores = case.info.frame, {}
    subject = target = ""
    table = frame.rename(columns={f"target:{label}": f"is_{label}" for label in case.info.classes})
    if "scores" in case.table:
        names = [f"p_{name}" for name in case.info.classes]
        scores = dict(zip(names, np.stack(case.table["scores"].to_numpy()).T, strict=True))
        subject = f"scores: [{', '.join(names)}]"
    if case.task == "multilabel":
        target = f"targets: [{', '.join(f'is_{label}' for label in case.info.classes)}]"
    elif case.task != "segmentation":
        target = "target: target"
    table.to_csv(folder / "test.csv", index=False)
    case.table.drop(columns="scores", errors="ignore").assign(**scores).to_csv(folder / "predictions.csv", index=False)
    parts = {"task": case.task, "subject": subject, "target": target, "group": group, "options": options}
    text = SPEC.format(**parts)
    if rule:
        (folder / "policy.yaml").write_text(POLICY.format(**{"more": "", "margin": "0.9", **rule}, group=group))
    else:
        text = text.replace("policy: policy.yaml", "")
    (folder / "governance.yaml").write_text(text)


def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[api.RunResult, dict[str, Any]]:
    monkeypatch.chdir(folder)
    result = api.run("governance.yaml", formats=("html", "json", "markdown"), no_tracking=True)
    return result, json.loads(result.folder.evidence_json.read_bytes())


@pytest.fixture(scope="module")
def masks() -> Case:
    from test_tasks_segmentation import case_of

    return case_of()


CASES = [
    ("digit_case", "ink", {"metric": "sensitivity", "bar": "at_least: 0.1", "more": ", target_class: '8'"}),
    ("findings", "outline", {"metric": "auroc", "bar": "at_least: 0.5", "more": ", target_class: is_large"}),
    ("weights", "sex", {"metric": "mean_absolute_error", "bar": "at_most: 20", "margin": "30"}),
    ("masks", "contrast", {"metric": "dice", "bar": "at_least: 0.7"}),
]


@pytest.mark.parametrize(("name", "group", "rule"), CASES, ids=[case[0] for case in CASES])
def test_a_run_decides_and_writes_documents(tmp_path, monkeypatch, request, name, group, rule) -> None:
    case: Case = request.getfixturevalue(name)
    written(tmp_path, case, group, **rule)
    result, evidence = run(tmp_path, monkeypatch)
    assert result.exit_code is ExitCode.OK, [v.sentence for v in result.decision.verdicts]
    found = [
        one["value"]
        for one in evidence["measurements"]
        if one["metric"] == rule["metric"] and one["estimand"] == "value" and group in one["slice"]
    ]
    assert found
    pages = sorted(result.folder.documents.rglob("*.html"))
    assert len(pages) == 5
    for path in pages:
        page = path.read_text()
        assert "nan" not in page.lower().replace("governance", "").split()
        assert len(page) > 10_000


def test_recorded_values_are_those_of_the_file(tmp_path, monkeypatch, weights: Case) -> None:
    written(tmp_path, weights, "sex")
    _, evidence = run(tmp_path, monkeypatch)
    errors = weights.table["value"] - weights.info.frame["target"]
    found = next(one for one in evidence["measurements"] if one["metric"] == "mean_error" and not one["slice"])
    assert found["value"] == pytest.approx(errors.mean(), abs=1e-9)


@pytest.mark.parametrize(
    ("name", "group", "file", "column", "value", "message"),
    [
        ("digit_case", "ink", "test.csv", "target", 17, "there are 18 classes|18 classes"),
        ("digit_case", "ink", "predictions.csv", "p_3", None, "the score of sample 'd0000' is empty"),
        ("findings", "outline", "test.csv", "is_large", 3, "the target 'is_large' is 3"),
        ("findings", "outline", "predictions.csv", "p_uneven", 1.2, "expected a probability from 0 to 1"),
        ("weights", "sex", "test.csv", "target", None, "the target 'target' is missing"),
        ("weights", "sex", "predictions.csv", "value", None, "the value of sample 's0' is empty"),
        ("masks", "contrast", "predictions.csv", "dice", 1.01, "expected a share from 0 to 1"),
    ],
)
def test_bad_files_are_refused_with_exit_2(
    tmp_path, monkeypatch, request, name, group, file, column, value, message
) -> None:
    written(tmp_path, request.getfixturevalue(name), group)
    frame = pd.read_csv(tmp_path / file)
    frame[column] = frame[column].astype(object)
    frame.loc[0, column] = value
    frame.to_csv(tmp_path / file, index=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message) as caught:
        api.run("governance.yaml", formats=("json",), no_tracking=True)
    assert caught.value.exit_code is ExitCode.BAD_INPUT


@pytest.mark.parametrize(
    ("name", "group", "column"),
    [("digit_case", "ink", "p_3"), ("findings", "outline", "p_is_large"), ("weights", "sex", "value")],
)
def test_a_missing_column_is_refused_with_exit_2(tmp_path, monkeypatch, request, name, group, column) -> None:
    written(tmp_path, request.getfixturevalue(name), group)
    table = pd.read_csv(tmp_path / "predictions.csv")
    table.drop(columns=column.replace("p_is_", "p_")).to_csv(tmp_path / "predictions.csv", index=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="the predictions have no column") as caught:
        api.run("governance.yaml", formats=("json",), no_tracking=True)
    assert caught.value.exit_code is ExitCode.BAD_INPUT
