"""A person's own code is found beside the spec first, and code of another spec is never reused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from governance.errors import CannotRunError, InputError
from governance.spec import load_reference


def folder(parent: Path, name: str, **files: str) -> Path:
    made = parent / name
    made.mkdir()
    for stem, text in files.items():
        (made / f"{stem}.py").write_text(text, encoding="utf-8")
    return made


def test_modules_of_the_same_name_in_two_folders_are_kept_apart(tmp_path: Path) -> None:
    one = folder(
        tmp_path, "one", own_loader="import own_parts\ndef f():\n    return own_parts.WHERE", own_parts="WHERE = 1"
    )
    two = folder(
        tmp_path, "two", own_loader="import own_parts\ndef f():\n    return own_parts.WHERE", own_parts="WHERE = 2"
    )
    first, second = load_reference("own_loader:f", one), load_reference("own_loader:f", two)
    assert (first(), second()) == (1, 2)
    assert load_reference("own_loader:f", one)() == 1


def test_a_module_that_is_missing_here_is_not_taken_from_another_folder(tmp_path: Path) -> None:
    one, two = folder(tmp_path, "one", own_only_there="X = 1"), folder(tmp_path, "two")
    assert load_reference("own_only_there:X", one) == 1
    with pytest.raises(InputError, match="no module 'own_only_there'"):
        load_reference("own_only_there:X", two)


def test_a_module_is_imported_once(tmp_path: Path) -> None:
    base = folder(tmp_path, "base", own_state="class State: ...")
    assert load_reference("own_state:State", base) is load_reference("own_state:State", base)


def test_the_folder_is_on_the_path_only_while_importing(tmp_path: Path) -> None:
    base = folder(tmp_path, "base", own_path="import sys\nSEEN = list(sys.path)")
    before = list(sys.path)
    assert load_reference("own_path:SEEN", base)[0] == str(base.resolve())
    assert sys.path == before


def test_installed_modules_are_found_too(tmp_path: Path) -> None:
    assert load_reference("json:dumps", tmp_path)({}) == "{}"


@pytest.mark.parametrize("name", ["json", "numpy", "governance"])
def test_a_file_must_not_hide_an_installed_module(tmp_path: Path, name: str) -> None:
    base = folder(tmp_path, "base", **{name: "X = 1"})
    with pytest.raises(InputError, match="name of an installed module"):
        load_reference(f"{name}:X", base)


def test_a_missing_module_or_name_is_an_input_error_with_a_near_name(tmp_path: Path) -> None:
    base = folder(tmp_path, "base", own_nodules="def testing(): ...\ndef training(): ...")
    with pytest.raises(InputError, match="no module 'own_nodule'") as missing:
        load_reference("own_nodule:testing", base)
    assert "did you mean 'own_nodules'?" in str(missing.value.hint)
    with pytest.raises(InputError, match="has no 'testin'") as wrong:
        load_reference("own_nodules:testin", base)
    assert "did you mean 'testing'?" in str(wrong.value.hint)
    with pytest.raises(InputError, match="is not module:function"):
        load_reference("../secrets", base)


def test_a_module_that_fails_to_import_is_named_at_its_line(tmp_path: Path) -> None:
    base = folder(
        tmp_path, "base", own_broken="x = 1\ny = 1 / 0\n", own_syntax="def f(:\n", own_exit="import sys\nsys.exit(0)"
    )
    with pytest.raises(InputError, match="ZeroDivisionError") as caught:
        load_reference("own_broken:f", base)
    assert str(caught.value.location).endswith("own_broken.py:2")
    with pytest.raises(InputError, match="SyntaxError"):
        load_reference("own_syntax:f", base)
    with pytest.raises(InputError, match="SystemExit"):
        load_reference("own_exit:f", base)


def test_a_library_that_is_not_installed_cannot_run(tmp_path: Path) -> None:
    base = folder(tmp_path, "base", own_needs="import a_library_that_nobody_has")
    with pytest.raises(CannotRunError, match="'a_library_that_nobody_has', which is not installed"):
        load_reference("own_needs:f", base)


def test_code_in_folders_without_an_init_file_is_kept_apart_too(tmp_path: Path) -> None:
    for number in (1, 2):
        base = folder(tmp_path, f"base{number}")
        folder(base, "own_sub", part=f"X = {number}")
        assert load_reference("own_sub.part:X", base) == number
