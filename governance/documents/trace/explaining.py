"""What explains a number that was found in the content model: a measurement, somebody's words, or the run's files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from governance.documents import numbers
from governance.documents.blocks import Figure, Statement
from governance.documents.build.run import Run
from governance.documents.trace.lines import Line, Part
from governance.documents.trace.phrases import Kind, Phrases
from governance.documents.trace.places import Place
from governance.documents.trace.printed import field_printed, problem
from governance.documents.trace.sources import phrases_of
from governance.documents.trace.tokens import is_number, is_word, words
from governance.evidence.model import Measurement

_COLUMNS = {"Cases": "n", "Patients": "clusters", "Positive": "events"}
"""Titles of columns that count what is in the data, and the entry of the inventory that they print."""


@dataclass(frozen=True)
class Explanation:
    """What explains a number. `kind` is None where nothing does; `problem` says what is wrong with what does."""

    kind: Kind | None
    measurement: str | None = None
    field: str | None = None
    problem: str | None = None


class Explainer:
    """Knows the files of a run."""

    def __init__(self, run: Run, lines: Sequence[Line]) -> None:
        self.run = run
        compared = run.comparison.measurements if run.comparison else ()
        self.measurements: dict[str, Measurement] = {m.id: m for m in (*run.evidence.measurements, *compared)}
        self.phrases = phrases_of(run)
        self.sizes = Counter(line.block for line in lines if line.kind in ("row", "TraceRow"))
        for count in Counter(line.block for line in lines if line.kind == "Gap").values():
            self.phrases.add(f"open gaps {count} listed under", "count")
        self.groups = {label for name in run.datasets for label in self._group_labels(name)}
        self._catalogues: Phrases | None = None
        self.listed = _listed(run)
        self._known: dict[tuple[int, int, int], Explanation] = {}
        self._wrong: dict[Figure, str | None] = {}

    def _group_labels(self, dataset: str) -> Iterator[str]:
        """Yield the name of every group of a dataset."""
        for name, _, groups in self.run.groupings(dataset):
            yield from (self.run.group_label(dataset, name, group) for group in groups)

    def explain(self, place: Place) -> Explanation:
        """Return what explains the number at a place of the content model."""
        key = (place.line.order, _position(place.line, place.part), place.index)
        if key not in self._known:
            self._known[key] = self._explain(place.line, place.part, place.index)
        return self._known[key]

    def _explain(self, line: Line, part: Part, index: int) -> Explanation:
        if part.role in _DRAWN:
            return self._drawn(line, part)
        piece = part.pieces[part.owners[index]]
        if isinstance(piece, Figure):
            return self._figure(piece, part, index)
        if isinstance(piece, Statement):
            return self._statement(piece)
        if line.kind == "TraceRow" and part.role in ("measurement", "digest"):
            known = part.text in self.measurements or any(
                m.dataset_digest.startswith(part.text) for m in self.measurements.values()
            )
            return Explanation("identity" if known else None)
        return Explanation(self._words(line, part, index))

    def _figure(self, figure: Figure, part: Part, index: int) -> Explanation:
        found = [self.measurements[one] for one in figure.measurements if one in self.measurements]
        token = part.tokens[index]
        if self._is_sentence(figure.text):
            field = field_printed(token, found)
            if field is not None:
                return Explanation("measurement", _owner(token, found), field.name)
            return Explanation(self.phrases.find(words(figure.text), _within(part, index)))
        if figure not in self._wrong:
            self._wrong[figure] = problem(figure.text, found)
        field = field_printed(token, found)
        first = found[0].id if found else (figure.measurements or (None,))[0]
        return Explanation(
            "measurement", _owner(token, found) or first, field.name if field else None, self._wrong[figure]
        )

    @staticmethod
    def _is_sentence(text: str) -> bool:
        """Whether a figure is a sentence of the decision, whose numbers belong to its rule as well."""
        return any(is_word(token) and token not in _OF_A_NUMBER for token in words(text))

    def _statement(self, said: Statement) -> Explanation:
        fact = self.run.facts.get(said.fact)
        if fact is not None and said.text in (fact.statement, said.withheld().text):
            return Explanation("statement", field=said.fact)
        index = next((i for i, token in enumerate(words(said.text)) if is_number(token)), 0)
        return Explanation(self.phrases.find(words(said.text), index), field=said.fact)

    def _drawn(self, line: Line, part: Part) -> Explanation:
        """Explain a tick, a coordinate, or how many dots are filled."""
        if part.role == "tick":
            return Explanation("axis")
        if part.role == "points":
            return Explanation("count")
        found = [self.measurements[one] for one in _ids(line) if one in self.measurements]
        field = field_printed(part.tokens[0], found)
        if field is None:
            return Explanation(None)
        return Explanation("measurement", _owner(part.tokens[0], found), field.name)

    def _words(self, line: Line, part: Part, index: int) -> Kind | None:
        kind = self.phrases.find(part.tokens, index)
        if kind is None and len(line.parts) > 1:
            before = sum(len(one.tokens) for one in line.parts[: _position(line, part)])
            kind = self.phrases.find(line.tokens, before + index)
        if kind is None and line.kind == "row":
            kind = self._counted(line, part)
        if kind is None and self._names_group(line, part):
            kind = "data"
        if kind is None:
            kind = self._listed(part) or self._of_catalogues(line, part, index)
        return kind

    def _of_catalogues(self, line: Line, part: Part, index: int) -> Kind | None:
        """Explain a number by the catalogues of requirements, which are read only where nothing else explains it."""
        if self._catalogues is None:
            from governance.documents.trace.catalogue_words import catalogue_phrases

            self._catalogues = catalogue_phrases(self.run)
        before = sum(len(one.tokens) for one in line.parts[: _position(line, part)])
        found = self._catalogues.find(part.tokens, index)
        return found or self._catalogues.find(line.tokens, before + index)

    def _counted(self, line: Line, part: Part) -> Kind | None:
        """Explain a count of the inventory by the dataset and the group that its row names."""
        cells = dict(zip(line.columns, (one.text for one in line.parts), strict=False))
        title = line.columns[_position(line, part)]
        name = cells.get("Dataset", "").partition(":")[0]
        entry: Mapping[str, object] | None = self.run.datasets.get(name)
        if entry is None:
            return self._share_of_labels(title, part)
        if "Group" in cells:
            entry = self._group(name, cells.get("Attribute", ""), cells["Group"])
        if title == "Digest" and part.text == numbers.short(str(entry.get("digest", ""))):
            return "identity"
        count = entry.get(_COLUMNS.get(title, ""))
        return "data" if isinstance(count, int) and part.text == numbers.thousands(count) else None

    def _group(self, dataset: str, attribute: str, group: str) -> Mapping[str, object]:
        """Return the entry of the inventory of a group by the words that a row has for it."""
        for name, title, groups in self.run.groupings(dataset):
            for one in groups:
                if (title, self.run.group_label(dataset, name, one)) == (attribute, group):
                    return self.run.datasets[dataset]["attributes"][name]["groups"].get(one) or {}
        return {}

    def _names_group(self, line: Line, part: Part) -> bool:
        """Whether a part is the name of a group, where groups are named: some are called by a bare number."""
        if part.role == "cell":
            return part.text in self._groups_of(line)
        return part.role in ("label", "column") and part.text in self.groups

    def _groups_of(self, line: Line) -> set[str]:
        """Return the names of the groups that the measurements of a line are about."""
        found = [self.measurements[one] for one in _ids(line) if one in self.measurements]
        return {
            self.run.group_label(m.dataset, attribute, group)
            for m in found
            for about in (m.slice, m.reference or {})
            for attribute, group in about.items()
        }

    def _share_of_labels(self, title: str, part: Part) -> Kind | None:
        shares = {numbers.percent(m.fraction) for m in self.measurements.values() if m.fraction is not None}
        return "measurement" if "label" in title.casefold() and part.text in shares else None

    def _listed(self, part: Part) -> Kind | None:
        """Explain how many more there are than are listed."""
        return "count" if part.text in self.listed else None


_OF_A_NUMBER = frozenset({"to", "at", "least", "most", "fewer", "more", "than", "below", "above"})
"""Words that are printed as part of a number."""
_DRAWN = frozenset({"tick", "x", "count", "points"})


def _position(line: Line, part: Part) -> int:
    return next(index for index, one in enumerate(line.parts) if one is part)


def _within(part: Part, index: int) -> int:
    """Return the index of a token among those of its own piece."""
    return index - part.owners.index(part.owners[index])


def _owner(token: str, found: Sequence[Measurement]) -> str | None:
    return next((m.id for m in found if field_printed(token, (m,)) is not None), None)


def _ids(line: Line) -> list[str]:
    ids: dict[str, None] = {}
    for part in line.parts:
        for piece in part.pieces:
            if isinstance(piece, Figure):
                ids.update(dict.fromkeys(piece.measurements))
    return list(ids)


def _listed(run: Run) -> frozenset[str]:
    """Return the lists of what shares one estimate, cut anywhere, with how many more there are."""
    found: dict[tuple[str, str | None, str], dict[str, None]] = {}
    for m in run.evidence.measurements:
        usual, wide = m.interval or m.simultaneous, m.gating
        names = {
            "metric": run.title_of(m.metric) + ("" if m.estimand == "value" else f", {m.estimand}"),
            "usual": usual.method if usual else f"none: {m.interval_reason}",
            "wide": wide.method if wide else "the same",
        }
        for what, name in names.items() if m.status == "measured" else ():
            found.setdefault((m.method.name, m.method.source, what), {})[name] = None
    cut: set[str] = set()
    for listed in map(list, found.values()):
        cut |= {f"{'; '.join(listed[:at])}; and {len(listed) - at} more" for at in range(1, len(listed))}
    return frozenset(cut)
