"""Uncertainty from recorded observations: selective answers and foreign inputs, of two classes and of several."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from nhefs_predictions import Tables, dataset_info, one, predictions
from pydantic import ValidationError
from sklearn.covariance import LedoitWolf
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from evaluators.robustness import DESCRIPTOR, RobustnessOptions
from evaluators.robustness.condition_descriptors.imagenet_c import GAUSSIAN_NOISE
from evaluators.robustness.uncertainty import mahalanobis
from evaluators.robustness.uncertainty.confidence import beside_threshold, energies
from governance.errors import InputError
from governance.harness.protocols import EvaluationContext, Need
from governance.spec.model import Settings, SubjectSpec

EVALUATOR = DESCRIPTOR.load()
MAX = "max-probability"


def binary(mortality, **uncertainty):
    options = {"on": "test", "groups": ["sex"], "operating_point": {"threshold": 0.25}, "uncertainty": uncertainty}
    context = mortality.context(RobustnessOptions.model_validate(options))
    return replace(context, conditions={"gaussian-noise": GAUSSIAN_NOISE})


@pytest.fixture(scope="module")
def found(mortality):
    asked = {"risks": [0.1], "out_of_distribution": ["validation"]}
    return list(EVALUATOR.measure(mortality.observations(), binary(mortality, **asked)))


@pytest.fixture(scope="module")
def errors(mortality):
    """Errors at 0.25, and confidence: how far the score is from there on the logit scale."""
    target, score = mortality.test.frame["target"].to_numpy(), mortality.scores["test"]
    logit = np.log(score / (1 - score))
    return (score >= 0.25) != (target == 1), np.abs(logit - np.log(0.25 / 0.75))


def area(error, confidence):
    wrong = error[np.argsort(-confidence)]
    return np.mean(np.cumsum(wrong) / np.arange(1, wrong.size + 1))


def test_the_area_is_that_of_brute_force_for_everyone_and_every_group(mortality, found, errors):
    error, confidence = errors
    whole = one(found, "risk_coverage_area", {}, variant=MAX)
    assert whole.value == pytest.approx(area(error, confidence), abs=1e-9)
    assert whole.interval.low < whole.value < whole.interval.high
    assert (whole.n, whole.events, whole.operating_point.threshold) == (mortality.test.n, error.sum(), 0.25)
    for sex in ("female", "male"):
        inside = (mortality.test.frame["sex"] == sex).to_numpy()
        expected = area(error[inside], confidence[inside])
        assert one(found, "risk_coverage_area", {"sex": sex}, variant=MAX).value == pytest.approx(expected, abs=1e-9)
    excess = one(found, "excess_risk_coverage_area", {}, variant=MAX)
    assert 0 < excess.value < whole.value


def test_gaps_of_the_area_and_the_worst_group_are_given(found):
    female, male = (one(found, "risk_coverage_area", {"sex": sex}, variant=MAX).value for sex in ("female", "male"))
    gap = one(found, "risk_coverage_area", estimand="difference", variant=MAX)
    assert gap.value == pytest.approx(male - female, abs=1e-12)
    assert gap.interval.low < gap.value < gap.interval.high
    assert one(found, "risk_coverage_area", estimand="worst", variant=MAX).value == max(female, male)


def test_detection_of_errors_agrees_with_scikit_learn(found, errors):
    error, confidence = errors
    expected = roc_auc_score(~error, confidence)
    assert one(found, "error_detection_auroc", {}, variant=MAX).value == pytest.approx(expected, abs=1e-9)


def test_risk_at_a_coverage_is_the_error_among_the_most_confident(found, errors):
    error, confidence = errors
    kept = confidence >= np.sort(confidence)[::-1][int(np.ceil(0.8 * error.size)) - 1]
    risk = one(found, "selective_risk", {}, variant=f"{MAX}, 80 % answered", curve={})
    assert risk.value == pytest.approx(error[kept].mean(), abs=1e-12)
    assert risk.method.parameters["coverage"] == pytest.approx(kept.mean(), abs=1e-6)
    curve = [m for m in found if m.metric == "selective_risk" and m.curve and m.slice == {}]
    at = {m.curve["coverage"]: m.value for m in curve}
    assert at[1.0] == pytest.approx(error.mean(), abs=1e-12)
    assert at[0.8] == pytest.approx(risk.value, abs=1e-12)


def test_one_confidence_serves_everyone_so_groups_are_answered_unequally(mortality, found, errors):
    error, confidence = errors
    kept = confidence >= np.sort(confidence)[::-1][int(np.ceil(0.9 * error.size)) - 1]
    whole = one(found, "answered_share", {}, variant=f"{MAX}, 90 % answered")
    assert whole.value == pytest.approx(kept.mean())
    assert "was chosen" in whole.interval_reason
    for sex in ("female", "male"):
        inside = (mortality.test.frame["sex"] == sex).to_numpy()
        about = {"variant": f"{MAX}, 90 % answered", "curve": {}}
        assert one(found, "answered_share", {"sex": sex}, **about).value == pytest.approx(kept[inside].mean())
        assert one(found, "selective_risk", {"sex": sex}, **about).value == pytest.approx(error[inside & kept].mean())


def test_the_share_that_can_be_answered_at_a_risk_keeps_to_it(found, errors):
    error, confidence = errors
    share = one(found, "coverage_at_risk", {}, variant=f"{MAX}, 10 % wrong")
    order = np.argsort(-confidence)
    assert error[order[: round(share.value * error.size)]].mean() <= 0.1
    assert 0 < share.interval.low <= share.value <= share.interval.high <= 1


def test_foreign_samples_told_apart_agree_with_scikit_learn(mortality, found):
    own, other = (beside_threshold(mortality.scores[name], 0.25) for name in ("test", "validation"))
    foreign, values = np.r_[np.zeros(own.size), np.ones(other.size)], np.r_[own, other]
    about = {"variant": f"{MAX}, against validation"}
    auroc = one(found, "out_of_distribution_auroc", {}, **about)
    assert auroc.value == pytest.approx(roc_auc_score(foreign, -values), abs=1e-9)
    precision = one(found, "out_of_distribution_average_precision", {}, **about)
    assert precision.value == pytest.approx(average_precision_score(foreign, -values), abs=1e-9)
    false, true, _ = roc_curve(1 - foreign, values, drop_intermediate=False)
    accepted = one(found, "out_of_distribution_accepted", {}, **about)
    assert accepted.value == pytest.approx(false[np.argmax(true >= 0.95)], abs=1e-9)
    for m in (auroc, precision, accepted):
        assert m.interval.low < m.value < m.interval.high
    assert one(found, "out_of_distribution_auroc", {"sex": "male"}, **about).status == "measured"


def test_the_least_confident_sample_is_the_one_at_the_threshold():
    score = np.array([0.05, 0.2, 0.25, 0.3, 0.9])
    assert beside_threshold(score, 0.25).argmin() == 2
    assert beside_threshold(score, 0.5) == pytest.approx(np.maximum(score, 1 - score))


def test_rejected_inputs_are_left_out_and_counted(mortality):
    table = predictions(mortality.test.frame, mortality.scores["test"])
    table.loc[:9, ["status", "reason", "score"]] = ["rejected", "unreadable", np.nan]
    found = list(EVALUATOR.measure(mortality.observations(test=table), binary(mortality)))
    whole = one(found, "risk_coverage_area", {}, variant=MAX)
    assert (whole.n, whole.method.parameters["left_out"]) == (mortality.test.n - 10, 10)


def test_groups_with_few_patients_say_so_with_n(mortality):
    small = np.r_[np.zeros(mortality.test.n - 12), np.ones(12)] == 1
    frame = mortality.test.frame.assign(sex=np.where(small, "male", "female"))
    context = binary(mortality)
    context = replace(context, datasets={**context.datasets, "test": dataset_info(frame, "test")})
    found = list(EVALUATOR.measure(mortality.observations(), context))
    few = one(found, "risk_coverage_area", {"sex": "male"}, variant=MAX)
    assert (few.status, few.n) == ("not_measured", 12)
    assert few.reason.startswith("too few patients: 12")


@pytest.mark.parametrize(
    ("uncertainty", "message"),
    [
        ({"scores": ["mahalanobis"]}, "needs `train_on`"),
        ({"train_on": "validation"}, "are for the scores"),
        ({"coverages": [0.8, 0.8]}, "named twice"),
        ({"scores": []}, "at least 1 item"),
    ],
)
def test_options_that_make_no_sense_are_refused(mortality, uncertainty, message):
    with pytest.raises(ValidationError, match=message):
        binary(mortality, **uncertainty)


@pytest.mark.parametrize(
    ("uncertainty", "message"),
    [
        ({"out_of_distribution": ["nowhere"]}, "neither a dataset nor a condition"),
        ({"out_of_distribution": ["test"]}, "is the scored dataset"),
        ({"scores": ["mahalanobis"], "train_on": "test"}, "which is scored"),
    ],
)
def test_names_that_make_no_sense_are_refused_where_they_stand(mortality, uncertainty, message):
    with pytest.raises(InputError, match=f"evaluate.robustness.uncertainty.*{message}"):
        list(EVALUATOR.needs(binary(mortality, **uncertainty)))


def test_a_condition_can_be_out_of_distribution(mortality):
    context = binary(mortality, out_of_distribution=["gaussian-noise"])
    conditions = [str(need.condition) for need in EVALUATOR.needs(context) if not need.condition.is_clean]
    assert conditions == [f"gaussian-noise, severity {severity}" for severity in range(1, 6)]


# Several classes: digits, with pixels as features and the scores' logarithms as logits.


@pytest.fixture(scope="module")
def several(digits, digit_case):
    rng = np.random.default_rng(6)
    noise = rng.permutation(digits.score.ravel()).reshape(digits.score.shape)
    scores = np.stack(list(digit_case.table["scores"]))
    names = digits.info.frame["sample_id"].tolist()
    train = dataset_info(
        pd.DataFrame(
            {
                "sample_id": [f"t{index}" for index in range(len(digits.fit))],
                "cluster": [f"t{index}" for index in range(len(digits.fit))],
                "target": digits.fit_target.astype(float),
            }
        ),
        "train",
        "training",
    )
    foreign = dataset_info(
        digits.info.frame.assign(cluster=lambda frame: "n" + frame["cluster"]).drop(columns=["ink", "target"]), "noise"
    )

    def table(ids, **columns):
        return pd.DataFrame({"sample_id": ids, "status": "ok", "reason": "", **columns})

    flat = np.full(scores.shape, 0.1)
    tables = {
        Need.of("predict", "test"): digit_case.table,
        Need.of("logits", "test"): table(names, logits=list(np.log(scores + 1e-9) + 3)),
        Need.of("embed", "test"): table(names, embedding=list(digits.score)),
        Need.of("embed", "train"): table(train.frame["sample_id"], embedding=list(digits.fit)),
        Need.of("predict", "noise"): table(names, scores=list(flat)),
        Need.of("logits", "noise"): table(names, logits=list(np.zeros(scores.shape))),
        Need.of("embed", "noise"): table(names, embedding=list(noise)),
    }
    options = RobustnessOptions.model_validate(
        {
            "on": "test",
            "groups": ["ink"],
            "uncertainty": {
                "scores": [MAX, "energy", "mahalanobis", "relative-mahalanobis"],
                "train_on": "train",
                "out_of_distribution": ["noise"],
            },
        }
    )
    context = EvaluationContext(
        options=options,
        subject=SubjectSpec(name="m", version="1", kind="torch", task="multiclass"),
        datasets={"test": digits.info, "train": train, "noise": foreign},
        settings=Settings(replicates=200),
    )
    assert {need.id for need in EVALUATOR.needs(context)} == {need.id for need in tables}
    observed = Tables({need.id: frame for need, frame in tables.items()})
    return list(EVALUATOR.measure(observed, context)), digits, scores, noise


def test_several_classes_are_right_where_the_highest_score_is(several):
    found, digits, scores, _ = several
    error = scores.argmax(axis=1) != digits.info.frame["target"].to_numpy()
    whole = one(found, "risk_coverage_area", {}, variant=MAX)
    assert whole.value == pytest.approx(area(error, scores.max(axis=1)), abs=1e-9)
    assert whole.operating_point is None
    assert one(found, "risk_coverage_area", {"ink": "dark"}, variant="energy").status == "measured"


def test_distances_of_features_agree_with_scikit_learn(several):
    found, digits, _, noise = several
    means = np.stack([digits.fit[digits.fit_target == digit].mean(axis=0) for digit in range(10)])
    fitted = LedoitWolf(assume_centered=True).fit(digits.fit - means[digits.fit_target])

    def confidence(features):
        return -np.min([fitted.mahalanobis(features - mean) for mean in means], axis=0)

    values = np.r_[confidence(digits.score), confidence(noise)]
    foreign = np.r_[np.zeros(len(digits.score)), np.ones(len(noise))]
    auroc = one(found, "out_of_distribution_auroc", {}, variant="mahalanobis, against noise")
    assert auroc.value == pytest.approx(roc_auc_score(foreign, -values), abs=1e-9)
    assert auroc.value > 0.99
    gaussians = mahalanobis.fit(digits.fit, digits.fit_target)
    assert gaussians.confidence(digits.score, relative=False) == pytest.approx(confidence(digits.score), rel=1e-6)


def test_a_relative_distance_takes_away_what_is_unusual_for_any_class(digits):
    gaussians = mahalanobis.fit(digits.fit, digits.fit_target)
    plain, relative = (gaussians.confidence(digits.score, relative=flag) for flag in (False, True))
    overall = LedoitWolf(assume_centered=True).fit(digits.fit - digits.fit.mean(axis=0))
    beside = overall.mahalanobis(digits.score - digits.fit.mean(axis=0))
    assert relative == pytest.approx(plain + beside, rel=1e-6)


def test_the_energy_agrees_with_torch():
    import torch

    logits = np.random.default_rng(8).normal(size=(20, 5))
    expected = 2.0 * torch.logsumexp(torch.tensor(logits) / 2.0, dim=1).numpy()
    assert energies(list(logits), np.ones(20, dtype=bool), 2.0).values == pytest.approx(expected, abs=1e-12)


def test_a_single_logit_has_no_energy_and_the_measurement_says_so(mortality):
    logits = predictions(mortality.test.frame, mortality.scores["test"]).drop(columns="score")
    logits["logits"] = [np.array([1.0])] * mortality.test.n
    tables = {**mortality.observations().tables, Need.of("logits", "test").id: logits}
    found = list(EVALUATOR.measure(Tables(tables), binary(mortality, scores=[MAX, "energy"])))
    assert "single logit" in one(found, "risk_coverage_area", {}, variant="energy").reason
    assert one(found, "risk_coverage_area", {}, variant=MAX).status == "measured"


def test_features_that_do_not_vary_are_refused():
    with pytest.raises(ValueError, match="do not vary"):
        mahalanobis.fit(np.zeros((10, 3)), np.arange(10) % 2)
    with pytest.raises(ValueError, match="single sample"):
        mahalanobis.fit(np.zeros((3, 3)), np.array([0, 0, 1]))


def test_a_foreign_dataset_without_the_attribute_says_so(several):
    dark = one(several[0], "out_of_distribution_auroc", {"ink": "dark"}, variant=f"{MAX}, against noise")
    assert dark.reason == "the dataset 'noise' has no attribute 'ink'"
