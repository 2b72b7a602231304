"""Intervals of agreement beyond chance, and of numbers that are corrected for the errors of what labelled the samples.

Only those that verdicts rest on: what is shown is a percentile interval of resampled patients.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmarks.validity.results import LEVEL, Figure, Floats, of_intervals, stream_of
from governance.statistics.clusters import Integers
from governance.statistics.label_errors import gating_corrected_mean, gating_prevalence
from governance.statistics.rater_agreement import Weighting, disagreement_weights, gating_agreement

PATIENTS = (10, 20, 50, 200)
LABELS = {"2 labels": (0.5, 0.5), "2 labels, one rare": (0.1, 0.9), "6 labels": (0.05, 0.1, 0.15, 0.05, 0.15, 0.5)}
_WEIGHTINGS: tuple[Weighting, ...] = ("nominal", "quadratic")
_SIZES = (1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True)
class Raters:
    """Two raters: the second says what the first says, or else half of the time a neighbouring label, or any.

    Attributes
    ----------
    labels
        A name of `LABELS`: how often each is given.
    together
        0: one sample a patient. Else 1 to 7, which get the patient's own label with this probability, and whose
        agreement varies between patients by a beta distribution with this correlation.
    """

    labels: str
    accuracy: float
    together: float
    weighting: Weighting = "nominal"

    @property
    def truth(self) -> float:
        """Kappa of infinitely many patients."""
        share, k = np.array(LABELS[self.labels]), len(LABELS[self.labels])
        near = np.zeros((k, k))
        for label, step in product(range(k), (-1, 1)):
            near[label, min(max(label + step, 0), k - 1)] += 0.5
        other = 0.5 * near + 0.5 * share
        table = share[:, None] * (self.accuracy * np.eye(k) + (1 - self.accuracy) * other)
        weights = disagreement_weights(k, self.weighting)
        return float(1 - np.sum(weights * table) / (table.sum(axis=1) @ weights @ table.sum(axis=0)))

    def draw(self, stream: np.random.Generator, patients: int) -> tuple[Floats, Integers]:
        """Draw (n, k, k) tables of samples, and the patient of each."""
        share, k = np.array(LABELS[self.labels]), len(LABELS[self.labels])
        codes = clusters(stream, patients, self.together)
        accuracy, n = between_patients(stream, patients, self.accuracy, self.together)[codes], codes.size
        own = stream.choice(k, patients, p=share)[codes]
        first = np.where(stream.random(n) < self.together, own, stream.choice(k, n, p=share))
        near = np.clip(first + stream.choice([-1, 1], n), 0, k - 1)
        other = np.where(stream.random(n) < 0.5, near, stream.choice(k, n, p=share))
        tables = np.zeros((n, k, k))
        tables[np.arange(n), first, np.where(stream.random(n) < accuracy, first, other)] = 1.0
        return tables, codes


def clusters(stream: np.random.Generator, patients: int, together: float) -> Integers:
    """Draw the patient of each of n samples: one each, or 1 to 7 where samples of one resemble each other."""
    return np.repeat(np.arange(patients), stream.choice(_SIZES, patients) if together else 1)


def between_patients(stream: np.random.Generator, patients: int, share: float, together: float) -> Floats:
    """Draw (patients,) probabilities with the mean `share`."""
    if together == 0:
        return np.full(patients, share)
    total = (1 - together) / together
    return stream.beta(share * total, (1 - share) * total, patients)


def kappa(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Cohen's kappa of two raters, and with quadratic weights."""
    for labels, accuracy, together in product(LABELS, (0.3, 0.85, 0.97), (0.0, 0.2)):
        if quick and (accuracy, together) not in {(0.3, 0.0), (0.97, 0.2)}:
            continue
        for weighting in _WEIGHTINGS[: 2 if labels == "6 labels" and accuracy != 0.85 else 1]:
            raters = Raters(labels, accuracy, together, weighting)
            for patients in (20, 200) if quick else PATIENTS:
                yield kappa_of(raters, patients, simulations)


def kappa_of(raters: Raters, patients: int, simulations: int) -> Figure:
    """Give the figure of one cell; a sample in which all labels are the same has no kappa, so no verdict errs by it."""
    name = f"{patients} patients, {raters.labels}, same {raters.accuracy}, correlation {raters.together}"
    stream, ends = stream_of(f"{name}, {raters.weighting}"), np.tile([-1.0, 1.0], (simulations, 1))
    weights = disagreement_weights(len(LABELS[raters.labels]), raters.weighting)
    for run in range(simulations):
        tables, codes = raters.draw(stream, patients)
        with suppress(ValueError):
            found = gating_agreement(tables, codes, weights, LEVEL)
            ends[run] = found.low, found.high
    family = "Cohen's kappa" if raters.weighting == "nominal" else "Cohen's kappa, quadratic weights"
    return of_intervals(family, name, "gating", ends, raters.truth)


def corrections(simulations: int, *, quick: bool) -> Iterator[Figure]:
    """Rogan and Gladen's share of positives, and the corrected mean of a score, where people label a part or all."""
    flags = ((0.2, 0.9, 0.1), (0.05, 0.8, 0.05), (0.3, 0.6, 0.3))
    for values, (labelled, together) in product(flags, ((0.3, 0.0), (1.0, 0.0), (1.0, 0.3))):
        if quick and (values[0], together) != (0.2, 0.3):
            continue
        for patients in (50, 200) if quick else PATIENTS:
            yield from corrections_of(values, labelled, together, patients, simulations)


def corrections_of(
    flags: tuple[float, float, float], labelled: float, together: float, patients: int, simulations: int
) -> Iterator[Figure]:
    """Give both figures of one cell; where no interval holds, verdicts rest on the whole range."""
    share, found, false = flags
    name = (
        f"{patients} patients, {share:.0%} positive, sensitivity {found}, false alarms {false}, "
        f"{labelled:.0%} labelled, correlation {together}"
    )
    stream = stream_of(name)
    whole = {"corrected share": (0.0, 1.0), "corrected mean": (-1.0, 2.0)}
    ends = {family: np.tile(limits, (simulations, 1)) for family, limits in whole.items()}
    for run in range(simulations):
        codes = clusters(stream, patients, together)
        positive_at, found_at, false_at = (
            between_patients(stream, patients, rate, together)[codes] for rate in (share, found, false)
        )
        positive = stream.random(codes.size) < positive_at
        flagged = stream.random(codes.size) < np.where(positive, found_at, false_at)
        known = (stream.random(patients) < labelled)[codes]
        with suppress(ValueError):
            prevalence = gating_prevalence(flagged, known & positive, known & ~positive, codes, LEVEL)
            ends["corrected share"][run] = prevalence.low, prevalence.high
        with suppress(ValueError):
            mean = gating_corrected_mean(1.0 - flagged, 1.0 - positive, known, codes, LEVEL)
            ends["corrected mean"][run] = mean.low, mean.high
    for family, truth in (("corrected share", share), ("corrected mean", 1 - share)):
        yield of_intervals(family, name, "gating", ends[family], truth)
