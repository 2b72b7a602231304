"""Rules on numbers under conditions: they lint, ask for what they need, and decide."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from condition_predictions import CLEAN, Worsened, condition, scale

from evaluators.robustness import DESCRIPTOR
from evaluators.robustness.scores.baselines import baseline
from governance.evidence.model import Evidence, Provenance
from governance.policy import Policy, judge_all
from governance.policy.lint import problems
from governance.policy.requests import requests

IMAGENET_C = tuple(baseline("imagenet-c").corrupted)


@pytest.fixture(scope="module")
def data(mortality) -> Worsened:
    """NHEFS scores under conditions that are called as those of ImageNet-C; noise harms women's more."""
    score = mortality.scores["test"]
    logit, stream = np.log(score / (1 - score)), np.random.default_rng(8)
    harm = np.where(mortality.test.frame["sex"] == "female", 1.0, 0.4)
    scores = {CLEAN: score}
    for name in IMAGENET_C:
        for severity in range(1, 6):
            moved = harm * stream.normal(0.3 * severity, 0.2, score.size)
            scores[condition(name, severity)] = 1 / (1 + np.exp(-logit - moved))
    return Worsened(mortality.test, scores, tuple(scale(name, 1, 2, 3, 4, 5) for name in IMAGENET_C))


def rule(name: str, measure: dict[str, Any], bar: dict[str, Any]) -> dict[str, Any]:
    measure = {"evaluator": "robustness", **measure}
    return {"id": name, "title": name, "measure": measure, "bar": bar, "rationale": "a test"}


POLICY = Policy.model_validate(
    {
        "policy": "bars",
        "version": "1",
        "rules": [
            rule("mce", {"metric": "mean_corruption_error"}, {"at_most": 0.9}),
            rule("mce-too-strict", {"metric": "mean_corruption_error"}, {"at_most": 0.1}),
            rule("mean", {"metric": "mean_error_under_conditions", "worst": "sex"}, {"at_most": 0.9}),
            rule("gap", {"metric": "classification_error", "difference": "sex", "condition": "fog"}, {"at_most": 0.6}),
            rule(
                "largest", {"metric": "classification_error_gap", "across": "sex", "condition": "fog"}, {"at_most": 0.5}
            ),
            rule(
                "strict",
                {"metric": "classification_error_gap", "across": "sex", "condition": "fog", "condition_severity": 5},
                {"at_most": 0.02},
            ),
            rule(
                "area",
                {"metric": "degradation_area", "condition": "fog", "condition_severity": "all"},
                {"at_most": 0.4},
            ),
            rule("be", {"metric": "balanced_corruption_error"}, {"at_most": 1.0}),
        ],
    }
)


def test_rules_on_summaries_and_gaps_under_conditions_lint_and_decide(data):
    assert list(problems(POLICY)) == []
    found = data.measure(compare=[], requests=requests(POLICY))
    attributes = {
        name: {"title": name, "order": list(a.groups), "groups": {g: {"n": 1} for g in a.groups}}
        for name, a in data.info.attributes.items()
    }
    lock = {
        "spec": {
            "datasets": {"test": {"role": "testing", "attributes": {name: {"column": name} for name in attributes}}},
            "evaluate": {"robustness": {"on": "test", "conditions": list(IMAGENET_C)}},
        },
        "evaluators": {"robustness": 1},
        "datasets": {"test": {"role": "testing", "digest": data.info.digest, "attributes": attributes}},
        "conditions": {name: {"severities": [1, 2, 3, 4, 5]} for name in IMAGENET_C},
    }
    provenance = Provenance(
        run_id="5f1c09aa0b2d", subject={}, datasets={}, toolkit="0", libraries={}, device="cpu", precision="float32",
        threads=1, processor="x", seed=0,
    )  # fmt: skip
    evidence = Evidence(provenance=provenance, metrics=DESCRIPTOR.metrics, measurements=tuple(found))
    verdicts = {one.rule: one for one in judge_all(POLICY, evidence, lock)}
    assert {name: str(one.outcome) for name, one in verdicts.items()} == {
        "mce": "pass",
        "mce-too-strict": "fail",
        "mean": "pass",
        "gap": "pass",
        "largest": "pass",
        "strict": "inconclusive",
        "area": "pass",
        "be": "not_measured",
    }
    assert len(verdicts["gap"].measurements) == 5
    assert "`reference` names a set" in verdicts["be"].sentence


def test_bars_that_make_no_sense_for_the_new_metrics_are_found():
    wrong = POLICY.model_copy(
        update={
            "rules": tuple(
                Policy.model_validate({"policy": "p", "version": "1", "rules": [one]}).rules[0]
                for one in (
                    rule("turned", {"metric": "mean_corruption_error"}, {"at_least": 0.5}),
                    rule("unknown", {"metric": "mean_corruption_eror"}, {"at_most": 0.5}),
                    rule("outside", {"metric": "degradation_area"}, {"at_most": 2}),
                )
            )
        }
    )
    messages = [problem.message for problem in problems(wrong)]
    assert "lower is better for mean_corruption_error" in messages[0]
    assert "has no metric 'mean_corruption_eror'" in messages[1]
    assert "outside the range" in messages[2]
