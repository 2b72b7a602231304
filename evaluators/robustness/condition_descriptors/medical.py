"""Conditions of medical images beyond MedMNIST-C."""

from evaluators.robustness.condition_descriptors.modalities import ACQUIRED, OUTLINES, PIXELS
from governance.plugins import ConditionDescriptor

_ROOM = "evaluators.robustness.conditions.medical"


def _condition(name: str, title: str, implementation: str, modalities: tuple[str, ...]) -> ConditionDescriptor:
    return ConditionDescriptor(
        name=name, title=title, implementation=f"{_ROOM}.{implementation}", modalities=modalities
    )


CONDITIONS = (
    _condition("ct-window-shift", "CT shown in another window", "ct:window_shift", ("ct",)),
    _condition("mri-bias-field", "Uneven coil sensitivity", "mri:bias_field", ("mri",)),
    _condition("mri-ghosting", "Ghosts along the phase encoding", "mri:ghosting", ("mri",)),
    _condition("mri-motion", "The patient moves during the scan", "mri:motion", ("mri",)),
    _condition("ultrasound-speckle", "Speckle with grains of a beam's size", "ultrasound:speckle", ("ultrasound",)),
    _condition("stain-variation", "Other amounts of stain", "histology:stain_variation", ("histology",)),
    _condition("jpeg-generations", "Saved as JPEG again and again", "archive:jpeg_generations", PIXELS),
    _condition("down-sampling", "Made smaller and enlarged again", "archive:down_sampling", PIXELS),
    _condition("burnt-in-text", "Text burnt into the picture", "archive:burnt_in_text", ACQUIRED),
    _condition("crop", "A part of the picture, enlarged", "geometry:crop", PIXELS),
    _condition("rotation", "Turned by a small angle", "geometry:rotation", PIXELS),
    _condition("outline-jitter", "Outline displaced smoothly at random", "outlines:jitter", OUTLINES),
    _condition("outline-dropout", "Parts of the outline missing", "outlines:dropout", OUTLINES),
)
