"""Names that stand for several conditions, and what they stand for. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from governance.plugins import ConditionDescriptor


def expand(names: Iterable[str], known: Mapping[str, Any]) -> tuple[str, ...]:
    """Replace every set by its members, each condition once, in the order in which it is first named.

    Parameters
    ----------
    names
        Names of conditions and of sets; a name that is not known stays, so that whoever looks it up can say so.
    known
        Descriptors of conditions by name. A set may name sets.

    Raises
    ------
    ValueError
        If a set names itself, directly or through others.
    """
    return tuple(dict.fromkeys(name for given in names for name in _members(given, known, ())))


def members(name: str, known: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the conditions that a name stands for: those of a set, or the name alone."""
    return expand((name,), known)


def is_set(name: str, known: Mapping[str, Any]) -> bool:
    """Whether a name stands for several conditions."""
    descriptor = known.get(name)
    return isinstance(descriptor, ConditionDescriptor) and descriptor.kind == "set"


def _members(name: str, known: Mapping[str, Any], above: tuple[str, ...]) -> Iterable[str]:
    if name in above:
        raise ValueError(f"the set of conditions '{name}' names itself: {' > '.join((*above, name))}")
    if not is_set(name, known):
        return (name,)
    inner = known[name].members
    return [found for member in inner for found in _members(member, known, (*above, name))]
