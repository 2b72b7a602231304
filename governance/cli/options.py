"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

spec_argument = click.argument("spec", type=click.Path(path_type=Path), default="governance.yaml", metavar="[SPEC]")
run_argument = click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
set_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key of the spec by dotted path, for example settings.seed=1. May be repeated.",
)
audience_option = click.option(
    "--audience", "audiences", multiple=True, metavar="NAME", help="Only this audience's documents. May be repeated."
)
format_option = click.option(
    "--format", "formats", multiple=True, metavar="NAME", help="Only this document format. May be repeated."
)
device_option = click.option("--device", metavar="NAME", help="auto, cpu, cuda or mps; overrides the spec.")
no_tracking_option = click.option("--no-tracking", is_flag=True, help="Do not track the run with MLflow.")


def collecting(function: F) -> F:
    """Add the options of commands that run a model."""
    options = (
        device_option,
        click.option("--output", type=click.Path(path_type=Path), metavar="FOLDER", help="Where runs go (runs/)."),
        click.option("--tracking", metavar="URI", help="MLflow tracking URI; overrides the spec."),
        no_tracking_option,
        set_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


def overrides(settings: tuple[str, ...]) -> dict[str, Any]:
    """Read ``KEY=VALUE`` pairs; a value is read as YAML."""
    from governance.spec import parse_yaml

    found: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key or not all(key.split(".")):
            raise click.UsageError(f"--set takes KEY=VALUE, for example settings.seed=1, not '{setting}'")
        found[key] = parse_yaml(value, Path(f"--set {key}")).content
    return found
