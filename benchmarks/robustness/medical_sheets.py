"""Draw contact sheets of the medical conditions from real pixels that scikit-image ships.

    python -m benchmarks.robustness.medical_sheets docs/images

Rows are conditions, columns the clean image and severities. Pictures of other kinds than scikit-image has (radiographs,
ultrasound) are looked at with ``--image FILE --set NAME`` and are not kept here.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from evaluators.robustness.condition_sets import expand
from governance.plugins import installed

TILE, LABEL, SIDE = 88, 170, 224
SEVERITIES = (1, 3, 5)

OUTLINE = "horse.png"
DERMA = ("impulse-noise", "shot-noise", "zoom-blur", "black-corner", "characters")
"""What the other sheets do not show."""

SHEETS: dict[str, tuple[str, tuple[str, ...]]] = {
    "histology": ("ihc.png", ("histology",)),
    "fundus": ("retina.jpg", ("fundus",)),
    "dermatoscopy": ("ihc.png", tuple(f"medmnist-c-derma-{name}" for name in DERMA)),
    "microscopy": ("cell.png", ("medmnist-c-tissue",)),
    "mri": ("phantom.png", ("mri-bias-field", "mri-ghosting", "mri-motion")),
    "outlines": (OUTLINE, ("outlines",)),
}
"""File name of the sheet: the image, and the conditions. No picture of skin ships with scikit-image: its corruptions
are shown on tissue."""


def clean(path: Path, *, grey: bool) -> torch.Tensor:
    """Return (1, c, 224, 224) uint8: the middle square of a picture."""
    image = Image.open(path)
    image = image.convert("L") if grey or image.mode in {"L", "1"} else image.convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    pixels = torch.from_numpy(np.array(square))
    if path.name == OUTLINE:  # black on white; what is drawn is what is set
        pixels = ~pixels
    return (pixels[None, None] if pixels.ndim == 2 else pixels.permute(2, 0, 1)[None]).contiguous()


def sheet(batch: torch.Tensor, names: Sequence[str]) -> Image.Image:
    """Return one row a condition: its name, the clean image, and its severities."""
    known = installed("conditions")
    rows = expand(names, known)
    page = Image.new("RGB", (LABEL + TILE * (1 + len(SEVERITIES)), TILE * len(rows) + 16), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(11)
    for column, title in enumerate(("clean", *(f"severity {level}" for level in SEVERITIES))):
        pen.text((LABEL + column * TILE + 4, 1), title, fill="black", font=font)
    for row, name in enumerate(rows):
        pen.text((4, 16 + row * TILE + TILE // 2 - 8), name.replace("medmnist-c-", "").replace("-", " "), "black", font)
        condition = known[name].load()
        seed = torch.tensor([1234567 + row])
        tiles = [batch, *(condition(batch, level, seed) for level in SEVERITIES)]
        for column, tile in enumerate(tiles):
            page.paste(_picture(tile), (LABEL + column * TILE, 16 + row * TILE))
    return page


def _picture(tile: torch.Tensor) -> Image.Image:
    pixels = tile[0].permute(1, 2, 0).numpy()
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    return image.convert("RGB").resize((TILE - 2, TILE - 2), Image.Resampling.LANCZOS)


def main() -> None:
    """Draw the sheets of the documentation, or one of a picture of one's own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--image", type=Path)
    parser.add_argument("--set", nargs="+", default=["radiograph"])
    parser.add_argument("--colour", action="store_true")
    given = parser.parse_args()
    if given.image:
        target = given.folder / f"{given.image.stem}-{given.set[0]}.png"
        sheet(clean(given.image, grey=not given.colour), given.set).save(target)
        print(target)
        return
    import skimage

    data = Path(skimage.__file__).parent / "data"
    for name, (file, names) in SHEETS.items():
        target = given.folder / f"conditions-medical-{name}.jpg"
        sheet(clean(data / file, grey=False), names).save(target, quality=80, optimize=True)
        print(target, target.stat().st_size)


if __name__ == "__main__":
    main()
