"""How results look in a terminal: words with a shape, aligned, plain where there is no terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from governance.cli.streams import without_commands

if TYPE_CHECKING:
    from governance.api import RunResult
    from governance.policy.model import Decision, Verdict

WIDEST = 132
"""Columns beyond which lines are hard to read."""
NARROW = 100
"""Columns below which a sentence goes under its verdict instead of beside it."""

SHAPES: Mapping[str, tuple[str, str, str]] = {
    "fail": ("✗", "x", "bold red"),
    "not_measured": ("○", "o", "bold yellow"),
    "inconclusive": ("◐", "?", "yellow"),
    "waived": ("–", "-", "cyan"),
    "pass": ("✓", "+", "green"),
}
"""Outcome: its shape, its shape where the terminal is not UTF-8, and its style. In the order in which they are read."""

_SEVERITIES = ("block", "warn", "info")


def console(stream: TextIO | None = None) -> Console:
    """Return a console, by default for standard output. `NO_COLOR` and `COLUMNS` are respected; pipes get it plain."""
    made = Console(file=stream or sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=False)
    made.width = min(made.width, WIDEST)
    return made


def plain(text: object) -> str:
    """Return text on one line without characters that could steer a terminal, or commands to the runner of a job."""
    return without_commands("".join(letter if letter.isprintable() else " " for letter in str(text)))


def shape(outcome: str, target: Console) -> Text:
    """Return an outcome as a word with its shape."""
    drawn, spelled, style = SHAPES[outcome]
    utf8 = (target.encoding or "").lower().replace("-", "") == "utf8"
    return Text(f"{drawn if utf8 else spelled} {outcome.replace('_', ' ')}", style=style)


def print_result(result: RunResult, *, target: Console | None = None) -> None:
    """Print what a run came to: verdicts, outcome, exit code, and where everything lies."""
    out = target or console()
    if result.decision is not None:
        print_decision(result.decision, target=out)
    for note in result.notes:
        out.print(Text(f"note: {plain(note)}"))
    rows = [("Run", result.folder.path)]
    if result.documents:
        rows.append(("Documents", result.folder.documents))
    if result.index is not None:
        rows.append(("All runs", result.index))
    print_places(rows, target=out)


def print_decision(decision: Decision, *, target: Console | None = None) -> None:
    """Print the verdicts, what stops a release first, and the one outcome that follows."""
    out = target or console()
    order = list(SHAPES)
    verdicts = sorted(
        decision.verdicts,
        key=lambda verdict: (order.index(verdict.outcome.value), _SEVERITIES.index(verdict.severity.value)),
    )
    out.print()
    if verdicts:
        _trimmed(_wide(verdicts, out) if out.width >= NARROW else _narrow(verdicts, out), out)
        out.print()
    for note in notes_on(decision):
        _trimmed(Padding(Text(f"note: {plain(note)}"), (0, 0, 0, 2)), out)
    code = int(decision.exit_code)
    _trimmed(Padding(Text(f"{plain(decision.summary).rstrip()} Exit {code}.", style="bold"), (0, 0, 0, 2)), out)


def notes_on(decision: Decision) -> list[str]:
    """Return what a reader of verdicts must know beside them: rules that were changed or dropped, waivers not used."""
    notes = [f"the rule {one.rule} of {one.origin} is dropped: {one.reason}" for one in decision.dropped]
    notes += [
        f"the rule {one.rule} of {one.origin} is changed here: {one.overridden.get('reason')}"
        for one in decision.verdicts
        if one.overridden
    ]
    notes += [f"the waiver of {one.rule} for {one.model} is not used: {one.why}" for one in decision.ignored_waivers]
    if decision.baseline:
        notes.append(f"rules that name a baseline are held against {decision.baseline.words}")
    if decision.exploratory:
        notes.append(decision.exploratory)
    return notes


def _trimmed(content: RenderableType, out: Console) -> None:
    """Print without the blanks that fill a line up, so that output can be copied and compared."""
    with out.capture() as captured:
        out.print(content)
    out.file.write(re.sub(r" +$", "", captured.get(), flags=re.MULTILINE))


def _severity(verdict: Verdict) -> Text:
    """A severity in capitals stands in the way of a release."""
    stops = verdict.severity.value == "block" and verdict.outcome.value not in ("pass", "waived")
    return Text(verdict.severity.value.upper() if stops else verdict.severity.value, style="bold" if stops else "")


def _wide(verdicts: Sequence[Verdict], out: Console) -> Table:
    table = Table.grid(padding=(0, 2))
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    for verdict in verdicts:
        table.add_row(
            Text("  ") + shape(verdict.outcome.value, out),
            Text(plain(verdict.rule)),
            _severity(verdict),
            Text(plain(verdict.sentence)),
        )
    return table


def _narrow(verdicts: Sequence[Verdict], out: Console) -> Group:
    lines: list[RenderableType] = []
    for verdict in verdicts:
        head = Table.grid(padding=(0, 2))
        head.add_column(no_wrap=True, min_width=17)
        head.add_column(no_wrap=True, min_width=5)
        head.add_column(overflow="fold")
        head.add_row(Text("  ") + shape(verdict.outcome.value, out), _severity(verdict), Text(plain(verdict.rule)))
        lines += [head, Padding(Text(plain(verdict.sentence), overflow="fold"), (0, 0, 0, 4))]
    return Group(*lines)


def print_places(rows: Sequence[tuple[str, Path]], *, target: Console | None = None) -> None:
    """Print where things lie, one path a line, never broken, so that it can be copied."""
    out = target or console()
    widest = max((len(name) for name, _ in rows), default=0)
    for name, path in rows:
        out.print(Text(f"  {name + ':':<{widest + 1}} {plain(shortest(path))}"), soft_wrap=True)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, target: Console | None = None) -> None:
    """Print rows under their column names; the last column takes the room that is left."""
    out = target or console()
    table = Table.grid(padding=(0, 2))
    for index, _ in enumerate(columns):
        last = index == len(columns) - 1
        table.add_column(overflow="fold", no_wrap=index == 0, ratio=1 if last else None)
    table.add_row(*(Text(name, style="bold underline") for name in columns))
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    _trimmed(table, out)


def shortest(path: Path) -> str:
    """Return a path relative to the current directory where that is shorter."""
    try:
        relative = os.path.relpath(path)
    except ValueError:
        return str(path)
    return relative if len(relative) < len(str(path)) or not path.is_absolute() else str(path)
