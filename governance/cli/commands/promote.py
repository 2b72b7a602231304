"""`governance promote`."""

from __future__ import annotations

from pathlib import Path

import click

from governance.cli.options import run_argument
from governance.errors import ExitCode


@click.command("promote")
@run_argument
@click.option("--model", required=True, metavar="NAME", help="Registered model.")
@click.option(
    "--version",
    "model_version",
    metavar="N",
    help="Version of it that was evaluated; by default the newest that is tagged with the model's digest.",
)
@click.option("--register", is_flag=True, help="Register the run's model as a version where it is none yet.")
@click.option("--alias", default="champion", show_default=True, metavar="NAME", help="Alias to move.")
@click.option("--approved-by", required=True, metavar="'NAME, ROLE'", help="Who decides on this release.")
@click.option("--comment", metavar="TEXT", help="Kept with the release.")
@click.option("--same-model", is_flag=True, help="Say yourself that the version is the model that was evaluated.")
@click.option("--tracking", metavar="URI", help="Registry; by default that of the run, else MLFLOW_TRACKING_URI.")
def command(
    *,
    run: Path,
    model: str,
    model_version: str | None,
    register: bool,
    alias: str,
    approved_by: str,
    comment: str | None,
    same_model: bool,
    tracking: str | None,
) -> ExitCode:
    """Move an alias of a model registry, by a named person's decision.

    The decision is recorded, and the alias moves to the version that was evaluated. The run folder is verified first,
    and its last decision must allow the release: where it does not, nothing moves and the exit code is that of the
    decision.

    \b
    Example:
      governance promote runs/5f1c09a2b7d4 --model nodules --alias champion --approved-by "A. Name, clinical safety"
      governance promote runs/5f1c09a2b7d4 --model nodules --version 7 --approved-by "A. Name, clinical safety"
    """
    from governance import api
    from governance.cli.console import print_decision

    if register and model_version is not None:
        raise click.UsageError("--register makes a version and --version names one: give one of the two")
    record = api.promote(
        run,
        model=model,
        version=model_version,
        register=register,
        alias=alias,
        approved_by=approved_by,
        comment=comment,
        same_model=same_model,
        tracking=tracking,
    )
    print_decision(api.read_decision(run))
    if isinstance(record, ExitCode):
        click.echo("not promoted: the decision on this run does not allow a release", err=True)
        return record
    click.echo(
        f"{record.model} version {record.model_version} is now '{record.alias}', approved by {record.approved_by} "
        f"({record.role}).\nRelease {record.digest}"
    )
    return ExitCode.OK
