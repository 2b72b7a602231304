"""`governance list`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from governance.errors import ExitCode


@click.command("list")
@click.argument("kind", metavar="KIND")
@click.option(
    "--runs", type=click.Path(path_type=Path), default="runs", metavar="FOLDER", help="Where runs lie (runs/)."
)
@click.option("--modality", metavar="WORD", help="Only conditions for this kind of input, for example radiograph.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def command(kind: str, runs: Path, modality: str | None, as_json: bool) -> ExitCode:
    """List what is installed, or the runs of this directory.

    KIND is evaluators, metrics, collectors, conditions, subjects, datasets, audiences, policies or runs.

    \b
    Example:
      governance list metrics
      governance list conditions --modality radiograph
      governance list runs
    """
    from governance import api

    listing = api.list_things(kind, runs=runs, modality=modality, short=not as_json)
    if as_json:
        rows = [dict(zip(listing.columns, row, strict=True)) for row in listing.rows]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return ExitCode.OK
    from governance.cli.console import print_table

    if not listing.rows:
        click.echo(f"none: {listing.about}")
        return ExitCode.OK
    print_table(listing.columns, listing.rows)
    click.echo(f"\n{len(listing.rows)} {listing.about}")
    return ExitCode.OK
