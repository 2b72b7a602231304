"""Answers of the subject itself as records, so that every measure of recorded answers serves them as well.

The questions are those of the records; what a file holds of another model's answers is set aside.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluators.hallucination.recorded.calibration import OF_OPTIONS, TOKENS
from evaluators.hallucination.recorded.options import GenerationsEvaluationOptions
from governance.errors import InputError
from governance.evidence.canonical import canonical_json
from governance.harness.protocols import OK, EvaluationContext, Need

if TYPE_CHECKING:
    import pandas as pd

RECORDED = "recorded"
"""The kind of subject whose answers were recorded elsewhere."""
_OF_THE_MODEL = ("generation", "samples", "log_probability", "confidence", "judgements", "sentence_labels")


def asks_the_model(context: EvaluationContext, options: GenerationsEvaluationOptions, name: str) -> bool:
    """Say whether the subject answers the questions, instead of a file that holds answers.

    Raises
    ------
    InputError
        If a subject can answer and nothing is said, or it cannot and its answers are asked for.
    """
    recorded = context.subject.kind == RECORDED
    if options.answers is None and not recorded:
        raise InputError(
            f"evaluate.{name}: the subject can answer, and the dataset may hold answers",
            hint="write `answers: model` to ask the subject the questions, or `answers: recorded` to score the file's",
        )
    if options.answers == "model" and recorded:
        raise InputError(
            f"evaluate.{name}.answers: a subject of kind 'recorded' cannot be asked",
            hint="leave `answers` out, or name a subject that generates",
        )
    return options.answers == "model"


def answer_needs(dataset: str, options: GenerationsEvaluationOptions) -> Iterator[Need]:
    """Ask for one greedy answer to every question, and for further ones where the options say so."""
    asked: dict[str, Any] = {"choices": options.choices} if options.choices else {}
    yield Need.of("generate", dataset, max_new_tokens=options.max_new_tokens, **asked)
    if options.samples:
        yield Need.of(
            "generate",
            dataset,
            samples=options.samples,
            items=options.sampled_items,
            temperature=options.temperature,
            max_new_tokens=options.max_new_tokens,
        )


def with_answers(records: pd.DataFrame, answers: pd.DataFrame, further: pd.DataFrame | None) -> pd.DataFrame:
    """Return a table of records that hold the subject's answers, and no one else's.

    Parameters
    ----------
    records
        Rows with ``sample_id``, ``status`` and ``record``, as the collector of recorded answers writes them.
    answers, further
        Rows of the collector of generated answers: one an item, and several.
    """
    first = {str(row["sample_id"]): row for row in answers.to_dict("records")}
    samples: dict[str, list[dict[str, Any]]] = {}
    if further is not None:
        for row in further.sort_values("repeat", kind="stable").to_dict("records"):
            if row["status"] == OK:
                samples.setdefault(str(row["sample_id"]), []).append(_said(row, "text"))
    written = []
    for name, status, text in zip(records["sample_id"].astype(str), records["status"], records["record"], strict=True):
        if status != OK:
            written.append(text)
            continue
        record = {key: value for key, value in json.loads(text).items() if key not in _OF_THE_MODEL}
        extra = {key: value for key, value in record.pop("extra", {}).items() if key not in (TOKENS, OF_OPTIONS)}
        answer = first.get(name)
        if answer is not None and answer["status"] == OK:
            said = _said(answer, "generation")
            extra |= {TOKENS: said.pop(TOKENS)} if TOKENS in said else {}
            record |= said
        if extra:
            record["extra"] = extra
        if name in samples:
            record["samples"] = samples[name]
        written.append(canonical_json(record).decode())
    return records.assign(record=written)


def _said(row: Mapping[Any, Any], key: str) -> dict[str, Any]:
    """Return an answer with what the model told of its probability."""
    found: dict[str, Any] = {key: str(row["text"])}
    log = row.get("log_probability")
    if log is not None and np.isfinite(log):
        found["log_probability"] = min(float(log), 0.0)
    tokens = row.get("tokens")
    if tokens is not None and np.isfinite(tokens) and tokens >= 1:
        found[TOKENS] = int(tokens)
    return found
