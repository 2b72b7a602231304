"""A rendered run with invented data, shared by the tests of documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.documents import rendering
from governance.documents.blocks import AUDIENCES, Audience
from governance.documents.build.run import Run
from governance.documents.content import Document
from governance.evidence.folder import RunFolder

from .sample_run import write


def documents_of(folder: RunFolder) -> dict[Audience, Document]:
    """The documents of all readers."""
    return dict(zip(AUDIENCES, rendering.documents_of(folder, AUDIENCES), strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return write(Path(tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def run(folder: RunFolder) -> Run:
    return Run.read(folder)


@pytest.fixture(scope="module")
def documents(folder: RunFolder) -> dict[Audience, Document]:
    return documents_of(folder)
