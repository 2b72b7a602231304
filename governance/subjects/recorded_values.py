"""What a line of recorded predictions holds for each task, and what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from governance.errors import InputError, Location
from governance.subjects.descriptors import RecordedOptions

Values = tuple[Any, ...]
"""One value a column that goes into the observation table."""

_SUM_TOLERANCE = 1e-3
"""How far the probabilities of a sample's classes may be from one: recorded files are often rounded to 3 digits."""

_REFUSED = "give samples that the model refused the status `rejected`"


@dataclass(frozen=True)
class Layout:
    """The columns of a file and what becomes of them.

    Attributes
    ----------
    required
        Columns that the file must have.
    names
        Columns of the observation table.
    nothing
        The values of a sample without a prediction.
    values
        Reads one line: ``(record, sample, where) -> values``, or raises InputError.
    """

    required: tuple[str, ...]
    names: tuple[str, ...]
    nothing: Values
    values: Callable[[Mapping[Any, Any], str, Location], Values]

    def columns(self, rows: Sequence[Values]) -> dict[str, Any]:
        """Turn the values of many samples into columns; lists stay lists."""
        by_column = zip(*rows, strict=True) if rows else [()] * len(self.names)
        return {
            name: list(column) if isinstance(blank, list) else np.array(column, dtype=np.float64)
            for name, column, blank in zip(self.names, by_column, self.nothing, strict=True)
        }


def layout_of(task: str, options: RecordedOptions) -> Layout:
    """Return the layout of a task.

    Raises
    ------
    InputError
        If the options lack columns that the task needs, or name some that it does not have.
    """
    if task in ("regression", "segmentation") and options.scores:
        raise InputError(
            f"recorded predictions of a {task} have no `scores`",
            hint="a regression has the column value, a segmentation the column dice",
        )
    if task == "regression":
        return Layout(("value",), ("value",), (math.nan,), _value)
    if task == "segmentation":
        return Layout(("dice",), MEASURES, (math.nan,) * len(MEASURES), _overlap)
    if task in ("multiclass", "multilabel") and len(options.scores) < (2 if task == "multiclass" else 1):
        what = "several classes need `scores`: the columns, one a class"
        if task == "multilabel":
            what = "several labels need `scores`: the columns, one a label, in the order of `targets`"
        raise InputError(f"recorded predictions of {what}")
    if task == "multilabel" or len(options.scores) > 1:
        blank = [math.nan] * len(options.scores)
        return Layout(options.scores, ("scores",), (blank,), _scores(options.scores, sum_to_one=task != "multilabel"))
    column = options.scores[0] if options.scores else "score"
    return Layout(
        (column,), ("score",), (math.nan,), lambda record, sample, where: (_score(record[column], sample, where),)
    )


MEASURES = ("dice", "iou", "hausdorff_95", "reference_empty", "prediction_empty")
"""Columns of a segmentation: overlap in [0, 1], millimetres, and whether a mask is empty (0 or 1). All but `dice` may
be left out; a cell is empty where the measure is not defined."""


def empty(value: Any) -> bool:
    """Whether a cell holds nothing."""
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)) or value == ""


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _score(value: Any, sample: str, where: Location) -> float:
    number = _number(value)
    if not 0 <= number <= 1:
        shown = "empty" if empty(value) else repr(value)
        raise InputError(
            f"the score of sample '{sample}' is {shown}; expected a probability from 0 to 1",
            location=where,
            hint=_REFUSED if shown == "empty" else None,
        )
    return number


def _scores(columns: Sequence[str], *, sum_to_one: bool) -> Callable[[Mapping[Any, Any], str, Location], Values]:
    def read(record: Mapping[Any, Any], sample: str, where: Location) -> Values:
        values = [_score(record[column], sample, where) for column in columns]
        if sum_to_one and abs(sum(values) - 1) > _SUM_TOLERANCE:
            raise InputError(f"the scores of sample '{sample}' add up to {sum(values):g}, not to 1", location=where)
        return (values,)

    return read


def _value(record: Mapping[Any, Any], sample: str, where: Location) -> Values:
    number = _number(record["value"])
    if not math.isfinite(number):
        shown = "empty" if empty(record["value"]) else repr(record["value"])
        raise InputError(
            f"the value of sample '{sample}' is {shown}; expected a finite number",
            location=where,
            hint=_REFUSED if shown == "empty" else None,
        )
    return (number,)


def _overlap(record: Mapping[Any, Any], sample: str, where: Location) -> Values:
    """Read the measures of a mask; a missing Dice is allowed only where both masks are said to be empty."""
    found = {name: math.nan if empty(record.get(name)) else _number(record[name]) for name in MEASURES}
    for name, number in found.items():
        given = record.get(name)
        highest = math.inf if name == "hausdorff_95" else 1.0
        whole = name not in ("reference_empty", "prediction_empty") or number in (0.0, 1.0)
        if not empty(given) and not (0 <= number <= highest and math.isfinite(number) and whole):
            expected = "millimetres" if name == "hausdorff_95" else "0 or 1" if not whole else "a share from 0 to 1"
            raise InputError(f"{name} of sample '{sample}' is {given!r}; expected {expected}", location=where)
    if math.isnan(found["dice"]) and not (found["reference_empty"] == 1 and found["prediction_empty"] == 1):
        raise InputError(
            f"dice of sample '{sample}' is empty; expected a share from 0 to 1",
            location=where,
            hint=f"{_REFUSED}; where both masks are empty set reference_empty and prediction_empty to 1",
        )
    return tuple(found[name] for name in MEASURES)
