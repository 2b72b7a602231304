"""Planted defects stop a release; what is known not to is written down here, so that a change of it is noticed."""

from __future__ import annotations

import importlib.util
from collections import defaultdict

import pytest

from benchmarks.planted import caught, outcomes
from benchmarks.planted.after_the_run import TAMPERING
from benchmarks.planted.measured import DROPPING, HIDING

VARIANTS = 5
NOT_CAUGHT = {
    ("patient leak", "under a new id"),
    ("biased group", "15 of 100 missed on top"),
    ("swapped labels", "5 of 100 swapped"),
    ("hidden small group", "put into another group, not declared"),
    ("hidden small group", "exempted with a reason"),
    ("hidden small group", "left out of the declared groups"),
    ("dropped refusals", "people removed, too; content not declared"),
    ("dropped refusals", "a guess written instead"),
    ("tampered threshold", "recorded bar and its digest, sealed again"),
    ("tampered threshold", "a number of the evidence, sealed again"),
    ("stale waiver", "dates moved on by hand"),
}
"""Ways to hide a defect that nothing in a run can tell from an honest one, or that are too small for the bars."""


@pytest.mark.slow
def test_planted_defects_stop_the_release_but_for_those_that_are_listed() -> None:
    if importlib.util.find_spec("causaldata") is None:
        pytest.skip("needs the data package causaldata")
    found: defaultdict[str, list[tuple[str, str | None]]] = defaultdict(list)
    for defect, way, what in outcomes(VARIANTS):
        found[defect].append((way, what))
    assert all(len(variants) == VARIANTS for variants in found.values())
    assert [what for _, what in found.pop("clean runs")] == [None] * VARIANTS
    for defect, variants in found.items():
        for way, what in variants:
            if (defect, way) not in NOT_CAUGHT:
                assert caught(what), (defect, way, what)
    assert len(found) == 7


@pytest.mark.slow
@pytest.mark.parametrize("defect", ["hidden small group", "dropped refusals", "tampered threshold", "stale waiver"])
def test_each_way_to_hide_a_defect_comes_out_as_listed(defect: str) -> None:
    if importlib.util.find_spec("causaldata") is None:
        pytest.skip("needs the data package causaldata")
    count = {"hidden small group": len(HIDING), "dropped refusals": len(DROPPING), "tampered threshold": len(TAMPERING)}
    every = list(outcomes(count.get(defect, 12), defect))
    assert {(defect, way) for _, way, what in every if not caught(what)} == {
        (one, way) for one, way in NOT_CAUGHT if one == defect
    }
    if defect == "hidden small group":
        said = {way for _, way, what in every if what is not None and not caught(what)}
        assert said == {"exempted with a reason", "left out of the declared groups"}
