"""How long work tells that it goes on; printing it is the command line's business."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Is told what happens. Calls are cheap and never fail."""

    def stage(self, name: str, total: int | None) -> None:
        """Begin a stage of `total` steps (None: not known)."""
        ...

    def advance(self, n: int = 1) -> None:
        """Finish `n` steps of the stage."""
        ...

    def note(self, text: str) -> None:
        """Say one sentence."""
        ...


class SilentReporter:
    """A reporter that says nothing."""

    def stage(self, name: str, total: int | None) -> None:
        """Ignore it."""

    def advance(self, n: int = 1) -> None:
        """Ignore it."""

    def note(self, text: str) -> None:
        """Ignore it."""
