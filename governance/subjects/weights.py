"""Weights from files, without running what a file brings along."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance.errors import InputError, Location, first_line, near_name
from governance.evidence.canonical import canonical_json

if TYPE_CHECKING:
    import torch

PICKLE_SUFFIXES = {".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".joblib"}


def refuse_pickle(path: Path, *, allow_pickle: bool, instead: str) -> None:
    """Refuse a file that is unpickled when read, unless the spec allows it.

    Raises
    ------
    InputError
        With the way to a safe format.
    """
    if path.suffix.lower() in PICKLE_SUFFIXES:
        ask_for_trust("this kind of file", allow_pickle=allow_pickle, instead=instead, location=Location(str(path)))


def ask_for_trust(what: str, *, allow_pickle: bool, instead: str, location: Location | None = None) -> None:
    """Refuse what is unpickled when it is opened, unless the spec allows it.

    Parameters
    ----------
    what
        What would be opened, at the start of a sentence.
    instead
        The way to a safe format.

    Raises
    ------
    InputError
        With that way, and the key that allows it.
    """
    if not allow_pickle:
        raise InputError(
            f"{what} is a pickle, which can run any code when it is opened",
            location=location,
            hint=f"{instead}; or set `allow_pickle: true` on the subject if you trust where it comes from"
            " (the dossier will say so)",
        )


def load_state(path: Path, *, allow_pickle: bool) -> dict[str, torch.Tensor]:
    """Read named tensors from a safetensors file, or a pickled state dict with ``weights_only`` where it is allowed.

    Raises
    ------
    InputError
        If the file is a pickle that was not allowed, or is not what its name says.
    """
    refuse_pickle(path, allow_pickle=allow_pickle, instead="save the weights with safetensors.torch.save_file")
    where = Location(str(path))
    if path.suffix.lower() in PICKLE_SUFFIXES:
        import torch

        try:
            state: Any = torch.load(path, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
            raise InputError(
                f"holds more than plain tensors, or is damaged: {first_line(error)}",
                location=where,
                hint="only state dicts are read (weights_only), also with allow_pickle",
            ) from error
        state = state.get("state_dict", state) if isinstance(state, Mapping) else state
        if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
            raise InputError("does not hold a state dict", location=where)
        return dict(state)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path, device="cpu"))
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(
            f"is not a safetensors file: {first_line(error)}",
            location=where,
            hint="save the weights with safetensors.torch.save_file",
        ) from error


def fit_state(model: torch.nn.Module, state: Mapping[str, torch.Tensor], path: Path, architecture: str) -> None:
    """Load named tensors into a model that must have exactly these names and shapes.

    Raises
    ------
    InputError
        Naming the first missing and unexpected tensors, or the first of another shape.
    """
    wanted = model.state_dict()
    where = Location(str(path))
    missing = [name for name in wanted if name not in state]
    unexpected = [name for name in state if name not in wanted]
    if missing or unexpected:
        parts = [
            f"{len(names)} {word} ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"
            for word, names in (("missing", missing), ("unexpected", unexpected))
            if names
        ]
        hint = near_name(missing[0], unexpected) if missing and len(unexpected) <= 8 else None
        raise InputError(f"the weights do not fit {architecture}: {' and '.join(parts)}", location=where, hint=hint)
    for name, tensor in wanted.items():
        if tuple(state[name].shape) != tuple(tensor.shape):
            raise InputError(
                f"the weights do not fit {architecture}: '{name}' has shape {tuple(state[name].shape)},"
                f" expected {tuple(tensor.shape)}",
                location=where,
            )
    model.load_state_dict(dict(state), strict=True)


def state_digest(model: torch.nn.Module) -> str:
    """SHA-256 of a model's parameters and buffers: names, types, shapes and bytes."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(canonical_json([name, str(tensor.dtype), list(tensor.shape)]))
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
