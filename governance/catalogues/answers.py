"""How a run and the provider's facts answer the items of a catalogue: files of answers and the vocabulary of facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from governance.catalogues.loading import catalogue, catalogues_folder, near
from governance.spec import Document, read_yaml, validate
from governance.spec.model import Name, Role, Text, Written
from governance.spec.regulatory import KEYS

Recorded = Literal[
    "subject_digest",
    "dataset_digest",
    "policy_before_run",
    "decision",
    "environment",
    "seeds",
    "hazards",
    "licence",
    "operating_point",
    "patients",
    "patient_overlap",
    "ledger",
    "batch_and_precision",
    "licence_lineage",
]
"""What the toolkit itself records in a run."""
Need = Literal["signed_document", "third_party_document", "log"]
"""What neither facts nor a run can give."""


def _regulatory_key(written: str) -> str:
    if written not in KEYS:
        raise ValueError(f"`{written}` is no key of `regulatory`: {near(written, KEYS)}")
    return written


RegulatoryKey = Annotated[str, AfterValidator(_regulatory_key)]


def _several(written: Any) -> Any:
    return (written,) if isinstance(written, str) else written


class Selector(Written):
    """Names measurements; it is answered where at least one of them was measured.

    Attributes
    ----------
    condition
        The name of a changed input, or true for any; without it only inputs as they are count.
    grouped
        Only measurements by group.
    any
        Alternatives instead of all other keys.
    """

    evaluator: Name | None = None
    metric: Name | None = None
    dataset_role: Role | None = None
    grouped: Literal[True] | None = None
    condition: Name | Literal[True] | None = None
    any: tuple[Selector, ...] = ()

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        own = (self.evaluator, self.metric, self.dataset_role, self.grouped, self.condition)
        if bool(self.any) == any_of(own):
            raise ValueError("a selector has either keys such as `metric`, or `any` with alternatives")
        return self

    def leaves(self) -> Iterator[Selector]:
        """Yield the alternatives, or the selector itself."""
        if not self.any:
            yield self
        for alternative in self.any:
            yield from alternative.leaves()

    @property
    def words(self) -> str:
        """What is asked for: metrics by evaluator, and what holds for all of them once."""
        leaves = list(self.leaves())
        where = [leaf.circumstances for leaf in leaves]
        shared = where[0] if len(set(where)) == 1 else None
        parts: dict[tuple[str | None, str], list[str]] = {}
        for leaf in leaves:
            own = "" if shared is not None else leaf.circumstances
            parts.setdefault((leaf.evaluator, own), []).append(leaf.metric or "any number")
        told = [
            " ".join(part for part in (_one_of(metrics), f"of {evaluator}" if evaluator else "", own) if part)
            for (evaluator, own), metrics in parts.items()
        ]
        return " ".join(part for part in (_one_of(told, "; "), shared or "") if part)

    @property
    def circumstances(self) -> str:
        """On which data, for whom and under which input, in words."""
        parts = [f"on {self.dataset_role} data" if self.dataset_role else "", "by group" if self.grouped else ""]
        if self.condition is not None:
            parts.append("under a changed input" if self.condition is True else f"under {self.condition}")
        return ", ".join(part for part in parts if part)


def _one_of(words: list[str], between: str = ", ") -> str:
    """Join alternatives with a last "or"."""
    distinct = list(dict.fromkeys(words))
    if len(distinct) == 1:
        return distinct[0]
    return f"{between.join(distinct[:-1])}{between.rstrip() if between == '; ' else ''} or {distinct[-1]}"


def any_of(values: tuple[object, ...]) -> bool:
    """Say whether a value is given."""
    return any(value is not None for value in values)


class Answer(Written):
    """What answers one item: facts that must be stated, measurements, records of the run, and what it still needs.

    `regulatory` names entries of that part of the spec that must be known; they count as facts.
    """

    facts: tuple[Name, ...] = ()
    measured: tuple[Selector, ...] = ()
    recorded: tuple[Recorded, ...] = ()
    regulatory: tuple[RegulatoryKey, ...] = ()
    needs: Annotated[tuple[Need, ...], BeforeValidator(_several)] = ()
    note: Text | None = None

    @model_validator(mode="after")
    def _answers(self) -> Self:
        if not (self.facts or self.measured or self.recorded or self.regulatory or self.needs):
            raise ValueError("an answer names `facts`, `measured`, `recorded` or what it `needs`; leave the item out")
        return self


class Answers(Written):
    """A file of answers to one catalogue."""

    catalogue: Text
    version: Text
    answers: dict[Text, Answer] = Field(min_length=1)


class FactKey(Written):
    """A fact that items ask for: its title, and a plain question to whoever can state it."""

    title: Text
    ask: Text


class FactKeys(Written):
    """A file of the vocabulary of facts."""

    facts: dict[Name, FactKey] = Field(min_length=1)


@cache
def fact_keys() -> Mapping[str, FactKey]:
    """Return the vocabulary of facts, merged from its files.

    Raises
    ------
    InputError
        If a key is defined twice.
    """
    found: dict[str, FactKey] = {}
    for path in sorted((catalogues_folder() / "facts").glob("*.yaml")):
        document = read_yaml(path)
        for key, defined in validate(FactKeys, document).facts.items():
            if key in found:
                raise document.error(("facts", key), f"the fact '{key}' is defined twice", "use the one that is there")
            found[key] = defined
    return found


@cache
def all_answers() -> Mapping[str, Answers]:
    """Return the answers that ship with the toolkit, by id of their catalogue.

    Raises
    ------
    InputError
        If two files answer one catalogue, or one cannot be read.
    """
    found: dict[str, Answers] = {}
    for path in sorted((catalogues_folder() / "answers").glob("*.yaml")):
        answers, document = read_answers(path)
        known = catalogue(answers.catalogue).id
        if known in found:
            raise document.error(("catalogue",), f"the catalogue '{known}' is answered by another file as well")
        found[known] = answers
    return found


def read_answers(path: Path) -> tuple[Answers, Document]:
    """Read a file of answers; `unknown_names` then says whether what it names exists."""
    document = read_yaml(path)
    return validate(Answers, document), document
