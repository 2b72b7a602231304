"""What a model is built on, and the licence of each part: as stated, as a table has it, or not known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from governance.errors import InputError, near_name
from governance.evidence.model import Frozen
from governance.licences.catalogue import Answer
from governance.licences.errors import LicenceError
from governance.licences.known import UNKNOWN, Found, find_licence, licence_table, misspelt
from governance.licences.training_sets import TrainingSet, find_training_set, training_sets
from governance.spec.model import BuiltOn, Licence

UNDER = " under "
StatedBy = Literal["the provider", "the table of datasets", "nobody"]


class LineageInput(Frozen):
    """A model, dataset or code that went into the model, and its licence as far as it is known.

    Attributes
    ----------
    licence
        As it was written or printed; None where nobody says it.
    verified
        Whether the terms were read in the licence's own text, and the provider states that licence.
    commercial_use, derivatives, redistribution
        What the licence allows with this input itself.
    source
        Where the terms were looked up.
    """

    kind: Literal["model", "dataset", "code"]
    name: str
    used_for: Literal["building", "evaluating"]
    licence: str | None
    licence_title: str | None
    stated_by: StatedBy
    known: bool
    verified: bool
    commercial_use: Answer
    derivatives: Answer
    redistribution: Answer
    source: str | None
    doubt: str | None
    note: str | None
    training_set: str | None

    @property
    def label(self) -> str:
        """The input with its licence: ``ISIC (CC BY-NC-SA)``."""
        return f"{self.name} ({self.licence or 'licence not known'})"


@dataclass(frozen=True)
class Traced:
    """An input with its licence in the table, and what is recorded of it where it is a dataset of the table."""

    input: LineageInput
    found: Found
    dataset: TrainingSet | None = None
    keys: tuple[str | int, ...] = ("licence",)

    @property
    def origin(self) -> str:
        """How the restrictions that it brings name it: ``base under bigscience-openrail-m``."""
        return (
            self.input.name
            if self.input.name == self.found.written
            else f"{self.input.name}{UNDER}{self.found.written}"
        )

    @property
    def source(self) -> str:
        """Where its terms were looked up, or that they were not."""
        return self.input.source or "stated by nobody"


def trace_inputs(licence: Licence) -> tuple[Traced, ...]:
    """Return what a model is built on: its base licences first, then the rest in the order of the spec.

    Raises
    ------
    LicenceError
        If a licence or a dataset is misspelt.
    """
    bases = enumerate(_base(index, written) for index, written in enumerate(licence.inherits))
    parts = enumerate(_part(index, part) for index, part in enumerate(licence.built_on or ()))
    return (
        *(replace(one, keys=("licence", "inherits", index)) for index, one in bases),
        *(replace(one, keys=("licence", "built_on", index)) for index, one in parts),
    )


def _base(index: int, written: str) -> Traced:
    """Trace a base that is written as a licence or as ``base model under licence``."""
    name, _, after = written.rpartition(UNDER)
    words, table = after.strip(), licence_table()
    if words not in table.names:
        raise LicenceError(
            f"the restrictions of the base licence '{words}' are not known",
            "inherits",
            index,
            hint=f"{near_name(words, table.names)}\n  write a licence, or `base model under licence`",
        )
    found = Found(words, (table.names[words],))
    return _traced(BuiltOn(kind="model", name=name.strip() or words), found, "the provider", None)


def _part(index: int, part: BuiltOn) -> Traced:
    dataset = find_training_set(part.name) if part.kind == "dataset" else None
    if part.licence is not None:
        try:
            found = find_licence(part.licence)
        except InputError as error:
            raise LicenceError(error.message, "built_on", index, "licence", hint=error.hint) from None
        return _traced(part, found, "nobody" if part.licence == UNKNOWN else "the provider", dataset)
    known = training_sets()
    if dataset is None and part.kind == "dataset" and misspelt(part.name, known):
        message = f"the dataset '{part.name}' has no licence and is not in the table of medical imaging datasets"
        hint = f"{near_name(part.name, known)}\n  write its `licence`; `licence: unknown` if you do not know it"
        raise LicenceError(message, "built_on", index, "name", hint=hint)
    if dataset is None or dataset.licence is None:
        return _traced(part, Found(UNKNOWN), "nobody", dataset)
    return _traced(part, find_licence(dataset.licence), "the table of datasets", dataset)


def _traced(part: BuiltOn, found: Found, stated_by: StatedBy, dataset: TrainingSet | None) -> Traced:
    entries, table = found.entries, licence_table()
    sources = dict.fromkeys(f"{table.sources[e.source].title} ({table.sources[e.source].reference})" for e in entries)
    doubts = dict.fromkeys(entry.doubt for entry in entries if entry.doubt)
    whole = bool(entries) and not found.unknown
    one = LineageInput(
        kind=part.kind,
        name=dataset.name if dataset is not None else part.name,
        used_for=part.used_for,
        licence=None if stated_by == "nobody" else found.written,
        licence_title="; ".join(entry.title for entry in entries) or None,
        stated_by=stated_by,
        known=whole,
        verified=whole and stated_by == "the provider" and all(entry.verified for entry in entries),
        commercial_use=found.answer("commercial_use"),
        derivatives=found.answer("derivatives"),
        redistribution=found.answer("redistribution"),
        source="; ".join(sources) or None,
        doubt="; ".join(doubts) or None,
        note=part.note,
        training_set=dataset.id if dataset is not None else None,
    )
    return Traced(one, found, dataset)


def building(traced: tuple[Traced, ...]) -> Iterator[Traced]:
    """Yield what is in the model, without what it was only evaluated with."""
    return (one for one in traced if one.input.used_for == "building")
