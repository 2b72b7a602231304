"""What a judge is asked about: from tables of answers to single texts, in a fixed order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evaluators.hallucination.judges.options import Compare
from governance.errors import InputError
from governance.harness.protocols import OK

if TYPE_CHECKING:
    import pandas as pd

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True)
class Answered:
    """One item with what a model answered; `answer` is None where there is none, `samples` are further answers."""

    sample_id: str
    question: str
    reference: str | None
    answer: str | None
    samples: tuple[str, ...]
    image: Any = None


@dataclass(frozen=True)
class Unit:
    """One thing to judge: the texts for the places of a template, and which part of the item it is (-1: none)."""

    answered: Answered
    parts: Mapping[str, str]
    sentence: int = -1
    sample: int = -1
    other: int = -1
    missing: str = field(default="")
    """Why there is nothing to judge."""


def sentences(text: str) -> list[str]:
    """Cut a text after full stops, exclamation and question marks followed by space, and at line ends."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


def answered_of(
    ids: Sequence[str], items: Sequence[Mapping[str, Any]], tables: Sequence[pd.DataFrame]
) -> list[Answered]:
    """Bring items and the tables of their answers together.

    Parameters
    ----------
    tables
        One table of records, or one or two of generated answers: the answers, then further sampled ones. A single table
        with several repeats an item holds further answers only.

    Raises
    ------
    InputError
        If the tables are of neither kind.
    """
    if (
        not tables
        or len(tables) > 2
        or not all({"record"} & set(t.columns) or {"text"} <= set(t.columns) for t in tables)
    ):
        raise InputError(
            "a judge needs something to judge",
            hint="build its need on one of recorded answers, or on one or two of generated ones",
        )
    if "record" in tables[0].columns:
        return _of_records(ids, items, tables[0])
    texts = [_texts(table) for table in tables]
    several = "repeat" in tables[0].columns and bool((tables[0]["repeat"] > 0).any())
    found = []
    for name, item in zip(ids, items, strict=True):
        first = texts[0].get(name, [])
        answer = first[0] if first and not several else None
        samples = first if several else texts[1].get(name, []) if len(texts) > 1 else []
        reference = item.get("reference")
        found.append(
            Answered(
                name,
                str(item.get("question") or item["prompt"]),
                None if reference is None else str(reference),
                answer,
                tuple(samples),
                item.get("image"),
            )
        )
    return found


def _texts(table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the answers of each item in the order of their repeats."""
    usable = table[table["status"] == OK].sort_values("repeat", kind="stable")
    return {str(name): [str(text) for text in rows] for name, rows in usable.groupby("sample_id")["text"]}


def _of_records(ids: Sequence[str], items: Sequence[Mapping[str, Any]], table: pd.DataFrame) -> list[Answered]:
    records = dict(zip(table["sample_id"].astype(str), table["record"], strict=True))
    found = []
    for name, item in zip(ids, items, strict=True):
        record = json.loads(records[name]) if records.get(name) else {}
        samples = tuple(str(sample["text"]) for sample in record.get("samples") or ())
        found.append(
            Answered(
                name,
                str(record.get("question") or ""),
                record.get("reference"),
                record.get("generation"),
                samples,
                item.get("image"),
            )
        )
    return found


def units_of(answered: Answered, compare: Compare, places: frozenset[str]) -> Iterator[Unit]:
    """Give everything to judge of one item; one unit that says why, where there is nothing.

    Parameters
    ----------
    places
        What the judge's templates name; without a reference, or with an empty answer, they cannot be filled.
    """
    missing = _missing(answered, compare, places)
    if missing:
        yield Unit(answered, {}, missing=missing)
        return
    common = {"question": answered.question, "reference": answered.reference or "", "answer": answered.answer or ""}
    if compare == "answer":
        yield Unit(answered, common)
    elif compare == "sample-pair":
        for first, one in enumerate(answered.samples):
            for second, two in enumerate(answered.samples):
                if first != second:
                    yield Unit(answered, {**common, "first": one, "second": two}, sample=first, other=second)
    else:
        for place, sentence in enumerate(sentences(answered.answer or "")):
            if compare == "sentence":
                yield Unit(answered, {**common, "sentence": sentence}, sentence=place)
                continue
            for number, sample in enumerate(answered.samples):
                parts = {**common, "sentence": sentence, "sample": sample}
                yield Unit(answered, parts, sentence=place, sample=number)


def _missing(answered: Answered, compare: Compare, places: frozenset[str]) -> str:
    if "reference" in places and not (answered.reference or "").strip():
        return "the item has no reference answer"
    if compare != "sample-pair" and not (answered.answer or "").strip():
        return "there is no answer to judge"
    if compare == "sentence-sample" and not answered.samples:
        return "there is no further answer to compare with"
    if compare == "sample-pair" and len(answered.samples) < 2:
        return "there are no two further answers to compare"
    return ""
