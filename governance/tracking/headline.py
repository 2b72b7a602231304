"""Which measurements a tracking server shows, and under which names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from governance.evidence.model import Evidence, Measurement

_NOT_ALLOWED = re.compile(r"[^\w. /-]+", re.ASCII)
"""What MLflow does not take in the name of a metric."""


@dataclass(frozen=True)
class Headline:
    """One number for the tracking server. `step` orders the points of a condition's severities or of fractions."""

    key: str
    value: float
    step: int
    dataset: str


def headlines(evidence: Evidence) -> Iterator[Headline]:
    """Yield the measurements over everyone and the worst groups, each with its interval and n.

    Groups, differences, curves and single seeds stay in `evidence.json`, which is logged whole.
    """
    shown = [m for m in evidence.measurements if _is_headline(m)]
    datasets: defaultdict[str, set[str]] = defaultdict(set)
    for m in shown:
        datasets[_name(m)].add(m.dataset)
    for m in shown:
        name = _name(m)
        key = f"{name}/{m.dataset}" if len(datasets[name]) > 1 else name
        key = _NOT_ALLOWED.sub("_", key)
        interval = m.interval or m.gating or m.simultaneous
        numbers = {"": m.value, "_n": m.n}
        if interval is not None:
            numbers |= {"_low": interval.low, "_high": interval.high}
        for suffix, value in sorted(numbers.items()):
            if value is not None:
                yield Headline(f"{key}{suffix}", float(value), _step(m), m.dataset)


def _is_headline(m: Measurement) -> bool:
    if m.status != "measured" or m.curve or m.seed is not None or m.judge is not None or m.target_class is not None:
        return False
    if m.reference_condition is not None or m.reference_variant is not None or m.reference is not None:
        return False
    return m.estimand == "worst" or (m.estimand in ("value", "mean") and not m.slice)


def _name(m: Measurement) -> str:
    parts = [m.evaluator, m.metric]
    if m.estimand == "worst":
        parts.append(f"worst {m.over}")
    elif m.over is not None:
        parts.append(f"over {m.over}")
    if not m.condition.is_clean:
        parts.append(m.condition.name)
    if m.variant is not None:
        parts.append(m.variant)
    return "/".join(parts)


def _step(m: Measurement) -> int:
    """Severity of the condition, or per mille of the training labels."""
    if m.fraction is not None:
        return round(m.fraction * 1000)
    return m.condition.severity or 0
