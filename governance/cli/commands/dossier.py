"""`governance dossier verify` and `governance dossier manifest`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from governance.errors import ExitCode


@click.group("dossier")
def command() -> None:
    """Verify a run folder, or seal it again.

    \b
    Example:
      governance dossier verify runs/5f1c09a2b7d4
    """


@command.command("verify")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def verify(path: Path, as_json: bool) -> ExitCode:
    """Compare a run folder with its manifest; every changed, missing or added file is named.

    Exit 0: every file is what the manifest says. Exit 1: something differs.

    \b
    Example:
      governance dossier verify runs/5f1c09a2b7d4
    """
    from governance import api

    report = api.verify(path)
    if as_json:
        click.echo(json.dumps(report.to_json(), indent=1, ensure_ascii=False))
    elif report.ok:
        click.echo(
            f"{path}: {report.files} files, each as the manifest says. That does not say who wrote the manifest."
        )
    else:
        for finding in report.findings:
            click.echo(str(finding))
        count = len(report.findings)
        click.echo(f"{path}: {count} {'difference' if count == 1 else 'differences'} to the manifest")
    return report.exit_code


@command.command("manifest")
@click.argument("path", type=click.Path(path_type=Path))
def manifest(path: Path) -> ExitCode:
    """Write the manifest of a run folder again: the SHA-256 of every file that lies in it now.

    \b
    Example:
      governance dossier manifest runs/5f1c09a2b7d4
    """
    from governance import api

    click.echo(f"wrote {api.manifest(path)}")
    return ExitCode.OK
