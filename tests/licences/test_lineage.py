"""What a model is built on: permissions, duties and findings, and that one more input never loosens anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.licences import check_licence, describe_licence, to_settle
from governance.licences.known import licence_table
from governance.licences.lineage import Lineage
from governance.licences.training_sets import training_sets

from .sample_spec import loaded, spec

ORDER = ("no", "unknown", "conditions", "yes")
KINDS = ("OpenRAIL-M", "ResearchRAIL-M", "RAIL-M")
LICENCES = (*licence_table().licences, "unknown", "EUPL-1.2", "LicenseRef-x", "MIT AND CC-BY-NC-SA-4.0", None)
Part = dict[str, Any]

parts = st.fixed_dictionaries(
    {"kind": st.sampled_from(["model", "dataset", "code"]), "name": st.sampled_from("abc")},
    optional={
        "licence": st.sampled_from([name for name in LICENCES if name]),
        "used_for": st.sampled_from(["building", "evaluating"]),
    },
)
named = st.builds(lambda name: {"kind": "dataset", "name": name}, st.sampled_from(sorted(training_sets())))
inputs = st.lists(st.one_of(parts, named), max_size=4)


def lineage(built_on: list[Part] | None, kind: str = "OpenRAIL-M", **more: Any) -> Lineage:
    found = describe_licence(spec({"kind": kind, "built_on": built_on, **more})).lineage
    assert found is not None
    return found


@settings(deadline=None)
@given(inputs, st.one_of(parts, named), st.sampled_from(KINDS), st.data())
def test_one_more_input_never_loosens_anything(before: list[Part], more: Part, kind: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(before)))
    first, second = lineage(before, kind), lineage([*before[:at], more, *before[at:]], kind)
    duties = {duty.id: duty for duty in second.duties}
    for duty in first.duties:
        assert set(duty.because) <= set(duties[duty.id].because)
        assert set(duty.sources) <= set(duties[duty.id].sources)
    for one, other in zip(first.permissions, second.permissions, strict=True):
        assert ORDER.index(other.answer) <= ORDER.index(one.answer)
    assert {finding.message for finding in first.findings} <= {finding.message for finding in second.findings}
    assert first.clean or not second.clean


@settings(deadline=None)
@given(inputs)
def test_every_duty_has_a_reason_and_a_source(built_on: list[Part]) -> None:
    for duty in lineage(built_on).duties:
        assert duty.text
        assert duty.because
        assert all(duty.sources)


@settings(deadline=None)
@given(inputs)
def test_an_unknown_licence_is_said_and_never_clean(built_on: list[Part]) -> None:
    found = lineage([*built_on, {"kind": "model", "name": "base"}])
    assert any(finding.kind == "unknown" and "base" in finding.message for finding in found.findings)
    assert all(permission.answer in ("no", "unknown") for permission in found.permissions)
    assert not found.clean


def test_a_lineage_that_nobody_states_is_not_clean() -> None:
    statement = describe_licence(spec({"kind": "MIT"}))
    assert statement.lineage is not None
    assert not statement.lineage.stated
    assert [finding.kind for finding in statement.lineage.findings] == ["not stated"]
    assert statement.warnings == tuple(finding.message for finding in statement.lineage.findings)


def test_an_empty_list_states_that_nothing_of_others_is_in_it() -> None:
    found = lineage([], "MIT")
    assert found.stated
    assert found.clean
    assert [permission.answer for permission in found.permissions] == ["yes", "conditions", "conditions"]


def test_permissive_parts_under_a_permissive_licence_are_clean_and_ask_for_attribution() -> None:
    found = lineage(
        [{"kind": "model", "name": "base", "licence": "Apache-2.0"}, {"kind": "code", "name": "lib", "licence": "MIT"}],
        "Apache-2.0",
    )
    assert found.clean
    (duty,) = found.duties
    assert duty.id == "attribution"
    assert duty.because == ("base (Apache-2.0)", "lib (MIT)")


@pytest.mark.parametrize(
    ("kind", "licence", "conflict"),
    [
        ("Apache-2.0", "CC-BY-NC-4.0", "commercially"),
        ("OpenRAIL-M", "CC-BY-NC-4.0", "commercially"),
        ("CC-BY-NC-4.0", "CC-BY-NC-4.0", None),
        ("ResearchRAIL-M", "CC-BY-NC-4.0", None),
        ("OpenRAIL-M", "CC-BY-SA-4.0", "same licence"),
        ("MIT", "CC-BY-SA-4.0", "same licence"),
        ("CC-BY-SA-4.0", "CC-BY-SA-4.0", None),
        ("CC-BY-NC-SA-4.0", "CC-BY-NC-SA-4.0", None),
        ("GPL-3.0-or-later", "GPL-3.0-only", None),
        ("CC-BY-SA-4.0 OR MIT", "CC-BY-SA-4.0", "same licence"),
        ("MIT", "CC-BY-NC-ND-4.0", "adapted versions"),
        ("MIT", "PhysioNet-Credentialed-1.5.0", "research only"),
        ("RAIL-M", "PhysioNet-Credentialed-1.5.0", "research only"),
        ("MIT", "CC0-1.0", None),
        ("EUPL-1.2", "CC-BY-NC-4.0", "commercially"),
    ],
)
def test_licences_that_do_not_go_together_are_a_question_for_counsel(
    kind: str, licence: str, conflict: str | None
) -> None:
    found = lineage([{"kind": "dataset", "name": "data", "licence": licence}], kind)
    conflicts = [finding.message for finding in found.findings if finding.kind == "conflict"]
    assert any(conflict in message for message in conflicts) if conflict else not conflicts
    assert all("counsel" in message for message in conflicts)


def test_a_research_licence_on_physionet_data_is_not_against_research_only() -> None:
    data = {"kind": "dataset", "name": "mimic-cxr-jpg", "licence": "PhysioNet-Credentialed-1.5.0"}
    found = lineage([data], "ResearchRAIL-M")
    messages = " ".join(finding.message for finding in found.findings)
    assert "research only" not in messages
    assert "commercial use" not in messages
    assert {"research-only", "data-use-agreement", "no-redistribution", "phdl-security"} <= {d.id for d in found.duties}


def test_a_dataset_of_the_table_has_the_licence_printed_there_until_the_provider_states_one() -> None:
    (printed,) = lineage([{"kind": "dataset", "name": "padchest"}]).inputs
    assert (printed.name, printed.licence, printed.stated_by) == ("PadChest", "RUA", "the table of datasets")
    assert not printed.verified
    found = lineage([{"kind": "dataset", "name": "nih-cxr14"}], "MIT")
    assert [finding.kind for finding in found.findings] == ["to check"]
    assert lineage([{"kind": "dataset", "name": "nih-cxr14", "licence": "CC0-1.0"}], "MIT").clean


def test_a_licence_other_than_the_printed_one_is_to_be_checked() -> None:
    (finding,) = lineage([{"kind": "dataset", "name": "nih-cxr14", "licence": "MIT"}], "MIT").findings
    assert finding.kind == "to check"
    assert "CC0" in finding.message


def test_a_dataset_without_a_printed_licence_is_of_unknown_licence() -> None:
    found = lineage([{"kind": "dataset", "name": "asu-mayo"}])
    assert [finding.kind for finding in found.findings] == ["unknown"]
    assert found.inputs[0].licence is None


def test_base_licences_are_folded_into_the_lineage() -> None:
    found = lineage(None, inherits=["base under bigscience-openrail-m", "MIT"])
    assert found.stated
    assert [(one.kind, one.name, one.licence) for one in found.inputs] == [
        ("model", "base", "bigscience-openrail-m"),
        ("model", "MIT", "MIT"),
    ]
    assert "use-restrictions" in {duty.id for duty in found.duties}


def test_data_that_a_model_was_only_evaluated_with_binds_the_evaluation_not_the_model() -> None:
    reports = {"kind": "dataset", "name": "reports", "licence": "CC-BY-NC-ND-4.0", "used_for": "evaluating"}
    found = lineage([reports], "Apache-2.0")
    assert found.clean
    assert {duty.id for duty in found.duties} == {"attribution", "non-commercial"}
    assert found.permissions[0].answer == "yes"


def test_a_rail_licence_of_which_only_the_name_is_known_is_not_clean() -> None:
    (finding,) = (f for f in lineage([{"kind": "dataset", "name": "pmc-oa"}]).findings if f.kind == "unknown")
    assert "which uses it restricts" in finding.message


def test_the_statement_survives_being_written_and_read() -> None:
    built_on = [{"kind": "dataset", "name": "isic"}, {"kind": "model", "name": "b", "licence": "openrail++"}]
    statement = describe_licence(spec({"kind": "OpenRAIL-M", "built_on": built_on}))
    assert type(statement).model_validate(statement.model_dump(mode="json")) == statement


def test_what_is_to_be_settled_says_where_in_the_spec_it_arises(tmp_path: Path) -> None:
    licence = (
        "licence:\n  kind: OpenRAIL-M\n  inherits: [base under openrail++]\n  built_on:\n"
        "    - {kind: code, name: lib, licence: MIT}\n    - {kind: model, name: other}\n"
    )
    read = loaded(tmp_path, licence)
    places = [read.source.location(keys).line for keys, _ in to_settle(check_licence(read))]
    assert places == [7, 11]  # the medical clause where the licence begins, the unknown licence at its input
