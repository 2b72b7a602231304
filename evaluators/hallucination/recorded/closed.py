"""Questions to which yes or no is the right answer: accuracy, precision, recall, F1 and share of yes, by split (POPE).

Answers and references are read by their first word (`evaluators.hallucination.parsing.read_choice`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from evaluators import estimates
from evaluators.estimates import Bools, Estimate
from evaluators.hallucination import descriptors as shared
from evaluators.hallucination.parsing import read_choice
from evaluators.hallucination.recorded import metrics as own
from evaluators.hallucination.recorded.observed import YES_NO, Records
from evaluators.hallucination.recorded.quantity import Quantity, absent, share
from governance.evidence.model import Scalar
from governance.statistics.confusion import f1_score


def closed(records: Records) -> Iterator[Quantity]:
    """Give the measures of polling for everything, each split and each task type."""
    truth = [
        read_choice(record.reference, YES_NO)
        if record is not None and record.reference is not None and not record.options
        else None
        for record in records.records
    ]
    asked = records.where([one is not None for one in truth]) & records.answered
    if not asked.any():
        for metric in (shared.ACCURACY, own.POLLING_F1):
            yield absent(metric, "no answered question has yes or no as its right answer", records.n)
        return
    said = [read_choice(text, YES_NO) if here else None for text, here in zip(records.texts, asked, strict=True)]
    yes = records.where([one == "yes" for one in said])
    unread = asked & records.where([one is None for one in said])
    right_is_yes = records.where([one == "yes" for one in truth])
    right = asked & records.where([one is not None and one == other for one, other in zip(said, truth, strict=True)])

    def about(inside: Bools) -> dict[str, Scalar]:
        return {
            "unparsed_in_denominator": int(np.sum(unread & inside)),
            "share_of_yes_among_right_answers": round(float(right_is_yes[inside].mean()), 6),
        }

    for name, part in records.parts:
        among = asked & part
        if name is not None and not among.any():
            continue
        what = "patients asked yes or no"
        yield share(records, shared.ACCURACY, right, among, what, parameters=about, variant=name)
        yield share(records, shared.YES_RATE, yes, among, what, parameters=about, variant=name)
        yield share(records, shared.UNPARSED_RATE, unread, among, what, parameters=about, variant=name)
        yield share(
            records, own.POLLING_PRECISION, right_is_yes, among & yes, "patients with an answer yes", variant=name
        )
        yield share(
            records,
            own.POLLING_RECALL,
            yes,
            among & right_is_yes,
            "patients where yes is right",
            parameters=about,
            variant=name,
        )
        make = partial(_f1, records, yes, right_is_yes, about)
        yield Quantity(own.POLLING_F1, among, make, what, {"variant": name})


def _f1(
    records: Records, yes: Bools, right_is_yes: Bools, about: Callable[[Bools], dict[str, Scalar]], inside: Bools
) -> Estimate:
    codes = records.codes[inside]
    if not np.any(inside & (yes | right_is_yes)):
        raise ValueError("nobody said yes and yes is never right")
    return estimates.ratio(
        f1_score(yes[inside], right_is_yes[inside], codes),
        codes,
        events=int(np.sum(inside & yes & right_is_yes)),
        parameters=about(inside),
        n_clusters=records.n_clusters,
        source=own.POLLING_F1.source,
    )
