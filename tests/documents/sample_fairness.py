"""INVENTED measurements of every part of the fairness evaluator, for tests of documents: nobody was measured."""

from __future__ import annotations

from typing import Any

from governance.evidence.model import Condition, Interval, Measurement, Method, MetricDescriptor, OperatingPoint

from .sample_evidence import METRICS, POINT, _m, _metric, fairness

SHRUNKEN = Method(name="hierarchical beta-binomial", parameters={"cells": 3}, source="invented")
CROSSED = {("F", "<40"): 0.70, ("F", ">=60"): 0.88, ("M", "<40"): 0.81}

NEW: tuple[MetricDescriptor, ...] = (
    _metric("rejected_rate", "Rejected inputs", "lower", "Share of cases without an output."),
    _metric("selection_rate", "Selection rate", "none", "Share of cases that the model flags."),
    _metric("balanced_accuracy", "Balanced accuracy", "higher", "Mean of sensitivity and specificity."),
    _metric("equal_opportunity_difference", "Equal opportunity difference", "lower", "Largest gap in sensitivity."),
    _metric("demographic_parity_ratio", "Demographic parity ratio", "higher", "Smallest over largest rate of flags."),
    _metric("equity_scaled_auroc_std", "Equity-scaled AUROC", "higher", "AUROC, marked down."),
    _metric("proxy_group_share", "Share of a found group", "none", "How many cases are in it."),
    _metric("proxy_group_sensitivity", "Sensitivity in a found group", "higher", "Share of positive cases flagged."),
    _metric("proxy_group_stability", "Stability of found groups", "higher", "Whether others give the same.", -0.5),
    _metric("proxy_group_cramers_v", "Cramér's V", "none", "How closely groups follow an attribute."),
    _metric("attribute_from_features", "Attribute from features", "none", "How well the features tell an attribute."),
    _metric("outcome_from_features", "Condition from features", "none", "How well the features tell the condition."),
    _metric("attribute_over_outcome", "Attribute over condition", "lower", "Which is easier to tell.", -1.0),
    _metric("sensitivity_held_constant", "Sensitivity, held constant", "higher", "With an attribute held constant."),
    _metric("neighbour_consistency", "Consistency among neighbours", "higher", "Whether like cases are decided alike."),
    _metric("counterfactual_flip_rate", "Decisions changed", "lower", "Share changed by an attribute alone."),
    _metric("sensitivity_gap_change", "Change of the gap in sensitivity", "none", "How gaps change.", -2.0, 2.0),
    _metric("hypervolume", "Hypervolume", "higher", "How much of both is within reach."),
    _metric("decided_by_chance", "Decided by chance", "lower", "Share that another draw would change."),
    _metric("operating_threshold", "Operating threshold", "none", "From where on cases are flagged.", 0.0, None),
)
ALL_METRICS = (*METRICS, *NEW)


def _n(name: str, value: float | None, n: int, **more: Any) -> Measurement:
    """One invented measurement; new metrics have a direction of their own."""
    direction = next(m.direction for m in ALL_METRICS if m.name == name)
    known = name if any(m.name == name for m in METRICS) else "prevalence"
    made = _m(known, value, n, **more)
    return Measurement.model_validate({**made.model_dump(exclude={"id"}), "metric": name, "direction": direction})


def around(value: float, width: float = 0.05, level: float = 0.95) -> Interval:
    """An interval around a value."""
    return Interval(low=value - width, high=value + width, level=level, method="invented")


def gaps() -> list[Measurement]:
    """Gaps over sex and over age, one of them not measured."""
    low = Method(name="over all groups", parameters={"lowest": "<40", "highest": ">=60"})
    return [
        *(_n("rejected_rate", 0.01, n, slice={"sex": group}) for group, n in (("F", 198), ("M", 214))),
        _n("equal_opportunity_difference", 0.04, 97, over="sex", gating=around(0.06, 0.06)),
        _n("demographic_parity_ratio", 0.91, 412, over="sex"),
        _n("equity_scaled_auroc_std", 0.87, 412, over="sex"),
        _n("equal_opportunity_difference", 0.15, 100, over="age", method=low),
        _n("demographic_parity_ratio", None, 0, over="age", reason="no group has a rate above 0, so there is no ratio"),
    ]


def intersections() -> list[Measurement]:
    """Cells of sex and age, raw and shrunken, one of them too small."""
    found = [
        _n(
            "sensitivity",
            None,
            9,
            slice={"sex": "M", "age": ">=60"},
            reason="too few patients: 9, at least 30 are needed",
        )
    ]
    for (sex, age), value in CROSSED.items():
        where = {"age": age, "sex": sex}
        found.append(_n("sensitivity", value, 17, slice=where))
        found.append(_n("sensitivity", 0.8, 17, slice=where, over="sex x age", variant="shrunken", method=SHRUNKEN))
    worst = {"age": "<40", "sex": "F"}
    wide = Interval(low=0.35, high=0.93, level=0.95, method="invented", family="cells")
    found.append(_n("sensitivity", 0.70, 17, slice=worst, estimand="worst", over="sex x age", simultaneous=wide))
    return found


def proxies() -> list[Measurement]:
    """Two found groups."""
    by = Method(name="invented", parameters={"groups_by": "k-means, 2 groups", "groups_found_in": "test"})
    found = []
    for group, value in (("1", 0.71), ("2", 0.92)):
        where = {"proxy group": group}
        found.append(_n("proxy_group_share", 0.5, 429, slice=where, method=by))
        found.append(_n("proxy_group_sensitivity", value, 50, slice=where, method=by))
    found.append(
        _n("proxy_group_sensitivity", 0.71, 50, slice={"proxy group": "1"}, estimand="worst", over="proxy group")
    )
    found.append(_n("proxy_group_stability", 0.66, 429, curve={"fits": 5}))
    found.append(_n("proxy_group_cramers_v", 0.12, 429, curve={"attribute": "sex"}))
    return found


def shortcuts() -> list[Measurement]:
    """Sex from features, and sensitivity with sex held constant."""
    told = {"curve": {"attribute": "sex"}, "target_class": "F"}
    held = {"curve": {"attribute": "sex"}}
    return [
        _n("outcome_from_features", 0.80, 429),
        _n("attribute_from_features", 0.97, 429, **told),
        _n("attribute_over_outcome", 0.17, 429, interval=around(0.17), **told),
        _n("sensitivity_held_constant", 0.84, 100, **held),
        _n("sensitivity_held_constant", -0.02, 100, estimand="difference", interval=around(-0.02), **held),
    ]


def similar() -> list[Measurement]:
    """Neighbours and pairs."""
    return [
        _n("neighbour_consistency", 0.9, 429),
        _n("neighbour_consistency", 0.88, 198, slice={"sex": "F"}),
        _n(
            "counterfactual_flip_rate",
            0.03,
            200,
            condition=Condition(name="other-reader"),
            reference_condition=Condition(),
        ),
    ]


def baseline() -> list[Measurement]:
    """A baseline that is worse for men."""
    name = Method(name="invented", parameters={"baseline": "size alone"})
    change = {"estimand": "difference", "reference_variant": "baseline", "method": name}
    return [
        _n("sensitivity", 0.80, 100, variant="baseline", method=name),
        _n("balanced_accuracy", 0.81, 429, variant="baseline", method=name),
        _n("sensitivity", 0.06, 100, interval=around(0.06), p_value=0.04, test="McNemar; not adjusted", **change),
        _n("sensitivity", 0.01, 43, slice={"sex": "F"}, interval=around(0.01), **change),
        _n("balanced_accuracy", 0.03, 429, interval=around(0.03), **change),
        _n(
            "sensitivity_gap_change",
            -0.02,
            97,
            slice={"sex": "F"},
            reference={"sex": "M"},
            over="sex",
            interval=around(-0.02),
            **change,
        ),
    ]


def trade_offs() -> list[Measurement]:
    """Three thresholds, group thresholds, and how many of them chance decides."""
    found = []
    for threshold, first, second, best in ((0.2, 0.60, 0.95, True), (0.4, 0.80, 0.80, True), (0.6, 0.70, 0.50, False)):
        at = {
            "operating_point": OperatingPoint(threshold=threshold, rule="swept"),
            "operating_rule": "swept",
            "curve": {"threshold": threshold},
            "method": Method(name="invented", parameters={"on_front": best, "over": "sex"}),
        }
        found.append(_n("balanced_accuracy", first, 429, **at))
        found.append(_n("sensitivity", second, 43, slice={"sex": "F"}, over="sex", **at))
    many = Method(name="invented", parameters={"thresholds": 3, "on_front": 2})
    rule = Method(name="invented", parameters={"rule": "flagged above 0.4 with probability 0.7"})
    ways = {"variant": "group thresholds", "reference_variant": "operating point", "estimand": "difference"}
    return [
        *found,
        _n("hypervolume", 0.74, 429, over="sex", variant="thresholds", method=many),
        _n("sensitivity", -0.05, 100, interval=around(-0.05), **ways),
        _n("sensitivity", -0.08, 43, slice={"sex": "F"}, interval=around(-0.08), **ways),
        _n("decided_by_chance", 0.15, 429, over="sex", variant="group thresholds", method=rule),
    ]


def threshold() -> list[Measurement]:
    """The threshold on other patients."""
    other = {"variant": "threshold resampled"}
    return [
        _n("operating_threshold", 0.42, 310, interval=around(0.42, 0.11), operating_point=POINT, dataset="validation"),
        _n("sensitivity", 0.83, 100, **other),
        _n("sensitivity", 0.80, 43, slice={"sex": "F"}, **other),
    ]


PARTS = (gaps, intersections, proxies, shortcuts, similar, baseline, trade_offs, threshold)


def everything() -> list[Measurement]:
    """All that a fairness evaluation can hold."""
    return [*fairness(), *(m for part in PARTS for m in part())]


def several_classes() -> list[Measurement]:
    """Two classes by sex, one of them worse."""
    found = [_n("sensitivity", 0.9, 60, target_class=name) for name in ("a", "b")]
    for group, value in (("F", 0.7), ("M", 0.9)):
        found.append(_n("sensitivity", value, 30, slice={"sex": group}, target_class="a"))
    found.append(_n("sensitivity", 0.7, 30, slice={"sex": "F"}, target_class="a", estimand="worst", over="sex"))
    return found
