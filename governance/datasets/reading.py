"""Read tables from files, and say what is wrong with a file in terms of the file."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from governance.errors import InputError, Location, first_line, near_name
from governance.spec.model import DatasetSpec


def existing_file(base: Path, name: str, what: str) -> Path:
    """Return ``base / name`` if it is a file.

    Raises
    ------
    InputError
        If it is missing, with a near name from the same folder.
    """
    path = base / name
    if path.is_file():
        return path
    beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    shown = near_name(path.name, beside[:20]) if beside else f"the folder {path.parent} does not exist or is empty"
    raise InputError(f"{what} '{name}' does not exist", hint=f"paths are relative to the spec; {shown}")


def read_table(path: Path, text_columns: Iterable[str | None] = ()) -> pd.DataFrame:
    """Read a CSV (`.csv`, `.tsv`, also compressed) or Parquet file.

    Parameters
    ----------
    text_columns
        Columns that stay text, so that the id ``007`` does not become the number 7.

    Raises
    ------
    InputError
        If the file is not a table, is empty, or names a column twice.
    """
    keep = {column: "str" for column in text_columns if column}
    where = Location(str(path))
    try:
        if path.suffix in {".parquet", ".pq"}:
            frame = pd.read_parquet(path)
            return frame.astype({column: kind for column, kind in keep.items() if column in frame.columns})
        separator = "\t" if ".tsv" in path.suffixes else ","
        if path.suffix in {".csv", ".tsv"}:
            _unique_header(path, separator)
        return pd.read_csv(path, sep=separator, dtype=keep)
    except InputError:
        raise
    except pd.errors.EmptyDataError as error:
        raise InputError("the table is empty", location=where) from error
    except (ValueError, OSError, ImportError) as error:
        raise InputError(
            f"cannot be read as a table: {first_line(error)}",
            location=where,
            hint="expected a .csv, .tsv or .parquet file",
        ) from error


def _unique_header(path: Path, separator: str) -> None:
    """Refuse a header that names a column twice; pandas would rename the second one silently."""
    with path.open(newline="", encoding="utf-8-sig") as stream:
        header = next(csv.reader(stream, delimiter=separator), [])
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise InputError(f"the column '{twice[0]}' occurs twice", location=Location(str(path), 1))


def text_columns(dataset: DatasetSpec) -> tuple[str | None, ...]:
    """Columns of a dataset that are ids and so stay text."""
    return (dataset.sample_id or "sample_id", dataset.cluster if dataset.cluster != "none" else None)


def require_columns(frame: pd.DataFrame, columns: Iterable[str], path: Path) -> None:
    """Refuse a table that lacks a column, with a near name.

    Raises
    ------
    InputError
        Naming the first missing column.
    """
    for column in columns:
        if column not in frame.columns:
            raise InputError(
                f"the table has no column '{column}'",
                location=Location(str(path)),
                hint=near_name(column, map(str, frame.columns)),
            )


def file_stamp(path: Path) -> list[object]:
    """Return size and modification time of a file (nothing if it is missing): cheap, and changed by every writing."""
    try:
        status = path.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns]
