"""`governance policy`: what people see when they check, show, compare and test policies."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import run as governance

sys.path.insert(0, str(Path(__file__).parents[1] / "policy"))
from policy_cases import measured, run_folder

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
    assert done.out.splitlines()[-1] == "1 policy can be used; 9 things to look at"
    for said in (
        "policy.yaml:14:10: note: weak: 'strict' asks the same more strictly, so it decides nothing",
        "policy.yaml:21:30: note: gap: nobody has set this margin",
        "policy.yaml:6:5: note: strict: it blocks a release and names no hazard",
        "policy.yaml:16:15: note: weak: it controls the hazard 'H-03', which the spec does not describe",
        "governance.yaml:7:93: note: the hazard 'H-01' is controlled by 'gone', which is no rule",
        "governance.yaml:8:9: note: no rule controls the hazard 'H-02'",
        "policy.yaml:20:14: note: gap: a run would leave it not measured: test has no attribute age",
        "policy.yaml:4:15: note: groups of 'age' are declared, which is no attribute of any dataset",
    ):
        assert said in done.out, done.out
    found = json.loads(governance("policy", "lint", "policy.yaml", "--json").out)
    assert [(one["level"], one["rule"], one["line"], one["column"]) for one in found] == [
        ("note", "weak", 14, 10),
        ("note", "gap", 21, 30),
    ]


def test_lint_refuses_what_cannot_be_used_and_goes_on_with_the_next(here: Path) -> None:
    (here / "wrong.yaml").write_text(POLICY.replace("at_least: 0.9", "at_most: 0.9"))
    done = governance("policy", "lint", "wrong.yaml", "policy.yaml")
    assert done.code == 2
    assert "wrong.yaml:9:20: error: higher is better for sensitivity" in done.err
    assert "policy.yaml:14:10: note: " in done.out
    assert "1 policy can be used; 1 cannot be used; 2 things to look at" in done.out
    done = governance("policy", "lint", "wrong.yaml", "--json")
    assert done.code == 2
    (found,) = json.loads(done.out)
    assert (found["level"], found["file"], found["line"], found["column"]) == ("error", "wrong.yaml", 9, 20)
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
    assert "strict\n  stricter  bar: at least 0.9 -> at least 0.95\n" in out
    assert out.endswith("\n1 added, 1 stricter, 1 removed\n")
    assert {
        (d["rule"], d["direction"])
        for d in json.loads(governance("policy", "diff", "policy.yaml", "next.yaml", "--json").out)
    } == {
        ("strict", "stricter"),
        ("weak", "removed"),
        ("soft", "added"),
    }
    assert governance("policy", "diff", "policy.yaml", "policy.yaml").out == "nothing that decides is different\n"


def test_diff_takes_runs_and_decisions(here: Path) -> None:
    from governance.evidence.folder import RunFolder
    from governance.policy import decide, load_policy, lock

    run = run_folder(here / "runs" / "one", [measured(0.95, 0.92, 0.97)])
    run.evidence_json.rename(here / "evidence.json")
    lock(run, load_policy(here / "policy.yaml"))
    (here / "evidence.json").rename(run.evidence_json)
    (here / "next.yaml").write_text(
        POLICY.replace("at_least: 0.9", "at_least: 0.7").replace("metric: auroc", "metric: f1_score")
    )
    for name in ("policy.yaml", "next.yaml"):
        decide(RunFolder(run.path), load_policy(here / name))
    recorded, tried = (
        next(str(path) for path in run.decisions.iterdir() if path.stem == load_policy(here / name).digest[:16])
        for name in ("policy.yaml", "next.yaml")
    )
    for before in ("policy.yaml", "runs/one", recorded):
        found = json.loads(governance("policy", "diff", before, "next.yaml", "--json").out)
        assert [(one["rule"], one["what"], one["direction"]) for one in found] == [
            ("gap", "measure", "changed"),
            ("strict", "bar", "looser"),
        ]
        # a decision that was tried afterwards knows bars and severities only
        found = json.loads(governance("policy", "diff", before, tried, "--json").out)
        assert [(one["rule"], one["what"], one["direction"]) for one in found] == [("strict", "bar", "looser")]
    (here / "no.json").write_text("{}")
    done = governance("policy", "diff", "no.json", "policy.yaml")
    assert (done.code, "no.json: this is not a decision" in done.err) == (2, True)


def test_show_prints_what_the_digest_is_taken_of(here: Path) -> None:
    from governance.policy import load_policy
    from governance.policy.lock import canonical_policy
    from governance.spec.yaml import parse_yaml

    text = governance("policy", "show", "policy.yaml", "--yaml").out
    loaded = load_policy(here / "policy.yaml")
    assert text.startswith(f"# digest: {loaded.digest}\n")
    assert parse_yaml(text, here).content == canonical_policy(loaded.policy)
    (here / "again.yaml").write_text(text)
    assert load_policy(here / "again.yaml").digest == loaded.digest
    assert governance("policy", "show", "policy.yaml", "--yaml", "--json").code == 2


def test_import_prints_a_draft_and_says_how_much_was_carried_over(here: Path) -> None:
    (here / "thresholds.json").write_text(
        '{"recall_score": {"threshold": 0.8, "greater_is_better": true}, '
        '"x": {"threshold": 1, "greater_is_better": true}}'
    )
    done = governance("policy", "import", "thresholds.json", "--from", "mlflow-thresholds")
    assert done.code == 0
    assert done.err == "1 rule drafted, 1 not carried over; see the comments\n"
    (here / "draft.yaml").write_text(done.out)
    linted = governance("policy", "lint", "draft.yaml")
    assert linted.code == 0
    assert "note: recall-score: its rationale is to be filled" in linted.out
    done = governance("policy", "import", "governance.yaml", "--from", "quality-criteria")
    assert done.code == 2
    assert "governance.yaml:1:1: this is no quality_criteria" in done.err
    assert governance("policy", "import", "none.yaml", "--from", "quality-criteria").code == 2


@pytest.mark.parametrize("width", ["80", "120"])
def test_output_fits_the_terminal(here: Path, monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    for arguments in (("list",), ("show", "clinical-imaging-baseline"), ("diff", "policy.yaml", "report-only")):
        lines = governance("policy", *arguments).out.splitlines()
        assert len(lines) > 5
        assert all(len(line) <= int(width) and line == line.rstrip() for line in lines)


def test_a_policy_is_tried_on_runs_whose_verdicts_are_known(here: Path) -> None:
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
    (here / "thresholds.yaml").write_text("recall: {threshold: 0.8, greater_is_better: true}")
    (here / "trials.yaml").write_text("version: 1\ntrials: [{run: good, expect: {weak: pass}}]")
    run_folder(here / "good", [measured(0.95, 0.92, 0.97)])
    code = (
        "import sys; from governance.cli.main import execute\n"
        "for words in ('lint policy.yaml --spec governance.yaml', 'list', 'show policy.yaml',"
        " 'diff policy.yaml report-only', 'test policy.yaml trials.yaml',"
        " 'import thresholds.yaml --from mlflow-thresholds'):\n"
        "    assert execute(['policy', *words.split()]) == 0, words\n"
        "assert not {'torch', 'mlflow', 'sklearn'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
