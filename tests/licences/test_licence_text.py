"""The licence text: referred to by its digest, copied byte for byte, and never taken from elsewhere."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from governance.errors import InputError
from governance.evidence.folder import RunFolder
from governance.licences import check_licence, describe_licence, write_licence
from governance.licences.text import MAXIMUM_BYTES

from .sample_spec import loaded, spec

TEXT = "OpenRAIL-M\r\n\n  Ünaltered \t\n".encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    (place / "LICENCE.txt").write_bytes(TEXT)
    return place


def test_the_text_is_copied_byte_for_byte_and_named_by_its_digest(folder: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    statement = write_licence(run, loaded(folder, {"kind": "OpenRAIL-M", "text": "LICENCE.txt", "built_on": []}))
    digest = hashlib.sha256(TEXT).hexdigest()
    assert statement.text_sha256 == digest
    assert statement.text_file == "text/LICENCE.txt"
    assert (run.licence / "text" / "LICENCE.txt").read_bytes() == TEXT
    assert json.loads((run.licence / "licence.json").read_bytes())["text_sha256"] == digest
    assert digest in (run.licence / "NOTICE.md").read_text()
    assert digest in (run.licence / "FLOW-DOWN.md").read_text()
    assert statement.huggingface["license_link"] == "licence/text/LICENCE.txt"


def test_no_text_of_the_notice_goes_into_the_copy_of_the_licence(folder: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    for own in ("Not at night.", "Not at sea."):
        licence = {"kind": "OpenRAIL-M", "text": "LICENCE.txt", "own_restrictions": {"own": own}}
        write_licence(run, loaded(folder, licence))
        assert (run.licence / "text" / "LICENCE.txt").read_bytes() == TEXT


def test_a_text_that_is_named_no_more_is_removed(folder: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    write_licence(run, loaded(folder, {"kind": "OpenRAIL-M", "text": "LICENCE.txt"}))
    write_licence(run, loaded(folder, {"kind": "MIT", "built_on": []}))
    assert sorted(path.name for path in run.licence.rglob("*") if path.is_file()) == ["NOTICE.md", "licence.json"]


@pytest.mark.parametrize("name", ["LICENSE.txt", "../secret.txt", "link.txt", ".", "empty.txt", "large.txt"])
def test_what_is_no_licence_text_beside_the_spec_is_refused_at_its_line(folder: Path, name: str) -> None:
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "empty.txt").write_text(" \n")
    (folder / "large.txt").write_bytes(b"x" * (MAXIMUM_BYTES + 1))
    with pytest.raises(InputError, match=r"governance\.yaml:8:9: .*licence text"):
        check_licence(loaded(folder, f"licence:\n  kind: OpenRAIL-M\n  text: {name}\n"))


def test_a_link_is_named_and_not_followed(folder: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    link = "https://example.org/licence.txt"
    statement = write_licence(run, loaded(folder, {"kind": "OpenRAIL-M", "text": link}))
    assert (statement.text_link, statement.text_sha256, statement.text_file) == (link, None, None)
    assert not (run.licence / "text").exists()


def test_without_the_folder_of_the_spec_the_text_is_named_and_not_read() -> None:
    statement = describe_licence(spec({"kind": "OpenRAIL-M", "text": "LICENCE.txt"}))
    assert (statement.text, statement.text_sha256) == ("LICENCE.txt", None)


@pytest.mark.parametrize(
    ("name", "copy"), [("a b*.txt", "text/a-b-.txt"), ("…", "text/licence"), (".hidden", "text/hidden")]
)
def test_the_copy_has_a_name_that_every_system_takes(folder: Path, name: str, copy: str) -> None:
    (folder / name).write_bytes(TEXT)
    assert check_licence(loaded(folder, {"kind": "OpenRAIL-M", "text": name})).text_file == copy
