"""Intersections of several attributes: which groupings a depth makes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from evaluators.fairness.descriptors import DESCRIPTOR, IntersectionOptions
from evaluators.grouping import Grouping
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError, near_name


def intersections(
    options: IntersectionOptions | None, named: Sequence[Grouping], dataset: DatasetInfo
) -> tuple[Grouping, ...]:
    """Return the groupings of two to `depth` attributes, without those that are named already in whatever order.

    Raises
    ------
    InputError
        If the dataset lacks an attribute.
    """
    if options is None:
        return ()
    for name in options.of:
        if name not in dataset.attributes:
            raise InputError(
                f"evaluate.{DESCRIPTOR.name}.intersections.of: dataset '{dataset.name}' has no attribute '{name}'",
                hint=near_name(name, dataset.attributes),
            )
    known = {frozenset(grouping.attributes) for grouping in named}
    made = (Grouping(some) for size in range(2, options.depth + 1) for some in combinations(options.of, size))
    return tuple(grouping for grouping in made if frozenset(grouping.attributes) not in known)
