"""Measurements of many slices as rows, everyone first, then each attribute's groups in the inventory's order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from governance.documents.blocks import GroupRow
from governance.documents.build.run import Run
from governance.evidence.model import Measurement
from governance.evidence.wording import slice_words

Key = frozenset[tuple[str, str]]


def by_slice(found: Iterable[Measurement]) -> dict[Key, Measurement]:
    """Return measurements by their slice."""
    return {frozenset(m.slice.items()): m for m in found}


def ordered(run: Run, dataset: str, keys: Iterable[Key]) -> Iterator[tuple[str | None, str, Key]]:
    """Yield the heading that a slice stands under (None for everyone), its label and its key."""
    left = dict.fromkeys(keys)
    if frozenset() in left:
        yield None, "All", frozenset()
    for attribute, title, names in run.groupings(dataset):
        for name in names:
            key = frozenset({(attribute, name)})
            if key in left:
                yield title, run.group_label(dataset, attribute, name), key
    for key in left:
        if len(key) > 1:
            groups = dict(key)
            over = run.crossings.get(frozenset(groups), " x ".join(sorted(groups)))
            named = {attribute: groups[attribute] for attribute in over.split(" x ")}
            yield run.over_label(dataset, over), slice_words(run.lock, dataset, named), key


def group_rows(
    run: Run, dataset: str, found: Mapping[Key, Measurement], row: Callable[[Measurement, str], GroupRow]
) -> Iterator[GroupRow]:
    """Yield a row for each slice, with a heading before those of an attribute."""
    before: str | None = None
    for heading, label, key in ordered(run, dataset, found):
        if heading is not None and heading != before:
            yield GroupRow(label=heading, heading=heading)
        before = heading
        yield row(found[key], label)
