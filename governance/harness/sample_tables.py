"""What is known of each sample, kept beside the observations: numbers can be made again from a run folder alone."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from governance.datasets.protocol import AttributeInfo, DatasetInfo
from governance.errors import InputError, Location
from governance.evidence.canonical import digest_bytes
from governance.evidence.folder import RunFolder, write_atomically


def samples_path(folder: RunFolder, dataset: str) -> Path:
    """Return where the samples of a dataset lie; the digest of its name keeps names apart that are spelled alike."""
    plain = re.sub(r"[^A-Za-z0-9_.]+", "_", dataset)
    return folder.observations / f"samples-{plain}-{digest_bytes(dataset.encode())[:16]}.parquet"


def write_samples(folder: RunFolder, datasets: Mapping[str, DatasetInfo]) -> None:
    """Write sample ids, clusters, targets, groups and references of every dataset; no decoded content.

    Raises
    ------
    CannotRunError
        If the folder cannot be written.
    """
    for name, info in datasets.items():
        columns = {str(column): pa.array(info.frame[column].tolist()) for column in info.frame.columns}
        buffer = io.BytesIO()
        pq.write_table(pa.table(columns), buffer, compression="zstd")
        path = samples_path(folder, name)
        if not path.is_file() or path.read_bytes() != buffer.getvalue():
            write_atomically(path, buffer.getvalue())


def read_samples(folder: RunFolder, lock: Mapping[str, Any]) -> dict[str, DatasetInfo]:
    """Return the datasets of a run as they were when it was measured.

    Parameters
    ----------
    lock
        Content of the run's `spec.lock.json`.

    Raises
    ------
    InputError
        If a table is missing, damaged, or of another number of samples than the plan says.
    """
    return {name: _read(samples_path(folder, name), name, known) for name, known in lock["datasets"].items()}


def _read(path: Path, name: str, known: Mapping[str, Any]) -> DatasetInfo:
    try:
        frame = pq.read_table(path).to_pandas()
    except FileNotFoundError as error:
        raise InputError(
            f"the run folder does not hold the samples of dataset '{name}'",
            location=Location(str(path)),
            hint="it was made by an earlier version, or without its observations; evaluate again",
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"the table of samples cannot be read: {error}", location=Location(str(path))) from error
    if len(frame) != known["n"] or not {"sample_id", "cluster"} <= set(frame.columns):
        raise InputError("these are not the samples that the run was planned with", location=Location(str(path)))
    return DatasetInfo(
        name=name,
        role=known["role"],
        title=known["title"],
        modality=known["modality"],
        digest=known["digest"],
        frame=frame,
        attributes={
            key: AttributeInfo(key, attribute["title"], tuple(attribute["order"]))
            for key, attribute in known["attributes"].items()
        },
        clustered=known["clustered"],
        cluster_reason=known["cluster_reason"],
        classes=tuple(known["classes"]),
    )
