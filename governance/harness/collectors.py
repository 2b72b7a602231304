"""Collectors that observe batch after batch, and so share decoding and conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from governance.errors import InputError

if TYPE_CHECKING:
    from governance.subjects.protocol import Session


class Predict:
    """Predicted probabilities."""

    def observe(self, batch: Any, session: Session, options: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002
        """Return ``score``: (n,), or ``scores``: (n, classes), and ``status`` and ``reason`` where the session says."""
        found = session.predict(batch)  # type: ignore[attr-defined]
        if isinstance(found, Mapping):
            return found
        array = np.asarray(found, dtype=np.float64)
        return {"score": array} if array.ndim == 1 else {"scores": array}


class Logits:
    """Raw outputs of a network, for energy scores and temperatures."""

    def observe(self, batch: Any, session: Session, options: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002
        """Return ``logits``: (n, outputs) float64, and ``status`` and ``reason`` where the session has none."""
        found: Mapping[str, Any] = session.logits(batch)  # type: ignore[attr-defined]
        return found


class Embed:
    """Features before the classifier, or of an extractor of one's own."""

    def observe(self, batch: Any, session: Session, options: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002
        """Return ``embedding``: (n, d) float32."""
        return {"embedding": np.asarray(session.embed(batch), dtype=np.float32)}  # type: ignore[attr-defined]


@dataclass(frozen=True)
class ExtractorSession:
    """A feature extractor of one's own in the place of the subject."""

    digest: str
    extractor: Callable[[Any], Any]
    name: str
    takes: str = "tensor"

    def embed(self, batch: Any) -> np.ndarray:
        """Return (n, d) float32 features of a decoded batch on the device.

        Raises
        ------
        InputError
            If the extractor does not return one row a sample.
        """
        import torch

        with torch.inference_mode():
            found = self.extractor(batch)
        array = found.detach().float().cpu().numpy() if isinstance(found, torch.Tensor) else np.asarray(found)
        if array.ndim != 2 or len(array) != len(batch):
            raise InputError(f"the extractor '{self.name}' returned shape {array.shape} for {len(batch)} samples")
        return array.astype(np.float32, copy=False)
