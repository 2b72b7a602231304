"""What a rule measures and the bar it sets: the two halves of a rule about numbers."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from governance.spec.model import Name, Text, Written

SEEDS = "seeds"
"""``mean: seeds`` is the mean over the seeds of a training fraction."""

_SHORT_SELECTOR = re.compile(r"\s*(?P<evaluator>[^/\s]+)\s*/\s*(?P<metric>[^/\s]+)(?:\s+on\s+(?P<dataset>\S+))?\s*")


class Selector(Written):
    """Which measurements a rule is about.

    `worst`, `difference`, `ratio` and `mean` name a grouping: an attribute, or several with " x " between. `worst` is
    about every declared group, `difference` and `ratio` about every pair of them, `mean` about their unweighted mean;
    ``mean: seeds`` is the mean over the seeds of a training `fraction`, which a fraction means anyway.

    `across` names the grouping of a metric that is about all groups at once (``equalized_odds_difference_max``). The
    short form ``fairness / sensitivity on test`` is read, too. A condition without `condition_severity` means
    every severity that the run planned; each of them must clear the bar. ``condition_severity: all`` is for metrics
    that sum up the severities of a condition (``degradation_area``). `judge` names who judged the answers that a number
    rests on, people being ``human``.
    """

    evaluator: Name
    metric: Name
    dataset: Name | None = None
    slice: dict[Name, Text] = Field(default_factory=dict)
    worst: Text | None = None
    difference: Text | None = None
    ratio: Text | None = None
    mean: Text | None = None
    across: Text | None = None
    condition: Name | None = None
    condition_severity: Annotated[int, Field(ge=1)] | Literal["all"] | None = None
    variant: Text | None = None
    fraction: float | None = Field(default=None, gt=0, le=1)
    target_class: Text | None = None
    judge: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, content: Any) -> Any:
        if not isinstance(content, str):
            return content
        match = _SHORT_SELECTOR.fullmatch(content)
        if match is None:
            raise ValueError(
                "write 'evaluator / metric on dataset', or the keys evaluator, metric, dataset, worst, ..."
            )
        return {key: text for key, text in match.groupdict().items() if text}

    @model_validator(mode="after")
    def _one_aggregate(self) -> Self:
        named = [key for key in ("worst", "difference", "ratio", "mean") if getattr(self, key) is not None]
        if len(named) > 1:
            raise ValueError(f"a rule measures either `{named[0]}` or `{named[1]}`, not both; write two rules")
        if self.across and (named or self.slice):
            raise ValueError(
                "`across` is for metrics about all groups at once; it takes no worst, difference, ratio, mean or slice"
            )
        if self.condition_severity is not None and self.condition is None:
            raise ValueError("condition_severity needs `condition`: the name of what was done to the input")
        if self.mean == SEEDS and self.fraction is None:
            raise ValueError("`mean: seeds` needs `fraction`: the share of the labels that was trained on")
        if self.mean not in (None, SEEDS) and self.fraction is not None:
            raise ValueError("a training fraction is the mean over seeds; it takes no mean over groups")
        return self

    @property
    def over(self) -> str | None:
        """The grouping that the rule runs over, if any."""
        return self.worst or self.difference or self.ratio or self.mean_over

    @property
    def compared(self) -> str | None:
        """The grouping whose pairs the rule compares, if any."""
        return self.difference or self.ratio

    @property
    def mean_over(self) -> str | None:
        """The grouping that a mean is taken over, if any."""
        return None if self.mean == SEEDS else self.mean

    @property
    def estimand(self) -> Literal["value", "mean"]:
        """What one measurement of this selector is: with a training fraction the mean over seeds, else the value."""
        return "value" if self.fraction is None else "mean"


class Bar(Written):
    """What the measurement must clear; exactly one kind.

    `at_least` and `at_most` compare the interval's adverse bound; `within` needs the whole interval inside. For a
    ratio, whose two groups could as well be named the other way round, ``at_least: 0.8`` means from 0.8 to 1 / 0.8.

    For ``not_worse_than: clean, by: margin`` the paired difference to the clean condition must not be worse than the
    margin, and for ``not_worse_than: baseline`` that to the model that the evaluation compares with.
    `equivalent_within` is a margin on both sides: for the difference of every pair of groups, or with ``to: clean`` or
    ``to: baseline`` for that paired difference. `present` asks only that it was measured.
    """

    at_least: float | None = None
    at_most: float | None = None
    within: tuple[float, float] | None = None
    equivalent_within: float | None = Field(default=None, gt=0)
    to: Literal["clean", "baseline"] | None = None
    not_worse_than: Literal["clean", "baseline"] | None = None
    by: float | None = Field(default=None, ge=0)
    present: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if len(self.kinds) != 1:
            raise ValueError(f"a bar has exactly one of {', '.join(_KINDS)}")
        if (self.by is None) == (self.not_worse_than is not None):
            raise ValueError("not_worse_than needs `by`: the margin; no other bar takes it")
        if self.to is not None and self.equivalent_within is None:
            raise ValueError("`to` belongs to equivalent_within")
        if self.within is not None and self.within[0] >= self.within[1]:
            raise ValueError("within needs its lower end first")
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that are written."""
        return tuple(kind for kind in _KINDS if getattr(self, kind) is not None)

    @property
    def paired_with(self) -> Literal["clean", "baseline"] | None:
        """What the same samples are compared with, if anything."""
        return self.not_worse_than or self.to


_KINDS = ("at_least", "at_most", "within", "equivalent_within", "not_worse_than", "present")


class Minimum(Written):
    """Fewest patients and events a verdict may rest on; below it the verdict is `not_measured`.

    `events` asks for cases that can move the number: for a proportion its denominator (for sensitivity all who have the
    condition, not only those found), otherwise the events.
    """

    patients: int | None = Field(default=None, ge=1)
    events: int | None = Field(default=None, ge=1)
