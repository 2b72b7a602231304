"""Spoilt policies and waivers: read, or refused at a place in the file; never anything else, and never slowly."""

from __future__ import annotations

import datetime as dt
import random
import shutil
import time
from pathlib import Path

import pytest
from policy_mutations import mutated_bytes, mutated_content, part_of_content, part_of_text, plain

from governance.errors import InputError
from governance.policy import LoadedPolicy, load_policy, load_waivers, packs

TODAY = dt.date(2026, 11, 25)
EVERY_KIND = """\
policy: every-kind
version: "1.10"
title: Rules of every kind
owner: {name: A. Person, role: clinical safety}
status: in use
effective: {from: 2026-01-01, until: 2027-01-01}
sources: [{title: A paper, reference: "doi:10.1000/1", retrieved_on: 2026-11-01}]
looks: {planned: 5}
parameters: {least: {value: 0.8, source: a paper}, few: {value: 30, source: a paper}}
groups: {sex: [F, M], age: ["<40", "40-60", ">=60"]}
exempt: {sex: {M: too few were asked}}
rules:
  - &one
    id: finds
    title: Finds
    measure: {evaluator: fairness, metric: sensitivity, dataset: test, worst: sex}
    bar: {at_least: $least}
    minimum: {patients: $few, events: 5}
    level: 0.95
    controls: H-01
    rationale: because
    set: {by: A. Person, on: 2026-11-01}
    supports: [annex-iv-2-g]
  - {id: short, title: T, measure: fairness / auroc on test, bar: {within: [0.7, 1.0]}, rationale: R}
  - {id: pairs, title: T, measure: {evaluator: fairness, metric: specificity, difference: age},
     bar: {equivalent_within: 0.1}, rationale: R}
  - {id: clean, title: T,
     measure: {evaluator: robustness, metric: auroc, condition: gaussian_noise, condition_severity: 3},
     bar: {not_worse_than: clean, by: 0.05}, severity: warn, rationale: R}
  - {id: mean, title: T, measure: {evaluator: fairness, metric: auroc, mean: sex},
     bar: {present: true}, severity: info, rationale: R}
  - {id: ratio, title: T, measure: {evaluator: fairness, metric: selection_rate, ratio: sex},
     bar: {at_least: 0.8}, rationale: R}
  - id: either
    title: T
    expression: "sens.low >= 0.8 || (sens.low >= 0.7 && rank.low >= 0.9)"
    inputs: {sens: fairness / sensitivity on test, rank: {evaluator: fairness, metric: auroc, slice: {sex: F}}}
    rationale: |
      Several
      lines.
  - {id: seeds, title: T, provenance: {seeds: {evaluator: data_efficiency, at_least: 3}}, rationale: R}
  - {id: digest, title: T, provenance: {dataset_digest: {test: "DIGEST"}}, rationale: R}
  - {id: apart, title: T, provenance: {no_patient_in_both: [train, test]}, rationale: R}
""".replace("DIGEST", "d" * 64)
BUILDS_ON = """\
policy: builds-on
version: "2"
owner: {name: A. Person, role: clinical safety}
extends: [every-kind.yaml, aif360-convention]
parameters: {least: {value: 0.9, source: our own study}}
overrides:
  - {rule: short, change: {bar: {at_least: 0.75}, severity: warn}, reason: stricter,
     set: {by: A. Person, on: 2026-11-02}}
  - {rule: seeds, drop: true, reason: not trained here, set: {by: A. Person, on: 2026-11-02}}
rules:
  - {id: own, title: T, measure: fairness / brier_score on test, bar: {at_most: 0.2}, rationale: R}
"""
WAIVERS = """\
version: 1
waivers:
  - &first
    rule: finds
    policy: every-kind
    reason: A second reader until the retraining is done.
    owner: A. Person
    ticket: RISK-12
    granted_on: 2026-10-01
    expires_on: 2027-03-31
    model: nodules
    versions: ["1.0", 1.10]
  - {rule: either, reason: other, owner: B. Person, granted_on: 2026-10-01, expires_on: 2026-12-01, model: nodules}
  - {rule: unknown, reason: other, owner: B. Person, granted_on: 2026-10-01, expires_on: 2026-12-01, model: another}
"""
POLICIES, OF_WAIVERS = 6_000, 4_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """Every policy and file of waivers that there is to spoil."""
    path = tmp_path_factory.mktemp("policies")
    for name, text in (("every-kind", EVERY_KIND), ("builds-on", BUILDS_ON)):
        (path / f"{name}.yaml").write_text(text)
    for file in [*packs().values(), *(checkout / "examples").glob("*/policy.yaml")]:
        name = file.stem if file.stem != "policy" else file.parent.name
        shutil.copy(file, path / f"{name}.yaml")
    (path / "waivers").mkdir()
    (path / "waivers" / "waivers.yaml").write_text(WAIVERS)
    return path


def placed(error: InputError) -> str:
    """Return what an error says, once it names a line."""
    assert error.location is not None, error
    assert error.location.line is not None, error
    return str(error)


def read(path: Path) -> LoadedPolicy | str:
    """Return a policy, or the error that says what is wrong; whatever else is raised fails the test."""
    try:
        return load_policy(path)
    except InputError as error:
        return placed(error)


def test_what_is_spoilt_here_is_right_before(folder: Path) -> None:
    for path in folder.glob("*.yaml"):
        assert isinstance(load_policy(path), LoadedPolicy)
    policy = load_policy(folder / "every-kind.yaml").policy
    granted = load_waivers(folder / "waivers" / "waivers.yaml", policy, model="nodules", version="1.0", today=TODAY)
    assert (set(granted.in_force), len(granted.ignored)) == ({"finds", "either"}, 1)


def spoilt(seeds: list[Path], count: int, seed: int):
    """Yield `count` files: half of them bytes that were changed, half content."""
    numbers = random.Random(seed)
    contents = {path: (path.read_bytes(), plain(path)) for path in seeds}
    for number in range(count):
        data, content = contents[seeds[number % len(seeds)]]
        if numbers.random() < 0.5:
            yield mutated_bytes(part_of_text(data, numbers), numbers)
        else:
            yield mutated_content(part_of_content(content, numbers), numbers)


def spoil_policies(folder: Path, tmp_path: Path, count: int, seed: int) -> tuple[int, int, float]:
    shutil.copy(folder / "every-kind.yaml", tmp_path)
    target, outcomes, slowest = tmp_path / "spoilt.yaml", [], 0.0
    for data in spoilt(sorted(folder.glob("*.yaml")), count, seed):
        target.write_bytes(data)
        started = time.process_time()
        try:
            outcomes.append(isinstance(read(target), LoadedPolicy))
        except BaseException:
            print(data)
            raise
        slowest = max(slowest, time.process_time() - started)
    return outcomes.count(True), outcomes.count(False), slowest


def spoil_waivers(folder: Path, tmp_path: Path, count: int, seed: int) -> tuple[int, int]:
    policy, target = load_policy(folder / "every-kind.yaml").policy, tmp_path / "waivers.yaml"
    read_well = refused = 0
    for data in spoilt([folder / "waivers" / "waivers.yaml"], count, seed):
        target.write_bytes(data)
        try:
            granted = load_waivers(target, policy, model="nodules", version="1.0", today=TODAY)
        except InputError as error:
            placed(error)
            refused += 1
        except BaseException:
            print(data)
            raise
        else:
            assert all(one.granted_on <= TODAY <= one.expires_on for one in granted.in_force.values()), data
            assert set(granted.in_force) <= {rule.id for rule in policy.rules}
            read_well += 1
    return read_well, refused


def test_spoilt_policies_and_waivers_are_read_or_refused_where_they_are_wrong(folder: Path, tmp_path: Path) -> None:
    assert all(spoil_policies(folder, tmp_path, 250, seed=1)[:2])
    assert all(spoil_waivers(folder, tmp_path, 100, seed=1))


LONG = "a" * 5000
HOSTILE = {
    "alias bomb": "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    + "\n".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)),
    "tag": "policy: !!python/object/apply:os.system ['id']",
    "deep": EVERY_KIND + "  - " + "[" * 20_000,
    "deep mapping": EVERY_KIND + "  - " + "{a: " * 20_000,
    "NUL": EVERY_KIND.replace("because", "bec\0ause"),
    "key twice": EVERY_KIND.replace("    level: 0.95", "    level: 0.95\n    level: 0.5"),
    "merge key": EVERY_KIND + "  - {<<: *one, id: again}",
    "many rules": EVERY_KIND + "".join(f"  - *one{n}\n" for n in range(9)),
    "50 MB": EVERY_KIND + "# " + "x" * 50_000_000,
    "long name": EVERY_KIND.replace("title: Rules", f"extends: {LONG}\ntitle: Rules"),
    "long list of names": EVERY_KIND.replace("title: Rules", f"extends: [{', '.join(['x'] * 5000)}]\ntitle: Rules"),
    "half of a pair": EVERY_KIND.replace("[0.7, 1.0]", "[0.7]"),
    "expression": EVERY_KIND.replace("rank.low >= 0.9)", "rank.low >= 0.9) || " + "(" * 400 + "true" + ")" * 400),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_policies_are_refused_within_a_second(folder: Path, tmp_path: Path, name: str) -> None:
    load_policy(folder / "every-kind.yaml")
    (tmp_path / "hostile.yaml").write_text(HOSTILE[name])
    started = time.process_time()
    assert isinstance(read(tmp_path / "hostile.yaml"), str)
    assert time.process_time() - started < 1


@pytest.mark.slow
def test_ten_thousand_spoilt_files_give_no_traceback(folder: Path, tmp_path: Path) -> None:
    read_well, refused, slowest = spoil_policies(folder, tmp_path, POLICIES, seed=20261125)
    assert read_well + refused == POLICIES
    assert min(read_well, refused) > POLICIES // 50
    assert slowest < 1
    assert sum(spoil_waivers(folder, tmp_path, OF_WAIVERS, seed=20261125)) == OF_WAIVERS
