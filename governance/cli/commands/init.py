"""`governance init`."""

from __future__ import annotations

from pathlib import Path

import click

from governance.errors import ExitCode


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), default=".", metavar="[FOLDER]")
@click.option(
    "--kind",
    default="recorded",
    show_default=True,
    metavar="NAME",
    help="What the model is: recorded (predictions in a CSV), timm, torch, sklearn, generate or endpoint.",
)
def command(folder: Path, kind: str) -> ExitCode:
    """Write a governance.yaml, policy, facts and hazards to start from.

    Every key is explained where it stands. Existing files are never overwritten.

    \b
    Example:
      governance init my-model
      governance init my-model --kind timm
    """
    from governance import api

    scaffold = api.init(folder, kind=kind)
    for path in scaffold.files:
        click.echo(f"wrote {path}")
    click.echo(
        f"\nNext: read {scaffold.folder / 'README.md'}, then: governance check {scaffold.folder / 'governance.yaml'}"
    )
    return ExitCode.OK
