"""Labels that people gave, from a file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from evaluators.hallucination.judges.options import HumanJudge
from governance.datasets.reading import existing_file, read_table, require_columns
from governance.errors import InputError, Location


def read_labels(judge: HumanJudge, base: Path, known: frozenset[str]) -> pd.DataFrame:
    """Read ``sample_id``, ``label``, ``sentence`` (-1 for the whole answer) and ``rater`` ("" where the file has none).

    Parameters
    ----------
    known
        Identifiers of the dataset.

    Raises
    ------
    InputError
        If a column is missing, a label is empty, an item is not in the dataset, or a rater labels a thing twice.
    """
    path = existing_file(base, judge.file, "the file of labels")
    where = Location(str(path))
    frame = read_table(path, ("sample_id", "label", "rater"))
    require_columns(frame, ["sample_id", "label"], path)
    for column, absent in (("sentence", -1), ("rater", "")):
        if column not in frame.columns:
            frame[column] = absent
    frame["rater"] = frame["rater"].fillna("").astype(str)
    frame["sentence"] = pd.to_numeric(frame["sentence"], errors="coerce").fillna(-1).astype(int)
    for row, (name, label) in enumerate(zip(frame["sample_id"], frame["label"], strict=True), start=1):
        if not isinstance(name, str) or name not in known:
            raise InputError(f"row {row}: the dataset has no item '{name}'", location=where)
        if not isinstance(label, str) or not label.strip():
            raise InputError(f"row {row}: the label of '{name}' is empty", location=where)
    twice = frame.duplicated(["sample_id", "sentence", "rater"])
    if twice.any():
        row = int(twice.to_numpy().nonzero()[0][0]) + 1
        raise InputError(
            f"row {row}: '{frame['sample_id'].iloc[row - 1]}' is labelled a second time by the same rater",
            location=where,
            hint="name who labels in a column `rater`",
        )
    return frame[["sample_id", "label", "sentence", "rater"]]
