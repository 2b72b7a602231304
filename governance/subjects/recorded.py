"""Predictions that were made elsewhere: another framework, a black-box service, a hospital's log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from governance.datasets.reading import read_table
from governance.errors import InputError, Location, near_name
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.descriptors import RecordedOptions
from governance.subjects.identity import digest_of, file_of
from governance.subjects.protocol import Sample
from governance.subjects.recorded_values import Layout, Values, layout_of
from governance.subjects.recorded_values import empty as _empty

ABSENT = "no recorded prediction"
_STATUSES = ("ok", "rejected", "unparsed")

Key = tuple[str, str, str, int | None]
"""Dataset (or "" for any), sample, condition, severity."""


@dataclass(frozen=True)
class RecordedSession:
    """Recorded predictions by sample; decodes nothing and needs no model."""

    digest: str
    rows: Mapping[Key, tuple[Values, str, str]]
    sources: Mapping[str, str]
    layout: Layout
    conditions: frozenset[str] = field(default_factory=lambda: frozenset({"clean"}))
    takes: str = "samples"

    def predict(self, batch: Sequence[Sample]) -> dict[str, Any]:
        """Return the columns of the task (``score``, ``scores``, ``value``, ...), ``status`` and ``reason``.

        Raises
        ------
        InputError
            If nothing was recorded for the dataset or condition at all.
        """
        found = [self._row(sample) for sample in batch]
        return {
            **self.layout.columns([row[0] for row in found]),
            "status": [row[1] for row in found],
            "reason": [row[2] for row in found],
        }

    def _row(self, sample: Sample) -> tuple[Values, str, str]:
        dataset, condition = str(sample["dataset"]), str(sample["condition"])
        if condition not in self.conditions:
            raise InputError(
                f"no predictions were recorded under the condition '{condition}'",
                hint="record them too, with a column `condition` in the file, or leave the condition out",
            )
        if "" not in self.sources and dataset not in self.sources:
            raise InputError(
                f"no predictions were recorded for the dataset '{dataset}'", hint=near_name(dataset, self.sources)
            )
        severity = sample["severity"]
        for name in (dataset, ""):
            row = self.rows.get((name, str(sample["sample_id"]), condition, severity))  # type: ignore[arg-type]
            if row is not None:
                return row
        return self.layout.nothing, "rejected", ABSENT


def open_recorded(subject: SubjectSpec, base: Path, device: str, settings: Settings) -> RecordedSession:  # noqa: ARG001
    """Read recorded predictions and check every line.

    Raises
    ------
    InputError
        If a column is missing, a sample occurs twice, or a value is not what the task asks for; the error names the
        line.
    """
    options = RecordedOptions.model_validate(subject.options)
    files = options.predictions if isinstance(options.predictions, dict) else {"": options.predictions}
    layout = layout_of(subject.task, options)
    rows: dict[Key, tuple[Values, str, str]] = {}
    sources: dict[str, str] = {}
    for dataset, name in files.items():
        path = file_of(base, name, "the file of predictions")
        frame = read_table(path, ("sample_id",))
        _read(frame, path, dataset, layout, rows)
        named = frame["dataset"].astype(str).unique() if "dataset" in frame.columns else [dataset]
        sources.update(dict.fromkeys(map(str, named), name))
    conditions = frozenset(key[2] for key in rows)
    return RecordedSession(digest_of(subject, base), rows, sources, layout, conditions)


def _read(
    frame: pd.DataFrame, path: Path, dataset: str, layout: Layout, rows: dict[Key, tuple[Values, str, str]]
) -> None:
    for column in ("sample_id", *layout.required):
        if column not in frame.columns:
            raise InputError(
                f"the predictions have no column '{column}'",
                location=Location(str(path), 1),
                hint=near_name(column, map(str, frame.columns)),
            )
    for position, record in enumerate(frame.to_dict("records")):
        # The header is the first line of a CSV; a Parquet file has rows, not lines.
        where = Location(str(path), position + (1 if path.suffix == ".parquet" else 2))
        key = _key(record, dataset, where)
        if key in rows:
            raise InputError(f"sample '{key[1]}' has a second prediction here", location=where)
        rows[key] = _prediction(record, layout, key[1], where)


def _key(record: Mapping[Any, Any], dataset: str, where: Location) -> Key:
    sample = record["sample_id"]
    if _empty(sample):
        raise InputError("the line has no sample_id", location=where)
    severity = record.get("severity")
    return (
        str(record["dataset"]) if not _empty(record.get("dataset")) else dataset,
        str(sample),
        str(record["condition"]) if not _empty(record.get("condition")) else "clean",
        None if _empty(severity) else int(float(severity)),  # type: ignore[arg-type]
    )


def _prediction(record: Mapping[Any, Any], layout: Layout, sample: str, where: Location) -> tuple[Values, str, str]:
    status = "ok" if _empty(record.get("status")) else str(record["status"])
    if status not in _STATUSES:
        raise InputError(f"unknown status '{status}'", location=where, hint=near_name(status, _STATUSES))
    reason = "" if _empty(record.get("reason")) else str(record["reason"])
    if status != "ok":
        return layout.nothing, status, reason or "recorded without a reason"
    return layout.values(record, sample, where), status, reason
