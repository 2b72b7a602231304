"""`spec.lock.json`: everything that determines a run. Its digest is the run's id."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from governance.datasets.protocol import DatasetInfo
from governance.evidence.templates import templates_digest
from governance.harness.environment import toolkit_version
from governance.harness.identities import Identities
from governance.harness.plan import Plan
from governance.harness.protocols import Request
from governance.plugins import ConditionDescriptor, find
from governance.spec.model import Settings, Spec

LOCK_VERSION = 1


def lock_content(
    spec: Spec,
    *,
    settings: Settings,
    subject_digest: str,
    datasets: Mapping[str, DatasetInfo],
    plan: Plan,
    requests: Sequence[Request],
    conditions: Mapping[str, ConditionDescriptor],
    found: Identities,
    libraries: Mapping[str, str],
    processor: str,
) -> dict[str, Any]:
    """Return the content of the lock. Equal inputs give equal content; nothing in it is a time or a path of a machine.

    `settings` are the resolved ones: the device is the one that is computed on.
    """
    written = spec.model_dump(mode="json", exclude={"output", "track", "waivers"})
    written["settings"] = settings.model_dump(mode="json")
    return {
        "version": LOCK_VERSION,
        "spec": written,
        "subject": {
            "name": spec.subject.name,
            "version": spec.subject.version,
            "kind": spec.subject.kind,
            "task": spec.subject.task,
            "digest": subject_digest,
        },
        "datasets": {
            name: {
                **inventory(info, spec.subject.task),
                "target": spec.datasets[name].target,
                "shares": shared_patients(name, datasets),
            }
            for name, info in datasets.items()
        },
        "needs": [{**need.describe(), "id": need.id} for need in plan.needs],
        "requests": [dataclasses.asdict(request) for request in requests],
        "evaluators": {name: find("evaluators", name).version for name in sorted(spec.evaluate)},
        "collectors": {name: collector.version for name, collector in sorted(plan.collectors.items())},
        "conditions": _conditions(plan, conditions, found),
        "code": dict(sorted(found.code.items())),
        "extractors": {name: session.digest for name, session in sorted(found.extractors.items())},
        "settings": settings.model_dump(mode="json"),
        "toolkit": toolkit_version(),
        "templates": templates_digest(),
        "libraries": dict(libraries),
        "processor": processor,
    }


def inventory(info: DatasetInfo, task: str) -> dict[str, Any]:
    """Return what a dataset holds: samples, clusters and events, also of each group. Decisions check against it."""
    frame = info.frame
    events = task == "binary" and "target" in frame.columns

    def counts(rows: Any) -> dict[str, Any]:
        return {
            "n": len(rows),
            "clusters": int(rows["cluster"].nunique()),
            "events": int(rows["target"].sum()) if events else None,
        }

    return {
        "role": info.role,
        "title": info.title,
        "modality": info.modality,
        "digest": info.digest,
        **counts(frame),
        "clustered": info.clustered,
        "cluster_reason": info.cluster_reason,
        "classes": list(info.classes),
        "attributes": {
            name: {
                "title": attribute.title,
                "order": list(attribute.groups),
                "groups": {group: counts(frame[frame[name] == group]) for group in attribute.groups},
            }
            for name, attribute in info.attributes.items()
        },
    }


def shared_patients(name: str, datasets: Mapping[str, DatasetInfo]) -> dict[str, int]:
    """Return how many patients a dataset has in common with each other one.

    A dataset whose samples are each their own patient is left out: its ids say nothing of who they are.
    """
    own = datasets[name]
    if not own.clustered:
        return {}
    patients = set(own.frame["cluster"])
    return {
        other: len(patients.intersection(info.frame["cluster"]))
        for other, info in datasets.items()
        if other != name and info.clustered
    }


def _conditions(plan: Plan, known: Mapping[str, ConditionDescriptor], found: Identities) -> dict[str, Any]:
    used = sorted({need.condition.name for need in plan.needs} & set(known))
    return {
        name: {
            "version": known[name].version,
            "severities": list(known[name].severities),
            "title": known[name].title,
            "kind": known[name].kind,
            "variants": {dataset: digest for (dataset, variant), digest in found.variants.items() if variant == name},
        }
        for name in used
    }
