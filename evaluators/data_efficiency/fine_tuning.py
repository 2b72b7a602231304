"""Train the model under evaluation on a part of the training set: all weights, or low-rank adapters, and a new head.

The recipe is fixed and simple, so that arms differ by what is trained and on how much, not by how well it was tuned.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from governance.datasets.protocol import Dataset
from governance.errors import CannotRunError, InputError

if TYPE_CHECKING:
    import torch
    from torch import nn

_JUDGED = 64
"""Samples a batch when the test set is scored."""


def fine_tuned(
    session: Any,
    train: Dataset,
    labels: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    test: Dataset,
    *,
    classes: int,
    recipe: Mapping[str, Any],
    seed: int,
) -> npt.NDArray[np.float64]:
    """Train a copy of a session's network and return (n_test, classes) probabilities; the session stays as it is.

    AdamW with a one-cycle schedule and cross-entropy, without augmentation; the classifier starts anew. Batch
    normalisation keeps the statistics that the network came with, since small parts have none worth estimating.
    Order, new weights and dropout follow the seed.

    Parameters
    ----------
    labels
        (n_train,) class numbers of the whole training set.
    rows
        Which of them to train on.
    recipe
        Options of `FineTuning`; ``lora_rank``, ``lora_alpha`` and ``lora_layers`` for adapters.

    Raises
    ------
    InputError
        If the subject is no network of images, or has no classifier or no layer of the names given.
    CannotRunError
        If adapters are asked for and `peft` is not installed.

    Source: Loshchilov and Hutter, ICLR (2019); Smith and Topin, SPIE 11006 (2019); adapters: Hu et al., ICLR (2022).
    """
    import torch

    if getattr(session, "network", None) is None:
        raise InputError(
            "evaluate.data_efficiency: only networks of images can be fine-tuned",
            hint="use `features` or a `trainer` of your own for this subject",
        )
    with _reproducible(seed, session.device):
        network = copy.deepcopy(session.network).to(session.device)
        outputs = 1 if classes == 2 else classes
        head = _new_head(network, outputs)
        network = _trainable(network, head, recipe).to(session.device)
        network.eval()
        truth = torch.from_numpy(labels)
        trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        per_epoch = -(-len(rows) // int(recipe["batch_size"]))
        epochs = max(int(recipe["epochs"]), -(-int(recipe["fewest_steps"]) // per_epoch))
        optimiser = torch.optim.AdamW(
            trained, lr=float(recipe["learning_rate"]), weight_decay=float(recipe["weight_decay"])
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, max_lr=float(recipe["learning_rate"]), total_steps=epochs * per_epoch
        )
        inputs = _prepared(session, train, rows)
        order = np.random.Generator(np.random.Philox(key=[seed, 0x66746E]))
        _dropout(network)
        for _ in range(epochs):
            for chosen in np.array_split(order.permutation(len(rows)), per_epoch):
                logits = _logits(network, inputs[torch.from_numpy(chosen).to(inputs.device)])
                loss = _loss(logits, truth[torch.from_numpy(rows[chosen])].to(logits.device))
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                schedule.step()
        network.eval()
        found = []
        with torch.inference_mode():
            for start in range(0, len(test.table), _JUDGED):
                part = np.arange(start, min(start + _JUDGED, len(test.table)))
                logits = _logits(network, _prepared(session, test, part)).double()
                if outputs == 1:
                    positive = torch.sigmoid(logits)
                    found.append(torch.cat([1 - positive, positive], dim=1).cpu())
                else:
                    found.append(torch.softmax(logits, dim=1).cpu())
    scores: npt.NDArray[np.float64] = torch.cat(found).numpy()
    return scores


def _prepared(session: Any, dataset: Dataset, rows: npt.NDArray[np.int64]) -> torch.Tensor:
    """Decode and preprocess samples as for the subject's own predictions."""
    import torch

    parts = []
    for start in range(0, len(rows), _JUDGED):
        decoded = np.asarray(dataset.decode([int(row) for row in rows[start : start + _JUDGED]]))
        with torch.no_grad():
            parts.append(session.prepare(torch.from_numpy(decoded).to(session.device)).float())
    return torch.cat(parts)


def _logits(network: nn.Module, batch: torch.Tensor) -> torch.Tensor:
    raw = network(batch)
    logits: torch.Tensor = getattr(raw, "logits", raw)
    return logits.float()


def _loss(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    from torch.nn import functional

    if logits.shape[1] == 1:
        return functional.binary_cross_entropy_with_logits(logits[:, 0], truth.to(logits.dtype))
    return functional.cross_entropy(logits, truth)


def _new_head(network: nn.Module, outputs: int) -> str:
    """Replace the last linear layer by a new one; return its name."""
    from torch import nn

    inner = nn.modules.linear.NonDynamicallyQuantizableLinear
    linear = [
        (name, layer)
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear) and not isinstance(layer, inner)
    ]
    if not linear:
        raise InputError(
            "evaluate.data_efficiency: the subject has no linear layer to replace by a new classifier",
            hint="use `features` or a `trainer` of your own for this subject",
        )
    config = getattr(network, "default_cfg", None) or {}
    named = config.get("classifier") if isinstance(config, dict) else None
    name: str
    name, layer = next(((n, one) for n, one in linear if n == named), linear[-1])
    fresh = nn.Linear(layer.in_features, outputs)
    parent, _, own = name.rpartition(".")
    setattr(network.get_submodule(parent) if parent else network, own, fresh)
    return name


def _trainable(network: nn.Module, head: str, recipe: Mapping[str, Any]) -> nn.Module:
    """Let gradients reach all weights, or adapters and the new classifier."""
    if "lora_rank" not in recipe:
        return network.requires_grad_(True)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ModuleNotFoundError as error:
        raise CannotRunError(
            "adapters need the Python package 'peft', which is not installed",
            hint="pip install 'medical-ai-governance[lora]'",
        ) from error
    from torch import nn

    linear = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear) and name != head]
    asked = tuple(recipe.get("lora_layers") or ())
    layers = [name for name in linear if not asked or any(name == one or name.endswith(f".{one}") for one in asked)]
    if not layers:
        raise InputError(
            "evaluate.data_efficiency: no linear layer "
            + (f"is named {', '.join(asked)}" if asked else "besides the classifier can take adapters"),
            hint=f"linear layers: {', '.join(linear[:8])}" if linear else "fine-tune all weights instead",
        )
    network.requires_grad_(False)
    config = LoraConfig(r=int(recipe["lora_rank"]), lora_alpha=int(recipe["lora_alpha"]), target_modules=layers)
    adapted: nn.Module = inject_adapter_in_model(config, network)
    adapted.get_submodule(head).requires_grad_(True)
    return adapted


def _dropout(network: nn.Module) -> None:
    """Switch dropout on, and leave normalisation as it is."""
    from torch import nn

    for layer in network.modules():
        if isinstance(layer, nn.Dropout | nn.Dropout1d | nn.Dropout2d | nn.Dropout3d):
            layer.train()


@contextmanager
def _reproducible(seed: int, device: str) -> Iterator[None]:
    """Fix the random state, and give it back afterwards."""
    import torch

    devices = [torch.device(device)] if torch.device(device).type == "cuda" else []
    with torch.random.fork_rng(devices=devices), torch.inference_mode(mode=False), torch.enable_grad():
        torch.manual_seed(seed)
        yield
