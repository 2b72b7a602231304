"""The corruptions of ImageNet-C: fifteen that are scored and four that were held back.

Source: Hendrycks and Dietterich, ICLR (2019), arXiv 1903.12261.
"""

from evaluators.robustness.condition_descriptors.modalities import COLOUR, OPEN_LENS, OUTDOORS, PIXELS
from governance.plugins import ConditionDescriptor


def _corruption(name: str, title: str, module: str, modalities: tuple[str, ...] = PIXELS) -> ConditionDescriptor:
    function = name.replace("-", "_")
    return ConditionDescriptor(
        name=name,
        title=title,
        implementation=f"evaluators.robustness.conditions.{module}:{function}",
        modalities=modalities,
        version=2,
    )


GAUSSIAN_NOISE = _corruption("gaussian-noise", "Gaussian noise", "noise")
SHOT_NOISE = _corruption("shot-noise", "Shot noise: few photons", "noise")
IMPULSE_NOISE = _corruption("impulse-noise", "Impulse noise: salt and pepper", "noise")
DEFOCUS_BLUR = _corruption("defocus-blur", "Out of focus", "blur")
GLASS_BLUR = _corruption("glass-blur", "Seen through frosted glass", "glass")
MOTION_BLUR = _corruption("motion-blur", "Motion blur", "blur")
ZOOM_BLUR = _corruption("zoom-blur", "Zoom blur", "blur")
SNOW = _corruption("snow", "Snow", "weather", OUTDOORS)
FROST = _corruption("frost", "Frost on the lens", "weather", OUTDOORS)
FOG = _corruption("fog", "Fog", "weather", OPEN_LENS)
BRIGHTNESS = _corruption("brightness", "More brightness", "tones")
CONTRAST = _corruption("contrast", "Less contrast", "tones")
ELASTIC_TRANSFORM = _corruption("elastic-transform", "Elastic deformation", "elastic")
PIXELATE = _corruption("pixelate", "Coarse pixels", "digital")
JPEG_COMPRESSION = _corruption("jpeg-compression", "JPEG compression", "digital")
SPECKLE_NOISE = _corruption("speckle-noise", "Speckle noise", "noise")
GAUSSIAN_BLUR = _corruption("gaussian-blur", "Gaussian blur", "blur")
SPATTER = _corruption("spatter", "Drops of water or mud on the lens", "spatter", OPEN_LENS)
SATURATE = _corruption("saturate", "Other saturation of colours", "tones", COLOUR)

SCORED = (
    GAUSSIAN_NOISE,
    SHOT_NOISE,
    IMPULSE_NOISE,
    DEFOCUS_BLUR,
    GLASS_BLUR,
    MOTION_BLUR,
    ZOOM_BLUR,
    SNOW,
    FROST,
    FOG,
    BRIGHTNESS,
    CONTRAST,
    ELASTIC_TRANSFORM,
    PIXELATE,
    JPEG_COMPRESSION,
)
"""What the mean corruption error is taken over, in the published order."""

HELD_BACK = (SPECKLE_NOISE, GAUSSIAN_BLUR, SPATTER, SATURATE)
"""What may be used to choose a model."""

ALL = SCORED + HELD_BACK
