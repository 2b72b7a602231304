"""Kleene's three values: what is false stays false and what is true stays true, whatever is missing."""

from __future__ import annotations

import itertools

import pytest

from governance.catalogues.truth import Truth, both, either, no, unknown, yes

VALUES = {True: yes("it is"), False: no("it is not"), None: unknown("a", "b")}
RANK = {False: 0, None: 1, True: 2}


@pytest.mark.parametrize(("one", "other"), list(itertools.product(VALUES, repeat=2)))
def test_both_is_the_lesser_and_either_the_greater(one: bool | None, other: bool | None) -> None:
    assert both(VALUES[one], VALUES[other]).holds is min(one, other, key=lambda value: RANK[value])
    assert either(VALUES[one], VALUES[other]).holds is max(one, other, key=lambda value: RANK[value])


def test_only_what_is_open_is_missing() -> None:
    assert both(yes("sure"), unknown("a"), unknown("b", "a")).missing == ("a", "b")
    assert both(no("sure"), unknown("a")) == no("sure")
    assert either(yes("sure"), unknown("a")) == yes("sure")


def test_reasons_are_told_once() -> None:
    assert both(yes("x"), yes(""), yes("x"), yes("y")) == Truth(True, "x; y")
    assert either(no("x"), no("y")) == Truth(False, "x; y")
