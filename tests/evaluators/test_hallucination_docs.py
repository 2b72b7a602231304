"""What docs/measure-hallucination.md shows can be written and run, and what it names exists."""

import json
import re
from pathlib import Path

from governance import api
from governance.plugins import installed
from governance.policy.loading import load_policy
from governance.spec.yaml import parse_yaml

PATH = Path(__file__).resolve().parents[2] / "docs" / "measure-hallucination.md"
GUIDE = PATH.read_text()
YAML = re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
(RECORD,) = (json.loads(text) for text in re.findall(r"^```json\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE))


def test_the_shown_spec_and_record_give_evidence(tmp_path):
    lines = [json.dumps({**RECORD, "item_id": f"q{n}", "image_id": f"i{n}"}) for n in range(40)]
    (tmp_path / "answers.jsonl").write_text("\n".join(lines))
    (tmp_path / "governance.yaml").write_text(YAML[0] + "settings: {minimum_patients: 2, minimum_events: 1}\n")
    done = api.evaluate(tmp_path / "governance.yaml", output=tmp_path / "out", no_tracking=True)
    found = json.loads((done.folder.path / "evidence.json").read_text())["measurements"]
    measured = {m["metric"] for m in found if m["status"] == "measured"}
    assert {"medihall_score", "polling_f1", "refusal_rate", "selfcheck_ngram", "discrete_semantic_entropy"} <= measured
    assert {m["slice"].get("sex") for m in found} == {None, "F"}


def test_the_shown_options_are_taken():
    descriptors = {group: installed(group)["generations"] for group in ("datasets", "evaluators")}
    for text in YAML[1:]:
        content = parse_yaml(text, PATH).content
        for written in content.get("evaluate", {}).values():
            descriptors["evaluators"].options.model_validate(written)
        for written in content.get("datasets", {}).values():
            own = {"role", "sample_id", "cluster", "kind", "attributes"}
            options = {key: value for key, value in written.items() if key not in own}
            descriptors["datasets"].options.model_validate(options)


def test_the_shown_rule_is_a_rule(tmp_path):
    (rule,) = [text for text in YAML if text.startswith("id:")]
    indented = "".join(f"    {line}\n" for line in rule.splitlines())
    (tmp_path / "policy.yaml").write_text(f'policy: p\nversion: "1"\nrules:\n  -\n{indented}')
    assert [one.id for one in load_policy(tmp_path / "policy.yaml").policy.rules] == ["coverage"]


def test_every_metric_that_is_named_exists():
    known = {metric.name for metric in installed("evaluators")["generations"].metrics}
    table = GUIDE.split("| --- | --- | --- |\n")[-1].split("\nMind:")[0]
    named = set(
        re.findall(r"`([a-z_0-9]+)`", " ".join(line.split("|")[3] for line in table.splitlines() if "|" in line))
    )
    assert named - known <= {"measures", "needs", "wrong_choice"}
    assert len(named & known) > 20
