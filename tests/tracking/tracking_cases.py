"""Specs, plans and sealed run folders for tests of tracking."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from governance.dossier import write_manifest
from governance.evidence.canonical import readable_json
from governance.evidence.folder import RunFolder
from governance.evidence.model import Condition, Evidence, Interval, Measurement, Method, Provenance
from governance.spec.model import Spec

DIGEST = "0123456789abcdef" * 4
SUBJECT = {"name": "nodule", "version": "2.3.0", "kind": "recorded", "task": "binary", "digest": "a" * 64}


def spec(**track: str) -> Spec:
    return Spec.model_validate(
        {
            "version": 1,
            "subject": {"name": "nodule", "version": "2.3.0", "kind": "recorded"},
            "datasets": {"test": {"kind": "table", "role": "testing", "cluster": "patient"}},
            "evaluate": {"fairness": {}},
            "track": track,
        }
    )


def lock() -> dict[str, Any]:
    return {
        "version": 1,
        "subject": SUBJECT,
        "datasets": {"test": {"role": "testing", "digest": DIGEST, "n": 651, "clusters": 651, "events": 125}},
        "evaluators": {"fairness": 1, "robustness": 1},
        "settings": {
            "device": "cpu",
            "precision": "float32",
            "threads": 2,
            "batch_size": 256,
            "seed": 0,
            "level": 0.95,
        },
        "toolkit": "0.1.0",
    }


def measured(value: float, **more: Any) -> Measurement:
    fields: dict[str, Any] = {
        "evaluator": "fairness",
        "metric": "sensitivity",
        "dataset": "test",
        "dataset_digest": DIGEST,
        "status": "measured",
        "value": value,
        "interval": Interval(low=value - 0.1, high=value + 0.1, level=0.95, method="x"),
        "n": 412,
        "method": Method(name="x"),
    }
    return Measurement(**{**fields, **more})


MEASUREMENTS = (
    measured(0.8),
    measured(0.7, slice={"age": ">=60"}),
    measured(0.7, slice={"age": ">=60"}, estimand="worst", over="age"),
    measured(0.1, estimand="difference", slice={"age": "<40"}, reference={"age": ">=60"}, over="age"),
    *(
        measured(0.8 - s / 20, evaluator="robustness", metric="auroc", condition=Condition(name="erosion", severity=s))
        for s in (1, 2, 3)
    ),
)


def sealed(path: Path, measurements: tuple[Measurement, ...] = MEASUREMENTS) -> RunFolder:
    """A run folder as it is when the tracker logs it."""
    folder = RunFolder(path)
    (folder.documents / "public").mkdir(parents=True, exist_ok=True)
    (folder.documents / "public" / "clinician.html").write_text("<p>0.80</p>")
    folder.observations.mkdir(exist_ok=True)
    (folder.observations / "predict.parquet").write_bytes(b"patients")
    evidence = Evidence(
        provenance=Provenance(
            run_id=folder.run_id,
            subject=dict(SUBJECT),
            datasets={},
            toolkit="0.1.0",
            libraries={},
            device="cpu",
            precision="float32",
            threads=2,
            processor="x",
            seed=0,
        ),
        metrics=(),
        measurements=measurements,
    )
    folder.evidence_json.write_bytes(readable_json(json.loads(evidence.model_dump_json())))
    folder.spec_lock.write_bytes(readable_json(lock()))
    write_manifest(folder)
    return folder
