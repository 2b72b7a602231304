"""Recorded predictions under conditions: NHEFS patients seen twice, their scores blurred more and more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from nhefs_predictions import Recorded, Tables, dataset_info, predictions

from evaluators.robustness import DESCRIPTOR, RobustnessOptions
from governance.datasets.protocol import DatasetInfo
from governance.evidence.model import CLEAN, Condition, Measurement
from governance.harness.protocols import EvaluationContext, Need, Request
from governance.plugins import ConditionDescriptor
from governance.spec.model import Settings, SubjectSpec

EVALUATOR = DESCRIPTOR.load()
THRESHOLD = 0.25

Scores = Mapping[Condition, np.ndarray]


def scale(name: str, *severities: int) -> ConditionDescriptor:
    return ConditionDescriptor(name=name, title=name.capitalize(), implementation="own:f", severities=severities)


def condition(name: str, severity: int | None = None) -> Condition:
    return Condition(name=name, severity=severity)


@dataclass(frozen=True)
class Worsened:
    """A dataset with scores under conditions: (n,) of a binary task, (n, classes) of several classes."""

    info: DatasetInfo
    scores: Scores
    known: tuple[ConditionDescriptor, ...]
    task: str = "binary"

    def table(self, scores: np.ndarray) -> pd.DataFrame:
        if self.task == "binary":
            return predictions(self.info.frame, scores)
        content = {"sample_id": self.info.frame["sample_id"], "status": "ok", "reason": "", "scores": list(scores)}
        return pd.DataFrame(content)

    def context(
        self, options: RobustnessOptions, requests: Sequence[Request] = (), **settings: Any
    ) -> EvaluationContext:
        return EvaluationContext(
            options=options,
            subject=SubjectSpec(name="m", version="1", kind="recorded", task=self.task),
            datasets={"test": self.info},
            settings=Settings(**{"replicates": 200, **settings}),
            requests=tuple(requests),
            conditions={one.name: one for one in self.known},
        )

    def measure(
        self,
        *,
        changed: Mapping[Condition, pd.DataFrame] | None = None,
        requests: Sequence[Request] = (),
        settings: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> list[Measurement]:
        given = {"on": "test", "conditions": [one.name for one in self.known], **options}
        if self.task == "binary":
            given.setdefault("operating_point", {"threshold": THRESHOLD})
        context = self.context(RobustnessOptions.model_validate(given), requests, **(settings or {}))
        tables = {one: self.table(scores) for one, scores in self.scores.items()} | dict(changed or {})
        observed = Tables({Need.of("predict", "test", condition=one).id: table for one, table in tables.items()})
        assert {need.id for need in EVALUATOR.needs(context)} <= set(observed.tables)
        return list(EVALUATOR.measure(observed, context))

    @property
    def truth(self) -> np.ndarray:
        return self.info.frame["target"].to_numpy()

    def decided(self, at: Condition = CLEAN) -> np.ndarray:
        if self.task == "binary":
            return (self.scores[at] >= THRESHOLD).astype(float)
        return self.scores[at].argmax(axis=1).astype(float)

    def error(self, at: Condition = CLEAN, among: np.ndarray | None = None) -> float:
        wrong = self.decided(at) != self.truth
        return float(wrong.mean() if among is None else wrong[among].mean())


def visits(mortality: Recorded) -> Worsened:
    """Every patient twice; the second time the score is a little other, and blur adds to it what it adds to the first.

    What blur does depends on the patient, so that visits of a patient and severities of a condition go together.
    """
    once = mortality.test.frame
    frame = pd.concat([once, once.assign(sample_id=once["sample_id"] + "b")], ignore_index=True)
    stream = np.random.default_rng(23)
    logit = np.log(mortality.scores["test"] / (1 - mortality.scores["test"]))
    both = np.concatenate([logit, logit + stream.normal(0, 0.3, logit.size)])
    hazy, grainy = (np.tile(stream.normal(0, 1, logit.size), 2) for _ in range(2))
    scores = {CLEAN: both}
    for severity in range(1, 6):
        scores[condition("haze", severity)] = both + severity / 4 * hazy + stream.normal(0, 0.2, both.size)
    for severity in (1, 3):
        female = (frame["sex"] == "female").to_numpy()
        scores[condition("grain", severity)] = both - severity / 2 * (0.5 + female) * np.abs(grainy)
    groups = {name: attribute.groups for name, attribute in mortality.test.attributes.items()}
    return Worsened(
        dataset_info(frame, "test", groups=groups),
        {at: 1 / (1 + np.exp(-value)) for at, value in scores.items()},
        (scale("haze", 1, 2, 3, 4, 5), scale("grain", 1, 3)),
    )


def one(found: Sequence[Measurement], metric: str, at: Condition = CLEAN, **about: Any) -> Measurement:
    """The only measurement; everyone's value, where nothing else is said."""
    about = {"estimand": "value", "slice": {}, "variant": None, "over": None, **about}
    rows = [
        m
        for m in found
        if m.metric == metric and m.condition == at and all(getattr(m, key) == about[key] for key in about)
    ]
    assert len(rows) == 1, (metric, at, about, len(rows))
    return rows[0]
