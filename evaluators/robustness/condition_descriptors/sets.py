"""Names that stand for several conditions: all of ImageNet-C, and what a kind of image should be measured under.

Each set of MedMNIST-C has its name beside its conditions.
"""

from evaluators.robustness.condition_descriptors.imagenet_c import SCORED
from evaluators.robustness.condition_descriptors.modalities import OUTDOORS, OUTLINES, PIXELS
from governance.plugins import ConditionDescriptor

_ANY = ("jpeg-generations", "down-sampling", "crop", "rotation")
_OF_A_KIND = {
    "ct": ("medmnist-c-organa", "ct-window-shift", *_ANY, "burnt-in-text"),
    "dermatoscopy": ("medmnist-c-derma", *_ANY),
    "fundus": ("medmnist-c-retina", *_ANY),
    "histology": ("medmnist-c-path", "stain-variation", *_ANY),
    "mri": ("mri-bias-field", "mri-ghosting", "mri-motion", *_ANY, "burnt-in-text"),
    "oct": ("medmnist-c-oct", *_ANY),
    "radiograph": ("medmnist-c-chest", *_ANY, "burnt-in-text"),
    "ultrasound": ("medmnist-c-breast", "ultrasound-speckle", *_ANY, "burnt-in-text"),
}
"""By modality: one set of MedMNIST-C where there is one, and what is physically possible beyond. Chosen."""

ALL = (
    ConditionDescriptor(
        name="imagenet-c",
        title="The 15 corruptions of ImageNet-C that its mean corruption error is taken over",
        kind="set",
        modalities=OUTDOORS,
        members=tuple(found.name for found in SCORED),
    ),
    ConditionDescriptor(
        name="imagenet-c-indoors",
        title="The corruptions of ImageNet-C but for weather: what may happen to any picture",
        kind="set",
        modalities=PIXELS,
        members=tuple(found.name for found in SCORED if found.modalities == PIXELS),
    ),
    *(
        ConditionDescriptor(
            name=modality,
            title=f"Conditions for {modality} images: {', '.join(members)}",
            kind="set",
            modalities=(modality,),
            members=members,
        )
        for modality, members in _OF_A_KIND.items()
    ),
    ConditionDescriptor(
        name="outlines",
        title="Conditions for drawn outlines",
        kind="set",
        modalities=OUTLINES,
        members=("erosion", "dilation", "outline-jitter", "outline-dropout"),
    ),
)
