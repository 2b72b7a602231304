"""Progress on standard error: a bar with time left in a terminal, one line a stage elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from governance.cli.console import plain


class TerminalReporter:
    """A reporter that tells a person how far a run is. Standard output is left to the result.

    Use it as a context manager; it keeps the `Reporter` protocol of `governance.harness.progress`.
    """

    def __init__(self, target: Console | None = None) -> None:
        self._console = target or Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._name = ""
        self._started = time.monotonic()
        if self._console.is_terminal:
            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(elapsed_when_finished=True),
                console=self._console,
                transient=True,
            )

    def __enter__(self) -> Self:
        if self._progress:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish(whole=kind is None)
        if self._progress:
            self._progress.stop()

    def stage(self, name: str, total: int | None) -> None:
        """Begin a stage of so many steps, or of an unknown number."""
        self._finish(whole=True)
        self._name, self._started = plain(name), time.monotonic()
        if self._progress:
            self._task = self._progress.add_task(self._name, total=total)
        else:
            steps = f" ({total} {'step' if total == 1 else 'steps'})" if total else ""
            self._console.print(Text(f"{self._name}{steps} ..."), soft_wrap=True)

    def advance(self, n: int = 1) -> None:
        """Say that `n` steps are done."""
        if self._progress and self._task is not None:
            self._progress.advance(self._task, n)

    def note(self, text: str) -> None:
        """Say something that a person should know."""
        self._console.print(Text(f"  {plain(text)}"), soft_wrap=True)

    def _finish(self, *, whole: bool) -> None:
        """Leave one line behind for the stage that ended."""
        if self._progress and self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None
            if whole:
                seconds = time.monotonic() - self._started
                self._console.print(Text(f"  {self._name}: {seconds:.1f} s", style="dim"), soft_wrap=True)
