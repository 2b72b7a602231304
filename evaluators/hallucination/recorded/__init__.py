"""Measures of recorded answers: what a model asserted, missed, refused and contradicted. No model runs here."""

from evaluators.hallucination.recorded.descriptors import COLLECTOR, DESCRIPTOR, GenerationsEvaluationOptions

__all__ = ["COLLECTOR", "DESCRIPTOR", "GenerationsEvaluationOptions"]
