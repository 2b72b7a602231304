"""The command line. `main` wraps click so that no abort, traceback or exception can look like a verdict."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import NoReturn

import click

from governance.cli.lazy import LazyCommand, LazyGroup
from governance.cli.streams import patient_streams, without_commands
from governance.errors import ExitCode, GovernanceError

DEBUG = "GOVERNANCE_DEBUG"
"""Environment variable that shows the traceback of an internal error instead of filing it."""

_OURS = ("governance", "evaluators")


def _at(name: str) -> str:
    return f"governance.cli.commands.{name}:command"


COMMANDS = {
    "init": LazyCommand(_at("init"), "Write a governance.yaml, policy, facts and hazards to start from."),
    "check": LazyCommand(_at("check"), "Check a governance.yaml and all it names, without running anything."),
    "run": LazyCommand(_at("run"), "Evaluate a model, decide, write the documents and seal them."),
    "evaluate": LazyCommand(_at("evaluate"), "Collect and measure only, up to evidence.json."),
    "decide": LazyCommand(_at("decide"), "Decide on the evidence of a run."),
    "render": LazyCommand(_at("render"), "Write the documents of a run again."),
    "trace": LazyCommand(_at("trace"), "Say where every number of a document comes from, and what nothing explains."),
    "export": LazyCommand(_at("export"), "Write a run in the format of others, into its folder exchange/."),
    "dossier": LazyCommand(_at("dossier"), "Verify a run folder, or seal it again."),
    "promote": LazyCommand(_at("promote"), "Move an alias of a model registry, by a named person's decision."),
    "audit": LazyCommand(_at("audit"), "Say whether registry aliases point at what was approved."),
    "policy": LazyCommand(_at("policy"), "Check, show, compare, test and import policies."),
    "catalogue": LazyCommand(_at("catalogue"), "Show requirement catalogues and what a run answers of them."),
    "schema": LazyCommand(_at("schema"), "Print the JSON Schema of a file."),
    "list": LazyCommand(_at("list"), "List what is installed, or the runs of this directory."),
    "demo": LazyCommand(_at("demo"), "Evaluate three real models and show their documents."),
    "doctor": LazyCommand(_at("doctor"), "Look at the machine and name what is missing."),
}


@click.group(
    cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="medical-ai-governance", message="%(version)s")
def cli() -> None:
    """Evaluate medical AI models, decide under a policy, and document what was measured.

    \b
    Start with your own model:
      governance init my-model
      governance check my-model/governance.yaml
      governance run my-model/governance.yaml

    \b
    Exit codes, the same in every command:
      0  no blocking rule stands in the way
      1  a blocking rule failed, or a verification found tampering
      2  bad usage or malformed input
      3  a blocking rule is inconclusive
      4  a blocking rule is not measured
      5  could not run: environment, tracking server, disk, interruption, internal error
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit with its code."""
    code = ExitCode.COULD_NOT_RUN
    try:
        with patient_streams():
            code = execute(arguments)
    except OSError as error:  # standard output is full or closed: the outcome could not be told
        code = ExitCode.COULD_NOT_RUN
        os.write(2, f"cannot write the output: {error.strerror or error}\n".encode())
    sys.exit(int(code))


def execute(arguments: Sequence[str] | None = None) -> ExitCode:
    """Run a command and return its exit code; print every error for the person who must mend it."""
    try:
        return ExitCode(cli.main(args=arguments, prog_name="governance", standalone_mode=False) or 0)
    except BaseException as error:
        return _tell(error)


def _tell(error: BaseException) -> ExitCode:
    """Print what stopped the command and return the exit code for it."""
    code = ExitCode.COULD_NOT_RUN
    match error:
        case GovernanceError():
            code = error.exit_code
            _say(str(error))
        case click.ClickException():
            code = ExitCode.BAD_INPUT
            error.show(file=sys.stderr)
        case click.Abort() | KeyboardInterrupt():
            _say("interrupted; run the same command again to go on where it stopped")
        case ModuleNotFoundError() if (error.name or "").partition(".")[0] not in (*_OURS, ""):
            _say(
                f"the Python package '{error.name}' is not installed\n  install what evaluation needs: "
                "pip install 'medical-ai-governance[eval]'; `governance doctor` says more"
            )
        case _:
            _internal_error(error)
    return code


def _internal_error(error: BaseException) -> None:
    """Say in one line that the toolkit is at fault, and file the traceback."""
    trace = "".join(traceback.format_exception(error))
    told = f"internal error: {type(error).__name__}: {error}".splitlines()[0]
    if os.environ.get(DEBUG):
        _say(trace.rstrip())
        _say(told)
        return
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="governance-error-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(trace)
        _say(f"{told}; please report it; details: {file.name}")
    except OSError:
        _say(f"{told}; please report it; {DEBUG}=1 shows the details")


def _say(text: str) -> None:
    """Print to standard error, without characters that could steer a terminal."""
    clean = "".join(letter if letter.isprintable() or letter in "\n\t" else "?" for letter in text)
    click.echo(without_commands(clean), err=True)


if __name__ == "__main__":
    main()
