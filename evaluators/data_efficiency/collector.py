"""Fits models on nested parts of the training set and keeps their scores of the test sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluators.data_efficiency.joined import Joined
from evaluators.data_efficiency.points import Amount, amounts
from evaluators.data_efficiency.subsets import Cohort
from governance.datasets.protocol import Dataset, DatasetInfo
from governance.errors import CannotRunError, InputError
from governance.harness.protocols import OK, REJECTED, CollectionContext, Need, Shard

WHOLE = "all-fits"
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FitCollector:
    """Heads on features of a whole arm are one shard, since they are fitted together; other fits are one shard each.

    Killed in between, a run goes on with the next shard; equal fits give equal bytes, in whatever order.
    """

    uses_subject: ClassVar[bool] = False
    """The fits say what training data are worth, whatever the subject is; its features come as a table."""

    def shards(self, need: Need, context: CollectionContext) -> Sequence[Shard]:
        """Cut the work; `indices` are the training rows."""
        fits = Fits.of(need, context)
        if fits.options.get("head"):
            return [Shard(WHOLE, tuple(range(fits.base, fits.base + context.info.n)))]
        return [Shard(_name(amount, seed), fits.rows(amount, seed)) for amount, seed in fits.all]

    def collect(self, need: Need, shard: Shard, context: CollectionContext) -> pd.DataFrame:
        """Fit and score the test sets; a part that cannot be fitted gives rejected rows with the reason."""
        fits = Fits.of(need, context)
        if fits.options.get("head"):
            return _heads(need, fits, context)
        amount, seed = fits.named(shard.name)
        part = fits.part(amount, seed)
        if part.reason is not None:
            return fits.rejected(part)
        return fits.rows_of(part, _trained(str(fits.options["trainer"]), fits, part, context), "own function")


@dataclass(frozen=True)
class FineTuneCollector:
    """One shard for each part and seed of the subject trained on: killed in between, a run goes on with the next."""

    uses_subject: ClassVar[bool] = True

    def shards(self, need: Need, context: CollectionContext) -> Sequence[Shard]:
        """Cut into one fit each; `indices` are the training rows."""
        fits = Fits.of(need, context)
        return [Shard(_name(amount, seed), fits.rows(amount, seed)) for amount, seed in fits.all]

    def collect(self, need: Need, shard: Shard, context: CollectionContext) -> pd.DataFrame:
        """Train the subject on a part and score the test sets."""
        from evaluators.data_efficiency.fine_tuning import fine_tuned

        fits = Fits.of(need, context)
        amount, seed = fits.named(shard.name)
        part = fits.part(amount, seed)
        if part.reason is not None:
            return fits.rejected(part)
        scores = fine_tuned(
            context.open_subject(),
            fits.train,
            fits.cohort.labels,
            part.rows,
            fits.test,
            classes=len(fits.cohort.names),
            recipe=fits.options,
            seed=seed,
        )
        return fits.rows_of(part, scores, "a fixed recipe")


COLLECTOR = FitCollector()
FINE_TUNER = FineTuneCollector()


@dataclass(frozen=True)
class Part:
    """One fit: what it is fitted on, or why it cannot be."""

    amount: Amount
    seed: int
    rows: Rows
    patients: int
    reason: str | None


@dataclass(frozen=True)
class Fits:
    """What the fits of a need have in common. Rows count through `on_top_of`, where there is one, then `train_on`."""

    options: Mapping[str, Any]
    context: CollectionContext
    infos: tuple[DatasetInfo, ...]
    tests: tuple[str, ...]

    @classmethod
    def of(cls, need: Need, context: CollectionContext) -> Fits:
        """Read the options of a need."""
        options = dict(need.options)
        below = options.get("on_top_of")
        infos = (context.datasets[below][1], context.info) if below else (context.info,)
        for info in infos:
            if "target" not in info.frame.columns:
                raise InputError(
                    f"datasets.{info.name} has no target", hint="name the column of outcomes: target: <column>"
                )
        return cls(options, context, infos, tests_of(options))

    @property
    def base(self) -> int:
        """Samples before those of the rationed dataset."""
        return sum(info.n for info in self.infos[:-1])

    @property
    def all(self) -> list[tuple[Amount, int]]:
        """Every amount with every seed."""
        return [(amount, seed) for amount in amounts(self.options) for seed in self.options["seeds"]]

    @cached_property
    def cohort(self) -> Cohort:
        """All training samples."""
        return _cohort(self.infos)

    @cached_property
    def train(self) -> Dataset:
        """All training samples, to decode."""
        return Joined.of([self.context.datasets[info.name][0] for info in self.infos[:-1]] + [self.context.dataset])

    @cached_property
    def test(self) -> Dataset:
        """All samples to score, to decode."""
        return Joined.of([self.context.datasets[name][0] for name in self.tests])

    @cached_property
    def judged(self) -> pd.DataFrame:
        """``sample_id`` and ``test`` of all samples to score."""
        frames = [
            pd.DataFrame({"sample_id": self.context.datasets[name][1].frame["sample_id"].to_numpy(), "test": name})
            for name in self.tests
        ]
        return pd.concat(frames, ignore_index=True)

    def named(self, shard: str) -> tuple[Amount, int]:
        """Return the fit of a shard."""
        return next((amount, seed) for amount, seed in self.all if _name(amount, seed) == shard)

    def rows(self, amount: Amount, seed: int) -> tuple[int, ...]:
        """Return the training rows of a fit."""
        return tuple(int(row) for row in self.part(amount, seed).rows)

    def part(self, amount: Amount, seed: int) -> Part:
        """Draw what a fit is fitted on."""
        drawn = amount.subset(_cohort(self.infos[-1:]), seed)
        rows = np.concatenate([np.arange(self.base), self.base + np.array(drawn.rows, dtype=np.int64)])
        reason = drawn.reason
        if reason is not None and self.base and drawn.rows:
            reason = self.lacking(rows)
        return Part(amount, seed, rows, drawn.patients, reason)

    def lacking(self, rows: Rows) -> str | None:
        """Return which class has no training sample among rows, in words."""
        present = set(self.cohort.labels[rows].tolist())
        missing = next((name for k, name in enumerate(self.cohort.names) if k not in present), None)
        return f"no training sample of '{missing}' is left" if missing is not None else None

    def rejected(self, part: Part) -> pd.DataFrame:
        """Return the rows of a fit that cannot be made."""
        classes = len(self.cohort.names)
        rows = self.rows_of(part, np.full((len(self.judged), classes), np.nan), "not fitted")
        return rows.assign(status=REJECTED, reason=part.reason)

    def rows_of(self, part: Part, scores: Floats, choice: str) -> pd.DataFrame:
        """Return one row a scored sample; `scores` is (n, classes)."""
        rows = self.judged.assign(status=OK, reason="", variant=self.options["variant"])
        rows["fraction"], rows["shots"], rows["seed"] = part.amount.percent / 100, part.amount.shots, part.seed
        rows["n_train"], rows["n_patients"], rows["choice"] = len(part.rows), part.patients, choice
        if scores.shape[1] == 2:
            return rows.assign(score=scores[:, 1])
        return rows.assign(scores=list(scores))


def tests_of(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the datasets to score: each is an option of its own, so that its content is part of the cache's key."""
    found, number = [], 0
    while f"test_{number}" in options:
        found.append(str(options[f"test_{number}"]))
        number += 1
    return tuple(found)


def _name(amount: Amount, seed: int) -> str:
    return f"{amount.name}-seed-{seed}"


def _cohort(infos: Sequence[DatasetInfo]) -> Cohort:
    target = np.concatenate([info.frame["target"].to_numpy(dtype=np.float64) for info in infos])
    clusters = np.concatenate([info.frame["cluster"].to_numpy(dtype=str) for info in infos])
    return Cohort.of(target, clusters, infos[-1].classes)


def _trained(reference: str, fits: Fits, part: Part, context: CollectionContext) -> Floats:
    from governance.spec.references import load_reference

    trainer = load_reference(reference, context.base)
    rows = [int(row) for row in part.rows]
    scores = np.asarray(trainer(fits.train, rows, fits.test, seed=part.seed, device=context.device), dtype=np.float64)
    n, classes = len(fits.judged), len(fits.cohort.names)
    expected = (n,) if classes == 2 else (n, classes)
    if scores.shape != expected or not np.all((scores >= 0) & (scores <= 1)):
        shown = f"{n} probabilities" if classes == 2 else f"{n} rows of {classes} probabilities"
        raise InputError(
            f"the trainer '{reference}' must return {shown}, one for each sample of "
            f"{' and '.join(repr(name) for name in fits.tests)}; it returned an array of shape {scores.shape}"
            + ("" if scores.shape != expected else " with values outside [0, 1]")
        )
    return np.column_stack([1 - scores, scores]) if classes == 2 else scores


def _heads(need: Need, fits: Fits, context: CollectionContext) -> pd.DataFrame:
    """Fit the head of an arm on all of its parts, and put the rows in the order of the fits."""
    tables = [context.tables[earlier.id] for earlier in need.builds_on]
    sources = [*fits.infos, *(context.datasets[name][1] for name in fits.tests)]
    arrays = [_features(table, info) for table, info in zip(tables, sources, strict=True)]
    count = len(fits.infos)
    train, usable = (np.concatenate([pair[k] for pair in arrays[:count]]) for k in (0, 1))
    tests, scored = (np.concatenate([pair[k] for pair in arrays[count:]]) for k in (0, 1))
    parts = []
    for amount, seed in fits.all:
        part = fits.part(amount, seed)
        rows = part.rows[usable[part.rows]]
        reason = part.reason or fits.lacking(rows)
        parts.append(Part(amount, seed, rows, part.patients, reason))
    fitted = iter(
        _head(fits.options, context).fit_all(train, fits.cohort, [p.rows for p in parts if not p.reason], tests)
    )
    frames = []
    for part in parts:
        if part.reason is not None:
            frames.append(fits.rejected(part))
            continue
        one = next(fitted)
        rows_of = fits.rows_of(part, np.where(scored[:, None], one.scores, np.nan), one.choice)
        rows_of.loc[~scored, ["status", "reason"]] = [REJECTED, "the extractor gave no features"]
        frames.append(rows_of)
    return pd.concat(frames, ignore_index=True)


def _head(options: Mapping[str, Any], context: CollectionContext) -> Any:
    from evaluators.data_efficiency.neighbours import Centroids, Neighbours
    from evaluators.data_efficiency.probe import Probe

    # MPS has no float64.
    device = "cpu" if context.device == "mps" else context.device
    if options["head"] == "knn":
        return Neighbours(options.get("k"), options.get("distance", "cosine"), device)
    return Probe(options.get("c"), device) if options["head"] == "probe" else Centroids(device)


def _features(table: pd.DataFrame, info: DatasetInfo) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return (n, d) features in the dataset's order (zeros where there are none) and (n,) which there are."""
    rows = table.set_index("sample_id").reindex(info.frame["sample_id"])
    usable = (rows["status"] == OK).to_numpy(dtype=bool)
    if not usable.any():
        raise CannotRunError(f"no sample of '{info.name}' has features", hint="look at the reasons in the observations")
    found = np.stack([np.asarray(value, dtype=np.float64) for value in rows["embedding"][usable]])
    features = np.zeros((info.n, found.shape[1]))
    features[usable] = found
    return features, usable
