"""`governance doctor`."""

from __future__ import annotations

import click

from governance.cli.options import device_option
from governance.errors import ExitCode


@click.command("doctor")
@device_option
def command(device: str | None) -> ExitCode:
    """Look at the machine and name what is missing.

    Each gap comes with the one command that mends it. Exit 0: the core works, and the device if one was named.
    Exit 5: it does not.

    \b
    Example:
      governance doctor
      governance doctor --device cuda
    """
    from governance import api
    from governance.cli.console import console, plain
    from governance.doctor import verdict

    checks = api.doctor(device)
    out = console()
    for check in checks:
        out.print(f"{check.state:<8} {check.name:<16} {plain(check.detail)}", soft_wrap=True)
    gaps = [check for check in checks if check.state != "ok"]
    if gaps:
        out.print("\nTo mend:")
    for check in gaps:
        lacks = "the toolkit needs it" if check.needed else f"without it: no {check.without}"
        out.print(f"  {check.name}: {lacks}", soft_wrap=True)
        if check.fix:
            out.print(f"    {check.fix}", soft_wrap=True)
    code = verdict(checks)
    out.print("\nThe core works." if code is ExitCode.OK else "\nThe toolkit cannot run here yet.")
    return code
