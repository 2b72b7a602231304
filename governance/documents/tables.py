"""Blocks as tables: what formats print that draw no charts. Cells keep their references; each format escapes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.documents.blocks import (
    Chart,
    Column,
    DataTable,
    Figure,
    GroupRow,
    GroupTable,
    KeyFigures,
    Panel,
    Point,
    Series,
    Text,
    Trace,
)

_BAR = "bar "
"""How labels begin that are the bar of a rule."""


@dataclass(frozen=True)
class Row:
    """A row of a table; a `heading` stands over the rows that follow and fills the first cell alone."""

    cells: tuple[Text, ...]
    heading: bool = False


@dataclass(frozen=True)
class Table:
    """Columns and rows; each row has a cell for every column."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def of_groups(block: GroupTable) -> Table:
    """Return a metric by group: what a forest plot draws, and in the last column what it marks."""
    columns = [
        Column(title=block.head),
        *([Column(title="patients", numeric=True)] if block.clustered else []),
        Column(title=block.n_title, numeric=True),
        Column(title=block.metric, numeric=True),
        Column(title="interval", numeric=True),
        *([Column(title=block.beside, numeric=True), Column(title="interval", numeric=True)] if block.beside else []),
        Column(title="note"),
    ]
    return Table(tuple(columns), tuple(_group(block, row, len(columns)) for row in block.rows))


def bar_of(block: GroupTable) -> str:
    """Return what the numbers of a group table are held against, in a sentence; empty where that is nothing."""
    if block.bar_label is None:
        return ""
    if block.bar_label.startswith(_BAR):
        return f"The provider's {block.bar_label}."
    return f"To be compared with: {block.bar_label}."


def of_chart(block: Chart) -> Table:
    """Return the points of a chart. Columns of names that no point has are left out."""
    found = [
        _point(block, panel, line, point) for panel in block.panels for line in panel.series for point in line.points
    ]
    columns = (
        Column(title="Panel"),
        Column(title="Line"),
        Column(title="threshold", numeric=True),
        Column(title=block.x.title, numeric=True),
        Column(title=block.y.title, numeric=True),
        Column(title="interval", numeric=True),
        Column(title="n", numeric=True),
    )
    names = 3
    used = [at for at in range(len(columns)) if at >= names or any(any(map(_said, cells[at])) for cells in found)]
    return Table(tuple(columns[at] for at in used), tuple(Row(tuple(cells[at] for at in used)) for cells in found))


def of_key_figures(block: KeyFigures) -> Table:
    """Return headline numbers, one a row."""
    columns = (
        Column(title="Metric"),
        Column(title="value", numeric=True),
        Column(title="interval", numeric=True),
        Column(title="note"),
    )
    rows = ((_text(item.label), _one(item.value), _one(item.interval), item.note) for item in block.items)
    return Table(columns, tuple(Row(cells) for cells in rows))


def of_data(block: DataTable) -> Table:
    """Return a data table as it is."""
    return Table(block.columns, tuple(Row(cells) for cells in block.rows))


def of_trace(block: Trace) -> Table:
    """Return the numbers as printed with the measurements that they are read from."""
    columns = (
        Column(title="As printed"),
        Column(title="About"),
        Column(title="Measurement", code=True),
        Column(title="Data", code=True),
    )
    rows = (
        (" \N{MIDDLE DOT} ".join(row.texts), row.about, row.measurement, row.dataset_digest[:12]) for row in block.rows
    )
    return Table(columns, tuple(Row(tuple(_text(cell) for cell in cells)) for cells in rows))


def _group(block: GroupTable, row: GroupRow, width: int) -> Row:
    if row.heading:
        return Row((_text(row.heading), *(() for _ in range(width - 1))), heading=True)
    cells = [
        _text(row.label),
        *([_one(row.patients)] if block.clustered else []),
        _one(row.n) if row.value else (),
        _one(row.value) or _text("not measured"),
        _one(row.interval),
        *([_one(row.beside), _one(row.beside_interval)] if block.beside else []),
        _marks(row),
    ]
    return Row(tuple(cells))


def _marks(row: GroupRow) -> Text:
    """Return what is said of a group beside its number, or in its place."""
    parts: list[Text] = [_text(row.mark)]
    parts += [("verdict on ", row.verdict)] if row.verdict else []
    parts += [(row.n, " cases")] if row.n and not row.value else []
    parts.append(_text(row.reason))
    return _joined([part for part in parts if part], "; ")


def _point(block: Chart, panel: Panel, line: Series, point: Point) -> tuple[Text, ...]:
    place = "none" if block.form == "conditions" and point.x == 0 else f"{point.x:.4g}"
    return (
        _text(panel.title),
        _text(line.title),
        _one(point.name),
        _one(point.label) or _text(place),
        _one(point.figure),
        _one(point.interval),
        _one(point.n),
    )


def _joined(parts: Sequence[Text], between: str) -> Text:
    joined: list[Text] = []
    for part in parts:
        joined += [(between,), part] if joined else [part]
    return tuple(item for part in joined for item in part)


def _text(said: str | None) -> Text:
    return (said,) if said else ()


def _one(figure: Figure | None) -> Text:
    return () if figure is None else (figure,)


def _said(part: object) -> bool:
    return bool(part if isinstance(part, str) else getattr(part, "text", ""))
