"""Summaries over severities and conditions: values by hand, intervals by a paired bootstrap over patients."""

import numpy as np
import pytest
from condition_predictions import CLEAN, Worsened, condition, one, scale, visits
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from evaluators.estimates import proportion
from evaluators.robustness.scores.combined import weighted_sum
from evaluators.robustness.scores.decisions import Decisions, paired_shares
from evaluators.robustness.scores.severities import area_weights
from governance.harness.protocols import Request
from governance.statistics.clusters import cluster_codes
from governance.statistics.resampling import cluster_weights, percentile_interval

HAZE = [condition("haze", severity) for severity in range(1, 6)]
GRAIN = [condition("grain", severity) for severity in (1, 3)]
SUMMARIES = (
    "mean_error_under_conditions", "mean_balanced_error_under_conditions", "degradation_area", "mean_flip_rate",
    "prediction_consistency",
)  # fmt: skip


@pytest.fixture(scope="module")
def data(mortality):
    return visits(mortality)


@pytest.fixture(scope="module")
def found(data):
    return data.measure(groups=["sex"])


def mean_error(data, among=None):
    return np.mean([np.mean([data.error(at, among) for at in part]) for part in (HAZE, GRAIN)])


def test_mean_errors_give_every_condition_and_every_severity_the_same_weight(data, found):
    haze = one(found, "mean_error_under_conditions", condition("haze"))
    assert haze.value == pytest.approx(np.mean([data.error(at) for at in HAZE]), abs=1e-12)
    assert one(found, "mean_error_under_conditions").value == pytest.approx(mean_error(data), abs=1e-12)
    female = (data.info.frame["sex"] == "female").to_numpy()
    of_women = one(found, "mean_error_under_conditions", slice={"sex": "female"})
    assert of_women.value == pytest.approx(mean_error(data, female), abs=1e-12)
    balanced = np.mean([one(found, "balanced_error", at).value for at in GRAIN])
    of_grain = one(found, "mean_balanced_error_under_conditions", condition("grain"))
    assert of_grain.value == pytest.approx(balanced, abs=1e-12)


def test_the_degradation_area_is_that_between_the_curve_and_clean(data, found):
    for name, part, last in (("haze", HAZE, 5), ("grain", GRAIN, 3)):
        at = [0, *(one.severity for one in part)]
        above = np.array([0.0, *(data.error(one) - data.error() for one in part)])
        expected = np.trapezoid(above, at) / last
        assert one(found, "degradation_area", condition(name)).value == pytest.approx(expected, abs=1e-12)


def test_flips_and_consistency_are_shares_of_decisions_that_change(data, found):
    changed = {at: data.decided(at) != data.decided() for at in (*HAZE, *GRAIN)}
    flips = np.mean([changed[at].mean() for at in HAZE])
    assert one(found, "mean_flip_rate", condition("haze")).value == pytest.approx(flips, abs=1e-12)
    never = ~np.logical_or.reduce(list(changed.values()))
    consistent = one(found, "prediction_consistency")
    assert consistent.value == pytest.approx(never.mean(), abs=1e-12)
    assert consistent.events == never.sum()
    assert consistent.value <= one(found, "prediction_consistency", condition("grain")).value


@pytest.mark.parametrize("metric", ["mean_error_under_conditions", "degradation_area", "mean_flip_rate"])
def test_intervals_are_those_of_a_paired_bootstrap_over_patients(data, found, metric):
    wrong = {at: (data.decided(at) != data.truth).astype(float) for at in data.scores}
    flipped = {at: (data.decided(at) != data.decided()).astype(float) for at in data.scores}
    steps = dict.fromkeys(HAZE, 1 / 10) | dict.fromkeys(GRAIN, 1 / 4)
    if metric == "degradation_area":
        steps = {one: 0.5 * (0.2 if one.severity < 5 else 0.1) for one in HAZE}
        steps |= {GRAIN[0]: 0.25, GRAIN[1]: 1 / 6}
    sample = {
        "mean_error_under_conditions": lambda at: wrong[at],
        "degradation_area": lambda at: wrong[at] - wrong[CLEAN],
        "mean_flip_rate": lambda at: flipped[at],
    }[metric]
    values = sum(step * sample(at) for at, step in steps.items())
    codes = cluster_codes(data.info.frame["cluster"])
    sums, sizes = np.bincount(codes, weights=values), np.bincount(codes)
    drawn = np.concatenate([w @ sums / (w @ sizes) for w in cluster_weights(sizes.size, 4000, 1)])
    expected, m = percentile_interval(drawn), one(found, metric)
    assert m.value == pytest.approx(values.mean(), abs=1e-12)
    width = expected.high - expected.low
    assert m.interval.low == pytest.approx(expected.low, abs=0.12 * width)
    assert m.interval.high == pytest.approx(expected.high, abs=0.12 * width)
    assert m.gating.low <= m.interval.low
    assert m.interval.high <= m.gating.high


def test_the_worst_condition_can_be_called_so_with_an_interval_that_holds_for_all(found):
    for name in ("haze", "grain"):
        m = one(found, "mean_error_under_conditions", condition(name))
        assert m.simultaneous.low < m.interval.low < m.interval.high < m.simultaneous.high
        assert "2 conditions" in m.simultaneous.family


def test_groups_are_compared_by_summaries_over_all_conditions(found):
    by_sex = [one(found, "degradation_area", slice={"sex": sex}).value for sex in ("female", "male")]
    pair = one(
        found, "degradation_area", estimand="difference", over="sex",
        slice={"sex": "male"}, reference={"sex": "female"},
    )  # fmt: skip
    assert pair.value == pytest.approx(by_sex[1] - by_sex[0], abs=1e-12)
    assert pair.interval.low <= pair.value <= pair.interval.high


def test_what_only_a_rule_asks_for_changes_no_summary(data):
    options = {"conditions": ["haze"], "severities": [1, 3]}
    alone = data.measure(**options)
    asked = data.measure(**options, requests=[Request(evaluator="robustness", metric="auroc", condition="grain")])
    assert one(asked, "auroc", GRAIN[1]).status == "measured"
    for metric in SUMMARIES:
        assert one(asked, metric) == one(alone, metric)
        assert not [m for m in asked if m.metric == metric and m.condition.name == "grain"]


def test_a_condition_that_changes_nothing_degrades_nothing_but_leaves_room_for_doubt(data):
    still = Worsened(data.info, {CLEAN: data.scores[CLEAN], **dict.fromkeys(HAZE, data.scores[CLEAN])}, data.known[:1])
    found = still.measure()
    area, consistent = one(found, "degradation_area"), one(found, "prediction_consistency")
    assert (area.value, consistent.value) == (0.0, 1.0)
    # One unseen change in all severities is as likely as in one: five severities are no five times as many patients.
    change = one(found, "classification_error", HAZE[2], estimand="difference", reference_condition=CLEAN)
    weight = sum(weight for _, weight in area_weights([_Seen(at) for at in HAZE]))
    assert area.interval.high == pytest.approx(weight * change.interval.high, abs=1e-12)
    assert area.interval.low < 0 < area.interval.high


class _Seen:
    def __init__(self, at):
        self.condition = at


def test_rejected_inputs_are_left_out_of_what_they_lack(data):
    table = data.table(data.scores[HAZE[0]])
    table.loc[:9, ["status", "reason", "score"]] = ["rejected", "unreadable", np.nan]
    found = data.measure(changed={HAZE[0]: table})
    consistent = one(found, "prediction_consistency", condition("haze"))
    assert consistent.n == data.info.n - 10
    assert consistent.method.parameters["left_out"] == 10
    assert one(found, "classification_error", HAZE[0]).n == data.info.n - 10
    assert one(found, "classification_error", HAZE[1]).n == data.info.n


def test_a_variant_of_some_samples_is_in_no_summary(data):
    from governance.plugins import ConditionDescriptor

    other = ConditionDescriptor(name="other-reader", title="Another reader", severities=(), kind="variant")
    some = Worsened(data.info, data.scores, (*data.known, other))
    table = data.table(data.scores[HAZE[4]]).iloc[::2]
    found = some.measure(changed={condition("other-reader"): table})
    assert one(found, "classification_error", condition("other-reader")).n == len(table)
    assert one(found, "mean_error_under_conditions").value == pytest.approx(mean_error(data), abs=1e-12)
    assert one(found, "mean_error_under_conditions").method.parameters["conditions"] == "haze, grain"
    alone = some.measure(conditions=["other-reader"], changed={condition("other-reader"): table})
    assert not [m for m in alone if m.metric in SUMMARIES]


def test_a_condition_without_a_scale_counts_whole(data):
    unscaled = Worsened(
        data.info, {CLEAN: data.scores[CLEAN], condition("turned"): data.scores[HAZE[4]]}, (scale("turned"),)
    )
    found = unscaled.measure()
    expected = data.error(HAZE[4]) - data.error()
    assert one(found, "degradation_area", condition("turned")).value == pytest.approx(expected, abs=1e-12)


def test_a_summary_of_a_group_without_a_value_says_which_condition_lacks_one(data):
    found = data.measure(groups=["race"], settings={"minimum_patients": 200})
    m = one(found, "mean_error_under_conditions", slice={"race": "black or other"})
    assert m.reason.startswith("haze, severity 1: too few patients")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.floats(0.01, 3), min_size=1, max_size=6))
def test_copies_of_one_estimate_sum_to_it_and_independent_ones_are_less_certain_than_one(seed, weights):
    stream = np.random.default_rng(seed)
    codes = np.arange(60)
    outcome = stream.random(60) < 0.3

    def share(values, among):
        return proportion(values, among, codes, name="-", parameters={}, n_clusters=60)

    single = share(outcome, np.ones(60, dtype=bool))
    copies = weighted_sum([single] * len(weights), weights, name="-", parameters={})
    total, ends, whole = sum(weights), single.bounds(0.95), copies.bounds(0.95)
    assert whole.low == pytest.approx(total * ends.low, abs=1e-9)
    assert whole.high == pytest.approx(total * ends.high, abs=1e-9)
    apart = [share(outcome, codes % 2 == half) for half in (0, 1)]
    both = weighted_sum(apart, [0.5, 0.5], name="-", parameters={}).bounds(0.95)
    one_by_one = [part.bounds(0.95) for part in apart]
    assert both.high - both.low < np.mean([end.high - end.low for end in one_by_one])


def test_a_negative_weight_is_refused():
    part = proportion(
        np.array([True, False]), np.ones(2, dtype=bool), np.arange(2), name="-", parameters={}, n_clusters=2
    )
    with pytest.raises(ValueError, match="not negative"):
        weighted_sum([part, part], [1.0, -1.0], name="-", parameters={})


@pytest.mark.slow
def test_intervals_of_a_mean_over_conditions_cover_the_truth_as_often_as_they_say():
    """Patients with two samples each; hard samples are hard under every condition."""
    patients, conditions, trials = 80, 8, 400
    stream, codes = np.random.default_rng(5), np.repeat(np.arange(80), 2)
    everyone = np.ones(codes.size, dtype=bool)
    truth = float(norm.sf(1.2 / np.sqrt(2)))
    covered = alone = passes = 0
    for _ in range(trials):
        patient, sample = stream.normal(0, 1, patients)[codes], stream.normal(0, 0.5, codes.size)
        parts = [
            proportion(
                patient + sample + stream.normal(0, np.sqrt(0.75), codes.size) > 1.2,
                everyone, codes, name="-", parameters={}, n_clusters=patients,
            )
            for _ in range(conditions)
        ]  # fmt: skip
        whole = weighted_sum(parts, [1 / conditions] * conditions, name="-", parameters={})
        ends = whole.bounds(0.95)
        covered += ends.low <= truth <= ends.high
        passes += whole.gating(0.95).high < truth
        half = np.sqrt(sum(((part.bounds(0.95).high - part.bounds(0.95).low) / 2) ** 2 for part in parts)) / conditions
        alone += abs(whole.value - truth) <= half
    assert 0.925 <= covered / trials <= 0.98
    assert passes / trials <= 0.04  # 2.5 % are allowed; the rest is the noise of 400 trials
    assert alone / trials < 0.75  # what taking the conditions for independent would give


@pytest.mark.slow
def test_intervals_of_a_degradation_area_cover_the_truth_and_verdicts_on_it_are_rarely_wrong():
    """Few samples change, and what changes at a mild severity changes at the others, too."""
    worse, better = (0.02, 0.05, 0.1, 0.15, 0.25), (0.02, 0.02, 0.02, 0.02, 0.02)
    weights, patients, trials = (0.2, 0.2, 0.2, 0.2, 0.1), 60, 400
    stream, codes = np.random.default_rng(6), np.repeat(np.arange(60), 2)
    everyone, none = np.ones(codes.size, dtype=bool), np.zeros(codes.size, dtype=np.int64)
    data = Decisions(none, none, everyone, everyone, codes, patients, ("patients",))
    truth = float(np.dot(weights, np.subtract(worse, better)))
    covered = too_low = too_high = 0
    for _ in range(trials):
        latent = np.sqrt(0.5) * (stream.normal(0, 1, patients)[codes] + stream.normal(0, 1, codes.size))
        place = norm.cdf(latent)
        parts = [
            paired_shares((place < up).astype(float), (place > 1 - down).astype(float), everyone, data, {})
            for up, down in zip(worse, better, strict=True)
        ]
        area = weighted_sum(parts, weights, name="-", parameters={})
        ends, gate = area.bounds(0.95), area.gating(0.95)
        covered += ends.low <= truth <= ends.high
        too_low += gate.high < truth
        too_high += gate.low > truth
    assert 0.925 <= covered / trials <= 0.985
    assert max(too_low, too_high) / trials <= 0.04  # 2.5 % are allowed; the rest is the noise of 400 trials
