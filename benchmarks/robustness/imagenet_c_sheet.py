"""Draw the contact sheet of the corruptions of ImageNet-C from a retina and a tissue that scikit-image ships.

python -m benchmarks.robustness.imagenet_c_sheet docs/images/conditions-imagenet-c.jpg
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from evaluators.robustness.condition_descriptors import imagenet_c

SIDE, TILE, GAP, LABEL, HEAD = 224, 112, 3, 132, 20
SEVERITIES = (1, 2, 3, 4, 5)


def pictures() -> list[torch.Tensor]:
    """Return a retina and a tissue, (1, 3, 224, 224) uint8 each."""
    from skimage import data

    found = []
    for pixels in (data.retina(), data.immunohistochemistry()):
        image = Image.fromarray(pixels)
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = image.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        found.append(torch.from_numpy(np.array(square)).permute(2, 0, 1)[None].contiguous())
    return found


def sheet() -> Image.Image:
    """Return one row a corruption: its name, the clean image and the five severities."""
    shown, step = pictures(), TILE + GAP
    page = Image.new("RGB", (LABEL + step * (1 + len(SEVERITIES)), HEAD + step * len(imagenet_c.ALL)), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for column, title in enumerate(("clean", *(f"severity {level}" for level in SEVERITIES))):
        pen.text((LABEL + column * step + TILE / 2, HEAD / 2), title, fill="black", font=font, anchor="mm")
    for row, descriptor in enumerate(imagenet_c.ALL):
        clean, condition = shown[row % len(shown)], descriptor.load()
        middle = HEAD + row * step + TILE / 2
        pen.text((LABEL - 8, middle), descriptor.name.replace("-", " "), fill="black", font=font, anchor="rm")
        drawn = torch.tensor([20261 + row])
        for column, tile in enumerate([clean, *(condition(clean, level, drawn) for level in SEVERITIES)]):
            image = Image.fromarray(tile[0].permute(1, 2, 0).numpy()).resize((TILE, TILE), Image.Resampling.LANCZOS)
            page.paste(image, (LABEL + column * step, HEAD + row * step))
    return page


def main(target: Path) -> None:
    """Write the sheet, as small as its purpose allows."""
    sheet().save(target, quality=80, optimize=True)
    print(target, target.stat().st_size // 1000, "kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
