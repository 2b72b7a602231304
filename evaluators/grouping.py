"""Which slices of a dataset are looked at, and from how many patients on a number is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING

from governance.datasets.protocol import NOT_RECORDED, DatasetInfo
from governance.errors import InputError, near_name
from governance.harness.protocols import Request

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

JOINT = " x "
"""Stands between the attributes of an intersection, as in ``sex x age``."""

Slice = dict[str, str]


@dataclass(frozen=True)
class Grouping:
    """One attribute, or several of which the groups are the combinations."""

    attributes: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Grouping:
        """Read ``sex`` or ``sex x age``."""
        return cls(tuple(part.strip() for part in text.split(JOINT)))

    @property
    def over(self) -> str:
        """The name that measurements carry."""
        return JOINT.join(self.attributes)

    def unknown(self, dataset: DatasetInfo) -> str | None:
        """Return the first attribute that the dataset lacks."""
        return next((name for name in self.attributes if name not in dataset.attributes), None)

    def slices(self, dataset: DatasetInfo) -> tuple[Slice, ...]:
        """Return all groups in their fixed order, combinations with a missing value only where they occur."""
        groups = [dataset.attributes[name].groups for name in self.attributes]
        cells = [dict(zip(self.attributes, values, strict=True)) for values in product(*groups)]
        return tuple(cell for cell in cells if recorded(cell) or bool(members(cell, dataset).any()))


def parse_groupings(
    written: Iterable[str], requests: Iterable[Request], dataset: DatasetInfo, *, evaluator: str
) -> tuple[Grouping, ...]:
    """Return the groupings of the options, then those that a policy's rules ask for beyond them.

    What a policy asks for and the dataset lacks is kept, so that it can be said that it was not measured.

    Raises
    ------
    InputError
        If the options name an attribute that the dataset lacks, or the same one twice in a grouping.
    """
    found: dict[str, Grouping] = {}
    for text in written:
        grouping = Grouping.parse(text)
        _each_once(grouping, where=f"evaluate.{evaluator}.groups")
        missing = grouping.unknown(dataset)
        if missing is not None:
            raise InputError(
                f"evaluate.{evaluator}.groups: dataset '{dataset.name}' has no attribute '{missing}'",
                hint=near_name(missing, dataset.attributes),
            )
        found[grouping.over] = grouping
    for request in requests:
        if request.evaluator == evaluator and request.over and request.dataset in (None, dataset.name):
            grouping = Grouping.parse(request.over)
            _each_once(grouping, where=f"a rule on {evaluator} / {request.metric}")
            found.setdefault(grouping.over, grouping)
    return tuple(found.values())


def _each_once(grouping: Grouping, *, where: str) -> None:
    if len(set(grouping.attributes)) < len(grouping.attributes):
        raise InputError(
            f"{where}: '{grouping.over}' names an attribute twice",
            hint=f"write '{JOINT.join(dict.fromkeys(grouping.attributes))}'",
        )


def members(cell: Slice, dataset: DatasetInfo) -> npt.NDArray[np.bool_]:
    """Return (n,) bool: which samples of the dataset belong to a slice; ``{}`` is everyone."""
    import numpy as np

    inside = np.ones(dataset.n, dtype=bool)
    for name, value in cell.items():
        inside &= (dataset.frame[name] == value).to_numpy(dtype=bool)
    return inside


def recorded(cell: Slice) -> bool:
    """Whether no attribute of the slice is missing."""
    return NOT_RECORDED not in cell.values()


def distinct_slices(groupings: Sequence[Grouping], dataset: DatasetInfo) -> tuple[Slice, ...]:
    """Return ``{}`` and every group of every grouping that the dataset knows, each once."""
    seen: dict[frozenset[tuple[str, str]], Slice] = {frozenset(): {}}
    for grouping in groupings:
        if grouping.unknown(dataset) is None:
            for cell in grouping.slices(dataset):
                seen.setdefault(frozenset(cell.items()), cell)
    return tuple(seen.values())


def pairs(cells: Sequence[Slice]) -> tuple[tuple[Slice, Slice], ...]:
    """Return every pair of groups once, as (slice, reference); the earlier group is the reference."""
    return tuple((later, earlier) for earlier, later in combinations(cells, 2))


@dataclass(frozen=True)
class Minimums:
    """Fewest patients in a group, and fewest patients in the denominator of a number, for it to be given."""

    patients: int
    events: int

    def missing(self, patients: int, needed: Sequence[tuple[str, int]]) -> str | None:
        """Return why a number is not given, or None where there is enough.

        Parameters
        ----------
        patients
            Patients in the group.
        needed
            What the number rests on, in words for a reader ("patients with the condition"), and how many there are.
        """
        if patients == 0:
            return "the group has no sample"
        for what, count in needed:
            if count == 0:
                return f"the group has no {what}"
        if patients < self.patients:
            return f"too few patients: {patients}, at least {self.patients} are needed"
        for what, count in needed:
            if count < self.events:
                return f"too few {what}: {count}, at least {self.events} are needed"
        return None
