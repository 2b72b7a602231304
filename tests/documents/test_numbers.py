from __future__ import annotations

import pytest

from governance.documents import numbers
from governance.evidence.model import Interval, Measurement, Method


def measured(value: float, *, half: float | None = 0.05, n: int = 100, unit: str = "1") -> Measurement:
    interval = None if half is None else Interval(low=value - half, high=value + half, level=0.95, method="m")
    return Measurement(
        evaluator="e",
        metric="m",
        dataset="d",
        dataset_digest="0",
        status="measured",
        value=value,
        unit=unit,
        n=n,
        interval=interval,
        interval_reason=None if interval else "exact",
        method=Method(name="m"),
    )


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [
        (0.8642, 0.06, "0.86"),
        (0.8642, 0.004, "0.864"),
        (-0.1149, 0.03, "−0.11"),
        (-0.001, 0.03, "0.00"),
        (12.345, 1.0, "12.3"),
        (1234.5, 100.0, "1234"),
        (0.8642, None, "0.86"),
    ],
)
def test_a_number_has_the_decimals_that_its_interval_supports(value: float, half: float | None, text: str) -> None:
    assert numbers.value(measured(value, half=half)).text == text


def test_a_printed_number_names_its_measurement() -> None:
    m = measured(0.5)
    for figure in (numbers.value(m), numbers.interval(m), numbers.count(m, "n"), numbers.hundred(m)[0]):
        assert figure is not None
        assert figure.measurements == (m.id,)


def test_an_interval_is_printed_with_the_decimals_of_its_value() -> None:
    assert numbers.interval(measured(0.8642, half=0.0641)).text == "0.80 to 0.93"  # type: ignore[union-attr]
    assert numbers.interval(measured(0.8642, half=0.0021)).text == "0.862 to 0.866"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("share", "text", "drawn"),
    [(0.0, "0", 0), (0.001, "fewer than 1", 0), (0.864, "86", 86), (0.999, "more than 99", 100), (1.0, "100", 100)],
)
def test_natural_frequencies_never_call_a_rare_thing_impossible(share: float, text: str, drawn: int) -> None:
    figure, filled = numbers.hundred(measured(share))
    assert (figure.text, filled) == (text, drawn)


def test_a_unit_follows_its_number() -> None:
    assert numbers.value(measured(3.2, unit="mm")).text == "3.20 mm"
