"""Standard output that survives a closed pipe: what a run came to must not depend on who reads it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

_COMMAND = re.compile(r":(?=:)|##(?=\[)")


def without_commands(text: str) -> str:
    """Return text that is printed, under GitHub Actions pulled apart where its runner would read a command.

    The runner takes any line that begins with ``::``, and ``##[`` anywhere in one, from whoever printed it: the name of
    a group in a dataset could otherwise annotate a file or mask the rest of the log.
    """
    return _COMMAND.sub(r"\g<0> ", text) if os.environ.get("GITHUB_ACTIONS") == "true" else text


class PatientStream:
    """A text stream that drops what nobody reads any more (``governance list metrics | head -3``)."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or drop the text where the reader is gone."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._drop()
        except UnicodeEncodeError:  # a terminal that is not UTF-8
            encoding = self._stream.encoding or "ascii"
            return self._stream.write(text.encode(encoding, "replace").decode(encoding))
        return len(text)

    def flush(self) -> None:
        """Flush, or drop the buffer where the reader is gone."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._drop()

    def _drop(self) -> None:
        """Send the rest, also what is buffered, to nowhere."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextmanager
def patient_streams() -> Iterator[None]:
    """Put patient streams in place of standard output and standard error."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = PatientStream(before[0]), PatientStream(before[1])
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before
