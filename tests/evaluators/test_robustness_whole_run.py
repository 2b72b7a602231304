"""From a file of recorded predictions under conditions to a decision and documents, two classes and several."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from condition_predictions import CLEAN, Worsened, condition, visits

from governance import api
from governance.errors import ExitCode

SPEC = """
version: 1
subject: {{name: m, version: "1", kind: recorded, task: {task}, predictions: predictions.csv{scores}}}
datasets:
  test:
    kind: table
    role: testing
    modality: photograph
    table: test.csv
    target: target
    sample_id: sample_id
    cluster: cluster
    attributes: {{{group}: {group}}}
evaluate:
  robustness:
    on: test
    conditions: [gaussian-noise]
    severities: [1, 3]
    groups: [{group}]
policy: policy.yaml
settings: {{replicates: 200}}
"""
POLICY = """
policy: bars
version: "1"
rules:
  - id: mean
    title: Errors under noise
    measure: {{evaluator: robustness, metric: mean_error_under_conditions, worst: {group}}}
    bar: {{at_most: 0.95}}
    rationale: a test
  - id: area
    title: Errors that noise adds
    measure: {{evaluator: robustness, metric: degradation_area, condition: gaussian-noise, condition_severity: all}}
    bar: {{at_most: 0.0001}}
    rationale: a test
"""


def written(folder: Path, data: Worsened, group: str, named: dict[int, np.ndarray]) -> None:
    """Write what a person would have: a table, and one file of predictions with condition and severity."""
    data.info.frame.to_csv(folder / "test.csv", index=False)
    rows = []
    for severity, scores in named.items():
        at = {"condition": "clean" if severity == 0 else "gaussian-noise", "severity": severity or ""}
        frame = data.info.frame[["sample_id"]].assign(**at)
        columns = {"score": scores} if data.task == "binary" else {f"p_{k}": s for k, s in enumerate(scores.T)}
        rows.append(frame.assign(**columns))
    pd.concat(rows).to_csv(folder / "predictions.csv", index=False)
    names = "" if data.task == "binary" else f", scores: [{', '.join(f'p_{k}' for k in range(10))}]"
    (folder / "governance.yaml").write_text(SPEC.format(task=data.task, scores=names, group=group))
    (folder / "policy.yaml").write_text(POLICY.format(group=group))


def of_two_classes(request: pytest.FixtureRequest) -> tuple[Worsened, str, dict[int, np.ndarray]]:
    data = visits(request.getfixturevalue("mortality"))
    return (
        data,
        "sex",
        {0: data.scores[CLEAN], 1: data.scores[condition("haze", 2)], 3: data.scores[condition("haze", 5)]},
    )


def of_digits(request: pytest.FixtureRequest) -> tuple[Worsened, str, dict[int, np.ndarray]]:
    case = request.getfixturevalue("digit_case")
    clean, stream = np.stack(case.table["scores"].to_numpy()), np.random.default_rng(2)
    named = {0: clean}
    for severity in (1, 3):
        noisy = clean + stream.exponential(severity / 10, clean.shape)
        named[severity] = noisy / noisy.sum(axis=1, keepdims=True)
    return Worsened(case.info, {CLEAN: clean}, (), task="multiclass"), "ink", named


@pytest.mark.parametrize("made", [of_two_classes, of_digits])
def test_a_run_from_recorded_predictions_decides_and_writes_documents(tmp_path, monkeypatch, request, made) -> None:
    data, group, named = made(request)
    written(tmp_path, data, group, named)
    monkeypatch.chdir(tmp_path)
    result = api.run("governance.yaml", formats=("html",), no_tracking=True)
    assert result.exit_code is ExitCode.FAILED, [v.sentence for v in result.decision.verdicts]
    assert {v.rule: str(v.outcome) for v in result.decision.verdicts} == {"mean": "pass", "area": "fail"}
    found = json.loads(result.folder.evidence_json.read_bytes())["measurements"]
    whole = next(m for m in found if m["metric"] == "mean_error_under_conditions" and not m["slice"])

    def decided(scores):
        return (scores >= 0.5).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)

    expected = np.mean([np.mean(decided(named[severity]) != data.truth) for severity in (1, 3)])
    assert whole["value"] == pytest.approx(expected, abs=1e-9)
    for path in result.folder.documents.rglob("*.html"):
        page = path.read_text()
        assert ("When the input is worse" in page) == (path.stem != "public")
    engineer = next(path for path in result.folder.documents.rglob("engineer.html")).read_text()
    assert "Gap in error by " in engineer
