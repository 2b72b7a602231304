"""The digest that the lock and the documents share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from governance.data_files import data_folder
from governance.documents import rendering
from governance.evidence import templates
from governance.harness import lock


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the templates that `digest` reads."""
    shutil.copytree(data_folder("templates"), tmp_path / "templates")
    monkeypatch.setattr(templates, "data_folder", lambda kind: tmp_path / kind)
    return tmp_path / "templates"


def digest() -> str:
    return templates.templates_digest.__wrapped__()  # past its cache: the copy changes


def test_the_lock_and_the_documents_count_the_same_templates() -> None:
    assert lock.templates_digest is rendering.templates_digest is templates.templates_digest


def test_a_copy_elsewhere_has_the_same_digest(copy: Path) -> None:
    assert digest() == templates.templates_digest()


@pytest.mark.parametrize("name", ["card.html.j2", "style/print.css", "fonts/inter-latin-wght-normal.woff2"])
def test_every_byte_of_a_template_style_or_font_counts(copy: Path, name: str) -> None:
    before = digest()
    (copy / name).write_bytes((copy / name).read_bytes() + b" ")
    assert digest() != before


def test_a_name_counts(copy: Path) -> None:
    before = digest()
    (copy / "card.html.j2").rename(copy / "sheet.html.j2")
    assert digest() != before


def test_what_init_copies_does_not_count(copy: Path) -> None:
    before = digest()
    for path in (copy / "init").iterdir():
        path.write_bytes(path.read_bytes() + b"\n")
    (copy / "init" / "page.css").write_text("p {}")
    assert digest() == before
