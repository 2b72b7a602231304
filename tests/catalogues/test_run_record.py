"""What a run records beside its numbers: each with a phrase, and left out where it is not there."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from governance.catalogues import read_run
from governance.catalogues.answers import Recorded
from governance.evidence.folder import RunFolder

from .stating import change

ABSENT = {"patient_overlap"}
"""The run has one dataset; there is nothing that it could share patients with."""


def test_a_finished_run_records_all_that_it_can(sealed: RunFolder) -> None:
    recorded = read_run(sealed).recorded
    assert set(get_args(Recorded)) - set(recorded) == ABSENT
    assert recorded["hazards"] == "1 hazard with severity and controls"
    assert recorded["operating_point"] == "threshold 0.35 (fixed)"
    assert recorded["ledger"] == "look 1 at test"
    assert recorded["policy_before_run"].endswith("recorded before the run")
    assert recorded["licence_lineage"].startswith("licence Apache-2.0")


def _training(shares: dict[str, int], plan: dict[str, Any]) -> None:
    plan["spec"]["datasets"]["train"] = {**plan["spec"]["datasets"]["test"], "role": "training"}
    plan["datasets"]["train"] = {**plan["datasets"]["test"], "role": "training"}
    plan["datasets"]["test"]["shares"] = shares


def test_patients_in_two_datasets_are_counted_where_they_can_be_told(run: RunFolder) -> None:
    change(run, lambda plan: _training({"train": 3}, plan))
    assert read_run(run).recorded["patient_overlap"] == "3 patients in both test and train"


def test_patients_who_cannot_be_told_are_not_recorded_as_none(run: RunFolder) -> None:
    change(run, lambda plan: _training({}, plan))
    assert "patient_overlap" not in read_run(run).recorded


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("subject_digest", lambda plan: plan["subject"].pop("digest")),
        ("dataset_digest", lambda plan: plan["datasets"]["test"].pop("digest")),
        ("patients", lambda plan: plan["datasets"]["test"].pop("clusters")),
        ("seeds", lambda plan: plan["settings"].pop("seed")),
        ("batch_and_precision", lambda plan: plan["settings"].pop("batch_size")),
        ("hazards", lambda plan: plan["spec"].update(hazards={})),
        ("licence", lambda plan: plan["spec"].update(licence=None)),
    ],
)
def test_what_is_lost_is_not_recorded(run: RunFolder, name: Recorded, lost: Any) -> None:
    assert name in read_run(run).recorded
    change(run, lost)
    assert name not in read_run(run).recorded


def test_a_hazard_that_is_to_be_filled_is_none(run: RunFolder) -> None:
    change(run, lambda plan: plan["spec"]["hazards"]["H-01"].update(harm="To be filled"))
    assert "hazards" not in read_run(run).recorded


def test_a_policy_that_was_recorded_later_does_not_count(run: RunFolder) -> None:
    path = next(run.decisions.glob("*.json"))
    content = run.read_json(path)
    run.write_json(path, {**content, "recorded_before_run": False})
    assert "policy_before_run" not in read_run(run).recorded
    assert "decision" in read_run(run).recorded


def test_a_policy_without_rules_sets_no_bars(run: RunFolder) -> None:
    content = run.read_json(run.policy_lock)
    content["policy"]["rules"] = []
    run.write_json(run.policy_lock, content)
    assert "policy_before_run" not in read_run(run).recorded


def test_a_licence_with_a_warning_has_no_clean_lineage(run: RunFolder) -> None:
    path = run.licence / "licence.json"
    run.write_json(path, {**run.read_json(path), "warnings": ["the base is not known"]})
    assert "licence_lineage" not in read_run(run).recorded
