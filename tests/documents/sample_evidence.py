"""INVENTED measurements for tests of documents: no model was run and nobody was measured."""

from __future__ import annotations

import math
from typing import Any

from governance.evidence.model import (
    CLEAN,
    Condition,
    Interval,
    Measurement,
    Method,
    MetricDescriptor,
    OperatingPoint,
)

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


def measurements() -> list[Measurement]:
    """All invented measurements."""
    return [*fairness(), *robustness(), *efficiency()]
