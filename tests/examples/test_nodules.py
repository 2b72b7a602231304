"""Nodules from readers' outlines: grouping, labels, splits, drawing, the other reader."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def splits(nodules: Any) -> dict[str, Any]:
    return {"training": nodules.training(), "validation": nodules.validation(), "testing": nodules.testing()}


def test_no_patient_is_in_two_splits_and_no_sample_id_occurs_twice(splits: dict[str, Any]) -> None:
    patients = [set(split.table["patient_id"]) for split in splits.values()]
    assert sum(map(len, patients)) == len(set.union(*patients))
    ids = pd.concat([split.table["sample_id"] for split in splits.values()])
    assert ids.is_unique
    assert all(len(split.table) > 200 for split in splits.values())


def test_label_is_the_rating_that_the_database_holds_for_the_outline_that_is_drawn(nodules: Any) -> None:
    table, _ = nodules.nodules()
    with closing(sqlite3.connect(nodules._database())) as connection:
        ratings = dict(connection.execute("select id, malignancy from annotations"))
    rating = table["reader"].map(ratings)
    assert set(rating[table["suspicious"] == 1]) == {4, 5}
    assert set(rating[table["suspicious"] == 0]) == {1, 2}


def test_grouping_finds_about_as_many_nodules_as_the_collection_reports(nodules: Any) -> None:
    """Armato et al. (2011): 2,669 nodules of 3 mm or more by at least one of four readers, 928 of them by all four."""
    annotations, outlines = nodules._read()
    groups = [
        len(group)
        for _, of_scan in annotations.groupby("scan_id")
        for group in nodules.group_readers([outlines[a] for a in of_scan.index])
    ]
    assert sum(groups) == len(annotations)
    assert abs(len(groups) - 2669) < 0.02 * 2669
    assert abs(Counter(groups)[4] - 928) < 0.05 * 928


def test_outlines_far_apart_are_two_nodules_and_a_chain_of_near_ones_is_one(nodules: Any) -> None:
    def square(row: int) -> Any:
        points = np.array([(row, 0), (row, 10), (row + 10, 10), (row + 10, 0)], np.int32)
        return nodules.Outline(1.0, 1.0, (nodules.Slice(0.0, True, points),))

    assert nodules.group_readers([square(0), square(100), square(3), square(6)]) == [[0, 2, 3], [1]]


def test_volume_of_a_drawn_box_is_that_of_the_outline(nodules: Any) -> None:
    points = np.array([(100, 100), (100, 120), (130, 120), (130, 100)], np.int32)
    outline = nodules.Outline(0.6, 2.5, tuple(nodules.Slice(float(z), True, points) for z in (0, 2.5, 5)))
    stack = nodules.draw(outline)
    assert stack.shape == (nodules.PLANES, nodules.GRID, nodules.GRID)
    assert set(np.unique(stack)) == {0, 25}
    volume = stack.sum() / nodules.TENTHS * nodules.SPACING_MM**2
    assert volume == pytest.approx((30 * 0.6) * (20 * 0.6) * 7.5, rel=0.08)


def test_hole_in_an_outline_is_not_drawn(nodules: Any) -> None:
    outer = np.array([(0, 0), (0, 30), (30, 30), (30, 0)], np.int32)
    inner = np.array([(10, 10), (10, 20), (20, 20), (20, 10)], np.int32)
    slices = (nodules.Slice(0.0, False, inner), nodules.Slice(0.0, True, outer))
    middle = nodules.draw(nodules.Outline(0.6, 1.0, slices))[0, 28:36, 28:36]
    assert not middle.any()


def test_nodule_on_more_slices_than_planes_keeps_its_depth(nodules: Any) -> None:
    points = np.array([(0, 0), (0, 20), (20, 20), (20, 0)], np.int32)
    outline = nodules.Outline(0.6, 1.0, tuple(nodules.Slice(float(z), True, points) for z in range(2 * nodules.PLANES)))
    depth = nodules.draw(outline).sum(0).max() / nodules.TENTHS
    assert depth == 2 * nodules.PLANES


def test_decoding_is_the_same_in_any_order_again_and_from_a_fresh_reader(nodules: Any, splits: dict[str, Any]) -> None:
    testing = splits["testing"]
    some = [5, 0, 300]
    once = testing.decode(some)
    assert once.dtype == np.uint8
    assert once.shape == (3, nodules.PLANES, nodules.GRID, nodules.GRID)
    assert (testing.decode(some[::-1])[::-1] == once).all()
    assert (nodules.testing().decode(some) == once).all()
    assert once.reshape(3, -1).any(1).all()


def test_other_reader_is_there_exactly_where_two_readers_drew_and_draws_the_same_nodule(splits: dict[str, Any]) -> None:
    testing = splits["testing"]
    having = testing.variants("other-reader")
    assert having == list(np.flatnonzero(testing.table["readers"] > 1))
    assert testing.variants("another-scanner") == []
    first, other = (testing.decode(having[:100], variant) > 0 for variant in (None, "other-reader"))
    assert (first != other).reshape(100, -1).any(1).mean() > 0.9
    shared = 2 * (first.any(1) & other.any(1)).sum((1, 2)) / (first.any(1).sum((1, 2)) + other.any(1).sum((1, 2)))
    assert np.median(shared) > 0.75


def test_unknown_variant_is_refused(splits: dict[str, Any]) -> None:
    with pytest.raises(KeyError, match="nonsense"):
        splits["testing"].decode([0], "nonsense")


def test_the_fingerprint_tells_splits_apart_and_spares_drawing_them_again(nodules: Any, tmp_path: Path) -> None:
    from governance.datasets.decoded import DecodedDataset, MemoryBudget

    first, again = nodules.validation(), nodules.validation()
    assert first.fingerprint == again.fingerprint != nodules.testing().fingerprint
    digest = DecodedDataset(first, "validation", MemoryBudget(), tmp_path).content_digest()
    again.decode = None  # looked up, not drawn
    assert DecodedDataset(again, "validation", MemoryBudget(), tmp_path).content_digest() == digest
