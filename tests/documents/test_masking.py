"""Files for the public show no count below ten, and none from which one could be worked out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import api
from governance.documents.blocks import Axis, Figure, GroupRow, GroupTable
from governance.documents.masking import MASKED, SMALLEST, Masks, masked
from governance.evidence.model import Interval, Measurement, Method


def group(
    name: str, n: int, *, total: bool = False, metric: str = "sensitivity", events: int | None = None
) -> Measurement:
    return Measurement(
        evaluator="fairness", metric=metric, dataset="test", dataset_digest="0" * 64,
        slice={} if total else {"age": name}, status="measured", value=0.5, n=n, n_clusters=n,
        events=n // 2 if events is None else events, method=Method(name="m"),
        interval=Interval(low=0.4, high=0.6, level=0.95, method="m"),
    )  # fmt: skip


def hidden(*cells: Measurement, datasets: dict[str, Any] | None = None) -> set[str]:
    found = Masks.of(cells, datasets or {}).counts
    return {next(iter(m.slice.values())) for m in cells if m.id in found and m.slice}


def test_a_small_group_takes_the_next_smallest_with_it() -> None:
    total = group("", 97, total=True)
    assert hidden(total, group("young", 8), group("middle", 33), group("old", 56)) == {"young", "middle"}


def test_a_group_without_a_number_is_not_given_away_by_the_total() -> None:
    assert hidden(group("", 97, total=True), group("middle", 33), group("old", 56)) == {"middle"}


def test_large_groups_are_all_shown() -> None:
    assert hidden(group("", 89, total=True), group("middle", 33), group("old", 56)) == set()


def test_what_the_model_got_wrong_is_no_count_of_people() -> None:
    assert hidden(group("", 89, total=True), group("middle", 33, events=31), group("old", 56)) == set()


def test_few_positives_are_not_given_away_by_all_less_the_others() -> None:
    inventory = {"test": {"attributes": {"age": {"groups": {"young": {"n": 237, "events": 8}}}}}}
    cells = [group("", 500, total=True, metric=name) for name in ("accuracy", "specificity")]
    for name, sizes in (("accuracy", (237, 150, 113)), ("specificity", (229, 141, 130))):
        cells += [group(age, n, metric=name) for age, n in zip(("young", "middle", "old"), sizes, strict=True)]
    found = Masks.of(cells, inventory).counts
    by_metric = {
        name: [m.id in found for m in cells if m.metric == name and m.slice] for name in ("accuracy", "specificity")
    }
    assert by_metric == {"accuracy": [True, False, True], "specificity": [True, False, True]}


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6), st.integers(0, 30))
def test_no_count_below_ten_can_be_worked_out_of_any_table(sizes: list[int], unmeasured: int) -> None:
    cells = [group(f"g{index}", size) for index, size in enumerate(sizes)]
    total = sum(sizes) + unmeasured
    found = Masks.of([group("", total, total=True), *cells], {}).counts
    shown = [m.n or 0 for m in cells if m.id not in found]
    assert all(n == 0 or n >= SMALLEST for n in shown)
    rest = total - sum(shown)
    assert rest == 0 or rest >= SMALLEST or not shown


def table(*rows: GroupRow) -> GroupTable:
    return GroupTable(id="t", title=("T",), metric="m", axis=Axis(title="x", low=0, high=1, ticks=()), rows=rows)


def test_value_and_interval_stay_and_the_table_says_what_is_masked() -> None:
    counted = Figure(measurements=("a",), text="8", is_count=True)
    row = GroupRow(label="young", n=counted, value=Figure(measurements=("a",), text="0.61"))
    shown = masked(table(row), Masks(frozenset({"a"})))
    assert (shown.rows[0].n.text, shown.rows[0].value.text) == (MASKED, "0.61")
    assert "Masked: a count below 10" in "".join(map(str, shown.note))


@pytest.mark.parametrize(
    ("sentence", "without"),
    [
        ("old: 0.61 (0.36 to 0.83, 11 of 18) lies on both sides", "old: 0.61 (0.36 to 0.83) lies on both sides"),
        ("0.83 (0.77 to 0.87, n=573, 97 events) clears 0.75", "0.83 (0.77 to 0.87) clears 0.75"),
        ("0.76 (0.69 to 0.82, 199 of 262, 157 patients) misses 0.8", "0.76 (0.69 to 0.82) misses 0.8"),
    ],
)
def test_sentences_lose_their_counts_and_nothing_else(sentence: str, without: str) -> None:
    assert masked(Figure(measurements=("a",), text=sentence), Masks(frozenset({"a"}))).text == without
    assert masked(Figure(measurements=("b",), text=sentence), Masks(frozenset({"a"}))).text == sentence


def test_public_files_of_a_run_print_no_small_count_and_others_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_age_alone: Callable[[Path], None]
) -> None:
    write_age_alone(tmp_path)
    monkeypatch.chdir(tmp_path)
    people = pd.read_csv("test.csv")
    people["ward"] = ["small"] * 7 + ["other"] * 300 + ["large"] * (len(people) - 307)
    people.to_csv("test.csv", index=False)
    spec = Path("governance.yaml").read_text().replace("{sex: sex}", "{sex: sex, ward: ward}")
    spec = spec.replace("groups: [sex]", "groups: [sex, ward]")
    Path("governance.yaml").write_text(f"{spec}settings: {{minimum_patients: 2, minimum_events: 1}}\n")
    Path("policy.yaml").write_text(
        'policy: p\nversion: "1"\nrules:\n  - {id: a, title: A, severity: warn, bar: {at_least: 0.2}, rationale: r, '
        "measure: {evaluator: fairness, metric: specificity, dataset: test, worst: ward}}\n"
    )
    folder = api.run("governance.yaml", formats=("json", "markdown", "html"), no_tracking=True).folder
    own = [m for m in folder.read_evidence().measurements if m.slice == {"ward": "small"} and m.estimand == "value"]
    assert {m.n for m in own if m.n} <= set(range(1, 10))
    about = re.compile(r"small[^.;|]{0,80}?(n=[1-9]\b|\b[1-9] of [1-9]\b)|\| small \| ([1-9]) \|")
    for path in sorted(folder.documents.rglob("*.md")):
        found = about.findall(path.read_text())
        assert bool(found) == (path.parent.name != "public"), (path, found)
    for path in sorted((folder.documents / "public").glob("*.html")):
        assert MASKED in path.read_text()
