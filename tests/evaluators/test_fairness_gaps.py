"""Gaps between groups: against fairlearn and published formulas; their intervals where groups are equal."""

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fl
from nhefs_predictions import dataset_info, one, predictions
from sklearn import metrics as sk

from evaluators import estimates
from evaluators.fairness import DESCRIPTOR, FairnessOptions, gaps, second_opinion
from evaluators.fairness.gaps_descriptors import GAP_METRICS
from evaluators.families import Family, difference

EVALUATOR = DESCRIPTOR.load()
OPTIONS = FairnessOptions(on="test", groups=("sex", "race", "age"), operating_point={"threshold": 0.25})


@pytest.fixture(scope="module")
def found(mortality):
    return list(EVALUATOR.measure(mortality.observations(), mortality.context(OPTIONS)))


def measure(mortality, frame, score, options, **settings):
    info = dataset_info(frame, "test")
    context = mortality.context(options, **settings)
    context = type(context)(**{**context.__dict__, "datasets": {"test": info, "validation": mortality.validation}})
    return list(EVALUATOR.measure(mortality.observations(test=predictions(info.frame, score)), context))


def test_every_grouping_has_every_gap_once(found):
    for over in ("sex", "race", "age"):
        for metric in GAP_METRICS:
            gap = one(found, metric.name, over=over)
            assert gap.slice == {}
            if gap.status == "measured" and gap.interval is None:
                assert "auroc" in metric.name
                assert "an interval of a ranking needs 30" in gap.interval_reason
            else:
                assert gap.status == "not_measured" or gap.interval.low <= gap.value <= gap.interval.high


def test_the_example_of_fairlearns_documentation(mortality):
    """docs/user_guide/assessment/common_fairness_metrics: parity .25 and .6667, odds 1.0; by the mean .6."""
    target = [0, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    flagged = [0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0]
    group = list("bbabbcccaacabccbcc")
    frame = pd.DataFrame(
        {"sample_id": [str(i) for i in range(18)], "cluster": [str(i) for i in range(18)], "target": target}
    ).assign(group=group, target=np.array(target, float))
    options = FairnessOptions(on="test", groups=("group",), operating_point={"threshold": 0.5})
    found = measure(mortality, frame, np.array(flagged, float), options, minimum_patients=2, minimum_events=1)
    assert one(found, "demographic_parity_difference", over="group").value == pytest.approx(0.25)
    assert one(found, "demographic_parity_ratio", over="group").value == pytest.approx(2 / 3)
    assert one(found, "equal_opportunity_difference", over="group").value == pytest.approx(0.2)
    assert one(found, "equalized_odds_difference_max", over="group").value == pytest.approx(1.0)
    assert one(found, "equalized_odds_difference_mean", over="group").value == pytest.approx(0.6)
    assert one(found, "fairmedfm_eod", over="group").value == pytest.approx(0.4)


@pytest.mark.parametrize("over", ["sex", "race"])
def test_gaps_of_real_predictions_agree_with_fairlearn(mortality, found, over):
    frame, score = mortality.test.frame, mortality.scores["test"]
    target, flagged = frame["target"].to_numpy().astype(int), (score >= 0.25).astype(int)
    about = {"y_true": target, "y_pred": flagged, "sensitive_features": frame[over]}
    expected = {
        "demographic_parity_difference": fl.demographic_parity_difference(**about),
        "demographic_parity_ratio": fl.demographic_parity_ratio(**about),
        "equal_opportunity_difference": fl.equal_opportunity_difference(**about),
        "equalized_odds_difference_max": fl.equalized_odds_difference(**about),
        "equalized_odds_difference_mean": fl.equalized_odds_difference(**about, agg="mean"),
        "fairmedfm_eod": 1 - fl.equalized_odds_difference(**about, agg="mean"),
        "predictive_parity_difference": fl.MetricFrame(metrics=sk.precision_score, **about).difference(),
        "auroc_gap": fl.MetricFrame(
            metrics=sk.roc_auc_score, y_true=target, y_pred=score, sensitive_features=frame[over]
        ).difference(),
    }
    for metric, value in expected.items():
        assert one(found, metric, over=over).value == pytest.approx(value, abs=1e-9), metric


@pytest.mark.parametrize("over", ["sex", "race"])
def test_both_equity_scaled_families_follow_their_papers(mortality, found, over):
    """FairMedFM divides by one plus the population standard deviation, Harvard by one plus the summed deviations."""
    frame, score = mortality.test.frame, mortality.scores["test"]
    target = frame["target"].to_numpy()
    right = (score >= 0.25) == (target == 1)
    masks = [(frame[over] == group).to_numpy() for group in frame[over].unique()]
    for name, whole, groups in (
        ("auroc", sk.roc_auc_score(target, score), [sk.roc_auc_score(target[m], score[m]) for m in masks]),
        ("accuracy", right.mean(), [right[m].mean() for m in masks]),
    ):
        expected = {
            f"equity_scaled_{name}_std": whole / (1 + np.std(groups)),
            f"equity_scaled_{name}_deviation": whole / (1 + sum(abs(group - whole) for group in groups)),
            f"{name}_disparity_std": np.std(groups) / whole,
            f"{name}_disparity_range": (max(groups) - min(groups)) / whole,
        }
        for metric, value in expected.items():
            measured = one(found, metric, over=over)
            assert measured.value == pytest.approx(value, abs=1e-9), metric
            if over == "race" and name == "auroc":
                assert measured.interval is None, "so few deaths in a group do not carry an interval of a ranking"
                assert "only 21 patients with the condition" in measured.interval_reason
            else:
                assert measured.interval.low < measured.value < measured.interval.high
    scaled = [one(found, f"equity_scaled_auroc_{how}", over=over).value for how in ("std", "deviation")]
    assert scaled[0] > scaled[1]


def test_the_calibration_gap_is_the_range_of_calibration_in_the_large(mortality, found):
    frame, error = mortality.test.frame, mortality.test.frame["target"] - mortality.scores["test"]
    by_group = error.groupby(frame["race"]).mean()
    assert one(found, "calibration_gap", over="race").value == pytest.approx(np.ptp(by_group), abs=1e-9)


def test_a_group_without_a_value_leaves_the_verdict_open(found):
    """Of patients below 40 nine died, too few for a sensitivity; whether that group is like the others is not known."""
    gap = one(found, "equal_opportunity_difference", over="age")
    assert gap.method.parameters["groups_without_value"] == 1
    assert gap.gating.high == 1.0
    assert gap.interval.high < 1.0
    assert one(found, "demographic_parity_difference", over="age").gating.high < 1.0
    assert one(found, "fairmedfm_eod", over="age").gating.low < one(found, "fairmedfm_eod", over="age").interval.low


def test_where_no_one_is_flagged_there_is_no_ratio(mortality):
    frame = mortality.test.frame
    options = FairnessOptions(on="test", groups=("sex",), operating_point={"threshold": 0.5})
    found = measure(mortality, frame, np.full(len(frame), 0.1), options)
    assert one(found, "demographic_parity_difference", over="sex").value == 0
    assert "no group has a rate above 0" in one(found, "demographic_parity_ratio", over="sex").reason


def test_one_group_has_no_gap(mortality):
    frame = mortality.test.frame.assign(site="A")
    options = FairnessOptions(on="test", groups=("site",))
    found = measure(mortality, frame, mortality.scores["test"], options)
    for metric in GAP_METRICS:
        assert one(found, metric.name, over="site").reason == "there is only one group to compare"


def simulated(stream, groups, positives, rate, shifted=0.0):
    """Sensitivities of groups of independent patients, of which the first has another true rate."""
    made = []
    n = groups * positives
    for number in range(groups):
        outcome, among = np.zeros(n, bool), np.zeros(n, bool)
        among[number * positives : (number + 1) * positives] = True
        outcome[among] = stream.random(positives) < rate - (shifted if number == 0 else 0.0)
        made.append(estimates.proportion(outcome, among, np.arange(n), name="share", parameters={}, n_clusters=n))
    return gaps.Spread(tuple(made), 0, 1.0, seed=0)


@pytest.mark.parametrize(("groups", "positives"), [(2, 200), (4, 200), (8, 100)])
def test_equal_groups_are_not_called_unequal_where_the_percentile_interval_always_is(groups, positives):
    """True gap 0: the percentile interval leaves it out in 24 % (2 groups) to 100 % (4 and 8) of samples."""
    stream, runs, missed = np.random.default_rng(11), 150, 0
    for _ in range(runs):
        spread = simulated(stream, groups, positives, 0.8)
        missed += gaps.largest_difference(spread, family=spread.family).bounds(0.95).low > 0
    assert missed / runs <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / runs)


def test_a_gap_at_the_bar_passes_in_at_most_a_fortieth_and_is_covered():
    """One of four groups is truly 0.1 below the others; a pass against 0.1 would be false."""
    stream, runs, passed, covered = np.random.default_rng(12), 300, 0, 0
    for _ in range(runs):
        spread = simulated(stream, 4, 300, 0.85, shifted=0.1)
        gap = gaps.largest_difference(spread, family=spread.family)
        passed += gap.gating(0.95).high < 0.1
        ends = gap.bounds(0.95)
        covered += ends.low <= 0.1 <= ends.high
    assert passed / runs <= 0.025 + 2 * np.sqrt(0.025 * 0.975 / runs)
    assert covered / runs >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / runs)


def test_for_a_pass_no_pair_is_widened():
    spread = simulated(np.random.default_rng(13), 6, 300, 0.85)
    gap = gaps.largest_difference(spread, family=spread.family)
    pairwise = [pair.gating(0.95) for pair in spread.pairs]
    assert gap.gating(0.95).high == pytest.approx(max(max(one.high, -one.low) for one in pairwise))


def test_the_standard_deviation_lies_between_what_its_pairs_allow():
    """k^2 var = sum over pairs of squared differences, which is what the interval is made of."""
    spread = simulated(np.random.default_rng(14), 5, 200, 0.7)
    squares = sum(pair.value**2 for pair in spread.pairs)
    assert np.sqrt(squares) / 5 == pytest.approx(np.std(spread.values))


def test_two_metrics_share_one_family():
    spread, other = (simulated(np.random.default_rng(seed), 3, 200, 0.8) for seed in (15, 16))
    family = Family((*spread.family.influences, *other.family.influences), 0)
    alone = gaps.largest_difference(spread, family=spread.family).bounds(0.95)
    both = gaps.largest_difference(spread, other, family=family).bounds(0.95)
    assert both.high >= alone.high
    mean = gaps.mean_difference(spread, other, family=family)
    score = gaps.mean_difference(spread, other, family=family, score=True)
    assert score.value == pytest.approx(1 - mean.value)
    assert score.bounds(0.95).low == pytest.approx(1 - mean.bounds(0.95).high)


def test_groups_that_share_patients_are_told_apart_sooner():
    """Two images a patient, one of each scanner: what patients have in common cancels in the difference."""
    stream, patients = np.random.default_rng(17), 300
    found = (stream.random(patients) < 0.7)[:, None] ^ (stream.random((patients, 2)) < 0.05)
    outcome, codes = found.T.ravel(), np.tile(np.arange(patients), 2)

    def pair(clusters, n_clusters):
        masks = (np.arange(2 * patients) < patients, np.arange(2 * patients) >= patients)
        one, two = (
            estimates.proportion(outcome, mask, clusters, name="", parameters={}, n_clusters=n_clusters)
            for mask in masks
        )
        ends = difference(one, two, limit=1.0).bounds(0.95)
        return ends.high - ends.low

    assert pair(codes, patients) < 0.7 * pair(np.arange(2 * patients), 2 * patients)


def test_a_gap_that_other_libraries_do_not_confirm_stops_the_run():
    groups = [{"selection_rate": (rate, "fairlearn")} for rate in (0.2, 0.5)]
    second_opinion.check_gaps({"demographic_parity_difference": 0.3}, groups, {}, "sex")
    with pytest.raises(second_opinion.DisagreementError, match=r"demographic_parity_difference over sex: 0\.31"):
        second_opinion.check_gaps({"demographic_parity_difference": 0.31}, groups, {}, "sex")
