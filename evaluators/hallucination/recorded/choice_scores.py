"""Questions with lettered or numbered choices: right choices, answers that name none, and points (MedVH, Med-HALT)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evaluators.estimates import Bools
from evaluators.hallucination.recorded import metrics as own
from evaluators.hallucination.recorded.choices import read_option
from evaluators.hallucination.recorded.observed import Records
from evaluators.hallucination.recorded.quantity import Quantity, absent, average, share
from governance.evidence.model import Scalar


def choice_scores(records: Records, wrong: float) -> Iterator[Quantity]:
    """Give accuracy, unread answers and points for everything and each task type."""
    truth = [
        read_option(record.reference, record.options)
        if record is not None and record.options and record.reference is not None
        else None
        for record in records.records
    ]
    asked = records.where([one is not None for one in truth]) & records.answered
    if not asked.any():
        for metric in (own.CHOICE_ACCURACY, own.POINTWISE_SCORE):
            yield absent(metric, "no answered question has choices of which the right one is known", records.n)
        return
    said = [
        read_option(text, record.options) if here and record is not None else None
        for text, record, here in zip(records.texts, records.records, asked, strict=True)
    ]
    right = asked & records.where([one is not None and one == other for one, other in zip(said, truth, strict=True)])
    unread = asked & records.where([one is None for one in said])
    points = np.where(right, 1.0, wrong)

    def about(inside: Bools) -> dict[str, Scalar]:
        return {"unparsed_in_denominator": int(np.sum(unread & inside))}

    def priced(inside: Bools) -> dict[str, Scalar]:
        return {**about(inside), "points_of_a_wrong_choice": wrong}

    for name, part in records.parts:
        among = asked & part
        if name is not None and not among.any():
            continue
        what = "patients with a question with choices"
        yield share(records, own.CHOICE_ACCURACY, right, among, what, parameters=about, variant=name)
        yield share(records, own.UNREAD_CHOICES, unread, among, what, variant=name)
        yield average(records, own.POINTWISE_SCORE, points, among, what, parameters=priced, low=wrong, variant=name)
