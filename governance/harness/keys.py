"""The keys of the cache: all that determines a shard of observations, and nothing that does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.evidence.canonical import digest_json
from governance.harness.environment import ALWAYS
from governance.harness.preparation import Prepared
from governance.harness.protocols import Need

KEY_VERSION = 2
"""Raised whenever the harness itself changes what it collects."""

_SAVING_ONLY = frozenset(ALWAYS) - {"numpy"}
"""Libraries that store and read tables but do not change what a model gives."""


def batch_key(need: Need, prepared: Prepared, batch_size: int, shard_samples: int) -> str:
    """Return the key of a need that is observed batch after batch, in shards of so many samples."""
    extractor = dict(need.options).get("extractor")
    content: dict[str, Any] = {
        "key": KEY_VERSION,
        "collector": [need.collector, prepared.plan.collectors[need.collector].version],
        "options": {name: value for name, value in need.describe()["options"].items() if name != "extractor"},
        "dataset": prepared.samples[need.dataset],
        "batch_size": batch_size,
        "shard_samples": shard_samples,
        **_surroundings(prepared),
    }
    if extractor:
        content["extractor"] = [prepared.found.extractors[extractor].digest, prepared.found.code[extractor]]
    else:
        content["subject"] = prepared.subject.digest
    changed = _condition(need, prepared)
    if changed is not None:
        content["condition"] = changed
    if prepared.spec.subject.kind == "recorded":
        # Recorded predictions are looked up by the dataset's name.
        content["dataset_name"] = need.dataset
    return digest_json(content)


def table_key(need: Need, prepared: Prepared, tables: Mapping[str, str], *, uses_subject: bool) -> str:
    """Return the key of a need whose collector cuts its own work.

    Parameters
    ----------
    tables
        SHA-256 of the observation tables, by need id.
    """
    options = need.describe()["options"]
    words = {value for value in options.values() if isinstance(value, str)}
    named = {need.dataset} | (words & set(prepared.datasets))
    content: dict[str, Any] = {
        "key": KEY_VERSION,
        "collector": [need.collector, prepared.plan.collectors[need.collector].version],
        "options": options,
        "datasets": {name: [prepared.datasets[name][1].digest, prepared.samples[name]] for name in sorted(named)},
        "condition": _condition(need, prepared) or need.describe()["condition"],
        "code": {name: digest for name, digest in prepared.found.code.items() if name in words},
        "builds_on": [tables[earlier.id] for earlier in need.builds_on],
        "batch_size": prepared.settings.batch_size,
        "seed": prepared.settings.seed,
        **_surroundings(prepared),
    }
    if uses_subject:
        content["subject"] = prepared.subject.digest
    return digest_json(content)


def _condition(need: Need, prepared: Prepared) -> dict[str, Any] | None:
    """Return all that determines what a need's condition does to the samples; None for the clean input."""
    condition = prepared.conditions.get(need.condition.name)
    if condition is None:
        return None
    return {
        "name": need.condition.name,
        "severity": need.condition.severity,
        "version": condition.version,
        "seed": prepared.settings.seed,
        "code": prepared.found.code.get(condition.implementation),
        "variant": prepared.found.variants.get((need.dataset, need.condition.name)),
    }


def _surroundings(prepared: Prepared) -> dict[str, Any]:
    libraries = prepared.lock["libraries"]
    return {
        "precision": prepared.settings.precision,
        "memory_format": prepared.settings.memory_format,
        "compile": prepared.settings.compile,
        "device": prepared.device,
        "processor": prepared.lock["processor"],
        "threads": prepared.settings.threads,
        "libraries": {name: version for name, version in libraries.items() if name not in _SAVING_ONLY},
    }
