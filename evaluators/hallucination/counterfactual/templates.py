"""The template file: attributes, their values and wordings, and the versions of a question that follow from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from evaluators.hallucination.counterfactual.options import CounterfactualOptions
from evaluators.hallucination.counterfactual.variants import WORDING, name_of
from evaluators.hallucination.rewriting.model import Rewriting
from governance.errors import InputError, near_name
from governance.spec import read_yaml, validate
from governance.spec.document import Document
from governance.spec.model import Name, Text, Written

SHIPPED = Path(__file__).with_name("english.yaml")
PATIENT = "patient"
_PLACE = f"{{{PATIENT}}}"
MOST = 200
"""Versions of a dataset that are asked at most: each is a run over all its questions."""


class ArticleRule(Written):
    """The word before a description: `other` where the words begin with one of `before` (in any case), else `usual`."""

    usual: Text
    other: Text
    before: tuple[Text, ...]


class AttributeWords(Written):
    """An attribute: which part of the description it gives, and the wordings of each of its values."""

    title: Text
    part: Literal["before", "noun", "after"]
    values: Annotated[dict[Name, Annotated[tuple[Text, ...], Field(min_length=1)]], Field(min_length=2)]


class Templates(Written):
    """A template file."""

    id: Name
    version: Annotated[int, Field(ge=1)]
    language: Text
    source: Text
    sentence: Text
    noun: Text
    article: ArticleRule | None = None
    attributes: Annotated[dict[Name, AttributeWords], Field(min_length=1)]

    def description(self, values: Mapping[str, str], wording: int = 0) -> str:
        """Return the words for a patient with these values, such as "an 80-year-old woman".

        The order is that of the file. A value without the wording keeps its first.
        """
        words: dict[str, list[str]] = {"before": [], "noun": [], "after": []}
        for name, attribute in self.attributes.items():
            if name in values:
                given = attribute.values[values[name]]
                words[attribute.part].append(given[wording] if wording < len(given) else given[0])
        text = " ".join([*words["before"], *(words["noun"] or [self.noun]), *words["after"]])
        if self.article is None:
            return text
        folded = text.casefold()
        special = any(folded.startswith(start.casefold()) for start in self.article.before)
        return f"{self.article.other if special else self.article.usual} {text}"


@dataclass(frozen=True)
class Version:
    """The questions with one description: its name, its values by attribute, and which wording it takes."""

    name: str
    values: Mapping[str, str]
    wording: int
    rewriting: Rewriting


def read_templates(path: Path) -> Templates:
    """Read a template file.

    Raises
    ------
    InputError
        If the file breaks a rule; with its place in the file.
    """
    document = read_yaml(path)
    found = validate(Templates, document)
    if found.sentence.count(_PLACE) != 1:
        raise document.error(
            ("sentence",), f"the sentence does not hold {_PLACE} exactly once", f'such as "The patient is {_PLACE}."'
        )
    nouns = [name for name, attribute in found.attributes.items() if attribute.part == "noun"]
    if len(nouns) > 1:
        raise document.error(
            ("attributes", nouns[1], "part"),
            f"both '{nouns[0]}' and '{nouns[1]}' give the noun",
            "a description has one noun; let the other stand before or after it",
        )
    for name, attribute in found.attributes.items():
        _check_attribute(document, name, attribute)
    return found


def _check_attribute(document: Document, name: str, attribute: AttributeWords) -> None:
    if name in (WORDING, "injection"):
        raise document.error(("attributes", name), f"an attribute cannot be called '{name}'", of="key")
    seen: dict[str, str] = {}
    for value, wordings in attribute.values.items():
        for place, words in enumerate(wordings):
            if words.casefold() in seen:
                raise document.error(
                    ("attributes", name, "values", value, place),
                    f"'{words}' already stands for '{seen[words.casefold()]}' of '{name}'",
                    "two values in the same words are no counterfactual, and the same wording twice shows no noise",
                )
            seen[words.casefold()] = value


def templates_of(options: CounterfactualOptions, base: Path) -> Templates:
    """Return the templates that options name.

    Raises
    ------
    InputError
        If the file is wrong, or has no such attribute.
    """
    path = base / options.file if options.file is not None else SHIPPED
    templates = read_templates(path)
    for name in options.attributes:
        if name not in templates.attributes:
            raise InputError(
                f"counterfactuals.attributes: the template file '{templates.id}' has no attribute '{name}'",
                hint=near_name(name, templates.attributes) or "it has: " + ", ".join(templates.attributes),
            )
    return templates


def versions_of(options: CounterfactualOptions, templates: Templates) -> tuple[Version, ...]:
    """Return every version that is asked: each value, its second wording, then the intersections.

    Raises
    ------
    InputError
        If there are more than `MOST`.
    """
    found = [
        _version(options, templates, values, wording) for values, wording in _combined(options.attributes, templates)
    ]
    if options.intersections:
        for count in range(2, len(options.attributes) + 1):
            for names in combinations(options.attributes, count):
                for chosen in product(*(templates.attributes[name].values for name in names)):
                    if len(found) >= MOST:
                        raise InputError(
                            f"counterfactuals: more than {MOST} versions of every question",
                            hint="name fewer attributes, or write a template file with fewer values",
                        )
                    found.append(_version(options, templates, dict(zip(names, chosen, strict=True)), 0))
    return tuple(found)


def _combined(names: Sequence[str], templates: Templates) -> Iterator[tuple[dict[str, str], int]]:
    for name in names:
        for value, wordings in templates.attributes[name].values.items():
            for wording in range(min(2, len(wordings))):
                yield {name: value}, wording


def _version(options: CounterfactualOptions, templates: Templates, values: Mapping[str, str], wording: int) -> Version:
    text = templates.description(values, wording)
    rewriting = Rewriting(
        put=options.put,
        slot=PATIENT,
        text=text if options.put == "slot" else templates.sentence.replace(_PLACE, text),
        values=tuple(f"{name}={value}" for name, value in values.items()),
        known=tuple(f"{name}={value}" for name, one in templates.attributes.items() for value in one.values),
    )
    return Version(name_of(values, wording), values, wording, rewriting)
