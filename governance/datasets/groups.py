"""From a column's values to the names of groups."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from governance.datasets.protocol import NOT_RECORDED
from governance.evidence.wording import band_names
from governance.spec.model import Attribute

MOST_GROUPS = 50
"""More groups than this in a column of fractions means that it was meant to be cut into bands."""


class GroupingError(ValueError):
    """A column cannot define groups; the message says why."""


def group_names(values: pd.Series[Any], attribute: Attribute) -> tuple[list[str], tuple[str, ...]]:
    """Name the group of every value.

    Parameters
    ----------
    values
        (n,) values of the attribute's column; missing ones become `NOT_RECORDED`.

    Returns
    -------
    names
        The group of each of the n samples.
    order
        All groups in their fixed order: bands ascending (also the empty ones, so that a band without samples is seen),
        renamed values in the order of `labels`, other values ascending; `NOT_RECORDED` last, where it occurs.

    Raises
    ------
    GroupingError
        If bands are asked of values that are not numbers, or a column of fractions has no bands.
    """
    if attribute.bands is not None:
        names, order = _bands(values, attribute.bands)
    else:
        names, order = _values(values)
    final = {name: _renamed(name, attribute.labels or {}) for name in order}
    if attribute.labels:
        preferred = [label for label in attribute.labels.values() if label in set(final.values())]
        order = [*preferred, *(name for name in (final[old] for old in order) if name not in preferred)]
    else:
        order = [final[old] for old in order]
    named = [NOT_RECORDED if name is None else final[name] for name in names]
    groups = [name for name in dict.fromkeys(order) if name != NOT_RECORDED]
    if NOT_RECORDED in named:
        groups.append(NOT_RECORDED)
    return named, tuple(groups)


def _renamed(name: str, labels: Mapping[str, str]) -> str:
    for spelling in (name, name.capitalize(), {"true": "1", "false": "0"}.get(name, name)):
        if spelling in labels:
            return labels[spelling]
    return name


def _bands(values: pd.Series[Any], edges: Sequence[float]) -> tuple[list[str | None], list[str]]:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = np.flatnonzero(np.isnan(numbers) & ~values.isna().to_numpy(dtype=bool))
    if len(wrong):
        raise GroupingError(f"bands need numbers, but row {wrong[0] + 1} holds {values.iloc[wrong[0]]!r}")
    names = band_names(edges)
    positions = np.searchsorted(np.asarray(edges, dtype=float), numbers, side="right")
    return [
        None if math.isnan(number) else names[position] for number, position in zip(numbers, positions, strict=True)
    ], list(names)


def _values(values: pd.Series[Any]) -> tuple[list[str | None], list[str]]:
    missing = values.isna().to_numpy(dtype=bool)
    plain = [None if gone else plain_text(value) for gone, value in zip(missing, values, strict=True)]
    plain = [name or None if name is not None else None for name in plain]
    distinct = {name for name in plain if name is not None}
    if len(distinct) > MOST_GROUPS and any(isinstance(value, float) and value % 1 for value in values.dropna()):
        raise GroupingError(f"{len(distinct)} different numbers; cut them into groups with `bands`")
    return plain, sorted(distinct, key=_natural)


def plain_text(value: object) -> str:
    """Return a value as people write it: ``true``, ``3`` (also for 3.0), ``F``."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _natural(name: str) -> tuple[int, float, str]:
    """Sort numbers by value before text."""
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name
