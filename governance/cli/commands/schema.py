"""`governance schema`."""

from __future__ import annotations

import json

import click

from governance.errors import ExitCode


@click.command("schema")
@click.argument("name", metavar="FILE")
def command(name: str) -> ExitCode:
    """Print the JSON Schema of a file.

    The file is spec, policy, waivers, evidence, decision, generations or generated-images. The schema of the spec
    knows the options of everything that is installed. Editors complete and check with it.

    \b
    Example:
      governance schema spec > governance.schema.json
    """
    from governance import api

    click.echo(json.dumps(api.schema(name), indent=2, ensure_ascii=False))
    return ExitCode.OK
