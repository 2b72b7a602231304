"""`governance export`."""

from __future__ import annotations

from pathlib import Path

import click

from governance.cli.options import run_argument
from governance.errors import ExitCode


@click.command("export")
@run_argument
@click.option("--to", required=True, metavar="FORMAT", help="huggingface: a model card for the Hugging Face Hub.")
@click.option(
    "--hub-dataset",
    "hub_datasets",
    multiple=True,
    metavar="NAME=OWNER/DATASET[:TASK:METRIC]",
    help="A dataset of the run that the Hub has; with a task and a metric, a benchmark. May be repeated.",
)
@click.option("--source", metavar="URL", help="Where readers find the record of this evaluation.")
def command(run: Path, to: str, hub_datasets: tuple[str, ...], source: str | None) -> ExitCode:
    """Write a run in the format of others, into its folder exchange/.

    Only what is public of the run is written, and nothing is sent anywhere. Exit 0 when the files are written.

    \b
    Example:
      governance export runs/5f1c09a2b7d4 --to huggingface
      governance export runs/5f1c09a2b7d4 --to huggingface \\
        --hub-dataset questions=my-lab/report-questions:default:accuracy
    """
    from governance.cli.console import print_places
    from governance.exporting import export

    files = export(run, to, hub_datasets=hub_datasets, source=source)
    print_places([("wrote", path) for path in files])
    return ExitCode.OK
