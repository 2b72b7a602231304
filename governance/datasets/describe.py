"""What is known of a dataset: samples, clusters, targets, groups, and the digest of its content."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from governance.datasets.decoded import DecodedDataset
from governance.datasets.groups import GroupingError, group_names, plain_text
from governance.datasets.masks import REFERENCE_MASK
from governance.datasets.protocol import AttributeInfo, DatasetInfo
from governance.datasets.targets import Fail, column_of, missing, targets
from governance.errors import InputError
from governance.evidence.canonical import digest_json
from governance.spec.model import DatasetSpec


def plain_error(keys: tuple[str, ...], message: str, hint: str | None) -> InputError:
    """Make an error without a place in a file, for datasets that no spec file names."""
    return InputError(f"{'.'.join(keys)}: {message}" if keys else message, hint=hint)


def describe(
    name: str,
    spec: DatasetSpec,
    dataset: DecodedDataset,
    *,
    task: str,
    classes: Sequence[str] | None = None,
    fail: Fail = plain_error,
) -> DatasetInfo:
    """Build the description of a dataset, checking everything that the spec says of it.

    Parameters
    ----------
    task
        A `governance.spec.model.Task`. Targets of a multilabel task become the columns ``target:<label>`` and its
        labels the classes; a segmentation has reference masks (`governance.datasets.masks`) instead of targets.
    classes
        Class names in order of their index; needed where a multiclass target holds names.

    Raises
    ------
    InputError
        If a column is missing (with a near name), an id is missing or occurs twice, a target is missing or not what the
        task needs (naming the row and the sample).
    """
    table = dataset.table
    if not len(table):
        raise fail((), "the dataset has no samples", None)
    sample_ids = _sample_ids(table, spec, fail)
    frame = pd.DataFrame({"sample_id": sample_ids})
    clustered = spec.cluster != "none"
    frame["cluster"] = _identifiers(table, spec.cluster, "cluster", sample_ids, fail) if clustered else sample_ids
    names = _class_names(task, spec, classes)
    for column, target in targets(table, spec, sample_ids, task=task, classes=classes, fail=fail).items():
        frame[column] = target
    attributes: dict[str, AttributeInfo] = {}
    for key in sorted(spec.attributes):
        attribute = spec.attributes[key]
        if key in frame.columns:
            raise fail(("attributes", key), f"an attribute cannot be named '{key}'", "choose another name")
        values = column_of(table, attribute.column, ("attributes", key, "column"), fail)
        try:
            frame[key], groups = group_names(values, attribute)
        except GroupingError as error:
            raise fail(("attributes", key), f"attribute '{key}': {error}", None) from error
        attributes[key] = AttributeInfo(key, attribute.title or key, groups)
    if "reference" in table.columns and "reference" not in frame.columns:
        given = [None if missing(value) else plain_text(value) for value in table["reference"]]
        frame["reference"] = pd.Series(given, index=frame.index, dtype=object)  # None stays None
    return DatasetInfo(
        name=name,
        role=spec.role,
        title=spec.title or name,
        modality=spec.modality,
        digest=_digest(frame, dataset, masks=task == "segmentation"),
        frame=frame,
        attributes=attributes,
        clustered=clustered,
        cluster_reason=spec.cluster_reason,
        classes=names,
    )


def class_names(tables: Sequence[tuple[pd.DataFrame, str]]) -> tuple[str, ...]:
    """Return the classes of a multiclass task from all datasets' targets: ``0 … k-1`` or sorted names."""
    found = {plain_text(value) for table, column in tables for value in table[column] if not missing(value)}
    if found and all(name.isdigit() for name in found):
        return tuple(str(index) for index in range(max(map(int, found)) + 1))
    return tuple(sorted(found))


def _sample_ids(table: pd.DataFrame, spec: DatasetSpec, fail: Fail) -> list[str]:
    column = spec.sample_id or ("sample_id" if "sample_id" in table.columns else None)
    if column is None:
        return [str(index) for index in range(len(table))]
    ids = _identifiers(table, column, "sample_id", None, fail)
    seen: dict[str, int] = {}
    for row, value in enumerate(ids):
        if value in seen:
            raise fail(
                ("sample_id",), f"sample id '{value}' occurs twice: in rows {seen[value] + 1} and {row + 1}", None
            )
        seen[value] = row
    return ids


def _identifiers(table: pd.DataFrame, column: str, key: str, sample_ids: Sequence[str] | None, fail: Fail) -> list[str]:
    values = list(column_of(table, column, (key,), fail))
    for row, value in enumerate(values):
        if missing(value) or plain_text(value) == "":
            sample = f" (sample '{sample_ids[row]}')" if sample_ids else ""
            raise fail((key,), f"the column '{column}' is empty in row {row + 1}{sample}", "every sample needs one")
    return [plain_text(value) for value in values]


def _class_names(task: str, spec: DatasetSpec, classes: Sequence[str] | None) -> tuple[str, ...]:
    if task in ("regression", "segmentation"):
        return ()
    if task == "multilabel":
        return spec.targets
    return tuple(classes) if classes else ("negative", "positive")


def _digest(frame: pd.DataFrame, dataset: DecodedDataset, *, masks: bool) -> str:
    """Digest samples, clusters, targets, groups and decoded content; no file name or path enters."""
    content = {"frame": {str(column): frame[column].tolist() for column in frame.columns}}
    if masks and dataset.variants(REFERENCE_MASK):
        content["masks"] = dataset.content_digest(REFERENCE_MASK)  # type: ignore[assignment]
    return digest_json({**content, "decoded": dataset.content_digest()})
