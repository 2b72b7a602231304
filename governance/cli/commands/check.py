"""`governance check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from governance.cli.options import overrides, set_option, spec_argument
from governance.errors import ExitCode

if TYPE_CHECKING:
    from governance.api import CheckReport


@click.command("check")
@spec_argument
@click.option("--load", is_flag=True, help="Also import your own code that the spec names.")
@set_option
def command(spec: Path, load: bool, settings: tuple[str, ...]) -> ExitCode:
    """Check a governance.yaml and all it names, without running anything.

    Reads the spec, its policy, facts and hazards, and looks whether the files they name exist. Your own code is only
    imported with --load. Exit 0: it can be run; 2: it cannot.

    \b
    Example:
      governance check governance.yaml
      governance check governance.yaml --load
    """
    from governance import api

    report = api.check(spec, load=load, overrides=overrides(settings))
    _print(report)
    return report.exit_code


def _print(report: CheckReport) -> None:
    from governance.cli.console import console, plain

    out = console()
    subject, policy = report.spec.subject, report.policy.policy
    evaluations = ", ".join(report.spec.evaluate)
    rows = [
        ("subject", f"{subject.name} {subject.version} ({subject.kind}, {subject.task})"),
        ("datasets", ", ".join(f"{name} ({data.role})" for name, data in report.spec.datasets.items())),
        ("evaluate", evaluations),
        ("policy", f"{policy.policy} {policy.version}: {len(policy.rules)} rules"),
        ("statements", f"{len(report.spec.facts)} facts, {len(report.spec.hazards)} hazards"),
    ]
    if report.loaded:
        rows.append(("own code", ", ".join(report.loaded)))
    for name, text in rows:
        out.print(f"{name + ':':<12}{plain(text)}")
    for level, title in (("problem", "Stops a run"), ("to fill", "To be filled by you"), ("note", "Worth knowing")):
        found = [finding for finding in report.findings if finding.level == level]
        if found:
            out.print(f"\n{title}:")
        for finding in found:
            out.print(f"  {plain(finding.location)}: {plain(finding.message)}", soft_wrap=True)
            if finding.hint:
                out.print(f"    {plain(finding.hint)}", soft_wrap=True)
    ready = report.exit_code is ExitCode.OK
    out.print(
        f"\nReady: governance run {report.path}" if ready else "\nNot ready: mend what stops a run.", soft_wrap=True
    )
