"""What documents show of a whole fairness evaluation: to whom, from which measurement, and what is said beside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from governance.documents.blocks import AUDIENCES, Audience, Chart, DataTable, Figure, GroupTable, Prose
from governance.documents.build.fairness.proxies import DISCLAIMER
from governance.documents.content import Document, plain
from governance.documents.html import page, render
from governance.documents.markdown import render as render_markdown
from governance.evidence.folder import RunFolder
from governance.evidence.model import Measurement

from .conftest import documents_of
from .sample_fairness import ALL_METRICS, everything, several_classes
from .sample_run import write

SECTIONS = ("intersections", "gaps", "threshold", "baseline", "tradeoffs", "proxies", "shortcuts", "similar")
TECHNICAL: tuple[Audience, ...] = ("deployer", "engineer", "auditor")
CLINICAL = ("intersections", "threshold")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return write(Path(tmp_path_factory.mktemp("runs")), found=everything(), decided=False, metrics=ALL_METRICS)


@pytest.fixture(scope="module")
def shown(whole: RunFolder) -> dict[Audience, Document]:
    return documents_of(whole)


def section(document: Document, name: str) -> Any:
    return next(s for s in document.sections if s.id == name)


def table(document: Document, name: str, start: str) -> Any:
    return next(b for b in section(document, name).blocks if getattr(b, "id", "").startswith(start))


def below(node: Any, kind: type) -> Iterator[Any]:
    """Everything of a kind below a node, rows of data tables too."""
    if isinstance(node, kind):
        yield node
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from below(getattr(node, name), kind)
    elif isinstance(node, tuple):
        for item in node:
            yield from below(item, kind)


@pytest.mark.parametrize("name", SECTIONS)
def test_each_reader_sees_what_the_reader_can_use(shown: dict[Audience, Document], name: str) -> None:
    for audience in AUDIENCES:
        there = any(s.id == name for s in shown[audience].sections)
        assert there == (audience in TECHNICAL or (audience == "clinician" and name in CLINICAL)), audience


@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_number_is_read_from_a_measurement(
    shown: dict[Audience, Document], whole: RunFolder, audience: Audience
) -> None:
    known = set(whole.read_evidence().by_id)
    found = list(below(shown[audience].sections, Figure))
    assert found
    for figure in found:
        assert figure.measurements, figure
        assert set(figure.measurements) <= known


@pytest.mark.parametrize("audience", TECHNICAL)
def test_cells_and_titles_hold_no_number_of_their_own(shown: dict[Audience, Document], audience: Audience) -> None:
    loose = []
    for name in SECTIONS:
        for block in section(shown[audience], name).blocks:
            texts = [*getattr(block, "title", ()), *getattr(block, "caption", ())]
            if isinstance(block, DataTable):
                texts += [part for row in block.rows for cell in row for part in cell]
            loose += [part for part in texts if isinstance(part, str) and re.search(r"\d\.\d", part)]
    assert loose == ["Flagged above 0.4 with probability 0.7"]


def test_nothing_prints_nan_and_every_drawing_has_words(shown: dict[Audience, Document]) -> None:
    for document in shown.values():
        source = render(document).decode()
        text = re.sub(r"<style>.*?</style>", "", source, flags=re.DOTALL)
        assert not re.search(r"\bnan\b|\binf\b", text, re.IGNORECASE)
        assert not re.search(r"\bnan\b", render_markdown(document).decode(), re.IGNORECASE)
        for svg in re.findall(r"<svg\b[^>]*>", source):
            assert 'aria-hidden="true"' in svg or re.search(r'aria-label="[^"]{8,}', svg), svg


def test_tables_that_are_closed_on_the_page_are_open_on_paper(shown: dict[Audience, Document]) -> None:
    document = shown["engineer"]
    folded = [b for s in document.sections for b in s.blocks if b.folded]
    assert folded
    screen, paper = page(document, printed=False), page(document, printed=True)
    assert screen.count('<details class="fold">') == len(folded)
    assert '<details class="fold">' not in paper
    text = render_markdown(document).decode()
    for block in folded:
        assert f'id="{block.id}"' in paper
        assert plain(block.caption if isinstance(block, DataTable) else block.title)[:20].split("(")[0] in text


def test_a_deployer_sees_the_main_gaps_and_an_engineer_all(shown: dict[Audience, Document]) -> None:
    labels = {a: [row.label for row in table(shown[a], "gaps", "gaps-sex").rows if not row.heading] for a in TECHNICAL}
    assert labels["deployer"] == ["Equal opportunity difference"]
    assert labels["engineer"] == labels["auditor"]
    assert labels["engineer"] == [
        "Equal opportunity difference", "Demographic parity ratio", "Equity-scaled AUROC"
    ]  # fmt: skip
    sex = table(shown["engineer"], "gaps", "gaps-sex")
    assert plain(sex.note).startswith("Smallest group: F, n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}198.")
    age = table(shown["engineer"], "gaps", "gaps-age")
    assert age.rows[1].reason == "lowest: under 40; highest: 60 and over"
    assert age.rows[-1].value is None
    assert "no ratio" in age.rows[-1].reason


def test_cells_are_shown_raw_and_shrunken_with_the_worst_marked(shown: dict[Audience, Document]) -> None:
    found = table(shown["engineer"], "intersections", "intersections-sensitivity")
    assert found.beside == "shrunken"
    rows = {row.label: row for row in found.rows}
    assert rows["F, under 40"].mark == "lowest"
    assert rows["F, under 40"].value.text == "0.70"
    assert rows["F, under 40"].beside.text == "0.80"
    assert rows["F, under 40"].interval.text == "0.35 to 0.93"
    assert [row.label for row in found.rows if row.heading] == ["Sex \N{MULTIPLICATION SIGN} age"]
    said = [p for b in section(shown["clinician"], "intersections").blocks for p in b.paragraphs]
    assert plain(said[0]) == (
        "Where several attributes are taken together, the lowest number is that of F, under 40: of 100 cases with a "
        "suspicious nodule, the model flags 70; it could be 35 to 93 (positive cases: 17)."
    )


def test_how_few_are_in_a_group_is_not_in_documents_for_everyone(
    whole: RunFolder, shown: dict[Audience, Document]
) -> None:
    for audience in ("public", "clinician"):
        assert "too few patients: 9" not in shown[audience].model_dump_json()  # type: ignore[index]
    engineer = table(shown["engineer"], "intersections", "intersections-sensitivity")
    assert next(row for row in engineer.rows if row.label == "M, 60 and over").reason == (
        "too few patients: 9, at least 30 are needed"
    )


def test_found_groups_come_with_what_they_are_not(shown: dict[Audience, Document]) -> None:
    for audience in TECHNICAL:
        first = section(shown[audience], "proxies").blocks[0]
        assert isinstance(first, Prose)
        assert first.paragraphs[0] == (DISCLAIMER,)
        assert DISCLAIMER in render_markdown(shown[audience]).decode()
    found = table(shown["engineer"], "proxies", "proxies-sensitivity")
    assert [(row.label, row.mark) for row in found.rows] == [("All", None), ("group 1", "lowest"), ("group 2", None)]


def test_an_attribute_is_set_against_the_condition(shown: dict[Audience, Document]) -> None:
    found = table(shown["deployer"], "shortcuts", "shortcuts-test")
    assert (
        plain(found.title) == "Most recognisable from the features is sex: AUROC 0.97, against 0.80 for the condition"
    )
    held = table(shown["deployer"], "shortcuts", "held-constant")
    assert [plain(cell).split(" (")[0] for cell in held.rows[0]] == [
        "Sex",
        "Sensitivity",
        "0.86",
        "0.84",
        "\N{MINUS SIGN}0.02",
    ]


def test_differences_to_the_baseline_are_drawn_around_none(shown: dict[Audience, Document]) -> None:
    found = table(shown["engineer"], "baseline", "baseline-sensitivity")
    assert plain(found.title) == "Sensitivity against size alone: +0.06 (0.01 to 0.11)"
    assert (found.bar, found.bar_label) == (0.0, "no difference")
    both = table(shown["engineer"], "baseline", "baseline-both")
    assert [plain(cell) for cell in both.rows[0]][-1] == "0.040, McNemar"
    assert all(
        "p, test" not in c.title
        for b in section(shown["deployer"], "baseline").blocks
        if isinstance(b, DataTable)
        for c in b.columns
    )


def test_the_front_is_a_chart_with_all_its_numbers_beside(shown: dict[Audience, Document]) -> None:
    chart = next(b for b in section(shown["deployer"], "tradeoffs").blocks if isinstance(b, Chart))
    assert plain(chart.title) == "2 of 3 thresholds are beaten by no other in both"
    assert (chart.x.title, chart.y.title) == ("Balanced accuracy of everyone", "Sensitivity of the worst group")
    assert [len(series.points) for series in chart.panels[0].series] == [1, 2]
    source = render(shown["deployer"]).decode()
    assert "no other is better in both: 0.60 and 0.95, 0.80 and 0.80." in source
    rows = table(shown["deployer"], "tradeoffs", "ways-group").rows
    assert plain(rows[1][0]) == "Sex: F"
    assert "recommend nothing" in plain(section(shown["deployer"], "tradeoffs").blocks[0].paragraphs[0])


def test_a_clinician_reads_what_another_choice_of_threshold_would_have_done(shown: dict[Audience, Document]) -> None:
    said = [plain(p) for p in section(shown["clinician"], "threshold").blocks[0].paragraphs]
    assert said[0].startswith("The score from which on the model flags a case is 0.42. It was chosen on 276 patients")
    assert said[0].endswith("others could have led to 0.31 to 0.53.")
    assert said[1] == (
        "As it is, of 100 cases with a suspicious nodule, the model flags 86. With a threshold chosen on other "
        "patients it could be 74 to 89."
    )


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_numbers_of_a_class_name_it_and_nothing_is_called_positive(tmp_path: Path, task: str) -> None:
    subject = {"name": "several", "version": "1", "kind": "timm", "task": task, "digest": "e5" * 32}
    folder = write(tmp_path, found=several_classes(), changes={"subject": subject}, decided=False, metrics=ALL_METRICS)
    documents = documents_of(folder)
    tables = [b for b in section(documents["engineer"], "groups").blocks if isinstance(b, GroupTable)]
    words = "of class" if task == "multiclass" else "with"
    assert plain(tables[0].title) == f"Of 100 cases {words} “a”, the model says so for 90"
    assert tables[0].n_title == "cases of the class"
    matrix = table(documents["engineer"], "groups", "every-sex")
    assert "Sensitivity, class a" in [plain(row[0]) for row in matrix.rows]
    for audience in AUDIENCES:
        text = render_markdown(documents[audience]).decode().partition("## What the metrics are")[0]
        assert not re.search(r"\b(positive|negative) cases|of them positive|\| Positive \|", text), audience


def test_errors_of_numbers_are_in_the_unit_of_the_target(tmp_path: Path) -> None:
    error = Measurement.model_validate(
        {**several_classes()[0].model_dump(exclude={"id"}), "metric": "mean_absolute_error", "target_class": None,
         "value": 5.4, "interval": None, "interval_reason": "invented", "events": None}
    )  # fmt: skip
    of_women = error.model_copy(update={"slice": {"sex": "F"}})
    found = [error, Measurement.model_validate(of_women.model_dump(exclude={"id"}))]
    subject = {"name": "weights", "version": "1", "kind": "timm", "task": "regression", "digest": "e5" * 32}
    document = documents_of(write(tmp_path, found=found, changes={"subject": subject}, decided=False))["public"]
    assert plain(document.headline) == "mean absolute error 5.40, in the unit of “suspicious”"
    assert "in the unit of “suspicious”" in section(document, "groups").blocks[0].metric
