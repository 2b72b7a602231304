"""The collector of segmentations: masks are compared where they are made, and only numbers are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from governance.datasets.masks import REFERENCE_MASK
from governance.errors import InputError
from governance.harness.descriptors import SegmentOptions
from governance.harness.protocols import OK, REJECTED, CollectionContext, Need, Shard
from governance.harness.rows import NOT_FINITE

if TYPE_CHECKING:
    from governance.statistics.overlap import Overlap

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
        frames = []
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
            frames.append(_compared(shares, reference, options))
        found = pd.concat(frames, ignore_index=True)
        found.insert(0, "sample_id", pd.Series(ids, dtype="str"))
        return found


def _masks(context: CollectionContext, indices: Sequence[int]) -> np.ndarray:
    session = context.open_subject()
    batch: Any = context.dataset.decode(indices)
    if session.takes == "tensor":
        import torch

        batch = torch.from_numpy(np.require(batch, requirements=["C", "W"])).to(context.device)
    return np.asarray(session.segment(batch))


def _compared(shares: np.ndarray, reference: np.ndarray, options: SegmentOptions) -> pd.DataFrame:
    """Return one row a sample. Where both masks are empty there is no overlap, where either is no distance."""
    from governance.statistics import overlap

    usable = np.isfinite(shares).reshape(len(shares), -1).all(axis=1)
    mask = np.where(usable.reshape(-1, *[1] * (shares.ndim - 1)), shares >= options.threshold, False)
    empty, drawn_empty = (~some.reshape(len(some), -1).any(axis=1) for some in (reference, mask))
    pairs = list(mask), list(reference)
    columns = {
        "dice": _known(overlap.dice(*pairs, "left out")),
        "iou": _known(overlap.intersection_over_union(*pairs, "left out")),
        "hausdorff_95": np.full(len(mask), np.nan),
        "reference_empty": empty.astype(np.float64),
        "prediction_empty": drawn_empty.astype(np.float64),
    }
    if options.spacing is not None:
        if len(options.spacing) != reference.ndim - 1:
            raise InputError(
                f"the spacing has {len(options.spacing)} numbers, a mask {reference.ndim - 1} axes",
                hint="give the millimetres between pixels for each axis of the mask",
            )
        distance = _known(overlap.hausdorff_distance_95(*pairs, options.spacing))
        columns["hausdorff_95"] = np.where(empty | drawn_empty, np.nan, distance)
    return pd.DataFrame(
        {
            "status": np.where(usable, OK, REJECTED),
            "reason": np.where(usable, "", NOT_FINITE),
            **{name: np.where(usable, values, np.nan) for name, values in columns.items()},
        }
    )


def _known(measure: Overlap) -> np.ndarray:
    """Return (n,) values, NaN where the measure is not defined."""
    return np.where(measure.defined, measure.values, np.nan)
