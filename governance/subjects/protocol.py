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
    - ``logits(batch)``: a mapping with ``logits``, (n, outputs) float64: the raw outputs before sigmoid or softmax;
      with ``status`` and ``reason`` where the model has none.
    - ``generate(items, *, options, seeds) -> list of dicts`` with ``item`` (its position), ``repeat``, ``text``
      and, where asked, choice log-probabilities; `seeds` holds one list of seeds an item, one a repeat.

    `batch` is what `takes` says. Where several are asked about one and the same batch object, the model should run
    once; the harness asks for features first.

    A session of a network has ``differentiable(batch, *, decoded=torch.uint8) -> (n, outputs)`` logits as well, for
    attacks: `batch` is floating point in ``input_range`` (a class attribute, (0.0, 1.0)) and gradients flow back to it;
    see `governance.subjects.tensor_session.TensorSession.differentiable`.
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
