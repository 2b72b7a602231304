"""`governance decide`."""

from __future__ import annotations

from pathlib import Path

import click

from governance.cli.options import run_argument
from governance.cli.reports import baseline_option, reporting, tell
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
@click.option("--tracking", metavar="URI", help="Registry of a baseline; by default MLFLOW_TRACKING_URI.")
@baseline_option
@reporting
def command(
    *,
    run: Path,
    policy: Path | None,
    waivers: Path | None,
    tracking: str | None,
    baseline: str | None,
    reports: tuple[str, ...],
    since: Path | None,
) -> ExitCode:
    """Decide on the evidence of a run.

    Nothing is measured again and no model is opened. The exit code is the decision.

    \b
    Example:
      governance decide runs/5f1c09a2b7d4
      governance decide runs/5f1c09a2b7d4 --policy stricter.yaml --waivers waivers.yaml
      governance decide runs/5f1c09a2b7d4 --baseline runs/0e93b1aa52c7
      governance decide runs/5f1c09a2b7d4 --report junit=junit.xml --report sarif=governance.sarif
    """
    from governance import api

    asked = api.read_asked(reports, since)
    return tell(api.decide(run, policy, waivers=waivers, baseline=baseline, tracking=tracking), asked)
