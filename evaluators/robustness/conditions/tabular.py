"""Conditions on rows of numbers: ``f(batch, severity, seeds, columns=...) -> batch``.

A batch is (b, d) floating point; `columns` says what each column is like over the whole dataset. No published scales
are known: those here are chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from evaluators.robustness.conditions.pixels import Tensor
from evaluators.robustness.random_numbers import normal, uniform

if TYPE_CHECKING:
    from governance.harness.columns import Columns

MISSING = (0.05, 0.10, 0.20, 0.30, 0.50)
"""Chance of each value to be missing; at least one of every row is."""
NOISE = (0.05, 0.10, 0.20, 0.30, 0.50)
"""Standard deviation of the error, as a share of the column's own."""
BEYOND = (0.1, 0.25, 0.5, 1.0, 2.0)
"""How far above the largest value seen, as a share of the column's range."""


def missing_values(batch: Tensor, severity: int, seeds: Tensor) -> Tensor:
    """Take values away at random: they become NaN. A model that takes none rejects the row."""
    chance = uniform(seeds, batch.shape[1]).to(batch.device)
    gone = chance < MISSING[severity - 1]
    gone = gone | (chance == chance.amin(dim=1, keepdim=True))
    return torch.where(gone, torch.full_like(batch, float("nan")), batch)


def measurement_noise(batch: Tensor, severity: int, seeds: Tensor, *, columns: Columns) -> Tensor:
    """Add a normal error to every measurement.

    Columns that say yes or no stay as they are, whole numbers are rounded, and nothing leaves the range that was seen.
    """
    spread, low, high, whole, measured = _tensors(columns, batch)
    error = normal(seeds, batch.shape[1]).to(batch) * (NOISE[severity - 1] * spread)
    changed = batch + error
    changed = torch.where(whole, torch.round(changed), changed)
    changed = torch.minimum(torch.maximum(changed, low), high)
    return torch.where(measured, changed, batch)


def out_of_range(batch: Tensor, severity: int, seeds: Tensor, *, columns: Columns) -> Tensor:
    """Put one measurement of every row above all that were seen, as a slip of the unit or the decimal point would."""
    _, low, high, whole, measured = _tensors(columns, batch)
    order = uniform(seeds, batch.shape[1]).to(batch.device)
    order = torch.where(measured, order, torch.full_like(order, 2.0))
    hit = (order == order.amin(dim=1, keepdim=True)) & measured
    beyond = high + BEYOND[severity - 1] * (high - low)
    beyond = torch.where(whole, torch.ceil(beyond), beyond)
    return torch.where(hit, beyond.expand_as(batch), batch)


def _tensors(columns: Columns, batch: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    spread, low, high = (
        torch.as_tensor(values, device=batch.device).to(batch.dtype)
        for values in (columns.spread, columns.low, columns.high)
    )
    whole, measured = (torch.as_tensor(values, device=batch.device) for values in (columns.whole, columns.measured))
    return spread, low, high, whole, measured
