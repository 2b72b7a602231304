"""Which rules a run of a spec would leave not measured is known before it starts."""

from __future__ import annotations

from typing import Any

import pytest
from policy_cases import policy, rule

from governance.policy import unmeasurable
from governance.spec.model import Spec

SPEC = Spec.model_validate(
    {
        "version": 1,
        "subject": {"name": "nodule", "version": "2.3", "kind": "recorded"},
        "datasets": {
            "test": {"kind": "table", "role": "testing", "cluster": "patient", "attributes": {"sex": {"column": "sex"}}}
        },
        "evaluate": {"fairness": {"on": "test"}, "robustness": {"on": "test"}},
        "conditions": {"other-reader": "nodules:OTHER_READER"},
    }
)


@pytest.mark.parametrize(
    ("measure", "reason"),
    [
        ("fairness / sensitivity on test", None),
        ({"evaluator": "fairness", "metric": "sensitivity", "worst": "sex"}, None),
        ({"evaluator": "robustness", "metric": "auroc", "condition": "other-reader"}, None),
        ({"evaluator": "robustness", "metric": "auroc", "condition": "erosion"}, None),
        ("hallucination / accuracy", "the spec does not evaluate hallucination"),
        ("fairness / sensitivity on other", "the spec has no dataset other"),
        ({"evaluator": "fairness", "metric": "sensitivity", "worst": "sex x age"}, "test has no attribute age"),
        ({"evaluator": "fairness", "metric": "sensitivity", "slice": {"site": "A"}}, "test has no attribute site"),
        ({"evaluator": "robustness", "metric": "auroc", "condition": "sandstorm"}, "there is no condition sandstorm"),
        (
            {"evaluator": "robustness", "metric": "auroc", "condition": "outlines"},
            "outlines is a set; a rule names one of its conditions: erosion, dilation, outline-jitter, outline-dropout",
        ),
    ],
)
def test_a_rule_that_the_spec_cannot_answer_is_named(measure: Any, reason: str | None) -> None:
    found = list(unmeasurable(policy(rule(measure, {"at_least": 0.5})), SPEC))
    assert found == ([] if reason is None else [("r", reason)])
