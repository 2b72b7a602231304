"""Whether an answer declines or says how sure it is, and by which phrase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from evaluators.estimates import Bools
from evaluators.hallucination.recorded import metrics as own
from evaluators.hallucination.recorded.observed import Records
from evaluators.hallucination.recorded.phrase_matching import Match, Phrases, words_of
from evaluators.hallucination.recorded.quantity import Quantity, share
from governance.evidence.model import Scalar
from governance.spec.yaml import read_yaml

REFUSAL, UNSURE, SURE = "refusal", "unsure", "sure"
_SHOWN = 10
"""Phrases that are given with a number, the most frequent ones."""


@dataclass(frozen=True)
class Stance:
    """The phrases of an answer by kind, each as it stands in the list."""

    refusals: tuple[str, ...]
    unsure: tuple[str, ...]
    sure: tuple[str, ...]


@cache
def _list() -> tuple[str, Phrases]:
    content = read_yaml(Path(__file__).with_name("phrases.yaml")).content
    kinds = {kind: content[kind] for kind in (REFUSAL, UNSURE, SURE, "neither")}
    return f"{content['id']} {content['version']}", Phrases(kinds)


def stance(text: str) -> Stance:
    """Return the phrases of refusal, uncertainty and certainty in a text."""
    matches = _list()[1].find(words_of(text))
    return Stance(*(_of(matches, kind) for kind in (REFUSAL, UNSURE, SURE)))


def _of(matches: list[Match], kind: str) -> tuple[str, ...]:
    return tuple(match.phrase for match in matches if match.kind == kind)


def refusals(records: Records) -> Iterator[Quantity]:
    """Share of answers that refuse, and of those that say they are unsure, with the phrases that were found."""
    stances = [stance(text) for text in records.texts]
    for metric, found in (
        (own.REFUSAL_RATE, [one.refusals for one in stances]),
        (own.UNCERTAINTY_RATE, [one.unsure for one in stances]),
    ):
        successes = records.where([bool(phrases) for phrases in found])

        def matched(inside: Bools, found: list[tuple[str, ...]] = found) -> dict[str, Scalar]:
            count = Counter(
                phrase for phrases, here in zip(found, inside, strict=True) if here for phrase in dict.fromkeys(phrases)
            )
            shown = "; ".join(f"{phrase}: {times}" for phrase, times in sorted(count.most_common(_SHOWN)))
            return {"phrases": _list()[0], "matched": shown or "none"}

        for name, part in records.parts:
            among = records.answered & part
            yield share(records, metric, successes, among, "patients with an answer", parameters=matched, variant=name)
