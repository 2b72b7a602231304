"""A risk model against age alone on the same patients: paired, per group, with what the baseline could not score."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame, selection_rate, true_negative_rate, true_positive_rate
from nhefs_predictions import Recorded, Tables, predictions
from pydantic import ValidationError
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression
from statsmodels.stats.contingency_tables import mcnemar

from evaluators.binary import Predictions
from evaluators.fairness.comparison import part
from evaluators.fairness.comparison.options import BASELINE, OtherModel
from evaluators.fairness.comparison.paired import gating_paired
from evaluators.fairness.descriptors import DESCRIPTOR, FairnessOptions
from evaluators.fairness.scene import Scene
from evaluators.grouping import Grouping, Minimums
from evaluators.operating_point import operating_point
from evaluators.records import Recorder
from governance.errors import InputError
from governance.harness.protocols import Need

UNKNOWN = {"kind": "recorded", "predictions": "age.csv", "digest": "unknown"}
YOUDEN = {"choose_on": "validation", "by": "youden"}


def options(**written) -> FairnessOptions:
    return FairnessOptions(
        on="test", groups=("sex", "race"), operating_point=YOUDEN, comparison={"baseline": UNKNOWN, **written}
    )


@pytest.fixture(scope="module")
def age_alone(mortality) -> dict[str, np.ndarray]:
    """Scores of a logistic regression on the age band, fitted on the validation patients' outcomes."""
    bands = {"<40": 0, "40-60": 1, ">=60": 2}
    columns = {
        name: getattr(mortality, name).frame["age"].map(bands).to_numpy(float)[:, None]
        for name in ("test", "validation")
    }
    fitted = LogisticRegression().fit(columns["validation"], mortality.validation.frame["target"])
    return {name: fitted.predict_proba(column)[:, 1] for name, column in columns.items()}


def scene(mortality: Recorded, written: FairnessOptions, tables: dict[str, pd.DataFrame]) -> Scene:
    """What the parts measure from, with the baseline's tables by dataset."""
    observed = dict(mortality.observations().tables)
    observed.update({written.comparison.baseline.need(name).id: table for name, table in tables.items()})
    observations = Tables(observed)
    data, chosen_from = (
        Predictions.of(observations.table(Need.of("predict", name)), getattr(mortality, name))
        for name in ("test", "validation")
    )
    return Scene(
        context=mortality.context(written),
        options=written,
        observations=observations,
        dataset=mortality.test,
        data=data,
        point=operating_point(written.operating_point, chosen_from),
        chosen_from=chosen_from,
        recorder=Recorder("fairness", mortality.test, 0.95),
        minimums=Minimums(30, 10),
        groupings=tuple(map(Grouping.parse, written.groups)),
    )


@pytest.fixture(scope="module")
def setting(mortality, age_alone) -> Scene:
    return scene(
        mortality,
        options(),
        {name: predictions(getattr(mortality, name).frame, score) for name, score in age_alone.items()},
    )


@pytest.fixture(scope="module")
def found(setting):
    return list(part.measure(setting))


def one(found, metric, cell=None, **about):
    rows = [
        m
        for m in found
        if m.metric == metric
        and (cell is None or m.slice == cell)
        and all(getattr(m, key) == value for key, value in about.items())
    ]
    assert len(rows) == 1, (metric, cell, about, len(rows))
    return rows[0]


def change(found, metric, cell):
    return one(found, metric, cell, estimand="difference", reference_variant=BASELINE, reference=None)


def decisions(setting, found) -> tuple[np.ndarray, np.ndarray]:
    threshold = one(found, "sensitivity", {}, variant=BASELINE).operating_point.threshold
    baseline = setting.observations.table(setting.options.comparison.baseline.need("test"))["score"].to_numpy()
    return setting.data.score >= setting.point.threshold, baseline >= threshold


def test_every_question_is_asked_once_and_every_metric_is_described(found):
    assert len({m.id for m in found}) == len(found)
    assert {m.metric for m in found} <= {metric.name for metric in DESCRIPTOR.metrics}


@pytest.mark.parametrize("attribute", ["sex", "race"])
def test_differences_agree_with_fairlearn_for_each_model_apart(setting, found, attribute):
    functions = {
        "sensitivity": true_positive_rate,
        "specificity": true_negative_rate,
        "selection_rate": selection_rate,
        "classification_accuracy": sk.accuracy_score,
        "balanced_accuracy": sk.balanced_accuracy_score,
    }
    groups = setting.dataset.frame[attribute]
    frames = [
        MetricFrame(metrics=functions, y_true=setting.data.positive, y_pred=decided, sensitive_features=groups)
        for decided in decisions(setting, found)
    ]
    for metric in functions:
        for group in sorted(set(groups)):
            expected = frames[0].by_group[metric][group] - frames[1].by_group[metric][group]
            assert change(found, metric, {attribute: group}).value == pytest.approx(expected, abs=1e-9)
            own = one(found, metric, {attribute: group}, variant=BASELINE)
            assert own.value == pytest.approx(frames[1].by_group[metric][group], abs=1e-9)
        second, first = setting.dataset.attributes[attribute].groups
        gap = one(found, f"{metric}_gap_change", {attribute: first}, reference={attribute: second})
        gaps = [frame.by_group[metric][first] - frame.by_group[metric][second] for frame in frames]
        assert gap.value == pytest.approx(gaps[0] - gaps[1], abs=1e-9)
        assert (gap.over, gap.reference_variant) == (attribute, BASELINE)


def test_the_auroc_is_compared_on_the_same_patients(setting, found, age_alone):
    for cell, mask in (
        ({}, np.ones(651, bool)),
        ({"sex": "male"}, (setting.dataset.frame["sex"] == "male").to_numpy()),
    ):
        truth = setting.data.positive[mask]
        values = [sk.roc_auc_score(truth, score[mask]) for score in (setting.data.score, age_alone["test"])]
        assert change(found, "auroc", cell).value == pytest.approx(values[0] - values[1], abs=1e-9)


def test_mcnemar_agrees_with_statsmodels(setting, found):
    first, second = decisions(setting, found)
    for metric, among, right in (
        ("sensitivity", setting.data.positive, True),
        ("specificity", ~setting.data.positive, False),
    ):
        one_right, other_right = (decided[among] == right for decided in (first, second))
        table = [
            [np.sum(one_right & other_right), np.sum(one_right & ~other_right)],
            [np.sum(~one_right & other_right), np.sum(~one_right & ~other_right)],
        ]
        measured = change(found, metric, {})
        assert measured.p_value == pytest.approx(mcnemar(table, exact=True).pvalue, abs=1e-9)
        assert "McNemar" in measured.test
        assert measured.gating.low <= measured.interval.low <= measured.interval.high <= measured.gating.high


def test_a_paired_interval_is_that_of_resampled_patients(setting, found):
    first, second = decisions(setting, found)
    more = (first.astype(float) - second)[setting.data.positive]
    draws = np.random.default_rng(0).integers(0, more.size, (4000, more.size))
    low, high = np.quantile(more[draws].mean(axis=1), [0.025, 0.975])
    interval = change(found, "sensitivity", {}).interval
    assert (interval.low, interval.high) == (pytest.approx(low, abs=0.02), pytest.approx(high, abs=0.02))


def test_the_interval_for_verdicts_rarely_misses_on_either_side():
    generator = np.random.default_rng(11)
    missed = np.zeros(2)
    runs = 2000
    for _ in range(runs):  # 40 patients, few of whom the two decide differently
        kind = generator.choice(3, 40, p=[0.08, 0.02, 0.90])
        ends = gating_paired(kind == 0, kind == 1, np.arange(40), 0.95)
        missed += (ends.low > 0.06, ends.high < 0.06)
    assert (missed / runs <= 0.025).all()


def test_a_change_of_gap_is_as_uncertain_as_its_two_groups_together(found):
    gap = one(found, "sensitivity_gap_change", {"sex": "male"})
    groups = [change(found, "sensitivity", {"sex": sex}).interval for sex in ("male", "female")]
    widths = [interval.high - interval.low for interval in groups]
    assert gap.interval.high - gap.interval.low == pytest.approx(np.hypot(*widths), rel=1e-6)


def test_a_model_against_itself_differs_by_nothing_but_not_for_certain(mortality):
    tables = {name: predictions(getattr(mortality, name).frame, mortality.scores[name]) for name in mortality.scores}
    found = list(part.measure(scene(mortality, options(), tables)))
    for metric in ("sensitivity", "specificity", "selection_rate", "auroc", "balanced_accuracy"):
        measured = change(found, metric, {})
        assert measured.value == 0
        assert measured.interval.low < 0 < measured.interval.high
        assert measured.p_value in (None, 1.0)


def test_samples_without_a_baseline_are_counted_and_compared_for_neither(mortality, age_alone, setting):
    frames = {name: predictions(getattr(mortality, name).frame, score) for name, score in age_alone.items()}
    lost = np.zeros(len(frames["test"]), bool)
    lost[:40] = True
    frames["test"].loc[lost, ["status", "reason", "score"]] = ["rejected", "no recorded prediction", np.nan]
    found = list(part.measure(scene(mortality, options(), frames)))
    measured = change(found, "sensitivity", {})
    positive = setting.data.positive & ~lost
    assert measured.n == positive.sum()
    assert measured.method.parameters["left_out_by_reference"] == 40
    first, second = decisions(setting, found)
    assert measured.value == pytest.approx(first[positive].mean() - (second & ~lost)[positive].mean(), abs=1e-9)
    rejected = one(found, "rejected_rate", {}, variant=BASELINE)
    assert (rejected.events, rejected.value) == (40, pytest.approx(40 / 651))


def test_groups_too_small_are_named_and_so_are_gaps_with_them(mortality, age_alone):
    tables = {name: predictions(getattr(mortality, name).frame, score) for name, score in age_alone.items()}
    small = replace(scene(mortality, options(), tables), minimums=Minimums(200, 10))
    found = list(part.measure(small))
    assert change(found, "sensitivity", {"race": "black or other"}).status == "not_measured"
    gap = one(found, "sensitivity_gap_change", {"race": "black or other"})
    assert "black or other: too few patients" in gap.reason


def test_the_baseline_decides_at_its_own_threshold_or_at_the_one_given(mortality, age_alone):
    tables = {name: predictions(getattr(mortality, name).frame, score) for name, score in age_alone.items()}
    own = change(list(part.measure(scene(mortality, options(), tables))), "sensitivity", {}).method.parameters
    fixed = options(operating_point={"threshold": 0.2})
    given = change(list(part.measure(scene(mortality, fixed, tables))), "sensitivity", {}).method.parameters
    assert (own["baseline_rule"], given["baseline_rule"]) == ("youden", "fixed")
    assert own["baseline_threshold"] in age_alone["validation"]
    assert given["baseline_threshold"] == 0.2


def test_needs_are_the_baselines_predictions_where_it_is_scored_and_chosen(mortality):
    written = options()
    asked = list(part.needs(mortality.context(written), written))
    assert [(need.collector, need.dataset) for need in asked] == [(BASELINE, "test"), (BASELINE, "validation")]
    fixed = options(operating_point={"threshold": 0.5})
    assert [need.dataset for need in part.needs(mortality.context(fixed), fixed)] == ["test"]
    same = options(operating_point={"choose_on": "test", "by": "youden"})
    with pytest.raises(InputError, match="scored"):
        list(part.needs(mortality.context(same), same))


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ({"kind": "recorded", "predictions": "age.csv"}, "digest: unknown"),
        ({"kind": "recorded", "digest": "unknown"}, "predictions"),
        ({"kind": "recoded", "digest": "unknown"}, "recoded"),
        ({"kind": "recorded", "predictions": "age.csv", "digest": "abc"}, "digest"),
        ({"kind": "recorded", "predictions": "age.csv", "weight": "x", "digest": "unknown"}, "weight"),
    ],
)
def test_a_baseline_that_is_half_written_is_refused(written, word):
    with pytest.raises(ValidationError, match=word):
        OtherModel.model_validate(written)


def test_a_written_baseline_is_the_same_when_it_is_read_back():
    model = OtherModel.model_validate(UNKNOWN)
    assert OtherModel.model_validate(model.model_dump(mode="json")) == model


SPEC = """
version: 1
subject: {name: candidate, version: "1", kind: recorded, predictions: candidate.csv}
datasets:
  test:
    kind: table
    role: testing
    table: test.csv
    target: died
    sample_id: id
    cluster: none
    cluster_reason: one row a person
    attributes: {sex: {column: sex}}
evaluate:
  fairness:
    on: test
    groups: [sex]
    operating_point: {threshold: 0.2}
    comparison: {baseline: {kind: recorded, predictions: baseline.csv, digest: unknown}}
settings: {threads: 1, replicates: 200, device: cpu}
"""


@pytest.fixture
def project(tmp_path, mortality, age_alone):
    """A candidate and a baseline, both recorded elsewhere, and a way to collect what they were recorded for."""
    frame = mortality.test.frame
    pd.DataFrame({"id": frame["sample_id"], "died": frame["target"].astype(int), "sex": frame["sex"]}).to_csv(
        tmp_path / "test.csv", index=False
    )
    for name, score in (("candidate", mortality.scores["test"]), ("baseline", age_alone["test"])):
        pd.DataFrame({"sample_id": frame["sample_id"], "score": score}).to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "governance.yaml").write_text(textwrap.dedent(SPEC))

    def collect():
        from governance import harness
        from governance.harness.progress import SilentReporter
        from governance.spec import load_spec

        prepared = harness.prepare(
            load_spec(tmp_path / "governance.yaml"),
            (),
            runs=tmp_path / "runs",
            cache=tmp_path / "cache",
            reporter=SilentReporter(),
        )
        return prepared, harness.collect(prepared, SilentReporter())

    return tmp_path, collect


def pin(folder: Path, old: str, collect) -> str:
    """Write the digest that a refused run names into the spec."""
    with pytest.raises(InputError) as refused:
        collect()
    digest = refused.value.hint.split()[-1]
    spec = folder / "governance.yaml"
    spec.write_text(spec.read_text().replace(f"digest: {old}", f"digest: {digest}"))
    return digest


def test_a_recorded_baseline_is_pinned_and_collected_once(project, age_alone):
    folder, collect = project
    first = pin(folder, "unknown", collect)
    prepared, observations = collect()
    (need,) = [need for need in prepared.plan.needs if need.collector == BASELINE]
    assert observations.table(need)["score"].to_numpy() == pytest.approx(age_alone["test"], abs=1e-12)
    assert observations.counts.collected == 1  # the refused run had the candidate already
    assert collect()[1].counts.collected == 0

    rows = pd.read_csv(folder / "baseline.csv")
    rows.iloc[:-1].assign(score=rows["score"] / 2).to_csv(folder / "baseline.csv", index=False)
    second = pin(folder, first, collect)
    assert second != first
    again, other = collect()
    assert again.folder.path != prepared.folder.path  # another baseline is another run
    assert other.counts.collected == 1  # the candidate's predictions are still good
    (need,) = [need for need in again.plan.needs if need.collector == BASELINE]
    table = other.table(need)
    assert table["score"].to_numpy()[:-1] == pytest.approx(age_alone["test"][:-1] / 2, abs=1e-12)
    assert (table["status"].iloc[-1], table["reason"].iloc[-1]) == ("rejected", "no recorded prediction")


def test_a_baseline_of_another_kind_decodes_the_same_samples(tmp_path):
    pytest.importorskip("causaldata")
    import skops.io
    from sklearn.dummy import DummyClassifier

    from governance import harness
    from governance.harness.progress import SilentReporter
    from governance.spec import load_spec
    from governance.spec.references import load_reference

    example = Path(__file__).resolve().parents[2] / "examples" / "mortality_risk"
    shutil.copy(example / "nhefs.py", tmp_path)
    load_reference("nhefs:prepare", tmp_path)(tmp_path, quick=True)
    people = load_reference("nhefs:training", tmp_path)()
    fitted = DummyClassifier().fit(people.decode(range(50)), people.table["died"][:50])
    skops.io.dump(fitted, tmp_path / "baseline.skops")
    spec = (example / "governance.yaml").read_text()
    evaluate = """
evaluate:
  fairness:
    on: test
    operating_point: {threshold: 0.2}
    comparison: {baseline: {kind: sklearn, weights: baseline.skops, digest: unknown}}
settings: {device: cpu}
"""
    (tmp_path / "governance.yaml").write_text(spec[: spec.index("evaluate:")] + evaluate)

    def collect():
        prepared = harness.prepare(
            load_spec(tmp_path / "governance.yaml"),
            (),
            runs=tmp_path / "runs",
            cache=tmp_path / "cache",
            reporter=SilentReporter(),
        )
        return prepared, harness.collect(prepared, SilentReporter())

    pin(tmp_path, "unknown", collect)
    prepared, observations = collect()
    (need,) = [need for need in prepared.plan.needs if need.collector == BASELINE]
    assert observations.table(need)["score"].to_numpy() == pytest.approx(people.table["died"][:50].mean(), abs=1e-12)


def test_the_example_pins_the_baseline_that_it_prepares(tmp_path):
    pytest.importorskip("causaldata")
    from governance.spec import load_spec
    from governance.spec.references import load_reference
    from governance.subjects.identity import identify

    example = Path(__file__).resolve().parents[2] / "examples" / "mortality_risk"
    written = load_spec(example / "governance.yaml").spec.evaluate["fairness"]["comparison"]["baseline"]
    model = OtherModel.model_validate(written)
    (tmp_path / model.options["predictions"]).write_text(load_reference("nhefs:age_alone", example)(), newline="\n")
    assert identify(model.subject(), tmp_path) == model.digest
