"""The action, the GitLab template and the pre-commit hook: they fit their schemas, and their scripts run as written."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import junitparser
import pytest
from jsonschema import validators
from test_wheel import write_recorded_model

from governance.exchange.reports import KINDS, read_requests
from governance.spec import parse_yaml, read_yaml

SCRIPT = ("/bin/bash", "--noprofile", "--norc", "-eo", "pipefail")
"""How GitHub runs a step with `shell: bash`."""
STUB = '#!/bin/sh\nfor word in "$@"; do echo "<$word>"; done\n'


def read(path: Path) -> Any:
    return read_yaml(path).content


def schema(name: str) -> Any:
    content = json.loads((files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{name}.json").read_text())
    return validators.validator_for(content)(content)


@pytest.fixture(scope="module")
def action(checkout: Path) -> dict[str, Any]:
    content: dict[str, Any] = read(checkout / "action.yml")
    return content


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `governance init` writes, with real people and the predictions of a simple score, in a git repository."""
    folder = tmp_path_factory.mktemp("pipeline")
    clean("governance init .", folder, check=True)
    write_recorded_model(folder)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    return folder


def clean(script: str, cwd: Path, *, check: bool = False, path: Path | None = None, **environment: str) -> Any:
    """Run a script with nothing in its environment but a path, a home and what is given."""
    programs = [*([path] if path else []), Path(sys.executable).parent, "/usr/bin", "/bin"]
    return subprocess.run(
        [*SCRIPT, "-c", script],
        cwd=cwd,
        env={"PATH": ":".join(map(str, programs)), "HOME": str(cwd), **environment},
        capture_output=True,
        text=True,
        check=check,
        timeout=120,
    )


def step(action: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (one for one in action["runs"]["steps"] if one["name"] == name)
    return dict(found)


def inputs(action: dict[str, Any], one: dict[str, Any], **given: str) -> dict[str, str]:
    """The environment of a step: its expressions filled in with the action's defaults, or what is given."""
    values = {name: about.get("default", "") for name, about in action["inputs"].items()} | given
    filled = {}
    for key, text in one["env"].items():
        (expression,) = re.fullmatch(r"\$\{\{ (.*) \}\}", text).groups()  # type: ignore[union-attr]
        parts = [part.strip() for part in expression.split("||")]
        found = [values[part.removeprefix("inputs.")] if part.startswith("inputs.") else "/action" for part in parts]
        filled[key] = next((value for value in found if value), "")
    return filled


def test_the_files_fit_the_schemas_of_those_who_read_them(checkout: Path, action: dict[str, Any]) -> None:
    schema("github-actions").validate(action)
    schema("gitlab-ci").validate(read(checkout / "templates" / "ci" / "gitlab.yml"))
    for hook in read(checkout / ".pre-commit-hooks.yaml"):
        assert {"id", "name", "entry", "language"} <= set(hook)


def test_no_script_of_the_action_holds_an_expression_that_could_bring_in_text(action: dict[str, Any]) -> None:
    for one in action["runs"]["steps"]:
        assert "${{" not in one["run"]
        assert one["shell"] == "bash"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, "/action[eval,pdf]"),
        ({"extras": ""}, "/action"),
        ({"source": "vendor/toolkit.whl", "extras": "eval"}, "vendor/toolkit.whl[eval]"),
        ({"source": "git+https://git.example/a@1234"},
         "medical-ai-governance[eval,pdf] @ git+https://git.example/a@1234"),
        ({"source": "x; touch injected"}, "x; touch injected[eval,pdf]"),
    ],
)  # fmt: skip
def test_the_toolkit_is_installed_from_the_commit_of_the_action_or_from_where_one_says(
    action: dict[str, Any], tmp_path: Path, given: dict[str, str], wanted: str
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text(STUB)
    (tmp_path / "bin" / "python").chmod(0o755)
    install = step(action, "Install the toolkit")
    done = clean(install["run"], tmp_path, path=tmp_path / "bin", **inputs(action, install, **given))
    assert done.stdout.splitlines() == ["<-m>", "<pip>", "<install>", f"<{wanted}>"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin"]


@pytest.mark.slow
def test_the_action_decides_leaves_reports_and_ends_with_the_exit_code(action: dict[str, Any], project: Path) -> None:
    gate = step(action, "Evaluate and decide")
    arguments = "--no-tracking\n--format\njson\n--audience\nauditor\n"
    environment = inputs(action, gate, arguments=arguments, reports="out folder")
    summary, output = project / "summary.md", project / "output.txt"
    done = clean(
        gate["run"], project, GITHUB_STEP_SUMMARY=str(summary), GITHUB_OUTPUT=str(output), GITHUB_ACTIONS="true",
        **environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert output.read_text() == "exit-code=0\n"
    assert summary.read_text().startswith("<!-- governance:")
    assert sorted(path.name for path in (project / "out folder").iterdir()) == [
        "comment.md", "decision.json", "governance.sarif", "junit.xml",
    ]  # fmt: skip

    (project / "broken.yaml").write_text("version: 1\nsubjekt: {}\n")
    environment = inputs(action, gate, spec="broken.yaml", since="out folder/decision.json")
    output.unlink()
    done = clean(gate["run"], project, GITHUB_STEP_SUMMARY=str(summary), GITHUB_OUTPUT=str(output), **environment)
    assert done.returncode == 2
    assert output.read_text() == "exit-code=2\n"
    assert "broken.yaml:2" in done.stderr


@pytest.mark.slow
def test_the_gitlab_template_decides_and_leaves_a_report_where_gitlab_looks(checkout: Path, project: Path) -> None:
    job = read(checkout / "templates" / "ci" / "gitlab.yml")["governance"]
    script = "\n".join(job["script"])
    done = clean(script, project, **{key: str(value) for key, value in job["variables"].items()})
    assert done.returncode == 0, done.stdout + done.stderr
    suite = junitparser.JUnitXml.fromfile(str(project / job["artifacts"]["reports"]["junit"]))
    assert suite.failures == suite.errors == 0


def test_the_gitlab_template_installs_from_where_one_says(checkout: Path, tmp_path: Path) -> None:
    job = read(checkout / "templates" / "ci" / "gitlab.yml")["governance"]
    (tmp_path / "python").write_text(STUB)
    (tmp_path / "python").chmod(0o755)
    done = clean("\n".join(job["before_script"]), tmp_path, path=tmp_path, **job["variables"])
    assert done.stdout.splitlines()[-1] == "<./toolkit[eval,pdf]>"


def hooks(checkout: Path) -> dict[str, Any]:
    return {one["id"]: one for one in read(checkout / ".pre-commit-hooks.yaml")}


def test_the_other_hook_lints_the_policies_that_change(checkout: Path, project: Path) -> None:
    hook = hooks(checkout)["governance-policy-lint"]
    for name in ("policy.yaml", "a/policy-2027.yml", "policies/release.yaml", "policies/a/b.yaml"):
        assert re.search(hook["files"], name), name
    for name in ("governance.yaml", "policy.md", "my.yaml", "src/politics.yaml"):
        assert not re.search(hook["files"], name), name
    assert clean(f"{hook['entry']} policy.yaml", project).returncode == 0
    (project / "policy-b.yaml").write_text('policy: b\nversion: "1"\nrulez: []\n')
    done = clean(f"{hook['entry']} policy.yaml policy-b.yaml", project)
    assert done.returncode == 2
    assert "policy-b.yaml:3" in done.stdout + done.stderr
    (project / "policy-b.yaml").unlink()


def test_the_hook_checks_every_spec_of_the_repository(checkout: Path, project: Path) -> None:
    hook = hooks(checkout)["governance-check"]
    for name in ("governance.yaml", "policies/release.yml", "waivers.yaml"):
        assert re.search(hook["files"], name)
    assert clean(hook["entry"], project).returncode == 0

    broken = project / "other model"
    broken.mkdir()
    (broken / "governance.yaml").write_text("version: 1\nsubjekt: {}\n")
    assert clean(hook["entry"], project).returncode == 0, "a file that git does not know is nobody's commit"
    subprocess.run(["git", "add", "."], cwd=project, check=True)
    done = clean(hook["entry"], project)
    assert done.returncode != 0
    assert "other model/governance.yaml:2" in done.stderr
    shutil.rmtree(broken)
    subprocess.run(["git", "add", "."], cwd=project, check=True)


@pytest.fixture(scope="module")
def guide(checkout: Path) -> str:
    return (checkout / "docs" / "gate-a-release-in-ci.md").read_text()


def blocks(guide: str) -> list[Any]:
    return [parse_yaml(text, Path("guide")).content for text in re.findall(r"^```yaml\n(.*?)^```", guide, re.S | re.M)]


def test_the_workflow_of_the_guide_fits_its_schema_and_uses_inputs_that_the_action_has(
    action: dict[str, Any], guide: str
) -> None:
    (jobs,) = (block for block in blocks(guide) if "jobs" in block)
    schema("github-workflows").validate({"on": "pull_request", **jobs})
    (used,) = (one for one in jobs["jobs"]["gate"]["steps"] if one.get("uses", "").startswith("YOUR/COPY"))
    assert set(used["with"]) <= set(action["inputs"])
    for name in ("since", "arguments", "extras", "source"):
        assert name in action["inputs"]
        assert f"`{name}`" in guide
    folder = action["inputs"]["reports"]["default"]
    assert f"{folder}/governance.sarif" in guide


def test_the_guide_names_every_kind_of_report_and_the_hook_that_ships(checkout: Path, guide: str) -> None:
    for kind in KINDS:
        assert f"| `{kind}" in guide
    shown = "".join(re.findall(r"^```sh\n(.*?)^```", guide, re.S | re.M))
    assert len(read_requests(re.findall(r"--report (\S+)", shown))) == 4
    (used,) = (block for block in blocks(guide) if "repos" in block)
    assert {one["id"] for repo in used["repos"] for one in repo["hooks"]} == set(hooks(checkout))
