"""`governance demo`."""

from __future__ import annotations

from pathlib import Path

import click

from governance.cli.options import device_option, format_option, no_tracking_option
from governance.errors import ExitCode


@click.command("demo")
@click.option(
    "--folder", type=click.Path(path_type=Path), default="demo", show_default=True, help="Where everything goes."
)
@click.option("--full", is_flag=True, help="At full size; takes much longer.")
@click.option("--only", multiple=True, metavar="NAME", help="Only this example. May be repeated.")
@device_option
@no_tracking_option
@format_option
def command(
    *, folder: Path, full: bool, only: tuple[str, ...], device: str | None, no_tracking: bool, formats: tuple[str, ...]
) -> ExitCode:
    """Evaluate three real models and show their documents.

    Trains or opens each model here and evaluates it; no number is canned. A demonstration releases nothing, so it ends
    with 0 when all examples ran; the exit code that each decision would have is printed.

    \b
    Example:
      governance demo
      governance demo --only mortality_risk
    """
    from governance.cli.console import console, print_places, print_result
    from governance.cli.progress import TerminalReporter
    from governance.demo import demo

    with TerminalReporter() as reporter:
        results = demo(
            folder,
            full=full,
            only=only,
            device=device,
            no_tracking=no_tracking,
            formats=formats or None,
            reporter=reporter,
        )
    out = console()
    for result in results:
        out.print(f"\n{result.example.title} ({result.example.name}, {result.seconds:.0f} s)", style="bold")
        print_result(result.result, target=out)
    if results and results[-1].result.index is not None:
        out.print()
        print_places([("Open this page", results[-1].result.index)], target=out)
    return ExitCode.OK
