"""Numbers and groups as people read them: the same in verdicts, in the terminal and in documents.

Evidence, plans and decisions hold groups by their keys (``<40``); only what is printed goes through here.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

MINUS = "\N{MINUS SIGN}"
_FEWEST_DECIMALS = 2


def fixed(value: float, decimals: int) -> str:
    """Return a number with a fixed count of decimals, a true minus sign and never a negative zero."""
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def written(bar: float) -> str:
    """Return a bar as its author wrote it, with at least two decimals."""
    text = repr(float(bar))
    if "e" not in text and len(text.partition(".")[2]) <= _FEWEST_DECIMALS:
        return fixed(bar, _FEWEST_DECIMALS)
    return _with_minus(text)


def band_names(edges: Sequence[float]) -> tuple[str, ...]:
    """Return the keys of bands: ``<40``, ``40-60``, ``>=60`` for the edges 40 and 60."""
    texts = [f"{edge:g}" for edge in edges]
    # A minus sign beside the dash of a band would be unreadable.
    dash = " to " if any(edge < 0 for edge in edges) else "-"
    inner = [f"{low}{dash}{high}" for low, high in itertools.pairwise(texts)]
    return (f"<{texts[0]}", *inner, f">={texts[-1]}")


def band_words(edges: Sequence[float], unit: str | None = None) -> tuple[str, ...]:
    """Return what people read for the bands: ``under 40``, ``40 to under 60``, ``60 and over``, each with its unit."""
    texts = [_with_minus(f"{edge:g}") for edge in edges]
    after = f" {unit}" if unit else ""
    inner = [f"{low} to under {high}{after}" for low, high in itertools.pairwise(texts)]
    return (f"under {texts[0]}{after}", *inner, f"{texts[-1]}{after} and over")


def group_words(lock: Mapping[str, Any], dataset: str, attribute: str, group: str) -> str:
    """Return a group's name as people say it; what is no band is called as in the data.

    Parameters
    ----------
    lock
        Content of ``spec.lock.json``, which holds the bands and the unit of an attribute.
    """
    datasets = lock.get("spec", {}).get("datasets") or {}
    entry = (datasets.get(dataset, {}).get("attributes") or {}).get(attribute) or {}
    edges = entry.get("bands")
    if not edges:
        return group
    return dict(zip(band_names(edges), band_words(edges, entry.get("unit")), strict=True)).get(group, group)


def slice_words(lock: Mapping[str, Any], dataset: str, groups: Mapping[str, str]) -> str:
    """Return the groups of a slice, by attribute, as people say them: ``F, under 40``."""
    return ", ".join(group_words(lock, dataset, attribute, group) for attribute, group in groups.items())


def _with_minus(number: str) -> str:
    """Put a true minus sign before a number; the one inside of an exponent stays."""
    return f"{MINUS}{number[1:]}" if number.startswith("-") else number
