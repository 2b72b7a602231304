"""How a bar is spoken of in the sentence of a verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from governance.evidence.wording import written
from governance.policy.rules import Rule


@dataclass(frozen=True)
class Words:
    """What is said of a number that passed, failed, or lies on both sides; `target` is what it is held against."""

    passed: str
    failed: str
    undecided: str
    target: str = "the bar"


def words_of(rule: Rule) -> Words:
    """Return how a rule's bar is spoken of."""
    (kind,) = rule.bar.kinds
    if kind == "at_most" and rule.measure.difference is not None:
        kind = "equivalent_within"
    if kind == "at_least" and rule.measure.ratio is not None:
        kind = "within"
    return _WORDS[kind](rule)


def _margin(rule: Rule) -> Words:
    margin = f"the margin {written(rule.bar.by or 0.0)}"
    return Words(f"stays within {margin}", f"is beyond {margin}", f"lies on both sides of {margin}", "the margin")


def _span(rule: Rule) -> Words:
    bar = rule.bar
    if bar.within is not None:
        low, high = bar.within
    else:
        low = bar.at_least or 1.0
        high = round(1 / low, 4)
    span = f"{written(low)} to {written(high)}"
    return Words(f"lies within {span}", f"lies outside {span}", f"lies partly outside {span}")


def _equivalence(rule: Rule) -> Words:
    margin = f"±{written(rule.bar.equivalent_within or rule.bar.at_most or 0.0)}"
    return Words(f"lies within {margin}", f"lies beyond {margin}", f"lies partly beyond {margin}", "the margin")


def _at_most(rule: Rule) -> Words:
    limit = written(rule.bar.at_most or 0.0)
    return Words(f"stays at or below {limit}", f"exceeds {limit}", f"lies on both sides of {limit}")


def _at_least(rule: Rule) -> Words:
    limit = written(rule.bar.at_least or 0.0)
    return Words(f"clears {limit}", f"misses {limit}", f"lies on both sides of {limit}")


def _present(rule: Rule) -> Words:  # noqa: ARG001
    return Words("was measured", "was not measured", "was measured in part")


_WORDS: Mapping[str, Callable[[Rule], Words]] = {
    "at_least": _at_least,
    "at_most": _at_most,
    "within": _span,
    "equivalent_within": _equivalence,
    "not_worse_than": _margin,
    "present": _present,
}
