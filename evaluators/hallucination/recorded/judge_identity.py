"""Who the judge is whose labels a number rests on, and whether people have judged some of the same answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from evaluators.estimates import Bools, Estimate
from evaluators.hallucination.judges.options import AnyJudge
from evaluators.hallucination.recorded.hierarchy import Judged
from evaluators.hallucination.recorded.judged import identity_of
from evaluators.hallucination.recorded.observed import Records
from evaluators.hallucination.recorded.quantity import Quantity
from governance.datasets.generations.record import HUMAN
from governance.evidence.model import Scalar

UNCHECKED = "not known: people have judged none of these answers"


def with_identities(found: Iterable[Quantity], records: Records, judges: Sequence[AnyJudge]) -> Iterator[Quantity]:
    """Name the judge in the method of each number that rests on its labels, and say how far people checked it.

    Parameters
    ----------
    judges
        Those of the spec; of one that the records name, only the check by people is said.
    """
    of_spec = {records.called.get(judge.name, judge.name): identity_of(judge) for judge in judges}
    people = Judged.of(records, HUMAN).answers
    judged = {records.called[name]: Judged.of(records, name).answers for name in records.judges if name != HUMAN}
    for quantity in found:
        name = quantity.about.get("judge")
        if name not in of_spec and name not in judged:
            yield quantity
            continue
        both = people & judged[name] if name in judged else None
        yield replace(quantity, make=_named(quantity.make, of_spec.get(name, {}), both))


def _named(
    make: Callable[[Bools], Estimate], identity: dict[str, Scalar], both: Bools | None
) -> Callable[[Bools], Estimate]:
    def named(inside: Bools) -> Estimate:
        estimate, checked = make(inside), {}
        if both is not None:
            n = int(np.sum(inside & both))
            checked = {"judge_agreement_with_people": f"see judge_agreement; answers that both judged: {n}"}
            if n == 0:
                checked = {"judge_agreement_with_people": UNCHECKED}
        method = estimate.method
        parameters = {**method.parameters, **identity, **checked}
        return replace(estimate, method=method.model_copy(update={"parameters": parameters}))

    return named
