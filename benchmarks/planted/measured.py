"""Defects of data, model and predictions: each is planted in a project, which is then evaluated and decided on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.planted.people import Project, policy, project
from governance import api
from governance.errors import ExitCode, InputError

Found = str | None
"""What stopped the release, None where nothing did."""
ONLY_SAID = "said: "
"""Begins what stopped nothing, but is told in a verdict's sentence."""


def stopped(made: Project, folder: Path) -> Found:
    """Evaluate a project and decide on it by the API; return what stopped the release, or what was only said."""
    try:
        result = api.evaluate(made.write(folder), no_tracking=True, output=folder / "runs")
        decided = api.decide(result.folder.path)
    except InputError as error:
        return f"refused: {error.message}"
    if decided.decision is None:
        return None
    if decided.exit_code is ExitCode.OK:
        said = [
            v.rule for v in decided.decision.verdicts if "not declared: " in v.sentence or "left out: " in v.sentence
        ]
        return f"{ONLY_SAID}{', '.join(said)}" if said else None
    return ", ".join(sorted(v.rule for v in decided.decision.verdicts if v.severity == "block" and v.outcome != "pass"))


def clean(seed: int, folder: Path) -> tuple[str, Found]:
    """A project in which nothing was planted."""
    return "clean", stopped(project(seed), folder)


def patient_leak(seed: int, folder: Path) -> tuple[str, Found]:
    """People of the training data are among the test people, too, and the model knows them by heart."""
    numbers, made = np.random.default_rng([1, seed]), project(seed)
    count = int(numbers.integers(1, 60))
    leaked = made.train.sample(count, random_state=seed)
    way = ("under their own id", "under a new id")[seed % 5 == 4]
    if way == "under a new id":
        leaked = leaked.assign(person="0" + leaked["person"])
    made.test = pd.concat([made.test, leaked], ignore_index=True)
    known = pd.DataFrame({"sample_id": leaked["person"], "score": leaked["died"] * 0.9 + 0.05})
    made.predictions = pd.concat([made.predictions, known.assign(status="ok", reason="")], ignore_index=True)
    return way, stopped(made, folder)


def biased_group(seed: int, folder: Path) -> tuple[str, Found]:
    """Of the people of one sex who died, many get low scores: the model misses them."""
    numbers, made = np.random.default_rng([2, seed]), project(seed)
    missed = (0.15, 0.3, 0.45, 0.6)[seed % 4]
    group = ("male", "female")[int(numbers.integers(2))]
    ill = ((made.test["sex"] == group) & (made.test["died"] == 1)).to_numpy()
    made.predictions.loc[ill & (numbers.random(len(ill)) < missed), "score"] *= 0.2
    return f"{missed * 100:.0f} of 100 missed on top", stopped(made, folder)


def swapped_labels(seed: int, folder: Path) -> tuple[str, Found]:
    """The target of some test people, or of all, is the other one."""
    numbers, made = np.random.default_rng([3, seed]), project(seed)
    share = (0.05, 0.1, 0.2, 0.4, 1.0)[seed % 5]
    hit = numbers.random(len(made.test)) < share
    made.test.loc[hit, "died"] = 1 - made.test.loc[hit, "died"]
    return f"{share * 100:.0f} of 100 swapped", stopped(made, folder)


def hidden_group(seed: int, folder: Path) -> tuple[str, Found]:
    """A small third group, of which the model misses most, is kept out of sight."""
    numbers, made = np.random.default_rng([4, seed]), project(seed)
    size = int(numbers.integers(8, 40))
    rows = numbers.choice(len(made.test), size, replace=False)
    made.test.loc[rows, "sex"] = "other"
    made.predictions.loc[rows, "score"] *= 0.3
    declared = {"sex": ["male", "female", "other"]}
    way = HIDING[seed % len(HIDING)]
    if way == "too small, declared":
        made.policy = policy(groups=declared)
    elif way == "rows left out":
        made.policy = policy(groups=declared)
        made.predictions = made.predictions.drop(index=rows)
        made.test = made.test.drop(index=rows)
    elif way == "values blanked":
        made.policy = policy(groups=declared)
        made.test.loc[rows, "sex"] = np.nan
    elif way == "put into another group":
        made.policy = policy(groups=declared)
        made.test.loc[rows, "sex"] = "female"
    elif way == "put into another group, not declared":
        made.test.loc[rows, "sex"] = "female"
    elif way == "exempted with a reason":
        made.policy = policy(groups=declared, exempt={"sex": {"other": "few were asked"}})
    elif way == "exempted without a reason":
        made.policy = policy(groups=declared, exempt={"sex": {"other": ""}})
    elif way == "no groups declared":
        made.policy = policy(groups={})
    return way, stopped(made, folder)


HIDING = (
    "too small, declared",
    "rows left out",
    "values blanked",
    "put into another group",
    "put into another group, not declared",
    "exempted without a reason",
    "exempted with a reason",
    "no groups declared",
    "left out of the declared groups",
)


def dropped_refusals(seed: int, folder: Path) -> tuple[str, Found]:
    """The model refuses one in eight; somebody takes the refusals out of sight. A run that keeps them is blocked."""
    numbers, made = np.random.default_rng([5, seed]), project(seed)
    rows = numbers.random(len(made.test)) < 0.125
    refused = ["rejected", "unparsed"][seed % 2]
    made.predictions.loc[rows, ["status", "reason"]] = [refused, "no answer"]
    made.predictions.loc[rows, "score"] = np.nan
    way = DROPPING[seed % len(DROPPING)]
    if way == "lines removed from the predictions":
        made.predictions = made.predictions[~rows]
    elif way == "people removed, too; content declared":
        digest = _digest(made, folder / "before")
        rules = [*policy()["rules"], _declared(digest)]  # type: ignore[misc]
        made.policy = policy(rules=rules)
        made.test, made.predictions = made.test[~rows], made.predictions[~rows]
    elif way == "people removed, too; content not declared":
        made.test, made.predictions = made.test[~rows], made.predictions[~rows]
    elif way == "a guess written instead":
        made.predictions.loc[rows, ["status", "reason"]] = ["ok", ""]
        made.predictions.loc[rows, "score"] = 0.1
    return way, stopped(made, folder)


DROPPING = (
    "kept (blocked as it should be)",
    "lines removed from the predictions",
    "people removed, too; content declared",
    "people removed, too; content not declared",
    "a guess written instead",
)


def _declared(digest: str) -> Mapping[str, object]:
    asked = {"dataset_digest": {"test": digest}}
    return {"id": "content", "title": "content", "provenance": asked, "rationale": "a benchmark"}


def _digest(made: Project, folder: Path) -> str:
    """Return the digest of the test people as they were."""
    result = api.evaluate(made.write(folder), no_tracking=True, output=folder / "runs")
    return str(result.folder.read_json(result.folder.spec_lock)["datasets"]["test"]["digest"])


MEASURED: Mapping[str, Callable[[int, Path], tuple[str, Found]]] = {
    "clean runs": clean,
    "patient leak": patient_leak,
    "biased group": biased_group,
    "swapped labels": swapped_labels,
    "hidden small group": hidden_group,
    "dropped refusals": dropped_refusals,
}
