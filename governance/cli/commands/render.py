"""`governance render`."""

from __future__ import annotations

from pathlib import Path

import click

from governance.cli.options import audience_option, format_option, run_argument
from governance.errors import ExitCode


@click.command("render")
@run_argument
@audience_option
@format_option
@click.option(
    "--extract",
    "extracts",
    multiple=True,
    metavar="NAME",
    help="Only this extract of a catalogue, or all; `governance list extracts`. May be repeated.",
)
def command(run: Path, audiences: tuple[str, ...], formats: tuple[str, ...], extracts: tuple[str, ...]) -> ExitCode:
    """Write the documents of a run again.

    They are made from the files of the run alone. Exit 0 when they are written.

    \b
    Example:
      governance render runs/5f1c09a2b7d4
      governance render runs/5f1c09a2b7d4 --audience public --format html --format pdf
      governance render runs/5f1c09a2b7d4 --extract annex-iv --format docx
    """
    from governance import api
    from governance.cli.console import print_places
    from governance.cli.progress import TerminalReporter

    with TerminalReporter() as reporter:
        result = api.render(
            run, audiences=audiences or None, formats=formats or None, extracts=extracts or None, reporter=reporter
        )
    for note in result.notes:
        click.echo(f"note: {note}")
    print_places([("wrote", path) for path in result.documents])
    if result.index is not None:
        print_places([("All runs", result.index)])
    return ExitCode.OK
