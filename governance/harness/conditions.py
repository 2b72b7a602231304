"""Apply a condition to a batch on the device."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance.errors import GovernanceError, InputError
from governance.harness.protocols import Need
from governance.harness.seeds import sample_seeds
from governance.plugins import ConditionDescriptor
from governance.spec.references import load_reference

if TYPE_CHECKING:
    import torch


def implementation(condition: ConditionDescriptor, base: Path) -> Callable[..., Any]:
    """Return the function behind a condition: beside the spec first, then installed.

    Raises
    ------
    InputError
        If there is no such function.
    """
    found = load_reference(condition.implementation, base)
    if not callable(found):
        raise InputError(f"the condition '{condition.name}': {condition.implementation} cannot be called")
    function: Callable[..., Any] = found
    return function


def condition_seeds(need: Need, sample_ids: Sequence[str], seed: int) -> list[int]:
    """Return the seed of each sample under the need's condition."""
    return sample_seeds(seed, sample_ids, need.condition.name, need.condition.severity)


def changed_items(
    function: Callable[..., Any], need: Need, items: Sequence[Mapping[str, Any]], seeds: Sequence[int]
) -> list[dict[str, Any]]:
    """Apply a condition to decoded texts: its function takes and gives a list of items.

    Raises
    ------
    InputError
        If the condition fails or does not give one item with a prompt for each.
    """
    name = need.condition.name
    try:
        changed = list(function([dict(item) for item in items], need.condition.severity, list(seeds)))
    except (GovernanceError, MemoryError):
        raise
    except Exception as error:
        raise InputError(f"the condition '{name}' failed: {type(error).__name__}: {error}") from error
    whole = all(isinstance(item, dict) and isinstance(item.get("prompt"), str) for item in changed)
    if len(changed) != len(items) or not whole:
        raise InputError(f"the condition '{name}' must return {len(items)} items, each a dict with a text `prompt`")
    return changed


def apply_condition(
    function: Callable[..., Any], name: str, batch: torch.Tensor, severity: int | None, seeds: Sequence[int]
) -> torch.Tensor:
    """Apply a condition to a batch; the batch that was given stays as it is.

    Raises
    ------
    InputError
        If the condition fails or does not keep the shape.
    """
    import torch

    given = torch.tensor(seeds, dtype=torch.int64, device=batch.device)
    try:
        with torch.inference_mode():
            # The clean batch serves other conditions; one that works in place must not reach it.
            changed = function(batch.clone(), severity, given)
    except (GovernanceError, MemoryError):
        raise
    except Exception as error:
        from governance.harness.device import is_out_of_memory

        if is_out_of_memory(error):
            raise
        raise InputError(f"the condition '{name}' failed: {type(error).__name__}: {error}") from error
    if not isinstance(changed, torch.Tensor) or changed.shape != batch.shape:
        shape = tuple(changed.shape) if isinstance(changed, torch.Tensor) else type(changed).__name__
        raise InputError(f"the condition '{name}' returned {shape}; expected the batch's shape {tuple(batch.shape)}")
    return changed
