"""What documents show of altered inputs: to whom, from which measurement, and which condition and group is worst."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from evaluators.robustness.scores import descriptors as scores
from governance.documents.blocks import AUDIENCES, Audience, Chart, DataTable, Figure, GroupTable, Prose
from governance.documents.content import Document, plain
from governance.documents.html import render
from governance.evidence.folder import RunFolder
from governance.evidence.model import CLEAN, Condition, Measurement

from .conftest import documents_of
from .sample_evidence import DIGEST, METRICS, WILSON, robustness, wilson
from .sample_run import write
from .test_fairness_sections import below

TECHNICAL: tuple[Audience, ...] = ("deployer", "engineer", "auditor")
MEANS = {"motion": 0.31, "noise": 0.20, "coarser-grid": 0.24}
MEAN = "mean_error_under_conditions"


def invented(
    metric: str, value: float | None, condition: str | None = None, severity: int | None = None, **more: Any
) -> Measurement:
    """One invented number of the robustness evaluator."""
    direction = next(one.direction for one in scores.METRICS if one.name == metric)
    content: dict[str, Any] = {
        "evaluator": "robustness", "metric": metric, "dataset": "test", "dataset_digest": DIGEST["test"], "n": 412,
        "n_clusters": 380, "direction": direction, "method": WILSON, "value": value,
        "status": "not_measured" if value is None else "measured",
        "interval": None if value is None else wilson(abs(value), 412),
        "condition": CLEAN if condition is None else Condition(name=condition, severity=severity),
    }  # fmt: skip
    return Measurement.model_validate({**content, **more})


def found() -> list[Measurement]:
    made = [*robustness(), invented("classification_error", 0.15), invented(MEAN, 0.25)]
    for name, value in MEANS.items():
        together = wilson(value, 300).model_copy(update={"family": "all conditions"})
        made += [
            invented(MEAN, value, name, simultaneous=together),
            invented("degradation_area", value - 0.15, name),
            invented("prediction_consistency", 1 - value, name),
        ]
    made.append(invented("degradation_area", 0.1))
    made.append(invented("mean_corruption_error", None, reason="these were not measured: snow"))
    made.append(invented("relative_mean_corruption_error", None, reason="these were not measured: snow"))
    for sex, value in (("F", 0.21), ("M", 0.29)):
        made.append(invented(MEAN, value, slice={"sex": sex}))
    made.append(invented(MEAN, 0.29, slice={"sex": "M"}, estimand="worst", over="sex"))
    made.append(invented("classification_error_gap", 0.02, over="sex"))
    for severity in range(1, 6):
        made.append(invented("classification_error_gap", 0.03 * severity, "motion", severity, over="sex"))
    return made


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    known = {metric.name: metric for metric in (*scores.METRICS, *METRICS)}
    return write(tmp_path_factory.mktemp("runs"), found=found(), decided=False, metrics=tuple(known.values()))


@pytest.fixture(scope="module")
def shown(whole: RunFolder) -> dict[Audience, Document]:
    return documents_of(whole)


def blocks(document: Document, kind: type) -> list[Any]:
    section = next(s for s in document.sections if s.id == "conditions")
    return [block for block in section.blocks if isinstance(block, kind)]


def test_the_summary_names_the_worst_condition_and_what_was_not_measured(shown: dict[Audience, Document]) -> None:
    (table,) = blocks(shown["engineer"], DataTable)
    caption = plain(table.caption)
    assert caption.startswith(
        "Error is highest on average under \N{LEFT DOUBLE QUOTATION MARK}Patient moves"
        "\N{RIGHT DOUBLE QUOTATION MARK}: 0.31, against 0.15 on clean input"
    )
    assert "(mCE) and Relative mean corruption error: not measured, these were not measured: snow." in caption
    assert "AlexNet" in caption
    rows = [[plain(cell) for cell in row] for row in table.rows]
    assert [row[0] for row in rows] == ["All conditions", "Patient moves (worst)", "Noise", "Coarser grid"]
    assert [row[1] for row in rows] == ["412"] * 4
    assert rows[0][2].startswith("0.25 (")
    assert [column.title for column in table.columns][-2:] == ["CE, mCE", "Relative CE, mCE"]


def test_the_interval_of_the_worst_condition_is_the_one_that_holds_for_all(shown: dict[Audience, Document]) -> None:
    (table,) = blocks(shown["deployer"], DataTable)
    wide, narrow = wilson(0.31, 300), wilson(0.31, 412)
    worst = plain(table.rows[1][2])
    assert f"{wide.low:.2f} to {wide.high:.2f}" in worst
    assert f"{narrow.low:.2f} to {narrow.high:.2f}" not in worst


def test_groups_and_their_gap_over_severities_are_shown_to_those_who_can_act(shown: dict[Audience, Document]) -> None:
    for audience in TECHNICAL:
        (table,) = blocks(shown[audience], GroupTable)
        assert [row.label for row in table.rows if row.mark] == ["M"]
        gap = next(chart for chart in blocks(shown[audience], Chart) if "gap" in chart.id)
        assert [panel.title for panel in gap.panels] == ["Patient moves"]
        assert [point.span.value for point in gap.panels[0].series[0].points] == pytest.approx(
            [0.03, 0.06, 0.09, 0.12, 0.15]
        )
        assert gap.panels[0].reference.value == pytest.approx(0.02)
        assert "severity 5" in plain(gap.title)


def test_clinicians_get_one_sentence_and_no_table(shown: dict[Audience, Document]) -> None:
    (prose,) = blocks(shown["clinician"], Prose)
    text = plain(prose.paragraphs[0])
    assert text.startswith("When the input is made worse on purpose, the model is wrong about 25 (")
    assert "against 15 of 100 on clean input" in text
    assert not blocks(shown["clinician"], DataTable)
    assert not blocks(shown["clinician"], GroupTable)
    assert len(blocks(shown["clinician"], Chart)) == 1


@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_number_is_read_from_a_measurement(
    shown: dict[Audience, Document], whole: RunFolder, audience: Audience
) -> None:
    known = set(whole.read_evidence().by_id)
    for section in shown[audience].sections:
        if section.id != "conditions":
            continue
        for figure in below(section.blocks, Figure):
            assert figure.measurements
            assert set(figure.measurements) <= known
        for block in section.blocks:
            texts = [*getattr(block, "title", ()), *getattr(block, "caption", ())]
            if isinstance(block, DataTable):
                texts += [part for row in block.rows for cell in row for part in cell]
            assert not [part for part in texts if isinstance(part, str) and re.search(r"\d\.\d", part)]
    page = re.sub(r"<style>.*?</style>", "", render(shown[audience]).decode(), flags=re.DOTALL)
    assert not re.search(r"\b(nan|NaN|inf)\b", page)


def test_many_conditions_are_not_drawn_for_clinicians(tmp_path: Path) -> None:
    many = [m for m in robustness() if m.condition.is_clean]
    many += [
        m.model_copy(update={"condition": Condition(name=f"c{k}", severity=1), "value": 0.8})
        for k in range(7)
        for m in many[:1]
    ]
    many = [Measurement.model_validate(m.model_dump(exclude={"id"})) for m in many]
    shown = documents_of(write(tmp_path, found=many, decided=False))
    assert not [s for s in shown["clinician"].sections if s.id == "conditions"]
    assert blocks(shown["deployer"], Chart)
