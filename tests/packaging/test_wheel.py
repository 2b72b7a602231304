"""The wheel alone, in an environment without torch: recorded predictions become evidence, a decision and pages."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

LEFT_BEHIND = (
    "examples/nodule_suspicion/model.safetensors",
    "examples/nodule_suspicion/model.safetensors.recipe.json",
    "examples/mortality_risk/model.skops",
    "examples/mortality_risk/.governance-cache/observations/a.parquet",
    "examples/mortality_risk/runs/0123456789ab/evidence.json",
    "examples/mortality_risk/mlruns/1/meta.yaml",
    "examples/mortality_risk/mlflow.db",
)
"""What lies in the examples of a checkout once they were run there."""

LIGHT = (
    "click",
    "jinja2",
    "license-expression",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "rich",
    "ruamel-yaml",
    "scipy",
)


@pytest.fixture(scope="session")
def tracked(checkout: Path) -> list[str]:
    """The files that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=checkout, capture_output=True, check=True).stdout
    return [name for name in listed.decode().split("\0") if name and (checkout / name).is_file()]


@pytest.fixture(scope="session")
def source(checkout: Path, tracked: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the files that git knows, and what running the examples leaves beside them."""
    folder = tmp_path_factory.mktemp("source")
    for name in (*tracked, *LEFT_BEHIND):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name in LEFT_BEHIND:
            (folder / name).write_text("left behind")
        else:
            shutil.copyfile(checkout / name, folder / name)
    return folder


def build(source: Path, target: str, out: Path) -> Path:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", target, "-d", out], cwd=source, check=True)
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="session")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    return build(source, "wheel", tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def installed(wheel: Path, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an empty environment into which only the wheel and its light core were installed."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    uv = Path(sys.executable).with_name("uv")
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", "--constraint",
         checkout / "requirements.lock", wheel],
        check=True,
    )  # fmt: skip
    return folder / "bin"


def run(program: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        [program, *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def write_recorded_model(folder: Path) -> None:
    """Put real people of NHEFS and the predictions of a simple score (age alone) beside a scaffolded spec."""
    import importlib.util

    spec = importlib.util.find_spec("causaldata")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    people = pd.read_stata(Path(spec.submodule_search_locations[0]) / "nhefs" / "nhefs.dta")
    table = pd.DataFrame(
        {
            "sample_id": people["seqn"].astype(int).astype(str),
            "patient_id": people["seqn"].astype(int).astype(str),
            "target": people["death"].astype(int),
            "sex": people["sex"].astype(str),
            "age": people["age"].astype(float),
        }
    )
    table.to_csv(folder / "test.csv", index=False)
    score = ((table["age"] - 20) / 100).clip(0, 1)
    pd.DataFrame({"sample_id": table["sample_id"], "score": score}).to_csv(folder / "predictions.csv", index=False)


def test_wheel_holds_templates_policies_and_examples_inside_the_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {"governance", "evaluators"} == {top for top in tops if not top.endswith(".dist-info")}
    for needed in (
        "governance/_data/templates/card.html.j2",
        "governance/_data/templates/fonts/inter-latin-wght-normal.woff2",
        "governance/_data/policies/report-only.yaml",
        "governance/_data/examples/mortality_risk/governance.yaml",
    ):
        assert needed in names


def test_wheel_holds_all_that_git_knows_of_the_data_and_nothing_that_was_made_beside_it(
    wheel: Path, tracked: list[str]
) -> None:
    prefix = "governance/_data/"
    found = {name.removeprefix(prefix) for name in zipfile.ZipFile(wheel).namelist() if name.startswith(prefix)}
    assert found == {name for name in tracked if name.split("/")[0] in {"templates", "policies", "examples"}}


def test_source_distribution_holds_nothing_that_was_made_beside_the_examples(source: Path, tmp_path: Path) -> None:
    with tarfile.open(build(source, "sdist", tmp_path)) as made:
        inside = {name.partition("/")[2] for name in made.getnames()}
    assert "examples/mortality_risk/governance.yaml" in inside
    assert not inside & set(LEFT_BEHIND)


def test_editable_install_reads_the_checkout_and_copies_no_data(source: Path, tmp_path: Path) -> None:
    made = zipfile.ZipFile(build(source, "wheel:editable", tmp_path))
    (pointer,) = (name for name in made.namelist() if ".dist-info/" not in name)
    assert made.read(pointer).decode().splitlines() == [str(source)]


def test_recorded_predictions_to_pages_without_torch(installed: Path, tmp_path: Path) -> None:
    program = installed / "governance"
    assert run(installed / "python", "-c", "import torch", cwd=tmp_path).returncode != 0

    assert run(program, "init", "mine", cwd=tmp_path).returncode == 0
    write_recorded_model(tmp_path / "mine")
    checked = run(program, "check", "mine/governance.yaml", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr

    done = run(
        program, "run", "mine/governance.yaml", "--no-tracking", "--format", "html", "--format", "json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if path.is_dir())
    evidence = json.loads((folder / "evidence.json").read_text())
    measured = [m for m in evidence["measurements"] if m["status"] == "measured"]
    assert {"sensitivity", "specificity", "auroc"} <= {m["metric"] for m in measured}
    assert all(m["interval"] or m["interval_reason"] for m in measured)
    assert (folder / "documents" / "public" / "clinician.html").stat().st_size > 10_000
    assert run(program, "dossier", "verify", str(folder), cwd=tmp_path).returncode == 0

    page = folder / "documents" / "public" / "clinician.html"
    page.write_bytes(page.read_bytes() + b" ")
    verified = run(program, "dossier", "verify", str(folder), cwd=tmp_path)
    assert verified.returncode == 1
    assert "clinician.html" in verified.stdout + verified.stderr


def test_a_kind_of_model_that_needs_a_missing_library_says_which_and_ends_with_5(
    installed: Path, tmp_path: Path
) -> None:
    program = installed / "governance"
    assert run(program, "init", "mine", "--kind", "sklearn", cwd=tmp_path).returncode == 0
    write_recorded_model(tmp_path / "mine")
    spec = (tmp_path / "mine" / "governance.yaml").read_text()
    (tmp_path / "mine" / "model.skops").write_bytes(b"PK")
    assert "model.skops" in spec
    done = run(program, "run", "mine/governance.yaml", "--no-tracking", cwd=tmp_path)
    assert done.returncode in {2, 5}
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr


def test_light_core_is_what_the_wheel_declares(wheel: Path) -> None:
    metadata = next(n for n in zipfile.ZipFile(wheel).namelist() if n.endswith(".dist-info/METADATA"))
    lines = zipfile.ZipFile(wheel).read(metadata).decode().splitlines()
    needed = [line.split(":", 1)[1].strip() for line in lines if line.startswith("Requires-Dist:")]
    core = {re.split("[<>=!~ ]", entry)[0].replace(".", "-") for entry in needed if "extra ==" not in entry}
    assert core == set(LIGHT)
