"""One forward pass gives all that is asked about a batch: outputs and features."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from governance.subjects.network_outputs import tensor_of


@dataclass(frozen=True)
class Passed:
    """What one pass gave: the raw output, the features before the classifier, or both."""

    raw: torch.Tensor | None
    features: torch.Tensor | None = None


Pass = Callable[[torch.Tensor, bool], Passed]
"""``(preprocessed batch, whether features are asked for) -> Passed``.

Without features asked for it gives the raw output, and features where they cost nothing. With features asked for it
gives the features, and the raw output where that costs nothing.
"""


def plain(network: torch.nn.Module) -> Pass:
    """Return the pass of a network that does not say what its features are."""
    return lambda batch, _: Passed(tensor_of(network(batch)))


class WithEmbedding:
    """The pass of a module with a method ``embed(batch)``.

    Where `forward` calls `embed` with the very batch that it was given, its result is caught on the way; else, which
    shows in the first pass, outputs and features are two passes.
    """

    def __init__(self, network: torch.nn.Module) -> None:
        self._network = network
        self._embed: Any = network.embed
        # Only a method can be caught: a submodule of that name is called past the instance's attributes.
        ordinary = callable(getattr(type(network), "embed", None)) and not isinstance(network, torch.jit.ScriptModule)
        self._apart = not ordinary

    def keep_apart(self) -> None:
        """Catch nothing: `torch.compile` does not follow a method that changes from pass to pass."""
        self._apart = True

    def __call__(self, batch: torch.Tensor, features: bool) -> Passed:
        """Run the network; see `Pass`."""
        if self._apart:
            return Passed(None, self._embed(batch)) if features else Passed(tensor_of(self._network(batch)))
        caught: list[torch.Tensor] = []

        def catching(*given: Any, **named: Any) -> Any:
            found = self._embed(*given, **named)
            if len(given) == 1 and not named and given[0] is batch and not caught:
                caught.append(found.clone())  # What follows in `forward` may work in place.
            return found

        attributes = vars(self._network)
        before = attributes.get("embed")
        attributes["embed"] = catching
        try:
            raw = tensor_of(self._network(batch))
        finally:
            attributes.pop("embed")
            if before is not None:
                attributes["embed"] = before
        self._apart = not caught
        if caught:
            return Passed(raw, caught[0])
        return Passed(raw, self._embed(batch) if features else None)


class LastBatch:
    """Remembers what the last batch gave, as long as that very tensor lives and was not written to.

    A batch that was made under ``inference_mode`` does not tell whether it was written to: whoever changes one in place
    makes a copy first, as the harness does for conditions.
    """

    def __init__(self) -> None:
        self._batch: Callable[[], torch.Tensor | None] = lambda: None
        self._version: int | None = None
        self._passed = Passed(None)

    def get(self, batch: torch.Tensor) -> Passed:
        """Return what is known of the batch."""
        same = self._batch() is batch and self._version == _version(batch)
        return self._passed if same else Passed(None)

    def keep(self, batch: torch.Tensor, passed: Passed) -> Passed:
        """Add to what is known of the batch, and return all of it."""
        known = self.get(batch)
        raw = known.raw if passed.raw is None else passed.raw
        self._passed = Passed(raw, known.features if passed.features is None else passed.features)
        self._batch, self._version = weakref.ref(batch), _version(batch)
        return self._passed

    def forget(self) -> None:
        """Let go of everything, so that its memory is free."""
        self._batch, self._version, self._passed = lambda: None, None, Passed(None)


def _version(batch: torch.Tensor) -> int | None:
    return None if batch.is_inference() else batch._version
