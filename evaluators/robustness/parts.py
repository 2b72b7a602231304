"""The parts of the robustness evaluator that are measured where the options ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from governance.evidence.model import Measurement
from governance.harness.protocols import EvaluationContext, Need

if TYPE_CHECKING:
    from evaluators.robustness.descriptors import RobustnessOptions
    from evaluators.robustness.scene import Scene


class Part(Protocol):
    """A module ``evaluators.robustness.<name>.part``, used where the option of that name is given."""

    def needs(self, context: EvaluationContext, options: RobustnessOptions) -> Iterable[Need]:
        """Say what must be observed beside the predictions of the clean input and under the named conditions."""
        ...

    def measure(self, scene: Scene) -> Iterator[Measurement]:
        """Measure from the observations alone."""
        ...


NAMES: tuple[str, ...] = ("uncertainty", "adversarial", "shift")
OF_SEVERAL_CLASSES: frozenset[str] = frozenset({"uncertainty", "adversarial"})
"""Parts that measure tasks of several classes, too."""


def chosen(options: RobustnessOptions) -> tuple[Part, ...]:
    """Return the parts that the options ask for, in their fixed order."""
    asked = (name for name in NAMES if getattr(options, name) is not None)
    return tuple(cast(Part, import_module(f"evaluators.robustness.{name}.part")) for name in asked)
