"""Conditions on rows of numbers, on the survey's real columns."""

import numpy as np
import pytest
import torch
from nhefs_predictions import FEATURES, nhefs

from evaluators.robustness.conditions.tabular import (
    BEYOND,
    MISSING,
    NOISE,
    measurement_noise,
    missing_values,
    out_of_range,
)
from governance.datasets.decoded import DecodedDataset, MemoryBudget
from governance.datasets.table import TableDataset
from governance.errors import InputError
from governance.harness.columns import columns_of


@pytest.fixture(scope="module")
def rows():
    return nhefs()[FEATURES].to_numpy(dtype=np.float32)


@pytest.fixture(scope="module")
def columns(rows):
    frame = nhefs()[FEATURES].assign(sample_id=[str(number) for number in range(len(rows))])
    return columns_of(DecodedDataset(TableDataset(frame, rows), "test", MemoryBudget()), "test")


def seeds(n):
    return torch.arange(n, dtype=torch.int64) * 7919 - 3


def test_columns_are_what_numpy_says_of_all_rows(rows, columns):
    assert columns.spread == pytest.approx(rows.std(axis=0, dtype=np.float64), rel=1e-9)
    assert (columns.low == rows.min(axis=0)).all()
    assert (columns.high == rows.max(axis=0)).all()
    assert dict(zip(FEATURES, columns.measured.tolist(), strict=True))["sex"] is False
    assert dict(zip(FEATURES, columns.whole.tolist(), strict=True)) == {name: name != "wt71" for name in FEATURES}


@pytest.mark.parametrize("severity", range(1, 6))
def test_values_go_missing_as_often_as_the_scale_says(rows, severity):
    changed = missing_values(torch.tensor(rows), severity, seeds(len(rows))).numpy()
    gone = np.isnan(changed)
    assert gone.any(axis=1).all()
    least = 1 / rows.shape[1]
    share = MISSING[severity - 1]
    assert share - 0.01 <= gone.mean() <= share + least
    assert np.array_equal(changed[~gone], rows[~gone])


@pytest.mark.parametrize("severity", [1, 5])
def test_errors_of_measurement_have_the_size_of_the_scale_and_respect_the_column(rows, columns, severity):
    changed = measurement_noise(torch.tensor(rows), severity, seeds(len(rows)), columns=columns).numpy()
    sex, weight, age = (FEATURES.index(name) for name in ("sex", "wt71", "age"))
    assert np.array_equal(changed[:, sex], rows[:, sex])
    assert np.array_equal(changed[:, age], np.round(changed[:, age]))
    inner = (np.abs(rows[:, weight] - rows[:, weight].mean()) < columns.spread[weight]).nonzero()[0]
    error = (changed[inner, weight] - rows[inner, weight]).std()
    assert error == pytest.approx(NOISE[severity - 1] * columns.spread[weight], rel=0.1)
    assert (changed >= columns.low - 1e-6).all()
    assert (changed <= columns.high + 1e-6).all()


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_one_measurement_of_every_row_lies_above_all_seen(rows, columns, severity):
    changed = out_of_range(torch.tensor(rows), severity, seeds(len(rows)), columns=columns).numpy()
    differ = changed != rows
    assert (differ.sum(axis=1) == 1).all()
    assert set(np.flatnonzero(differ.any(axis=0))) == set(np.flatnonzero(columns.measured))
    expected = columns.high + BEYOND[severity - 1] * (columns.high - columns.low)
    assert (changed[differ] >= np.broadcast_to(columns.high, rows.shape)[differ]).all()
    reached = changed[differ] - np.broadcast_to(expected, rows.shape)[differ]
    assert (np.abs(reached) < 1 + 1e-3).all()


def test_rows_are_changed_alike_in_batches_of_1_7_and_64(rows, columns):
    batch = torch.tensor(rows[:64])
    for condition, more in (
        (missing_values, {}),
        (measurement_noise, {"columns": columns}),
        (out_of_range, {"columns": columns}),
    ):
        whole = condition(batch, 3, seeds(64), **more)
        for size in (1, 7):
            parts = [
                condition(batch[at : at + size], 3, seeds(64)[at : at + size], **more) for at in range(0, 64, size)
            ]
            assert torch.equal(torch.cat(parts).nan_to_num(-1.0), whole.nan_to_num(-1.0))


def test_images_have_no_columns():
    class Images:
        table = nhefs()[["age"]].iloc[:3]

        def decode(self, indices, variant=None):
            return np.zeros((len(indices), 1, 4, 4), dtype=np.uint8)

        def variants(self, name):
            return ()

    with pytest.raises(InputError, match="is for rows of numbers"):
        columns_of(DecodedDataset(Images(), "scans", MemoryBudget()), "scans")
