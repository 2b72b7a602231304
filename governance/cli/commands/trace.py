"""`governance trace`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from governance.errors import ExitCode

if TYPE_CHECKING:
    from governance.documents.trace import Finding, Number, Trace


@click.command("trace")
@click.argument("document", type=click.Path(path_type=Path), metavar="DOCUMENT")
@click.option("--run", type=click.Path(path_type=Path), metavar="RUN", help="Run that a file from elsewhere is of.")
@click.option("--number", metavar="TEXT", help="Only this number, as printed: where it stands and where it comes from.")
@click.option("--json", "as_json", is_flag=True, help="Print the trace of every number as JSON.")
def command(document: Path, run: Path | None, number: str | None, as_json: bool) -> ExitCode:
    """Say where every number of a document comes from, and what nothing explains.

    Exit 0: every number is explained, and no file was changed. Exit 1: a number is not what the run says, nothing
    explains it, or the document or a file that it rests on was changed.

    \b
    Example:
      governance trace runs/5f1c09a2b7d4/documents/confidential/auditor.html
      governance trace runs/5f1c09a2b7d4/documents/public/clinician.pdf --number 0.84
      governance trace clinician.pdf --run runs/5f1c09a2b7d4 --json
    """
    from governance.documents.trace import run_of, trace
    from governance.evidence.folder import RunFolder

    folder = run or run_of(document)
    found = trace(document, RunFolder(folder), changed=_changed(document, folder))
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
    elif number is not None:
        _print_number(found, number)
    else:
        _print(found)
    return found.exit_code


def _changed(document: Path, run: Path) -> list[Finding]:
    """Return what of the run is not as its manifest says: the document, and the files that it rests on."""
    from governance import api
    from governance.documents.trace import Finding, rests_on

    differences = api.verify(run).findings
    found = [Finding("changed", f"{one.path}: {one.message}") for one in differences if rests_on(one.path, document)]
    others = len(differences) - len(found)
    if others:
        click.echo(f"note: {others} other files differ: governance dossier verify {run}", err=True)
    return found


def _print(found: Trace) -> None:
    from governance.cli.console import plain

    for finding in found.findings:
        click.echo(f"{finding.fault}: {plain(finding.message)}")
        if finding.where:
            click.echo(f"  {plain(finding.where)}")
    kinds = ", ".join(f"{count} {kind}" for kind, count in found.kinds.most_common())
    click.echo(f"explained by: {kinds or 'nothing'}")
    click.echo(f"document {found.document}, SHA-256 {found.document_sha256}")
    click.echo(f"run {found.run_id}, evidence.json SHA-256 {found.evidence_sha256}")
    click.echo(f"{found.summary}. Exit {int(found.exit_code)}.")


def _print_number(found: Trace, text: str) -> None:
    from governance.cli.console import plain

    numbers = found.find(text)
    for one in numbers:
        click.echo(f"{plain(one.section) or 'above the first section'}: {plain(one.context)}")
        for line in _lines(one):
            click.echo(f"  {plain(line)}")
    click.echo(f"{plain(text)}: {len(numbers)} time{'' if len(numbers) == 1 else 's'} in {plain(found.document)}")


def _lines(one: Number) -> list[str]:
    if one.problem or one.kind is None:
        return [one.problem or (f"the run says {one.instead}" if one.instead else "nothing explains it")]
    if one.measurement is None:
        return [one.kind]
    return [
        f"{one.kind}: {one.field or 'value'} of {one.measurement}",
        f"about: {one.about}",
        f"data: {one.dataset}, digest {one.dataset_digest}",
        f"run: {one.run_id}",
    ]
