"""Thresholds set in MLflow become a draft that can be read, and what cannot be carried over is said."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from governance.errors import InputError
from governance.policy import load_policy
from governance.policy.drafting import COUNTERPARTS, draft
from governance.policy.model import Policy
from governance.policy.thresholds import KINDS, read_thresholds


def drafted(folder: Path, content: Any, kind: str = "mlflow-thresholds") -> tuple[Policy, str]:
    """A policy read from the draft of a file, and the draft's comments."""
    file = folder / "thresholds.yaml"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    text, made = draft(read_thresholds(file, kind), kind, file.name)
    (folder / "policy.yaml").write_text(text)
    policy = load_policy(folder / "policy.yaml").policy
    assert made.count == len(policy.rules)
    return policy, "\n".join(line for line in text.splitlines() if line.lstrip().startswith("#"))


def test_a_threshold_becomes_a_bar_with_a_reason_to_be_filled(tmp_path: Path) -> None:
    policy, comments = drafted(
        tmp_path,
        {
            "recall_score": {"threshold": 0.8, "greater_is_better": True},
            "mean_absolute_error": {"threshold": 3, "greater_is_better": False},
        },
    )
    recall, error = policy.rules
    assert (recall.measure.metric, recall.bar.at_least) == ("sensitivity", 0.8)
    assert (error.measure.metric, error.bar.at_most) == ("mean_absolute_error", 3)
    assert policy.status == "draft"
    for rule in policy.rules:
        assert "thresholds.yaml (MLflow MetricThreshold)" in rule.rationale
        assert "to be filled" in rule.rationale
    assert "whole interval must clear the bar" in comments
    assert "Not carried over" not in comments


def test_changes_against_a_baseline_are_not_carried_over_as_if_they_were(tmp_path: Path) -> None:
    policy, comments = drafted(
        tmp_path,
        {
            "roc_auc": {"min_absolute_change": 0.02, "greater_is_better": True},
            "recall": {"min_relative_change": 0.1, "greater_is_better": True},
        },
    )
    (rule,) = policy.rules
    assert (rule.measure.metric, rule.bar.not_worse_than, rule.bar.by) == ("auroc", "baseline", 0)
    assert "'roc_auc' asks for an improvement on the baseline by 0.02. There is no bar for that" in comments
    assert "Not carried over: 'recall': min_relative_change 0.1; no bar is a share of the baseline's value" in comments


@pytest.mark.parametrize(
    ("metric", "threshold", "reason"),
    [
        ("sensitvity", {"threshold": 0.8, "greater_is_better": True}, "did you mean 'sensitivity'?"),
        ("toxicity", {"threshold": 0.1, "greater_is_better": False}, "nothing here measures it under this name"),
        ("log_loss", {"threshold": 0.1, "greater_is_better": False}, "brier_score"),
        ("roc_auc", {"threshold": 90, "greater_is_better": True}, "90 lies outside the range of auroc, 0 to 1"),
        ("specificity", {"threshold": 0.9, "greater_is_better": False}, "would ask for a worse model"),
        ("specificity", {"min_absolute_change": 0.1, "greater_is_better": False}, "would ask for a worse model"),
    ],
)
def test_what_makes_no_sense_here_stands_in_a_comment(
    tmp_path: Path, metric: str, threshold: dict[str, Any], reason: str
) -> None:
    policy, comments = drafted(tmp_path, {metric: threshold})
    assert policy.rules == ()
    assert f"# Not carried over: '{metric}': " in comments
    assert reason in comments


@pytest.mark.parametrize("name", sorted(COUNTERPARTS))
def test_every_counterpart_is_measured(tmp_path: Path, name: str) -> None:
    better = name != "brier_loss"
    (rule,) = drafted(tmp_path, {name: {"threshold": 0.5, "greater_is_better": better}})[0].rules
    assert rule.measure.metric == COUNTERPARTS[name]


@pytest.mark.parametrize(
    "content",
    [
        "accuracy >= 0.9 AND unparsed_rate <= 0.05",
        '"accuracy >= 0.9 AND unparsed_rate <= 0.05"',
        "- accuracy >= 0.9\n- unparsed_rate<=0.05",
        'quality_criteria: "accuracy >= 0.9 and unparsed_rate <= 0.05"',
        "quality_criteria: [accuracy/mean >= 0.9, unparsed_rate/mean <= 0.05]",
    ],
)
def test_quality_criteria_are_read_however_they_are_kept(tmp_path: Path, content: str) -> None:
    rules = drafted(tmp_path, content, "quality-criteria")[0].rules
    assert [(rule.measure.metric, rule.bar.at_least, rule.bar.at_most) for rule in rules] == [
        ("accuracy", 0.9, None),
        ("unparsed_rate", None, 0.05),
    ]
    assert all("MLflow quality_criteria" in rule.rationale for rule in rules)


def test_two_criteria_of_one_metric_are_two_rules(tmp_path: Path) -> None:
    policy, _ = drafted(tmp_path, "yes_rate >= 0.4 AND yes_rate <= 0.6", "quality-criteria")
    assert [rule.id for rule in policy.rules] == ["yes-rate", "yes-rate-2"]


@pytest.mark.parametrize(
    ("kind", "content", "place", "message"),
    [
        ("quality-criteria", "a > 0.3", "1:1", "is no criterion"),
        ("quality-criteria", "- a >= 0.3\n- b >= 0.3 OR c >= 1", "2:3", "is no criterion"),
        ("quality-criteria", "a >= high", "1:1", "'high' is no number"),
        ("quality-criteria", "a >= nan", "1:1", "'nan' is no number"),
        ("quality-criteria", "a >= 0.3 AND", "1:1", "is no criterion"),
        ("quality-criteria", "[]", "1:1", "sets no threshold"),
        ("quality-criteria", "[3]", "1:2", "a criterion is a text"),
        ("quality-criteria", "criteria: x", "1:1", "this is no quality_criteria"),
        ("mlflow-thresholds", "{}", "1:1", "sets no threshold"),
        ("mlflow-thresholds", "a: {threshold: 1}", "1:1", "greater_is_better"),
        ("mlflow-thresholds", "a: {greater_is_better: true}", "1:1", "at least one of threshold"),
        ("mlflow-thresholds", "a: {threshold: x, greater_is_better: true}", "1:16", "number"),
        ("mlflow-thresholds", "a: {threshold: 1, greater_is_better: 1}", "1:38", "true or false"),
        ("mlflow-thresholds", "a: {min_absolute_change: 0, greater_is_better: true}", "1:26", "must be more than 0"),
        ("mlflow-thresholds", "a: {threshold: true, greater_is_better: true}", "1:16", "number"),
        ("mlflow-thresholds", "a: {min_relative_change: 2, greater_is_better: true}", "1:26", "1"),
        ("mlflow-thresholds", "a: {treshold: 1, greater_is_better: true}", "1:5", "did you mean 'threshold'"),
    ],
)
def test_what_is_no_threshold_is_refused_where_it_stands(
    tmp_path: Path, kind: str, content: str, place: str, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        drafted(tmp_path, content, kind)
    assert f"thresholds.yaml:{place}: " in str(caught.value)
    assert message in str(caught.value)


def test_mutated_files_give_a_draft_that_can_be_read_or_bad_input(tmp_path: Path) -> None:
    rng = random.Random(11)
    seeds = {
        "mlflow-thresholds": '{"recall": {"threshold": 0.8, "greater_is_better": true}, "x\\ny": {"threshold": 1, '
        '"min_absolute_change": 0.1, "min_relative_change": 0.5, "greater_is_better": false}}',
        "quality-criteria": 'quality_criteria: ["accuracy >= 0.9 AND safety <= 0.1", "yes_rate >= 1e-9"]',
    }
    pieces = [
        "",
        " ",
        "\n",
        ":",
        "- ",
        "{",
        "}",
        '"',
        "'",
        "#",
        "&a ",
        "*a",
        "0",
        "-1",
        ".inf",
        "1e999",
        "é",
        "\\u2028",
    ]
    read = 0
    for kind in KINDS:
        for _ in range(100):
            text = seeds[kind]
            for _ in range(rng.randrange(1, 3)):
                start = rng.randrange(len(text))
                text = text[:start] + rng.choice(pieces) + text[start + rng.choice([0, 0, 1, 2]) :]
            try:
                drafted(tmp_path, text, kind)
                read += 1
            except InputError as error:
                assert error.location is not None  # noqa: PT017 - both ways out are right
    assert 15 < read < 185


@pytest.mark.slow
def test_a_threshold_is_read_where_mlflow_takes_it(tmp_path: Path) -> None:
    validation = pytest.importorskip("mlflow.models.evaluation.validation")
    rng = random.Random(7)
    taken = 0
    for _ in range(300):
        values: dict[str, Any] = {
            "threshold": [0, 0.5, -3, 2.5],
            "min_absolute_change": [0, 0.1, -0.1],
            "min_relative_change": [0.0, 0.2, 1.0, 1.5, -0.5],
            "greater_is_better": [True, False],
        }
        chosen = {key: rng.choice(options) for key, options in values.items() if rng.random() < 0.6}
        try:
            validation.MetricThreshold(**chosen)
            fits = True
        except validation.MetricThresholdClassException:
            fits = False
        try:
            drafted(tmp_path, {"r2_score": chosen})
            read = True
        except InputError:
            read = False
        assert read == fits, chosen
        taken += fits
    assert 20 < taken < 280
