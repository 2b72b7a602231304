"""From what a network returns to what a task asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from governance.errors import InputError


def tensor_of(raw: Any) -> torch.Tensor:
    """Return the tensor of a network's output: itself, or the `logits` of what Hugging Face models return.

    Raises
    ------
    InputError
        If it is neither.
    """
    raw = getattr(raw, "logits", raw)
    if not isinstance(raw, torch.Tensor):
        raise InputError(f"the network returns a {type(raw).__name__}, not a tensor")
    return raw


def outputs_of(raw: torch.Tensor, n: int) -> torch.Tensor:
    """Return a network's output as one row a sample, (n, outputs): a single output is one column.

    Raises
    ------
    InputError
        If it has not one row a sample.
    """
    if raw.ndim not in {1, 2} or len(raw) != n:
        raise InputError(
            f"the network gives an output of shape {tuple(raw.shape)} for n={n}; expected (n,) or (n, outputs)"
        )
    return raw.reshape(n, -1)


def without_logits(task: str, output: str) -> str | None:
    """Return why a network has no logits of classes; None where it has."""
    if task in {"regression", "segmentation"}:
        return f"a network for {task} has no logits of classes"
    if output != "logits":
        return "the network's output is declared as probabilities, so that it has no logits"
    return None


def logit_columns(raw: torch.Tensor, task: str, output: str, n: int) -> dict[str, Any]:
    """Return ``logits``: (n, outputs) float64; where there are none, all rows are rejected with the reason."""
    reason = without_logits(task, output)
    if reason is None:
        return {"logits": outputs_of(raw, n).detach().cpu().double().numpy()}
    return {"logits": np.full((n, 1), np.nan), "status": ["rejected"] * n, "reason": [reason] * n}


def predicted(
    raw: torch.Tensor, task: str, output: str, n: int, classes: int | None = None
) -> np.ndarray | dict[str, np.ndarray]:
    """Turn a network's output into what the task asks for: `probabilities`, or the ``value`` of a regression.

    Raises
    ------
    InputError
        If the shape does not fit the task.
    """
    if task != "regression":
        return probabilities(raw, task, output, n, classes)
    if raw.numel() != n or raw.shape[0] != n:
        raise InputError(f"the network gives an output of shape {tuple(raw.shape)} for n={n}; expected (n,) or (n, 1)")
    return {"value": raw.detach().cpu().double().numpy().reshape(n)}


def probabilities(raw: torch.Tensor, task: str, output: str, n: int, classes: int | None = None) -> np.ndarray:
    """Turn a network's output into probabilities.

    Parameters
    ----------
    raw
        (n,), (n, 1) or (n, 2) for a binary task, (n, classes) for several classes, (n, labels) for several labels,
        each of which is a question of its own (sigmoid, not softmax).

    Raises
    ------
    InputError
        If the shape does not fit the task.
    """
    raw = raw.detach().cpu().double()
    if raw.ndim == 2 and raw.shape[1] == 1 and task != "multilabel":
        raw = raw[:, 0]
    fits = (raw.ndim == 1 or (raw.ndim == 2 and raw.shape[1] == 2)) if task == "binary" else raw.ndim == 2
    if not fits or len(raw) != n or (task != "binary" and classes is not None and raw.shape[1] != classes):
        expected = "(n,), (n, 1) or (n, 2)" if task == "binary" else f"(n, {classes or 'classes'})"
        raise InputError(f"the network gives an output of shape {tuple(raw.shape)} for n={n}; expected {expected}")
    if output == "logits":
        raw = torch.sigmoid(raw) if raw.ndim == 1 or task == "multilabel" else torch.softmax(raw, dim=1)
    found: np.ndarray = raw.numpy()
    return found[:, 1] if task == "binary" and found.ndim == 2 else found
