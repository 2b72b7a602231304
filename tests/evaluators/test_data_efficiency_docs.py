"""What docs/measure-data-efficiency.md says to write is what the options take, and what it names exists."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from evaluators.data_efficiency import DESCRIPTOR, DataEfficiencyOptions
from evaluators.data_efficiency.descriptors import Arm
from evaluators.data_efficiency.probe import FOLDS, GRID
from governance.policy.model import Policy

PAGE = (Path(__file__).parents[2] / "docs" / "measure-data-efficiency.md").read_text(encoding="utf-8")
BLOCKS = [YAML(typ="safe", pure=True).load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


@pytest.mark.parametrize("block", [block for block in BLOCKS if "evaluate" in block])
def test_every_block_can_be_written(block):
    DataEfficiencyOptions.model_validate(block["evaluate"]["data_efficiency"])


@pytest.mark.parametrize("block", [block for block in BLOCKS if "rules" in block])
def test_the_rules_can_be_written(block):
    found = Policy.model_validate(block).rules[0].measure
    assert (found.metric, found.variant, found.estimand) == ("label_fraction_to_match", "pretrained", "value")


def test_the_page_shows_every_key_of_an_arm_and_every_metric_of_its_own():
    for name in Arm.model_fields:
        assert f"{name}:" in PAGE or f"`{name}`" in PAGE, name
    for metric in DESCRIPTOR.metrics:
        assert metric.name in PAGE or metric.name in {"auroc", "sensitivity", "specificity"}, metric.name


def test_the_grid_and_the_folds_are_those_of_the_code():
    assert (GRID[0], GRID[1], GRID[-1], FOLDS) == (0.0001, 0.001, 100.0, 5)
    assert "0.0001, 0.001, ... 100" in PAGE
    assert "five folds" in PAGE
