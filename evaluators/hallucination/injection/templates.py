"""The file of planted texts, and the rewritings of a question that follow from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from evaluators.hallucination.injection.options import InjectionOptions
from evaluators.hallucination.rewriting.model import DEMAND, Rewriting
from governance.errors import InputError, near_name
from governance.spec import read_yaml, validate
from governance.spec.model import Name, Text, Written

SHIPPED = Path(__file__).with_name("injections.yaml")


class Planted(Written):
    """One text; an `invisible` one is ASCII only and written in Unicode's tag characters."""

    title: Text
    text: Text
    invisible: bool = False


class Injections(Written):
    """A file of planted texts."""

    id: Name
    version: Annotated[int, Field(ge=1)]
    language: Text
    source: Text
    templates: Annotated[dict[Name, Planted], Field(min_length=1)]


def read_injections(path: Path) -> Injections:
    """Read a file of planted texts.

    Raises
    ------
    InputError
        If the file breaks a rule; with its place in the file.
    """
    document = read_yaml(path)
    found = validate(Injections, document)
    seen: dict[tuple[str, bool], str] = {}
    for name, planted in found.templates.items():
        keys = ("templates", name, "text")
        if DEMAND not in planted.text:
            raise document.error(keys, f"the text does not say {DEMAND}", "without it nothing shows that it worked")
        if planted.invisible and not planted.text.isascii():
            raise document.error(keys, "an invisible text can hold ASCII characters only")
        twin = seen.setdefault((planted.text, planted.invisible), name)
        if twin != name:
            raise document.error(keys, f"the text is that of '{twin}'", "leave one of them out")
    return found


def rewritings_of(options: InjectionOptions, base: Path) -> dict[str, Rewriting]:
    """Return what is done to the questions by name of the planted text.

    Raises
    ------
    InputError
        If the file is wrong, or has no such text.
    """
    found = read_injections(base / options.file if options.file is not None else SHIPPED)
    for name in options.templates:
        if name not in found.templates:
            raise InputError(
                f"injections.templates: the file '{found.id}' has no template '{name}'",
                hint=near_name(name, found.templates) or "it has: " + ", ".join(found.templates),
            )
    return {
        name: Rewriting(
            put="inside-end" if options.at == "end" else "inside-start",
            slot=options.slot,
            text=found.templates[name].text,
            invisible=found.templates[name].invisible,
        )
        for name in options.templates or found.templates
    }
