"""A spec that loads, for tests that break it."""

from __future__ import annotations

from pathlib import Path

SPEC = """\
version: 1
subject:
  name: risk
  version: 1.10
  kind: recorded
  predictions: predictions.csv
datasets:
  test:
    kind: table
    table: test.csv
    role: testing
    title: The test
    target: died
    cluster: patient
    attributes:
      sex: sex
      age: {column: age, bands: [40, 60]}
  validation: {like: test, table: validation.csv, role: validation}
  train: {like: validation, table: train.csv, role: training}
evaluate:
  fairness:
    on: test
    groups: [sex, sex x age]
    operating_point: {choose_on: validation, by: youden}
facts: facts.yaml
"""
FACTS = """\
purpose:
  statement: What it is for.
  owner: A. Person
  date: 2026-10-02
  review_by: 2027-10-02
"""


def written(folder: Path, spec: str = SPEC, facts: str = FACTS) -> Path:
    (folder / "facts.yaml").write_text(facts, encoding="utf-8")
    path = folder / "governance.yaml"
    path.write_text(spec, encoding="utf-8")
    return path
