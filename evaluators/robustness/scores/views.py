"""Observation tables as views, by the task of the subject."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evaluators.binary import Predictions
from evaluators.fairness.tasks.observed import Observed
from evaluators.robustness.scores.decisions import Decisions
from evaluators.robustness.scores.measures import View
from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError
from governance.evidence.model import OperatingPoint

if TYPE_CHECKING:
    import pandas as pd

Read = Callable[["pd.DataFrame", bool], View]
"""From an observation table, and whether samples may be missing from it."""


def binary(dataset: DatasetInfo, point: OperatingPoint) -> Read:
    """Read scores of the positive class, decided at an operating point."""

    def read(table: pd.DataFrame, partial: bool) -> View:
        scores = Predictions.of(table, dataset, partial=partial)
        return View(Decisions.binary(scores, point), scores)

    return read


def several_classes(dataset: DatasetInfo) -> Read:
    """Read scores of several classes, decided for the highest (of equal ones the first)."""

    def read(table: pd.DataFrame, partial: bool) -> View:
        observed = Observed.of(_complete(table, dataset) if partial else table, dataset)
        present = dataset.frame["sample_id"].isin(table["sample_id"]).to_numpy(dtype=bool)
        scores, truth = observed.scores(dataset.classes, "classes"), observed.target().astype(np.int64)
        if truth.max() >= len(dataset.classes):
            raise InputError(f"datasets.{dataset.name}: there is no class number {truth.max()}")
        choice = np.full(dataset.n, -1)
        choice[observed.usable] = scores[observed.usable].argmax(axis=1)
        words = tuple(f"patients of the class {name}" for name in dataset.classes)
        decided = Decisions(choice, truth, observed.usable, present, observed.codes, observed.n_clusters, words)
        return View(decided, confidence=scores.max(axis=1))

    return read


def masks(dataset: DatasetInfo) -> Read:
    """Read the overlap of drawn masks with the reference."""

    def read(table: pd.DataFrame, partial: bool) -> View:
        observed = Observed.of(_complete(table, dataset) if partial else table, dataset)
        present = dataset.frame["sample_id"].isin(table["sample_id"]).to_numpy(dtype=bool)
        dice = observed.numbers("dice")
        wrong = ~np.isnan(dice) & ~((dice >= 0) & (dice <= 1))
        if wrong.any():
            first = int(np.argmax(wrong))
            raise InputError(
                f"dataset '{dataset.name}': dice of sample '{observed.table.index[first]}' is {dice[first]}",
                hint="expected a share from 0 to 1",
            )
        none = np.zeros(dataset.n, dtype=np.int64)
        usable = Decisions(none, none, observed.usable, present, observed.codes, observed.n_clusters, ("patients",))
        return View(usable, dice=dice)

    return read


def beside(view: View, clean: View) -> View:
    """Return a view that shares with the clean one what does not depend on the condition: memory is for decisions."""
    shared = replace(view.decisions, truth=clean.decisions.truth, codes=clean.decisions.codes)
    return replace(view, decisions=shared)


def _complete(table: pd.DataFrame, dataset: DatasetInfo) -> pd.DataFrame:
    """Add a row without an output for each sample that has none."""
    import pandas as pd

    missing = dataset.frame.loc[~dataset.frame["sample_id"].isin(table["sample_id"]), ["sample_id"]]
    return pd.concat([table, missing.assign(status="absent", reason="")], ignore_index=True)
