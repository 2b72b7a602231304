"""Two populations of real patients: the same one in two parts, and parts of which one thing was changed on purpose."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from nhefs_predictions import dataset_info, one, predictions
from pydantic import ValidationError

from evaluators.robustness import DESCRIPTOR, RobustnessOptions
from governance.errors import InputError
from governance.harness.protocols import Need

EVALUATOR = DESCRIPTOR.load()
GROUPS = {"age": ("<40", "40-60", ">=60"), "sex": ("female", "male"), "race": ("white", "black or other")}
ON = {"variant": "on other", "reference_variant": "on test", "estimand": "difference"}


def options(**shift):
    return RobustnessOptions.model_validate(
        {
            "on": "test",
            "groups": ["sex"],
            "operating_point": {"threshold": 0.2},
            "shift": {"to": ["other"], "attributes": ["sex", "age"], "prevalences": [0.05, 0.3], **shift},
        }
    )


def measured(mortality, frame, score, asked=None, features=None):
    """Measure the shift from the test patients to those of a frame with the given scores."""
    asked = asked or options()
    other = dataset_info(frame, "other", groups=GROUPS)
    context = mortality.context(asked)
    context = replace(context, datasets={**context.datasets, "other": other})
    needs = list(EVALUATOR.needs(context))
    tables = mortality.observations()
    found = dict(tables.tables)
    found[Need.of("predict", "other").id] = predictions(other.frame, score)
    for need in needs:
        if need.collector == "embed":
            found[need.id] = features(context.datasets[need.dataset])
    assert {need.id for need in needs} <= set(found)
    return list(EVALUATOR.measure(replace(tables, tables=found), context))


@pytest.fixture(scope="module")
def other(mortality):
    """People of the same survey who are not among the test patients, with the model's scores of them."""
    return mortality.validation.frame, mortality.scores["validation"]


@pytest.fixture(scope="module")
def same(mortality, other):
    return measured(mortality, *other)


def rates(frame, score, threshold=0.2):
    flagged, sick = score >= threshold, frame["target"].to_numpy() == 1
    return flagged[sick].mean(), (~flagged[~sick]).mean()


def test_each_change_is_the_value_there_less_the_value_here(mortality, other, same):
    here, there = rates(mortality.test.frame, mortality.scores["test"]), rates(*other)
    for metric, first, second in zip(("sensitivity", "specificity"), there, here, strict=True):
        value = one(same, metric, {}, dataset="other")
        assert value.value == pytest.approx(first, abs=1e-12)
        change = one(same, metric, {}, **ON)
        assert change.value == pytest.approx(first - second, abs=1e-12)
        assert change.interval.low < change.value < change.interval.high
        assert change.gating.low <= change.interval.low
        assert change.interval.low <= 0 <= change.interval.high


def test_gaps_are_compared_between_populations(mortality, other, same):
    change = one(
        same,
        "sensitivity_gap_shift",
        {"sex": "male"},
        "difference",
        **{key: ON[key] for key in ("variant", "reference_variant")},
    )
    gaps = []
    for frame, score in (other, (mortality.test.frame, mortality.scores["test"])):
        both = [rates(frame[frame["sex"] == sex], score[(frame["sex"] == sex).to_numpy()])[0] for sex in GROUPS["sex"]]
        gaps.append(both[1] - both[0])
    assert change.value == pytest.approx(gaps[0] - gaps[1], abs=1e-12)
    assert change.reference == {"sex": "female"}
    assert change.interval.high - change.interval.low > 0.1


def test_two_parts_of_one_population_are_not_told_apart(same):
    for name in ("sex", "age"):
        assert one(same, "attribute_shift", curve={"attribute": name}).interval.low == 0
    outcome = one(same, "outcome_shift")
    assert outcome.interval.low <= 0 <= outcome.interval.high
    assert outcome.p_value > 0.01
    inputs = one(same, "input_shift", variant="model score")
    assert inputs.interval.low <= 0.5 <= inputs.interval.high
    assert "clustered" in inputs.test


def test_another_mix_of_ages_is_found_and_explains_what_changes(mortality, other):
    frame, score = other
    young = (frame["age"] == "<40").to_numpy()
    keep = ~young | (np.arange(len(frame)) % 8 == 0)
    found = measured(mortality, frame[keep], score[keep])
    moved = one(found, "attribute_shift", curve={"attribute": "age"})
    assert moved.interval.low > 0
    assert moved.p_value < 1e-6
    assert one(found, "attribute_shift", curve={"attribute": "sex"}).p_value > 1e-3
    outcome = one(found, "outcome_shift")
    assert outcome.interval.low <= 0 <= outcome.interval.high
    change = one(found, "specificity", {}, **ON)
    assert change.interval.high < 0  # older people are flagged more
    mixed = "on test, age mixed as on other"
    rest = one(found, "specificity", {}, "difference", variant="on other", reference_variant=mixed)
    assert rest.interval.low <= 0 <= rest.interval.high
    assert abs(rest.value) < abs(change.value) / 2


def test_what_is_expected_of_a_mix_is_the_weighted_mean_of_groups(mortality, other, same):
    frame, _ = other
    healthy = frame[frame["target"] == 0]
    expected = 0.0
    for age, cell in healthy.groupby("age"):
        mine = mortality.test.frame
        inside = (mine["age"] == age).to_numpy()
        expected += len(cell) / len(healthy) * rates(mine[inside], mortality.scores["test"][inside])[1]
    found = one(same, "specificity", {}, variant="on test, age mixed as on other")
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.interval.low < found.value < found.interval.high
    both = one(same, "specificity", {}, variant="on test, sex x age mixed as on other")
    assert both.status == "not_measured"
    assert "too few patients of the scored population stand for" in both.reason


def test_more_deaths_in_like_groups_are_found_and_named(mortality, other):
    frame, score = other
    alive = np.flatnonzero(frame["target"].to_numpy() == 0)
    target = frame["target"].to_numpy().copy()
    target[alive[::3]] = 1.0
    found = measured(mortality, frame.assign(target=target), score)
    outcome = one(found, "outcome_shift")
    assert outcome.interval.low > 0.1
    assert outcome.p_value < 0.01
    assert "permutation" in outcome.test


def test_other_scores_of_like_people_are_found(mortality, other):
    frame, score = other
    found = measured(mortality, frame, score**2)
    inputs = one(found, "input_shift", variant="model score")
    assert inputs.interval.high < 0.5
    assert inputs.p_value < 1e-6


def test_prevalence_without_labels_corrects_for_errors(mortality, other, same):
    frame, score = other
    sensitivity, specificity = rates(mortality.test.frame, mortality.scores["test"])
    flagged = (score >= 0.2).mean()
    found = one(same, "estimated_prevalence")
    assert found.value == pytest.approx((flagged - (1 - specificity)) / (sensitivity - (1 - specificity)), abs=1e-12)
    assert found.interval.low < frame["target"].mean() < found.interval.high
    off = one(same, "estimated_prevalence", None, "difference", variant="estimated without labels")
    assert off.value == pytest.approx(found.value - frame["target"].mean(), abs=1e-12)
    assert off.interval.low <= 0 <= off.interval.high


def test_predictive_values_at_a_prevalence_follow_from_both_rates(other, same):
    sensitivity, specificity = rates(*other)
    for prevalence in (0.05, 0.3):
        curve = {"prevalence": prevalence}
        hits, alarms = prevalence * sensitivity, (1 - prevalence) * (1 - specificity)
        positive = one(same, "positive_predictive_value_at", {}, curve=curve)
        assert positive.value == pytest.approx(hits / (hits + alarms), abs=1e-12)
        assert positive.interval.low < positive.value < positive.interval.high
        right, missed = (1 - prevalence) * specificity, prevalence * (1 - sensitivity)
        negative = one(same, "negative_predictive_value_at", {}, curve=curve)
        assert negative.value == pytest.approx(right / (right + missed), abs=1e-12)
        flags = one(same, "alerts_per_100", {}, curve=curve)
        assert flags.value == pytest.approx(100 * (hits + alarms), abs=1e-9)
        assert flags.interval.low < flags.value < flags.interval.high


def test_features_that_know_the_population_tell_it(mortality, other):
    def features(info):
        stream = np.random.default_rng(len(info.name))
        values = stream.normal(1.0 * (info.name == "other"), 1, (info.n, 3)).astype(np.float32)
        return pd.DataFrame(
            {"sample_id": info.frame["sample_id"], "status": "ok", "reason": "", "embedding": list(values)}
        )

    found = measured(mortality, *other, options(features="my_features:make"), features)
    told = one(found, "input_shift", variant="features")
    assert told.interval.low > 0.7
    plain = one(found, "input_shift", variant="model score")
    assert plain.interval.low <= 0.5 <= plain.interval.high


def test_a_small_population_is_said_to_be_small(mortality, other):
    frame, score = other
    found = measured(mortality, frame.iloc[:12], score[:12])
    for metric in ("outcome_shift", "estimated_prevalence"):
        (value,) = [m for m in found if m.metric == metric and m.estimand == "value"]
        assert value.status == "not_measured"
        assert "12" in value.reason
    assert one(found, "sensitivity", {}, **ON).status == "not_measured"


def test_populations_with_common_patients_are_refused(mortality, other):
    frame, score = other
    shared = pd.concat([frame, mortality.test.frame.iloc[:3]])
    with pytest.raises(InputError, match="share 3 patients"):
        measured(mortality, shared, np.append(score, [0.1] * 3))
    context = mortality.context(options(to=["again"]))
    again = replace(mortality.test, name="again", clustered=False)
    context = replace(context, datasets={**context.datasets, "again": again})
    with pytest.raises(InputError, match="share their content"):
        list(EVALUATOR.needs(context))


def test_options_that_make_no_sense_are_refused(mortality, other):
    with pytest.raises(InputError, match="has no attribute 'age_band'"):
        measured(mortality, *other, options(attributes=["age_band"]))
    for wrong in ({"to": []}, {"prevalences": [0.0]}, {"to": ["other", "other"]}, {"permutations": 10}):
        with pytest.raises(ValidationError):
            options(**wrong)
