"""Kinds of input, by what makes sense on them."""

PIXELS = (
    "ct",
    "dermatoscopy",
    "endoscopy",
    "fundus",
    "histology",
    "mammography",
    "mri",
    "oct",
    "photograph",
    "radiograph",
    "ultrasound",
)
"""Modalities whose pixels are measured intensities."""

OUTLINES = ("contour-projection", "contour-stack", "mask")
"""Modalities whose pixels say where something was drawn; noise or brightness has no meaning there."""
