"""Which interval a reader sees: never one that contradicts the verdict beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from governance.documents import numbers
from governance.documents.blocks import AUDIENCES, GroupRow, GroupTable, Prose
from governance.documents.build.rows import VERDICTS_REST, group_row
from governance.documents.html import render
from governance.documents.markdown import render as render_markdown
from governance.evidence.model import Interval, Measurement

from .conftest import documents_of
from .sample_evidence import _m, measurements
from .sample_run import write
from .test_content import section

USUAL = Interval(low=0.762, high=0.921, level=0.95, method="Wilson")
WIDE = Interval(low=0.741, high=0.934, level=0.95, method="Clopper-Pearson")


def of(**more: object) -> Measurement:
    return _m("sensitivity", 0.86, 100, events=86, **more)  # type: ignore[arg-type]


def test_the_usual_interval_is_printed_and_the_one_for_verdicts_beside_it() -> None:
    row = group_row(of(interval=USUAL, gating=WIDE), "F", cited={of().id})
    assert row.interval
    assert row.interval.text == "0.76 to 0.92"
    assert row.verdict
    assert row.verdict.text == "0.74 to 0.93"
    assert row.wide
    assert (row.wide.low, row.wide.high) == (0.741, 0.934)
    undecided = group_row(of(interval=USUAL, gating=WIDE), "F")
    assert undecided.verdict is None
    assert undecided.wide is None


def test_equal_intervals_are_printed_once() -> None:
    row = group_row(of(interval=USUAL, gating=USUAL), "F", cited={of().id})
    assert row.wide is None
    assert row.verdict is None


def test_a_withheld_interval_gives_way_to_the_one_for_verdicts_which_is_marked() -> None:
    withheld = of(interval=None, interval_reason="fewer than 10 expected events", gating=WIDE)
    row = group_row(withheld, "F")
    assert row.interval
    assert row.interval.text == f"0.74 to 0.93{numbers.MARK}"
    assert row.span
    assert row.span.low == 0.741
    assert row.reason is None
    bare = group_row(of(interval=None, interval_reason="fewer than 10 expected events"), "F")
    assert bare.interval is None
    assert bare.reason == "fewer than 10 expected events"


@pytest.fixture(scope="module")
def found() -> list[Measurement]:
    """The sample, where a group that a rule was decided on has another interval for verdicts."""
    changed = []
    for m in measurements():
        changes: dict[str, object] = {}
        if m.metric == "sensitivity" and m.estimand == "value" and m.status == "measured":
            assert m.interval
            low, high = max(0.0, m.interval.low - 0.04), min(1.0, m.interval.high + 0.03)
            changes = {"gating": m.interval.model_copy(update={"low": low, "high": high})}
            if m.slice == {"age": "40-60"}:
                changes |= {"interval": None, "interval_reason": "too little was seen"}
        changed.append(m.model_copy(update=changes))
    return changed


def test_one_line_says_that_verdicts_rest_on_a_wider_interval(tmp_path: Path, found: list[Measurement]) -> None:
    documents = documents_of(write(tmp_path, found=found))
    for audience in ("clinician", "deployer", "engineer", "auditor"):
        blocks = section(documents[audience], "groups").blocks  # type: ignore[index]
        said = [b for b in blocks if isinstance(b, Prose) and b.paragraphs == ((VERDICTS_REST,),)]
        assert len(said) == 1
        table = next(b for b in blocks if isinstance(b, GroupTable))
        assert table.axis.low <= min(row.wide.low or 0 for row in table.rows if row.wide)
        assert any(numbers.MARK_MEANS in part for part in table.note if isinstance(part, str))
        page = render(documents[audience]).decode()  # type: ignore[index]
        assert "verdict on <span" in page
        assert "verdict on " in render_markdown(documents[audience]).decode()  # type: ignore[index]


def test_without_another_interval_nothing_is_said_of_one(tmp_path: Path) -> None:
    documents = documents_of(write(tmp_path))
    assert all(VERDICTS_REST not in documents[audience].model_dump_json() for audience in AUDIENCES)


def test_a_second_number_is_drawn_and_said(tmp_path: Path) -> None:
    from governance.documents.build.axes import axis
    from governance.documents.charts.forest import row as drawn

    second = group_row(of(interval=USUAL), "F", beside=of(interval=WIDE).model_copy(update={"value": 0.85}))
    table = GroupTable(
        id="x", title=("x",), metric="Sensitivity", beside="shrunken", axis=axis("x", [second.span]), rows=(second,)
    )
    svg = drawn(table, second)
    assert 'aria-label="F: Sensitivity 0.86, interval 0.76 to 0.92; shrunken 0.85, interval 0.74 to 0.93"' in svg
    assert len(re.findall(r"<line[^>]*class=\"line", svg)) == 2
    assert drawn(table, GroupRow(label="G", reason="too few")) == ""
