"""What documents show of fewer labels: curves by arm and group, and where they reach the reference or do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from governance.documents.blocks import Audience, Chart, DataTable
from governance.documents.content import Document, plain
from governance.documents.html import render
from governance.evidence.model import Interval, Measurement, Method, MetricDescriptor

from .conftest import documents_of
from .sample_evidence import METRICS, _m
from .sample_run import write

SHARES = (0.05, 0.2, 1.0)
CURVES = {"pretrained": (0.80, 0.85, 0.88), "from-scratch": (0.62, 0.75, 0.86)}
NEEDED = tuple(
    MetricDescriptor(
        name=name,
        title=title,
        direction=direction,
        low=None,
        high=None,
        formula="as measured",
        explanation="About fewer labels.",
        does_not_show="What else labels are for.",
        source="invented for this sample",
    )
    for name, title, direction in (
        ("label_fraction_to_match", "Share of the labels that reaches the reference", "lower"),
        ("label_savings", "Labels saved", "higher"),
        ("gap_change", "Change of the gap", "none"),
    )
)


def interval(low: float, high: float) -> Interval:
    return Interval(low=low, high=high, level=0.95, method="patients and seeds")


def about(metric: str, value: float | None, **more: Any) -> Measurement:
    base = _m("auroc", value, 400, evaluator="data_efficiency", **more)
    direction = next(m.direction for m in (*METRICS, *NEEDED) if m.name == metric)
    return base.model_copy(update={"metric": metric, "direction": direction})


def everything() -> list[Measurement]:
    found = []
    for arm, values in CURVES.items():
        for share, value in zip(SHARES, values, strict=True):
            for group, shift in ((None, 0.0), ("F", 0.02), ("M", -0.03)):
                where = {"sex": group} if group else {}
                ends = interval(value + shift - 0.04, value + shift + 0.04)
                found.append(
                    about(
                        "auroc", value + shift, variant=arm, fraction=share, estimand="mean", slice=where, interval=ends
                    )
                )
            found.append(
                about(
                    "auroc",
                    value - 0.03,
                    variant=arm,
                    fraction=share,
                    estimand="worst",
                    over="sex",
                    slice={"sex": "M"},
                    interval=interval(value - 0.07, value + 0.01),
                )
            )
    reached = Method(
        name="log-linear interpolation of the first crossing",
        parameters={
            "metric": "auroc",
            "reference": "from-scratch with 100 % of the labels",
            "reference_value": 0.86,
            "state": "first crossing",
        },
    )
    bound = reached.model_copy(
        update={"parameters": {**reached.parameters, "state": "reached at the smallest share: an upper bound"}}
    )
    for metric, value, ends in (
        ("label_fraction_to_match", 0.342, interval(0.11, 0.82)),
        ("label_savings", 0.658, interval(0.18, 0.89)),
    ):
        found.append(about(metric, value, variant="pretrained", estimand="value", interval=ends, method=reached))
    found += [
        about(
            "label_fraction_to_match",
            None,
            variant="pretrained",
            estimand="value",
            slice={"sex": "M"},
            reason="not reached: auroc is at most 0.850 (with 100 %), the reference is 0.870",
        ),
        about(
            "label_fraction_to_match",
            0.05,
            variant="pretrained",
            estimand="value",
            slice={"sex": "F"},
            interval=interval(0.0, 0.21),
            method=bound,
        ),
        about(
            "gap_change",
            -0.04,
            variant="pretrained",
            estimand="difference",
            over="sex",
            slice={"sex": "M"},
            reference={"sex": "F"},
            interval=interval(-0.09, 0.01),
            method=Method(
                name="difference of gaps",
                parameters={"fewest": "5 %", "most": "100 %", "gap_fewest": -0.01, "gap_most": -0.05},
            ),
        ),
    ]
    return found


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[Audience, Document]:
    folder = write(
        Path(tmp_path_factory.mktemp("runs")), found=everything(), decided=False, metrics=(*METRICS, *NEEDED)
    )
    return documents_of(folder)


def blocks(document: Document) -> dict[str, Any]:
    section = next(s for s in document.sections if s.id == "efficiency")
    return {block.id: block for block in section.blocks if isinstance(block, Chart | DataTable)}


def cells(table: DataTable) -> list[list[str]]:
    return [[plain(cell) for cell in row] for row in table.rows]


def test_curves_and_shares_are_for_those_who_deploy_and_build_and_gaps_for_those_who_check(
    shown: dict[Audience, Document],
) -> None:
    everywhere = {"efficiency-auroc-test", "efficiency-auroc-test-sex", "efficiency-shares-test"}
    checked = {"efficiency-worst-auroc-test-sex", "efficiency-gaps-test"}
    assert set(blocks(shown["engineer"])) == everywhere | checked
    assert set(blocks(shown["auditor"])) == everywhere | checked
    assert set(blocks(shown["deployer"])) == everywhere
    for reader in ("public", "clinician"):
        assert "efficiency" not in {section.id for section in shown[reader].sections}


def test_the_chart_marks_where_a_curve_reaches_the_reference_and_each_group_has_a_line(
    shown: dict[Audience, Document],
) -> None:
    found = blocks(shown["engineer"])
    (panel,) = found["efficiency-auroc-test"].panels
    mark = next(series for series in panel.series if series.drawn == "choice")
    assert (mark.title, mark.points[0].span.value) == ("pretrained reaches the reference", 0.86)
    assert mark.points[0].label.text == "34 %"
    by_group = found["efficiency-auroc-test-sex"]
    assert [panel.title for panel in by_group.panels] == list(CURVES)
    assert all(len(panel.series) == 2 for panel in by_group.panels)


def test_the_table_says_at_most_not_reached_and_what_is_saved(shown: dict[Audience, Document]) -> None:
    rows = cells(blocks(shown["deployer"])["efficiency-shares-test"])
    shares = {row[1]: (row[2], row[3], row[4]) for row in rows}
    assert shares["everyone"] == ("34 %", "11 to 82 %", "66 %")
    reasons = " ".join(row[5] for row in rows)
    assert "from-scratch with 100 % of the labels" in reasons
    assert "not reached: auroc is at most 0.850" in reasons
    assert {row[2] for row in rows} == {"34 %", "not measured", "at most 5 %"}


def test_gaps_are_shown_at_both_ends_with_the_change(shown: dict[Audience, Document]) -> None:
    (row,) = cells(blocks(shown["auditor"])["efficiency-gaps-test"])
    assert [text.replace("\N{MINUS SIGN}", "-") for text in row[2:]] == ["-0.01", "-0.05", "-0.04", "-0.09 to 0.01"]


def test_the_page_draws_a_ring_for_each_mark_and_lists_the_numbers(shown: dict[Audience, Document]) -> None:
    html = render(shown["engineer"]).decode()
    assert html.count('r="7"') == 1
    assert "pretrained reaches the reference" in html
