"""Conditions on drawn outlines."""

from evaluators.robustness.condition_descriptors.modalities import OUTLINES
from governance.plugins import ConditionDescriptor

EROSION = ConditionDescriptor(
    name="erosion",
    title="Outline drawn smaller",
    implementation="evaluators.robustness.conditions.outlines:erosion",
    modalities=OUTLINES,
)
DILATION = ConditionDescriptor(
    name="dilation",
    title="Outline drawn larger",
    implementation="evaluators.robustness.conditions.outlines:dilation",
    modalities=OUTLINES,
)
