"""Which items of the AI Act bind a system, from when, and why: by cases, and by properties over all facts."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from governance.catalogues import Applicability, all_catalogues, applicability, catalogue, item_of, provisional
from governance.catalogues.applicability import applies_under
from governance.catalogues.loading import catalogues_folder
from governance.catalogues.rules import all_rules
from governance.spec import read_yaml
from governance.spec.document import walk
from governance.spec.regulatory import Regulatory

ACT = "eu_ai_act"
TODAY = dt.date(2026, 11, 25)
MDR = {"role": "provider", "jurisdictions": "EU", "sector_regime": "MDR", "annex_iii": "none"}
DEVICE = {**MDR, "device_class": "IIa", "notified_body": {"number": "0123"}, "placed_on_market": "not yet"}
TRIAGE = {
    "role": ["provider", "deployer"],
    "jurisdictions": "EU",
    "sector_regime": "none",
    "annex_iii": ["5(d)"],
    "annex_iii_exempt": "no",
    "placed_on_market": "not yet",
    "public_authority": "no",
    "public_services": "no",
}
MODEL = {"role": "provider", "jurisdictions": "EU", "general_purpose_model": "yes", "placed_on_market": "2026-01-01"}


def applies(item: str, stated: dict[str, Any], on: dt.date = TODAY) -> Applicability:
    found = applicability(catalogue(ACT), item_of(catalogue(ACT), item), Regulatory.model_validate(stated), on)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("item", "stated", "words"),
    [
        ("AIA-ANX4-2g", DEVICE, "applies from 2028-08-02"),
        ("AIA-ANX4-2g", TRIAGE, "applies from 2027-12-02"),
        ("AIA-ANX4-2g", {**DEVICE, **TRIAGE, "sector_regime": "MDR", "role": "provider"}, "applies from 2027-12-02"),
        ("AIA-4", DEVICE, "applies now"),
        ("AIA-53-1a", MODEL, "applies now"),
        ("AIA-53-1a", {**MODEL, "placed_on_market": "2025-01-01"}, "applies from 2027-08-02"),
        ("AIA-55-1a", {**MODEL, "systemic_risk": "yes"}, "applies now"),
        ("AIA-50-2", {**DEVICE, "transparency": "generates_content"}, "applies now"),
        (
            "AIA-50-2",
            {**DEVICE, "transparency": "generates_content", "placed_on_market": "2026-01-01"},
            "applies from 2026-12-02",
        ),
        ("AIA-72-1", DEVICE, "open: from 2026-08-02 or 2028-08-02"),
        ("AIA-49-1", TRIAGE, "open: from 2026-08-02 or 2027-12-02"),
        ("AIA-27-1a", {**TRIAGE, "public_authority": "yes"}, "applies from 2027-12-02"),
    ],
)
def test_what_binds_and_from_when(item: str, stated: dict[str, Any], words: str) -> None:
    assert applies(item, stated).words == words


@pytest.mark.parametrize(
    ("item", "stated", "reason"),
    [
        ("AIA-ANX4-2g", {**MDR, "device_class": "I"}, "class I involves no notified body"),
        ("AIA-ANX4-2g", {**MDR, "sector_regime": "IVDR", "device_class": "A"}, "class A involves no notified body"),
        ("AIA-ANX4-2g", {**MDR, "device_class": "IIb", "in_house": "yes"}, "in-house devices are not high-risk"),
        ("AIA-ANX4-2g", {**TRIAGE, "annex_iii_exempt": "yes"}, r"held not high-risk under Article 6\(3\)"),
        ("AIA-49-1", DEVICE, "no use of"),
        ("AIA-49-1", {**TRIAGE, "annex_iii": ["2"]}, "no use of point 1 or 3 or"),
        ("AIA-16-i", DEVICE, "binds systems of Annex III only"),
        ("AIA-26-11", {**DEVICE, "role": "deployer"}, "binds systems of Annex III only"),
        ("AIA-86-1", {**DEVICE, "role": "deployer"}, "binds systems of Annex III only"),
        ("AIA-27-1a", {**DEVICE, "role": "deployer"}, "no use of Annex III"),
        ("AIA-27-1a", TRIAGE, "no public body; the deployer provides no public services"),
        ("AIA-ANX6-2", {**DEVICE, **TRIAGE, "sector_regime": "MDR", "role": "provider"}, "procedure of their sector"),
        ("AIA-ANX7-1", DEVICE, r"Article 43\(3\) as amended imports only"),
        ("AIA-26-1", DEVICE, "binds the deployer; the role is provider"),
        ("AIA-53-1a", {**MODEL, "general_purpose_model": "no"}, "no general-purpose AI model"),
        ("AIA-55-1a", {**MODEL, "systemic_risk": "no"}, "without systemic risk"),
        ("AIA-50-1", {**DEVICE, "transparency": "none"}, "nothing that Article 50 is about"),
        ("AIA-10-5", {}, "deleted"),
        ("AIA-6-5", {}, "binds the Commission"),
        ("AIA-27-5", {}, "binds the AI Office"),
        ("AIA-4", {**DEVICE, "jurisdictions": "US"}, "not in EU; the jurisdictions are US"),
    ],
)
def test_what_does_not_bind_says_why(item: str, stated: dict[str, Any], reason: str) -> None:
    found = applies(item, stated)
    assert found.state == "not applicable"
    assert re.search(reason, found.reason)


@pytest.mark.parametrize(
    ("item", "stated", "missing"),
    [
        ("AIA-ANX4-2g", MDR, ("device_class", "in_house")),
        ("AIA-ANX4-2g", {**MDR, "device_class": "IIa"}, ("in_house",)),
        ("AIA-ANX4-2g", {**MDR, "device_class": "I", "annex_iii": "unknown"}, ("annex_iii", "annex_iii_exempt")),
        ("AIA-53-1a", {"role": "provider", "jurisdictions": "EU"}, ("general_purpose_model",)),
        ("AIA-4", {}, ("role", "jurisdictions")),
        ("AIA-ANX4-2g", {**DEVICE, "role": "product_manufacturer"}, ("role",)),
        ("AIA-ANX4-2g", {**MDR, "sector_regime": "other"}, ("sector_regime",)),
        ("AIA-14-5", {**TRIAGE, "annex_iii": ["1"]}, ("annex_iii",)),
    ],
)
def test_what_is_unknown_names_the_fact_that_would_tell(
    item: str, stated: dict[str, Any], missing: tuple[str, ...]
) -> None:
    found = applies(item, stated)
    assert found.state == "unknown"
    assert set(found.missing) == set(missing)


def test_a_device_on_the_market_before_is_bound_only_on_a_significant_change() -> None:
    before = {**DEVICE, "placed_on_market": "2026-01-01"}
    assert applies("AIA-ANX4-2g", before).state == "unknown"
    unchanged = {**before, "significant_change": "no"}
    assert applies("AIA-ANX4-2g", unchanged).missing == ("public_authority",)
    assert applies("AIA-ANX4-2g", {**unchanged, "public_authority": "no"}).state == "not applicable"
    assert applies("AIA-ANX4-2g", {**unchanged, "public_authority": "yes"}).words == "applies from 2030-08-02"
    assert applies("AIA-ANX4-2g", {**before, "significant_change": "yes"}).words == "applies from 2028-08-02"


def test_an_earlier_day_that_an_unknown_fact_would_bring_is_told() -> None:
    found = applies("AIA-ANX4-2g", {**DEVICE, "annex_iii": "unknown"})
    assert found.words == "applies from 2028-08-02"
    assert "annex_iii" in found.missing
    assert any("2027-12-02" in remark for remark in found.remarks)


def test_the_open_point_is_flagged_and_not_decided() -> None:
    found = applies("AIA-73-1", DEVICE)
    assert (found.formally, found.since) == (dt.date(2026, 8, 2), dt.date(2028, 8, 2))
    assert any("counsel decides" in remark for remark in found.remarks)
    assert applies("AIA-73-1", DEVICE, dt.date(2028, 8, 2)).state == "applies now"
    assert applies("AIA-73-1", DEVICE, dt.date(2026, 8, 1)).state == "applies from"


def test_now_is_the_day_that_is_asked_about() -> None:
    assert applies("AIA-9-8", DEVICE, dt.date(2028, 8, 1)).state == "applies from"
    assert applies("AIA-9-8", DEVICE, dt.date(2028, 8, 2)).state == "applies now"


def test_every_day_stands_in_the_catalogue_under_the_same_key() -> None:
    legend = {note.about.split(".")[2]: "" for note in catalogue(ACT).noted("legend.application")}
    for note in catalogue(ACT).noted("legend.application"):
        legend[note.about.split(".")[2]] += note.text
    rules = all_rules()[ACT]
    for key, dates in rules.applications.items():
        for day in re.findall(r"\d{4}-\d{2}-\d{2}", dates.model_dump_json()):
            assert day in legend[key] + (legend["CH4"] if day == "2025-08-02" else ""), (key, day)
    for item, rule in rules.items.items():
        for day in re.findall(r"\d{4}-\d{2}-\d{2}", rule.model_dump_json()):
            assert day in legend[item_of(catalogue(ACT), item).application or ""], (item, day)


def test_no_day_of_the_law_stands_in_code(checkout: Path) -> None:
    days = {day for rules in all_rules().values() for day in re.findall(r"\d{4}-\d{2}-\d{2}", rules.model_dump_json())}
    assert "2028-08-02" in days
    for path in (checkout / "governance" / "catalogues").glob("*.py"):
        text = path.read_text()
        for day in days:
            year, month, of_month = map(int, day.split("-"))
            assert day not in text, path.name
            assert f"{year}, {month}, {of_month}" not in text, path.name


def test_changed_data_change_the_answer() -> None:
    rules = all_rules()[ACT]
    dates = rules.applications["CH3_S1_3"].model_copy(update={"annex_i": dt.date(2031, 1, 1)})
    changed = rules.model_copy(update={"applications": {**rules.applications, "CH3_S1_3": dates}})
    item, stated = item_of(catalogue(ACT), "AIA-ANX4-2g"), Regulatory.model_validate(DEVICE)
    assert applies_under(rules, item, stated, TODAY).words == "applies from 2028-08-02"
    assert applies_under(changed, item, stated, TODAY).words == "applies from 2031-01-01"


def test_it_is_provisional_as_of_the_day_of_the_catalogue() -> None:
    assert provisional(catalogue(ACT)).startswith("Provisional, as of 2026-11-23")


def test_catalogues_that_bind_nobody_by_law_have_no_applicability() -> None:
    item = catalogue("claim_2024").items[0]
    assert applicability(catalogue("claim_2024"), item, Regulatory(), TODAY) is None


def test_the_documentation_form_follows_general_purpose_models() -> None:
    found = catalogue("gpai_documentation_form")
    for stated, state in ((MODEL, "applies now"), ({**MODEL, "general_purpose_model": "no"}, "not applicable")):
        came_to = applicability(found, found.items[0], Regulatory.model_validate(stated), TODAY)
        assert came_to is not None
        assert came_to.state == state


ANSWERS = st.sampled_from(["yes", "no", "unknown"])
STATED: dict[str, st.SearchStrategy[Any]] = {
    "role": st.sampled_from(["unknown", "provider", "deployer", "importer", "product_manufacturer"])
    | st.just(["provider", "deployer"]),
    "jurisdictions": st.sampled_from(["unknown", "EU", "US"]),
    "sector_regime": st.sampled_from(["MDR", "IVDR", "other", "none", "unknown"]),
    "device_class": st.sampled_from(["unknown", "I", "Is", "IIa", "III", "A", "A-sterile", "C"]),
    "notified_body": st.sampled_from(["unknown", "none"]) | st.just({"number": "0123"}),
    "in_house": ANSWERS,
    "annex_iii": st.sampled_from(["unknown", "none"])
    | st.lists(st.sampled_from(["1", "1(a)", "2", "5", "5(a)", "5(b)", "5(d)"]), min_size=1, max_size=2, unique=True),
    "annex_iii_exempt": ANSWERS,
    "general_purpose_model": ANSWERS,
    "systemic_risk": ANSWERS,
    "transparency": st.sampled_from(["unknown", "none", "interacts_with_people", "generates_content"]),
    "placed_on_market": st.sampled_from(["unknown", "not yet", "2024-01-01", "2026-09-01", "2028-01-01", "2029-01-01"]),
    "significant_change": ANSWERS,
    "public_authority": ANSWERS,
    "public_services": ANSWERS,
}
FACTS = st.fixed_dictionaries(STATED)
"""All that is stated, known or not."""


def read(stated: dict[str, Any]) -> Regulatory:
    try:
        return Regulatory.model_validate(stated)
    except ValidationError:
        assume(False)
        raise


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(FACTS, FACTS)
def test_what_does_not_bind_does_not_bind_whatever_the_unknown_facts_turn_out_to_be(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    """What is unknown never makes an item "not applicable": learning it cannot make the item bind."""
    some = read(first)
    more = read({key: second[key] if value == "unknown" else value for key, value in first.items()})
    act = catalogue(ACT)
    for item in act.items:
        before, after = (applicability(act, item, stated, TODAY) for stated in (some, more))
        assert before is not None
        assert after is not None
        if before.state == "not applicable":
            assert after.state == "not applicable", (item.id, before.reason, after.words)


@settings(max_examples=40, deadline=None)
@given(FACTS)
def test_unknown_names_a_fact_that_is_unknown_or_too_coarse(stated: dict[str, Any]) -> None:
    read_ = read(stated)
    for item in catalogue(ACT).items:
        found = applicability(catalogue(ACT), item, read_, TODAY)
        assert found is not None
        assert found.reason
        if found.state == "unknown":
            assert found.missing
            assert any(read_.value(key) == "unknown" for key in found.missing) or {
                "role",
                "sector_regime",
                "annex_iii",
            } & {*found.missing}


def test_with_nothing_stated_only_what_binds_nobody_here_is_not_applicable() -> None:
    act = catalogue(ACT)
    for item in act.items:
        found = applicability(act, item, Regulatory(), TODAY)
        assert found is not None
        binds_others = set(item.applies_to) <= {"commission", "ai_office"} or item.title == "(deleted)"
        assert found.state == ("not applicable" if binds_others else "unknown"), item.id


def test_rules_name_scopes_and_days_for_all_items() -> None:
    for name, rules in all_rules().items():
        for item in all_catalogues()[name].items:
            assert rules.ways(item)
            assert rules.dates(item)


def test_rules_are_plain_data() -> None:
    for path in (catalogues_folder() / "applicability").glob("*.yaml"):
        assert all(isinstance(value, (dict, list, str, int)) for _, value in walk(read_yaml(path).content))
