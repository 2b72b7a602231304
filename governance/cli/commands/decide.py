"""`governance decide`."""

from __future__ import annotations

from pathlib import Path

import click

from governance.cli.options import run_argument
from governance.errors import ExitCode


@click.command("decide")
@run_argument
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Decide under this policy (a file, or one that ships) instead of the one recorded before the run.",
)
@click.option("--waivers", type=click.Path(path_type=Path), metavar="FILE", help="Waivers that hold today.")
def command(run: Path, policy: Path | None, waivers: Path | None) -> ExitCode:
    """Decide on the evidence of a run.

    Nothing is measured again and no model is opened. The exit code is the decision.

    \b
    Example:
      governance decide runs/5f1c09a2b7d4
      governance decide runs/5f1c09a2b7d4 --policy stricter.yaml --waivers waivers.yaml
    """
    from governance import api
    from governance.cli.console import print_result

    result = api.decide(run, policy, waivers=waivers)
    print_result(result)
    return result.exit_code
