"""The package imagecorruptions, with what it needs and current libraries no longer have.

As installed, version 1.1.2 fails at import without `pkg_resources`; then glass blur, Gaussian blur and fog fail on
current scikit-image and NumPy. `load` supplies the first; `mended` also the rest, without a change to its code.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np


def load() -> Any:
    """Return the module `imagecorruptions`.

    Raises
    ------
    ModuleNotFoundError
        If it is not installed.
    """
    found = importlib.util.find_spec("imagecorruptions")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("imagecorruptions is not installed: pip install imagecorruptions==1.1.2")
    folder = Path(found.origin).parent
    resources = types.ModuleType("pkg_resources")
    resources.resource_filename = lambda _, name: str(folder / name)  # type: ignore[attr-defined]
    absent = "pkg_resources" not in sys.modules
    if absent:
        sys.modules["pkg_resources"] = resources
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return importlib.import_module("imagecorruptions")
    finally:
        if absent:  # nobody else shall find this stand-in
            del sys.modules["pkg_resources"]


@contextlib.contextmanager
def mended() -> Iterator[Any]:
    """Give `imagecorruptions` in a state in which all nineteen corruptions run."""
    from skimage.filters import gaussian

    published = load()

    def as_before(image: Any, sigma: Any, *, multichannel: bool = False, **more: Any) -> Any:
        return gaussian(image, sigma, channel_axis=-1 if multichannel else None, **more)

    with (
        mock.patch.object(published.corruptions, "gaussian", as_before),
        mock.patch.object(np, "float_", np.float64, create=True),
    ):
        yield published
