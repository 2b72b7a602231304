"""The corruptions of ImageNet-C."""

from evaluators.robustness.condition_descriptors.modalities import PIXELS
from governance.plugins import ConditionDescriptor

GAUSSIAN_NOISE = ConditionDescriptor(
    name="gaussian-noise",
    title="Gaussian noise",
    implementation="evaluators.robustness.conditions.noise:gaussian_noise",
    modalities=PIXELS,
)
GAUSSIAN_BLUR = ConditionDescriptor(
    name="gaussian-blur",
    title="Gaussian blur",
    implementation="evaluators.robustness.conditions.blur:gaussian_blur",
    modalities=PIXELS,
)
BRIGHTNESS = ConditionDescriptor(
    name="brightness",
    title="More brightness",
    implementation="evaluators.robustness.conditions.tones:brightness",
    modalities=PIXELS,
)
CONTRAST = ConditionDescriptor(
    name="contrast",
    title="Less contrast",
    implementation="evaluators.robustness.conditions.tones:contrast",
    modalities=PIXELS,
)
