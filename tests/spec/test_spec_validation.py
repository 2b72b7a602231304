"""Errors are written for the person who must mend them: where, what, what was expected, which near name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from governance.errors import InputError
from governance.spec import parse_yaml, validate
from governance.spec.model import DatasetName, Fact, Name, Reference, Text, Written
from governance.spec.model_keys import references

FILE = Path("spec.yaml")


class Fixed(Written):
    threshold: float


class Chosen(Written):
    choose_on: DatasetName
    by: Literal["youden", "best_f1"]


class Options(Written):
    on: Name
    point: Fixed | Chosen
    flag: bool = False
    seeds: tuple[int, ...] = ()
    share: float = 0.5
    title: str = ""
    code: Reference | None = None
    named: dict[Name, Fixed] = Field(default_factory=dict)
    fact: Fact | None = None


def error(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        validate(Options, parse_yaml(text, FILE))
    return caught.value


RIGHT = "on: test\npoint: {threshold: 0.5}\n"


@pytest.mark.parametrize(
    ("text", "place", "said", "advised"),
    [
        (RIGHT + "shar: 1\n", "3:1", "unknown key `shar`", "did you mean 'share'?"),
        ("on: test\npoint: {treshold: 0.5}\n", "2:9", "unknown key `treshold` in `point`", "'threshold'"),
        (
            "on: test\npoint: {choose_on: v, by: yuden}\n",
            "2:27",
            "must be one of youden, best_f1, not 'yuden'",
            "'youden'",
        ),
        ("on: test\npoint: {choose_on: v}\n", "2:1", "the key `by` is missing in `point`", "written there: choose_on"),
        ("on: test\n", "1:1", "the key `point` is missing", "written there: on"),
        ("on: test\npoint: 3\n", "2:8", "`point` must be a mapping, not 3", "key: value"),
        ("on: a b\npoint: {threshold: 1}\n", "1:5", "`on` must be a name, not 'a b'", "letters, digits"),
        ("on:\npoint: {threshold: 1}\n", "1:1", "`on` is empty; it must be text", None),
        (RIGHT + "seeds: 3\n", "3:8", "`seeds` must be a list, not 3", "[a, b]"),
        (RIGHT + "seeds: [1, x]\n", "3:12", "item 2 of `seeds` must be a whole number, not 'x'", None),
        (RIGHT + "seeds:\n  - 1\n  - 2.5\n", "5:5", "item 2 of `seeds` must be a whole number, not 2.5", None),
        (RIGHT + "title: 1.10\n", "3:8", "`title` must be text, not 1.10", '"1.10"'),
        (RIGHT + "code: nodules\n", "3:7", "`code` must be module:function", "nodules:testing"),
        (RIGHT + "named: {a b: {threshold: 1}}\n", "3:9", "the key 'a b' must be a name", "letters"),
        (RIGHT + "named: {a: {threshold: 1, bins: 2}}\n", "3:27", "unknown key `bins` in `a`", "known: threshold"),
        ("- on\n", "1:1", "the file must be a mapping, not a list", None),
        ("", "1:1", "the file is empty", "on, point"),
    ],
)
def test_each_mistake_is_named_where_it_stands(text: str, place: str, said: str, advised: str | None) -> None:
    found = error(text)
    assert str(found.location) == f"spec.yaml:{place}"
    assert said in found.message
    assert advised is None or advised in str(found.hint)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("flag: yes", "`flag` must be true or false, not yes"),
        ("flag: 1", "`flag` must be true or false, not 1"),
        ('seeds: ["3"]', 'item 1 of `seeds` must be a number, not the text "3"'),
        ('share: "0.5"', '`share` must be a number, not the text "0.5"'),
        ("share: true", "`share` must be a number, not true"),
    ],
)
def test_text_is_not_quietly_read_as_a_number_or_as_true(line: str, said: str) -> None:
    assert error(RIGHT + line + "\n").message == said


def test_a_misspelt_key_is_not_also_reported_as_missing() -> None:
    assert "missing" not in str(error("on: test\npoint: {treshold: 0.5}\n"))


def test_several_mistakes_are_named_in_the_order_of_the_file() -> None:
    found = error("on: a b\npoint: {threshold: x}\nflag: maybe\nseeds: [a]\nshare: b\ntitle: 3\n")
    assert str(found.location) == "spec.yaml:1:5"
    lines = [line for line in str(found.hint).splitlines() if "spec.yaml:" in line]
    assert [line.split(":")[1] for line in lines] == ["2", "3", "4", "5"]
    assert "and 1 more" in str(found.hint)


def test_a_fact_says_what_a_date_looks_like() -> None:
    text = RIGHT + "fact: {statement: x, owner: me, date: 2026-13-01, review_by: 2027-01-01, disclosure: pubic}\n"
    found = error(text)
    assert "`date` must be a date, not '2026-13-01'" in found.message
    assert "2026-10-02" in str(found.hint)
    assert "public, customer, confidential, not 'pubic'" in str(found.hint)


def test_messages_hold_no_jargon_of_the_library() -> None:
    texts = [RIGHT + "x: 1\n", "on: test\npoint: []\n", "on: [1]\npoint: {threshold: []}\n", RIGHT + "seeds: {a: 1}\n"]
    for text in texts:
        said = str(error(text)).lower()
        for jargon in ("pydantic", "input should", "type=", "extra inputs", "valid dictionary", "errors.pydantic"):
            assert jargon not in said


class Nested(Written):
    pairs: dict[str, tuple[DatasetName, ...]] = Field(default_factory=dict)
    bare: str = ""
    title: Text = ""


def test_marked_names_are_found_at_any_depth() -> None:
    content = {"pairs": {"a": ["one", "two"]}, "bare": "x", "title": "y"}
    found = [(keys, refers.to, text) for keys, refers, text in references(Nested, content)]
    assert found == [(("pairs", "a", 0), "dataset", "one"), (("pairs", "a", 1), "dataset", "two")]
