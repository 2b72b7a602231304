"""Try a policy on evidence whose verdicts are known: tests of policies, as programs have theirs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from governance.errors import near_name
from governance.evidence.folder import RunFolder
from governance.policy.decide import judge_all, measured_on, read_plan
from governance.policy.lock import LoadedPolicy
from governance.policy.model import Outcome
from governance.policy.verdicts.provenance import Circumstances
from governance.spec import read_yaml, validate
from governance.spec.document import Document
from governance.spec.model import Name, Text, Written

_LONGEST = 200
"""Characters of a folder's name that an error repeats."""


class Expected(Written):
    """The verdict that a rule must come to, and words that its sentence must hold."""

    verdict: Outcome
    says: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _word_alone(cls, written: object) -> object:
        return {"verdict": written} if isinstance(written, str) else written


class Trial(Written):
    """A run folder (``evidence.json`` and ``spec.lock.json``), the day of the decision, and what must come out."""

    run: Text
    title: Text | None = None
    on: dt.date | None = None
    expect: dict[Name, Expected] = Field(min_length=1)


class TrialFile(Written):
    """A file of trials."""

    version: Literal[1]
    trials: tuple[Trial, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Tried:
    """What one rule came to in one trial, beside what was expected."""

    trial: str
    rule: str
    expected: str
    found: str
    sentence: str
    as_expected: bool


def tried(loaded: LoadedPolicy, path: Path, today: dt.date) -> Iterator[Tried]:
    """Judge the runs that a file names under a policy, and hold each verdict against what the file expects.

    Raises
    ------
    InputError
        With file, line and column: malformed YAML, a run that is not there, a rule that the policy does not have.
    """
    document = read_yaml(path)
    written = validate(TrialFile, document)
    for index, trial in enumerate(written.trials):
        _check_rules(document, index, trial, loaded)
        folder = RunFolder(path.parent / trial.run)
        try:
            there = folder.evidence_json.is_file()
        except OSError:  # a name that no folder can have
            there = False
        if not there:
            raise document.error(("trials", index, "run"), f"there is no run in {trial.run[:_LONGEST]}")
        evidence, plan = folder.read_evidence(), read_plan(folder)
        about = Circumstances(evidence, plan, trial.on or today, measured_on(folder))
        found = {verdict.rule: verdict for verdict in judge_all(loaded.policy, evidence, plan, loaded.lines, about)}
        for rule, expected in trial.expect.items():
            verdict = found[rule]
            says = expected.says is None or expected.says in verdict.sentence
            yield Tried(
                trial.title or trial.run,
                rule,
                expected.verdict.value + (f", saying '{expected.says}'" if expected.says else ""),
                verdict.outcome.value,
                verdict.sentence,
                verdict.outcome is expected.verdict and says,
            )


def _check_rules(document: Document, index: int, trial: Trial, loaded: LoadedPolicy) -> None:
    rules = [rule.id for rule in loaded.policy.rules]
    for rule in trial.expect:
        if rule not in rules:
            message = f"the policy {loaded.policy.policy} has no rule '{rule}'"
            raise document.error(("trials", index, "expect", rule), message, near_name(rule, rules), of="key")
