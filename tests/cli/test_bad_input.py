"""Bad input: one clear message, the right exit code, nothing half-written."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Outcome, nothing_written, run, run_alone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

COMMANDS = ("check", "run", "evaluate")

SPEC = """\
version: 1
subject:
  name: risk
  version: "1.0"
  kind: recorded
  predictions: predictions.csv
datasets:
  test:
    kind: table
    table: test.csv
    role: testing
    target: died
    cluster: patient
    attributes: {sex: sex}
evaluate:
  fairness:
    on: test
    groups: [sex]
policy: policy.yaml
"""
POLICY = """\
policy: release
version: "1.0"
rules:
  - id: sensitivity
    title: Finds them
    measure: {evaluator: fairness, metric: sensitivity, dataset: test}
    bar: {at_least: 0.8}
    rationale: A reason.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "governance.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return tmp_path


def edited(folder: Path, old: str, new: str, file: str = "governance.yaml") -> Path:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder / "governance.yaml"


def refused(outcome: Outcome, *said: str) -> None:
    assert outcome.code == 2, outcome
    assert outcome.out == ""
    for part in said:
        assert part in outcome.err
    for jargon in ("Traceback", "internal error", "pydantic", "ruamel", "Input should"):
        assert jargon not in outcome.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_spec(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with nothing_written(tmp_path):
        refused(run(command), "there is no file governance.yaml", "governance init")
        refused(run(command, tmp_path), "is a folder")
        refused(run(command, "gouvernance.yml"), "there is no file gouvernance.yml")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        (SPEC, "", "1:1", "the file is empty"),
        (SPEC, "# nothing\n", "1:1", "the file is empty"),
        (SPEC, "- version: 1\n", "1:1", "not a list"),
        (SPEC, "version: 1\n", "1:1", "the key `subject` is missing"),
        ("version: 1\n", "version: one\n", "1:10", "`version` must be 1, not 'one'"),
        ("subject:\n", "sujbect:\n", "2:1", "did you mean 'subject'?"),
        ("    target: died", "    traget: died", "12:5", "did you mean 'target'?"),
        ("    target: died", "    target: died\n    target: lived", "13:5", "written twice; the first is in line 12"),
        ("    target: died", "    target: [died]", "12:13", "`target` must be text, not a list"),
        ("kind: recorded", "kind: recoded", "5:9", "did you mean 'recorded'?"),
        ("  fairness:", "  fariness:", "16:3", "did you mean 'fairness'?"),
        ("groups: [sex]", "groups: [sxe]", "18:14", "did you mean 'sex'?"),
        ("    cluster: patient\n", "", "8:3", "the key `cluster` is missing in `test`"),
        ("    cluster: patient\n", "    cluster: none\n", "8:3", "cluster: none needs cluster_reason"),
        ("policy: policy.yaml", "policy: polcy.yaml", "19:9", "there is no file polcy.yaml"),
        ("policy: policy.yaml", "output: {audiences: [clinican]}", "19:22", "did you mean 'clinician'?"),
        ("policy: policy.yaml", "output: {formats: [htm]}", "19:20", "did you mean 'html'?"),
        ("policy: policy.yaml", "settings: {level: 95}", "19:19", "`level` must be less than 1"),
        ("policy: policy.yaml", "settings: {device: gpu}", "19:20", "auto, cpu, cuda, mps"),
        ("    target: died", "    target: died\n  \tx: 1", "13:3", "a tab cannot indent"),
    ],
)
def test_a_spec_that_is_wrong(command: str, old: str, new: str, place: str, said: str, folder: Path) -> None:
    path = edited(folder, old, new)
    with nothing_written(folder):
        refused(run(command, path), f"{path}:{place}: ", said)


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("metric: sensitivity", "metric: sensitvity", 6, "did you mean 'sensitivity'?"),
        ("evaluator: fairness", "evaluator: fariness", 6, "did you mean 'fairness'?"),
        ("    rationale: A reason.\n", "", 4, "rationale"),
        ("at_least: 0.8", "atleast: 0.8", 7, "did you mean 'at_least'?"),
        (POLICY, "", 1, "the file is empty"),
        ("rules:\n", "rules:\n  - [\n", 5, ""),
    ],
)
def test_a_policy_that_is_wrong(command: str, old: str, new: str, line: int, said: str, folder: Path) -> None:
    path = edited(folder, old, new, "policy.yaml")
    with nothing_written(folder):
        refused(run(command, path), f"{folder / 'policy.yaml'}:{line}:", said)


def test_an_unknown_audience_or_format_on_the_command_line(folder: Path) -> None:
    with nothing_written(folder):
        refused(run("run", folder / "governance.yaml", "--audience", "clinican"), "did you mean 'clinician'?")
        refused(run("run", folder / "governance.yaml", "--format", "htm"), "did you mean 'html'?")


def test_an_override_that_is_wrong(folder: Path) -> None:
    with nothing_written(folder):
        refused(run("check", folder / "governance.yaml", "--set", "settings.sed=1"), "unknown key `sed`", "'seed'")
        refused(run("check", folder / "governance.yaml", "--set", "settings.seed=[1"), "not closed")


@pytest.mark.parametrize("command", ["decide", "render"])
def test_a_folder_that_is_no_run(command: str, tmp_path: Path) -> None:
    with nothing_written(tmp_path):
        refused(run(command, tmp_path), "is not a run folder", "governance list runs")


def test_init_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "facts.yaml").write_text("mine\n", encoding="utf-8")
    with nothing_written(tmp_path):
        refused(run("init", tmp_path), f"{tmp_path / 'facts.yaml'} exists and is not overwritten")


def test_init_where_nothing_can_be_written_cannot_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file, no folder\n", encoding="utf-8")
    outcome = run("init", tmp_path / "file" / "model")
    assert outcome.code == 5
    assert "cannot write" in outcome.err


HOSTILE: dict[str, Callable[[], str]] = {
    "alias bomb": lambda: "\n".join(
        ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"] + [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    ),
    "deep nesting": lambda: "version: " + "[" * 50_000,
    "six megabytes": lambda: "version: 1\n" + "# " + "x" * 6_000_000 + "\n",
    "python object": lambda: "version: !!python/object/apply:os.system ['touch owned']\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_within_a_second(name: str, tmp_path: Path) -> None:
    path = tmp_path / "governance.yaml"
    path.write_text(HOSTILE[name](), encoding="utf-8")
    run("check", path)  # the first call imports
    started = time.process_time()
    with nothing_written(tmp_path):
        refused(run("check", path), f"{path}:1:" if name != "alias bomb" else f"{path}:")
    assert time.process_time() - started < 1


def test_the_program_itself_refuses(folder: Path) -> None:
    """Once through a process of its own: the same message and code as in this one."""
    path = edited(folder, "    target: died", "    traget: died")
    assert run_alone("run", path) == run("run", path)


CHARACTERS = (*":{}[],&*!|>%@`\"'#\t\\-?~", ": ")
WORDS = ("[]", "{}", "~", "true", "1e9", "-", "x" * 99, "<<", "é", "*a", "1")
STRANGE = tuple(map(chr, (0, 7, 34, 39, 58, 91, 123, 160, 8232, 65279)))


def mutated(text: str, seed: int) -> str:
    """Return text with one to four random edits: characters, words, lines, indentation."""
    rng = random.Random(seed)
    for _ in range(rng.randint(1, 4)):
        lines = text.split("\n")
        at = rng.randrange(len(lines))
        line = lines[at]
        match rng.randrange(7):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[rng.randrange(len(lines))])
            case 2:
                lines[at] = " " * rng.randrange(6) + line.lstrip()
            case 3:
                lines[at] = line.replace(rng.choice(" :{}[],a1\"'"), rng.choice(CHARACTERS), 1)
            case 4:
                words = line.split(" ")
                words[rng.randrange(len(words))] = rng.choice(WORDS)
                lines[at] = " ".join(words)
            case 5:
                column = rng.randrange(len(line) + 1)
                lines[at] = line[:column] + rng.choice(STRANGE) + line[column:]
            case _:
                lines = lines[: at + 1]
        text = "\n".join(lines)
    return text


def many(examples: int) -> settings:
    """As many examples, the same ones every time."""
    unchecked = [HealthCheck.function_scoped_fixture]
    return settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=unchecked)


@many(500)
@given(seed=st.integers(0, 2**32))
def test_no_mutation_of_a_spec_ends_in_an_internal_error(seed: int, folder: Path, checkout: Path) -> None:
    original = checkout / "examples" / "mortality_risk" / "governance.yaml"
    text = original.read_text(encoding="utf-8") if seed % 2 else SPEC
    path = folder / "mutated.yaml"
    path.write_text(mutated(text, seed), encoding="utf-8")
    outcome = run("check", path)
    assert outcome.code in (0, 2), outcome
    assert "internal error" not in outcome.err
    assert outcome.code == 0 or str(folder) in outcome.out + outcome.err


@many(100)
@given(seed=st.integers(0, 2**32), file=st.sampled_from(["policy.yaml", "facts.yaml", "hazards.yaml"]))
def test_no_mutation_of_what_a_spec_names_ends_in_an_internal_error(
    seed: int, file: str, folder: Path, checkout: Path
) -> None:
    original = checkout / "examples" / "mortality_risk"
    for name in ("governance.yaml", "policy.yaml", "facts.yaml", "hazards.yaml"):
        text = (original / name).read_text(encoding="utf-8")
        (folder / name).write_text(mutated(text, seed) if name == file else text, encoding="utf-8")
    outcome = run("check", folder / "governance.yaml")
    assert outcome.code in (0, 2), outcome
    assert "internal error" not in outcome.err
