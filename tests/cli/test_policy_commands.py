"""`governance policy`: what people see when they check, show, compare and test policies."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import run as governance

SPEC = """\
version: 1
subject: {name: m, version: "1", kind: recorded, predictions: p.csv}
datasets:
  test: {kind: table, table: t.csv, role: testing, target: y, sample_id: id, cluster: id, attributes: {sex: sex}}
evaluate: {fairness: {on: test, groups: [sex]}}
hazards:
  H-01: {hazard: a miss, harm: late treatment, who: patients, severity: serious, controls: [gone]}
  H-02: {hazard: alarm, harm: a scan, who: patients, severity: minor}
"""
POLICY = """\
policy: p
version: "1"
owner: {name: A. Person, role: lead}
groups: {age: [young, old]}
rules:
  - id: strict
    title: Finds them
    measure: fairness / sensitivity on test
    bar: {at_least: 0.9}
    rationale: because
  - id: weak
    title: Finds some
    measure: fairness / sensitivity on test
    bar: {at_least: 0.8}
    severity: warn
    controls: H-03
    rationale: because
  - id: gap
    title: No gap
    measure: {evaluator: fairness, metric: auroc, difference: age}
    bar: {equivalent_within: 0.1}
    rationale: because
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "governance.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_lint_says_what_to_look_at_and_where(here: Path) -> None:
    done = governance("policy", "lint", "policy.yaml", "--spec", "governance.yaml")
    assert done.code == 0
    for said in (
        "policy.yaml:11: weak: 'strict' asks the same more strictly, so it decides nothing",
        "policy.yaml:18: gap: nobody has set this margin",
        "policy.yaml:6: strict: it blocks a release and names no hazard",
        "weak: it controls the hazard 'H-03', which the spec does not describe",
        "the hazard 'H-01' is controlled by 'gone', which is no rule",
        "no rule controls the hazard 'H-02'",
        "gap: a run would leave it not measured: test has no attribute age",
        "groups of 'age' are declared, which is no attribute of any dataset",
    ):
        assert said in done.out, done.out
    found = json.loads(governance("policy", "lint", "policy.yaml", "--json").out)
    assert {one["rule"] for one in found} == {"weak", "gap"}


def test_lint_refuses_what_cannot_be_used(here: Path) -> None:
    (here / "policy.yaml").write_text(POLICY.replace("at_least: 0.9", "at_most: 0.9"))
    done = governance("policy", "lint", "policy.yaml")
    assert done.code == 2
    assert "policy.yaml:9:20: higher is better for sensitivity" in done.err
    assert governance("policy", "lint", "none.yaml").code == 2
    assert "did you mean 'report-only'" in governance("policy", "lint", "report-onyl").err


def test_every_policy_that_ships_can_be_listed_shown_and_linted() -> None:
    listed = json.loads(governance("policy", "list", "--json").out)
    names = {one["policy"] for one in listed}
    assert names == {
        "aif360-convention",
        "clinical-imaging-baseline",
        "clinical-llm-baseline",
        "eu-ai-act-documentation",
        "four-fifths-us-employment-1978",
        "gpai-documentation",
        "report-only",
    }
    for name in sorted(names):
        assert name in governance("policy", "list").out
        assert governance("policy", "lint", name).code == 0
        shown = governance("policy", "show", name)
        assert shown.code == 0
        assert name in shown.out
        for claim in ("compliant", "certified", "unbiased"):
            assert claim not in shown.out.lower()
    assert "sets no numerical limit" in " ".join(governance("policy", "show", "eu-ai-act-documentation").out.split())


def test_show_tells_where_rules_and_parameters_come_from(here: Path) -> None:
    (here / "own.yaml").write_text(
        """\
policy: own
version: "1"
extends: clinical-imaging-baseline
parameters: {least_auroc: {value: 0.9, source: our study}}
overrides:
  - {rule: recent, drop: true, reason: we measure weekly, set: {by: lead, on: 2026-11-01}}
  - {rule: licence, change: {severity: block}, reason: we redistribute, set: {by: lead, on: 2026-11-01}}
"""
    )
    out = " ".join(governance("policy", "show", "own.yaml").out.split())
    for said in (
        "extends: clinical-imaging-baseline 1.0",
        "least_auroc = 0.9, was 0.8 (our study)",
        "dropped: recent of clinical-imaging-baseline 1.0: we measure weekly (lead, 2026-11-01)",
        "changed here: we redistribute (lead, 2026-11-01)",
        "fairness / auroc: at least 0.90 from clinical-imaging-baseline 1.0",
    ):
        assert said in out, out
    content = json.loads(governance("policy", "show", "own.yaml", "--json").out)
    assert len(content["digest"]) == 64


def test_diff_says_which_way_bars_moved(here: Path) -> None:
    (here / "next.yaml").write_text(
        POLICY.replace("at_least: 0.9", "at_least: 0.95").replace("  - id: weak", "  - id: soft")
    )
    out = governance("policy", "diff", "policy.yaml", "next.yaml").out
    assert "stricter  strict" in " ".join(out.split(" "))
    assert {
        (d["rule"], d["direction"])
        for d in json.loads(governance("policy", "diff", "policy.yaml", "next.yaml", "--json").out)
    } == {
        ("strict", "stricter"),
        ("weak", "removed"),
        ("soft", "added"),
    }
    assert governance("policy", "diff", "policy.yaml", "policy.yaml").out == "nothing that decides is different\n"


def test_a_policy_is_tried_on_runs_whose_verdicts_are_known(here: Path) -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "policy"))
    from policy_cases import measured, run_folder

    run_folder(here / "good", [measured(0.95, 0.92, 0.97)])
    trials = """\
version: 1
trials:
  - run: good
    expect:
      strict: {verdict: pass, says: clears 0.90}
      weak: pass
      gap: not_measured
"""
    (here / "trials.yaml").write_text(trials)
    done = governance("policy", "test", "policy.yaml", "trials.yaml")
    assert (done.code, done.out) == (0, "3 of 3 verdicts are as expected\n")
    (here / "trials.yaml").write_text(trials.replace("weak: pass", "weak: fail"))
    done = governance("policy", "test", "policy.yaml", "trials.yaml")
    assert done.code == 1
    assert "2 of 3 verdicts are as expected" in done.out
    for wrong, said in (("weak:", "weka:"), ("run: good", "run: bad"), ("verdict: pass", "verdict: passed")):
        (here / "trials.yaml").write_text(trials.replace(wrong, said))
        done = governance("policy", "test", "policy.yaml", "trials.yaml")
        assert done.code == 2
        assert "trials.yaml:" in done.err


def test_policies_need_neither_torch_nor_mlflow(here: Path) -> None:
    code = (
        "import sys; from governance.cli.main import execute; execute(['policy', 'lint', 'policy.yaml']);"
        "sys.exit(bool({'torch', 'mlflow', 'sklearn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0
