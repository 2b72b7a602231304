"""What people read for numbers and groups."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.evidence.wording import band_names, band_words, fixed, group_words, slice_words, written

LOCK = {
    "spec": {
        "datasets": {
            "test": {
                "attributes": {
                    "sex": {"column": "sex", "bands": None, "unit": None},
                    "age": {"column": "age", "bands": [40, 60], "unit": "years"},
                    "density": {"column": "hu", "bands": [-300, 0], "unit": "HU"},
                }
            }
        }
    }
}


@given(st.floats(min_value=-1e6, max_value=1e6, allow_nan=False), st.integers(min_value=0, max_value=4))
def test_fixed_reads_back_as_the_rounded_number(value: float, places: int) -> None:
    text = fixed(value, places)
    assert math.isclose(float(text.replace("−", "-")), round(value, places), abs_tol=10**-places)
    assert "-" not in text
    assert text not in ("−0", "−0.0", "−0.00")


@pytest.mark.parametrize(
    ("bar", "text"),
    [
        (0.8, "0.80"),
        (1, "1.00"),
        (-0.05, "−0.05"),
        (0.125, "0.125"),
        (-0.00125, "−0.00125"),
        (0.1234567, "0.1234567"),
        (-1e-5, "−1e-05"),
        (-0.0, "0.00"),
    ],
)
def test_a_bar_is_printed_as_its_author_wrote_it(bar: float, text: str) -> None:
    assert written(bar) == text


@pytest.mark.parametrize(
    ("attribute", "group", "words"),
    [
        ("age", "<40", "under 40 years"),
        ("age", "40-60", "40 to under 60 years"),
        ("age", ">=60", "60 years and over"),
        ("age", "not recorded", "not recorded"),
        ("age", "40-50", "40-50"),  # no band of this attribute
        ("density", "<-300", "under −300 HU"),
        ("density", "-300 to 0", "−300 to under 0 HU"),
        ("sex", "<40", "<40"),
        ("unknown", ">=60", ">=60"),
    ],
)
def test_a_band_is_said_in_words_and_nothing_else_is_changed(attribute: str, group: str, words: str) -> None:
    assert group_words(LOCK, "test", attribute, group) == words
    assert group_words({}, "test", attribute, group) == group


def test_a_slice_names_its_groups_in_order() -> None:
    assert slice_words(LOCK, "test", {"sex": "F", "age": "<40"}) == "F, under 40 years"


@given(st.lists(st.floats(-1e4, 1e4).map(lambda edge: round(edge, 1)), min_size=1, max_size=6, unique=True).map(sorted))
def test_bands_have_as_many_words_as_names_and_no_two_alike(edges: list[float]) -> None:
    names, words = band_names(edges), band_words(edges, "mm")
    assert len(names) == len(words) == len(edges) + 1 == len(set(words)) == len(set(names))
    assert not any("-" in word for word in words)
