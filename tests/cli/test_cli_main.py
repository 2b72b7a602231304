"""No abort, traceback or exception can look like a verdict, and help costs nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from command_line import run, run_alone

from governance.cli.main import COMMANDS, cli
from governance.errors import CannotRunError, ExitCode, InputError, TamperError


def subcommands() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        found.append((name,))
        if isinstance(command, click.Group):
            found += [(name, inner) for inner in command.commands]
    return found


@pytest.mark.parametrize("names", subcommands())
def test_every_command_has_help_with_an_example(names: tuple[str, ...]) -> None:
    outcome = run(*names, "--help")
    assert outcome.code == 0
    assert f"governance {' '.join(names)}" in outcome.out.split("Example:")[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_command_says(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert (command.help or "").splitlines()[0] == COMMANDS[name].help


_PROBE = """
import sys
from governance.cli.main import execute
code = execute({arguments})
heavy = [name for name in {heavy} if name in sys.modules]
print("loaded", heavy, file=sys.stderr)
sys.exit(int(code))
"""


def loaded(arguments: list[str], heavy: list[str], cwd: Path) -> tuple[int, str]:
    code = _PROBE.format(arguments=arguments, heavy=heavy)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd, timeout=60, check=False
    )
    return done.returncode, done.stderr.splitlines()[-1]


HEAVY = ["torch", "torchvision", "mlflow", "weasyprint", "sklearn", "transformers", "timm", "pandas", "numpy", "scipy"]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_imports_click_only(arguments: list[str], tmp_path: Path) -> None:
    assert loaded(arguments, [*HEAVY, "pydantic", "rich", "ruamel.yaml", "jinja2"], tmp_path) == (0, "loaded []")


@pytest.mark.parametrize(
    "arguments", [["check", "m/governance.yaml"], ["schema", "spec"], ["list", "metrics"], ["doctor"], ["list", "runs"]]
)
def test_light_commands_import_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    run("init", tmp_path / "m")
    assert loaded(arguments, HEAVY, tmp_path)[1] == "loaded []"


def test_help_takes_at_most_a_third_of_a_second(tmp_path: Path) -> None:
    """Of processor time, so that a busy machine does not matter."""

    def seconds() -> float:
        before = os.times()
        assert run_alone("--help", cwd=tmp_path).code == 0
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(seconds() for _ in range(5)) <= 0.3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chekc"], "did you mean 'check'?"),
        (["nothing-like-it"], "unknown command 'nothing-like-it'"),
        (["run", "--devcie", "cpu"], "--devcie"),
        (["decide"], "RUN"),
        (["run", "--set", "seed"], "KEY=VALUE"),
        (["schema", "sepc"], "'spec'"),
        (["list", "metric"], "'metrics'"),
        (["init", "--kind", "tim"], "'timm'"),
        (["demo", "--only", "nodules"], "unknown example"),
    ],
)
def test_bad_usage_is_2(arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run(*arguments)
    assert outcome.code == 2
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert list(tmp_path.iterdir()) == []


def raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def callback(**_: object) -> None:
        raise error

    command = click.Command("schema", callback=callback)
    monkeypatch.setattr(cli, "get_command", lambda *_: command)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("x"), ExitCode.BAD_INPUT),
        (TamperError("x"), ExitCode.FAILED),
        (CannotRunError("x"), ExitCode.COULD_NOT_RUN),
        (click.FileError("x"), ExitCode.BAD_INPUT),
        (click.Abort(), ExitCode.COULD_NOT_RUN),
        (KeyboardInterrupt(), ExitCode.COULD_NOT_RUN),
        (SystemExit(0), ExitCode.COULD_NOT_RUN),
        (SystemExit(1), ExitCode.COULD_NOT_RUN),
        (SystemExit("done"), ExitCode.COULD_NOT_RUN),
        (BrokenPipeError(32, "broken"), ExitCode.COULD_NOT_RUN),
        (RuntimeError("x"), ExitCode.COULD_NOT_RUN),
        (MemoryError(), ExitCode.COULD_NOT_RUN),
        (RecursionError(), ExitCode.COULD_NOT_RUN),
        (ModuleNotFoundError("x", name="torch"), ExitCode.COULD_NOT_RUN),
        (AssertionError(), ExitCode.COULD_NOT_RUN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_no_exception_looks_like_a_verdict(
    error: BaseException, code: ExitCode, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    raising(error, monkeypatch)
    outcome = run("schema")
    assert outcome.code == code
    assert outcome.err.strip()
    assert "Traceback" not in outcome.err


def test_an_internal_error_is_one_line_and_files_its_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    raising(RuntimeError("the reason\nand more"), monkeypatch)
    outcome = run("schema")
    [line] = outcome.err.splitlines()
    assert line.startswith("internal error: RuntimeError: the reason; please report it; details: ")
    assert "Traceback" in Path(line.rpartition("details: ")[2]).read_text(encoding="utf-8")


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVERNANCE_DEBUG", "1")
    raising(RuntimeError("the reason"), monkeypatch)
    assert "Traceback" in run("schema").err


def test_messages_cannot_steer_the_terminal(tmp_path: Path) -> None:
    outcome = run("check", tmp_path / "evil\x1b[2Jname.yaml")
    assert outcome.code == 2
    assert "\x1b" not in outcome.err


def piped_into_nothing(arguments: list[str]) -> int:
    """Run a command whose reader is gone before it starts to write."""
    read, write = os.pipe()
    os.close(read)
    try:
        return subprocess.run(
            [sys.executable, "-m", "governance.cli.main", *arguments],
            stdout=write,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        ).returncode
    finally:
        os.close(write)


def test_a_closed_pipe_does_not_change_the_outcome(tmp_path: Path) -> None:
    run("init", tmp_path / "model")
    assert piped_into_nothing(["list", "metrics"]) == 0
    assert piped_into_nothing(["check", str(tmp_path / "model" / "governance.yaml")]) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_standard_output_is_5() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "governance.cli.main", "schema", "spec"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 5
    assert "Traceback" not in done.stderr


def opened_once_read(fifo: Path) -> int:
    """Open a pipe for writing as soon as somebody reads it: the command has then started to work."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            assert time.monotonic() < deadline, "nobody reads the spec"
            time.sleep(0.05)


def test_interruption_is_5_and_says_how_to_go_on(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "governance.yaml")  # reading waits until somebody writes
    process = subprocess.Popen(
        [sys.executable, "-m", "governance.cli.main", "check", str(tmp_path / "governance.yaml")],
        stderr=subprocess.PIPE,
        text=True,
        # a job in the background inherits that interruptions are ignored; a person's terminal does not
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    )
    writer = opened_once_read(tmp_path / "governance.yaml")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    os.close(writer)
    assert process.returncode == 5
    assert "run the same command again to go on where it stopped" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "latin-1"])
def test_any_terminal_encoding_will_do(encoding: str, tmp_path: Path) -> None:
    outcome = run_alone("list", "evaluators", env={"PYTHONIOENCODING": encoding}, cwd=tmp_path)
    assert outcome.code == 0


def test_lists_can_be_read_by_programs() -> None:
    rows = json.loads(run("list", "metrics", "--json").out)
    assert ("fairness", "sensitivity") in {(row["evaluator"], row["metric"]) for row in rows}


@pytest.mark.parametrize(
    "kind",
    ["evaluators", "metrics", "collectors", "conditions", "subjects", "datasets", "audiences", "policies", "runs"],
)
def test_everything_can_be_listed(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("list", kind).code == 0


def test_schemas_are_printed_as_json() -> None:
    assert json.loads(run("schema", "policy").out)["$schema"].startswith("https://json-schema.org/")
