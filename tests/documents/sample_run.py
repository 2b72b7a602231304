"""A complete run folder with INVENTED data, for tests of documents only.

No model was run and nobody was measured: every number and every statement below is made up so that each block of the
content model, each verdict and each kind of gap occurs once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from governance.errors import ExitCode
from governance.evidence.canonical import digest_json
from governance.evidence.folder import RunFolder
from governance.evidence.model import (
    CLEAN,
    Condition,
    Evidence,
    Interval,
    Measurement,
    Method,
    MetricDescriptor,
    OperatingPoint,
    Provenance,
)
from governance.licences.statement import LicenceStatement, RestrictionInForce
from governance.policy.model import Decision, Outcome, Severity, Verdict

DIGEST = {"validation": "a1" * 32, "test": "b2" * 32, "train": "c3" * 32}
POINT = OperatingPoint(threshold=0.42, rule="sensitivity_at_specificity", chosen_on="validation", n=310)
WILSON = Method(name="Wilson score interval", parameters={"clustered": True}, source="Wilson 1927")
BOOT = Method(name="patient bootstrap", parameters={"replicates": 2000}, source="Efron and Tibshirani 1993")

GROUPS: dict[str, list[tuple[str, int, int]]] = {
    "sex": [("F", 198, 43), ("M", 214, 54), ("not recorded", 17, 3)],
    "age": [("<40", 131, 34), ("40-60", 153, 31), (">=60", 145, 35)],
}
SENSITIVITY = {"F": 0.84, "M": 0.88, "<40": 0.76, "40-60": 0.90, ">=60": 0.91}
CONDITIONS = {
    "motion": [0.87, 0.84, 0.78, 0.71, 0.66],
    "noise": [0.88, 0.87, 0.86, 0.83, 0.80],
    "other-reader": [0.86],
    "coarser-grid": [0.88, 0.86, 0.84, 0.82, 0.77],
}


def _metric(name: str, title: str, direction: str, explanation: str, low: float | None = 0.0, high: float | None = 1.0):
    return MetricDescriptor(
        name=name,
        title=title,
        direction=direction,
        low=low,
        high=high,
        formula=f"the usual one of {title}",
        explanation=explanation,
        does_not_show="whether patients fare better with the model.",
        source="invented for this sample",
    )


METRICS = (
    _metric("prevalence", "Prevalence", "none", "Share of cases that are positive."),
    _metric("sensitivity", "Sensitivity", "higher", "Share of positive cases that the model flags."),
    _metric("specificity", "Specificity", "higher", "Share of negative cases that the model leaves alone."),
    _metric(
        "positive_predictive_value", "Positive predictive value", "higher", "Share of flagged cases that are positive."
    ),
    _metric(
        "negative_predictive_value",
        "Negative predictive value",
        "higher",
        "Share of unflagged cases that are negative.",
    ),
    _metric("auroc", "AUROC", "higher", "Chance that a positive case scores higher than a negative one."),
    _metric("brier_score", "Brier score", "lower", "Mean squared distance of predicted risk and outcome."),
    _metric(
        "calibration_in_the_large", "Calibration in the large", "none", "Mean observed minus mean predicted.", -1.0
    ),
    _metric("calibration_slope", "Calibration slope", "none", "Slope of outcome on predicted log odds.", None, None),
    _metric("expected_calibration_error", "Expected calibration error", "lower", "Mean gap of predicted and observed."),
    _metric("observed_frequency", "Observed frequency", "none", "Share of positives in a bin of predicted risk."),
    _metric("flip_rate", "Flip rate", "lower", "Share of decisions that change against the clean input."),
)


def wilson(p: float, n: int, z: float = 1.96) -> Interval:
    """Wilson's interval, so that the invented numbers look like numbers."""
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Interval(low=max(0, centre - half), high=min(1, centre + half), level=0.95, method="Wilson")


def _m(metric: str, value: float | None, n: int, *, events: int | None = None, **more: Any) -> Measurement:
    measured = value is not None
    base: dict[str, Any] = {
        "evaluator": "fairness",
        "metric": metric,
        "dataset": "test",
        "dataset_digest": DIGEST["test"],
        "status": "measured" if measured else "not_measured",
        "value": value,
        "n": n,
        "n_clusters": n - n // 9,
        "events": events,
        "direction": next(m.direction for m in METRICS if m.name == metric),
        "method": WILSON,
    }
    if measured and "interval" not in more and "interval_reason" not in more:
        base["interval"] = wilson(abs(value), max(n, 2)) if 0 <= value <= 1 else None
        if base["interval"] is None:
            base["interval_reason"] = "exact"
    if metric in ("sensitivity", "specificity", "positive_predictive_value", "negative_predictive_value", "flip_rate"):
        base["operating_point"] = POINT
        base["operating_rule"] = "sensitivity_at_specificity 0.80 on validation"
    return Measurement(**{**base, **more})


def fairness() -> list[Measurement]:
    """Values for everyone, by group, worst groups, differences and the reliability curve."""
    found = [
        _m("prevalence", 100 / 429, 429, events=100),
        _m("sensitivity", 0.86, 100, events=86),
        _m("specificity", 0.81, 329, events=266),
        _m("positive_predictive_value", 0.58, 149, events=86),
        _m("negative_predictive_value", 0.95, 280, events=266),
        _m("auroc", 0.89, 429, events=100, method=BOOT),
        _m("brier_score", 0.113, 429, events=100, method=BOOT),
        _m(
            "calibration_in_the_large",
            -0.021,
            429,
            method=BOOT,
            interval=Interval(low=-0.058, high=0.016, level=0.95, method="patient bootstrap"),
        ),
        _m(
            "calibration_slope",
            0.93,
            429,
            method=BOOT,
            interval=Interval(low=0.71, high=1.18, level=0.95, method="patient bootstrap"),
        ),
        _m("expected_calibration_error", 0.034, 429, interval_reason="biased upwards in small samples", method=BOOT),
    ]
    for attribute, groups in GROUPS.items():
        for group, n, events in groups:
            where = {attribute: group}
            if group == "not recorded":
                reason = "fewer than 30 patients"
                found += [_m(k, None, n, events=events, slice=where, reason=reason) for k in ("sensitivity", "auroc")]
                continue
            p = SENSITIVITY[group]
            found += [
                _m("sensitivity", p, events, events=round(p * events), slice=where),
                _m("specificity", 0.80, n - events, events=round(0.8 * (n - events)), slice=where),
                _m("auroc", p + 0.02, n, events=events, slice=where, method=BOOT),
            ]
        worst = min((g for g, *_ in groups if g in SENSITIVITY), key=lambda g: SENSITIVITY[g])
        events = next(e for g, _, e in groups if g == worst)
        wide = wilson(SENSITIVITY[worst], events, 2.4).model_copy(update={"family": f"sensitivity over {attribute}"})
        found.append(
            _m(
                "sensitivity",
                SENSITIVITY[worst],
                events,
                slice={attribute: worst},
                estimand="worst",
                over=attribute,
                simultaneous=wide,
            )
        )
    found.append(
        _m(
            "sensitivity",
            -0.04,
            97,
            slice={"sex": "F"},
            reference={"sex": "M"},
            estimand="difference",
            over="sex",
            interval=Interval(low=-0.16, high=0.08, level=0.90, method="Newcombe"),
        )
    )
    for i, (predicted, observed, n) in enumerate(
        [
            (0.05, 0.03, 120),
            (0.15, 0.11, 84),
            (0.25, 0.22, 61),
            (0.35, 0.37, 48),
            (0.45, 0.41, 36),
            (0.55, 0.57, 28),
            (0.65, 0.62, 20),
            (0.75, 0.79, 14),
            (0.85, 0.80, 10),
            (0.95, 0.88, 8),
        ]
    ):
        found.append(_m("observed_frequency", observed, n, curve={"bin": i, "predicted": predicted}))
    return found


def robustness() -> list[Measurement]:
    """AUROC per condition and severity, and the paired differences to the clean input."""
    found = [_m("auroc", 0.89, 429, events=100, evaluator="robustness", method=BOOT)]
    for name, values in CONDITIONS.items():
        for severity, value in enumerate(values, start=1):
            condition = Condition(name=name, severity=severity if len(values) > 1 else None)
            common = {"evaluator": "robustness", "condition": condition, "method": BOOT}
            found.append(_m("auroc", value, 429, events=100, **common))
            found.append(
                _m(
                    "auroc",
                    value - 0.89,
                    429,
                    estimand="difference",
                    reference_condition=CLEAN,
                    interval=Interval(low=value - 0.915, high=value - 0.865, level=0.95, method="paired"),
                    **common,
                )
            )
            found.append(_m("flip_rate", 0.02 * severity, 429, **common))
    found.append(
        _m(
            "auroc",
            None,
            0,
            evaluator="robustness",
            condition=Condition(name="second-site"),
            reason="no data from another site was given",
        )
    )
    return found


def efficiency() -> list[Measurement]:
    """Label efficiency of two arms."""
    arms = {"frozen-features": [0.78, 0.82, 0.85, 0.87, 0.88], "from-scratch": [0.62, 0.70, 0.78, 0.84, 0.88]}
    found = []
    for arm, values in arms.items():
        for fraction, value in zip([0.02, 0.05, 0.10, 0.33, 1.0], values, strict=True):
            found.append(
                _m(
                    "auroc",
                    value,
                    429,
                    evaluator="data_efficiency",
                    variant=arm,
                    fraction=fraction,
                    estimand="mean",
                    interval=Interval(
                        low=value - 0.05 + 0.02 * fraction,
                        high=value + 0.04 - 0.02 * fraction,
                        level=0.95,
                        method="patients and seeds",
                    ),
                    method=BOOT,
                )
            )
            for seed in (0, 1, 2):
                found.append(
                    _m(
                        "auroc",
                        value + 0.01 * (seed - 1),
                        429,
                        evaluator="data_efficiency",
                        variant=arm,
                        fraction=fraction,
                        seed=seed,
                        method=BOOT,
                        interval_reason="one fit; the interval is on the mean over seeds",
                    )
                )
    return found


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
            "test": {"kind": "table", "role": "testing", "title": "Contours, one hospital", "attributes": attributes},
            "validation": {"kind": "table", "role": "validation", "attributes": attributes},
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
                supports=("AIA-ART15-1", "AIA-ANX4-2g"),
                controls="H-01" if key == "overall" else None,
                line=12,
            )
            for rule, title, outcome, severity, sentence, key, bar in rows
        ),
        exit_code=ExitCode.FAILED,
        summary="1 blocking rule failed.",
    )


def measurements() -> list[Measurement]:
    """All invented measurements."""
    return [*fairness(), *robustness(), *efficiency()]


def write(
    runs: Path,
    *,
    facts: Mapping[str, Any] = FACTS,
    found: list[Measurement] | None = None,
    changes: Mapping[str, Any] | None = None,
    decided: bool = True,
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
        metrics=METRICS,
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
