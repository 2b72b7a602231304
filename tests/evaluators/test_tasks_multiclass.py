"""Several classes on real digits: agreement with scikit-learn, intervals, embedding-based scores, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from nhefs_predictions import Tables
from sklearn import metrics as sklearn
from statsmodels.stats.proportion import proportion_confint
from task_predictions import Case, Digits

from evaluators.fairness import second_opinion
from evaluators.fairness.tasks import board as boards
from evaluators.fairness.tasks.task import task_of
from governance.errors import InputError
from governance.harness.protocols import Need, Request


@pytest.fixture(scope="module")
def measured(digit_case: Case):
    return digit_case.measure(["ink"], tasks={"top": [3]})


def parts(case: Case, group: str | None):
    """Truth and scores of a group, outside of the evaluator."""
    inside = np.ones(case.info.n, bool) if group is None else (case.info.frame["ink"] == group).to_numpy()
    scores = np.stack(case.table["scores"].to_numpy())[inside]
    return case.info.frame["target"].to_numpy().astype(int)[inside], scores


@pytest.mark.parametrize("group", [None, "dark", "light"])
def test_values_of_everyone_and_of_groups_agree_with_scikit_learn(digit_case: Case, measured, group) -> None:
    truth, scores = parts(digit_case, group)
    choice, cell = scores.argmax(axis=1), {} if group is None else {"ink": group}
    expected = {
        "classification_accuracy": sklearn.accuracy_score(truth, choice),
        "macro_sensitivity": sklearn.balanced_accuracy_score(truth, choice),
        "macro_f1_score": sklearn.f1_score(truth, choice, average="macro"),
        "macro_auroc": sklearn.roc_auc_score(truth, scores, multi_class="ovr", average="macro"),
        "multiclass_brier_score": sklearn.brier_score_loss(truth, scores, labels=range(10), scale_by_half=False),
        "confidence_calibration_error": calibration_error(truth, scores),
    }
    for metric, value in expected.items():
        assert measured.value(metric, slice=cell) == pytest.approx(value, abs=1e-9), metric
    assert measured.value("top_k_accuracy", slice=cell, variant="top 3") == pytest.approx(
        sklearn.top_k_accuracy_score(truth, scores, k=3), abs=1e-9
    )


def calibration_error(truth: np.ndarray, scores: np.ndarray) -> float:
    """Ten bins of equal width, by a plain loop."""
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == truth
    error = 0.0
    for low in np.arange(10) / 10:
        inside = (confidence >= low) & ((confidence < low + 0.1) | (low == 0.9))
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return error


@pytest.mark.parametrize("digit", [0, 8])
def test_each_class_is_a_question_of_its_own(digit_case: Case, measured, digit) -> None:
    truth, scores = parts(digit_case, "light")
    choice = scores.argmax(axis=1)
    about = {"slice": {"ink": "light"}, "target_class": str(digit)}
    precision, recall, f1, _ = sklearn.precision_recall_fscore_support(
        truth == digit, choice == digit, average="binary"
    )
    assert measured.value("sensitivity", **about) == pytest.approx(recall, abs=1e-9)
    assert measured.value("positive_predictive_value", **about) == pytest.approx(precision, abs=1e-9)
    assert measured.value("f1_score", **about) == pytest.approx(f1, abs=1e-9)
    assert measured.value("auroc", **about) == pytest.approx(
        sklearn.roc_auc_score(truth == digit, scores[:, digit]), abs=1e-9
    )
    specificity = sklearn.recall_score(truth == digit, choice == digit, pos_label=0)
    assert measured.value("specificity", **about) == pytest.approx(specificity, abs=1e-9)
    assert measured.one("sensitivity", **about).operating_point is None


def test_cells_of_the_confusion_matrix_are_shares_of_their_row(digit_case: Case, measured) -> None:
    truth, scores = parts(digit_case, None)
    expected = sklearn.confusion_matrix(truth, scores.argmax(axis=1), normalize="true")
    cells = measured.some("confusion_rate")
    assert len(cells) == 100
    for cell in cells:
        assert cell.value == pytest.approx(expected[int(cell.target_class), int(cell.curve["predicted"])], abs=1e-9)
        assert cell.interval.low <= cell.value <= cell.interval.high


def test_every_number_has_n_and_an_interval_and_accuracy_has_that_of_wilson(digit_case: Case, measured) -> None:
    for one in measured.all:
        assert one.status == "measured", (one.metric, one.slice, one.reason)
        assert one.n
        if one.interval is None:
            lone = (one.n_clusters, one.interval_reason) == (1, "an interval needs at least two independent clusters")
            few = one.metric in ("auroc", "macro_auroc") and "an interval of a ranking needs 30" in one.interval_reason
            assert few or (lone and one.metric == "observed_accuracy")
        else:
            assert one.interval.low <= one.value <= one.interval.high
    accuracy = measured.one("classification_accuracy")
    low, high = proportion_confint(accuracy.events, accuracy.n, method="wilson")
    assert (accuracy.interval.low, accuracy.interval.high) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(
    ("metric", "again"),
    [
        ("macro_sensitivity", sklearn.balanced_accuracy_score),
        ("macro_f1_score", lambda truth, choice: sklearn.f1_score(truth, choice, average="macro")),
    ],
)
def test_intervals_of_means_over_classes_are_about_those_of_the_bootstrap(digit_case, measured, metric, again) -> None:
    truth, scores = parts(digit_case, None)
    choice, generator = scores.argmax(axis=1), np.random.default_rng(0)
    draws = generator.integers(0, truth.size, (1000, truth.size))
    low, high = np.quantile([again(truth[draw], choice[draw]) for draw in draws], [0.025, 0.975])
    interval = measured.one(metric).interval
    assert interval.high - interval.low == pytest.approx(high - low, rel=0.15)
    assert abs(interval.low - low) < 0.2 * (high - low)


def test_worst_group_and_differences_are_given_for_the_whole_and_for_each_class(measured) -> None:
    groups = {name: measured.value("macro_sensitivity", slice={"ink": name}) for name in ("dark", "light")}
    worst = measured.one("macro_sensitivity", estimand="worst", over="ink", slice={"ink": min(groups, key=groups.get)})
    assert worst.value == min(groups.values())
    assert worst.simultaneous.low < worst.interval.low
    difference = measured.one("macro_sensitivity", estimand="difference", slice={"ink": "light"})
    assert difference.value == pytest.approx(groups["light"] - groups["dark"])
    assert difference.interval.level == pytest.approx(0.90)
    assert measured.one("sensitivity", target_class="8", estimand="difference", slice={"ink": "light"}).value == (
        pytest.approx(
            measured.value("sensitivity", target_class="8", slice={"ink": "light"})
            - measured.value("sensitivity", target_class="8", slice={"ink": "dark"})
        )
    )


def test_a_perfect_classifier_is_not_known_to_be_perfect(digits: Digits) -> None:
    truth = digits.info.frame["target"].to_numpy().astype(int)
    measured = digits.case(np.eye(10)[truth]).measure()
    for metric in ("classification_accuracy", "macro_sensitivity", "macro_f1_score", "macro_auroc"):
        one = measured.one(metric)
        assert one.value == 1
        assert 0.9 < one.interval.low < 1


def test_scores_of_nearest_prototypes_on_embeddings_are_measured_like_any_other(digits: Digits) -> None:
    """Zero-shot and embedding-based classification: similarity to one vector a class, through the same predictions."""
    from sklearn.decomposition import PCA

    embed = PCA(16, random_state=0).fit(digits.fit)
    fitted, scored = embed.transform(digits.fit), embed.transform(digits.score)
    prototypes = np.stack([fitted[digits.fit_target == digit].mean(axis=0) for digit in range(10)])
    normalised = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (scored, prototypes)]
    similarity = 20 * normalised[0] @ normalised[1].T
    scores = np.exp(similarity - similarity.max(axis=1, keepdims=True))
    scores /= scores.sum(axis=1, keepdims=True)
    measured = digits.case(scores).measure(["ink"])
    truth = digits.info.frame["target"].to_numpy().astype(int)
    assert measured.value("classification_accuracy") == pytest.approx(
        sklearn.accuracy_score(truth, similarity.argmax(axis=1)), abs=1e-9
    )
    assert 0.7 < measured.value("classification_accuracy") < 1
    assert measured.value("macro_auroc", slice={"ink": "dark"}) > 0.9


def test_rejected_outputs_are_counted_and_left_out(digit_case: Case) -> None:
    table = digit_case.table.copy()
    table.loc[:49, "status"] = "rejected"
    table["scores"] = [None if row < 50 else scores for row, scores in enumerate(table["scores"])]
    measured = digit_case.measure(table=table)
    assert measured.value("rejected_rate") == pytest.approx(50 / len(table))
    accuracy = measured.one("classification_accuracy")
    assert accuracy.n == len(table) - 50
    assert accuracy.method.parameters["rejected_left_out"] == 50
    everything = digit_case.table.assign(status="rejected", scores=None)
    assert digit_case.measure(table=everything).one("classification_accuracy").status == "not_measured"


def test_a_group_without_enough_patients_of_a_class_has_no_mean_over_classes(digits: Digits, digit_case: Case) -> None:
    few = digit_case.measure(["ink"], settings={"minimum_events": 45})
    shown = few.one("macro_sensitivity", slice={"ink": "dark"})
    assert shown.status == "not_measured"
    assert "too few patients with the condition" in shown.reason
    assert shown.n == (digits.info.frame["ink"] == "dark").sum()
    assert few.one("classification_accuracy", slice={"ink": "dark"}).status == "measured"
    assert few.one("macro_sensitivity", estimand="worst", over="ink").status == "not_measured"


def test_a_mistake_in_a_value_stops_the_run(digit_case: Case, monkeypatch) -> None:
    real = boards.estimates.proportion

    def shifted(successes, among, codes, **more):
        from dataclasses import replace

        found = real(successes, among, codes, **more)
        return replace(found, value=found.value - 1e-6)

    monkeypatch.setattr(boards.estimates, "proportion", shifted)
    with pytest.raises(second_opinion.DisagreementError, match="classification_accuracy"):
        digit_case.measure()


def test_a_grouping_that_only_a_policy_asks_for_is_measured(digit_case: Case) -> None:
    asked = (Request("fairness", "macro_auroc", "test", "worst", "ink"), Request("fairness", "auroc", over="sex"))
    measured = digit_case.measure(requests=asked)
    assert len(measured.some("macro_auroc", estimand="worst", over="ink")) == 1
    missing = measured.some("macro_auroc", estimand="worst", over="sex")
    assert [one.reason for one in missing] == ["the dataset has no attribute 'sex'"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"operating_point": {"threshold": 0.4}}, "operating_point: several classes are decided for the highest score"),
        ({"tasks": {"top": [10]}}, "10 of 10 classes is always right"),
        ({"tasks": {"spacing": [1, 1]}}, "tasks.spacing: a multiclass task has no use for it"),
        ({"trade_off": {}}, "trade_off: it is measured for binary classifiers"),
        ({"groups": ["inc"]}, "has no attribute 'inc'"),
        ({"on": "tests"}, "unknown dataset 'tests'"),
    ],
)
def test_options_without_a_use_are_refused(digit_case: Case, options, message) -> None:
    context = digit_case.context(**{"groups": [], **options})
    with pytest.raises(InputError, match=message):
        list(task_of(context).needs(context, context.options))


def test_scores_that_do_not_fit_the_classes_are_refused(digit_case: Case) -> None:
    nine = digit_case.table.assign(scores=[row[:9] for row in digit_case.table["scores"]])
    with pytest.raises(InputError, match="the model gives 9 scores a sample, but there are 10 classes"):
        digit_case.measure(table=nine)
    single = digit_case.table.drop(columns="scores").assign(score=0.5)
    with pytest.raises(InputError, match="one score a sample; there are 10 classes"):
        digit_case.measure(table=single)


def test_a_dataset_without_targets_is_refused(digit_case: Case) -> None:
    from governance.datasets.protocol import DatasetInfo

    bare = DatasetInfo(**{**vars(digit_case.info), "frame": digit_case.info.frame.drop(columns="target")})
    case = Case("multiclass", bare, digit_case.table)
    with pytest.raises(InputError, match=r"datasets\.test has no target"):
        case.measure()


def test_the_evaluator_hands_over_by_the_task_of_the_subject(digit_case: Case) -> None:
    from evaluators.fairness.evaluator import EVALUATOR

    tables = Tables({Need.of("predict", "test").id: digit_case.table})
    through = list(EVALUATOR.measure(tables, digit_case.context(["ink"])))
    assert {one.id: one.value for one in through} == {one.id: one.value for one in digit_case.measure(["ink"]).all}
    with pytest.raises(InputError, match="the subject's task is 'generate'"):
        list(EVALUATOR.needs(Case("generate", digit_case.info, digit_case.table).context()))
