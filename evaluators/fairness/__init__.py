"""How well a binary classifier does for each group of patients, how far groups are apart, and which is worst."""

from evaluators.fairness.descriptors import DESCRIPTOR, FairnessOptions

__all__ = ["DESCRIPTOR", "FairnessOptions"]
