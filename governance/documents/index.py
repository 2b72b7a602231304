"""The internal index page: all runs of a folder with their outcomes and documents."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.documents import numbers
from governance.documents.audiences import READERS
from governance.documents.blocks import Word
from governance.documents.build.first import answer_word
from governance.documents.build.run import latest_decision
from governance.documents.wording import ORDER, WORDS
from governance.errors import GovernanceError
from governance.evidence.folder import RunFolder, write_atomically


@dataclass(frozen=True)
class Entry:
    """One run on the index page. `links` are titles with addresses relative to the page."""

    run_id: str
    subject: str
    version: str
    word: Word
    statement: str
    counts: tuple[tuple[Word, int], ...]
    policy: str
    date: str
    started: str
    links: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def render_index(runs: Path) -> Path:
    """Write ``index.html`` over all runs of a folder, newest first, and return its path.

    A run that cannot be read is listed with the reason; it does not hide the others.

    Raises
    ------
    CannotRunError
        If the page cannot be written.
    """
    from markupsafe import Markup

    from governance.documents.html import csp_hash, environment, stylesheet

    entries, broken = [], []
    for lock in sorted(runs.glob("*/spec.lock.json")):
        try:
            entries.append(_entry(RunFolder(lock.parent), runs))
        except (GovernanceError, KeyError, TypeError, ValueError, OSError) as error:
            broken.append((lock.parent.name, str(error).splitlines()[0] if str(error) else type(error).__name__))
    entries.sort(key=lambda entry: (entry.subject, entry.run_id))
    entries.sort(key=lambda entry: entry.started, reverse=True)
    style = stylesheet(printed=False, extended=True)
    page = (
        environment()
        .get_template("index.html.j2")
        .render(entries=entries, broken=broken, style=Markup(style), style_hash=csp_hash(style))  # noqa: S704 - ours
    )
    path = runs / "index.html"
    write_atomically(path, page.encode("utf-8"))
    return path


def _entry(folder: RunFolder, runs: Path) -> Entry:
    subject = folder.read_json(folder.spec_lock)["subject"]
    decision = latest_decision(folder) if folder.evidence_json.exists() else None
    word, statement = answer_word(decision)
    counts: Counter[Word] = Counter(WORDS[v.outcome.value] for v in decision.verdicts) if decision else Counter()
    started = _started(folder)
    return Entry(
        run_id=folder.run_id,
        subject=str(subject["name"]),
        version=str(subject["version"]),
        word=word,
        statement=statement,
        counts=tuple((word, counts[word]) for word in ORDER if counts[word]),
        policy=f"{decision.policy} {decision.policy_version}" if decision else "",
        date=numbers.day(dt.datetime.fromisoformat(started).date()) if started else "not recorded",
        started=started,
        links=tuple(_links(folder, runs)),
    )


def _started(folder: RunFolder) -> str:
    if not folder.run_json.exists():
        return ""
    content: Any = json.loads(folder.run_json.read_bytes())
    return str(content.get("started_at") or "")


def _links(folder: RunFolder, runs: Path) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    links = []
    for reader in READERS.values():
        files = [
            (extension, (folder.documents / reader.disclosure / f"{reader.audience}.{extension}"))
            for extension in ("html", "pdf", "docx", "md", "json")
        ]
        found = tuple((name, path.relative_to(runs).as_posix()) for name, path in files if path.is_file())
        if found:
            links.append((reader.title, found))
    return links
