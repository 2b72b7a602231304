"""Hugging Face libraries without network and without code from a model's folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from governance.errors import InputError, Location
from governance.subjects.weights import PICKLE_SUFFIXES, refuse_pickle

SAFE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""Passed to every ``from_pretrained``."""


def go_offline() -> None:
    """Tell the Hugging Face libraries to stay off the network. Call before they are imported."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TQDM_DISABLE", "1")  # Loading draws bars of its own into ours.


def require_safe_weights(folder: Path, *, allow_pickle: bool) -> dict[str, Any]:
    """Check that a model folder holds safetensors, or pickled weights that the spec allows.

    Returns
    -------
    dict
        Arguments for ``from_pretrained``.

    Raises
    ------
    InputError
        If there are no weights, or only pickled ones that are not allowed.
    """
    if not (folder / "config.json").is_file():
        raise InputError("the folder has no config.json", location=Location(str(folder)))
    if any(folder.glob("*.safetensors")):
        return {**SAFE, "use_safetensors": True}
    pickled = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICKLE_SUFFIXES)
    if not pickled:
        raise InputError("the folder holds no weights (*.safetensors)", location=Location(str(folder)))
    refuse_pickle(pickled[0], allow_pickle=allow_pickle, instead="save with model.save_pretrained (safetensors)")
    return {**SAFE, "use_safetensors": False, "weights_only": True}
