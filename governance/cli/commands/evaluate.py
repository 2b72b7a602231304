"""`governance evaluate`."""

from __future__ import annotations

from pathlib import Path

import click

from governance.cli.options import collecting, overrides, spec_argument
from governance.errors import ExitCode


@click.command("evaluate")
@spec_argument
@collecting
def command(
    *,
    spec: Path,
    device: str | None,
    output: Path | None,
    tracking: str | None,
    no_tracking: bool,
    settings: tuple[str, ...],
) -> ExitCode:
    """Collect and measure only, up to evidence.json.

    \b
    Example:
      governance evaluate governance.yaml
      governance decide runs/5f1c09a2b7d4
    """
    from governance import api
    from governance.cli.console import print_result
    from governance.cli.progress import TerminalReporter

    with TerminalReporter() as reporter:
        result = api.evaluate(
            spec,
            device=device,
            output=output,
            tracking=tracking,
            no_tracking=no_tracking,
            reporter=reporter,
            overrides=overrides(settings),
        )
    print_result(result)
    click.echo(f"  Next: governance decide {result.folder.path}")
    return result.exit_code
