"""Asks a judge about answers that other collectors brought, and keeps what it says, one row a thing judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from evaluators.hallucination.judges.options import (
    AnyJudge,
    ClassifierJudge,
    EncoderJudge,
    HumanJudge,
    LanguageModelJudge,
    QuestionsJudge,
    judge_of,
)
from evaluators.hallucination.judges.people import read_labels
from evaluators.hallucination.judges.questions import AnsweredQuestion, compared, read_questions
from evaluators.hallucination.judges.templates import exact_label, filled, named
from evaluators.hallucination.judges.units import Answered, Unit, answered_of, units_of
from governance.errors import InputError
from governance.evidence.canonical import digest_file
from governance.harness.protocols import OK, REJECTED, UNPARSED, CollectionContext, Need, Shard
from governance.plugins import SubjectDescriptor, find
from governance.subjects.identity import file_of

if TYPE_CHECKING:
    from evaluators.hallucination.judges.classifier import Classifier
    from evaluators.hallucination.judges.encoder import Encoder
    from governance.subjects.protocol import Session

ITEMS = 32
"""Items in a shard; each may be many things to judge."""
LARGEST_BATCH = 16
"""Most things a language model is asked at a time."""


class JudgeCollector:
    """Brings the labels of one judge. It keeps opened judges, each once."""

    uses_subject: ClassVar[bool] = False
    """Labels rest on the answers in the tables that are built on, and on nothing else of the subject."""

    def __init__(self) -> None:
        self._classifiers: dict[str, Classifier] = {}
        self._encoders: dict[tuple[str, int], Encoder] = {}
        self._models: dict[str, Session] = {}
        self._questions: dict[str, dict[str, list[AnsweredQuestion]]] = {}

    def shards(self, need: Need, context: CollectionContext) -> Sequence[Shard]:
        """Check that the judge is the one that was pinned, and cut the items into parts of one size.

        Raises
        ------
        InputError
            If the judge's files are missing, or are not those with the digest in the spec.
        """
        judge = judge_of(dict(need.options))
        digest = judge_digest(judge, context.base)
        _check_digest(judge, digest if digest is not None else self._model(judge, context).digest)
        return [
            Shard(f"{start:07d}", tuple(range(start, min(start + ITEMS, context.info.n))))
            for start in range(0, context.info.n, ITEMS)
        ]

    def collect(self, need: Need, shard: Shard, context: CollectionContext) -> pd.DataFrame:
        """Return the judge's rows about the items of a shard, in the order of items, sentences and samples."""
        judge = judge_of(dict(need.options))
        ids = [str(context.info.frame["sample_id"].iloc[index]) for index in shard.indices]
        if isinstance(judge, HumanJudge):
            rows = _people(judge, ids, context)
        elif isinstance(judge, QuestionsJudge):
            rows = list(compared(judge, _answered(need, shard, ids, context), self._given(judge, context)))
        else:
            answered, places = _answered(need, shard, ids, context), named(judge.templates)
            units = [unit for one in answered for unit in units_of(one, judge.compare, places)]
            asked = [unit for unit in units if not unit.missing]
            said = iter(self._judged(judge, asked, context))
            rows = [_row(unit) | ({} if unit.missing else next(said)) for unit in units]
        about = {"judge": judge.name, "judge_version": judge.version, "prompt_digest": judge.prompt_digest}
        return pd.DataFrame([{**row, **about} for row in rows])

    def _given(self, judge: QuestionsJudge, context: CollectionContext) -> Mapping[str, Sequence[AnsweredQuestion]]:
        if judge.digest not in self._questions:
            known = frozenset(context.info.frame["sample_id"].astype(str))
            self._questions[judge.digest] = read_questions(judge, context.base, known)
        return self._questions[judge.digest]

    def _judged(
        self,
        judge: ClassifierJudge | EncoderJudge | LanguageModelJudge,
        units: Sequence[Unit],
        context: CollectionContext,
    ) -> list[dict[str, Any]]:
        if isinstance(judge, ClassifierJudge):
            return self._classified(judge, units, context)
        if isinstance(judge, EncoderJudge):
            return self._compared(judge, units, context)
        return self._asked(judge, units, context)

    def _compared(self, judge: EncoderJudge, units: Sequence[Unit], context: CollectionContext) -> list[dict[str, Any]]:
        key = (judge.digest, judge.layer)
        if key not in self._encoders:
            from evaluators.hallucination.judges.encoder import open_encoder

            self._encoders[key] = open_encoder(judge, context.base, context.device, context.settings)
        encoder, batch = self._encoders[key], context.settings.batch_size
        ours, theirs = ("answer", "reference") if judge.compare == "answer" else ("sentence", "sample")
        compare = encoder.pairs if judge.compare == "answer" else encoder.best
        found = compare([unit.parts[ours] for unit in units], [unit.parts[theirs] for unit in units], batch)
        return [
            {"status": REJECTED, "reason": "a text is empty for the encoder, or longer than it can read"}
            if score is None
            else {"p_precision": score[0], "p_recall": score[1], "score": score[2]}
            for score in found
        ]

    def _classified(
        self, judge: ClassifierJudge, units: Sequence[Unit], context: CollectionContext
    ) -> list[dict[str, Any]]:
        if judge.digest not in self._classifiers:
            from evaluators.hallucination.judges.classifier import open_classifier

            self._classifiers[judge.digest] = open_classifier(judge, context.base, context.device, context.settings)
        classifier = self._classifiers[judge.digest]
        rows = []
        for start in range(0, len(units), context.settings.batch_size):
            part = units[start : start + context.settings.batch_size]
            pairs = None if judge.second is None else [filled(judge.second, unit.parts) for unit in part]
            found = classifier.probabilities([filled(judge.first, unit.parts) for unit in part], pairs)
            for row in found.tolist():
                if isnan(row[0]):
                    rows.append({"status": REJECTED, "reason": "it is longer than the judge can read"})
                    continue
                best = max(range(len(row)), key=row.__getitem__)
                each = {f"p_{label.casefold()}": value for label, value in zip(classifier.labels, row, strict=True)}
                rows.append({"label": classifier.labels[best], "score": row[best], **each})
        return rows

    def _asked(
        self, judge: LanguageModelJudge, units: Sequence[Unit], context: CollectionContext
    ) -> list[dict[str, Any]]:
        session: Any = self._model(judge, context) if units else None
        size = min(context.settings.batch_size, LARGEST_BATCH)
        rows = []
        for start in range(0, len(units), size):
            items = [_item(judge, unit) for unit in units[start : start + size]]
            options = {"max_new_tokens": judge.max_new_tokens, "choices": judge.labels, "temperature": 0.0}
            found = session.generate(items, options=options, seeds=[])
            rows += [_said(judge, answer) for answer in sorted(found, key=lambda answer: answer["item"])]
        return rows

    def _model(self, judge: AnyJudge, context: CollectionContext) -> Session:
        if not isinstance(judge, LanguageModelJudge):
            raise TypeError(f"the judge '{judge.name}' is no language model")
        if judge.digest not in self._models:
            subject = judge.subject()
            session: Session = find("subjects", subject.kind).load()(
                subject, context.base, context.device, context.settings
            )
            _check_digest(judge, session.digest)
            self._models[judge.digest] = session
        return self._models[judge.digest]


def judge_digest(judge: AnyJudge, base: Path) -> str | None:
    """Return the SHA-256 of all that determines a judge's labels beside its prompt; None where only opening tells.

    Raises
    ------
    InputError
        If a file of the judge is missing.
    """
    if isinstance(judge, HumanJudge | QuestionsJudge):
        what = "labels" if isinstance(judge, HumanJudge) else "questions"
        return digest_file(file_of(base, judge.file, f"the file of {what}"))
    subject = judge.subject()
    descriptor: SubjectDescriptor = find("subjects", subject.kind)
    if not descriptor.identity:
        return None
    found: str | None = replace(descriptor, implementation=descriptor.identity).load()(subject, base)
    return found


def _check_digest(judge: AnyJudge, digest: str) -> None:
    if digest != judge.digest:
        raise InputError(
            f"the digest of the judge '{judge.name}' is {digest}, the spec says {judge.digest}",
            hint=f"if it is the judge that is meant, write digest: {digest}",
        )


def _answered(need: Need, shard: Shard, ids: Sequence[str], context: CollectionContext) -> list[Answered]:
    tables = [context.tables[earlier.id] for earlier in need.builds_on]
    return answered_of(ids, context.dataset.decode(shard.indices), tables)


def _row(unit: Unit) -> dict[str, Any]:
    return {
        "sample_id": unit.answered.sample_id,
        "status": REJECTED if unit.missing else OK,
        "reason": unit.missing,
        "sentence": unit.sentence,
        "sample": unit.sample,
        "other": unit.other,
        "label": "",
        "score": float("nan"),
    }


def _item(judge: LanguageModelJudge, unit: Unit) -> dict[str, Any]:
    item: dict[str, Any] = {"prompt": filled(judge.prompt, unit.parts)}
    if judge.image and unit.answered.image is not None:
        item["image"] = unit.answered.image
    return item


def _said(judge: LanguageModelJudge, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Read what a language model said; only a label and nothing else is one."""
    text = str(answer.get("text") or "")
    if answer.get("status", OK) != OK:
        return {"status": REJECTED, "reason": f"the judge gave no answer: {answer.get('reason')}", "said": text}
    label = exact_label(text, judge.labels)
    if label is None:
        return {"status": UNPARSED, "reason": "the judge's answer is none of its labels", "said": text}
    return {"label": label, "said": text, "score": _probability(label, judge.labels, answer)}


def _probability(label: str, labels: Sequence[str], answer: Mapping[str, Any]) -> float:
    """Return the probability of a label among all labels; NaN unless the model gives that of each."""
    import numpy as np

    logs = np.array([answer.get(f"choice_{each}", np.nan) for each in labels], dtype=np.float64)
    if not np.isfinite(logs).all():
        return float("nan")
    weights = np.exp(logs - logs.max())
    return float(weights[list(labels).index(label)] / weights.sum())


def _people(judge: HumanJudge, ids: Sequence[str], context: CollectionContext) -> list[dict[str, Any]]:
    labels = read_labels(judge, context.base, frozenset(context.info.frame["sample_id"].astype(str)))
    grouped = {str(name): rows for name, rows in labels.groupby("sample_id", sort=False)}
    blank = {"sample": -1, "other": -1, "score": float("nan")}
    rows: list[dict[str, Any]] = []
    for name in ids:
        if name not in grouped:
            missing = {"status": REJECTED, "reason": "nobody labelled it", "label": "", "sentence": -1, "rater": ""}
            rows.append({"sample_id": name, **missing, **blank})
            continue
        for row in grouped[name].sort_values(["sentence", "rater"], kind="stable").to_dict("records"):
            said = {"sentence": row["sentence"], "rater": row["rater"], "label": row["label"]}
            rows.append({"sample_id": name, "status": OK, "reason": "", **said, **blank})
    return rows
