"""Images in files, named by a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from governance.datasets.descriptors import ImageFolderOptions
from governance.datasets.reading import existing_file, file_stamp, read_table, require_columns, text_columns
from governance.errors import InputError, Location
from governance.evidence.canonical import digest_json
from governance.spec.model import DatasetSpec

if TYPE_CHECKING:
    import pandas as pd

LARGEST_IMAGE = 178_956_970
"""Pixels above which a file is refused as a decompression bomb; Pillow's own limit for an error."""


@dataclass(frozen=True)
class ImageFolderDataset:
    """Images of one size, decoded to ``(n, channels, height, width)`` uint8."""

    table: pd.DataFrame
    folder: Path
    names: tuple[str, ...]
    channels: int
    size: int | None
    concurrent: ClassVar[bool] = True

    def decode(self, indices: Sequence[int], variant: str | None = None) -> np.ndarray:
        """Decode the images at `indices`.

        Raises
        ------
        InputError
            If a file is missing, is not an image, or has another size than the first one.
        """
        if variant is not None:
            raise KeyError(variant)
        images = [
            read_image(self.folder / self.names[index], channels=self.channels, size=self.size) for index in indices
        ]
        for index, image in zip(indices, images, strict=True):
            if image.shape != images[0].shape:
                raise InputError(
                    f"images differ in size: {_extent(image)} here, {_extent(images[0])} in {self.names[indices[0]]}",
                    location=Location(str(self.folder / self.names[index])),
                    hint="set `size` in the dataset to resize all images alike",
                )
        if not images:
            return np.empty((0, self.channels, self.size or 0, self.size or 0), dtype=np.uint8)
        return np.stack(images)

    def variants(self, name: str) -> Sequence[int]:  # noqa: ARG002
        """A folder of images has no variants."""
        return ()

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the files' names, sizes and modification times and of how they are decoded."""
        stamps = [[name, *file_stamp(self.folder / name)] for name in self.names]
        return digest_json([stamps, self.channels, self.size])


def read_image(path: Path, *, channels: int, size: int | None) -> np.ndarray:
    """Decode an image file to (channels, height, width) uint8; resized to ``size x size`` where a size is given.

    Raises
    ------
    InputError
        If the file is missing, is not an image, or has more than 8 bits a pixel.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if image.width * image.height > LARGEST_IMAGE:
                raise InputError(f"the image has {image.width} x {image.height} pixels", location=Location(str(path)))
            if image.mode.startswith(("I", "F")):
                raise InputError(
                    f"the image has more than 8 bits a pixel (mode {image.mode})",
                    location=Location(str(path)),
                    hint="window it to 8 bits as for training, or use `kind: loader` for other depths",
                )
            converted = image.convert("L" if channels == 1 else "RGB")
            if size is not None and converted.size != (size, size):
                converted = converted.resize((size, size), Image.Resampling.BILINEAR)
            array = np.asarray(converted, dtype=np.uint8)
    except FileNotFoundError as error:
        raise InputError("the image file does not exist", location=Location(str(path))) from error
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise InputError(f"cannot be read as an image: {error}", location=Location(str(path))) from error
    return array[None] if channels == 1 else np.ascontiguousarray(array.transpose(2, 0, 1))


def _extent(image: np.ndarray) -> str:
    return f"{image.shape[2]} x {image.shape[1]} pixels"


def open_image_folder(dataset: DatasetSpec, base: Path) -> ImageFolderDataset:
    """Open a table of image files.

    Raises
    ------
    InputError
        If the table or its image column is missing, or a name in it is empty.
    """
    options = ImageFolderOptions.model_validate(dataset.options)
    path = existing_file(base, options.table, "the table")
    frame = read_table(path, (*text_columns(dataset), options.image))
    require_columns(frame, [options.image], path)
    missing = frame[options.image].isna().to_numpy().nonzero()[0]
    if len(missing):
        raise InputError(f"row {int(missing[0]) + 1} names no image", location=Location(str(path)))
    folder = base / options.folder if options.folder else path.parent
    if not folder.is_dir():
        raise InputError(f"the folder of images '{options.folder}' does not exist")
    names = tuple(str(name) for name in frame[options.image])
    return ImageFolderDataset(frame, folder, names, options.channels, options.size)
