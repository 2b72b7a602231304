"""`governance audit`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from governance.errors import ExitCode


@click.command("audit")
@click.option("--model", required=True, metavar="NAME", help="Registered model.")
@click.option("--alias", metavar="NAME", help="Only this alias; by default all.")
@click.option("--run", type=click.Path(path_type=Path), metavar="RUN", help="Also compare with this run folder.")
@click.option("--tracking", metavar="URI", help="Registry; by default MLFLOW_TRACKING_URI.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(model: str, alias: str | None, run: Path | None, tracking: str | None, as_json: bool) -> ExitCode:
    """Say whether registry aliases point at what was approved.

    Exit 0: they do. Exit 1: an alias was moved by hand, a record or a tag was changed or is gone.

    \b
    Example:
      governance audit --model nodules
      governance audit --model nodules --alias champion --run runs/5f1c09a2b7d4
    """
    from governance import api
    from governance.cli.console import plain

    found = api.audit(model, alias=alias, run_folder=run, tracking=tracking)
    if as_json:
        click.echo(json.dumps([one.to_json() for one in found], indent=1, ensure_ascii=False))
    elif not found:
        click.echo(f"{model} has no alias, and no release is recorded")
    for one in [] if as_json else found:
        record = one.record
        head = f"{one.alias}: version {one.model_version or '-'}"
        if record is not None:
            head += f", approved by {plain(record.approved_by)} ({plain(record.role)}) on {record.released_at}"
        click.echo(f"{head}: {'as approved' if not one.findings else 'NOT as approved'}")
        for finding in one.findings:
            click.echo(f"  {plain(finding)}")
    return ExitCode.FAILED if any(one.findings for one in found) else ExitCode.OK
