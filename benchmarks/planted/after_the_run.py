"""Defects that are planted after a run, or beside it: files that were changed, and waivers that do not hold."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from benchmarks.planted.measured import Found
from benchmarks.planted.people import policy, project
from governance import api
from governance.errors import ExitCode, InputError, TamperError
from governance.evidence.canonical import digest_json, readable_json
from governance.evidence.columnar import BOUND_BY
from governance.evidence.folder import RunFolder

BASE_SEED = 0
STRICT = 0.95
"""A bar that the model misses, so that only a changed file or a waiver could free it."""


def blocked_run(folder: Path) -> RunFolder:
    """Make a run that is blocked, decided on and sealed; every variant changes a copy of it."""
    rules = [{**rule, "bar": {"at_least": STRICT}} if rule["id"] == "ranking" else rule for rule in _rules()]
    made = replace(project(BASE_SEED), policy=policy(rules=rules))
    result = api.evaluate(made.write(folder), no_tracking=True, output=folder / "runs")
    if api.decide(result.folder.path).exit_code is not ExitCode.FAILED:
        raise RuntimeError("the run that is to be tampered with must be blocked")
    return result.folder


def _rules() -> list[dict[str, Any]]:
    rules: Any = policy()["rules"]
    return list(rules)


def tampered(seed: int, run: RunFolder, folder: Path) -> tuple[str, Found]:
    """Change a file of a sealed run so that it would be released, then verify it and decide on it again."""
    numbers = np.random.default_rng([6, seed])
    copy = RunFolder(folder / run.run_id)
    shutil.copytree(run.path, copy.path)
    way = list(TAMPERING)[seed % len(TAMPERING)]
    own_policy = TAMPERING[way](copy, float(numbers.uniform(0.5, 0.8)))
    if "sealed again" in way:
        api.manifest(copy.path)
    try:
        report = api.verify(copy.path)
        if not report.ok:
            return way, f"verify: {report.findings[0]}"
        decided = api.decide(copy.path, own_policy).decision
    except (TamperError, InputError) as error:
        return way, f"refused: {error.message}"
    if decided is None or decided.exit_code is not ExitCode.OK:
        return way, "decided again: still blocked"
    return way, None if decided.recorded_before_run else "the decision says that the policy was not recorded before"


def _edited(path: Path, change: Callable[[Any], None]) -> None:
    content = json.loads(path.read_bytes())
    change(content)
    path.write_bytes(readable_json(content))


def _lower_bar(content: Any, bar: float) -> None:
    for rule in content["policy"]["rules"]:
        if rule["id"] == "ranking":
            rule["bar"] = {"at_least": bar}


def _recorded_bar(run: RunFolder, bar: float) -> None:
    _edited(run.policy_lock, lambda content: _lower_bar(content, bar))


def _recorded_bar_and_digest(run: RunFolder, bar: float) -> None:
    def change(content: Any) -> None:
        _lower_bar(content, bar)
        content["digest"] = digest_json(content["policy"])

    _edited(run.policy_lock, change)


def _number(run: RunFolder, bar: float) -> None:  # noqa: ARG001
    def change(content: Any) -> None:
        for one in content["measurements"]:
            if (one["metric"], one["slice"], one["estimand"]) == ("auroc", {}, "value") and one["value"] is not None:
                for interval in ("interval", "gating"):
                    if one[interval]:
                        one[interval] |= {"low": 0.97, "high": 0.99}
                one["value"] = 0.98

    _edited(run.evidence_json, change)


def _number_in_the_twin(run: RunFolder, bar: float) -> None:  # noqa: ARG001
    table = pq.read_table(run.evidence_parquet)
    raised = pc.if_else(pc.is_null(table.column("value")), table.column("value"), 0.98)
    changed = table.set_column(table.schema.get_field_index("value"), "value", raised)
    pq.write_table(changed.replace_schema_metadata({BOUND_BY: run.evidence_digest().encode()}), run.evidence_parquet)


def _decision(run: RunFolder, bar: float) -> None:  # noqa: ARG001
    def change(content: Any) -> None:
        for verdict in content["verdicts"]:
            verdict["outcome"] = "pass"
        content |= {"exit_code": 0, "summary": "No blocking rule stands in the way."}

    for path in run.decisions.glob("*.json"):
        _edited(path, change)


def _group_out_of_the_plan(run: RunFolder, bar: float) -> None:  # noqa: ARG001
    def change(content: Any) -> None:
        content["datasets"]["test"]["attributes"]["sex"]["order"] = ["male"]
        content["datasets"]["test"]["shares"] = {"train": 0}

    _edited(run.spec_lock, change)


def _evidence_removed(run: RunFolder, bar: float) -> None:  # noqa: ARG001
    def change(content: Any) -> None:
        content["measurements"] = [one for one in content["measurements"] if one["metric"] != "auroc"]

    _edited(run.evidence_json, change)


def _other_policy(run: RunFolder, bar: float) -> Path:
    rules = [{**rule, "bar": {"at_least": bar}} if rule["id"] == "ranking" else rule for rule in _rules()]
    path = run.path.parent / "policy.yaml"
    path.write_text(yaml.safe_dump(policy(rules=rules)))
    return path


TAMPERING: Mapping[str, Callable[[RunFolder, float], Path | None]] = {
    "recorded bar": _recorded_bar,
    "recorded bar, sealed again": _recorded_bar,
    "recorded bar and its digest": _recorded_bar_and_digest,
    "recorded bar and its digest, sealed again": _recorded_bar_and_digest,
    "a number of the evidence": _number,
    "a number of the evidence, sealed again": _number,
    "a number of the columnar twin": _number_in_the_twin,
    "a number of the columnar twin, sealed again": _number_in_the_twin,
    "the decision": _decision,
    "the decision, sealed again": _decision,
    "a group taken out of the plan": _group_out_of_the_plan,
    "measurements removed, sealed again": _evidence_removed,
    "another policy after the run": _other_policy,
}


def stale_waiver(seed: int, run: RunFolder, folder: Path) -> tuple[str, Found]:
    """Decide on a blocked run with a waiver of its rule that does not hold."""
    numbers = np.random.default_rng([7, seed])
    today, days = dt.datetime.now(dt.UTC).date(), int(numbers.integers(1, 300))
    day = dt.timedelta(days=1)
    waiver: dict[str, Any] = {
        "rule": "ranking",
        "reason": "until the retraining is done",
        "owner": "A. Person",
        "granted_on": today - 10 * day,
        "expires_on": today + 20 * day,
        "model": "mortality-risk",
    }
    ways: Mapping[str, dict[str, Any]] = {
        "expired": {"granted_on": today - (days + 30) * day, "expires_on": today - days * day},
        "expired yesterday": {"expires_on": today - day},
        "yet to begin": {"granted_on": today + day, "expires_on": today + (days + 1) * day},
        "longer than a year": {"granted_on": today, "expires_on": today + (366 + days) * day},
        "for another model": {"model": "mortality-risk-2"},
        "for an earlier version": {"versions": ["0.9"]},
        "for another policy": {"policy": "planted-2"},
        "for a rule that is not there": {"rule": "rankings"},
        "without an end": {"expires_on": None},
        "without an owner": {"owner": ""},
        "for another rule of the policy": {"rule": "calibration"},
        "dates moved on by hand": {"granted_on": today, "expires_on": today + days * day},
    }
    way = list(ways)[seed % len(ways)]
    copy = RunFolder(folder / run.run_id)
    shutil.copytree(run.path, copy.path)
    path = folder / "waivers.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "waivers": [{**waiver, **ways[way]}]}))
    try:
        decided = api.decide(copy.path, waivers=path)
    except InputError as error:
        return way, f"refused: {error.message}"
    return way, None if decided.exit_code is ExitCode.OK else "still blocked"


AFTERWARDS: Mapping[str, Callable[[int, RunFolder, Path], tuple[str, Found]]] = {
    "tampered threshold": tampered,
    "stale waiver": stale_waiver,
}
