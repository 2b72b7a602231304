"""MediHall score: how grave what an answer says wrongly is, by labels of people or of a judge.

Labels that cannot be read stay in the denominator with the weight 0, are counted, and what the score would be if they
were all correct is given beside it. Records without a label are left out, counted, and what the score would be if they
were all catastrophic is given as well. How much rests on the steps between the labels is shown by other weights: among
all weights that never fall from catastrophic (0) to correct (1), the score is lowest where only correct answers count
and highest where only catastrophic ones do not.

Source: Chen et al., arXiv:2406.10185 (2024).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluators.estimates import Bools
from evaluators.hallucination.recorded import metrics as own
from evaluators.hallucination.recorded.completeness import is_labelled
from evaluators.hallucination.recorded.labels import CORRECT, NAMES, PROMPT_INDUCED, read_label
from evaluators.hallucination.recorded.observed import Records
from evaluators.hallucination.recorded.quantity import Quantity, absent, average, share
from governance.datasets.generations.record import HUMAN, GenerationRecord
from governance.datasets.generations.text import shown
from governance.evidence.model import MetricDescriptor, Scalar
from governance.statistics.clusters import Floats

UNPARSED = "unparsed"
_SHOWN = 5


@dataclass(frozen=True)
class Judged:
    """What one judge said of the answers.

    Attributes
    ----------
    label
        (n,) number of the label; -1 unread, -2 none.
    sentences
        Labels of sentences by record, None for one that was not read; empty where there are none.
    """

    judge: str
    label: np.ndarray[tuple[int], np.dtype[np.int64]]
    sentences: tuple[tuple[int | None, ...], ...]
    unread: tuple[str, ...]

    @classmethod
    def of(cls, records: Records, judge: str) -> Judged:
        """Read the labels of a judge."""
        label = np.full(records.n, _NONE, dtype=np.int64)
        sentences: list[tuple[int | None, ...]] = []
        unread: Counter[str] = Counter()
        for place, record in enumerate(records.records):
            of_sentences = sentence_labels(record, judge) if record is not None else ()
            sentences.append(tuple(read_label(one) for one in of_sentences))
            if record is None or of_sentences or not is_labelled(record, judge):
                continue
            judged = record.judged_by(judge)
            written = judged.label if judged is not None else None
            found = read_label(written)
            label[place] = _UNREAD if found is None else found
            if found is None:
                unread[shown(str(written))] += 1
        return cls(judge, label, tuple(sentences), tuple(name for name, _ in unread.most_common(_SHOWN)))

    @property
    def answers(self) -> Bools:
        """Answers with a label, readable or not."""
        found: Bools = self.label != _NONE
        return found

    @property
    def reports(self) -> Bools:
        """Reports with labels of sentences."""
        return np.array([bool(one) for one in self.sentences], dtype=bool)

    def scores(self, weights: Sequence[float], unread: float = 0.0) -> Floats:
        """Return (n,) weights of the labels of answers; 0 where there is none."""
        table = np.array([*weights, 0.0, unread])
        found: Floats = table[self.label]  # -1 and -2 index from the end
        return found

    def report_scores(self, weights: Sequence[float], unread: float = 0.0) -> Floats:
        """Return (n,) mean weights of the sentences' labels; 0 where there are none."""
        return np.array(
            [
                float(np.mean([unread if one is None else weights[one] for one in labels])) if labels else 0.0
                for labels in self.sentences
            ]
        )


_UNREAD, _NONE = -1, -2


def sentence_labels(record: GenerationRecord, judge: str) -> tuple[str | int | None, ...]:
    """Return the labels that a judge gave to the sentences of a report."""
    judged = record.judged_by(judge)
    if judged is not None and judged.sentence_labels:
        return judged.sentence_labels
    return record.sentence_labels if judge == HUMAN else ()


def other_weights(published: Sequence[float]) -> Mapping[str, tuple[float, ...]]:
    """Return other weights by name: the two ends of all that never fall, two curved ones, and the inferred step."""
    even = np.linspace(0.0, 1.0, len(NAMES))
    lower = list(published)
    lower[PROMPT_INDUCED] = published[PROMPT_INDUCED - 1]
    higher = list(published)
    higher[PROMPT_INDUCED] = published[PROMPT_INDUCED + 1]
    return {
        "only correct counts (lowest of all)": (0.0,) * CORRECT + (1.0,),
        "all but catastrophic counts (highest of all)": (0.0,) + (1.0,) * CORRECT,
        "squares of even steps": tuple(map(float, even**2)),
        "roots of even steps": tuple(map(float, np.sqrt(even))),
        "prompt-induced as attribute": tuple(lower),
        "prompt-induced as minor": tuple(higher),
    }


def hierarchy(records: Records, weights: Sequence[float]) -> Iterator[Quantity]:
    """Give, for every judge and task type, the score, the scores at other weights, and the shares of the labels."""
    if not records.judges:
        for metric in (own.MEDIHALL_SCORE, own.MEDIHALL_REPORT_SCORE):
            yield absent(metric, f"none of {records.n} entries has a label", records.n, judge=HUMAN)
        return
    for judge in records.judges:
        judged = Judged.of(records, judge)
        yield from _of_answers(records, judged, weights)
        yield from _of_reports(records, judged, weights)


def _of_answers(records: Records, judged: Judged, weights: Sequence[float]) -> Iterator[Quantity]:
    what, judge = "patients with a judged answer", records.called[judged.judge]
    candidates = records.readable & ~judged.reports
    if not judged.answers.any():
        return

    for name, part in records.parts:
        among = judged.answers & part
        if name is not None and not among.any():
            yield absent(own.MEDIHALL_SCORE, f"none of its {int(part.sum())} entries has a label", records.n,
                         judge=judge, variant=name)  # fmt: skip
            continue
        values = judged.scores(weights)

        def about(inside: Bools, part: Bools = part) -> dict[str, Scalar]:
            labelled = int(inside.sum())
            unread, unlabelled = int(np.sum(judged.label[inside] == _UNREAD)), int(np.sum(candidates & part) - labelled)
            best = float(judged.scores(weights, 1.0)[inside].mean())
            low = float(judged.scores(weights)[inside].sum()) / max(labelled + max(unlabelled, 0), 1)
            return {
                "weights": ", ".join(f"{name} {weight:g}" for name, weight in zip(NAMES, weights, strict=True)),
                "weight_of_prompt_induced": "inferred from the even spacing, not published",
                "unparsed_in_denominator": unread,
                "if_unparsed_were_correct": round(best, 6),
                "unlabelled_left_out": max(unlabelled, 0),
                "if_unlabelled_were_catastrophic": round(low, 6),
                **({"unparsed_labels": "; ".join(judged.unread)} if judged.unread else {}),
            }

        yield average(records, own.MEDIHALL_SCORE, values, among, what, parameters=about, judge=judge, variant=name)
        yield from _sensitivity(
            records, own.MEDIHALL_SCORE, judged.scores, among, what=what, weights=weights, judge=judge, variant=name
        )
        yield from _shares(records, judged, among, what=what, variant=name)


def _of_reports(records: Records, judged: Judged, weights: Sequence[float]) -> Iterator[Quantity]:
    what, judge = "patients with a report whose sentences were judged", records.called[judged.judge]
    among = judged.reports
    if not among.any():
        return

    def about(inside: Bools) -> dict[str, Scalar]:
        labels = [one for labels, here in zip(judged.sentences, inside, strict=True) if here for one in labels]
        count = Counter(UNPARSED if one is None else NAMES[one] for one in labels)
        return {
            "sentences": len(labels),
            **{f"sentences_{name}": count[name] for name in (*NAMES, UNPARSED)},
            "if_unparsed_were_correct": round(float(judged.report_scores(weights, 1.0)[inside].mean()), 6),
        }

    for name, part in records.parts:
        here = among & part
        if name is None or here.any():
            metric = own.MEDIHALL_REPORT_SCORE
            yield average(
                records, metric, judged.report_scores(weights), here, what, parameters=about, judge=judge, variant=name
            )
            yield from _sensitivity(
                records, metric, judged.report_scores, here, what=what, weights=weights, judge=judge, variant=name
            )


def _sensitivity(
    records: Records,
    metric: MetricDescriptor,
    scores: Callable[[Sequence[float]], Floats],
    among: Bools,
    *,
    what: str,
    weights: Sequence[float],
    judge: str,
    variant: str | None,
) -> Iterator[Quantity]:
    for name, other in other_weights(weights).items():
        values = scores(other)
        yield average(
            records, metric, values, among, what, compared=False, judge=judge, variant=variant, curve={"weights": name}
        )


def _shares(records: Records, judged: Judged, among: Bools, *, what: str, variant: str | None) -> Iterator[Quantity]:
    judge = records.called[judged.judge]
    for number, name in [*enumerate(NAMES), (_UNREAD, UNPARSED)]:
        yield share(
            records,
            own.LABEL_FREQUENCY,
            judged.label == number,
            among,
            what,
            compared=False,
            judge=judge,
            variant=variant,
            target_class=name,
        )
    wrong = judged.answers & (judged.label != CORRECT)
    yield share(records, own.HALLUCINATED_SHARE, wrong, among, what, judge=judge, variant=variant)
