"""Measures between versions of the same items, paired by item: what an answer becomes when the patient is another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from evaluators import estimates
from evaluators.estimates import Bools
from evaluators.grouping import Minimums, Slice
from evaluators.hallucination.counterfactual import metrics as own
from evaluators.hallucination.counterfactual.variants import BARE, name_of, name_of_pair, read_name
from evaluators.records import Recorder
from governance.evidence.model import Measurement, MetricDescriptor
from governance.statistics.clusters import Floats, Integers
from governance.statistics.differences import gating_paired_difference
from governance.statistics.multiplicity import holm
from governance.statistics.paired import clustered_mcnemar

UNREAD = -1


@dataclass(frozen=True)
class Version:
    """The answers to one version of the items, all arrays (n,).

    Attributes
    ----------
    asked
        Items that were asked in this version.
    reading
        Number of the answer as it was read, `UNREAD` where it could not be.
    right, known
        Whether the answer is right, and whether that is known.
    asserts_absent
        Whether it asserts something that is not there.
    probability
        Of the right choice, NaN where the model does not tell.
    """

    asked: Bools
    reading: Integers
    right: Bools
    known: Bools
    asserts_absent: Bools
    probability: Floats


@dataclass(frozen=True)
class Counterfactuals:
    """All versions of the same items by name (see `variants`), the bare one as `BARE`.

    Attributes
    ----------
    absent
        (n,) items that ask about something that is not there.
    codes
        (n,) cluster numbers below `n_clusters`.
    cells
        Slices with their items, (n,) bool each; the first is everyone.
    """

    recorder: Recorder
    minimums: Minimums
    versions: Mapping[str, Version]
    absent: Bools
    codes: Integers
    n_clusters: int
    cells: Sequence[tuple[Slice, Bools]]

    def measure(self) -> Iterator[Measurement]:
        """Measure every value's wordings, then every pair of versions that differ in the same attributes."""
        described = {name: read for name in self.versions if (read := read_name(name)) is not None}
        for name, (values, wording) in described.items():
            if wording == 0 and len(values) == 1 and self._other_wording(name) is not None:
                for cell, inside in self.cells:
                    yield self._noise(name, inside, cell)
        families: dict[tuple[str, ...], list[str]] = {}
        for name, (values, wording) in described.items():
            if wording == 0:
                families.setdefault(tuple(sorted(values)), []).append(name)
        for attributes, names in families.items():
            pairs = [(name, BARE) for name in names] if BARE in self.versions else []
            pairs += [(later, earlier) for earlier, later in combinations(names, 2)]
            # Of intersections only everyone is given: they are many, and few items of a group bear on each.
            for cell, inside in self.cells if len(attributes) == 1 else self.cells[:1]:
                yield from self._family(" x ".join(attributes), pairs, inside, cell)

    def _family(
        self, family: str, pairs: Sequence[tuple[str, str]], inside: Bools, cell: Slice
    ) -> Iterator[Measurement]:
        for pair in pairs:
            yield self._flips(pair, inside, cell)
            noisy = self._excess(pair, inside, cell)
            if noisy is not None:
                yield noisy
        for metric, field, among in (
            (own.ACCURACY_CHANGE, "right", np.ones_like(self.absent)),
            (own.HALLUCINATION_CHANGE, "asserts_absent", self.absent),
        ):
            found = [self._change(metric, field, pair, inside & among, cell) for pair in pairs]
            yield from self._adjusted(found, field, pairs, inside & among, family)
        for pair in pairs:
            one, other = (self.versions[name] for name in pair)
            if np.isfinite(one.probability).any() and np.isfinite(other.probability).any():
                yield self._change(own.PROBABILITY_CHANGE, "probability", pair, inside, cell)

    def _noise(self, name: str, inside: Bools, cell: Slice) -> Measurement:
        other = self._other_wording(name)
        assert other is not None  # noqa: S101 - asked only where there is one
        return self._rate(own.WORDING_FLIP_RATE, (name, other), inside, cell, variant=name)

    def _flips(self, pair: tuple[str, str], inside: Bools, cell: Slice) -> Measurement:
        return self._rate(own.FLIP_RATE, pair, inside, cell, variant=name_of_pair(*pair))

    def _rate(
        self, metric: MetricDescriptor, pair: tuple[str, str], inside: Bools, cell: Slice, **about: Any
    ) -> Measurement:
        one, other = (self.versions[name] for name in pair)
        among = inside & one.asked & other.asked
        reason = self._missing(inside, among)
        if reason:
            return self.recorder.not_measured(metric, reason, slice=cell, n=int(among.sum()), **about)
        unread = np.stack([one.reading[among] == UNREAD, other.reading[among] == UNREAD]).sum(axis=0)
        estimate = estimates.proportion(
            one.reading != other.reading,
            among,
            self.codes,
            name="share with cluster-adjusted interval",
            parameters={
                "unread_in_one_counted_as_changed": int(np.sum(unread == 1)),
                "unread_in_both_counted_as_unchanged": int(np.sum(unread == 2)),
                "items_left_out": int(np.sum(inside & ~among)),
            },
            n_clusters=self.n_clusters,
        )
        return self.recorder.measured(metric, estimate, slice=cell, **about)

    def _excess(self, pair: tuple[str, str], inside: Bools, cell: Slice) -> Measurement | None:
        """Compare an item's change with its change between wordings of the descriptions that have two."""
        wordings = [
            (self.versions[name], self.versions[worded])
            for name in pair
            if (worded := self._other_wording(name)) is not None
        ]
        if not wordings:
            return None
        one, other = (self.versions[name] for name in pair)
        among = inside & one.asked & other.asked
        for first, second in wordings:
            among = among & first.asked & second.asked
        changed = (one.reading != other.reading).astype(np.float64)
        noise = np.mean([(first.reading != second.reading).astype(np.float64) for first, second in wordings], axis=0)
        return self._difference(
            own.EXCESS_FLIP_RATE,
            (changed, noise),
            among,
            (inside, cell),
            pair,
            descriptions_with_two_wordings=len(wordings),
        )

    def _change(
        self, metric: MetricDescriptor, field: str, pair: tuple[str, str], inside: Bools, cell: Slice
    ) -> Measurement:
        one, other = (getattr(self.versions[name], field).astype(np.float64) for name in pair)
        among = self._comparable(field, pair, inside)
        return self._difference(metric, (one, other), among, (inside, cell), pair)

    def _comparable(self, field: str, pair: tuple[str, str], inside: Bools) -> Bools:
        one, other = (self.versions[name] for name in pair)
        among: Bools = inside & one.asked & other.asked
        if field == "right":
            return among & one.known & other.known
        if field == "probability":
            return among & np.isfinite(one.probability) & np.isfinite(other.probability)
        return among

    def _difference(
        self,
        metric: MetricDescriptor,
        values: tuple[Floats, Floats],
        among: Bools,
        place: tuple[Bools, Slice],
        pair: tuple[str, str],
        /,
        **parameters: Any,
    ) -> Measurement:
        (now, before), (inside, cell) = values, place
        about: dict[str, Any] = {"slice": cell, "variant": name_of_pair(*pair)}
        reason = self._missing(inside, among)
        if reason:
            return self.recorder.not_measured(metric, reason, n=int(among.sum()), **about)
        estimate = estimates.mean(
            np.where(among, now - before, 0.0),
            among,
            self.codes,
            low=-1.0,
            high=1.0,
            parameters={**parameters, "items_left_out": int(np.sum(inside & ~among))},
            name="mean of paired differences with cluster-robust variance",
            gating=partial(gating_paired_difference, now[among], before[among], self.codes[among]),
        )
        return self.recorder.measured(metric, estimate, **about)

    def _adjusted(
        self, found: Sequence[Measurement], field: str, pairs: Sequence[tuple[str, str]], inside: Bools, family: str
    ) -> Iterator[Measurement]:
        """Add the p-values of the pairs that were measured, adjusted for having looked at all of them."""
        p_values = []
        for measurement, pair in zip(found, pairs, strict=True):
            if measurement.status == "measured":
                among = self._comparable(field, pair, inside)
                one, other = (getattr(self.versions[name], field)[among] for name in pair)
                p_values.append(clustered_mcnemar(one, other, self.codes[among]))
        adjusted = iter(holm([test.p_value for test in p_values]).tolist())
        tests = iter(p_values)
        for measurement in found:
            if measurement.status != "measured":
                yield measurement
                continue
            test = f"{next(tests).method}; Holm over {len(p_values)} pairs of {family}"
            yield measurement.model_copy(update={"p_value": next(adjusted), "test": test})

    def _other_wording(self, name: str) -> str | None:
        read = read_name(name)
        if read is None:
            return None
        other = name_of(read[0], 1)
        return other if other in self.versions else None

    def _missing(self, inside: Bools, among: Bools) -> str | None:
        what = "patients with an item asked in both versions"
        return self.minimums.missing(self._patients(inside), [(what, self._patients(among))])

    def _patients(self, mask: Bools) -> int:
        return int(np.count_nonzero(np.bincount(self.codes[mask], minlength=self.n_clusters)))
