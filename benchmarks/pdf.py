"""How long the PDFs of a finished run take, all at once and one at a time, and how much memory.

``python -m benchmarks.pdf`` makes a run of the example mortality_risk; ``python -m benchmarks.pdf RUN …`` copies
finished run folders instead, for example those of a demonstration. No peer makes these documents: there are only goals.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.timing import Row, median_seconds, print_table
from governance import documents
from governance.documents.audiences import READERS
from governance.documents.pdf import RENDERER
from governance.evidence.folder import RunFolder

GOAL = 15.0
"""Seconds that the longest PDF may take."""
GOAL_TOGETHER = 30.0
"""Seconds that all PDFs of a run may take, on two processors."""
GOAL_MEMORY = 600.0
"""MiB that making them may take, of this process and of all that it starts."""
_LOOK = 0.25
"""Seconds between two looks at the memory."""


@dataclass(frozen=True)
class Made:
    """One PDF: of which model, for whom, and the seconds from the files of the run to the file.

    `seconds` is wall-clock time, which other work on the machine prolongs; `processor` is what it took of processors.
    """

    subject: str
    audience: str
    pages: int
    seconds: float
    processor: float

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{self.subject}, {self.audience}: {self.pages} pages"


@dataclass(frozen=True)
class Together:
    """All PDFs of one run at once. `memory` is the largest sum, in MiB, of the processes' proportional shares."""

    subject: str
    pages: int
    seconds: float
    processor: float
    memory: float

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{self.subject}: {self.pages} pages"


def main(runs: Sequence[str] = ()) -> None:
    """Print the table."""
    missing = RENDERER.missing()
    if missing:
        print(f"\nPDF: not measured, PDFs cannot be made here: {missing}")
        return
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        folders = [Path(shutil.copytree(run, home / Path(run).name)) for run in runs] or [_example(home)]
        together = [_together(RunFolder(folder)) for folder in folders]
        made = [one for folder in folders for one in _each(RunFolder(folder))]
    print_table("PDF, all of a run", [Row(one.name, one.seconds, limit=GOAL_TOGETHER) for one in together])
    for one in together:
        kept = "meets" if one.memory <= GOAL_MEMORY else "misses"
        print(
            f"  {one.subject}: {one.memory:.0f} MiB at most, {one.processor:.1f} s of processor time; "
            f"{kept} the goal of {GOAL_MEMORY:g} MiB"
        )
    print_table("PDF, one at a time", [Row(one.name, one.seconds, limit=GOAL) for one in made])
    longest = max(made, key=lambda one: one.pages)
    kept = "meets" if longest.seconds <= GOAL else "misses"
    took = f"{longest.seconds:.1f} s ({longest.processor:.1f} s of processor time)"
    print(f"  longest: {longest.name} in {took}; {kept} the goal of {GOAL:g} s")


def _example(home: Path) -> Path:
    """Evaluate the example and return its run folder."""
    program = str(Path(sys.executable).parent / "governance")
    words = [program, "demo", "--only", "mortality_risk", "--folder", str(home), "--no-tracking", "--format", "json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    locks = list(home.glob("runs/*/spec.lock.json"))
    if done.returncode in {2, 5} or not locks:
        raise SystemExit(done.stderr)
    return locks[0].parent


def _together(folder: RunFolder) -> Together:
    import pikepdf

    shutil.rmtree(folder.documents, ignore_errors=True)  # a document that is there and fits would be kept
    before = _processor_seconds()
    with _watched_memory() as seen:
        seconds = median_seconds(partial(documents.render, folder, formats=["pdf"]), 1)
    processor = _processor_seconds() - before
    pages = 0
    for file in folder.documents.rglob("*.pdf"):
        with pikepdf.open(file) as pdf:
            pages += len(pdf.pages)
    return Together(_subject(folder), pages, seconds, processor, max(seen))


@contextmanager
def _watched_memory() -> Iterator[list[float]]:
    """Note the memory of this process and of its descendants while something runs.

    A page that several processes share counts once: each has its share of it (the proportional set size of Linux).
    """
    import psutil

    seen: list[float] = []
    ended = threading.Event()
    here = psutil.Process()

    def look() -> None:
        while not ended.is_set():
            total = 0
            for process in [here, *here.children(recursive=True)]:
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue  # it ended meanwhile
            seen.append(total / 2**20)
            ended.wait(_LOOK)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def _subject(folder: RunFolder) -> str:
    return str(folder.read_json(folder.spec_lock)["subject"]["name"])


def _each(folder: RunFolder) -> list[Made]:
    import pikepdf

    subject = _subject(folder)
    found = []
    for audience, reader in READERS.items():
        shutil.rmtree(folder.documents, ignore_errors=True)  # a document that is there and fits would be kept
        before = _processor_seconds()
        seconds = median_seconds(partial(documents.render, folder, audiences=[audience], formats=["pdf"]), 1)
        file = folder.documents / reader.disclosure / f"{audience}.pdf"
        with pikepdf.open(file) as pdf:
            found.append(Made(subject, audience, len(pdf.pages), seconds, _processor_seconds() - before))
    return found


def _processor_seconds() -> float:
    """Processor time of this process and of its children that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    main(sys.argv[1:])
