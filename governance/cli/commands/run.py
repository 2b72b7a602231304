"""`governance run`."""

from __future__ import annotations

from pathlib import Path

import click

from governance.cli.options import audience_option, collecting, format_option, overrides, spec_argument
from governance.cli.reports import baseline_option, reporting, tell
from governance.errors import ExitCode


@click.command("run")
@spec_argument
@collecting
@audience_option
@format_option
@baseline_option
@reporting
def command(
    *,
    spec: Path,
    device: str | None,
    output: Path | None,
    tracking: str | None,
    no_tracking: bool,
    settings: tuple[str, ...],
    audiences: tuple[str, ...],
    formats: tuple[str, ...],
    baseline: str | None,
    reports: tuple[str, ...],
    since: Path | None,
) -> ExitCode:
    """Evaluate a model, decide, write the documents and seal them.

    The exit code is the decision. The same inputs are the same run: what was collected before is not collected again,
    and a run that was interrupted goes on where it stopped.

    \b
    Example:
      governance run governance.yaml
      governance run governance.yaml --device cuda --no-tracking
      governance run governance.yaml --audience clinician --format html
      governance run governance.yaml --baseline models:/nodules@champion
      governance run governance.yaml --report junit=junit.xml --report markdown=comment.md
    """
    from governance import api
    from governance.cli.progress import TerminalReporter

    asked = api.read_asked(reports, since)
    with TerminalReporter() as reporter:
        result = api.run(
            spec,
            device=device,
            output=output,
            tracking=tracking,
            no_tracking=no_tracking,
            audiences=audiences or None,
            formats=formats or None,
            reporter=reporter,
            overrides=overrides(settings),
            baseline=baseline,
        )
    return tell(result, asked)
