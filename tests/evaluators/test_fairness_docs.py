"""What docs/measure-fairness.md shows can be written, and what it names exists."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from evaluators.fairness import FairnessOptions
from evaluators.fairness.gaps_descriptors import GAP_METRICS
from evaluators.operating_point import RULES
from governance.spec.loading import load_spec
from governance.spec.references import load_reference
from governance.spec.yaml import parse_yaml

PATH = Path(__file__).resolve().parents[2] / "docs" / "measure-fairness.md"
GUIDE = PATH.read_text()


def blocks() -> list[Any]:
    return [
        parse_yaml(text, PATH).content for text in re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    ]


def options(block: dict[str, Any]) -> dict[str, Any]:
    """The keys of `fairness` in a block; those of the whole spec stand on the first level."""
    written = block["evaluate"]["fairness"] if "evaluate" in block else block
    return {key: value for key, value in written.items() if key != "conditions"}


SPEC: dict[str, Any] = {
    "version": 1,
    "subject": {"name": "m", "version": "1", "kind": "torch", "task": "binary", "loader": "my_model:network"},
    "datasets": {
        "test": {
            "kind": "table",
            "role": "testing",
            "table": "test.csv",
            "target": "target",
            "sample_id": "id",
            "cluster": "patient",
            "attributes": {name: name for name in ("sex", "age", "race", "scanner")},
        },
        "validation": {"like": "test", "table": "validation.csv", "role": "validation"},
        "train": {"like": "test", "table": "train.csv", "role": "training"},
    },
}


@pytest.mark.parametrize("block", blocks(), ids=lambda block: ", ".join(options(block)))
def test_every_block_is_accepted_in_a_governance_yaml(tmp_path, block) -> None:
    own = {"on": "test", **options(block)}
    written = {**SPEC, "evaluate": {"fairness": own}}
    if "conditions" in block:
        written["conditions"] = block["conditions"]
    path = tmp_path / "governance.yaml"
    path.write_text(json.dumps(written))
    assert FairnessOptions.model_validate(load_spec(path).spec.evaluate["fairness"]) == FairnessOptions(**own)


def test_all_blocks_can_stand_together() -> None:
    together: dict[str, Any] = {}
    for block in blocks():
        together |= options(block)
    assert set(together) <= set(FairnessOptions.model_fields)
    FairnessOptions.model_validate(together)


def test_every_option_is_shown() -> None:
    elsewhere = {"tasks"}  # docs/first-own-model.md
    named = {key for block in blocks() for key in options(block)} | set(re.findall(r"`([a-z_]+)`", GUIDE))
    assert set(FairnessOptions.model_fields) - elsewhere <= named


def test_metrics_and_rules_that_are_named_exist() -> None:
    table = GUIDE.split("| metric | what it is | mind |")[1].split("\n\n")[0]
    shown: list[str] = []
    for line in table.splitlines()[2:]:
        for name in re.findall(r"`([a-z_0-9]+)`", line.split("|")[1]):
            # `_ratio` beside `demographic_parity_difference` stands for `demographic_parity_ratio`
            shown.append(name if not name.startswith("_") else shown[-1].rsplit("_", 1)[0] + name)
    assert sorted(shown) == sorted(metric.name for metric in GAP_METRICS)
    rules = GUIDE.split("| `by` | chooses |")[1].split("\n\n")[0]
    assert set(RULES) == set(re.findall(r"^\| `([a-z_0-9]+)`", rules, re.MULTILINE))


def test_the_extractor_is_one_that_a_run_takes(tmp_path) -> None:
    import torch

    (code,) = re.findall(r"^```python\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    (tmp_path / "my_features.py").write_text(code)
    made = load_reference("my_features:extractor", tmp_path)("cpu")
    assert isinstance(made.digest, str)
    assert made(torch.zeros(3, 2, 4, dtype=torch.uint8)).shape == (3, 8)
