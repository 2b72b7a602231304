"""A run as the builders see it: the files of its folder, read once, with look-ups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from governance.catalogues import CatalogueCoverage, all_answers, all_catalogues
from governance.catalogues.coverage import cover
from governance.catalogues.run_record import RunRecord, read_run
from governance.errors import InputError, Location
from governance.evidence.canonical import digest_json
from governance.evidence.comparison import Comparison
from governance.evidence.folder import RunFolder
from governance.evidence.model import Evidence, Measurement, MetricDescriptor
from governance.evidence.wording import group_words
from governance.licences.statement import LicenceStatement
from governance.policy.model import Decision
from governance.spec.model import Fact, Hazard

NOT_RECORDED = "not recorded"
_AGAIN = "decide again: governance decide RUN --baseline RUN"


def latest_decision(folder: RunFolder) -> Decision | None:
    """Return the decision made last, or None where nothing was decided.

    ``run.json`` notes which that is; where it does not, the file written last is taken, by name where two are
    equally old.

    Raises
    ------
    InputError
        If the file is not a decision, or is one on other evidence.
    """
    files = sorted(folder.decisions.glob("*.json"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    if not files:
        return None
    noted = folder.read_json(folder.run_json) if folder.run_json.exists() else {}
    stem = noted.get("decision") or str(noted.get("decided_under") or "")[:16]
    path = next((file for file in files if stem and file.stem == stem), files[-1])
    try:
        decision = Decision.model_validate(folder.read_json(path))
    except ValidationError as error:
        raise InputError(f"not a decision: {error.errors()[0]['msg']}", location=Location(str(path))) from error
    if decision.evidence_digest != folder.evidence_digest():
        raise InputError(
            "the decision was made on other evidence than that of this run",
            location=Location(str(path)),
            hint="decide again: governance decide RUN",
        )
    return decision


def _comparison(folder: RunFolder, decision: Decision | None) -> Comparison | None:
    """Return what a decision was held against, None where that is no other run.

    Raises
    ------
    InputError
        If the file is missing, malformed, or not what the decision rests on.
    """
    if decision is None or decision.baseline is None:
        return None
    path = folder.comparisons / f"{decision.stem}.json"
    content = folder.read_json(path)
    if digest_json(content) != decision.comparison_digest:
        raise InputError("this is not what the decision rests on", location=Location(str(path)), hint=_AGAIN)
    for measurement in content["measurements"]:
        measurement.pop("id", None)
    try:
        return Comparison.model_validate(content)
    except ValidationError as error:
        raise InputError(f"not a comparison: {error.errors()[0]['msg']}", location=Location(str(path))) from error


@dataclass(frozen=True)
class Run:
    """What a run folder holds. `started` is the day of the run, None where ``run.json`` does not say."""

    folder: RunFolder
    lock: Mapping[str, Any]
    evidence: Evidence
    evidence_digest: str
    decision: Decision | None
    facts: Mapping[str, Fact]
    hazards: Mapping[str, Hazard]
    licence: LicenceStatement | None
    started: dt.date | None
    policy_lock: Mapping[str, Any] | None
    comparison: Comparison | None = None
    """The differences to the run that the decision was held against, if it was."""

    @classmethod
    def read(cls, folder: RunFolder) -> Run:
        """Read the files of a run.

        Raises
        ------
        InputError
            If one is missing or malformed.
        """
        lock = folder.read_json(folder.spec_lock)
        spec = lock["spec"]
        times = folder.read_json(folder.run_json) if folder.run_json.exists() else {}
        started = times.get("started_at")
        decision = latest_decision(folder)
        return cls(
            folder=folder,
            lock=lock,
            evidence=folder.read_evidence(),
            evidence_digest=folder.evidence_digest(),
            decision=decision,
            facts={key: Fact.model_validate(fact) for key, fact in (spec.get("facts") or {}).items()},
            hazards={key: Hazard.model_validate(hazard) for key, hazard in (spec.get("hazards") or {}).items()},
            licence=_licence(folder),
            started=dt.datetime.fromisoformat(started).date() if started else None,
            policy_lock=folder.read_json(folder.policy_lock) if folder.policy_lock.exists() else None,
            comparison=_comparison(folder, decision),
        )

    @cached_property
    def record(self) -> RunRecord:
        """The same files as catalogues of requirements are answered from them."""
        return read_run(self.folder, self.evidence)

    @property
    def as_of(self) -> dt.date:
        """The day against which facts and dates of application are held: that of the run, so that it stays."""
        return self.started or all_catalogues()["eu_ai_act"].date

    @cached_property
    def covered(self) -> Mapping[str, CatalogueCoverage]:
        """What the catalogues that something answers came to, by id."""
        return {name: cover(self.record, all_catalogues()[name], self.as_of) for name in sorted(all_answers())}

    @property
    def subject(self) -> Mapping[str, Any]:
        """Name, version, kind, task and digest of the model."""
        subject: Mapping[str, Any] = self.lock["subject"]
        return subject

    @property
    def task(self) -> str:
        """What kind of answer the model gives."""
        return str(self.subject.get("task", ""))

    @property
    def has_positives(self) -> bool:
        """Whether cases are positive or negative, which they are not of several classes, numbers or masks."""
        return self.task not in ("multiclass", "multilabel", "regression", "segmentation")

    @property
    def datasets(self) -> Mapping[str, Any]:
        """The inventory of the datasets by name."""
        datasets: Mapping[str, Any] = self.lock["datasets"]
        return datasets

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the run."""
        settings: Mapping[str, Any] = self.lock.get("settings") or {}
        return settings

    @cached_property
    def level(self) -> str:
        """The level of intervals in percent, as printed."""
        return f"{100 * float(self.settings.get('level', 0.95)):.4g}\N{NO-BREAK SPACE}%"

    def metric(self, name: str) -> MetricDescriptor | None:
        """Return what a metric is, None where the evidence does not say."""
        return self.evidence.descriptors.get(name)

    def title_of(self, metric: str) -> str:
        """Return the title of a metric."""
        descriptor = self.metric(metric)
        return descriptor.title if descriptor else metric.replace("_", " ")

    def find(self, **wanted: Any) -> list[Measurement]:
        """Return the measurements whose fields equal `wanted`, in the order of the evidence."""
        among = self._by_metric.get(wanted.pop("metric"), ()) if "metric" in wanted else self.evidence.measurements
        return [m for m in among if all(getattr(m, name) == want for name, want in wanted.items())]

    @cached_property
    def _by_metric(self) -> Mapping[str, list[Measurement]]:
        found: dict[str, list[Measurement]] = {}
        for m in self.evidence.measurements:
            found.setdefault(m.metric, []).append(m)
        return found

    def one(self, **wanted: Any) -> Measurement | None:
        """Return the first of `find`, preferring one that was measured."""
        found = self.find(**wanted)
        return next((m for m in found if m.status == "measured"), found[0] if found else None)

    @cached_property
    def overall(self) -> Mapping[tuple[str, str, str, str | None], Measurement]:
        """Plain values for everyone on clean input, by evaluator, metric, dataset and class."""
        plain: dict[tuple[str, str, str, str | None], Measurement] = {}
        for m in self.evidence.measurements:
            if is_plain(m) and not m.slice:
                plain.setdefault((m.evaluator, m.metric, m.dataset, m.target_class), m)
        return plain

    @cached_property
    def headlines(self) -> Mapping[tuple[str, str], Measurement]:
        """Plain values for everyone by metric and dataset, once where several evaluators measured the same.

        Numbers of single classes are left to tables: none of them stands for the model.
        Robustness measures the clean input again for comparison; its values give way to those of other evaluators.
        """
        chosen: dict[tuple[str, str], Measurement] = {}
        for (evaluator, metric, dataset, target_class), m in self.overall.items():
            if target_class is not None:
                continue
            before = chosen.get((metric, dataset))
            if before is None or (before.evaluator == "robustness" and evaluator != "robustness"):
                chosen[metric, dataset] = m
        return chosen

    def groupings(self, dataset: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Yield attribute, title and groups of a dataset's attributes, each in its fixed order."""
        spec = self.lock["spec"]["datasets"].get(dataset, {}).get("attributes") or {}
        attributes = self.datasets.get(dataset, {}).get("attributes") or {}
        names = [name for name in spec if name in attributes] + sorted(set(attributes) - set(spec))
        for name in names:
            entry = attributes[name]
            yield name, entry.get("title") or name.replace("_", " "), tuple(entry.get("order") or entry["groups"])

    @cached_property
    def crossings(self) -> Mapping[frozenset[str], str]:
        """Names of the groupings of several attributes, by their attributes."""
        named = dict.fromkeys(m.over for m in self.evidence.measurements if m.over and " x " in m.over)
        return {frozenset(over.split(" x ")): over for over in named}

    def over_label(self, dataset: str, over: str) -> str:
        """Return the title of a grouping: ``Sex × age``."""
        titles = {name: title for name, title, _ in self.groupings(dataset)}
        first, *others = (titles.get(name, name) for name in over.split(" x "))
        return " \N{MULTIPLICATION SIGN} ".join([f"{first[:1].upper()}{first[1:]}", *(_inside(one) for one in others)])

    def group_label(self, dataset: str, attribute: str, group: str) -> str:
        """Return a group's name as people say it: a band ``<40`` becomes ``under 40``."""
        return group_words(self.lock, dataset, attribute, group)

    def slice_label(self, dataset: str, group: Mapping[str, str]) -> str:
        """Return the name of a slice: ``sex F, age under 40``."""
        if not group:
            return "everyone"
        titles = {name: title for name, title, _ in self.groupings(dataset)}
        parts = (f"{_inside(titles.get(a, a))}: {self.group_label(dataset, a, g)}" for a, g in group.items())
        return ", ".join(parts)


def _licence(folder: RunFolder) -> LicenceStatement | None:
    """Return what the licence notice says; None where none was written."""
    path = folder.licence / "licence.json"
    if not path.exists():
        return None
    content = {key: value for key, value in folder.read_json(path).items() if key != "version"}
    try:
        return LicenceStatement.model_validate(content)
    except ValidationError as error:
        raise InputError(f"not a licence: {error.errors()[0]['msg']}", location=Location(str(path))) from error


def _inside(title: str) -> str:
    """Return a title as it stands inside a sentence; abbreviations keep their capitals."""
    return title if title[1:2].isupper() else f"{title[:1].lower()}{title[1:]}"


def is_plain(m: Measurement) -> bool:
    """Whether a measurement is a value on clean input without seed, variant, fraction or curve, not over all groups."""
    return (
        m.estimand == "value"
        and m.over is None
        and m.condition.is_clean
        and m.reference is None
        and m.reference_condition is None
        and m.fraction is None
        and m.seed is None
        and m.variant is None
        and not m.curve
    )
