"""A complete run folder with INVENTED data, for tests of documents only.

No model was run and nobody was measured: every number and every statement below is made up so that each block of the
content model, each verdict and each kind of gap occurs once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from governance.errors import ExitCode
from governance.evidence.canonical import digest_json
from governance.evidence.folder import RunFolder
from governance.evidence.model import Evidence, Measurement, MetricDescriptor, Provenance
from governance.licences.statement import LicenceStatement, RestrictionInForce
from governance.policy import Decision, Outcome, Severity, Verdict

from .sample_evidence import DIGEST, GROUPS, METRICS, measurements

LICENCE = LicenceStatement(
    status="given",
    kind="OpenRAIL-M",
    title="OpenRAIL-M",
    is_rail=True,
    artifacts=("model",),
    licensor="Northwind Imaging (invented)",
    restrictions=(
        RestrictionInForce(id="no-standalone", label="Not for diagnosis without a reader", source="x", upstream=False),
    ),
    flow_down=("Pass the restrictions on.",),
    warnings=("A restriction contradicts the intended purpose (invented).",),
)


def _fact(statement: str, disclosure: str = "public", review_by: str = "2027-06-30") -> dict[str, Any]:
    return {
        "statement": statement,
        "owner": "A. Invented",
        "date": "2026-09-01",
        "review_by": review_by,
        "disclosure": disclosure,
        "source": None,
    }


FACTS = {
    "intended_purpose": _fact(
        "Second reader of chest CT in adults: marks nodules whose contour looks suspicious. It does not rule out "
        "cancer and must not be used alone."
    ),
    "finding": _fact("a suspicious nodule"),
    "users": _fact("Radiologists who read chest CT."),
    "not_for": _fact("Children; pregnant patients; follow-up of a known cancer."),
    "provider": _fact("Northwind Imaging (invented)"),
    "responsible_person": _fact("Dr. Ada Invented, clinical safety"),
    "contact": _fact("safety@northwind.invalid"),
    "training_data": _fact(
        "Contours from one reading study of 2011, seven sites in one country.", review_by="2026-01-31"
    ),
    "limitations": _fact("Nodules that readers rated as indeterminate were left out, which flatters the results."),
    "human_oversight": _fact("The radiologist reads first, then sees the mark, and may dismiss it with one key."),
    "when_unsure": _fact("Ignore the mark and read as without the model; report the case to the provider."),
    "support_price": _fact("CANARY-CUSTOMER: support is billed by the hour.", "customer"),
    "supplier_audit": _fact("CANARY-CONFIDENTIAL: the supplier of the labels was audited in May.", "confidential"),
}


def spec(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The resolved spec."""
    attributes = {
        "sex": {"column": "sex", "title": "Sex", "bands": None, "unit": None, "labels": None},
        "age": {"column": "age", "title": "Age", "bands": [40, 60], "unit": None, "labels": None},
    }
    return {
        "version": 1,
        "subject": {"name": "nodule-suspicion", "version": "2.3.0", "kind": "timm", "task": "binary"},
        "datasets": {
            "test": {
                "kind": "table",
                "role": "testing",
                "title": "Contours, one hospital",
                "attributes": attributes,
                "cluster": "patient",
            },
            "validation": {"kind": "table", "role": "validation", "attributes": attributes, "cluster": "patient"},
        },
        "evaluate": {"fairness": {"on": "test", "groups": ["sex", "age"]}, "robustness": {"on": "test"}},
        "facts": dict(facts),
        "hazards": {
            "H-01": {
                "hazard": "A suspicious nodule is missed",
                "situation": None,
                "harm": "Cancer is found late",
                "who": "the patient",
                "severity": "critical",
                "controls": ["sensitivity-overall"],
                "residual_risk": "low; double reading remains",
                "accepted_by": None,
            },
        },
        "licence": {
            "kind": "OpenRAIL-M",
            "artifacts": ["model"],
            "restrictions": ["no-standalone-diagnosis"],
            "own_restrictions": {"no-under-18": "Not for patients under 18."},
            "inherits": [],
            "text": None,
            "licensor": "Northwind Imaging (invented)",
        },
        "policy": "policy.yaml",
        "settings": {"seed": 0},
    }


def _dataset(name: str, role: str) -> dict[str, Any]:
    def group(n: int, events: int) -> dict[str, Any]:
        return {"n": n, "clusters": n - n // 9, "events": events}

    return {
        "role": role,
        "title": "Contours, one hospital",
        "modality": "contour-projection",
        "digest": DIGEST[name],
        "n": 429,
        "clusters": 382,
        "clustered": True,
        "cluster_reason": None,
        "classes": ["0", "1"],
        "target": "suspicious",
        "events": 100,
        "attributes": {
            attribute: {
                "title": attribute.capitalize(),
                "order": [g for g, *_ in groups],
                "groups": {g: group(n, e) for g, n, e in groups},
            }
            for attribute, groups in GROUPS.items()
        },
    }


def decision(run_id: str, evidence_digest: str, ids: Mapping[str, str]) -> Decision:
    """One verdict of each kind."""
    rows = [
        (
            "sensitivity-overall",
            "Finds suspicious nodules",
            "pass",
            "block",
            "0.86 (0.78 to 0.91, n=100) clears 0.75.",
            "overall",
            {"at_least": 0.75},
        ),
        (
            "sensitivity-worst-age",
            "Finds them at every age",
            "inconclusive",
            "block",
            "under 40: 0.76 (0.59 to 0.87, n=34) lies on both sides of 0.75; about 160 more patients would settle it.",
            "worst-age",
            {"at_least": 0.75},
        ),
        (
            "motion",
            "Keeps its answer when the patient moves, severity 3",
            "fail",
            "block",
            "AUROC 0.78 against 0.89 clean: difference -0.11 (-0.14 to -0.09), margin 0.03.",
            "motion",
            {"not_worse_than": "clean", "by": 0.03},
        ),
        (
            "second-site",
            "Works in a second hospital",
            "not_measured",
            "warn",
            "no data from another site was given.",
            "second-site",
            {"at_least": 0.8},
        ),
        (
            "specificity-overall",
            "Few false alarms",
            "pass",
            "warn",
            "0.81 (0.76 to 0.85, n=329) clears 0.70.",
            "specificity",
            {"at_least": 0.7},
        ),
    ]
    return Decision(
        policy="nodule-suspicion-release",
        policy_version="1.2",
        policy_digest="d4" * 32,
        run_id=run_id,
        evidence_digest=evidence_digest,
        recorded_before_run=True,
        verdicts=tuple(
            Verdict(
                rule=rule,
                title=title,
                outcome=Outcome(outcome),
                severity=Severity(severity),
                sentence=sentence,
                measurements=(ids[key],),
                bar=bar,
                rationale="Agreed with two readers (invented).",
                set={"by": "clinical safety", "on": "2026-10-02"},
                supports=("AIA-15-1", "AIA-ANX4-2g"),
                controls="H-01" if key == "overall" else None,
                line=12,
            )
            for rule, title, outcome, severity, sentence, key, bar in rows
        ),
        exit_code=ExitCode.FAILED,
        summary="1 blocking rule failed.",
    )


def write(
    runs: Path,
    *,
    facts: Mapping[str, Any] = FACTS,
    found: list[Measurement] | None = None,
    changes: Mapping[str, Any] | None = None,
    decided: bool = True,
    metrics: tuple[MetricDescriptor, ...] | None = None,
) -> RunFolder:
    """Write the run folder under `runs` and return it. `changes` replaces entries of the lock."""
    found = measurements() if found is None else found
    lock: dict[str, Any] = {
        "version": 1,
        "spec": spec(facts),
        "subject": {
            "name": "nodule-suspicion",
            "version": "2.3.0",
            "kind": "timm",
            "task": "binary",
            "digest": "e5" * 32,
        },
        "datasets": {"test": _dataset("test", "testing"), "validation": _dataset("validation", "validation")},
        "needs": [],
        "requests": [],
        "evaluators": {"fairness": 1, "robustness": 1, "data_efficiency": 1},
        "collectors": {"predict": 1, "fit": 1},
        "conditions": {
            "motion": {"version": 1, "severities": [1, 2, 3, 4, 5], "title": "Patient moves"},
            "noise": {"version": 1, "severities": [1, 2, 3, 4, 5], "title": "Noise"},
            "other-reader": {"version": 1, "severities": [], "title": "Another reader's contour"},
            "coarser-grid": {"version": 1, "severities": [1, 2, 3, 4, 5], "title": "Coarser grid"},
        },
        "settings": {
            "device": "cpu",
            "precision": "float32",
            "threads": 2,
            "batch_size": 256,
            "seed": 0,
            "level": 0.95,
            "minimum_patients": 30,
            "minimum_events": 10,
            "replicates": 2000,
        },
        "toolkit": "0.1.0",
        "templates": "f6" * 32,
        "libraries": {"numpy": "2.3.0", "torch": "2.14.1"},
        "processor": "AVX2",
        **(changes or {}),
    }
    run_id = digest_json(lock)[:12]
    folder = RunFolder(runs / run_id)
    folder.write_json(folder.spec_lock, lock)
    evidence = Evidence(
        provenance=Provenance(
            run_id=run_id,
            subject=lock["subject"],
            datasets=DIGEST,
            toolkit="0.1.0",
            libraries=lock["libraries"],
            device="cpu",
            precision="float32",
            threads=2,
            processor="AVX2",
            seed=0,
        ),
        metrics=METRICS if metrics is None else metrics,
        measurements=tuple(found),
    )
    folder.write_json(folder.evidence_json, evidence.model_dump(mode="json"))
    folder.write_json(folder.run_json, {"started_at": "2026-11-14T09:30:00+00:00"})
    folder.write_json(folder.licence / "licence.json", {"version": 1, **LICENCE.model_dump(mode="json")})
    folder.write_json(folder.policy_lock, {"digest": "d4" * 32})
    if found and decided:
        ids = {
            "overall": next(m.id for m in found if m.metric == "sensitivity" and not m.slice),
            "worst-age": next(m.id for m in found if m.estimand == "worst" and m.over == "age"),
            "motion": next(
                m.id for m in found if m.estimand == "difference" and str(m.condition) == "motion, severity 3"
            ),
            "second-site": next(m.id for m in found if m.condition.name == "second-site"),
            "specificity": next(m.id for m in found if m.metric == "specificity" and not m.slice),
        }
        made = decision(run_id, folder.evidence_digest(), ids)
        folder.write_json(folder.decisions / f"{made.policy_digest[:16]}.json", made.model_dump(mode="json"))
    return folder
