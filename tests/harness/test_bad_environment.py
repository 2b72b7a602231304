"""What stops a run: one message, the right exit code, nothing half-written."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from governance.errors import CannotRunError, ExitCode, GovernanceError, InputError

RUN = """
import sys
from pathlib import Path
from governance import harness
from governance.errors import GovernanceError
from governance.harness.progress import SilentReporter
from governance.spec import load_spec

folder, quiet = Path(sys.argv[1]), SilentReporter()
try:
    prepared = harness.prepare(
        load_spec(folder / "governance.yaml"), (), runs=folder / "runs", cache=folder / "cache", reporter=quiet
    )
    harness.measure(prepared, harness.collect(prepared, quiet), quiet)
except GovernanceError as error:
    print(error)
    raise SystemExit(int(error.exit_code))
heavy = {"torch", "mlflow", "transformers", "timm"} & set(sys.modules)
if heavy:
    print("imported:", *sorted(heavy))
    raise SystemExit(9)
"""


def partial_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if path.is_file()]


def test_recorded_predictions_become_evidence_without_torch(recorded_project, python, tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(RUN)
    done = subprocess.run(
        [python(), str(script), str(recorded_project.folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    _, observations, evidence = recorded_project.run()
    assert observations.counts.collected == 0
    assert {"sensitivity", "auroc"} <= {measurement.metric for measurement in evidence.measurements}


def test_the_harness_protocols_import_nothing_heavy(python) -> None:
    code = (
        "import sys, governance.harness, governance.harness.protocols, governance.harness.descriptors,"
        " governance.subjects.descriptors, governance.datasets.descriptors;"
        "print(sorted({'torch','pandas','numpy','pyarrow','mlflow','sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([python(), "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_cuda_that_is_absent_is_an_error_of_the_environment(recorded_project, python, tmp_path: Path) -> None:
    text = recorded_project.spec.read_text()
    recorded_project.spec.write_text(text.replace("settings: {", "settings: {device: cuda, "))
    script = tmp_path / "run.py"
    script.write_text(RUN)
    done = subprocess.run(
        [python(), str(script), str(recorded_project.folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )
    assert done.returncode == ExitCode.COULD_NOT_RUN, done.stdout + done.stderr
    assert "the device 'cuda' was asked for, but this machine has none" in done.stdout
    assert not (recorded_project.folder / "runs").exists()


def test_a_folder_that_cannot_be_written_is_an_error_of_the_environment(recorded_project) -> None:
    # A file in the place of the folder stops every user, the superuser too.
    (recorded_project.folder / "runs").write_text("in the way")
    with pytest.raises(CannotRunError, match="cannot write") as raised:
        recorded_project.run()
    assert raised.value.exit_code == ExitCode.COULD_NOT_RUN


@pytest.mark.parametrize("largest", [300, 2_000, 20_000])
def test_a_full_disk_is_an_error_of_the_environment_and_leaves_nothing_half_written(
    recorded_project, python, tmp_path: Path, largest: int
) -> None:
    """A limit on the size of files stops writing like a full disk; 300 bytes stop the lock, 20,000 the evidence."""
    script = tmp_path / "run.py"
    script.write_text(RUN)
    command = [python(), str(script), str(recorded_project.folder)]

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limited,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == ExitCode.COULD_NOT_RUN, done.stdout + done.stderr
    assert "cannot write" in done.stdout
    assert not partial_files(recorded_project.folder)
    assert not list(recorded_project.folder.glob("runs/*/evidence.json"))
    for path in recorded_project.folder.glob("cache/observations/*/*/*.parquet"):
        pd.read_parquet(path)
    # With room again the same command ends well.
    assert subprocess.run(command, check=False).returncode == 0


def edited(project, old: str, new: str) -> None:
    text = project.spec.read_text()
    assert old in text
    project.spec.write_text(text.replace(old, new))


def failure(project) -> InputError:
    with pytest.raises(GovernanceError) as raised:
        project.run()
    assert isinstance(raised.value, InputError)
    assert raised.value.exit_code == ExitCode.BAD_INPUT
    assert not list(project.folder.glob("runs/*/evidence.json"))
    return raised.value


def test_a_model_file_that_is_missing_is_said_at_its_place(image_project) -> None:
    (image_project.folder / "weights.safetensors").rename(image_project.folder / "weight.safetensors")
    error = failure(image_project)
    assert "weights.safetensors" in error.message
    assert "weight.safetensors" in str(error.hint)
    assert "governance.yaml" in str(error.location)


def test_weights_of_another_network_are_refused(image_project) -> None:
    code = image_project.folder / "small_network.py"
    code.write_text(code.read_text().replace("self.head", "self.classifier"))
    error = failure(image_project)
    assert "2 missing (classifier.weight, classifier.bias)" in error.message
    assert "2 unexpected (head.bias, head.weight)" in error.message


def test_a_pickle_is_refused_without_permission_and_read_as_tensors_with_it(image_project) -> None:
    import torch
    from safetensors.torch import load_file

    torch.save(load_file(image_project.folder / "weights.safetensors"), image_project.folder / "weights.pt")
    _, expected, _ = image_project.run()
    from governance.harness.protocols import Need

    scores = expected.table(Need.of("predict", "test"))["score"].tolist()
    edited(image_project, "weights: weights.safetensors", "weights: weights.pt")
    with pytest.raises(InputError, match="is a pickle") as raised:
        image_project.run()
    assert "allow_pickle: true" in str(raised.value.hint)
    edited(image_project, "kind: torch", "kind: torch\n  allow_pickle: true")
    _, observations, _ = image_project.run()
    assert observations.table(Need.of("predict", "test"))["score"].tolist() == scores


def test_a_pickle_that_runs_code_is_refused_even_with_permission(image_project) -> None:
    import pickle

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (os.system, (f"touch {image_project.folder / 'exploded'}",))

    (image_project.folder / "weights.pt").write_bytes(pickle.dumps(Bomb()))
    edited(image_project, "weights: weights.safetensors", "weights: weights.pt")
    edited(image_project, "kind: torch", "kind: torch\n  allow_pickle: true")
    assert "holds more than plain tensors" in failure(image_project).message
    assert not (image_project.folder / "exploded").exists()


def test_a_missing_target_column_and_a_missing_target_are_said_with_line_and_row(recorded_project) -> None:
    edited(recorded_project, "target: positive", "target: positiv")
    error = failure(recorded_project)
    assert "no column 'positiv'" in error.message
    assert "did you mean 'positive'?" in str(error.hint)
    assert error.location is not None
    assert error.location.line == 9
    edited(recorded_project, "target: positiv", "target: positive")
    table = recorded_project.folder / "test.csv"
    lines = table.read_text().splitlines()
    lines[5] = lines[5].replace(",0,", ",,").replace(",1,", ",,")
    table.write_text("\n".join(lines))
    assert "is missing in row 5 (sample 's0004')" in failure(recorded_project).message


def test_a_score_outside_of_its_range_is_said_with_its_line(recorded_project) -> None:
    file = recorded_project.folder / "predictions.csv"
    lines = file.read_text().splitlines()
    lines[7] = "s0006,1.2"
    file.write_text("\n".join(lines))
    error = failure(recorded_project)
    assert "sample 's0006' is 1.2" in error.message
    assert str(error.location).endswith("predictions.csv:8")


def test_a_network_that_gives_logits_as_probabilities_is_said_with_the_sample(image_project) -> None:
    edited(image_project, "input: {channels: 1}", "input: {channels: 1}\n  output: probabilities")
    code = image_project.folder / "small_network.py"
    code.write_text(code.read_text().replace("return self.head(", "return 9 + self.head("))
    error = failure(image_project)
    assert "the score of sample 's0000' is 9" in error.message
    assert "output: logits" in str(error.hint)


def test_an_output_that_is_not_a_number_rejects_the_sample_and_the_run_goes_on(image_project) -> None:
    from governance.harness.protocols import Need

    code = image_project.folder / "small_network.py"
    code.write_text(
        code.read_text().replace(
            "return self.head(self.embed(batch))",
            "out = self.head(self.embed(batch)); out[batch[:, 0, 0, 0] > 0.45] = float('nan'); return out",
        )
    )
    _, observations, evidence = image_project.run()
    table = observations.table(Need.of("predict", "test"))
    rejected = table[table["status"] == "rejected"]
    assert 0 < len(rejected) < 20
    assert set(rejected["reason"]) == {"the model's output is not a finite number"}
    assert rejected["score"].isna().all()
    rates = [m for m in evidence.measurements if m.metric == "rejected_rate" and not m.slice and m.condition.is_clean]
    assert rates[0].value == pytest.approx(len(rejected) / 90)


def test_recorded_samples_without_a_prediction_are_rejected_with_the_reason(recorded_project) -> None:
    from governance.harness.protocols import Need

    file = recorded_project.folder / "predictions.csv"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:4], *lines[6:]]))
    _, observations, _ = recorded_project.run()
    table = observations.table(Need.of("predict", "test")).set_index("sample_id")
    assert table.loc[["s0003", "s0004"], "status"].tolist() == ["rejected", "rejected"]
    assert set(table.loc[["s0003", "s0004"], "reason"]) == {"no recorded prediction"}
    assert (table["status"] == "rejected").sum() == 2


def test_a_condition_that_makes_no_sense_for_the_data_is_refused(image_project) -> None:
    edited(image_project, "modality: photograph", "modality: contour-stack")
    assert "makes no sense" in failure(image_project).message


@pytest.mark.parametrize(
    ("written", "at", "said"),
    [("", "  test:", "does not say its `modality`"), ("modality: photograph", None, "makes no sense for the modality")],
)
def test_what_a_condition_of_ones_own_is_for_is_held_against_the_data(
    image_project, written: str, at: str | None, said: str
) -> None:
    (image_project.folder / "own.py").write_text(
        "from governance.plugins import ConditionDescriptor\n"
        "CUT = ConditionDescriptor(\n"
        "    name='cut', title='Cut', implementation='own:cut', severities=(), modalities=('mask',)\n"
        ")\n"
        "def cut(batch, severity, seeds):\n    return batch\n"
    )
    edited(image_project, "conditions: [gaussian-noise, contrast]\n    severities: [1, 3]", "conditions: [cut]")
    edited(image_project, "    modality: photograph\n", f"    {written}\n")
    edited(image_project, "settings:", "conditions: {cut: 'own:CUT'}\nsettings:")
    error = failure(image_project)
    lines = image_project.spec.read_text().splitlines()
    where = "    conditions: [cut]" if at is None else at
    column = where.index("cut") + 1 if at is None else 3
    assert str(error.location) == f"{image_project.spec}:{lines.index(where) + 1}:{column}"
    assert said in error.message


def test_a_condition_that_changes_the_shape_is_refused(image_project) -> None:
    (image_project.folder / "own.py").write_text(
        "from governance.plugins import ConditionDescriptor\n"
        "CUT = ConditionDescriptor(name='cut', title='Cut', implementation='own:cut', severities=())\n"
        "def cut(batch, severity, seeds):\n    return batch[:, :, 1:]\n"
    )
    edited(image_project, "conditions: [gaussian-noise, contrast]\n    severities: [1, 3]", "conditions: [cut]")
    edited(image_project, "evaluate:", "conditions: {cut: own:CUT}\nevaluate:")
    assert "returned (16, 1, 11, 12); expected the batch's shape (16, 1, 12, 12)" in failure(image_project).message


def test_a_file_that_changes_during_a_run_stops_it(image_project) -> None:
    from governance import harness
    from governance.harness.progress import SilentReporter

    prepared = image_project.prepare()
    code = image_project.folder / "small_network.py"
    code.write_text(code.read_text() + "\n# changed\n")
    with pytest.raises(InputError, match="changed while the run was going on"):
        harness.collect(prepared, SilentReporter())


def test_errors_point_at_the_part_of_the_spec_that_they_are_about(image_project) -> None:
    lines = image_project.spec.read_text().splitlines()
    weights = next(number for number, line in enumerate(lines, start=1) if line.startswith("subject:"))
    (image_project.folder / "weights.safetensors").write_bytes(b"nothing")
    error = failure(image_project)
    assert str(error.location).endswith("weights.safetensors")
    (image_project.folder / "weights.safetensors").unlink()
    error = failure(image_project)
    assert error.location is not None
    assert error.location.line in range(weights, weights + 8)
