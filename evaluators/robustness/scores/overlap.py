"""Overlap of drawn masks with the reference under conditions, and what a condition takes from it."""

from __future__ import annotations

import numpy as np

from evaluators import estimates
from evaluators.estimates import Bools, Estimate
from evaluators.grouping import Minimums
from evaluators.robustness.scores.decisions import Decisions, not_compared, paired_shares
from governance.statistics.clusters import Floats


def mean_dice(data: Decisions, dice: Floats, inside: Bools, minimums: Minimums) -> Estimate | str:
    """Estimate the mean Dice coefficient of a slice, or say why not; samples without a value are left out."""
    defined = inside & data.usable & np.isfinite(dice)
    return data.too_few(defined, minimums) or estimates.mean(
        dice,
        defined,
        data.codes,
        low=0.0,
        high=1.0,
        parameters={**data.left_out(inside), "undefined_left_out": int(np.sum(inside & data.usable & ~defined))},
        n_clusters=data.n_clusters,
    )


def change_of_dice(
    now: tuple[Decisions, Floats],
    clean: tuple[Decisions, Floats],
    inside: Bools,
    minimums: Minimums,
    *,
    sign: float = 1,
) -> Estimate | str:
    """Estimate the Dice coefficient under a condition less that on clean input, on samples that have both.

    Parameters
    ----------
    sign
        -1 for what is lost.
    """
    (changed, dice), (reference, before) = now, clean
    both = inside & changed.usable & reference.usable & np.isfinite(dice) & np.isfinite(before)
    return reference.too_few(both, minimums) or paired_shares(
        sign * np.nan_to_num(dice),
        sign * np.nan_to_num(before),
        both,
        reference,
        not_compared(changed, reference, inside),
    )
