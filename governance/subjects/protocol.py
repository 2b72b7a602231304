"""What an opened model is to the rest of the house."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Session(Protocol):
    """An opened subject on a device. A subject implements what its descriptor's capabilities name.

    - ``predict(batch) -> (n,), (n, classes) or (n, labels) float64`` probabilities. A `predict` that knows more than
      scores returns a mapping of columns instead (``score`` or ``scores``, ``status``, ``reason``); a regression always
      does, with ``value``: (n,) float64.
    - ``segment(batch) -> (n, ...) float`` probabilities that a pixel belongs to the structure, shaped as the reference
      masks are.
    - ``embed(batch) -> (n, d) float32``.
    - ``generate(items, *, options, seeds) -> list of dicts`` with ``item`` (its position), ``repeat``, ``text``
      and, where asked, choice log-probabilities; `seeds` holds one list of seeds an item, one a repeat.

    `batch` is what `takes` says.
    """

    @property
    def digest(self) -> str:
        """SHA-256 of everything that determines the outputs: weights, architecture, preprocessing, own code."""
        ...

    @property
    def takes(self) -> str:
        """What the methods take.

        ``"tensor"``: a torch tensor on the device; ``"array"``: a numpy array; ``"items"``: a list of decoded dicts;
        ``"samples"``: nothing decoded, but a list of `Sample`, for what was observed elsewhere.
        """
        ...


class Sample(dict[str, object]):
    """Names one observation: ``sample_id``, ``dataset``, ``condition``, ``severity``."""
