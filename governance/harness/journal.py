"""What happened when, one JSON object a line, on disk before the work goes on."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from governance.errors import CannotRunError


class Journal:
    """Appends events to a file and reads them back. A line that a kill cut off is skipped."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, event: str, **content: Any) -> None:
        """Append an event with the time.

        Raises
        ------
        CannotRunError
            If the file cannot be written.
        """
        line = json.dumps({"at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"), "event": event, **content})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+b") as stream:
                if stream.tell():
                    stream.seek(-1, os.SEEK_END)
                    if stream.read(1) != b"\n":
                        stream.write(b"\n")
                stream.write(line.encode("utf-8") + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise CannotRunError(f"cannot write {self._path}: {error.strerror or error}") from error

    def events(self, *names: str) -> Iterator[dict[str, Any]]:
        """Return the events of these names, all without names, oldest first."""
        if not self._path.is_file():
            return
        for line in self._path.read_bytes().split(b"\n"):
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and (not names or event.get("event") in names):
                yield event
