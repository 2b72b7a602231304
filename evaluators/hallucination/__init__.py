"""How often a generating model asserts what is not there, misses what is, and contradicts itself."""

from evaluators.hallucination.descriptors import DESCRIPTOR, HallucinationOptions

__all__ = ["DESCRIPTOR", "HallucinationOptions"]
