"""Each example is a whole: its spec loads at both sizes, and its policy, hazards and facts fit together."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from governance.policy import load_policy
from governance.spec import load_spec, read_yaml
from governance.spec.references import is_reference

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = ("mortality_risk", "nodule_suspicion", "report_qa")
NEEDED_FACTS = {
    "intended_purpose",
    "users",
    "not_for",
    "provider",
    "training_data",
    "reference_standard",
    "limitations",
}


@pytest.mark.parametrize("name", NAMES)
def test_example_loads_at_both_sizes(name: str) -> None:
    folder = EXAMPLES / name
    demo = read_yaml(folder / "demo.yaml").content
    assert is_reference(demo["prepare"])
    assert (folder / "README.md").is_file()
    full = load_spec(folder / "governance.yaml").spec
    quick = load_spec(folder / "governance.yaml", dict(demo["quick"])).spec
    assert full.subject == quick.subject
    assert (full == quick) == (not demo["quick"])


@pytest.mark.parametrize("name", NAMES)
def test_rules_and_hazards_name_each_other(name: str) -> None:
    spec = load_spec(EXAMPLES / name / "governance.yaml").spec
    rules = {rule.id: rule for rule in load_policy(EXAMPLES / name / "policy.yaml").policy.rules}
    assert {rule.controls for rule in rules.values() if rule.controls} <= set(spec.hazards)
    for key, hazard in spec.hazards.items():
        assert set(hazard.controls) == {rule.id for rule in rules.values() if rule.controls == key}, key


@pytest.mark.parametrize("name", NAMES)
def test_every_bar_says_who_set_it_why_and_that_it_is_for_demonstration(name: str) -> None:
    for rule in load_policy(EXAMPLES / name / "policy.yaml").policy.rules:
        assert rule.set is not None
        assert rule.rationale.startswith("For demonstration.")


@pytest.mark.parametrize("name", NAMES)
def test_facts_say_what_the_model_is_not_for_and_are_reviewed(name: str) -> None:
    facts = load_spec(EXAMPLES / name / "governance.yaml").spec.facts
    assert set(facts) >= NEEDED_FACTS
    for fact in facts.values():
        assert fact.review_by > fact.date >= date(2026, 11, 23)
        for claim in ("compliant", "certified", "approved", "unbiased", "validated"):
            assert claim not in fact.statement.lower()
