"""Policy files: what is wrong in one is said at its line and column, and never with a traceback."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from governance.errors import InputError
from governance.policy import Severity, load_policy, pack, policy_digest

POLICY = """\
# A comment.
policy: nodule-suspicion-release
version: 1.20
owner: {name: A. Person, role: person responsible for regulatory compliance}
groups: {thickness: ["<1.5", "1.5-2.5", ">2.5"], contrast: [yes, no]}
exempt: {contrast: {no: {reason: none in this cohort, owner: clinical safety}}}
rules:
  - id: sensitivity-overall
    title: Finds suspicious nodules
    controls: H-01
    measure: fairness / sensitivity on test
    bar: {at_least: 0.80}
    rationale: Single-reader sensitivity in our reader study.
    set: {by: clinical safety, on: 2026-10-02}
    supports: [AIA-15-1, AIA-ANX4-2g]
  - id: sensitivity-worst-thickness
    title: Finds them in every slice thickness
    measure: {evaluator: fairness, metric: sensitivity, worst: thickness}
    bar: {at_least: 0.75}
    minimum: {patients: 30, events: 30}
    rationale: At most five points below the overall bar.
  - id: other-reader
    title: Keeps its answer when another reader draws the contour
    measure: {evaluator: robustness, metric: auroc, condition: other-reader}
    bar: {not_worse_than: clean, by: 0.03}
    severity: warn
    rationale: Readers differ by design.
  - id: gap
    title: No gap
    measure: {evaluator: fairness, metric: auroc, difference: contrast}
    bar: {at_most: 0.05}
    rationale: Agreed with two sites.
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


def change(path: Path, old: str, new: str) -> Path:
    assert POLICY.count(old) == 1, old
    path.write_text(POLICY.replace(old, new))
    return path


def test_a_policy_is_read_with_the_line_of_each_rule(file: Path) -> None:
    loaded = load_policy(file)
    assert loaded.policy.version == "1.20"
    assert loaded.policy.groups["contrast"] == ("yes", "no")
    assert loaded.lines == {
        "sensitivity-overall": 8,
        "sensitivity-worst-thickness": 16,
        "other-reader": 22,
        "gap": 28,
    }
    short = loaded.policy.rules[0].measure
    assert (short.evaluator, short.metric, short.dataset) == ("fairness", "sensitivity", "test")
    assert loaded.policy.rules[2].severity is Severity.WARN


def test_comments_and_the_order_of_keys_and_rules_do_not_change_the_digest(file: Path, tmp_path: Path) -> None:
    head, *rules = re.split(r"(?m)^(?=  - id)", POLICY)
    other = tmp_path / "other.yaml"
    text = head.replace("# A comment.\n", "") + "".join(reversed(rules))
    other.write_text(
        text.replace("bar: {not_worse_than: clean, by: 0.03}", "bar: {by: 0.030, not_worse_than: clean}  # x")
    )
    assert load_policy(other).digest == load_policy(file).digest
    assert load_policy(change(file, "0.80", "0.81")).digest != load_policy(other).digest


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("fairness / sensitivity on test", "fairnes / sensitivity on test", "11:14", "did you mean 'fairness'"),
        ("fairness / sensitivity on test", "fairness / sensitvity on test", "11:14", "did you mean 'sensitivity'"),
        ("fairness / sensitivity on test", "fairness sensitivity", "11:14", "evaluator / metric on dataset"),
        ("metric: sensitivity, worst", "metric: sensitvity, worst", "18:44", "did you mean 'sensitivity'"),
        ("at_least: 0.80", "at_least: 80", "12:21", "outside the range of sensitivity, 0 to 1"),
        ("at_least: 0.80", "at_least: -0.1", "12:21", "outside the range"),
        ("at_least: 0.80", "at_least: 0", "12:21", "no value of sensitivity can miss this bar"),
        ("at_least: 0.80", "at_most: 0.80", "12:20", "higher is better for sensitivity"),
        ("at_least: 0.80", "at_leest: 0.80", "12:11", "did you mean 'at_least'"),
        ("at_least: 0.80", "at_least: high", "12:21", "number"),
        ("at_least: 0.80", "at_least: .nan", "12:21", "number"),
        ("at_least: 0.80", "not_worse_than: clean, by: 0.1", "12:27", "needs a condition"),
        ("at_most: 0.05", "at_least: 0.05", "31:21", "equivalent_within: its margin"),
        ("at_most: 0.05", "at_most: 0", "31:20", "can never be kept"),
        ("at_most: 0.05", "at_most: 1.0", "31:20", "no difference of auroc can be larger than"),
        ("severity: warn", "severity: warning", "26:15", "did you mean 'warn'"),
        ("id: gap", "id: other-reader", "28:9", "two rules have the id 'other-reader'"),
        ("  - id: gap\n", "  - id: gap\n    id: twice\n", "29:5", "id"),
        ("set: {by: clinical safety, on: 2026-10-02}", "set: {by: x, on: soon}", "14:22", "date"),
        ("rationale: Readers differ by design.", "why: Readers differ.", "27:5", "unknown key `why`"),
        ("rules:\n", "rules: &a\n", "", ""),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(file: Path, old: str, new: str, place: str, message: str) -> None:
    change(file, old, new)
    if not place:
        load_policy(file)
        return
    with pytest.raises(InputError) as caught:
        load_policy(file)
    assert f"policy.yaml:{place}: " in str(caught.value)
    assert message in str(caught.value)


def test_a_metric_with_no_better_direction_takes_either_bar(file: Path) -> None:
    change(file, "fairness / sensitivity on test", "fairness / prevalence on test")
    assert load_policy(file).policy.rules[0].measure.metric == "prevalence"


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape("nothing.yaml")):
        load_policy(tmp_path / "nothing.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "policy: x",
        "rules: 7",
        "policy: x\nversion: 1\nrules: [7]",
        "policy: x\nversion: 1\nrules: {a: b}",
        "!!python/object:os.system {}",
        "a: &a [*a]",
        "[" * 5000,
        "\x00",
        "policy: {}\nversion: []",
    ],
)
def test_hostile_and_empty_files_are_bad_input(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(InputError):
        load_policy(path)


def test_mutated_policy_files_give_a_policy_or_bad_input_and_nothing_else(tmp_path: Path) -> None:
    rng = random.Random(3)
    path = tmp_path / "policy.yaml"
    pieces = [
        "",
        " ",
        "\n",
        "  ",
        ":",
        "- ",
        "{",
        "}",
        "[",
        "]",
        '"',
        "'",
        "&a",
        "*a",
        "!!x",
        "0",
        "-1",
        ".inf",
        "1e999",
    ]
    pieces += [
        "null",
        "true",
        "~",
        "#",
        "|",
        ">",
        "\t",
        "\x07",
        "é",
        "🙂",
        "<<: *a",
        "x" * 3000,
        "rules:",
        "- 3",
        "\ufeff",
    ]
    refused = []
    for _ in range(800):
        text = POLICY
        for _ in range(rng.randrange(1, 4)):
            start = rng.randrange(len(text))
            end = min(len(text), start + rng.choice([0, 0, 1, 2, 5, 40]))
            text = text[:start] + rng.choice([*pieces, text[end : end + 30]]) + text[end:]
        path.write_text(text, encoding="utf-8")
        try:
            load_policy(path)
        except InputError as error:
            refused.append(error)
    assert len(refused) > 300
    assert all(error.location is not None for error in refused)


def test_random_bytes_are_bad_input(tmp_path: Path) -> None:
    rng = random.Random(5)
    path = tmp_path / "policy.yaml"
    for _ in range(100):
        path.write_bytes(rng.randbytes(rng.randrange(1, 200)))
        with pytest.raises(InputError):
            load_policy(path)


def test_the_default_pack_sets_no_bars() -> None:
    loaded = load_policy()
    assert loaded.policy.policy == "report-only"
    assert loaded.policy.rules == ()
    assert loaded.path == pack("report-only")
    assert policy_digest(loaded.policy) == loaded.digest


def test_an_unknown_pack_is_refused_with_a_near_name() -> None:
    with pytest.raises(InputError, match="did you mean 'report-only'"):
        pack("report_only")


@pytest.mark.parametrize("example", ["mortality_risk", "nodule_suspicion", "report_qa"])
def test_the_examples_have_policies_that_can_be_read(checkout: Path, example: str) -> None:
    assert load_policy(checkout / "examples" / example / "policy.yaml").policy.rules
