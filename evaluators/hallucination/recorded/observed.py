"""Recorded answers of a dataset, aligned with it, and what is asked of them more than once."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from evaluators.estimates import Bools
from evaluators.hallucination.parsing import read_choice
from evaluators.hallucination.recorded.choices import read_option
from evaluators.hallucination.recorded.labels import CORRECT, read_label
from governance.datasets.generations.record import HUMAN, GenerationRecord
from governance.datasets.generations.text import distinct_names
from governance.datasets.protocol import DatasetInfo
from governance.errors import CannotRunError
from governance.harness.protocols import OK
from governance.statistics.clusters import Integers, cluster_codes

if TYPE_CHECKING:
    import pandas as pd

YES_NO = ("yes", "no")


@dataclass(frozen=True)
class Records:
    """The records of a dataset in its order; None where an entry could not be read, with the reason in `reasons`.

    `codes` (n,) numbers the clusters below `n_clusters`.
    """

    dataset: DatasetInfo
    records: tuple[GenerationRecord | None, ...]
    reasons: tuple[str, ...]
    codes: Integers
    n_clusters: int

    @classmethod
    def of(cls, table: pd.DataFrame, dataset: DatasetInfo) -> Records:
        """Align an observation table with its dataset.

        Raises
        ------
        CannotRunError
            If the table does not fit the dataset.
        """
        wanted = dataset.frame["sample_id"].tolist()
        rows = table.set_index("sample_id")
        if rows.index.has_duplicates or set(rows.index) != set(wanted):
            raise CannotRunError(
                f"the records of dataset '{dataset.name}' do not fit it: {len(rows)} for {dataset.n} samples",
                hint="collect the observations again",
            )
        rows = rows.loc[wanted]
        records = tuple(
            GenerationRecord.model_validate(json.loads(text)) if status == OK else None
            for status, text in zip(rows["status"], rows["record"], strict=True)
        )
        codes = cluster_codes(dataset.frame["cluster"].to_numpy(dtype=str))
        reasons = tuple(map(str, rows["reason"]))
        return cls(dataset, records, reasons, codes, int(codes.max()) + 1)

    @property
    def n(self) -> int:
        """Number of entries."""
        return len(self.records)

    @property
    def ids(self) -> list[str]:
        """Identifiers in the dataset's order."""
        return [str(name) for name in self.dataset.frame["sample_id"]]

    def where(self, values: list[bool] | tuple[bool, ...]) -> Bools:
        """Return (n,) bool."""
        return np.array(values, dtype=bool)

    @cached_property
    def readable(self) -> Bools:
        """Which entries are records."""
        return self.where([record is not None for record in self.records])

    @cached_property
    def answered(self) -> Bools:
        """Which records hold an answer, an empty one included."""
        return self.where([record is not None and record.generation is not None for record in self.records])

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The answers; "" where there is none."""
        return tuple((record.generation or "") if record is not None else "" for record in self.records)

    @cached_property
    def parts(self) -> tuple[tuple[str | None, Bools], ...]:
        """Everything, then each task type and each split, where there is more than one, by name."""
        found: list[tuple[str | None, Bools]] = [(None, np.ones(self.n, dtype=bool))]
        types = {record.task_type for record in self.records if record is not None}
        for field in ("task_type", "split"):
            names = [getattr(record, field) if record is not None else None for record in self.records]
            known = sorted({name for name in names if name is not None})
            for name in known if len(known) > 1 else ():
                # A split may have the name of a task type.
                title = f"split {self.called[name]}" if field == "split" and name in types else self.called[name]
                found.append((title, self.where([one == name for one in names])))
        return tuple(found)

    @cached_property
    def called(self) -> dict[str, str]:
        """The names under which task types, splits, variants and judges are shown, each its own."""
        given = {
            name
            for record in self.records
            if record is not None
            for name in (record.task_type, record.split, record.variant, *(one.judge for one in record.judgements))
            if name is not None
        }
        return distinct_names({*given, HUMAN})

    @cached_property
    def judges(self) -> tuple[str, ...]:
        """Judges that said anything, people first, then by name."""
        count = Counter(one.judge for record in self.records if record is not None for one in record.judgements)
        people = any(record is not None and record.sentence_labels for record in self.records)
        names = set(count) | ({HUMAN} if people else set())
        return tuple(sorted(names, key=lambda name: (name != HUMAN, name)))

    @cached_property
    def correctness(self) -> tuple[Bools, Bools]:
        """Return (n,) which answers are right and (n,) of which that is known.

        A choice is compared with the right letter, a yes or no with the reference; else a person's label decides. A
        choice that cannot be read is not right.
        """
        found = [_right(record) if record is not None else None for record in self.records]
        return self.where([one is True for one in found]), self.where([one is not None for one in found])


def _right(record: GenerationRecord) -> bool | None:
    if record.generation is None:
        return None
    if record.options and record.reference is not None:
        truth = read_option(record.reference, record.options)
        if truth is not None:
            return read_option(record.generation, record.options) == truth
    if record.reference is not None:
        truth = read_choice(record.reference, YES_NO)
        if truth is not None:
            return read_choice(record.generation, YES_NO) == truth
    judged = record.judged_by(HUMAN)
    label = read_label(judged.label) if judged is not None else None
    return None if label is None else label == CORRECT
