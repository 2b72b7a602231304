"""The subject as the library attacks it: decoded pixels in, logits of classes out, with gradients."""

from __future__ import annotations

from typing import Any

import torch

from evaluators.robustness.adversarial.library import PyTorchClassifier

_EDGE = 1e-6
"""A threshold of 0 or 1 decides all alike; it is moved by this much to have a logit."""


class Logits(torch.nn.Module):  # type: ignore[misc]
    """Logits of at least two classes, of which the highest is what the model decides for.

    A binary model's logit is moved so that its decision at the threshold is the highest of two logits: an attack then
    crosses the threshold in use, not one half. Arguments of `forward` and results are float32 on the processor that the
    library works on.

    Parameters
    ----------
    session
        An opened subject with ``differentiable``.
    decoded
        Type of the decoded pixels.
    threshold
        Of a binary task; None for several classes.
    """

    def __init__(self, session: Any, decoded: torch.dtype, threshold: float | None) -> None:
        super().__init__()
        self._session, self._decoded = session, decoded
        self._shift = None
        if threshold is not None:
            inside = min(max(threshold, _EDGE), 1 - _EDGE)
            self._shift = float(torch.logit(torch.tensor(inside, dtype=torch.float64)))

    @property
    def input_range(self) -> tuple[float, float]:
        """Lowest and highest value of a pixel."""
        low, high = self._session.input_range
        return float(low), float(high)

    def raw(self, batch: torch.Tensor) -> torch.Tensor:
        """Return the network's own logits, (n, outputs)."""
        # Projections of the library may leave the range by rounding.
        low, high = self.input_range
        given = batch.clamp(low, high).to(self._session.device)
        logits: torch.Tensor = self._session.differentiable(given, decoded=self._decoded)
        return logits.to(batch.device)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """Return (n, classes)."""
        raw = self.raw(batch)
        if self._shift is None:
            return raw
        difference = (raw[:, 0] if raw.shape[1] == 1 else raw[:, 1] - raw[:, 0]) - self._shift
        return torch.stack([-difference / 2, difference / 2], dim=1)

    def probabilities(self, batch: torch.Tensor) -> torch.Tensor:
        """Return what `predict` gives: (n,) probabilities of the positive class, or (n, classes); float64."""
        with torch.no_grad():
            raw = self.raw(batch).double()
        if self._shift is None:
            return torch.softmax(raw, dim=1)
        return torch.sigmoid(raw[:, 0] if raw.shape[1] == 1 else raw[:, 1] - raw[:, 0])


def classifier(network: Logits, shape: tuple[int, ...], classes: int, device: str) -> PyTorchClassifier:
    """Wrap the network for the library.

    Parameters
    ----------
    shape
        Of one sample: (channels, height, width).
    """
    return PyTorchClassifier(
        model=network,
        loss=torch.nn.CrossEntropyLoss(),
        input_shape=shape,
        nb_classes=classes,
        clip_values=network.input_range,
        device_type="gpu" if device.startswith("cuda") else "cpu",
    )
