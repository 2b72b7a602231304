"""Observation tables of a run, read from its folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from governance.errors import InputError, Location
from governance.evidence.folder import RunFolder
from governance.harness.protocols import Need

if TYPE_CHECKING:
    from governance.harness.batches import Counts


def table_path(folder: RunFolder, need: Need) -> Path:
    """Return where the table of a need lies: collector, dataset, condition, severity and the need's id."""
    parts = [need.collector, need.dataset, need.condition.name]
    if need.condition.severity is not None:
        parts.append(str(need.condition.severity))
    name = "-".join(re.sub(r"[^A-Za-z0-9_.]+", "_", part) for part in parts)
    return folder.observations / f"{name}-{need.id}.parquet"


class FolderObservations:
    """The tables in a run folder, by need."""

    def __init__(self, folder: RunFolder, needs: Iterable[Need], counts: Counts | None = None) -> None:
        self._folder = folder
        self._known = {need.id for need in needs}
        self._read: dict[str, pd.DataFrame] = {}
        self.counts = counts
        """How many shards were collected and how many were there already; None where tables were only read."""

    def table(self, need: Need) -> pd.DataFrame:
        """Return the observation table of a need; the caller may change its copy.

        Raises
        ------
        KeyError
            If the need was not collected.
        InputError
            If the file is missing or damaged.
        """
        if need.id not in self._known:
            raise KeyError(need.id)
        if need.id not in self._read:
            path = table_path(self._folder, need)
            try:
                self._read[need.id] = pd.read_parquet(path)
            except (OSError, ValueError) as error:
                raise InputError(
                    f"the observation table cannot be read: {error}",
                    location=Location(str(path)),
                    hint="run the same command again",
                ) from error
        return self._read[need.id].copy()
