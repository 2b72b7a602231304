"""The options for reports of a decision, and how a result is printed beside them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from governance.api import RunResult
    from governance.errors import ExitCode
    from governance.reporting import Asked

F = TypeVar("F", bound=Callable[..., Any])


baseline_option = click.option(
    "--baseline",
    metavar="RUN|MODEL",
    help="Hold rules that name a baseline against this run, or against that of models:/NAME@ALIAS.",
)


def reporting(function: F) -> F:
    """Add the options for reports."""
    options = (
        click.option(
            "--report",
            "reports",
            multiple=True,
            metavar="KIND=PATH",
            help="Also write the decision as junit, sarif, github, markdown or json; - is standard output. "
            "May be repeated.",
        ),
        click.option(
            "--since",
            type=click.Path(path_type=Path),
            metavar="DECISION|RUN",
            help="In reports, say what changed since this decision, or this run's last one; else since the baseline.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def tell(result: RunResult, asked: Asked) -> ExitCode:
    """Print what a run came to, write its reports and return the exit code.

    The result goes to standard error where a report fills standard output, so that a program can read that.
    """
    from governance import api
    from governance.cli.console import console, print_result

    print_result(result, target=console(sys.stderr if asked.fills_output else None))
    api.report(result, asked)
    return result.exit_code
