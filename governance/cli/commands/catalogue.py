"""`governance catalogue list`, `show` and `coverage`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from governance.cli.options import run_argument
from governance.errors import ExitCode

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("catalogue")
def command() -> None:
    """Show requirement catalogues and what a run answers of them.

    Nothing here decides: a person reads what is evidenced, declared only, not evidenced or not applicable.

    \b
    Example:
      governance catalogue list
      governance catalogue show eu_ai_act AIA-ANX4-2g
      governance catalogue coverage runs/5f1c09a2b7d4 --catalogue claim_2024
    """


@command.command("list")
@json_option
def list_catalogues(as_json: bool) -> ExitCode:
    """List the catalogues that ship, with the number of items that something here can answer.

    \b
    Example:
      governance catalogue list
    """
    from governance import catalogues
    from governance.cli.catalogues import print_catalogues

    found = list(catalogues.all_catalogues().values())
    answered = {name: len(answers.answers) for name, answers in catalogues.all_answers().items()}
    if as_json:
        rows = [
            {**one.model_dump(mode="json", exclude={"items", "notes"}), "items": len(one.items)}
            | {"answered": answered.get(one.id, 0)}
            for one in found
        ]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        print_catalogues(found, answered)
    return ExitCode.OK


@command.command("show")
@click.argument("name", metavar="ID")
@click.argument("item", required=False, metavar="[ITEM]")
@json_option
def show(name: str, item: str | None, as_json: bool) -> ExitCode:
    """Show a catalogue, or one item of it with what answers it.

    \b
    Example:
      governance catalogue show claim_2024
      governance catalogue show eu_ai_act AIA-ANX4-2g
    """
    from governance import catalogues
    from governance.cli.catalogues import print_catalogue, print_item

    found = catalogues.catalogue(name)
    if item is None:
        if as_json:
            click.echo(json.dumps(found.model_dump(mode="json"), indent=1, ensure_ascii=False))
        else:
            print_catalogue(found)
        return ExitCode.OK
    chosen = catalogues.item_of(found, item)
    answers = catalogues.all_answers().get(found.id)
    answer = answers.answers.get(chosen.id) if answers else None
    if as_json:
        both = {"item": chosen.model_dump(mode="json"), "answer": answer.model_dump(mode="json") if answer else None}
        click.echo(json.dumps(both, indent=1, ensure_ascii=False))
    else:
        print_item(found, chosen, answer, dict(catalogues.fact_keys()))
    return ExitCode.OK


@command.command("coverage")
@run_argument
@click.option("--catalogue", "only", multiple=True, metavar="ID", help="Only this catalogue, item by item. Repeatable.")
@json_option
def coverage(run: Path, only: tuple[str, ...], as_json: bool) -> ExitCode:
    """Say what a run and the facts of its spec answer of each catalogue, and what is missing.

    The exit code is 0 whatever is missing: coverage is no decision. Facts are held against today's date.

    \b
    Example:
      governance catalogue coverage runs/5f1c09a2b7d4
      governance catalogue coverage runs/5f1c09a2b7d4 --catalogue eu_ai_act
    """
    from governance import catalogues
    from governance.cli.catalogues import print_coverage
    from governance.held import existing_run, refuse_changed

    folder = existing_run(run)
    refuse_changed(folder)
    found = catalogues.coverage(folder, only=only)
    if as_json:
        click.echo(json.dumps(catalogues.coverage_json(found), indent=1, ensure_ascii=False))
    else:
        print_coverage(found, in_full=bool(only))
    return ExitCode.OK
