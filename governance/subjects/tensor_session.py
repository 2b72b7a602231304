"""Networks that take a batch of images as a tensor on the device."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from governance.errors import InputError
from governance.subjects.compiled import Compiled
from governance.subjects.descriptors import NetworkOptions
from governance.subjects.image_preparation import EIGHT_BITS, Preparation, preparation
from governance.subjects.memory_format import laid_out, memory_format
from governance.subjects.network_outputs import logit_columns, outputs_of, predicted, without_logits
from governance.subjects.one_pass import LastBatch, Pass, Passed, WithEmbedding, plain

if TYPE_CHECKING:
    from governance.spec.model import Settings, SubjectSpec


@dataclass(frozen=True)
class TensorSession:
    """A network on a device, with its preprocessing. Whatever is asked about one batch, the network runs once.

    `run` is the network's pass (see `governance.subjects.one_pass`), `eager` the same without `torch.compile`, through
    which gradients flow; `embeds` says whether it has features. The last batch's outputs are kept, by the identity of
    the batch's tensor, until another batch comes.
    """

    digest: str
    run: Pass
    eager: Pass
    prepare: Preparation
    task: str
    output: str
    device: str
    precision: str
    classes: int | None = None
    embeds: bool = False
    memory_format: torch.memory_format = torch.contiguous_format
    takes: str = "tensor"
    input_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    """Range of what `differentiable` takes in floating point."""
    network: torch.nn.Module | None = field(default=None, repr=False, compare=False)
    """The network itself, for whoever trains a copy of it."""
    _last: LastBatch = field(default_factory=LastBatch, repr=False, compare=False)

    def predict(self, batch: torch.Tensor) -> np.ndarray | dict[str, np.ndarray]:
        """Return what the task asks for, float64: see `predicted`."""
        return predicted(self._raw(batch), self.task, self.output, len(batch), self.classes)

    def logits(self, batch: torch.Tensor) -> dict[str, Any]:
        """Return ``logits``: (n, outputs) float64, the network's outputs before sigmoid or softmax.

        Where there are none (`without_logits`), all rows are rejected, with the reason.
        """
        return logit_columns(self._raw(batch), self.task, self.output, len(batch))

    def segment(self, batch: torch.Tensor) -> np.ndarray:
        """Return (n, ...) probabilities that a pixel belongs to the structure, float32.

        Raises
        ------
        InputError
            If the output is not one value, or one for the background and one for the structure, for every pixel.
        """
        raw = self._raw(batch).float()
        if raw.ndim >= 4 and raw.shape[1] == 2:
            raw = torch.softmax(raw, dim=1)[:, 1] if self.output == "logits" else raw[:, 1]
        elif raw.ndim >= 3 and len(raw) == len(batch) and (raw.ndim == 3 or raw.shape[1] == 1):
            raw = raw[:, 0] if raw.ndim > 3 else raw
            raw = torch.sigmoid(raw) if self.output == "logits" else raw
        else:
            raise InputError(
                f"the network gives an output of shape {tuple(raw.shape)} for n={len(batch)};"
                " expected (n, 1, height, width) or (n, 2, height, width)"
            )
        masks: np.ndarray = raw.cpu().numpy()
        return masks

    def embed(self, batch: torch.Tensor) -> np.ndarray:
        """Return (n, d) float32 features before the classifier.

        Raises
        ------
        InputError
            If the network does not say what its features are.
        """
        if not self.embeds:
            raise InputError(
                "this network does not say what its features are",
                hint="give it a method `embed(batch)` that returns (n, d), or name an extractor `module:function`",
            )
        found = self._passed(batch, features=True).features
        assert found is not None  # noqa: S101 - what a pass promises
        if found.ndim > 2:
            found = found.flatten(2).mean(2)
        features: np.ndarray = found.float().cpu().numpy()
        return features

    def differentiable(self, batch: torch.Tensor, *, decoded: torch.dtype = torch.uint8) -> torch.Tensor:
        """Return (n, outputs) logits through which gradients flow back to `batch`: the entry for attacks.

        Preprocessing and network are those of `predict`; the network stays in evaluation mode, and its parameters have
        no gradients.

        Parameters
        ----------
        batch
            Floating point in `input_range`, where 0 and 1 stand for the lowest and highest value of a pixel; or the
            decoded batch itself, uint8, to which nothing flows back.
        decoded
            What the dataset decodes to. For ``torch.uint8`` the preprocessing is given ``255 * batch``, as floating
            point; for ``torch.float32`` the batch as it is.

        Raises
        ------
        InputError
            If the network gives no logits, the values are outside of the range, or a `transform` of one's own treats
            images in floating point in another way than those of 8 bits.
        """
        reason = without_logits(self.task, self.output)
        if reason is not None:
            raise InputError(reason, hint="an attack needs logits; set `output: logits` if the network gives them")
        with torch.inference_mode(mode=False), torch.enable_grad(), autocast(self.device, self.precision):
            given = batch.clone() if batch.is_inference() else batch
            if given.dtype == torch.uint8:
                given = given.float() / EIGHT_BITS
            low, high = self.input_range
            if bool(((given < low) | (given > high)).any()):
                raise InputError(
                    f"an attack works on pixel values from {low:g} to {high:g}, the batch has"
                    f" {float(given.detach().min()):g} to {float(given.detach().max()):g}",
                    hint="let the dataset decode to uint8, or to float32 from 0 to 1",
                )
            eight = decoded == torch.uint8
            inputs = self.prepare.of_eight_bits(given * EIGHT_BITS) if eight else self.prepare(given)
            raw = self.eager(laid_out(inputs, self.memory_format), False).raw
        assert raw is not None  # noqa: S101 - what a pass promises
        return outputs_of(raw, len(batch)).float()

    def _raw(self, batch: torch.Tensor) -> torch.Tensor:
        raw = self._passed(batch, features=False).raw
        assert raw is not None  # noqa: S101 - what a pass promises
        return raw

    def _passed(self, batch: torch.Tensor, *, features: bool) -> Passed:
        """Return what the network gives for a batch, from memory where it just ran."""
        known = self._last.get(batch)
        if (known.features if features else known.raw) is not None:
            return known
        if known.raw is None and known.features is None:
            self._last.forget()  # Two batches' outputs need not fit into memory beside each other.
        with torch.inference_mode(), autocast(self.device, self.precision):
            passed = self.run(laid_out(self.prepare(batch), self.memory_format), features)
        return self._last.keep(batch, passed)


def autocast(device: str, precision: str) -> Any:
    """Return the context that computes in the precision asked for; nothing to do for float32."""
    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(torch.device(device).type, dtype=getattr(torch, precision))


def class_count(options: NetworkOptions) -> int | None:
    """Return how many classes the spec says there are, None where it does not."""
    if options.classes is None or isinstance(options.classes, int):
        return options.classes
    return len(options.classes)


def session_of(
    network: torch.nn.Module,
    options: NetworkOptions,
    *,
    subject: SubjectSpec,
    base: Path,
    device: str,
    settings: Settings,
    digest: str,
    run: Pass | None,
    known: bool = True,
) -> TensorSession:
    """Put a network on the device, switched to evaluation, with its preprocessing.

    `run` is the pass of a network that has features, None for one that has none. `known` is a network of a library.
    """
    wanted = memory_format(network, settings, known=known)
    network.to(device, memory_format=wanted).eval().requires_grad_(False)
    eager = run or plain(network)
    apart = isinstance(eager, WithEmbedding)
    if isinstance(eager, WithEmbedding) and settings.compile:
        eager.keep_apart()
    return TensorSession(
        digest=digest,
        run=Compiled(eager, None if apart else run is not None) if settings.compile else eager,
        eager=eager,
        prepare=preparation(options, base, device),
        task=subject.task,
        output=options.output,
        device=device,
        precision=settings.precision,
        classes=class_count(options),
        embeds=run is not None,
        memory_format=wanted,
        network=network,
    )
