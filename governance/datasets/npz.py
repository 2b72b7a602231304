"""Arrays in one NumPy file, without pickled objects."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from governance.datasets.descriptors import NpzOptions
from governance.datasets.masks import REFERENCE_MASK
from governance.datasets.reading import existing_file, read_table, text_columns
from governance.errors import InputError, Location, near_name
from governance.evidence.canonical import digest_file
from governance.spec.model import DatasetSpec

COLOUR_CHANNELS = (1, 3)


@dataclass(frozen=True)
class NpzDataset:
    """Inputs in memory: ``(n, channels, height, width)`` uint8 or float32, or ``(n, features)`` float32.

    `masks`, where there are some, are ``(n, ...)`` uint8: 1 for the structure.
    """

    table: pd.DataFrame
    inputs: np.ndarray
    fingerprint: str
    masks: np.ndarray | None = None

    def decode(self, indices: Sequence[int], variant: str | None = None) -> np.ndarray:
        """Return the inputs at `indices`, or their reference masks."""
        if variant is None:
            rows: np.ndarray = self.inputs[np.asarray(indices, dtype=int)]
            return rows
        if variant != REFERENCE_MASK or self.masks is None:
            raise KeyError(variant)
        masks: np.ndarray = self.masks[np.asarray(indices, dtype=int)]
        return masks

    def variants(self, name: str) -> Sequence[int]:
        """A file of arrays knows no other version of a sample than its reference mask."""
        return range(len(self.inputs)) if name == REFERENCE_MASK and self.masks is not None else ()


def open_npz(dataset: DatasetSpec, base: Path) -> NpzDataset:
    """Open arrays of a `.npz` file.

    Raises
    ------
    InputError
        If the file or an array is missing, an array holds pickled objects, or lengths differ.
    """
    options = NpzOptions.model_validate(dataset.options)
    path = existing_file(base, options.file, "the file of arrays")
    arrays = _read(path)
    inputs = _channels_first(_array(arrays, options.images, path), path)
    columns = {name: array for name, array in arrays.items() if array.ndim == 1 and len(array) == len(inputs)}
    if options.labels is not None:
        labels = _array(arrays, options.labels, path)
        # Files of the MedMNIST family keep labels as one column of a matrix.
        columns[options.labels] = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if options.table is not None:
        table_path = existing_file(base, options.table, "the table")
        frame = read_table(table_path, text_columns(dataset))
        if len(frame) != len(inputs):
            raise InputError(
                f"the table has {len(frame)} rows, the array '{options.images}' {len(inputs)} samples",
                location=Location(str(table_path)),
            )
        columns = {name: value for name, value in columns.items() if name == options.labels}
    else:
        frame = pd.DataFrame(index=range(len(inputs)))
    for name, array in columns.items():
        if array.ndim != 1 or len(array) != len(inputs):
            raise InputError(
                f"the array '{name}' has shape {array.shape}; expected one value for each of {len(inputs)} samples",
                location=Location(str(path)),
            )
        frame[name] = array
    masks = None if options.masks is None else _masks(_array(arrays, options.masks, path), options.masks, inputs, path)
    return NpzDataset(frame, inputs, digest_file(path), masks)


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise InputError("holds one bare array, not named arrays", location=Location(str(path)))
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"cannot be read as arrays: {error}",
            location=Location(str(path)),
            hint="expected a .npz file of plain arrays; pickled objects are never loaded",
        ) from error


def _array(arrays: Mapping[str, np.ndarray], name: str, path: Path) -> np.ndarray:
    if name not in arrays:
        raise InputError(f"no array '{name}' in the file", location=Location(str(path)), hint=near_name(name, arrays))
    return arrays[name]


def _masks(array: np.ndarray, name: str, inputs: np.ndarray, path: Path) -> np.ndarray:
    """Return masks as (n, height, width) uint8: 1 where the array is not 0."""
    expected = (len(inputs), *inputs.shape[2:])
    if inputs.ndim != 4 or array.shape != expected:
        raise InputError(
            f"the masks '{name}' have shape {array.shape}; expected {expected}, one for each image",
            location=Location(str(path)),
        )
    if not (np.issubdtype(array.dtype, np.integer) or array.dtype == np.bool_):
        raise InputError(
            f"the masks '{name}' are {array.dtype}", location=Location(str(path)), hint="expected whole numbers, 0 or 1"
        )
    masks: np.ndarray = (array != 0).astype(np.uint8)
    return masks


def _channels_first(array: np.ndarray, path: Path) -> np.ndarray:
    """Return inputs as (n, channels, h, w) or (n, features), uint8 or float32."""
    if array.ndim == 3:
        array = array[:, None]
    elif array.ndim == 4 and array.shape[1] not in COLOUR_CHANNELS and array.shape[3] in COLOUR_CHANNELS:
        array = array.transpose(0, 3, 1, 2)
    elif array.ndim not in (2, 4):
        raise InputError(f"inputs of shape {array.shape} are neither images nor features", location=Location(str(path)))
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == np.bool_):
        raise InputError(f"inputs are not numbers but {array.dtype}", location=Location(str(path)))
    return np.ascontiguousarray(array, dtype=np.float32)
