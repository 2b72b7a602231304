"""Run folders as commands take them: there, as they were sealed, and nobody else at work in them."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from governance.errors import CannotRunError, InputError, TamperError
from governance.evidence.folder import RunFolder


def existing_run(path: str | Path) -> RunFolder:
    """Return the folder of a run.

    Raises
    ------
    InputError
        If it is none.
    """
    folder = Path(path)
    if not (folder / "spec.lock.json").is_file():
        raise InputError(
            f"{folder} is not a run folder: it has no spec.lock.json",
            hint="`governance list runs` shows the runs of this directory",
        )
    return RunFolder(folder)


def refuse_changed(folder: RunFolder) -> None:
    """Refuse to build on files that are not what the manifest says."""
    if not folder.manifest.exists():
        return
    from governance import dossier

    report = dossier.verify(folder.path)
    if not report.ok:
        raise TamperError(
            f"{folder.path} is not what its manifest says: {report.findings[0]}",
            hint="run `governance dossier verify` for all differences; evaluate again to get the files back",
        )


@contextlib.contextmanager
def held(folder: RunFolder) -> Iterator[None]:
    """Hold the run folder: of two processes in one folder the second refuses."""
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        stream = (folder.path.parent / f".{folder.run_id}.lock").open("w")
    except OSError as error:
        raise CannotRunError(
            f"cannot write {folder.path}: {error.strerror}", hint="choose another folder with --output"
        ) from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotRunError(
                f"another process is working in {folder.path}", hint="wait for it to end, then run the command again"
            ) from error
        yield
