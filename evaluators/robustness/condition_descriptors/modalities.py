"""Kinds of input, by what makes sense on them."""

PIXELS = (
    "ct",
    "dermatoscopy",
    "endoscopy",
    "fundus",
    "histology",
    "mammography",
    "microscopy",
    "mri",
    "oct",
    "photograph",
    "radiograph",
    "ultrasound",
)
"""Modalities whose pixels are measured intensities."""

COLOUR = ("dermatoscopy", "endoscopy", "fundus", "histology", "microscopy", "photograph")
"""Modalities whose pixels may have a colour."""

OPEN_LENS = ("dermatoscopy", "endoscopy", "fundus", "photograph")
"""Modalities whose lens may get misted or dirty in front of the patient."""

OUTDOORS = ("photograph",)
"""Modalities that meet the weather."""

ACQUIRED = ("ct", "mammography", "mri", "radiograph", "ultrasound")
"""Modalities whose pictures pass through a scanner's console, which writes on them."""

OUTLINES = ("contour-projection", "contour-stack", "mask")
"""Modalities whose pixels say where something was drawn; noise or brightness has no meaning there."""
