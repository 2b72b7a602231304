"""Numbers as they are printed: at the precision that they support, and never without their source."""

from __future__ import annotations

import datetime as dt
import math

from governance.documents.blocks import Figure, Span
from governance.evidence.model import Interval, Measurement
from governance.evidence.wording import fixed

_FINE = 0.005
"""Half-width of an interval below which a third decimal says something."""

MARK = "\N{DAGGER}"
"""Stands behind an interval that is the wider one for verdicts, because the usual one would say too much."""
MARK_MEANS = (
    f"{MARK} The usual interval is withheld here, because too little was seen for it to hold what it promises; this is "
    "the wider one that verdicts rest on."
)

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def decimals(measurement: Measurement) -> int:
    """Return how many decimals a number supports.

    Two, unless its interval is narrower than 0.01, then three; numbers without an interval that are whole (counts,
    severities at half of all models) and large numbers get none or one.
    """
    value = abs(measurement.value or 0.0)
    if value >= 100:
        return 0
    if value >= 10:
        return 1
    interval = measurement.interval or measurement.gating
    if interval is not None and 0 < (interval.high - interval.low) / 2 < _FINE:
        return 3
    return 2


def value(measurement: Measurement, *, signed: bool = False) -> Figure:
    """Return the value of a measurement as printed."""
    if measurement.value is None:
        return Figure(measurements=(measurement.id,), text="not measured")
    text = fixed(measurement.value, decimals(measurement))
    if signed and measurement.value > 0 and float(text) != 0:
        text = f"+{text}"
    unit = "" if measurement.unit in ("1", "") else f" {measurement.unit}"
    return Figure(measurements=(measurement.id,), text=text + unit)


def interval(measurement: Measurement, chosen: Interval | None = None) -> Figure | None:
    """Return the interval as printed: ``0.78 to 0.91``; None where there is none.

    Where the usual one is withheld, the one that verdicts rest on, marked.
    """
    shown = chosen or measurement.interval or measurement.gating
    if shown is None:
        return None
    places = decimals(measurement)
    low, high = fixed(shown.low, places), fixed(shown.high, places)
    texts = {"two": f"{low} to {high}", "lower": f"at least {low}", "upper": f"at most {high}"}
    mark = MARK if chosen is None and is_marked(measurement) else ""
    return Figure(measurements=(measurement.id,), text=texts[shown.side] + mark)


def is_marked(measurement: Measurement) -> bool:
    """Whether the interval that is printed is the one for verdicts, because the usual one is withheld."""
    return measurement.interval is None and measurement.gating is not None


def for_verdicts(measurement: Measurement) -> Figure | None:
    """Return the interval that verdicts rest on as printed, where it reads other than the usual one."""
    if measurement.gating is None or measurement.interval is None:
        return None
    usual, wide = interval(measurement), interval(measurement, measurement.gating)
    return wide if usual is not None and wide is not None and usual.text != wide.text else None


def count(measurement: Measurement, field: str) -> Figure | None:
    """Return `n`, `n_clusters` or `events` of a measurement as printed; None where it has none."""
    number = getattr(measurement, field)
    return None if number is None else Figure(measurements=(measurement.id,), text=thousands(number), is_count=True)


def thousands(number: int) -> str:
    """Return a whole number with thin spaces between groups of three digits from 10,000 on."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}") if number >= 10_000 else str(number)


def hundred(measurement: Measurement) -> tuple[Figure, int]:
    """Return a share as a count out of 100, as printed and as drawn."""
    share = min(max(measurement.value or 0.0, 0.0), 1.0)
    whole = math.floor(100 * share + 0.5)
    text = str(whole)
    if whole == 0 and share > 0:
        text = "fewer than 1"
    elif whole == 100 and share < 1:
        text = "more than 99"
    return Figure(measurements=(measurement.id,), text=text), whole


def hundred_interval(measurement: Measurement) -> Figure | None:
    """Return the interval of a share as counts out of 100."""
    shown = measurement.interval or measurement.gating
    if shown is None:
        return None
    low, high = math.floor(100 * max(shown.low, 0.0) + 0.5), math.floor(100 * min(shown.high, 1.0) + 0.5)
    return Figure(measurements=(measurement.id,), text=f"{low} to {high}")


def span(measurement: Measurement, chosen: Interval | None = None) -> Span | None:
    """Return where a measurement lies on an axis; None where it was not measured."""
    if measurement.value is None:
        return None
    shown = chosen or measurement.interval or measurement.gating
    if shown is None:
        return Span(value=measurement.value)
    return Span(value=measurement.value, low=shown.low, high=shown.high)


def in_words(number: int) -> str:
    """Return a small count in words, a larger one in digits."""
    return _WORDS[number] if number < len(_WORDS) else thousands(number)


def percent(share: float) -> str:
    """Return a share as percent without needless decimals: ``10 %``, ``0.5 %``."""
    return f"{100 * share:.4g}\N{NO-BREAK SPACE}%"


def day(date: dt.date) -> str:
    """Return a date as people in every country read it: ``14 Nov 2026``."""
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{date.day} {months[date.month - 1]} {date.year}"


def short(digest: str) -> str:
    """Return the first 12 digits of a digest in groups of four."""
    digits = digest.removeprefix("sha256:")[:12]
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))
