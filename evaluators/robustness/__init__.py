"""How predictions change when the input is altered in ways that happen in practice, overall and for each group."""

from evaluators.robustness.descriptors import DESCRIPTOR, RobustnessOptions

__all__ = ["DESCRIPTOR", "RobustnessOptions"]
