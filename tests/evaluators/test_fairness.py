"""Fairness on recorded predictions of real patients, against scikit-learn, fairlearn and statsmodels."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from fairlearn.metrics import MetricFrame, false_negative_rate, false_positive_rate, selection_rate
from nhefs_predictions import assert_few_of_a_class, dataset_info, one, predictions
from pydantic import ValidationError
from sklearn import metrics as sk

from evaluators import grouping
from evaluators.fairness import DESCRIPTOR, FairnessOptions, second_opinion
from governance.datasets.protocol import NOT_RECORDED
from governance.errors import CannotRunError, InputError
from governance.harness.protocols import Need, Request

EVALUATOR = DESCRIPTOR.load()
OPTIONS = FairnessOptions(
    on="test",
    groups=("sex", "race", "age", "sex x race"),
    operating_point={"choose_on": "validation", "by": "sensitivity_at_specificity", "specificity": 0.8},
)


@pytest.fixture(scope="module")
def found(mortality):
    return list(EVALUATOR.measure(mortality.observations(), mortality.context(OPTIONS)))


def parts(mortality, cell):
    frame = mortality.test.frame
    mask = np.logical_and.reduce([frame[key] == value for key, value in cell.items()] or [np.ones(len(frame), bool)])
    return frame["target"].to_numpy()[mask], mortality.scores["test"][mask]


def test_every_question_is_answered_once_and_in_a_fixed_order(mortality, found):
    assert len({m.id for m in found}) == len(found)
    again = list(EVALUATOR.measure(mortality.observations(), mortality.context(OPTIONS)))
    assert [m.model_dump_json() for m in again] == [m.model_dump_json() for m in found]


def test_every_metric_is_described(found):
    assert {m.metric for m in found} <= {metric.name for metric in DESCRIPTOR.metrics}


@pytest.mark.parametrize("cell", [{}, {"sex": "male"}, {"race": "black or other"}, {"sex": "male", "race": "white"}])
def test_values_agree_with_scikit_learn(mortality, found, cell):
    target, score = parts(mortality, cell)
    flagged = score >= one(found, "sensitivity", {}).operating_point.threshold
    expected = {
        "prevalence": target.mean(),
        "sensitivity": sk.recall_score(target, flagged),
        "specificity": sk.recall_score(target, flagged, pos_label=0),
        "positive_predictive_value": sk.precision_score(target, flagged),
        "negative_predictive_value": sk.precision_score(target, flagged, pos_label=0),
        "auroc": sk.roc_auc_score(target, score),
        "brier_score": sk.brier_score_loss(target, score),
        "calibration_in_the_large": target.mean() - score.mean(),
        "selection_rate": flagged.mean(),
        "rejected_rate": 0.0,
    }
    for metric, value in expected.items():
        measured = one(found, metric, cell)
        assert measured.value == pytest.approx(value, abs=1e-9), metric
        if measured.interval is None:
            assert_few_of_a_class(measured, target)
            continue
        assert measured.interval.low <= measured.value <= measured.interval.high
        assert measured.interval.high > measured.interval.low


def test_groups_agree_with_fairlearn(mortality, found):
    frame = mortality.test.frame
    flagged = mortality.scores["test"] >= one(found, "sensitivity", {}).operating_point.threshold
    by_group = MetricFrame(
        metrics={"selection_rate": selection_rate, "miss": false_negative_rate, "false_alarm": false_positive_rate},
        y_true=frame["target"],
        y_pred=flagged,
        sensitive_features=frame["sex"],
    ).by_group
    for group in ("female", "male"):
        cell = {"sex": group}
        assert one(found, "selection_rate", cell).value == pytest.approx(by_group.selection_rate[group], abs=1e-9)
        assert one(found, "sensitivity", cell).value == pytest.approx(1 - by_group.miss[group], abs=1e-9)
        assert one(found, "specificity", cell).value == pytest.approx(1 - by_group.false_alarm[group], abs=1e-9)


def test_the_calibration_slope_agrees_with_statsmodels(mortality, found):
    target, score = parts(mortality, {"sex": "male"})
    logit = np.log(score / (1 - score))
    fit = sm.Logit(target, sm.add_constant(logit)).fit(disp=0, tol=1e-12, method="newton")
    assert one(found, "calibration_slope", {"sex": "male"}).value == pytest.approx(fit.params[1], abs=1e-9)


def test_reliability_bins_hold_all_samples_and_their_observed_frequency(mortality, found):
    target, score = parts(mortality, {})
    bins = [m for m in found if m.metric == "observed_frequency"]
    assert sum(m.n for m in bins) == len(target)
    for m in bins:
        inside = (score >= m.curve["bin"] / 10) & (score < (m.curve["bin"] + 1) / 10)
        assert m.value == pytest.approx(target[inside].mean(), abs=1e-12)
        assert m.curve["predicted"] == pytest.approx(score[inside].mean(), abs=1e-12)


def test_the_threshold_is_the_one_with_most_sensitivity_at_the_specificity_on_validation(mortality, found):
    point = one(found, "sensitivity", {}).operating_point
    assert (point.rule, point.chosen_on, point.n) == (
        "sensitivity_at_specificity=0.8",
        "validation",
        mortality.validation.n,
    )
    target, score = mortality.validation.frame["target"].to_numpy(), mortality.scores["validation"]
    false_alarms, sensitivity, thresholds = sk.roc_curve(target, score, drop_intermediate=False)
    best = sensitivity[1 - false_alarms >= 0.8].max()
    assert (score[target == 1] >= point.threshold).mean() == pytest.approx(best)
    assert (score[target == 0] < point.threshold).mean() >= 0.8
    assert point.threshold in thresholds


@pytest.mark.parametrize("by", ["youden", "best_f1"])
def test_other_rules_reach_what_a_search_over_all_thresholds_reaches(mortality, by):
    options = FairnessOptions(on="test", operating_point={"choose_on": "validation", "by": by})
    threshold = one(
        list(EVALUATOR.measure(mortality.observations(), mortality.context(options))), "sensitivity"
    ).operating_point.threshold
    target, score = mortality.validation.frame["target"].to_numpy(), mortality.scores["validation"]

    def quality(t):
        if by == "best_f1":
            return sk.f1_score(target, score >= t)
        return sk.balanced_accuracy_score(target, score >= t)

    assert quality(threshold) == pytest.approx(max(quality(t) for t in np.unique(score)), abs=1e-12)


def test_the_worst_group_is_the_lowest_with_a_wider_simultaneous_interval(found):
    values = [one(found, "sensitivity", {"sex": group}).value for group in ("female", "male")]
    worst = one(found, "sensitivity", estimand="worst", over="sex")
    assert worst.value == min(values)
    assert worst.simultaneous.low < worst.interval.low
    assert worst.simultaneous.family == "sensitivity over sex: 2 groups, max-t"


def test_differences_are_given_for_every_pair_at_both_levels(found):
    pairs = [m for m in found if m.metric == "auroc" and m.estimand == "difference" and m.over == "age"]
    assert len(pairs) == 3
    measured = one(found, "auroc", estimand="difference", over="sex")
    assert measured.value == pytest.approx(
        one(found, "auroc", measured.slice).value - one(found, "auroc", measured.reference).value
    )
    assert measured.interval.level == pytest.approx(0.90)
    assert measured.simultaneous.level == pytest.approx(0.95)
    assert measured.simultaneous.low < measured.interval.low


def test_a_group_with_too_few_events_has_its_n_and_a_reason_and_no_value(found):
    young = one(found, "sensitivity", {"age": "<40"})
    assert young.status == "not_measured"
    assert young.n == 265
    assert young.reason == "too few patients with the condition: 9, at least 10 are needed"
    pair = one(found, "sensitivity", {"age": "40-60"}, "difference", over="age")
    assert "<40: too few" in pair.reason


def test_a_worst_group_says_how_many_groups_have_no_value(found):
    assert one(found, "sensitivity", estimand="worst", over="age").method.parameters["groups_without_value"] == 1


def measure(info, score, options, mortality, **tables):
    context = mortality.context(options)
    context = type(context)(**{**context.__dict__, "datasets": {"test": info, "validation": mortality.validation}})
    table = tables.get("test", predictions(info.frame, score))
    return list(EVALUATOR.measure(mortality.observations(test=table), context))


def test_an_attribute_with_one_group_is_not_compared(mortality):
    frame = mortality.test.frame.assign(site="A")
    info = dataset_info(frame, "test")
    found = measure(info, mortality.scores["test"], FairnessOptions(on="test", groups=("site",)), mortality)
    assert one(found, "auroc", {"site": "A"}).status == "measured"
    for estimand in ("worst", "difference"):
        assert one(found, "auroc", estimand=estimand, over="site").reason == "there is only one group to compare"


def test_a_group_without_positives_has_a_reason(mortality):
    frame = mortality.test.frame.assign(group=np.where(mortality.test.frame["target"] == 1, "b", "a"))
    frame.loc[frame.index[frame["target"] == 0][:200], "group"] = "b"
    info = dataset_info(frame, "test")
    found = measure(info, mortality.scores["test"], FairnessOptions(on="test", groups=("group",)), mortality)
    for metric in ("sensitivity", "auroc", "calibration_slope"):
        assert one(found, metric, {"group": "a"}).reason == "the group has no patients with the condition"
    assert one(found, "specificity", {"group": "a"}).status == "measured"


def test_too_few_patients_is_about_patients_not_samples(mortality):
    frame = mortality.test.frame.assign(cluster=[f"patient {i // 30}" for i in range(mortality.test.n)])
    info = dataset_info(frame, "test")
    found = measure(info, mortality.scores["test"], FairnessOptions(on="test"), mortality)
    assert one(found, "brier_score").reason == "too few patients: 22, at least 30 are needed"


def test_missing_attribute_values_are_a_visible_group_outside_of_comparisons(mortality):
    frame = mortality.test.frame.copy()
    frame.loc[:150, "sex"] = NOT_RECORDED
    info = dataset_info(frame, "test")
    found = measure(info, mortality.scores["test"], FairnessOptions(on="test", groups=("sex",)), mortality)
    assert one(found, "auroc", {"sex": NOT_RECORDED}).status == "measured"
    compared = [m for m in found if m.over == "sex"]
    assert compared
    assert all(NOT_RECORDED not in {*m.slice.values(), *(m.reference or {}).values()} for m in compared)


def test_rejected_inputs_are_counted_and_left_out_of_the_rest(mortality):
    table = predictions(mortality.test.frame, mortality.scores["test"])
    table.loc[:64, ["status", "reason", "score"]] = ["rejected", "unreadable", np.nan]
    found = measure(mortality.test, None, FairnessOptions(on="test"), mortality, test=table)
    assert one(found, "rejected_rate").value == pytest.approx(65 / mortality.test.n)
    assert one(found, "rejected_rate").n == mortality.test.n
    rest = one(found, "auroc")
    assert rest.n == mortality.test.n - 65
    assert rest.method.parameters["rejected_left_out"] == 65
    target, score = mortality.test.frame["target"][65:], mortality.scores["test"][65:]
    assert rest.value == pytest.approx(sk.roc_auc_score(target, score), abs=1e-12)


def test_a_perfect_model_is_never_known_to_be_perfect(mortality):
    found = measure(mortality.test, mortality.test.frame["target"] * 0.8 + 0.1, FairnessOptions(on="test"), mortality)
    for metric in ("sensitivity", "specificity", "auroc"):
        assert one(found, metric).value == 1
        assert one(found, metric).interval.low < 1
    assert "separate the classes" in one(found, "calibration_slope").reason


def test_several_samples_a_patient_widen_the_intervals(mortality):
    frame = pd.concat([mortality.test.frame] * 4, ignore_index=True)
    frame["sample_id"] = [f"s{i}" for i in range(len(frame))]
    info = dataset_info(frame, "test")
    score = np.tile(mortality.scores["test"], 4)
    found = measure(info, score, FairnessOptions(on="test"), mortality)
    single = measure(mortality.test, mortality.scores["test"], FairnessOptions(on="test"), mortality)
    for metric in ("sensitivity", "auroc", "brier_score"):
        wide, once = one(found, metric), one(single, metric)
        assert (wide.n, wide.n_clusters) == (4 * once.n, once.n_clusters)
        assert wide.interval.high - wide.interval.low == pytest.approx(once.interval.high - once.interval.low, rel=0.05)


def test_the_order_of_the_table_makes_no_difference(mortality):
    table = predictions(mortality.test.frame, mortality.scores["test"])
    shuffled = table.sample(frac=1, random_state=1)
    options = FairnessOptions(on="test", groups=("sex",))
    first = measure(mortality.test, None, options, mortality, test=table)
    assert first == measure(mortality.test, None, options, mortality, test=shuffled)


def test_a_policy_adds_groupings_that_the_options_lack(mortality):
    request = Request(evaluator="fairness", metric="sensitivity", estimand="worst", over="race")
    context = mortality.context(FairnessOptions(on="test"), requests=(request,))
    found = list(EVALUATOR.measure(mortality.observations(), context))
    assert one(found, "sensitivity", estimand="worst", over="race").status == "measured"
    assert one(found, "sensitivity", {"race": "white"}).status == "measured"


def test_what_a_policy_asks_and_the_dataset_lacks_is_not_measured(mortality):
    request = Request(evaluator="fairness", metric="auroc", estimand="worst", over="scanner")
    context = mortality.context(FairnessOptions(on="test"), requests=(request,))
    found = list(EVALUATOR.measure(mortality.observations(), context))
    assert one(found, "auroc", estimand="worst", over="scanner").reason == "the dataset has no attribute 'scanner'"


def test_the_same_cell_of_two_groupings_is_measured_once(mortality):
    options = FairnessOptions(on="test", groups=("sex x race", "race x sex"))
    found = list(EVALUATOR.measure(mortality.observations(), mortality.context(options)))
    assert len({m.id for m in found}) == len(found)
    assert {m.over for m in found if m.estimand == "worst"} == {"sex x race", "race x sex"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"operating_point": {"choose_on": "test", "by": "youden"}}, "must not be chosen on 'test'"),
        ({"operating_point": {"threshold": 0.5, "by": "youden"}}, "a fixed threshold takes neither"),
        ({"operating_point": {}}, "either `threshold` or `choose_on`"),
        ({"operating_point": {"choose_on": "v", "by": "youden", "specificity": 0.8}}, "only with it"),
        ({"operating_point": {"threshold": 1.5}}, "less than or equal to 1"),
        ({"group": ["sex"]}, "Extra inputs"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValidationError, match=message):
        FairnessOptions(on="test", **options)


def test_unknown_names_are_answered_with_near_ones(mortality):
    with pytest.raises(InputError, match="did you mean 'race'"):
        list(EVALUATOR.needs(mortality.context(FairnessOptions(on="test", groups=("rase",)))))
    with pytest.raises(InputError, match="did you mean 'test'"):
        list(EVALUATOR.needs(mortality.context(FairnessOptions(on="tets"))))


def test_the_same_samples_under_another_name_do_not_choose_the_threshold(mortality):
    context = mortality.context(OPTIONS)
    twin = type(mortality.test)(**{**mortality.test.__dict__, "name": "validation"})
    context = type(context)(**{**context.__dict__, "datasets": {"test": mortality.test, "validation": twin}})
    with pytest.raises(InputError, match="same content"):
        list(EVALUATOR.needs(context))


def chosen_elsewhere(mortality, info, score):
    """Choose the threshold on a dataset called validation, and judge it on the test people."""
    context = mortality.context(OPTIONS)
    context = type(context)(**{**context.__dict__, "datasets": {"test": mortality.test, "validation": info}})
    list(EVALUATOR.needs(context))
    return list(EVALUATOR.measure(mortality.observations(validation=predictions(info.frame, score)), context))


def test_a_part_of_the_scored_samples_does_not_choose_the_threshold(mortality):
    """Rows left out, in another order, mixed with others: no longer the content, and still the samples."""
    both = pd.concat([mortality.test.frame.iloc[200:], mortality.validation.frame])
    score = np.concatenate([mortality.scores["test"][200:], mortality.scores["validation"]])
    with pytest.raises(InputError, match="'validation' shares 451 patients with 'test'"):
        chosen_elsewhere(mortality, dataset_info(both, "validation", "validation"), score)
    unnamed = both.assign(cluster=both["sample_id"]).iloc[::-1]
    with pytest.raises(InputError, match="451 samples of 'validation' are in 'test' too"):
        chosen_elsewhere(mortality, dataset_info(unnamed, "validation", "validation", clustered=False), score[::-1])


def test_row_numbers_that_two_datasets_share_are_no_common_samples(mortality):
    frame = mortality.validation.frame.copy()
    frame["sample_id"] = frame["cluster"] = mortality.test.frame["sample_id"].to_numpy()[: len(frame)]
    info = dataset_info(frame, "validation", "validation", clustered=False)
    assert one(chosen_elsewhere(mortality, info, mortality.scores["validation"]), "sensitivity", {}).value > 0


@pytest.mark.parametrize("over", ["sex x sex", "sex x race x sex"])
def test_a_grouping_that_names_an_attribute_twice_is_refused(mortality, over):
    with pytest.raises(InputError, match="names an attribute twice") as caught:
        list(EVALUATOR.needs(mortality.context(FairnessOptions(on="test", groups=(over,)))))
    assert caught.value.hint in ("write 'sex'", "write 'sex x race'")
    request = Request(evaluator="fairness", metric="auroc", estimand="worst", over=over)
    with pytest.raises(InputError, match=r"fairness / auroc: .* names an attribute twice"):
        list(EVALUATOR.needs(mortality.context(FairnessOptions(on="test"), requests=(request,))))


@pytest.mark.parametrize(
    ("part", "written"), [("proxies", {}), ("individual", {}), ("shortcuts", {"attributes": ["sex"]})]
)
def test_features_of_a_subject_that_has_none_are_asked_for_by_name(mortality, part, written):
    options = FairnessOptions(on="test", **{part: written})
    with pytest.raises(InputError, match=rf"evaluate\.fairness\.{part} needs features, .*'recorded'") as caught:
        list(EVALUATOR.needs(mortality.context(options)))
    assert f"under {part}: features: module:function" in caught.value.hint
    own = FairnessOptions(on="test", **{part: {**written, "features": "my_features:extractor"}})
    assert any(need.collector == "embed" for need in EVALUATOR.needs(mortality.context(own)))


def test_targets_that_are_not_binary_and_scores_outside_the_unit_interval_are_refused(mortality):
    info = dataset_info(mortality.test.frame.assign(target=2.0), "test")
    with pytest.raises(InputError, match="a binary target is 0 or 1"):
        measure(info, mortality.scores["test"], FairnessOptions(on="test"), mortality)
    with pytest.raises(InputError, match="probabilities of the positive class"):
        measure(mortality.test, mortality.scores["test"] + 1, FairnessOptions(on="test"), mortality)


def test_predictions_that_do_not_fit_the_dataset_are_refused(mortality):
    table = predictions(mortality.test.frame, mortality.scores["test"])
    for wrong in (table.iloc[1:], pd.concat([table, table.iloc[:1]]), table.assign(sample_id="x" + table.sample_id)):
        with pytest.raises(CannotRunError, match="do not fit"):
            measure(mortality.test, None, FairnessOptions(on="test"), mortality, test=wrong)


def test_a_second_opinion_that_differs_stops_the_run_with_both_numbers(mortality, monkeypatch):
    monkeypatch.setattr(second_opinion, "opinions", lambda *_, **__: {"auroc": (0.123, "scikit-learn")})
    with pytest.raises(second_opinion.DisagreementError, match=r"0\.123.* by scikit-learn"):
        list(EVALUATOR.measure(mortality.observations(), mortality.context(OPTIONS)))


def test_needs_are_the_scored_and_the_validation_predictions(mortality):
    needs = list(EVALUATOR.needs(mortality.context(OPTIONS)))
    assert needs == [Need.of("predict", "test"), Need.of("predict", "validation")]


def test_minimums_say_what_is_missing_first():
    minimums = grouping.Minimums(patients=30, events=10)
    assert minimums.missing(0, []) == "the group has no sample"
    assert minimums.missing(5, [("x", 0)]) == "the group has no x"
    assert minimums.missing(29, [("x", 12)]).startswith("too few patients: 29")
    assert minimums.missing(30, [("x", 10)]) is None
