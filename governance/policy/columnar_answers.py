"""Answers found in the columns of the evidence's twin, so that only measurements that a rule asks for are read."""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from governance.errors import InputError, Location
from governance.evidence.columnar import ColumnarEvidence
from governance.evidence.model import Measurement

Key = tuple[Any, ...]
_EVERYONE = frozenset[Any]()
_NOTHING = -1
"""The number of None in a column where every row has a value."""
_ABSENT = -2


def _slice(text: str) -> Hashable:
    return frozenset(json.loads(text).items())


def _condition(text: str) -> Hashable:
    content = json.loads(text)
    return content["name"], content["severity"]


def _as_it_is(value: Hashable) -> Hashable:
    return value


def _rounded(value: float) -> Hashable:
    return round(value, 12)


_PARTS: tuple[tuple[str, Callable[[Any], Hashable]], ...] = (
    ("evaluator", _as_it_is),
    ("metric", _as_it_is),
    ("estimand", _as_it_is),
    ("dataset", _as_it_is),
    ("slice", _slice),
    ("reference", _slice),
    ("condition", _condition),
    ("reference_condition", _condition),
    ("reference_variant", _as_it_is),
    ("variant", _as_it_is),
    ("fraction", _rounded),
    ("target_class", _as_it_is),
    ("judge", _as_it_is),
    ("over", _as_it_is),
)
"""The parts of `governance.policy.questions.Question.key`, in its order, and how each stands in a column."""
_ESTIMAND, _SLICE, _OVER = 2, 4, 13
_PACKED = struct.Struct(f"={len(_PARTS)}i")


class ColumnarAnswers:
    """Measurements by what they answer, as `governance.policy.questions.Answers.of` has them.

    Every part of a key is a number: the place of its value in the column's dictionary. The numbers of a row are packed
    into bytes, which one dictionary maps to rows.
    """

    def __init__(self, evidence: ColumnarEvidence, key_of: Callable[[Measurement], Key]) -> None:
        import numpy as np

        self._evidence, self._key_of = evidence, key_of
        self._numbers: list[dict[Hashable, int]] = []
        columns = []
        for name, part in _PARTS:
            numbers, column = _numbered(evidence, name, part)
            self._numbers.append(numbers)
            columns.append(column)
        alone = np.isin(columns[_ESTIMAND], [self._numbers[_ESTIMAND].get(name, _ABSENT) for name in ("value", "mean")])
        alone &= columns[_SLICE] == self._numbers[_SLICE].get(_EVERYONE, _ABSENT)
        columns[_OVER] = np.where(alone, columns[_OVER], self._numbers[_OVER][None])
        packed = np.ascontiguousarray(np.stack(columns, axis=1), dtype=np.int32).view(f"V{_PACKED.size}").ravel()
        answering = _answering(evidence)
        rows, keys = answering.tolist(), packed[answering].tolist()
        self._rows: dict[bytes, int] = dict(zip(keys, rows, strict=True))
        self._several: dict[bytes, list[int]] = {}
        if len(self._rows) < len(rows):
            twice = {key for key, count in Counter(keys).items() if count > 1}
            for row, key in zip(rows, keys, strict=True):
                if key in twice:
                    self._several.setdefault(key, []).append(row)

    def get(self, key: Key) -> Sequence[Measurement] | None:
        """Return the measurements of a key, None where there are none.

        Raises
        ------
        InputError
            If the twin says of a measurement what its content does not.
        """
        numbers = []
        for known, part in zip(self._numbers, key, strict=True):
            number = known.get(part)
            if number is None:
                return None
            numbers.append(number)
        packed = _PACKED.pack(*numbers)
        row = self._rows.get(packed)
        if row is None:
            return None
        found = [self._evidence.measurement(one) for one in self._several.get(packed, (row,))]
        if any(self._key_of(measurement) != key for measurement in found):
            raise InputError(
                "the columns do not fit the measurements of evidence.json",
                location=Location(str(self._evidence.folder.evidence_parquet)),
                hint="remove evidence.parquet, or evaluate again to get it back",
            )
        return found


def _numbered(
    evidence: ColumnarEvidence, name: str, part: Callable[[Any], Hashable]
) -> tuple[dict[Hashable, int], Any]:
    """Return the number of each value of a column, empty being None, and the column in numbers, (n,) int32."""
    import numpy as np

    # Nulls get a place in the dictionary, and indices are taken as they lie: pyarrow would import pandas for both.
    encoded = evidence.table.column(name).combine_chunks().dictionary_encode(null_encoding="encode")
    numbers: dict[Hashable, int] = {}
    values = encoded.dictionary.to_pylist()
    same = [numbers.setdefault(None if value is None else part(value), place) for place, value in enumerate(values)]
    numbers.setdefault(None, _NOTHING)
    places = np.frombuffer(encoded.indices.buffers()[1], np.int32)[: len(encoded)]
    return numbers, np.asarray(same, np.int32)[places]


def _answering(evidence: ColumnarEvidence) -> Any:
    """Return the rows that answer rules, (m,) int: no points of curves, no single seeds."""
    import numpy as np

    none, curves = _numbered(evidence, "curve", _as_it_is)
    no_seed, seeds = _numbered(evidence, "seed", _as_it_is)
    return np.flatnonzero((curves == none.get("{}", _ABSENT)) & (seeds == no_seed[None]))
