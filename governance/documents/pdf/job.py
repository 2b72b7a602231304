"""What the child process is told about one document, and how both sides name the files of a job."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from governance.documents.content import Document, Identity

Paper = Literal["A4", "letter"]


@dataclass(frozen=True)
class Job:
    """One PDF to make.

    Attributes
    ----------
    title
        Of the file, shown in the title bar.
    identifier
        The permanent part of the file's identifier.
    attachment, description
        Name of the attached data, and what it is.
    dated
        Date of the attached data, as PDF writes dates.
    """

    title: str
    language: str
    identifier: str
    attachment: str
    description: str
    dated: str
    paper: Paper

    def write(self, path: Path) -> None:
        """Write the job for the child process."""
        path.write_text(json.dumps(asdict(self)), "utf-8")

    @staticmethod
    def read(path: Path) -> Job:
        """Read the job in the child process."""
        return Job(**json.loads(path.read_text("utf-8")))


def job(document: Document, paper: Paper) -> Job:
    """Return the job that makes a document."""
    identity = document.identity
    return Job(
        title=f"{document.title}: {identity.subject} {identity.version}",
        language=document.language,
        identifier=f"{identity.run_id}-{document.name or document.audience}",
        attachment=f"{document.name or document.audience}.json",
        description="The content of this document as data: every table in full, and the measurements of every number",
        dated=_dated(identity),
        paper=paper,
    )


def _dated(identity: Identity) -> str:
    """Return the day of the measurements, so that the same run gives the same bytes on any other day."""
    try:
        # `measured` is written in English whatever the locale; strptime reads it so as long as nobody sets one.
        day = datetime.strptime(identity.measured or "", "%d %b %Y")  # noqa: DTZ007 - a day has no zone
    except ValueError:
        day = datetime(1970, 1, 1)  # noqa: DTZ001
    return f"D:{day:%Y%m%d}000000Z"
