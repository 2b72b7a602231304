"""What `docs/measure-robustness.md` says to write is what the options and policies take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from evaluators.robustness import DESCRIPTOR, RobustnessOptions
from governance.plugins import installed
from governance.policy import Policy
from governance.policy.lint import problems

BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`")
OTHER_WORDS = frozenset({"operating_point", "reference_condition"})
"""Words of the page that look like metrics and are not."""


@pytest.fixture(scope="module")
def page(checkout: Path) -> str:
    return (checkout / "docs" / "measure-robustness.md").read_text(encoding="utf-8")


def blocks(page: str) -> Iterator[dict[str, Any]]:
    for text in BLOCK.findall(page):
        yield YAML(typ="safe").load(text)


def test_every_block_of_options_is_taken(page: str) -> None:
    seen = 0
    for content in blocks(page):
        if "rules" in content:
            continue
        whole = content.get("evaluate", {"robustness": content})
        for evaluator, options in whole.items():
            conditions = {"conditions": ["gaussian-noise"]} if evaluator == "robustness" else {}
            given = {"on": "test", **conditions, **options}
            taken = installed("evaluators")[evaluator].options
            taken.model_validate({key: value for key, value in given.items() if key != "datasets"})
            seen += 1
    assert seen >= 3


def test_every_rule_lints(page: str) -> None:
    seen = 0
    for content in blocks(page):
        if "rules" in content:
            policy = Policy.model_validate({"policy": "p", "version": "1", **content})
            assert [problem.message for problem in problems(policy)] == []
            seen += len(policy.rules)
    assert seen >= 4


def test_every_metric_that_is_named_exists(page: str) -> None:
    every = (DESCRIPTOR, installed("evaluators")["hallucination"])
    known = {metric.name for each in every for metric in each.metrics} | set(RobustnessOptions.model_fields)
    named = set(NAME.findall(BLOCK.sub("", page))) - OTHER_WORDS
    assert named - known - _options_of_parts() == set()
    assert {"degradation_area", "mean_corruption_error", "flip_rate"} <= named


def _options_of_parts() -> set[str]:
    """Keys of the options of parts, at any depth."""
    found: set[str] = set()

    def walk(schema: dict[str, Any]) -> None:
        for part in (schema, *schema.get("$defs", {}).values()):
            found.update(part.get("properties", {}))

    walk(RobustnessOptions.model_json_schema())
    return found
