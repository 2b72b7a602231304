from __future__ import annotations

import re
from pathlib import Path

import pytest

from governance.documents.blocks import AUDIENCES, Audience, Chart, DataTable, Gaps, GroupTable, VerdictList
from governance.documents.build.run import Run, latest_decision
from governance.documents.content import Document, figures, plain
from governance.errors import InputError

from .conftest import documents_of
from .sample_run import FACTS, write


def section(document: Document, name: str):
    return next(s for s in document.sections if s.id == name)


@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_printed_number_names_measurements_of_the_evidence(
    documents: dict[Audience, Document], run: Run, audience: Audience
) -> None:
    shown = list(figures((documents[audience].headline, documents[audience].sections)))
    assert shown
    for figure in shown:
        assert figure.measurements
        assert set(figure.measurements) <= set(run.evidence.by_id), figure
        assert figure.text


@pytest.mark.parametrize("audience", AUDIENCES)
def test_free_text_of_ours_holds_no_decimal_number_without_a_measurement(
    documents: dict[Audience, Document], audience: Audience
) -> None:
    """Titles of sections, tables and charts may hold numbers only as references."""
    loose = []
    for part in documents[audience].sections:
        for block in part.blocks:
            for text in [getattr(block, "title", ()), getattr(block, "statement", ()), getattr(block, "detail", ())]:
                loose += [piece for piece in text if isinstance(piece, str) and re.search(r"\d\.\d", piece)]
    assert loose == []


def test_the_headline_says_the_finding_and_the_worst_group(documents: dict[Audience, Document]) -> None:
    assert plain(documents["clinician"].headline) == (
        "Of 100 cases with a suspicious nodule, the model flags 86; of 100 others, it leaves 81 alone"
    )
    assert plain(documents["clinician"].least).replace("\N{NO-BREAK SPACE}", " ") == (
        "Lowest for age: under 40: 76 of 100, could be 56 to 89"
    )


def test_a_headline_never_says_one_side_alone(tmp_path: Path) -> None:
    """A model that always says no invents nothing and misses everything."""
    from .sample_evidence import _m

    common = {"evaluator": "hallucination", "direction": "lower"}
    found = [_m("auroc", 0.5, 96, evaluator="hallucination")]
    found += [
        found[0].model_copy(update={**common, "metric": name, "value": value})
        for name, value in (("hallucination_rate", 0.0), ("miss_rate", 1.0))
    ]
    headline = plain(documents_of(write(tmp_path, found=found, decided=False))["public"].headline)
    assert headline == (
        "Of 100 questions about something absent, the model says yes to 0; "
        "of 100 about something present, it says no to 100"
    )


def test_the_first_section_answers_the_first_questions(documents: dict[Audience, Document]) -> None:
    for audience, document in documents.items():
        first = document.sections[audience == "auditor"]
        assert first.id == "first"
        kinds = [block.kind for block in first.blocks]
        assert kinds == ["prose", "prose", "answer", "verdict_list"]
        answer = first.blocks[2]
        assert plain(answer.statement) == "The measurements did not meet all of the provider's criteria."  # type: ignore[union-attr]
        assert "Dr. Ada Invented" in plain(answer.detail)  # type: ignore[union-attr]


def test_verdicts_that_need_attention_come_first(documents: dict[Audience, Document]) -> None:
    verdicts = next(b for b in documents["clinician"].sections[0].blocks if isinstance(b, VerdictList))
    assert [item.word for item in verdicts.items] == ["fail", "inconclusive", "not measured", "pass", "pass"]


def test_the_worst_group_is_marked_where_the_evidence_calls_it_and_nowhere_else(
    documents: dict[Audience, Document],
) -> None:
    tables = [b for b in section(documents["engineer"], "groups").blocks if isinstance(b, GroupTable)]
    marked = {table.metric: [row.label for row in table.rows if row.mark] for table in tables}
    assert marked == {"Sensitivity": ["under 40", "F"], "Specificity": [], "AUROC": []}


def test_groups_keep_the_order_of_the_inventory_and_show_the_unmeasured(documents: dict[Audience, Document]) -> None:
    table = section(documents["clinician"], "groups").blocks[0]
    assert isinstance(table, GroupTable)
    assert [row.label for row in table.rows] == [
        "All", "Age", "under 40", "40 to under 60", "60 and over", "Sex", "F", "M", "not recorded"
    ]  # fmt: skip
    last = table.rows[-1]
    assert last.value is None
    assert last.reason == "fewer than 30 patients"


def test_a_declared_group_without_a_measurement_is_shown_as_missing(tmp_path: Path) -> None:
    from .sample_evidence import measurements

    without = [m for m in measurements() if m.slice != {"sex": "M"} or m.estimand != "value"]
    without = [m for m in without if m.reference != {"sex": "M"}]
    document = documents_of(write(tmp_path, found=without))["clinician"]
    table = section(document, "groups").blocks[0]
    assert isinstance(table, GroupTable)
    row = next(row for row in table.rows if row.label == "M")
    assert row.value is None
    assert row.reason == "no measurement of this group"


def test_the_bar_of_the_group_table_is_that_of_the_rule(documents: dict[Audience, Document]) -> None:
    table = section(documents["clinician"], "groups").blocks[0]
    assert isinstance(table, GroupTable)
    assert table.bar == 0.75


def test_all_four_kinds_of_charts_are_made(documents: dict[Audience, Document]) -> None:
    engineer = documents["engineer"]
    forms = {b.form for s in engineer.sections for b in s.blocks if isinstance(b, Chart)}
    assert forms == {"conditions", "efficiency", "reliability"}
    assert any(isinstance(b, GroupTable) for b in section(engineer, "groups").blocks)


def test_the_engineer_sees_every_measurement(documents: dict[Audience, Document], run: Run) -> None:
    shown = {
        row[-1][0].text  # type: ignore[union-attr]
        for block in section(documents["engineer"], "measurements").blocks
        if isinstance(block, DataTable)
        for row in block.rows
    }
    assert shown == set(run.evidence.by_id)


def test_facts_that_were_not_given_are_visible_gaps(tmp_path: Path) -> None:
    document = documents_of(write(tmp_path, facts={}))["deployer"]
    text = document.model_dump_json()
    assert "not provided by the provider; needed for Art. 13(3)(e)" in text
    assert "What the model is for was not provided by the provider; needed for Annex IV(1)(a)." in text
    assert "whom the provider has not named" in text


def test_a_fact_is_due_against_the_day_of_the_run_not_against_today(tmp_path: Path, run: Run) -> None:
    gaps = [b for b in section(documents_of(run.folder)["engineer"], "missing").blocks if isinstance(b, Gaps)]
    assert any("Due for review since 31 Jan 2026" in gap.why for block in gaps for gap in block.items)
    folder = write(tmp_path)
    folder.write_json(folder.run_json, {"started_at": "2026-01-01T00:00:00+00:00"})
    text = documents_of(folder)["engineer"].model_dump_json()
    assert "Due for review" not in text


def test_a_run_without_measurements_or_decision_still_gives_documents(tmp_path: Path) -> None:
    folder = write(tmp_path, found=[])
    assert latest_decision(folder) is None
    for document in documents_of(folder).values():
        assert "No decision has been made on these measurements." in document.model_dump_json()
        assert "no headline figure was measured" in plain(document.headline)


def test_a_decision_on_other_evidence_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    content = folder.read_json(folder.evidence_json)
    content["provenance"]["threads"] = 3
    folder.write_json(folder.evidence_json, content)
    with pytest.raises(InputError, match="other evidence"):
        Run.read(folder)


def test_policy_recorded_after_the_run_is_said_so(tmp_path: Path) -> None:
    folder = write(tmp_path)
    path = next(folder.decisions.glob("*.json"))
    folder.write_json(path, {**folder.read_json(path), "recorded_before_run": False})
    document = documents_of(folder)["auditor"]
    assert "no: these criteria were set or changed after the measurements were known" in document.model_dump_json()


def test_the_record_says_who_can_vouch_for_the_policy_and_how_often_the_test_set_was_looked_at(tmp_path: Path) -> None:
    folder = write(tmp_path)
    path = next(folder.decisions.glob("*.json"))
    looks = [{"dataset": "test", "number": 2, "planned": 5}]
    folder.write_json(path, {**folder.read_json(path), "looks": looks})
    record = documents_of(folder)["auditor"].model_dump_json()
    assert "recorded before the run by this installation; not proven to third parties" in record
    assert "decision 2 about this model, 5 planned; looks before this folder of runs are not known" in record


def test_without_a_finding_the_target_column_names_the_cases(tmp_path: Path) -> None:
    facts = {key: fact for key, fact in FACTS.items() if key != "finding"}
    document = documents_of(write(tmp_path, facts=facts))["public"]
    assert plain(document.headline).startswith(
        "Of 100 cases positive for “suspicious”, the model flags 86; of 100 others, it leaves"
    )
