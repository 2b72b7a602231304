"""The same questions with one text put in, and nothing else changed."""

from evaluators.hallucination.rewriting.descriptors import COLLECTOR

__all__ = ["COLLECTOR"]
