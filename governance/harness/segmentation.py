"""The collector of segmentations: masks are compared where they are made, and only numbers are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from governance.datasets.masks import REFERENCE_MASK
from governance.errors import InputError
from governance.harness.descriptors import SegmentOptions
from governance.harness.protocols import OK, REJECTED, CollectionContext, Need, Shard
from governance.harness.rows import NOT_FINITE

SHARD_BATCHES = 4
"""Batches of a shard: what a kill can lose."""


class Segment:
    """Lets the subject draw masks and compares each with its reference mask."""

    def shards(self, need: Need, context: CollectionContext) -> Sequence[Shard]:
        """Cut the samples into runs of a few batches.

        Raises
        ------
        InputError
            If a condition is asked for, or a sample has no reference mask.
        """
        if not need.condition.is_clean:
            raise InputError(f"the collector 'segment' has no condition '{need.condition.name}' yet")
        lacking = sorted(set(range(context.info.n)) - set(context.dataset.variants(REFERENCE_MASK)))
        if lacking:
            first = context.info.frame["sample_id"].iloc[lacking[0]]
            raise InputError(
                f"dataset '{context.info.name}': {len(lacking)} of {context.info.n} samples have no reference mask, the"
                f" first is '{first}'",
                hint=f"the dataset's `variants` and `decode` must know the variant '{REFERENCE_MASK}'",
            )
        size = context.settings.batch_size * SHARD_BATCHES
        cuts = range(0, context.info.n, size)
        return [Shard(f"{start:08d}", tuple(range(start, min(start + size, context.info.n)))) for start in cuts]

    def collect(self, need: Need, shard: Shard, context: CollectionContext) -> pd.DataFrame:
        """Return one row a sample: overlap, distance, and which masks are empty."""
        options = SegmentOptions.model_validate(dict(need.options))
        ids = context.info.frame["sample_id"].iloc[list(shard.indices)].tolist()
        rows: list[dict[str, Any]] = []
        size = context.settings.batch_size
        for start in range(0, len(shard.indices), size):
            indices = shard.indices[start : start + size]
            reference = np.asarray(context.dataset.decode(indices, REFERENCE_MASK)) != 0
            shares = _masks(context, indices)
            if shares.shape != reference.shape:
                raise InputError(
                    f"the model draws masks of shape {shares.shape[1:]}, the reference masks of dataset"
                    f" '{context.info.name}' have {reference.shape[1:]}",
                    hint="let the model give its masks in the size of the reference; nothing is resized here",
                )
            rows += [_row(drawn, true, options) for drawn, true in zip(shares, reference, strict=True)]
        return pd.DataFrame([{"sample_id": name, **row} for name, row in zip(ids, rows, strict=True)])


def _masks(context: CollectionContext, indices: Sequence[int]) -> np.ndarray:
    session = context.open_subject()
    batch: Any = context.dataset.decode(indices)
    if session.takes == "tensor":
        import torch

        batch = torch.from_numpy(np.require(batch, requirements=["C", "W"])).to(context.device)
    return np.asarray(session.segment(batch))


def _row(shares: np.ndarray, reference: np.ndarray, options: SegmentOptions) -> dict[str, Any]:
    from governance.statistics.overlap import dice, hausdorff95, iou

    nothing = float("nan")
    row: dict[str, Any] = {"status": OK, "reason": "", "dice": nothing, "iou": nothing, "hausdorff_95": nothing}
    if not np.isfinite(shares).all():
        return {
            **row,
            "status": REJECTED,
            "reason": NOT_FINITE,
            "reference_empty": nothing,
            "prediction_empty": nothing,
        }
    mask = shares >= options.threshold
    row |= {"reference_empty": float(not reference.any()), "prediction_empty": float(not mask.any())}
    if mask.any() or reference.any():
        row |= {"dice": float(dice(mask, reference)), "iou": float(iou(mask, reference))}
    if mask.any() and reference.any() and options.spacing is not None:
        row["hausdorff_95"] = float(hausdorff95(mask, reference, options.spacing))
    return row
