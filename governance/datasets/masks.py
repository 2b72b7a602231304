"""Reference masks of a segmentation: a variant of each sample that a dataset decodes like any other."""

from __future__ import annotations

REFERENCE_MASK = "reference-mask"
"""Name of the variant that holds the masks: ``decode(indices, "reference-mask")`` gives (n, ...) uint8 or float32 with
the axes of the image but its channels. What is not 0 belongs to the structure."""
