"""YAML 1.2 as its authors meant it, with positions, and without anything that can hurt."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import InputError
from governance.spec import parse_yaml, read_yaml
from governance.spec.document import walk

FILE = Path("governance.yaml")


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, FILE)
    return caught.value


def place(error: InputError) -> tuple[int | None, int | None]:
    assert error.location is not None
    return error.location.line, error.location.column


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2026-10-02", "2026-10-02"),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("'1'", "1"),
        ("!!str 1", "1"),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(written: str, meant: object) -> None:
    value = parse_yaml(f"key: {written}", FILE).content["key"]
    assert value == meant
    assert isinstance(value, type(meant)) or meant is None


def test_numbers_remember_how_they_were_written() -> None:
    content = parse_yaml("a: 1.10\nb: 007", FILE).content
    assert (content["a"].text, content["b"].text) == ("1.10", "007")
    assert json.dumps(content) == '{"a": 1.1, "b": 7}'


def test_keys_are_text_as_written() -> None:
    assert parse_yaml("{1: a, no: b, 1.50: c, true: d}", FILE).content == {
        "1": "a",
        "no": "b",
        "1.50": "c",
        "true": "d",
    }


def test_positions_point_at_keys_and_values() -> None:
    document = parse_yaml("a:\n  - x\n  - {b: 1,\n     c: two}\n", FILE)
    assert str(document.location(("a", 1, "c"))) == "governance.yaml:4:9"
    assert str(document.location(("a", 1, "c"), of="key")) == "governance.yaml:4:6"
    assert str(document.location(("a", 0))) == "governance.yaml:2:5"


def test_the_position_of_what_was_not_written_is_that_of_what_is_around_it() -> None:
    document = parse_yaml("a:\n  b: 1\n", FILE)
    assert str(document.location(("a", "missing", 3))) == "governance.yaml:1:1"
    assert str(document.location(("nothing",))) == "governance.yaml:1:1"


def test_aliases_are_read() -> None:
    assert parse_yaml("a: &x [1, {b: 2}]\nc: *x\n", FILE).content["c"] == [1, {"b": 2}]


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", (3, 1), "the key 'a' is written twice; the first is in line 1"),
        ("a:\n  b: 1\n  'b': 2\n", (3, 3), "written twice"),
        ("a: !!python/object:os.system x\n", (1, 4), "the tag `!!python/object:os.system`"),
        ("a: !!python/object/apply:os.system [id]\n", (1, 4), "the tag"),
        ("a: !mine {b: 1}\n", (1, 4), "the tag `!mine`"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", (3, 3), "merge key"),
        ("a: &x [*x]\n", (1, 8), "stands inside what it names"),
        ("a: *nothing\n", (1, 4), "nothing is named `&nothing`"),
        ("? [a, b]\n: 1\n", (1, 3), "a key must be text"),
        ("a: 1\n---\nb: 2\n", (2, 1), "a second document"),
        ("a:\n\tb: 1\n", (2, 1), "a tab cannot indent"),
        ("a: b: c\n", (1, 5), "a `:` cannot stand here"),
        ("a: [1, 2\n", (1, 4), "not closed with `]`"),
        ("a: {b: 1\n", (1, 4), "not closed with `}`"),
        ("a: 'text\n", (1, 4), "a text in quotes is not closed"),
        ("a: @b\n", (1, 4), "cannot start with `@`"),
        ("a: .nan\n", (1, 4), "not a number that can be used"),
        ("a: -.inf\n", (1, 4), "not a number that can be used"),
        ("a: 1e999\n", (1, 4), "too large"),
        ("%YAML 1.1\n---\na: 1\n", (2, 1), "YAML 1.2 only"),
        ("a: \x00\n", (1, 4), "control character (U+0000)"),
    ],
)
def test_what_a_spec_must_not_hold_is_refused_where_it_stands(text: str, at: tuple[int, int], said: str) -> None:
    error = refused(text)
    assert said in error.message
    assert place(error) == at


HOSTILE = {
    "alias bomb": "\n".join(
        ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"] + [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    ),
    "deep list": "[" * 20_000,
    "deep mapping": "{a: " * 20_000,
    "deep block": "- " * 5_000 + "x",
    "deep through aliases": "\n".join(["a0: &a0 " + "[" * 60 + "]" * 60, "a1: &a1 " + "[" * 60 + "*a0" + "]" * 60]),
    "digits": "a: " + "9" * 100_000,
    "python object": "a: !!python/object/apply:os.system ['id']",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_within_a_second(name: str) -> None:
    started = time.process_time()
    refused(HOSTILE[name])
    assert time.process_time() - started < 1


def test_large_files_are_refused_before_they_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"a: 1\n" + b"# " + b"x" * 6_000_000)
    started = time.process_time()
    with pytest.raises(InputError, match=r"larger than 5 MB"):
        read_yaml(path)
    assert time.process_time() - started < 1


def test_files_that_are_not_utf_8_are_refused_where_they_break(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: 1\nname: M\xfcnchen\n")
    with pytest.raises(InputError, match="not UTF-8") as caught:
        read_yaml(path)
    assert place(caught.value) == (2, 8)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(path).content == {"a": 1}


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        read_yaml(tmp_path / "nothing.yaml")
    with pytest.raises(InputError, match="is a folder"):
        read_yaml(tmp_path)


def test_empty_files_have_no_content() -> None:
    assert parse_yaml("# only a comment\n", FILE).content is None


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(min_codepoint=32, max_codepoint=0xFFFD, exclude_categories=("Cs", "Cc"))),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdef<>: -#'\"", max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(_JSON)
def test_json_is_read_as_json_reads_it(content: Any) -> None:
    """JSON is a subset of YAML 1.2, so Python's own reader is the second opinion; escapes and numbers included."""
    text = json.dumps(content, ensure_ascii=True)
    if len(text) < 900:  # YAML limits a key and its quotes to 1024 characters of a line
        assert parse_yaml(text, FILE).content == json.loads(text)


@given(_JSON)
def test_every_value_has_a_position(content: Any) -> None:
    document = parse_yaml(json.dumps({"root": content}, indent=1), FILE)
    assert {keys for keys, _ in walk(document.content)} == set(document.positions)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    refusal = None
    try:
        parse_yaml(text, FILE)
    except InputError as error:
        refusal = error
    assert refusal is None or (refusal.location is not None and refusal.location.line is not None)
