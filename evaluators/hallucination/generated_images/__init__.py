"""Quality control of generated images: how often it was violated, by what was asked for."""

from evaluators.hallucination.generated_images.descriptors import DESCRIPTOR, GeneratedImagesEvaluationOptions

__all__ = ["DESCRIPTOR", "GeneratedImagesEvaluationOptions"]
