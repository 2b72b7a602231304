"""Which datasets of a run the Hub has, as people write it: nothing is looked up there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from governance.errors import InputError, near_name

HUB_ID = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
"""A repository of the Hub: owner and name."""
_HINT = "write NAME=OWNER/DATASET, or NAME=OWNER/DATASET:TASK:METRIC for a benchmark"


@dataclass(frozen=True)
class HubDataset:
    """A dataset of a run and where the Hub has it.

    `task` and `metric` are for a benchmark: the id of a task in its ``eval.yaml``, and which metric of ours it wants.
    """

    name: str
    id: str
    task: str | None = None
    metric: str | None = None

    @classmethod
    def parse(cls, written: str) -> Self:
        """Read ``NAME=OWNER/DATASET`` or ``NAME=OWNER/DATASET:TASK:METRIC``.

        Raises
        ------
        InputError
            If it is neither.
        """
        name, _, place = written.partition("=")
        hub_id, *benchmark = place.split(":")
        whole = all([name, *benchmark]) and len(benchmark) in (0, 2)
        if not whole or HUB_ID.fullmatch(hub_id) is None:
            raise InputError(f"'{written}' names no dataset of the Hub", hint=_HINT)
        return cls(name, hub_id, *benchmark)


def by_name(found: Iterable[HubDataset], known: Iterable[str]) -> Mapping[str, HubDataset]:
    """Return the datasets by their names in the run.

    Raises
    ------
    InputError
        If the run has no dataset of a name, or one is given twice.
    """
    names = list(known)
    datasets: dict[str, HubDataset] = {}
    for one in found:
        if one.name not in names:
            raise InputError(f"the run has no dataset '{one.name}'", hint=near_name(one.name, names))
        if one.name in datasets:
            raise InputError(f"the dataset '{one.name}' is given twice", hint=_HINT)
        datasets[one.name] = one
    return datasets
