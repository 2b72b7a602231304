"""A spec with nothing of interest but its licence, in memory and as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from governance.spec import LoadedSpec, load_spec
from governance.spec.model import Spec


def spec(licence: dict[str, Any] | None, purpose: str | None = None, name: str = "nodule") -> Spec:
    """Return a spec with a licence and, if one is given, an intended purpose."""
    fact = {"statement": purpose, "owner": "a", "date": "2026-01-01", "review_by": "2027-01-01"}
    return Spec.model_validate(
        {
            "version": 1,
            "subject": {"name": name, "version": "2.3", "kind": "recorded"},
            "datasets": {"test": {"kind": "table", "role": "testing", "cluster": "patient"}},
            "evaluate": {"fairness": {}},
            "licence": licence,
            "facts": {"intended_purpose": fact} if purpose else {},
        }
    )


HEAD = """version: 1
subject: {name: nodule, version: 2.3, kind: recorded, predictions: p.csv}
datasets:
  test: {kind: table, table: t.csv, role: testing, cluster: patient, target: y, sample_id: s}
evaluate: {fairness: {on: test}}
"""
"""Five lines: the licence begins on the sixth."""


def loaded(folder: Path, licence: str | dict[str, Any]) -> LoadedSpec:
    """Return a spec that was read from a file in `folder`; the licence as YAML or as content."""
    written = licence if isinstance(licence, str) else f"licence: {json.dumps(licence)}\n"
    for name in ("p.csv", "t.csv"):
        (folder / name).write_text("x\n")
    path = folder / "governance.yaml"
    path.write_text(HEAD + written)
    return load_spec(path)
