"""What an opened model is to the rest of the house."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Session(Protocol):
    """An opened subject on a device. A subject implements what its descriptor's capabilities name.

    ``predict(batch) -> (n,) or (n, classes) float64`` probabilities; ``embed(batch) -> (n, d) float32``;
    ``generate(items, *, options, seed) -> list of dicts`` with ``text`` and, where asked for, choice log-probabilities.
    `batch` is a torch tensor on the device for image models, a numpy array for others (see `takes`).
    """

    digest: str
    """SHA-256 of everything that determines the outputs: weights, architecture, preprocessing, own code."""

    takes: str
    """``"tensor"``, ``"array"`` or ``"items"``: what the session's methods take."""
