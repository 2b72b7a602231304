"""What is measured of generated images, and which options there are. Imports nothing heavy."""

from __future__ import annotations

from functools import partial

from governance.evidence.model import MetricDescriptor
from governance.plugins import EvaluatorDescriptor
from governance.spec.model import DatasetName, Text, Written


class GeneratedImagesEvaluationOptions(Written):
    """Options under ``evaluate: {generated_images: ...}``.

    Attributes
    ----------
    on
        A dataset of the kind ``generated-images``.
    groups
        As for fairness; attributes are what was asked for.
    checks
        Checks that must be there, so that what nobody judged is said; without it all that any record names.
    """

    on: DatasetName
    groups: tuple[Text, ...] = ()
    checks: tuple[Text, ...] = ()


_share = partial(MetricDescriptor, low=0, high=1)
VERDICT_SHARE = _share(
    name="verdict_share",
    title="Images that were checked",
    direction="higher",
    formula="images with a verdict on the check / images",
    explanation="The share of the images of which somebody said whether they violate the check (the variant).",
    does_not_show="Whether those that were not checked are like the others.",
    source="the toolkit's own rule",
)
VIOLATION_RATE = _share(
    name="violation_rate",
    title="Violations of a check",
    direction="lower",
    formula="images that violate the check by most of their verdicts, a tie included / images with a verdict on it",
    explanation="How often images are not what was asked for, by the check that the variant names.",
    does_not_show="Errors that the check does not look for, and those of whoever judged.",
    source="the toolkit's own rule",
)
ANY_VIOLATION = _share(
    name="any_violation_rate",
    title="Images that violate any check",
    direction="lower",
    formula="images that violate at least one check / images that do, or were judged on all",
    explanation="How often images fail quality control as a whole.",
    does_not_show="Which check it was. Images that passed some checks and lack a verdict on others are left out.",
    source="the toolkit's own rule",
)
RATERS_AGREE = MetricDescriptor(
    name="rater_alpha",
    title="Agreement of those who checked (Krippendorff's alpha)",
    high=1,
    direction="higher",
    formula="1 - observed / expected disagreement, nominal, over all pairs of verdicts on an image",
    explanation="Whether those who judged the same images say the same, beyond chance.",
    does_not_show="Who is right.",
    source="Krippendorff, Content Analysis (2004), chapter 11",
)

DESCRIPTOR = EvaluatorDescriptor(
    name="generated_images",
    title="Quality control of generated images",
    implementation="evaluators.hallucination.generated_images.evaluator:EVALUATOR",
    options=GeneratedImagesEvaluationOptions,
    metrics=(VERDICT_SHARE, VIOLATION_RATE, ANY_VIOLATION, RATERS_AGREE),
)
