"""How far judges agree with people, and what a judge's share and score would be without its errors.

Sums over records carry everything: confusion counts for kappa, coincidences for alpha, flags for Rogan and Gladen's
correction, scores for prediction-powered inference. So one resampling of patients serves the agreement, the judge's
errors and the number that is corrected, also where the same records enter more than one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from evaluators.estimates import Bools
from evaluators.hallucination.recorded import metrics as own
from evaluators.hallucination.recorded.hierarchy import Judged
from evaluators.hallucination.recorded.labels import CORRECT, NAMES
from evaluators.hallucination.recorded.observed import Records
from evaluators.hallucination.recorded.ordered_agreement import ordinal_alpha, weighted_kappas
from evaluators.hallucination.recorded.quantity import Quantity, Replicates, absent, of_sums, ratio, share
from governance.datasets.generations.record import HUMAN
from governance.evidence.model import Scalar
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats
from governance.statistics.label_errors import gating_corrected_mean, gating_prevalence
from governance.statistics.rater_agreement import (
    cohen_kappa,
    coincidences,
    gating_alpha,
    gating_kappa,
    krippendorff_alpha,
)

_CELLS = len(NAMES) + 1
"""Labels, and one for those that could not be read: it agrees with nothing but itself."""


def _tables(flat: Floats) -> Floats:
    return flat.reshape(*flat.shape[:-1], _CELLS, _CELLS)


def judges(records: Records, weights: Sequence[float], replicates: Replicates) -> Iterator[Quantity]:
    """Give agreement of every judge with people, alpha of all, and the judges' numbers corrected for their errors."""
    if len(records.judges) < 2 or HUMAN not in records.judges:
        for metric in (own.COHEN_KAPPA, own.KRIPPENDORFF_ALPHA):
            yield absent(metric, "no answer has labels of both people and another judge", records.n)
        return
    people = Judged.of(records, HUMAN)
    others = [Judged.of(records, name) for name in records.judges if name != HUMAN]
    yield from ordinal_alpha(records, (people, *others), replicates)
    for judged in others:
        yield from _agreement(records, people, judged, replicates)
        yield from weighted_kappas(records, people, judged, replicates)
        yield from _corrected(records, people, judged, weights, replicates)
    labels = [
        [int(one.label[place]) % _CELLS for one in (people, *others) if one.answers[place]]
        for place in range(records.n)
    ]
    met = coincidences(labels, _CELLS)
    yield of_sums(
        records,
        own.KRIPPENDORFF_ALPHA,
        met,
        lambda sums: krippendorff_alpha(_tables(sums)),
        among=records.where([len(one) >= 2 for one in labels]),
        what="patients with an answer that several judged",
        replicates=replicates,
        source=own.KRIPPENDORFF_ALPHA.source,
        undefined="all labels are the same",
        gating=lambda inside, level: gating_alpha(_tables(met[inside]), records.codes[inside], level),
        compared=False,
    )


def _agreement(records: Records, people: Judged, judged: Judged, replicates: Replicates) -> Iterator[Quantity]:
    both, judge = people.answers & judged.answers, records.called[judged.judge]
    if not both.any():
        yield absent(own.COHEN_KAPPA, "people and this judge have judged no answer in common", records.n, judge=judge)
        return
    what = "patients with an answer that both judged"
    cells = np.zeros((records.n, _CELLS * _CELLS))
    # -1, a label that could not be read, becomes the last cell.
    cells[np.flatnonzero(both), (people.label[both] % _CELLS) * _CELLS + judged.label[both] % _CELLS] = 1.0

    def confused(inside: Bools) -> dict[str, Scalar]:
        table = cells[inside].sum(axis=0).reshape(_CELLS, _CELLS).astype(int)
        names = (*NAMES, "unparsed")
        return {
            f"people {names[row]}, judge {names[column]}": int(table[row, column])
            for row, column in zip(*np.nonzero(table), strict=True)
        }

    same = both & (people.label == judged.label) & (people.label >= 0)
    yield share(records, own.JUDGE_AGREEMENT, same, both, what, parameters=confused, judge=judge)
    yield of_sums(
        records,
        own.COHEN_KAPPA,
        cells,
        lambda sums: cohen_kappa(_tables(sums)),
        among=both,
        what=what,
        replicates=replicates,
        source=own.COHEN_KAPPA.source,
        undefined="people and the judge give one and the same label throughout",
        gating=lambda inside, level: gating_kappa(_tables(cells[inside]), records.codes[inside], level),
        judge=judge,
    )


def _corrected(
    records: Records, people: Judged, judged: Judged, weights: Sequence[float], replicates: Replicates
) -> Iterator[Quantity]:
    both, judge = people.answers & judged.answers, records.called[judged.judge]
    among = judged.answers
    flagged = (among & (judged.label != CORRECT)).astype(np.float64)
    wrong, right = both & (people.label != CORRECT), both & (people.label == CORRECT)
    what = "patients with an answer that the judge judged"

    def checked(inside: Bools) -> dict[str, Scalar]:
        return {"also_judged_by_people": int(np.sum(inside & both))}

    def share_bounds(inside: Bools, level: float) -> Bounds:
        is_flagged = flagged[inside] > 0
        return gating_prevalence(is_flagged, wrong[inside], right[inside], records.codes[inside], level)

    columns = np.stack([flagged, among, flagged * wrong, wrong, flagged * right, right], axis=1).astype(np.float64)
    yield of_sums(
        records,
        own.CORRECTED_SHARE,
        columns,
        rogan_gladen,
        among=among,
        what=what,
        replicates=replicates,
        source=own.CORRECTED_SHARE.source,
        undefined=(
            "people found no right answer or no wrong one among those that the judge judged, or the judge flags wrong "
            "answers no more often than right ones"
        ),
        gating=share_bounds,
        parameters=checked,
        judge=judge,
    )
    ours, theirs = judged.scores(weights), people.scores(weights)
    low, high = min(0.0, *weights), max(weights)

    def score_bounds(inside: Bools, level: float) -> Bounds:
        known, codes = both[inside], records.codes[inside]
        return gating_corrected_mean(ours[inside], theirs[inside], known, codes, level, low=low, high=high)

    scored = np.stack([ours * among, among, (theirs - ours) * both, both], axis=1).astype(np.float64)
    yield of_sums(
        records,
        own.CORRECTED_SCORE,
        scored,
        lambda sums: ratio(sums[..., 0], sums[..., 1]) + ratio(sums[..., 2], sums[..., 3]),
        among=among,
        what=what,
        replicates=replicates,
        source=own.CORRECTED_SCORE.source,
        undefined="people and this judge have judged no answer in common",
        gating=score_bounds,
        parameters=checked,
        judge=judge,
    )


def rogan_gladen(sums: Floats) -> Floats:
    """Share without a judge's errors, ``(q - f) / (s - f)`` inside [0, 1]; NaN unless s exceeds f.

    Parameters
    ----------
    sums
        (..., 6): flagged and all judged; flagged and all of the wrong answers; flagged and all of the right ones.

    Source: Rogan and Gladen, Am. J. Epidemiol. 107 (1978) 71.
    """
    q, s, f = (ratio(sums[..., place], sums[..., place + 1]) for place in (0, 2, 4))
    told = s - f
    with np.errstate(invalid="ignore"):
        found: Floats = np.clip(ratio(q - f, np.where(told > 0, told, 0.0)), 0.0, 1.0)
    return found
