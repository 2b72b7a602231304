"""Attacks the subject, batch after batch, and keeps what it says then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluators.binary import Predictions
from evaluators.estimates import Bools
from evaluators.operating_point import OperatingPointOptions, operating_point
from evaluators.robustness.adversarial.options import AttackOptions
from governance.datasets.protocol import DatasetInfo
from governance.errors import CannotRunError, InputError
from governance.harness.protocols import OK, REJECTED, CollectionContext, Need, Shard
from governance.harness.rows import NOT_FINITE
from governance.harness.seeds import sample_seed
from governance.statistics.clusters import Floats

EIGHT_BITS = 255.0


class AttackCollector:
    """Observes the subject under one attack of one size. What is wrong without an attack is not attacked."""

    def shards(self, need: Need, context: CollectionContext) -> Sequence[Shard]:
        """Cut the samples that are attacked into batches: an attack takes long, so each is kept by itself.

        Raises
        ------
        InputError
            If a condition is asked for.
        """
        if not need.condition.is_clean:
            raise InputError(f"the collector '{need.collector}' has no condition '{need.condition.name}'")
        rows = drawn(context.info, _options(need).at_most, context.settings.seed)
        size = context.settings.batch_size
        return [Shard(f"{start:08d}", tuple(rows[start : start + size])) for start in range(0, len(rows), size)]

    def collect(self, need: Need, shard: Shard, context: CollectionContext) -> pd.DataFrame:
        """Return one row a sample of the shard; see the descriptor.

        Raises
        ------
        InputError
            If the subject gives no gradients, or the samples are no images with values of 0 to 1 or 0 to 255.
        CannotRunError
            If the library is missing, or memory is too small for a batch.
        """
        options = _options(need)
        session = context.open_subject()
        if not hasattr(session, "differentiable"):
            raise InputError(
                "evaluate.robustness.adversarial: the subject gives no gradients, which attacks need",
                hint="leave the evaluation out, or load the model as a network (kind: torch, timm or transformers)",
            )
        ids = context.info.frame["sample_id"].iloc[list(shard.indices)].tolist()
        decoded = np.asarray(context.dataset.decode(shard.indices))
        truth = context.info.frame["target"].to_numpy(dtype=np.int64)[list(shard.indices)]
        threshold = _threshold(need, options, context)
        seed = sample_seed(context.settings.seed, " ".join(ids), options.attack, options.norm, str(options.eps))
        try:
            columns = _attacked(
                session, decoded, truth, options=options, threshold=threshold, context=context, seed=seed
            )
        except Exception as error:
            from governance.harness.device import is_out_of_memory

            if not is_out_of_memory(error):
                raise
            raise CannotRunError(
                f"the memory of the device '{context.device}' is too small to attack {len(ids)} samples at once",
                hint="set a smaller settings.batch_size, or use --device cpu",
            ) from error
        return pd.DataFrame({"sample_id": pd.Series(ids, dtype="str"), **columns})


def drawn(info: DatasetInfo, at_most: int | None, seed: int) -> list[int]:
    """Return the rows that are attacked, in the dataset's order: all, or those of patients drawn by the seed.

    A larger `at_most` draws the same patients and more.
    """
    if at_most is None or info.n <= at_most:
        return list(range(info.n))
    clusters = info.frame["cluster"].to_numpy(dtype=str)
    order = sorted(set(clusters), key=lambda name: sample_seed(seed, name, "attack"))
    sizes = pd.Series(clusters).value_counts()
    total = np.cumsum([int(sizes[name]) for name in order])
    kept = set(order[: max(1, int(np.sum(total <= at_most)))])
    return [row for row, name in enumerate(clusters) if name in kept]


def _options(need: Need) -> AttackOptions:
    return AttackOptions.model_validate(dict(need.options))


def _threshold(need: Need, options: AttackOptions, context: CollectionContext) -> float | None:
    """Return the threshold of a binary model, chosen from the table that the need builds on where it is chosen."""
    if not options.operating_point:
        return None
    point = OperatingPointOptions.model_validate_json(options.operating_point)
    if point.choose_on is None:
        return operating_point(point, None).threshold
    (earlier,) = need.builds_on
    chosen_from = Predictions.of(context.tables[earlier.id], context.datasets[point.choose_on][1])
    return operating_point(point, chosen_from).threshold


def _attacked(
    session: Any,
    decoded: npt.NDArray[Any],
    truth: npt.NDArray[np.int64],
    *,
    options: AttackOptions,
    threshold: float | None,
    context: CollectionContext,
    seed: int,
) -> dict[str, Any]:
    import torch

    from evaluators.robustness.adversarial.attacks import attacked, perturbation
    from evaluators.robustness.adversarial.network import Logits

    pixels = _pixels(decoded, context.info)
    network = Logits(session, torch.from_numpy(decoded[:0]).dtype, threshold)

    def outputs(batch: npt.NDArray[np.float32]) -> Floats:
        found: Floats = network.probabilities(torch.from_numpy(batch)).numpy()
        return found

    clean = outputs(pixels)
    under, usable = clean.copy(), _finite(clean)
    right = usable & (_decided(clean, threshold) == truth)
    changed = pixels.copy()
    if right.any():
        classes = 2 if threshold is not None else clean.shape[1]
        changed[right] = attacked(
            network, pixels[right], truth[right], options=options, classes=classes, device=context.device, seed=seed
        )
        under[right] = outputs(changed[right])
    # An attack that leaves the model without an answer has succeeded.
    wrong = ~_finite(under) | (_decided(under, threshold) != truth)
    several = "scores" if clean.ndim > 1 else "score"
    return {
        "status": np.where(usable, OK, REJECTED),
        "reason": np.where(usable, "", NOT_FINITE),
        f"clean_{several}": list(clean) if clean.ndim > 1 else clean,
        several: list(under) if clean.ndim > 1 else under,
        "attacked": right,
        "success": right & wrong,
        "perturbation": perturbation(changed - pixels, options.norm),
    }


def _pixels(decoded: npt.NDArray[Any], info: DatasetInfo) -> npt.NDArray[np.float32]:
    """Return (n, channels, height, width) float32 shares of the range of a pixel."""
    if decoded.ndim != 4 or decoded.dtype not in (np.uint8, np.float32):
        raise InputError(
            f"evaluate.robustness.adversarial: dataset '{info.name}' decodes to {decoded.dtype} of shape "
            f"{decoded.shape[1:]} a sample; attacks need images, (channels, height, width)",
            hint="let it decode to uint8, or to float32 from 0 to 1",
        )
    pixels: npt.NDArray[np.float32] = decoded.astype(np.float32)
    return pixels / np.float32(EIGHT_BITS) if decoded.dtype == np.uint8 else pixels


def _finite(outputs: Floats) -> Bools:
    return np.asarray(np.isfinite(outputs.reshape(len(outputs), -1)).all(axis=1), dtype=bool)


def _decided(outputs: Floats, threshold: float | None) -> npt.NDArray[np.int64]:
    known = np.nan_to_num(outputs, nan=-1.0)
    choice = known.argmax(axis=1) if threshold is None else known >= threshold
    return np.asarray(choice, dtype=np.int64)
