"""The model of one run against that of another on the same samples, each at its own operating point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evaluators.against import same_samples
from evaluators.fairness.comparison.paired import Arm
from evaluators.fairness.comparison.part import changes_of
from governance.evidence.model import Measurement, Scalar

if TYPE_CHECKING:
    from evaluators.fairness.scene import Scene


def compare(here: Scene, there: Scene, name: str) -> Iterator[Measurement]:
    """Give the paired differences of every slice and the changes of gaps; nothing where the samples are others.

    The methods are those of a baseline inside a run (`evaluators.fairness.comparison.paired`): exact intervals of what
    is gained and lost for verdicts, and tests.

    Parameters
    ----------
    name
        The `reference_variant` of the differences.
    """
    if same_samples(here.context, there.context).get(there.dataset.name) != here.dataset.name:
        return
    about: dict[str, Scalar] = {
        "baseline": there.context.subject.name,
        "baseline_threshold": there.point.threshold,
        "baseline_rule": there.point.rule,
    }
    arms = Arm.at(here.data, here.point.threshold), Arm.at(there.data, there.point.threshold)
    yield from changes_of(here, arms, about, name)
