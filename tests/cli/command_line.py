"""Run the real command line, in this process through `execute` or in a process of its own."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from governance.cli.main import execute


@dataclass(frozen=True)
class Outcome:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


def run(*arguments: str | Path) -> Outcome:
    """Run a command in this process, through everything that `main` wraps around click."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = execute([str(argument) for argument in arguments])
    return Outcome(int(code), out.getvalue(), err.getvalue())


def run_alone(*arguments: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None) -> Outcome:
    """Run a command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "governance.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        cwd=cwd,
        env={**os.environ, **(env or {})},
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def nothing_written(folder: Path) -> Iterator[None]:
    """Fail if a folder's files change."""

    def files() -> dict[Path, bytes]:
        return {
            path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
        }

    before = files()
    yield
    assert files() == before
