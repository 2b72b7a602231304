"""`settings.batch_size: auto`: measured once, then a number in the lock like any other."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import CannotRunError, InputError
from governance.harness import batch_size
from governance.harness.batch_size import ENOUGH, LADDER, best
from governance.harness.protocols import Need

AUTO = {"settings.batch_size": "auto"}


@pytest.fixture
def measured(monkeypatch) -> list[list[int]]:
    """Sizes that were measured, one list a measurement; 32 comes out."""
    measurements: list[list[int]] = []

    def throughput(session, samples, sizes, device, reporter):
        measurements.append(list(sizes))
        return {size: {8: 50.0, 16: 80.0, 32: 98.0}.get(size, 100.0) for size in sizes}

    monkeypatch.setattr(batch_size, "_throughput", throughput)
    return measurements


@given(st.dictionaries(st.sampled_from(LADDER), st.floats(0.1, 1e6), min_size=1))
def test_the_smallest_size_that_is_nearly_the_fastest_is_taken(rates: dict[int, float]) -> None:
    size = best(rates)
    assert rates[size] >= ENOUGH * max(rates.values())
    assert all(rate < ENOUGH * max(rates.values()) for smaller, rate in rates.items() if smaller < size)


def test_it_is_measured_once_and_equal_runs_stay_the_same_run(image_project, measured) -> None:
    first, observations, _ = image_project.run(AUTO)
    assert measured == [[8, 16, 32, 64]]  # 90 samples
    lock = first.folder.read_json(first.folder.spec_lock)
    assert lock["settings"]["batch_size"] == 32
    assert lock["spec"]["settings"]["batch_size"] == 32
    assert observations.counts.collected == 5
    second, again, _ = image_project.run(AUTO)
    assert len(measured) == 1
    assert second.folder.path == first.folder.path
    assert again.counts.collected == 0
    # Who writes the number down has the same run, on an empty cache too.
    assert image_project.prepare({"settings.batch_size": 32}).folder.path == first.folder.path


def test_what_the_measurement_rests_on_is_measured_again(image_project, measured) -> None:
    image_project.prepare(AUTO)
    image_project.prepare({**AUTO, "settings.seed": 4, "settings.replicates": 300})
    assert len(measured) == 1
    image_project.prepare({**AUTO, "settings.threads": 2})
    image_project.prepare({**AUTO, "settings.precision": "bfloat16"})
    image_project.prepare({**AUTO, "settings.memory_format": "channels_last"})
    assert len(measured) == 4
    code = image_project.folder / "small_network.py"
    code.write_text(code.read_text() + "\n# changed\n")
    image_project.prepare(AUTO)
    assert len(measured) == 5


@pytest.mark.parametrize(
    "damage", [b"", b"[]", b'{"version": 1, "batch_size": "many"}', b'{"version": 1, "batch_size": 0}']
)
def test_a_damaged_memory_costs_one_measurement(image_project, measured, damage: bytes) -> None:
    before = image_project.prepare(AUTO).folder.path
    memory = next((image_project.folder / "cache" / "batch-sizes").iterdir())
    memory.write_bytes(damage)
    assert image_project.prepare(AUTO).folder.path == before
    assert len(measured) == 2
    assert json.loads(memory.read_bytes())["batch_size"] == 32


def test_the_real_network_is_measured_and_predicts_the_same(image_project) -> None:
    expected = image_project.run()[1].table(Need.of("predict", "test"))["score"]
    prepared, observations, _ = image_project.run(AUTO)
    assert prepared.settings.batch_size in LADDER
    np.testing.assert_allclose(observations.table(Need.of("predict", "test"))["score"], expected, atol=1e-6)


def test_a_size_that_does_not_fit_into_memory_is_not_taken(image_project, monkeypatch) -> None:
    monkeypatch.setenv("LARGEST_BATCH", "20")
    assert image_project.prepare(AUTO).settings.batch_size in {8, 16}
    monkeypatch.setenv("LARGEST_BATCH", "7")
    with pytest.raises(CannotRunError, match="too small for 8 samples"):
        image_project.prepare({**AUTO, "settings.threads": 2})


def test_recorded_predictions_have_nothing_to_measure(recorded_project, measured) -> None:
    assert recorded_project.prepare(AUTO).settings.batch_size == 256
    assert measured == []


@pytest.mark.parametrize("written", [0, -1, "many", True, 2.5])
def test_other_words_are_refused_where_they_are_written(image_project, written: object) -> None:
    with pytest.raises(InputError, match="whole number from 1 on, or auto"):
        image_project.prepare({"settings.batch_size": written})
