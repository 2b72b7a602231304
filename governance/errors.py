"""Errors written for the person who must mend them, and the exit codes they lead to.

Every error that can be caused from outside (a file, an option, a missing library) is a `GovernanceError`. It says what
was wrong, where, what was expected and what to try next. Anything else that reaches `main` is an internal error.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

_LONGEST_QUOTE = 300
"""Characters of a library's words that an error repeats."""


class ExitCode(IntEnum):
    """What a command's exit status means; the same in every command.

    All of 1 to 5 stop a release. Where several hold, `worst` picks the one that is reported.
    """

    OK = 0
    FAILED = 1
    BAD_INPUT = 2
    INCONCLUSIVE = 3
    NOT_MEASURED = 4
    COULD_NOT_RUN = 5

    @staticmethod
    def worst(codes: Iterable[ExitCode]) -> ExitCode:
        """Return the code to report when several hold: 5, 2, 1, 4, 3, 0."""
        order = [
            ExitCode.COULD_NOT_RUN,
            ExitCode.BAD_INPUT,
            ExitCode.FAILED,
            ExitCode.NOT_MEASURED,
            ExitCode.INCONCLUSIVE,
        ]
        held = set(codes)
        return next((code for code in order if code in held), ExitCode.OK)


@dataclass(frozen=True)
class Location:
    """A place in a file that a person wrote. Lines and columns count from 1."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


class GovernanceError(Exception):
    """An error with a message for its reader.

    Parameters
    ----------
    message
        What was wrong, in one sentence, with the offending value.
    location
        The file, and where known the line and column.
    hint
        What to do next: the expected form, a near name, the next command to try.
    """

    exit_code: ExitCode = ExitCode.COULD_NOT_RUN

    def __init__(self, message: str, *, location: Location | None = None, hint: str | None = None) -> None:
        self.message = message
        self.location = location
        self.hint = hint
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        hint = f"\n  {self.hint}" if self.hint else ""
        return f"{place}{self.message}{hint}"


class InputError(GovernanceError):
    """Bad usage or malformed input (exit 2)."""

    exit_code = ExitCode.BAD_INPUT


class TamperError(GovernanceError):
    """A file is not what its manifest says (exit 1)."""

    exit_code = ExitCode.FAILED


class CannotRunError(GovernanceError):
    """The environment does not allow it: device, disk, network, tracking server (exit 5)."""

    exit_code = ExitCode.COULD_NOT_RUN


def first_line(error: Exception) -> str:
    """Return the first line of what a library said, cut where it is long; its kind where it said nothing."""
    text = str(error).strip()
    return text.splitlines()[0][:_LONGEST_QUOTE] if text else type(error).__name__


def near_name(wrong: str, known: Iterable[str]) -> str:
    """Return ``"did you mean 'x'? Known: ..."`` for a name that is not known."""
    names = sorted(set(known))
    close = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    listing = "known: " + ", ".join(names) if names else "none is known"
    return f"did you mean '{close[0]}'? {listing}" if close else listing
