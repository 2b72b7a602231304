"""Evidence, plans and rules for tests of verdicts: a binary model on one test set with two attributes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from governance.evidence.canonical import readable_json
from governance.evidence.folder import RunFolder, run_id_of
from governance.evidence.model import (
    CLEAN,
    Condition,
    Evidence,
    Interval,
    Measurement,
    Method,
    MetricDescriptor,
    Provenance,
)
from governance.policy import Policy, Verdict, judge_all

DIGEST = "d" * 64
SEX = ("F", "M")
AGE = ("<40", "40-60", ">=60")
METHOD = Method(name="test")


def descriptor(
    name: str, direction: str = "higher", low: float | None = 0.0, high: float | None = 1.0
) -> MetricDescriptor:
    return MetricDescriptor(
        name=name,
        title={"auroc": "AUROC"}.get(name, name.replace("_", " ").capitalize()),
        low=low,
        high=high,
        direction=direction,  # type: ignore[arg-type]
        formula="-",
        explanation="-",
        does_not_show="-",
        source="-",
    )


METRICS = (
    descriptor("sensitivity"),
    descriptor("auroc"),
    descriptor("brier_score", "lower"),
    descriptor("selection_rate", "none"),
)


def plan(**changes: Any) -> dict[str, Any]:
    def groups(names: Iterable[str]) -> dict[str, Any]:
        order = [*names, "not recorded"]
        return {"title": "-", "order": order, "groups": {g: {"n": 50, "clusters": 50, "events": 25} for g in order}}

    attributes = {"sex": {"column": "sex"}, "age": {"column": "age", "bands": [40, 60]}}
    content = {
        "version": 1,
        "spec": {
            "datasets": {"test": {"role": "testing", "attributes": attributes}},
            "evaluate": {"fairness": {"on": "test"}, "robustness": {"on": "test", "conditions": ["erosion", "reader"]}},
        },
        "evaluators": {"fairness": 1, "robustness": 1},
        "datasets": {
            "test": {"role": "testing", "digest": DIGEST, "attributes": {"sex": groups(SEX), "age": groups(AGE)}},
            "train": {"role": "training", "digest": "e" * 64, "attributes": {}},
        },
        "conditions": {"erosion": {"severities": [1, 2, 3]}, "reader": {"severities": []}},
    }
    return {**content, **changes}


def interval(low: float, high: float, level: float = 0.95, family: str | None = None, **more: Any) -> Interval:
    return Interval(low=low, high=high, level=level, method="test", family=family, **more)


def measured(value: float, low: float | None = None, high: float | None = None, **more: Any) -> Measurement:
    """A measured sensitivity of the test set, or whatever `more` says."""
    fields: dict[str, Any] = {
        "evaluator": "fairness",
        "metric": "sensitivity",
        "dataset": "test",
        "dataset_digest": DIGEST,
        "status": "measured",
        "value": value,
        "direction": "higher",
        "n": 412,
        "events": 350,
        "method": METHOD,
        "interval": None if low is None or high is None else interval(low, high),
        "interval_reason": None if low is not None else "not computed",
    }
    return Measurement(**{**fields, **more})


def missing(reason: str = "12 patients, fewer than 30", **more: Any) -> Measurement:
    fields = {
        "evaluator": "fairness",
        "metric": "sensitivity",
        "dataset": "test",
        "dataset_digest": DIGEST,
        "status": "not_measured",
        "reason": reason,
        "method": METHOD,
    }
    return Measurement(**{**fields, **more})


def per_group(attribute: str, values: dict[str, tuple[float, float, float]], **more: Any) -> list[Measurement]:
    return [measured(*numbers, slice={attribute: group}, **more) for group, numbers in values.items()]


def pairs(
    attribute: str, groups: Iterable[str], low: float, high: float, simultaneous: tuple[float, float] | None = None
) -> list[Measurement]:
    family = "sensitivity: pairs"
    return [
        measured(
            (low + high) / 2,
            estimand="difference",
            slice={attribute: first},
            reference={attribute: second},
            over=attribute,
            interval=interval(low, high, 1 - 2 * 0.05),
            interval_reason=None,
            simultaneous=interval(*simultaneous, 0.95, family) if simultaneous else None,
        )
        for first, second in itertools.combinations(groups, 2)
    ]


def against_clean(
    difference: tuple[float, float, float], condition: Condition, *, metric: str = "auroc", **more: Any
) -> list[Measurement]:
    """A number under a condition, the clean one, and their paired difference."""
    value, low, high = difference
    common: dict[str, Any] = {"evaluator": "robustness", "metric": metric, **more}
    return [
        measured(0.85, 0.82, 0.88, **common),
        measured(0.85 + value, 0.85 + low, 0.85 + high, **{**common, "condition": condition}),
        measured(
            value,
            low,
            high,
            **{**common, "estimand": "difference", "condition": condition, "reference_condition": CLEAN},
        ),
    ]


def evidence(measurements: Iterable[Measurement], run_id: str = "5f1c09aa0b2d") -> Evidence:
    unique = {m.id: m for m in measurements}
    return Evidence(
        provenance=Provenance(
            run_id=run_id,
            subject={},
            datasets={},
            toolkit="0",
            libraries={},
            device="cpu",
            precision="float32",
            threads=1,
            processor="x",
            seed=0,
        ),
        metrics=METRICS,
        measurements=tuple(unique.values()),
    )


def rule(measure: Any, bar: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "r", "title": "A rule", "measure": measure, "bar": bar, "rationale": "because", **more}


def policy(*rules: dict[str, Any], **more: Any) -> Policy:
    return Policy.model_validate({"policy": "p", "version": "1", "rules": list(rules), **more})


def verdict(one: dict[str, Any], measurements: Iterable[Measurement], lock: Any = None, **more: Any) -> Verdict:
    (only,) = judge_all(policy(one, **more), evidence(measurements), lock or plan())
    return only


def run_folder(path: Path, measurements: Iterable[Measurement], lock: Any = None) -> RunFolder:
    """A folder as a run leaves it behind before anything is decided."""
    folder = RunFolder(path)
    path.mkdir(parents=True, exist_ok=True)
    lock = lock or plan()
    folder.spec_lock.write_bytes(readable_json(lock))
    folder.evidence_json.write_bytes(
        readable_json(json.loads(evidence(measurements, run_id_of(lock)).model_dump_json()))
    )
    return folder
