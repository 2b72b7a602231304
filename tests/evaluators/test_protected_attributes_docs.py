"""What docs/measure-protected-attributes.md shows is taken as it stands, and every metric that it names exists."""

import json
import re
from pathlib import Path

from evaluators.hallucination import DESCRIPTOR
from evaluators.hallucination.counterfactual.templates import read_templates
from governance.datasets.slots import with_slots
from governance.spec import load_spec
from governance.spec.yaml import parse_yaml

PATH = Path(__file__).resolve().parents[2] / "docs" / "measure-protected-attributes.md"
GUIDE = PATH.read_text()
SPEC, TEMPLATES = re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
(ITEM,) = re.findall(r"^```json\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def test_the_shown_spec_item_and_template_file_are_taken(tmp_path):
    (tmp_path / "governance.yaml").write_text(SPEC)
    assert load_spec(tmp_path / "governance.yaml", {}).spec.subject.name == "report-qa"
    DESCRIPTOR.options.model_validate(parse_yaml(SPEC, PATH).content["evaluate"]["hallucination"])
    asked = with_slots({**json.loads(ITEM), "variants": {}})["prompt"]
    assert " ".join(asked.split()) in " ".join(GUIDE.split())
    (tmp_path / "own.yaml").write_text(TEMPLATES)
    assert read_templates(tmp_path / "own.yaml").description({"sex": "female"}) == "a woman"


def test_every_metric_that_is_named_exists_and_none_is_left_out():
    named = set(re.findall(r"`((?:counterfactual|injection)_\w+)`", GUIDE))
    assert named == {m.name for m in DESCRIPTOR.metrics if m.name.startswith(("counterfactual_", "injection_"))}
