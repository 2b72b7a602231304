"""The child process that makes PDFs: ``python -m governance.documents.pdf.worker FOLDER``.

For every ``NAME.job`` of the folder it reads ``NAME.html`` and ``NAME.data`` and writes ``NAME.pdf``, or ``NAME.why``
where it could not. WeasyPrint is loaded once; each document is then made by a fork of its own. So a document that
fails takes no other with it, memory goes back to the system after each, and its bytes do not depend on its neighbours.
"""

from __future__ import annotations

import gc
import io
import logging
import os
import resource
import signal
import sys
from pathlib import Path

from governance.documents.pdf.job import Job

AT_ONCE = 2
"""Documents that are made at the same time, where there are processors: more would need more memory."""
MEMORY_LIMIT = 2 * 1024**3
"""Bytes of address space of one document; a 5,000-row table took 560 MiB resident when this was measured."""
PROCESSOR_LIMIT = 120
"""Seconds of processor time of one document; the longest of the demonstration takes about a tenth of it."""
FILE_LIMIT = 256 * 1024**2
"""Bytes of one file."""
_LONGEST_REASON = 300


def main(folder: Path) -> int:
    """Make the PDFs of a folder."""
    _limit()
    import pikepdf  # noqa: F401 - loaded before the fork, for all
    import weasyprint  # noqa: F401

    for name in ("weasyprint", "fontTools"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    gc.freeze()  # what is loaded now is shared by all forks: looking through it would copy it
    waiting = sorted(folder.glob("*.job"))
    running: dict[int, Path] = {}
    while waiting or running:
        while waiting and len(running) < min(AT_ONCE, len(os.sched_getaffinity(0))):
            job = waiting.pop(0)
            running[_start(job)] = job
        process, status = os.wait()
        ended = running.pop(process)
        if status != 0 and not ended.with_suffix(".why").exists():
            ended.with_suffix(".why").write_text(_reason(os.waitstatus_to_exitcode(status)), "utf-8")
    return 0


def _limit() -> None:
    """Set limits that each fork has for itself: memory, size of files, and no dump of its memory."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_LIMIT, FILE_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _start(job: Path) -> int:
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_LIMIT, PROCESSOR_LIMIT + 5))
        _make(job)
        code = 0
    except BaseException as error:  # whatever it was, it is reported: a fork never goes on from here
        said = " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST_REASON]
        job.with_suffix(".why").write_text(said, "utf-8")
    finally:
        os._exit(code)


def _make(job: Path) -> None:
    import pikepdf

    from governance.documents.pdf import archive, layout, structure

    told = Job.read(job)
    laid_out = layout.pages(job.with_suffix(".html").read_text("utf-8"), told.paper, told.identifier.encode("ascii"))
    with pikepdf.open(io.BytesIO(laid_out)) as file:
        structure.mend(file)
        archive.finish(file, told, job.with_suffix(".data").read_bytes())
        partial = job.with_suffix(".part")
        archive.save(file, partial)
    partial.rename(job.with_suffix(".pdf"))


def _reason(code: int) -> str:
    if code == -signal.SIGXCPU:
        return f"it took more than {PROCESSOR_LIMIT} s of processor time"
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process ended with {code}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
