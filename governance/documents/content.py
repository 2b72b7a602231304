"""The content model: what a document says, before any format.

A `Content` holds the blocks for all readers; `audiences.select` takes from it the `Document` of one reader; a renderer
turns that into bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel

from governance.documents.blocks import AUDIENCES, AnyBlock, Audience, DataTable, Figure, Text, TraceRow
from governance.evidence.model import Frozen
from governance.spec.model import Disclosure

CONTENT_VERSION: Literal[1] = 1


class Section(Frozen):
    """A part of a document. Two neighbouring `half` sections stand side by side where there is room."""

    id: str
    title: str | None
    blocks: tuple[AnyBlock, ...]
    half: bool = False
    audiences: tuple[Audience, ...] = AUDIENCES
    disclosure: Disclosure = "public"


class Identity(Frozen):
    """Which run of which model a document is about."""

    subject: str
    version: str
    subject_digest: str
    provider: Text
    measured: str | None
    run_id: str
    evidence_digest: str
    policy: str | None


class Content(Frozen):
    """Everything that may be said about a run, for all readers."""

    identity: Identity
    headline: Text
    least: Text = ()
    sections: tuple[Section, ...]


class Document(Frozen):
    """What one reader sees. `name` is that of an extract (`governance.documents.extracts`)."""

    version: Literal[1] = CONTENT_VERSION
    language: str = "en"
    audience: Audience
    name: str | None = None
    disclosure: Disclosure
    title: str
    caution: str
    identity: Identity
    headline: Text
    least: Text = ()
    sections: tuple[Section, ...]
    trace: tuple[TraceRow, ...] = ()

    @property
    def stem(self) -> str:
        """Path of its files below the folder of its disclosure, without the ending."""
        return self.audience if self.name is None else f"extracts/{self.name}"


def figures(node: Any) -> Iterator[Figure]:
    """Yield every number below a node of the content model, in the order in which it is printed.

    Rows of data tables are left out: they name their measurement in a column of their own, or the page and the data
    file carry the reference with every number, where a list of them all would be too long to read.
    """
    if isinstance(node, Figure):
        yield node
    elif isinstance(node, DataTable):
        yield from figures(node.caption)
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from figures(getattr(node, name))
    elif isinstance(node, tuple):
        for item in node:
            yield from figures(item)


def plain(text: Text) -> str:
    """Return a text without its references."""
    return "".join(item if isinstance(item, str) else item.text for item in text)
