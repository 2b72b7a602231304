"""Fits models on nested parts of the training set and keeps their scores of the test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from evaluators.data_efficiency.subsets import Subset, nested_subset
from governance.datasets.protocol import Dataset, DatasetInfo
from governance.errors import CannotRunError, InputError
from governance.harness.protocols import OK, REJECTED, CollectionContext, Need, Shard


@dataclass(frozen=True)
class FitCollector:
    """One shard for each fraction and seed: killed in between, a run goes on with the next fit."""

    uses_subject: ClassVar[bool] = False
    """The fits say what training data are worth, whatever the subject is."""

    def shards(self, need: Need, context: CollectionContext) -> Sequence[Shard]:
        """Cut into one fit each; `indices` are the training rows."""
        options = dict(need.options)
        return [
            Shard(f"{percent:g}-percent-seed-{seed}", _subset(context.info, percent, seed).rows)
            for percent in options["fractions"]
            for seed in options["seeds"]
        ]

    def collect(self, need: Need, shard: Shard, context: CollectionContext) -> pd.DataFrame:
        """Fit one model and score the test set; a part that cannot be fitted gives rejected rows with the reason."""
        options = dict(need.options)
        percent, seed = next(
            (percent, seed)
            for percent in options["fractions"]
            for seed in options["seeds"]
            if shard.name == f"{percent:g}-percent-seed-{seed}"
        )
        test_info = context.datasets[options["test"]][1]
        subset = _subset(context.info, percent, seed)
        rows = pd.DataFrame({"sample_id": test_info.frame["sample_id"].to_numpy()})
        rows["status"], rows["reason"] = OK, ""
        rows["variant"], rows["fraction"], rows["seed"] = options["variant"], percent / 100, seed
        rows["n_train"] = len(subset.rows)
        if subset.reason is not None:
            rows["status"], rows["reason"], rows["score"] = REJECTED, subset.reason, np.nan
            return rows
        if options.get("trainer"):
            rows["score"] = _trained(str(options["trainer"]), subset, seed, context, context.datasets[options["test"]])
        else:
            rows["score"], usable = _probed(need, subset, context, test_info)
            rows.loc[~usable, ["status", "reason"]] = [REJECTED, "the extractor gave no features"]
        return rows


COLLECTOR = FitCollector()


def _subset(info: DatasetInfo, percent: float, seed: int) -> Subset:
    if "target" not in info.frame.columns:
        raise InputError(f"datasets.{info.name} has no target", hint="name the column of outcomes: target: <column>")
    return nested_subset(info.frame["target"].to_numpy(), info.frame["cluster"].to_numpy(dtype=str), percent, seed)


def _trained(
    reference: str, subset: Subset, seed: int, context: CollectionContext, test: tuple[Dataset, DatasetInfo]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    from governance.spec.references import load_reference

    trainer = load_reference(reference, context.base)
    test_dataset, test_info = test
    scores = np.asarray(
        trainer(context.dataset, list(subset.rows), test_dataset, seed=seed, device=context.device), dtype=np.float64
    )
    if scores.shape != (test_info.n,) or not np.all((scores >= 0) & (scores <= 1)):
        raise InputError(
            f"the trainer '{reference}' must return {test_info.n} probabilities, one for each sample of "
            f"'{test_info.name}'; it returned an array of shape {scores.shape}"
            + ("" if scores.shape != (test_info.n,) else " with values outside [0, 1]")
        )
    return scores


def _probed(
    need: Need, subset: Subset, context: CollectionContext, test_info: DatasetInfo
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.bool_]]]:
    from evaluators.data_efficiency.probe import probe_scores

    train_need, test_need = need.builds_on
    features, train_usable = _features(context.tables[train_need.id], context.info)
    test_features, test_usable = _features(context.tables[test_need.id], test_info)
    rows = np.array([row for row in subset.rows if train_usable[row]], dtype=np.int64)
    target = context.info.frame["target"].to_numpy(dtype=np.float64)[rows]
    if np.unique(target).size < 2:
        raise CannotRunError(f"the extractor gave no features for one of the classes of '{context.info.name}'")
    return np.where(test_usable, probe_scores(features[rows], target, test_features), np.nan), test_usable


def _features(
    table: pd.DataFrame, info: DatasetInfo
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return (n, d) features in the dataset's order (zeros where there are none) and (n,) which there are."""
    rows = table.set_index("sample_id").reindex(info.frame["sample_id"])
    usable = (rows["status"] == OK).to_numpy(dtype=bool)
    found = np.stack([np.asarray(value, dtype=np.float64) for value in rows["embedding"][usable]])
    features = np.zeros((info.n, found.shape[1]))
    features[usable] = found
    return features, usable
