"""Small counts in files that anybody may hold: masked, with those from which they could be worked out.

A count of one to nine people in a group, with what the group is known by (an age, a finding), can point to a person. So
files for the public show no such count of people, cases or samples of a group or of a bin of a chart; and where the
total less what is shown would give one away, the smallest count that is shown is masked, too. Values and intervals
stay: they say how well the model works there. How many of a group the model got wrong is about the model, and is no
such count.

Source of the procedure: Hundepool et al., Statistical Disclosure Control (2012), chapter 5 (primary and secondary
suppression in tables).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from governance.documents.blocks import Figure, GroupTable, Point
from governance.evidence.model import Measurement

SMALLEST = 10
"""Counts from 1 to below this are masked."""
MASKED = "masked"
MEANS = f"{MASKED.capitalize()}: a count below {SMALLEST}, or one that would give it away."

_COUNT = r"\d+(?:[,\N{NARROW NO-BREAK SPACE}]\d{3})*"
_COUNTS = re.compile(rf"(, )?(\b{_COUNT} of {_COUNT}\b|\bn={_COUNT})(, {_COUNT} (patients|events|cases))*")
"""Counts of a sentence: ``, 11 of 18``, ``, n=573, 97 events``."""


@dataclass(frozen=True)
class Masks:
    """Ids of the measurements of which files for the public show no count."""

    counts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, measurements: Iterable[Measurement], datasets: Mapping[str, Any]) -> Masks:
        """Find the small cells of all tables, and those that would give them away.

        Parameters
        ----------
        datasets
            Their inventory in the plan of the run: cases and positives of every group.
        """
        tables: defaultdict[tuple[Any, ...], list[Measurement]] = defaultdict(list)
        totals: dict[tuple[Any, ...], int] = {}
        for m in measurements:
            if m.status != "measured" or m.n is None or m.reference is not None:
                continue
            if m.slice or m.curve:
                tables[_table(m)].append(m)
            elif m.over is None:
                totals[_subject(m)] = m.n
        found: set[str] = set()
        for key, cells in tables.items():
            few = {m.id for m in cells if _has_few(m, datasets)}
            found |= _hidden(cells, totals.get(key[0]), few)
        return cls(frozenset(found))


def masked(node: Any, masks: Masks) -> Any:
    """Return a part of a document with small counts masked, at any depth."""
    if isinstance(node, Figure):
        return _figure(node, masks)
    if isinstance(node, Point) and node.n is not None and masks.counts & set(node.n.measurements):
        node = node.model_copy(update={"n": None})  # charts draw from it
    if isinstance(node, tuple):
        return tuple(masked(item, masks) for item in node)
    if isinstance(node, BaseModel):
        changes: dict[str, Any] = {}
        for name in type(node).model_fields:
            before = getattr(node, name)
            after = masked(before, masks)
            if after != before:
                changes[name] = after
        if isinstance(node, GroupTable) and "rows" in changes:
            changes["note"] = (*changes.get("note", node.note), f" {MEANS}")
        return node.model_copy(update=changes) if changes else node
    return node


def _figure(figure: Figure, masks: Masks) -> Figure:
    if not masks.counts & set(figure.measurements):
        return figure
    text = MASKED if figure.is_count else _COUNTS.sub("", figure.text)
    return figure if text == figure.text else figure.model_copy(update={"text": text})


def _hidden(cells: list[Measurement], total: int | None, few: set[str]) -> set[str]:
    """Return the cells of one table that are masked.

    Parameters
    ----------
    total
        What all groups are together, groups without a number among them; None where that is not known.
    few
        Groups with few positives, or few others: all of them less the others would be those few. So none of their
        counts is shown in any table, and none can be worked out from the total of the table.
    """
    found = {m.id for m in cells if _is_small(m)} | few
    shown = sorted((m for m in cells if m.id not in found), key=lambda m: (m.n or 0, m.id))
    whole = sum(m.n or 0 for m in cells) if total is None else total
    rest = whole - sum(m.n or 0 for m in shown)
    while shown and (0 < rest < SMALLEST or (few and len(cells) - len(shown) == 1)):
        smallest = shown.pop(0)
        found.add(smallest.id)
        rest += smallest.n or 0
    return found


def _has_few(m: Measurement, datasets: Mapping[str, Any]) -> bool:
    """Whether a group of one attribute has one to nine positives, or as few others."""
    if len(m.slice) != 1:
        return False
    ((attribute, group),) = m.slice.items()
    attributes = (datasets.get(m.dataset) or {}).get("attributes") or {}
    counts = (attributes.get(attribute) or {}).get("groups", {}).get(group) or {}
    positives, n = counts.get("events"), counts.get("n")
    if positives is None or n is None:
        return False
    return any(0 < cell < SMALLEST for cell in (positives, n - positives))


def _is_small(m: Measurement) -> bool:
    cells = [m.n, m.n_clusters]
    if not m.is_proportion:
        cells.append(m.events)
    return any(0 < cell < SMALLEST for cell in cells if cell is not None)


def _table(m: Measurement) -> tuple[Any, ...]:
    """Return what the cells of one table have in common: all but the group, or the bin."""
    return _subject(m), tuple(sorted(m.slice)), bool(m.curve)


def _subject(m: Measurement) -> tuple[Any, ...]:
    about = (m.metric, m.estimand, m.dataset, m.target_class, m.condition, m.variant, m.fraction, m.judge, m.seed)
    return m.evaluator, *about
