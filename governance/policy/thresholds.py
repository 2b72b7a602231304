"""Thresholds that people set in MLflow, read as they are written there.

Sources: `mlflow.models.MetricThreshold` (MLflow 3.17) and the text that `mlflow.genai.evaluate` takes as
`quality_criteria` (MLflow 3.18: metric, ``>=`` or ``<=``, number; several joined by ``AND``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import Field, StrictBool, model_validator

from governance.errors import InputError
from governance.spec import read_yaml, validate
from governance.spec.document import Document, Keys
from governance.spec.model import Text, Written

KINDS = {"mlflow-thresholds": "MLflow MetricThreshold", "quality-criteria": "MLflow quality_criteria"}
"""What can be read, and what people call it."""

_CRITERION = re.compile(r"\s*(?P<metric>[^<>=!\s]+)\s*(?P<operator>>=|<=)\s*(?P<number>\S+)\s*")
_AND = re.compile(r"\s+AND\s+", re.IGNORECASE)
_LONGEST = 60
"""Characters of a text that an error repeats."""


class MetricThreshold(Written):
    """One metric's thresholds, as `mlflow.models.MetricThreshold` takes them."""

    threshold: float | None = None
    min_absolute_change: float | None = Field(default=None, gt=0)
    min_relative_change: float | None = Field(default=None, ge=0, le=1)
    greater_is_better: StrictBool

    @model_validator(mode="after")
    def _something(self) -> Self:
        if (self.threshold, self.min_absolute_change, self.min_relative_change) == (None, None, None):
            raise ValueError("a threshold has at least one of threshold, min_absolute_change, min_relative_change")
        return self


@dataclass(frozen=True)
class Threshold:
    """What one metric must reach, however it was written.

    Attributes
    ----------
    limit
        Least value where `greater_is_better`, else the largest one.
    improvement, relative_improvement
        By how much the model must at least be better than a baseline; the second as a share of the baseline's value.
    """

    metric: str
    greater_is_better: bool
    limit: float | None = None
    improvement: float | None = None
    relative_improvement: float | None = None


def read_thresholds(path: Path, kind: str) -> list[Threshold]:
    """Read a file of thresholds.

    Parameters
    ----------
    path
        YAML or JSON: a mapping of metrics for ``mlflow-thresholds``; for ``quality-criteria`` one text, a list of
        texts, or either of them under the key ``quality_criteria``.
    kind
        One of `KINDS`.

    Raises
    ------
    InputError
        With file, line and column: malformed YAML, thresholds that MLflow would refuse, or none at all.
    """
    document = read_yaml(path)
    found = list(_mapped(document) if kind == "mlflow-thresholds" else _criteria(document))
    if not found:
        raise document.error((), "the file sets no threshold", "write at least one metric")
    return found


def _mapped(document: Document) -> Iterator[Threshold]:
    for name, one in validate(dict[Text, MetricThreshold], document).items():
        yield Threshold(name, one.greater_is_better, one.threshold, one.min_absolute_change, one.min_relative_change)


def _criteria(document: Document) -> Iterator[Threshold]:
    keys: Keys = ()
    content = document.content
    if isinstance(content, dict):
        if set(content) != {"quality_criteria"}:
            raise document.error((), "this is no quality_criteria", _hint())
        keys, content = ("quality_criteria",), content["quality_criteria"]
    texts = [(keys, content)]
    if isinstance(content, list):
        texts = [((*keys, index), text) for index, text in enumerate(content)]
    for place, text in texts:
        if not isinstance(text, str):
            raise document.error(place, "a criterion is a text", _hint())
        for part in _AND.split(text.strip()):
            yield _criterion(document, place, part)


def _criterion(document: Document, place: Keys, text: str) -> Threshold:
    match = _CRITERION.fullmatch(text)
    if match is None:
        message = f"'{_short(text)}' is no criterion: a metric, >= or <=, and a number, joined by AND"
        raise document.error(place, message, _hint())
    return Threshold(match["metric"], match["operator"] == ">=", _number(document, place, match["number"]))


def _number(document: Document, place: Keys, text: str) -> float:
    wrong: InputError = document.error(place, f"'{_short(text)}' is no number", _hint())
    try:
        number = float(text)
    except ValueError:
        raise wrong from None
    if not math.isfinite(number):
        raise wrong
    return number


def _short(text: Any) -> str:
    return str(text)[:_LONGEST]


def _hint() -> str:
    return 'write for example: quality_criteria: "correctness >= 0.9 AND toxicity <= 0.05"'
