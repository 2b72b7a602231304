"""A run folder with as many measurements and rules as wanted, written as a run leaves it.

The measurements have the shapes of a real evaluation: values of everyone and of groups under clean and changed input,
paired differences to clean, differences of pairs of groups, and the worst group.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from governance.evidence.canonical import digest_json, readable_json
from governance.evidence.folder import RunFolder, run_id_of, write_atomically
from governance.evidence.model import (
    CLEAN,
    Condition,
    Evidence,
    Interval,
    Measurement,
    Method,
    MetricDescriptor,
    Provenance,
)
from governance.harness.measuring import write_evidence
from governance.plugins import installed
from governance.policy import LoadedPolicy, Policy, lock, policy_digest

DIGEST = "d" * 64
GROUPS = {
    "sex": ("F", "M"),
    "age": ("<40", "40-60", ">=60"),
    "site": tuple(f"site {letter}" for letter in "ABCDEFGHIJ"),
}
CONDITIONS = tuple(f"condition-{number:02d}" for number in range(20))
SEVERITIES = (1, 2, 3, 4, 5)
METRICS = 40
_METHOD = Method(name="bootstrap by patient", parameters={"replicates": 1000, "seed": 0}, source="benchmark")


def metrics() -> list[tuple[str, MetricDescriptor]]:
    """Return descriptors of 40 metrics between 0 and 1 whose direction is known, of the two evaluators together."""
    found = [
        (evaluator, metric)
        for evaluator in ("fairness", "robustness")
        for metric in installed("evaluators")[evaluator].metrics
        if metric.direction != "none" and (metric.low, metric.high) == (0.0, 1.0)
    ]
    first = {metric.name: (evaluator, metric) for evaluator, metric in reversed(found)}
    return [pair for pair in found if first[pair[1].name] == pair][:METRICS]


def measurements(count: int, seed: int = 0) -> Iterator[Measurement]:
    """Yield `count` measurements: those of the first metrics first, until there are enough."""
    random_numbers = random.Random(seed)
    slices = [{}, *({attribute: group} for attribute, groups in GROUPS.items() for group in groups)]
    slices += [{"sex": sex, "age": age} for sex in GROUPS["sex"] for age in GROUPS["age"]]
    changed = [Condition(name=name, severity=severity) for name in CONDITIONS for severity in SEVERITIES]

    def all_of() -> Iterator[Measurement]:
        for evaluator, metric in metrics():
            common: dict[str, Any] = {
                "evaluator": evaluator,
                "metric": metric.name,
                "dataset": "test",
                "dataset_digest": DIGEST,
                "status": "measured",
                "direction": metric.direction,
                "method": _METHOD,
            }
            for condition, part in itertools.product([CLEAN, *changed], slices):
                yield _number(random_numbers, condition=condition, slice=part, **common)
            for condition in changed:
                yield _difference(random_numbers, condition=condition, reference_condition=CLEAN, **common)
            for attribute, groups in GROUPS.items():
                for first, second in itertools.combinations(groups, 2):
                    pair = {"slice": {attribute: first}, "reference": {attribute: second}, "over": attribute}
                    yield _difference(random_numbers, **pair, **common)
                for condition in [CLEAN, *changed[:33]]:
                    worst = {"slice": {attribute: groups[0]}, "over": attribute, "estimand": "worst"}
                    yield _number(random_numbers, condition=condition, **worst, **common)
        evaluator, metric = metrics()[0]
        for point in itertools.count():
            yield _number(random_numbers, **{**common, "metric": metric.name}, curve={"point": point})

    return itertools.islice(all_of(), count)


def _number(random_numbers: random.Random, **fields: Any) -> Measurement:
    value = random_numbers.uniform(0.5, 0.95)
    half = random_numbers.uniform(0.005, 0.05)
    interval = Interval(low=value - half, high=min(1.0, value + half), level=0.95, method="bootstrap, 2.5 % and 97.5 %")
    wide = Interval(
        low=value - 1.4 * half, high=min(1.0, value + 1.4 * half), level=0.95, method="bootstrap, max-t", family="all"
    )
    n = random_numbers.randint(50, 2000)
    return Measurement(
        value=value, interval=interval, simultaneous=wide, n=n, n_clusters=n - 7, events=round(n * 0.6), **fields
    )


def _difference(random_numbers: random.Random, **fields: Any) -> Measurement:
    value = random_numbers.uniform(-0.05, 0.05)
    interval = Interval(low=value - 0.02, high=value + 0.02, level=0.90, method="paired bootstrap")
    wide = Interval(low=value - 0.03, high=value + 0.03, level=0.95, method="paired bootstrap, max-t", family="all")
    return Measurement(estimand="difference", value=value, interval=interval, simultaneous=wide, n=400, **fields)


def plan() -> dict[str, Any]:
    """Return the content of `spec.lock.json`."""

    def groups(names: tuple[str, ...]) -> dict[str, Any]:
        order = [*names, "not recorded"]
        return {"title": "-", "order": order, "groups": {g: {"n": 50, "clusters": 50, "events": 25} for g in order}}

    attributes = {name: groups(order) for name, order in GROUPS.items()}
    return {
        "version": 1,
        "spec": {
            "datasets": {"test": {"role": "testing", "attributes": {name: {"column": name} for name in GROUPS}}},
            "evaluate": {"fairness": {"on": "test"}, "robustness": {"on": "test"}},
        },
        "evaluators": {"fairness": 1, "robustness": 1},
        "datasets": {"test": {"role": "testing", "digest": DIGEST, "attributes": attributes}},
        "conditions": {name: {"severities": list(SEVERITIES)} for name in CONDITIONS},
    }


def rules(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Return `count` rules of all kinds, in turn over the metrics."""
    random_numbers = random.Random(seed)
    made: list[dict[str, Any]] = []
    for number, (evaluator, metric) in zip(range(count), itertools.cycle(metrics()), strict=False):
        side = "at_least" if metric.direction == "higher" else "at_most"
        bar: dict[str, Any] = {side: round(random_numbers.uniform(0.4, 0.95), 3)}
        one: dict[str, Any] = {"evaluator": evaluator, "metric": metric.name, "dataset": "test"}
        condition = CONDITIONS[number % len(CONDITIONS)]
        common = {
            "id": f"rule-{number:04d}",
            "title": f"Rule {number}",
            "severity": ("block", "warn", "info")[number % 3],
            "rationale": "a benchmark",
        }
        paired = {"not_worse_than": "clean", "by": 0.05}
        shapes: list[dict[str, Any]] = [
            {"measure": one, "bar": bar},
            {"measure": {**one, "worst": "sex"}, "bar": bar},
            {"measure": {**one, "worst": "site"}, "bar": bar, "minimum": {"patients": 60}},
            {"measure": {**one, "difference": "age"}, "bar": {"equivalent_within": 0.06}},
            {"measure": {**one, "difference": "site"}, "bar": {"equivalent_within": 0.08}},
            {"measure": {**one, "condition": condition}, "bar": paired},
            {"measure": {**one, "condition": condition, "worst": "sex"}, "bar": bar},
            {"measure": {**one, "condition": condition, "worst": "site"}, "bar": bar},
            {"measure": {**one, "worst": "sex x age"}, "bar": {"present": True}},
            {"expression": "a.low >= 0.6 || b.low >= 0.7", "inputs": {"a": one, "b": {**one, "slice": {"sex": "F"}}}},
        ]
        made.append({**common, **shapes[(number // METRICS) % len(shapes)]})
    if made:
        made[-1] = {**common, "provenance": {"device": ["cpu", "cuda"]}}
    return made


def evidence(count: int) -> Evidence:
    """Return evidence of `count` measurements."""
    return Evidence(
        provenance=Provenance(
            run_id=run_id_of(plan()),
            subject={"name": "model", "version": "1"},
            datasets={},
            toolkit="0",
            libraries={},
            device="cpu",
            precision="float32",
            threads=2,
            processor="x",
            seed=0,
        ),
        metrics=tuple(metric for _, metric in metrics()),
        measurements=tuple(measurements(count)),
    )


def write_run(path: Path, *, count: int, number_of_rules: int) -> tuple[RunFolder, LoadedPolicy]:
    """Write the folder of a run before anything is decided: plan, recorded policy, evidence and its columnar twin."""
    folder = RunFolder(path)
    path.mkdir(parents=True, exist_ok=True)
    content = plan()
    write_atomically(folder.spec_lock, readable_json(content))
    policy = Policy.model_validate({"policy": "benchmark", "version": "1", "rules": rules(number_of_rules)})
    loaded = LoadedPolicy(policy, policy_digest(policy), {})
    lock(folder, loaded)
    write_evidence(folder, evidence(count))
    folder.write_json(folder.run_json, {"finished_at": "2026-11-20T10:00:00+00:00", "plan": digest_json(content)})
    return folder, loaded
