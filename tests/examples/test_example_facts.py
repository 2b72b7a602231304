"""What the nodule example states: everything that an applicable catalogue can be told, and nothing that is not so."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from governance.catalogues import all_answers, catalogue, fact_keys
from governance.catalogues.applicability import applicability
from governance.spec import load_spec, read_yaml
from governance.spec.model import Fact, Hazard
from governance.spec.regulatory import UNKNOWN, Regulatory

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "nodule_suspicion"
EXCEPTIONS = {  # by catalogue, beside the items that are not applicable
    "foundation_model_transparency_index": "is about models that others build on; this is none",
}
TODAY = date(2026, 11, 25)
DENIAL = re.compile(r"(No|None|Nobody|Not|Never|Neither|Cannot|In none|There (is|are) no)\b")
NO_COMPARISON = "needs a measurement that only a comparison gives, which the example does not make"
DENIED_AND_MEASURED = {  # items where a statement that something was not done stands beside a number or a record
    "claim_2024 CLAIM-33": NO_COMPARISON,
    "future_ai_2025 Un3": NO_COMPARISON,
    "mdr_fda_other PCCP-2.3": NO_COMPARISON,
    "onc_hti1_predictive_dsi HTI1-7.iii": NO_COMPARISON,
    "onc_hti1_predictive_dsi HTI1-7.iv": NO_COMPARISON,
    "future_ai_2025 F3": "groups are measured; that nothing was corrected is part of the answer",
    "reporting_other STARDAI-15b": "the sizes are recorded; that they were not planned is part of the answer",
}
CLAIMS = re.compile(
    r"\b(compliant|compliance|conforms?|conformity|certified|approved|(?<!fail-)safe|unbiased|validated|guaranteed?s?)\b",
    re.I,
)


@pytest.fixture(scope="module")
def facts() -> dict[str, Fact]:
    return load_spec(FOLDER / "governance.yaml").spec.facts


@pytest.fixture(scope="module")
def hazards() -> dict[str, Hazard]:
    return load_spec(FOLDER / "governance.yaml").spec.hazards


@pytest.fixture(scope="module")
def regulatory() -> Regulatory:
    return Regulatory.model_validate(read_yaml(FOLDER / "regulatory.yaml").content)


def test_every_applicable_item_that_facts_can_answer_has_them(facts: dict[str, Fact], regulatory: Regulatory) -> None:
    missing = {}
    for identity, given in all_answers().items():
        if identity in EXCEPTIONS:
            continue
        for item in catalogue(identity).items:
            applies = applicability(catalogue(identity), item, regulatory, TODAY)
            lacking = set(given.answers[item.id].facts) - set(facts) if item.id in given.answers else set()
            if lacking and (applies is None or applies.state != "not applicable"):
                missing[f"{identity} {item.id}"] = sorted(lacking)
    assert missing == {}


def test_catalogues_that_are_left_out_are_for_general_purpose_models(regulatory: Regulatory) -> None:
    assert regulatory.general_purpose_model == "no"
    assert set(EXCEPTIONS) <= set(all_answers())


def test_every_fact_is_a_key_of_the_vocabulary(facts: dict[str, Fact]) -> None:
    assert set(facts) - set(fact_keys()) == set()


def test_every_fact_has_one_owner_and_is_looked_at_again_in_a_year(facts: dict[str, Fact]) -> None:
    for key, fact in facts.items():
        assert fact.owner == "example author", key
        assert (fact.date, fact.review_by) == (TODAY, date(2027, 11, 25)), key


def test_statements_claim_nothing(facts: dict[str, Fact], hazards: dict[str, Hazard]) -> None:
    said = {key: fact.statement for key, fact in facts.items()}
    said |= {key: " ".join(str(value) for value in hazard.model_dump().values()) for key, hazard in hazards.items()}
    assert [key for key, text in said.items() if CLAIMS.search(text)] == []


def test_the_example_says_wherever_it_is_asked_that_it_is_not_for_patients(facts: dict[str, Fact]) -> None:
    assert facts["provider"].statement.startswith("Nobody")
    assert facts["not_for"].statement.startswith("Any use on patients")
    for key in (
        "target_population",
        "clinical_evaluation",
        "regulatory_status",
        "market_availability",
        "cybersecurity",
    ):
        assert re.match(r"(No|None|On no)\b", facts[key].statement), key


def test_hazards_say_when_who_what_remains_and_that_nobody_accepted_it(hazards: dict[str, Hazard]) -> None:
    for key, hazard in hazards.items():
        assert hazard.situation, key
        assert hazard.residual_risk, key
        assert hazard.who[0].islower(), f"{key}: documents put it in brackets"
        assert not hazard.who.endswith("."), key
        assert (hazard.accepted_by or "").startswith("nobody"), key
    assert any("under 18" in hazard.who for hazard in hazards.values())


def test_what_nobody_decided_stays_unknown(regulatory: Regulatory) -> None:
    undecided = ("role", "jurisdictions", "sector_regime", "device_class", "notified_body", "annex_iii")
    assert {key: regulatory.value(key) for key in undecided} == dict.fromkeys(undecided, UNKNOWN)
    assert regulatory.placed_on_market == "not yet"


def test_counts_in_the_statements_are_those_of_the_data(facts: dict[str, Fact], nodules: object) -> None:
    parts = {name: getattr(nodules, name)().table for name in ("training", "validation", "testing")}
    test = parts["testing"]
    for part in parts.values():
        assert f"{len(part):,}" in facts["participant_flow"].statement
    assert f"{sum(map(len, parts.values())):,}" in facts["participant_flow"].statement
    assert f"{int(test.suspicious.sum())} of {len(test)}" in facts["class_imbalance"].statement
    assert f"{len(test)} test nodules of {test.patient_id.nunique()} patients" in facts["sample_size"].statement
    assert f"{int((test.other_reader < 0).sum())} of {len(test)}" in facts["missing_data"].statement


def test_a_statement_that_something_was_not_done_makes_no_item_evidenced(facts: dict[str, Fact]) -> None:
    found = {
        f"{identity} {item}"
        for identity, given in all_answers().items()
        if identity not in {*EXCEPTIONS, "eu_ai_act", "gpai_documentation_form"}
        for item, answer in given.answers.items()
        if (answer.measured or answer.recorded) and not answer.needs
        if any(DENIAL.match(facts[key].statement) for key in answer.facts)
    }
    assert found == set(DENIED_AND_MEASURED)
