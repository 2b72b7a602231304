"""Whether a number is printed as its measurement says: the value, an interval, a count, rounded as documents round."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from governance.documents.trace.tokens import is_number, tokens
from governance.evidence.model import Interval, Measurement
from governance.evidence.wording import MINUS, fixed

_NUMBER = rf"[-+{MINUS}]?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"(?<![\w.])({_NUMBER}) to ({_NUMBER})(?![\w]|\.\d)")
_PLAIN = re.compile(rf"{_NUMBER}(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Field:
    """A number of a measurement and what it is called."""

    name: str
    number: float


def fields(m: Measurement) -> Iterator[Field]:
    """Yield every number of a measurement that a document may print."""
    named = {"value": m.value, "n": m.n, "patients": m.n_clusters, "events": m.events, "p-value": m.p_value}
    named |= {"severity": m.condition.severity, "share of labels": m.fraction, "seed": m.seed}
    for name, number in named.items():
        if number is not None:
            yield Field(name, float(number))
    for name, interval in (("interval", m.interval), ("interval for verdicts", m.gating), ("joint", m.simultaneous)):
        if interval is not None:
            yield Field(f"{name}, lower end", interval.low)
            yield Field(f"{name}, upper end", interval.high)
            yield Field(f"{name}, level", interval.level)
    if m.operating_point is not None:
        yield Field("threshold", m.operating_point.threshold)
    for where, content in (("parameter", m.method.parameters), ("coordinate", m.curve)):
        for key, set_to in content.items():
            if isinstance(set_to, (int, float)) and not isinstance(set_to, bool):
                yield Field(f"{where} {key}", float(set_to))


def field_printed(token: str, measurements: Iterable[Measurement]) -> Field | None:
    """Return which number of the measurements a token prints; None where it prints none of them."""
    if _PLAIN.fullmatch(token) is None:
        return None
    for m in measurements:
        for one in fields(m):
            if prints(token, one.number):
                return one
    return None


@lru_cache(maxsize=1 << 17)
def prints(token: str, number: float) -> bool:
    """Whether a token is a number as documents print it: as it is or as a share of 100, at the decimals it has."""
    if not math.isfinite(number):
        return False
    shown = token.removeprefix("+")
    decimals = len(shown.partition(".")[2])
    if shown in (fixed(number, decimals), fixed(100 * number, decimals)):
        return True
    if decimals == 0 and 0 <= number <= 1 and shown == str(math.floor(100 * number + 0.5)):
        return True
    return shown in {
        f"{scale * number:{form}}".replace("-", MINUS) for scale in (1, 100) for form in (".2g", ".3g", ".4g")
    }


def problem(text: str, measurements: Sequence[Measurement]) -> str | None:
    """Say what is wrong with a number as printed, or None.

    A range must be the two ends of one interval in their order; a bare number must be one of the measurement's.
    """
    if not measurements:
        return "it names no measurement of this run"
    if text in {m.id for m in measurements}:
        return None
    for low, high in _RANGE.findall(text):
        if not any(_ends(low, high, interval) for m in measurements for interval in _intervals(m)):
            return f"prints {low} to {high}, {_said(measurements)}"
    for token in tokens(text):
        if (
            is_number(token.text)
            and field_printed(token.text, measurements) is None
            and not _is_of_100(text, token.text)
        ):
            return f"prints {token.text}, {_said(measurements)}"
    return None


def _is_of_100(text: str, token: str) -> bool:
    """Whether a text rounds a share to a bound: ``fewer than 1`` and ``more than 99`` of 100."""
    return (text, token) in (("fewer than 1", "1"), ("more than 99", "99"))


def _intervals(m: Measurement) -> Iterator[tuple[float, float]]:
    for interval in (m.interval, m.gating, m.simultaneous):
        if isinstance(interval, Interval):
            yield interval.low, interval.high
    parameters = [value for value in m.method.parameters.values() if isinstance(value, (int, float))]
    yield from ((float(low), float(high)) for low in parameters for high in parameters if low <= high)


def _ends(low: str, high: str, interval: tuple[float, float]) -> bool:
    return prints(low, interval[0]) and prints(high, interval[1])


def _said(measurements: Sequence[Measurement]) -> str:
    return "; ".join(f"measurement {m.id} says {_value(m)}" for m in measurements[:3])


def _value(m: Measurement) -> str:
    if m.value is None:
        return f"not measured ({m.reason})"
    interval = m.interval or m.gating
    ends = f" ({interval.low:.6g} to {interval.high:.6g})" if interval else ""
    return f"{m.value:.6g}{ends}, n = {m.n}"
