"""What items come to for a real run: nothing that is taken away makes one better, and what is missing is named."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest

from governance.catalogues import STATUSES, Coverage, ItemStatus, coverage, coverage_json
from governance.catalogues.answering import MOST_IDS
from governance.errors import InputError
from governance.evidence.folder import RunFolder

from .stating import FACTS, TODAY, change, change_evidence

ORDER = {"evidenced": 0, "declared only": 1, "not evidenced": 2, "not applicable": 3}
FILLED = [key for key in FACTS if key != "users"]


def came_to(run: RunFolder, *only: str, on: dt.date = TODAY) -> dict[str, ItemStatus]:
    found = coverage(run, only=only, on=on)
    return {item.id: item for one in found.catalogues for item in one.items}


def gaps(item: ItemStatus) -> set[str]:
    return {gap.what for gap in item.missing}


def test_an_item_that_a_run_shows_is_evidenced(sealed: RunFolder) -> None:
    item = came_to(sealed, "eu_ai_act")["AIA-13-3b-v"]
    assert item.status == "evidenced"
    measured = item.parts.measured[0]
    assert 0 < len(measured.measurements) <= MOST_IDS
    ids = sealed.read_evidence().by_id
    for found in (ids[one] for one in measured.measurements):
        assert found.status == "measured"
        assert found.slice or found.over


def test_an_item_that_rests_on_statements_alone_is_declared_only(sealed: RunFolder) -> None:
    item = came_to(sealed, "eu_ai_act")["AIA-13-3b-i"]
    assert item.status == "declared only"
    fact = item.parts.facts[0]
    assert (fact.key, fact.state, fact.owner, fact.date) == (
        "intended_purpose",
        "stated",
        "A. Author",
        dt.date(2026, 11, 1),
    )


def test_a_statement_that_something_is_absent_leaves_an_item_declared_only(run: RunFolder) -> None:
    shown = next(item for item in came_to(run, "eu_ai_act").values() if item.status == "evidenced" and item.parts.facts)
    key = shown.parts.facts[0].key
    change(run, lambda lock: lock["spec"]["facts"][key].update(absent=True))
    item = came_to(run, "eu_ai_act")[shown.id]
    assert item.status == "declared only"
    assert f"stated to be absent: {key}" in item.reason


def test_a_signature_is_never_there(sealed: RunFolder) -> None:
    item = came_to(sealed, "eu_ai_act")["AIA-ANX4-2g"]
    assert item.status == "not evidenced"
    assert "a document signed by the responsible person" in gaps(item)
    recorded = {one.name: one.words for one in item.parts.recorded}
    assert "recorded before the run" in (recorded["policy_before_run"] or "")
    assert recorded["patient_overlap"] is None  # one dataset: there is nothing that it could share patients with


def test_what_the_regulatory_part_states_answers_too(sealed: RunFolder) -> None:
    items = came_to(sealed, "eu_ai_act")
    assert items["AIA-ANX5-1"].status == "evidenced"
    assert gaps(items["AIA-ANX5-2"]) == {"unknown in `regulatory`: manufacturer"}


def test_what_does_not_bind_says_why_and_lists_nothing_as_missing(sealed: RunFolder) -> None:
    item = came_to(sealed, "eu_ai_act")["AIA-49-1"]
    assert (item.status, item.missing) == ("not applicable", ())
    assert item.reason == "no use of Annex III"


def test_an_item_that_nothing_answers_says_so(sealed: RunFolder) -> None:
    item = came_to(sealed, "cen_cenelec_jtc21")["prEN 18283"]
    assert (item.status, item.reason) == ("not evidenced", "nothing in this toolkit answers it")


def test_a_fact_to_be_filled_counts_as_missing(sealed: RunFolder) -> None:
    items = came_to(sealed, "onc_hti1", "eu_ai_act", "future_ai")
    assert "fact to be filled: users" in {what for item in items.values() for what in gaps(item)}


def test_a_fact_past_its_review_counts_as_missing_and_its_owner_is_named(sealed: RunFolder) -> None:
    due = dt.date(2027, 11, 1)
    assert came_to(sealed, "eu_ai_act", on=due)["AIA-13-3b-i"].status == "declared only"
    item = came_to(sealed, "eu_ai_act", on=due + dt.timedelta(days=1))["AIA-13-3b-i"]
    assert item.status == "not evidenced"
    assert [(gap.what, gap.who) for gap in item.missing] == [
        ("fact past its review of 2027-11-01: intended_purpose", "A. Author")
    ]


@pytest.mark.parametrize("key", FILLED)
def test_taking_a_fact_away_makes_no_item_better(run: RunFolder, sealed: RunFolder, key: str) -> None:
    def without(plan: dict[str, Any]) -> None:
        del plan["spec"]["facts"][key]

    change(run, without)
    assert _no_better(came_to(sealed), came_to(run))


def test_taking_all_facts_away_leaves_nothing_that_is_declared(run: RunFolder, sealed: RunFolder) -> None:
    def without(plan: dict[str, Any]) -> None:
        plan["spec"]["facts"] = {}
        plan["spec"].pop("regulatory")

    change(run, without)
    before, after = came_to(sealed), came_to(run)
    assert "declared only" not in {item.status for item in after.values()}
    freed = {name for name, item in after.items() if item.status == "not applicable"}
    assert freed <= {name for name, item in before.items() if item.status == "not applicable"}


@pytest.mark.parametrize("metric", ["auroc", "sensitivity", "expected_calibration_error"])
def test_taking_measurements_away_makes_no_item_better(run: RunFolder, sealed: RunFolder, metric: str) -> None:
    def without(evidence: dict[str, Any]) -> None:
        evidence["measurements"] = [m for m in evidence["measurements"] if m["metric"] != metric]

    before = came_to(sealed)
    change_evidence(run, without)
    assert _no_better(before, came_to(run))


def test_taking_all_measurements_away_leaves_their_items_without_evidence(run: RunFolder, sealed: RunFolder) -> None:
    change_evidence(run, lambda evidence: evidence.update(measurements=[]))
    items = came_to(run, "eu_ai_act")
    assert items["AIA-13-3b-v"].status == "not evidenced"
    assert _no_better(came_to(sealed, "eu_ai_act"), items)


def test_what_was_not_measured_answers_nothing(run: RunFolder) -> None:
    def fail(evidence: dict[str, Any]) -> None:
        for measurement in evidence["measurements"]:
            empty = dict.fromkeys(("value", "interval", "gating", "simultaneous", "interval_reason"))
            measurement.update(status="not_measured", reason="a test", **empty)

    change_evidence(run, fail)
    assert came_to(run, "eu_ai_act")["AIA-13-3b-v"].status == "not evidenced"


@pytest.mark.parametrize(
    ("file", "item", "gap"),
    [
        ("policy.lock.json", "AIA-9-8", "not recorded by this run: policy before run"),
        ("decisions", "AIA-9-8", "not recorded by this run: decision"),
    ],
)
def test_a_run_without_policy_or_decision_shows_no_bars_set_before(
    run: RunFolder, file: str, item: str, gap: str
) -> None:
    assert came_to(run, "eu_ai_act")[item].status == "evidenced"
    path = run.path / file
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    found = came_to(run, "eu_ai_act")[item]
    assert found.status == "not evidenced"
    assert gap in gaps(found)


def test_a_decision_on_other_evidence_does_not_count(run: RunFolder) -> None:
    def other(evidence: dict[str, Any]) -> None:
        evidence["measurements"].pop()

    content = run.read_json(run.evidence_json)
    other(content)
    run.write_json(run.evidence_json, content)
    assert "not recorded by this run: decision" in gaps(came_to(run, "eu_ai_act")["AIA-9-8"])


def test_a_run_from_before_the_regulatory_part_is_read(run: RunFolder) -> None:
    change(run, lambda plan: plan["spec"].pop("regulatory"))
    found = coverage(run, only=["eu_ai_act"], on=TODAY).catalogues[0]
    assert found.undecided["role"] > 250
    assert found.counts["not applicable"] == 12  # what binds authorities, and what is deleted


def test_counts_and_gaps_add_up(sealed: RunFolder) -> None:
    found = coverage(sealed, on=TODAY)
    for one in found.catalogues:
        assert tuple(one.counts) == STATUSES
        assert sum(one.counts.values()) == len(one.items)
        waiting = {item for gap in one.gaps for item in gap.items}
        assert waiting == {item.id for item in one.items if item.status == "not evidenced"}
        assert all(gap.who for gap in one.gaps)


def test_the_same_day_gives_the_same_coverage_and_json_gives_it_back(sealed: RunFolder) -> None:
    found = coverage(sealed, on=TODAY)
    assert coverage(sealed, on=TODAY) == found
    content = coverage_json(found)
    for one in content["catalogues"]:
        one.pop("gaps")
    assert Coverage.model_validate(content) == found


def test_an_unknown_catalogue_is_refused_with_a_near_name(sealed: RunFolder) -> None:
    with pytest.raises(InputError, match="did you mean 'claim_2024'"):
        coverage(sealed, only=["claim_204"])


def test_what_is_no_plan_of_a_run_is_refused(run: RunFolder) -> None:
    run.spec_lock.write_text('{"spec": {"version": 1}}')
    with pytest.raises(InputError, match="not the plan of a run"):
        coverage(run)


def test_a_decision_that_is_no_json_is_refused(run: RunFolder) -> None:
    Path(next(run.decisions.glob("*.json"))).write_text("{")
    with pytest.raises(InputError, match="not valid JSON"):
        coverage(run)


def _no_better(before: dict[str, ItemStatus], after: dict[str, ItemStatus]) -> bool:
    return all(ORDER[after[name].status] >= ORDER[item.status] for name, item in before.items())
