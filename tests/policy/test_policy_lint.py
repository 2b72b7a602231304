"""What lint points out in policies that can be used: each finding at its place, and none where nothing is odd."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import pytest
from policy_cases import measured, policy, rule, verdict

from governance.errors import InputError
from governance.policy import load_policy, packs
from governance.policy.linting import lint
from governance.policy.review import review
from governance.spec import load_spec

TODAY = dt.date(2026, 11, 25)
SENSITIVITY = "fairness / sensitivity on test"
SET = {"by": "clinical safety", "on": "2026-10-02"}
SPEC = """\
version: 1
subject: {name: m, version: "1", kind: recorded, predictions: p.csv}
datasets:
  test:
    kind: table
    table: t.csv
    role: testing
    target: y
    sample_id: id
    cluster: id
    attributes:
      sex: {column: sex, labels: {"0": male, "1": female}}
      age: {column: age, bands: [40, 60]}
      site: site
evaluate: {fairness: {on: test, groups: [sex, age, site]}}
hazards:
  H-01: {hazard: a miss, harm: late treatment, who: patients, severity: serious, controls: [overall]}
"""


def notes(*rules: dict[str, Any], **more: Any) -> list[str]:
    whole = {"owner": {"name": "A", "role": "B"}, **more}
    return [f"{note.rule}: {note.message}" for note in review(policy(*rules, **whole), TODAY)]


def linted(folder: Path, text: str, spec: str | None = None) -> list[str]:
    (folder / "policy.yaml").write_text(text)
    meant_for = None
    if spec is not None:
        (folder / "governance.yaml").write_text(spec)
        meant_for = load_spec(folder / "governance.yaml")
    found = lint(str(folder / "policy.yaml"), TODAY, meant_for)
    return [f"{Path(one.place.file).name}:{one.place.line}:{one.place.column} {one.message}" for one in found]


@pytest.mark.parametrize(
    ("weak", "strong"),
    [
        ({"bar": {"at_least": 0.8}}, {"bar": {"at_least": 0.9}}),
        ({"bar": {"within": [0.1, 0.9]}}, {"bar": {"within": [0.2, 0.8]}}),
        ({"bar": {"present": True}}, {"bar": {"at_least": 0.9}}),
        ({"bar": {"at_least": 0.9}}, {"bar": {"at_least": 0.9}, "minimum": {"patients": 30}}),
        ({"bar": {"at_least": 0.9}}, {"bar": {"at_least": 0.9}, "level": 0.99}),
    ],
)
def test_a_rule_beside_a_stricter_one_decides_nothing(weak: dict[str, Any], strong: dict[str, Any]) -> None:
    first, second = (
        {**rule(SENSITIVITY, {}), **weak, "id": "weak"},
        {**rule(SENSITIVITY, {}), **strong, "id": "strong"},
    )
    said = "weak: 'strong' asks the same more strictly, so it decides nothing"
    for rules in ((first, second), (second, first)):
        assert notes(*rules) == [said]
        assert notes({**first, "severity": "warn"}, second) == [said]
        assert notes(first, {**second, "severity": "warn"}) == []
    assert notes(first, {**second, "measure": "fairness / specificity on test"}) == []


def test_a_bar_that_is_stricter_and_rests_on_fewer_patients_shadows_nothing() -> None:
    weak = {**rule(SENSITIVITY, {"at_least": 0.8}), "id": "a", "minimum": {"patients": 100}}
    strong = {**rule(SENSITIVITY, {"at_least": 0.9}), "id": "b", "minimum": {"patients": 30}}
    assert notes(weak, strong) == []


def test_rules_of_every_kind_that_ask_the_same_are_found() -> None:
    pytest.importorskip("cel_expr_python")
    common = {"title": "T", "rationale": "R"}
    recent = {**common, "provenance": {"measured_within_days": 90}}
    tradeoff = {**common, "expression": "s.low >= 0.8", "inputs": {"s": SENSITIVITY}}
    assert notes({**recent, "id": "a"}, {**recent, "id": "b"}) == ["b: it asks the same as 'a'"]
    assert notes({**tradeoff, "id": "a", "severity": "warn"}, {**tradeoff, "id": "b"}) == [
        "a: 'b' asks the same and weighs more"
    ]


def test_a_bar_at_the_end_of_the_range_hardly_passes() -> None:
    assert ["hardly passes" in note for note in notes(rule(SENSITIVITY, {"at_least": 1}))] == [True]
    assert ["hardly passes" in note for note in notes(rule("fairness / brier_score", {"at_most": 0}))] == [True]
    assert notes(rule(SENSITIVITY, {"at_least": 0.99})) == []
    # and so it is: everybody was found, and yet the verdict is open
    assert verdict(rule(SENSITIVITY, {"at_least": 1}), [measured(1.0, 0.99, 1.0)]).outcome == "inconclusive"


def test_a_bar_that_nothing_can_miss_is_refused(tmp_path: Path) -> None:
    text = "policy: p\nversion: '1'\nrules:\n"
    text += "- {id: a, title: T, measure: fairness / auroc, bar: {within: [0, 1]}, rationale: R}"
    (found,) = linted(tmp_path, text)
    assert found == "policy.yaml:4:62 no value of auroc can miss this bar: its range is 0 to 1"
    assert linted(tmp_path, text.replace("[0, 1]", "[0.5, 1]"))[0].endswith("nobody answers for the policy")


@pytest.mark.parametrize(
    ("measure", "bar"),
    [
        ({"difference": "sex"}, {"equivalent_within": 0.1}),
        ({"difference": "sex"}, {"at_most": 0.1}),
        ({"evaluator": "robustness", "condition": "noise"}, {"not_worse_than": "clean", "by": 0.1}),
        ({}, {"not_worse_than": "baseline", "by": 0.0}),
        ({}, {"equivalent_within": 0.1, "to": "baseline"}),
    ],
)
def test_a_margin_is_set_by_somebody(measure: dict[str, Any], bar: dict[str, Any]) -> None:
    one = rule({"evaluator": "fairness", "metric": "auroc", **measure}, bar)
    assert notes(one) == ["r: nobody has set this margin"]
    assert notes({**one, "set": SET}) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"status": "withdrawn"}, "the policy is withdrawn"),
        ({"status": "in use"}, None),
        ({"effective": {"from": "2026-11-26"}}, "it is to be used from 2026-11-26 on (today is 2026-11-25)"),
        ({"effective": {"from": "2020-01-01", "until": "2026-11-24"}}, "it was to be used until 2026-11-24"),
        ({"effective": {"from": "2026-11-25", "until": "2026-11-25"}}, None),
        ({"owner": None}, "nobody answers for the policy"),
    ],
)
def test_a_policy_is_for_its_time_and_somebody_answers_for_it(more: dict[str, Any], said: str | None) -> None:
    found = notes(rule(SENSITIVITY, {"at_least": 0.8}), **more)
    assert [note.startswith(f"None: {said}") for note in found] == ([True] if said else [])


def test_expressions_over_values_and_reasons_to_be_filled_are_pointed_out() -> None:
    pytest.importorskip("cel_expr_python")
    one = {"id": "a", "title": "T", "expression": "s.value >= 0.8", "inputs": {"s": SENSITIVITY}, "severity": "warn"}
    assert notes({**one, "rationale": "To be filled"}) == [
        "a: its rationale is to be filled",
        "a: it rests on point values, which ignore how uncertain they are",
    ]


FITS = """\
policy: p
version: "1"
owner: {name: A, role: B}
groups: {sex: [male, female], age: ["<40", "40-60", ">=60"], site: [north]}
exempt: {age: {"<40": none here}}
rules:
  - id: overall
    title: T
    measure: {evaluator: fairness, metric: sensitivity, slice: {sex: female}}
    bar: {at_least: 0.8}
    rationale: R
"""


def test_a_policy_that_fits_its_spec_gives_nothing_to_look_at(tmp_path: Path) -> None:
    assert linted(tmp_path, FITS, SPEC) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("slice: {sex: female}", "slice: {sex: femal}", "policy.yaml:9:70 'femal' is no group of 'sex'"),
        ("[male, female]", "[male, woman]", "policy.yaml:4:22 'woman' is no group of 'sex'"),
        ('"40-60"', '"40-50"', "policy.yaml:4:44 '40-50' is no group of 'age'"),
        ('{age: {"<40"', '{age: {"<4"', "policy.yaml:5:22 '<4' is no group of 'age'"),
        ("site: [north]", "center: [north]", "policy.yaml:4:70 groups of 'center' are declared, which is no attribute"),
        (
            "id: overall",
            "id: overal",
            "governance.yaml:17:93 the hazard 'H-01' is controlled by 'overall', which is no",
        ),
        ("id: overall", "id: overal", "policy.yaml:7:5 it blocks a release and names no hazard"),
        ("rationale: R", "rationale: R\n    controls: H-02", "policy.yaml:12:15 it controls the hazard 'H-02'"),
        (
            "fairness, metric: sens",
            "robustness, metric: sens",
            "policy.yaml:9:14 a run would leave it not measured: the",
        ),
        (
            "rationale: R",
            "rationale: R\n    level: 0.99",
            "policy.yaml:9:14 a run would leave it not measured: it asks",
        ),
    ],
)
def test_what_does_not_fit_the_spec_is_said_where_it_stands(tmp_path: Path, old: str, new: str, said: str) -> None:
    found = linted(tmp_path, FITS.replace(old, new), SPEC)
    assert [one for one in found if one.startswith(said)], found


def test_notes_on_inherited_rules_stand_where_they_are_taken_over_or_changed(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(
        "policy: base\nversion: '1'\nrules:\n"
        + "\n" * 40
        + "- {id: gap, title: T, measure: {evaluator: fairness, metric: auroc, difference: sex},\n"
        "   bar: {equivalent_within: 0.1}, rationale: R}\n"
    )
    own = "policy: own\nversion: '1'\nowner: {name: A, role: B}\nextends: base.yaml\n"
    assert linted(tmp_path, own) == ["policy.yaml:4:10 nobody has set this margin"]
    change = (
        "overrides:\n- rule: gap\n  change: {bar: {equivalent_within: 0.2}}\n  reason: R\n"
        "  set: {by: A, on: 2026-11-01}\n"
    )
    assert linted(tmp_path, own + change) == ["policy.yaml:7:37 nobody has set this margin"]


@pytest.mark.parametrize("name", sorted(packs()))
def test_packs_that_ship_have_no_rule_that_decides_nothing(name: str) -> None:
    found = [note.message for note in review(load_policy(packs()[name]).policy, TODAY)]
    assert not [message for message in found if "asks the same" in message or "hardly passes" in message]


def test_mutated_policies_are_linted_or_refused(tmp_path: Path) -> None:
    rng = random.Random(13)
    (tmp_path / "governance.yaml").write_text(SPEC)
    spec = load_spec(tmp_path / "governance.yaml")
    pieces = ["", " ", "\n", ":", "- ", "{", "}", '"', "[", "&a ", "*a", "0", "-1", "é", "null", "sex", "fairness", "1"]
    levels = []
    for _ in range(150):
        text = FITS
        for _ in range(rng.randrange(1, 3)):
            start = rng.randrange(len(text))
            text = text[:start] + rng.choice(pieces) + text[start + rng.choice([0, 0, 1, 2, 9]) :]
        (tmp_path / "policy.yaml").write_text(text)
        found = lint(str(tmp_path / "policy.yaml"), TODAY, spec)
        assert all(one.place.line and one.place.column for one in found)
        levels += [one.level for one in found]
    assert {"error", "note"} == set(levels)


def test_a_thousand_rules_are_linted_at_once() -> None:
    groups = [{"evaluator": "fairness", "metric": "sensitivity", "slice": {"site": f"s{i}"}} for i in range(1000)]
    rules = [{**rule(measure, {"at_least": 0.5}), "id": f"r{i}"} for i, measure in enumerate(groups)]
    assert notes(*rules) == []


def test_a_name_that_is_none_is_an_error_without_a_traceback(tmp_path: Path) -> None:
    for name in ("none.yaml", "nothing", "\0", "x" * 5000, str(tmp_path)):
        (found,) = lint(name, TODAY)
        assert found.level == "error"
    with pytest.raises(InputError):
        load_policy(tmp_path)
