"""A release held against an earlier run, or against the model behind an alias, on the same people."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from governance import api
from governance.errors import ExitCode, InputError, TamperError
from governance.evidence.canonical import digest_json
from governance.evidence.folder import RunFolder
from governance.evidence.model import Measurement

THRESHOLD = 0.35


def bars(*rules: str) -> str:
    head = 'policy: bars\nversion: "1"\nrules:\n'
    return head + "".join(
        f"  - {{id: r{number}, title: Bar {number}, {rule}, rationale: a test}}\n" for number, rule in enumerate(rules)
    )


def within(metric: str, margin: float, more: str = "") -> str:
    measure = f"{{evaluator: fairness, metric: {metric}, dataset: test{more}}}"
    return f"measure: {measure}, bar: {{not_worse_than: baseline, by: {margin}}}"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_age_alone: Callable[[Path], None]) -> Path:
    write_age_alone(tmp_path)
    (tmp_path / "policy.yaml").write_text(bars(within("sensitivity", 0.1)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(**more: Any) -> api.RunResult:
    return api.run("governance.yaml", formats=("json",), no_tracking=True, **more)


def another_model(project: Path, seed: int = 1) -> None:
    """The same scores with some noise, as a new version of the model would have them."""
    scores = pd.read_csv(project / "predictions.csv")
    noise = np.random.default_rng(seed).normal(0, 0.04, len(scores))
    scores["score"] = (scores["score"] + noise).clip(0, 1)
    scores.to_csv(project / "predictions.csv", index=False)


@pytest.fixture
def both(project: Path) -> tuple[Path, Path]:
    """The run of a first model, and that of another one on the same people."""
    earlier = run().folder.path
    another_model(project)
    return earlier, run().folder.path


def differences(folder: Path, decided: api.RunResult) -> dict[tuple[str, str, str], Measurement]:
    assert decided.decision is not None
    content = json.loads((folder / "comparisons" / f"{decided.decision.stem}.json").read_bytes())
    found = [Measurement.model_validate({k: v for k, v in m.items() if k != "id"}) for m in content["measurements"]]
    return {(m.metric, m.estimand, ",".join(m.slice.values())): m for m in found if m.reference is None}


def flagged(run_folder: Path) -> pd.DataFrame:
    (path,) = (run_folder / "observations").glob("predict-test-clean-*.parquet")
    return pd.read_parquet(path)["score"] >= THRESHOLD


def test_a_run_is_held_against_an_earlier_one_on_the_same_people(both: tuple[Path, Path], project: Path) -> None:
    earlier, later = both
    decided = api.decide(later, baseline=earlier)
    assert decided.decision is not None
    (verdict,) = decided.decision.verdicts
    assert verdict.sentence.startswith("difference to the baseline ")
    died = pd.read_csv(project / "test.csv")["died"].to_numpy() == 1
    old, new = flagged(earlier).to_numpy(), flagged(later).to_numpy()
    found = differences(later, decided)["sensitivity", "difference", ""]
    assert found.value == pytest.approx(new[died].mean() - old[died].mean(), abs=1e-12)
    table = [[np.sum(a & b) for b in (old[died], ~old[died])] for a in (new[died], ~new[died])]
    assert found.p_value == pytest.approx(mcnemar(table, exact=True).pvalue, rel=1e-6)
    assert verdict.measurements == (found.id,)
    assert decided.decision.baseline is not None
    assert decided.decision.baseline.run_id == earlier.name
    assert api.verify(later).ok


def test_what_has_no_paired_method_of_its_own_covers_as_a_bootstrap_of_people_does(
    both: tuple[Path, Path], project: Path
) -> None:
    earlier, later = both
    (project / "ppv.yaml").write_text(bars(within("positive_predictive_value", 0.1)))
    decided = api.decide(later, project / "ppv.yaml", baseline=earlier)
    found = differences(later, decided)["positive_predictive_value", "difference", ""]
    died = pd.read_csv(project / "test.csv")["died"].to_numpy() == 1
    old, new = flagged(earlier).to_numpy(), flagged(later).to_numpy()
    stream, replicates = np.random.default_rng(7), []
    for _ in range(2000):
        drawn = stream.integers(0, died.size, died.size)
        replicates.append(died[drawn][new[drawn]].mean() - died[drawn][old[drawn]].mean())
    low, high = np.quantile(replicates, [0.025, 0.975])
    assert found.interval is not None
    width = high - low
    assert found.value == pytest.approx(died[new].mean() - died[old].mean(), abs=1e-12)
    assert abs(found.interval.low - low) < 0.12 * width
    assert abs(found.interval.high - high) < 0.12 * width
    apart = [m for m in RunFolder(later).read_evidence().measurements if m.metric == "positive_predictive_value"]
    alone = next(m for m in apart if not m.slice and m.estimand == "value").interval
    assert alone is not None
    assert found.interval.high - found.interval.low < alone.high - alone.low, "pairs tell more than two numbers do"


def test_every_group_is_compared_where_the_worst_one_is_asked_for(both: tuple[Path, Path], project: Path) -> None:
    earlier, later = both
    (project / "worst.yaml").write_text(bars(within("specificity", 0.2, ", worst: sex")))
    decided = api.decide(later, project / "worst.yaml", baseline=earlier)
    assert decided.decision is not None
    (verdict,) = decided.decision.verdicts
    assert len(verdict.measurements) == 2
    assert verdict.sentence.endswith("so do all 2 groups")


def test_a_run_without_a_baseline_is_not_measured_and_says_what_to_name(project: Path) -> None:
    result = run()
    assert result.decision is not None
    assert result.exit_code is ExitCode.NOT_MEASURED
    assert "decide with --baseline RUN" in result.decision.verdicts[0].sentence


def test_other_people_are_not_comparable(project: Path) -> None:
    earlier = run().folder.path
    people = pd.read_csv(project / "test.csv")
    people.iloc[1:].to_csv(project / "test.csv", index=False)
    scores = pd.read_csv(project / "predictions.csv")
    scores.iloc[1:].to_csv(project / "predictions.csv", index=False)
    decided = run(baseline=earlier)
    assert decided.decision is not None
    assert decided.exit_code is ExitCode.NOT_MEASURED
    assert "not comparable: the baseline's test has other content (digest " in decided.decision.verdicts[0].sentence


def test_a_metric_that_only_one_run_has_is_not_measured(both: tuple[Path, Path], project: Path) -> None:
    (project / "other.yaml").write_text(
        bars("measure: robustness / auroc on test, bar: {not_worse_than: baseline, by: 0.1}")
    )
    decided = api.decide(both[1], project / "other.yaml", baseline=both[0])
    assert decided.decision is not None
    assert "the evaluator robustness was not run" in decided.decision.verdicts[0].sentence


def test_a_run_is_no_baseline_of_itself(project: Path) -> None:
    folder = run().folder.path
    with pytest.raises(InputError, match="no baseline of itself"):
        api.decide(folder, baseline=folder)


def test_a_changed_baseline_is_refused(both: tuple[Path, Path]) -> None:
    earlier, later = both
    (path,) = (earlier / "observations").glob("predict-*.parquet")
    path.write_bytes(path.read_bytes() + b"0")
    with pytest.raises(TamperError, match="is not what its manifest says"):
        api.decide(later, baseline=earlier)


def test_a_baseline_without_its_samples_says_so(both: tuple[Path, Path]) -> None:
    earlier, later = both
    for path in (earlier / "observations").glob("samples-*.parquet"):
        path.unlink()
    api.manifest(earlier)
    with pytest.raises(InputError, match="does not hold the samples of dataset 'test'"):
        api.decide(later, baseline=earlier)


def test_decisions_against_several_baselines_stand_beside_each_other_and_are_looks(project: Path) -> None:
    runs = [run().folder.path]
    for seed in (1, 2):
        another_model(project, seed)
        runs.append(run().folder.path)
    decisions = [api.decide(runs[2], baseline=baseline).decision for baseline in runs[:2]]
    assert len(list((runs[2] / "decisions").glob("*.json"))) == 3
    assert all(one is not None and one.exploratory for one in decisions)
    assert [one.looks[0].number for one in decisions if one is not None] == [4, 5]
    documents = {path.stem: path.read_text() for path in api.render(runs[2], formats=("json",)).documents}
    assert runs[1].name in documents["auditor"], "documents are written from the last decision"
    assert runs[0].name not in documents["auditor"]


def test_the_comment_says_what_changed_since_the_baseline(both: tuple[Path, Path], project: Path) -> None:
    (project / "both.yaml").write_text(bars(within("sensitivity", 0.1)))
    decided = api.decide(both[1], baseline=both[0])
    api.report(decided, api.read_asked(["markdown=comment.md"]))
    assert f"### Since run <code>{both[0].name}</code>" in (project / "comment.md").read_text()


def test_the_model_behind_an_alias_is_a_baseline_as_long_as_it_is_what_was_approved(
    both: tuple[Path, Path], project: Path
) -> None:
    earlier, later = both
    (project / "plain.yaml").write_text(bars("measure: fairness / auroc on test, bar: {at_least: 0.6}"))
    assert api.decide(earlier, project / "plain.yaml").exit_code is ExitCode.OK
    store = f"sqlite:///{project}/registry.db"
    client = importlib.import_module("mlflow").MlflowClient(tracking_uri=store, registry_uri=store)
    client.create_registered_model("age")
    for _ in range(2):
        client.create_model_version("age", source="s3://models/age")
    promoted = {"model": "age", "version": "1", "alias": "champion", "approved_by": "A. Name, lead", "tracking": store}
    api.promote(earlier, same_model=True, **promoted)
    decided = api.decide(later, baseline="models:/age@champion", tracking=store)
    assert decided.decision is not None
    assert decided.decision.baseline is not None
    assert (decided.decision.baseline.named, decided.decision.baseline.run_id) == ("models:/age@champion", earlier.name)
    assert decided.decision == api.decide(later, baseline="models:/age/1", tracking=store).decision.model_copy(
        update={"baseline": decided.decision.baseline, "comparison_digest": decided.decision.comparison_digest}
    )
    with pytest.raises(InputError, match="names no run that it was released on"):
        api.decide(later, baseline="models:/age/2", tracking=store)
    with pytest.raises(InputError, match="names no model"):
        api.decide(later, baseline="models:/age", tracking=store)
    client.set_registered_model_alias("age", "champion", "2")
    with pytest.raises(TamperError, match="is not what was approved: it points at version 2"):
        api.decide(later, baseline="models:/age@champion", tracking=store)
    shutil.rmtree(earlier)
    with pytest.raises(InputError, match="is not in "):
        api.decide(later, baseline="models:/age/1", tracking=store)


def test_the_decision_names_the_digest_of_its_comparison(both: tuple[Path, Path]) -> None:
    decided = api.decide(both[1], baseline=both[0]).decision
    assert decided is not None
    content = json.loads((both[1] / "comparisons" / f"{decided.stem}.json").read_bytes())
    assert digest_json(content) == decided.comparison_digest
