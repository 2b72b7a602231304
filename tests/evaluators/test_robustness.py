"""Robustness from recorded predictions: paired with the clean input, on the same patients."""

import numpy as np
import pytest
from nhefs_predictions import Tables, predictions
from pydantic import ValidationError
from sklearn.metrics import recall_score, roc_auc_score

from evaluators.robustness import DESCRIPTOR, RobustnessOptions
from evaluators.robustness.condition_descriptors.imagenet_c import GAUSSIAN_NOISE
from evaluators.robustness.condition_descriptors.outlines import EROSION
from evaluators.robustness.condition_descriptors.text import NEGATION
from governance.errors import InputError
from governance.evidence.model import CLEAN, Condition
from governance.harness.protocols import Need, Request
from governance.plugins import ConditionDescriptor

EVALUATOR = DESCRIPTOR.load()
MISSING = ConditionDescriptor(
    name="missing-value", title="One value missing", implementation="own:missing", severities=(1, 2)
)
OTHER = ConditionDescriptor(name="other-reader", title="Another reader", severities=(), kind="variant")
KNOWN = {"missing-value": MISSING, "other-reader": OTHER, "gaussian-noise": GAUSSIAN_NOISE, "erosion": EROSION}
OPTIONS = RobustnessOptions(
    on="test", conditions=("missing-value", "other-reader"), groups=("sex",), operating_point={"threshold": 0.25}
)


@pytest.fixture(scope="module")
def setting(mortality):
    """Scores with noise on the logit as the two severities; the variant exists for two patients in three."""
    score = mortality.scores["test"]
    stream = np.random.default_rng(11)
    logit = np.log(score / (1 - score))
    changed = {level: 1 / (1 + np.exp(-logit - stream.normal(0, level / 2, len(score)))) for level in (1, 2)}
    frame = mortality.test.frame
    has = np.arange(len(score)) % 3 > 0
    tables = {
        Need.of("predict", "test").id: predictions(frame, score),
        Need.of("predict", "test", condition=Condition(name="other-reader")).id: predictions(
            frame[has], changed[2][has]
        ),
    }
    for level in (1, 2):
        need = Need.of("predict", "test", condition=Condition(name="missing-value", severity=level))
        tables[need.id] = predictions(frame, changed[level])
    return Tables(tables), changed, has


def context(mortality, options=OPTIONS, **more):
    made = mortality.context(options, **more)
    return type(made)(**{**made.__dict__, "conditions": KNOWN})


@pytest.fixture(scope="module")
def found(mortality, setting):
    return list(EVALUATOR.measure(setting[0], context(mortality)))


def one(found, metric, condition, severity=None, **about):
    about = {"estimand": "value", "slice": {}, "variant": None, **about}
    wanted = Condition(name=condition, severity=severity)
    rows = [
        m
        for m in found
        if m.metric == metric and m.condition == wanted and all(getattr(m, key) == about[key] for key in about)
    ]
    assert len(rows) == 1, (metric, condition, about, len(rows))
    return rows[0]


def test_needs_cover_clean_and_every_severity(mortality):
    needs = list(EVALUATOR.needs(context(mortality)))
    assert [str(need.condition) for need in needs] == [
        "clean",
        "missing-value, severity 1",
        "missing-value, severity 2",
        "other-reader",
    ]


def test_values_under_a_condition_agree_with_scikit_learn(mortality, setting, found):
    target, score = mortality.test.frame["target"].to_numpy(), setting[1][2]
    assert one(found, "auroc", "missing-value", 2).value == pytest.approx(roc_auc_score(target, score), abs=1e-9)
    sensitivity = recall_score(target, score >= 0.25)
    assert one(found, "sensitivity", "missing-value", 2).value == pytest.approx(sensitivity, abs=1e-9)


@pytest.mark.parametrize("metric", ["auroc", "sensitivity", "specificity"])
def test_the_difference_is_the_change_from_clean_and_names_it(found, metric):
    change = one(found, metric, "missing-value", 1, estimand="difference")
    expected = one(found, metric, "missing-value", 1).value - one(found, metric, "clean").value
    assert change.value == pytest.approx(expected, abs=1e-12)
    assert change.reference_condition == CLEAN
    assert change.interval.low <= change.value <= change.interval.high


def test_pairing_makes_the_interval_of_the_change_narrower_than_that_of_a_value(found):
    change, value = one(found, "auroc", "missing-value", 1, estimand="difference"), one(found, "auroc", "clean")
    assert change.interval.high - change.interval.low < value.interval.high - value.interval.low


def test_flips_are_decisions_that_change(mortality, setting, found):
    expected = np.mean((setting[1][2] >= 0.25) != (mortality.scores["test"] >= 0.25))
    assert one(found, "flip_rate", "missing-value", 2).value == pytest.approx(expected, abs=1e-12)


def test_everything_is_given_per_group(found):
    for metric in ("auroc", "sensitivity", "specificity", "flip_rate", "rejected_rate"):
        assert one(found, metric, "missing-value", 1, slice={"sex": "male"}).status == "measured"


def test_a_variant_is_compared_with_clean_on_exactly_the_samples_that_have_it(mortality, setting, found):
    _, changed, has = setting
    target, score = mortality.test.frame["target"].to_numpy(), mortality.scores["test"]
    alone = one(found, "auroc", "clean", variant="samples with other-reader")
    assert alone.n == has.sum()
    assert alone.value == pytest.approx(roc_auc_score(target[has], score[has]), abs=1e-9)
    assert alone.value != one(found, "auroc", "clean").value
    change = one(found, "auroc", "other-reader", estimand="difference")
    assert change.value == pytest.approx(roc_auc_score(target[has], changed[2][has]) - alone.value, abs=1e-12)


def test_a_condition_that_changes_nothing_is_zero_with_a_width(mortality, setting):
    tables = dict(setting[0].tables)
    clean = tables[Need.of("predict", "test").id]
    tables[Need.of("predict", "test", condition=Condition(name="missing-value", severity=1)).id] = clean
    options = RobustnessOptions(on="test", conditions=("missing-value",), severities=(1,))
    found = list(EVALUATOR.measure(Tables(tables), context(mortality, options)))
    for metric in ("auroc", "sensitivity"):
        change = one(found, metric, "missing-value", 1, estimand="difference")
        assert change.value == 0
        assert change.interval.low < 0 < change.interval.high
    assert one(found, "flip_rate", "missing-value", 1).interval.high > 0


def test_inputs_rejected_under_a_condition_are_counted_and_left_out_of_the_pairs(mortality, setting):
    tables = dict(setting[0].tables)
    key = Need.of("predict", "test", condition=Condition(name="missing-value", severity=1)).id
    table = tables[key].copy()
    table.loc[:9, ["status", "reason", "score"]] = ["rejected", "unreadable", np.nan]
    tables[key] = table
    options = RobustnessOptions(on="test", conditions=("missing-value",), severities=(1,))
    found = list(EVALUATOR.measure(Tables(tables), context(mortality, options)))
    assert one(found, "rejected_rate", "missing-value", 1).events == 10
    change = one(found, "auroc", "missing-value", 1, estimand="difference")
    assert (change.n, change.method.parameters["left_out"]) == (mortality.test.n - 10, 10)


def test_a_rule_on_the_worst_group_under_a_condition_is_answered(mortality, setting, found):
    assert not [m for m in found if m.over == "race"]
    request = Request(evaluator="robustness", metric="auroc", estimand="worst", over="race", condition="missing-value")
    more = list(EVALUATOR.measure(setting[0], context(mortality, requests=(request,))))
    by_race = [one(more, "auroc", "missing-value", 2, slice={"race": group}) for group in ("white", "black or other")]
    lowest = min(by_race, key=lambda m: m.value)
    worst = one(more, "auroc", "missing-value", 2, estimand="worst", slice=lowest.slice, over="race")
    assert worst.value == lowest.value
    assert worst.simultaneous.low < lowest.interval.low


def test_a_condition_that_only_the_policy_names_is_collected(mortality):
    options = RobustnessOptions(on="test", conditions=("missing-value",), severities=(1,))
    request = Request(evaluator="robustness", metric="auroc", condition="other-reader")
    needs = list(EVALUATOR.needs(context(mortality, options, requests=(request,))))
    assert needs[-1].condition == Condition(name="other-reader")


def test_every_measurement_answers_another_question(found):
    assert len({m.id for m in found}) == len(found)


@pytest.mark.parametrize(
    ("conditions", "message"),
    [(("missing-valu",), "did you mean 'missing-value'"), (("erosion",), "makes no sense for dataset 'test'")],
)
def test_unknown_and_senseless_conditions_are_refused(mortality, conditions, message):
    with pytest.raises(InputError, match=message):
        list(EVALUATOR.needs(context(mortality, RobustnessOptions(on="test", conditions=conditions))))


def test_a_severity_that_no_scale_has_is_refused(mortality):
    options = RobustnessOptions(on="test", conditions=("missing-value",), severities=(4,))
    with pytest.raises(InputError, match="has none of"):
        list(EVALUATOR.needs(context(mortality, options)))


@pytest.mark.parametrize("conditions", [(), ("clean",), ("erosion", "erosion")])
def test_options_that_make_no_sense_are_refused(conditions):
    with pytest.raises(ValidationError):
        RobustnessOptions(on="test", conditions=conditions)


def test_a_negated_question_is_refused_and_not_scored_against_the_plain_answer(mortality):
    options = RobustnessOptions(on="test", conditions=("negation",), operating_point={"threshold": 0.25})
    made = context(mortality, options)
    about = type(made)(**{**made.__dict__, "conditions": {"negation": NEGATION}})
    with pytest.raises(InputError, match="the right answer is the opposite one") as raised:
        list(EVALUATOR.needs(about))
    assert "hallucination" in str(raised.value.hint)
