"""Permutation tests between groups: the statistic, the p-values and their adjustment, against SciPy and statsmodels."""

import numpy as np
import pytest
from nhefs_predictions import Tables, dataset_info, predictions
from pydantic import ValidationError
from scipy import stats
from statsmodels.stats.multitest import multipletests

from evaluators.fairness import DESCRIPTOR, FairnessOptions
from evaluators.fairness.hypotheses.options import TESTED, HypothesisOptions
from governance.errors import InputError
from governance.harness.protocols import Need
from governance.statistics.group_bootstrap import bootstrapped_aurocs, bootstrapped_ratios

EVALUATOR = DESCRIPTOR.load()
THRESHOLD = 0.25
SCORES = ("prevalence", "rejected_rate", "brier_score", "calibration_in_the_large", "auroc")


def of(*pairs):
    return [{"metric": metric, "over": over} for metric, over in pairs]


def options_of(**hypotheses):
    return FairnessOptions(
        on="test", groups=("sex",), operating_point={"threshold": THRESHOLD}, hypotheses=hypotheses, compare=()
    )


def measured(mortality, frame=None, table=None, **hypotheses):
    """Results by what is tested and the attribute."""
    hypotheses = {"replicates": 999, **hypotheses}
    context = mortality.context(options_of(**hypotheses))
    if frame is not None:
        datasets = {**context.datasets, "test": dataset_info(frame, "test")}
        context = type(context)(**{**context.__dict__, "datasets": datasets})
    if table is None:
        table = predictions(mortality.test.frame, mortality.scores["test"])
    assert [need.id for need in EVALUATOR.needs(context)] == [Need.of("predict", "test").id]
    made = list(EVALUATOR.measure(Tables({Need.of("predict", "test").id: table}), context))
    assert len({m.id for m in made}) == len(made)
    found = {(m.curve["metric"], m.over): m for m in made if m.metric == "permutation_test"}
    assert len(found) == len(hypotheses.get("declared", ())) + len(hypotheses.get("explored", ()))
    return found


def outcomes(mortality, metric, group):
    """What is averaged by a metric, for one sex, one sample a patient."""
    frame, score = mortality.test.frame, mortality.scores["test"]
    positive, flagged = frame["target"].to_numpy() == 1, score >= THRESHOLD
    values, among = {
        "prevalence": (positive, positive | True),
        "sensitivity": (flagged, positive),
        "specificity": (~flagged, ~positive),
        "positive_predictive_value": (positive, flagged),
        "negative_predictive_value": (~positive, ~flagged),
        "false_positive_rate": (flagged, ~positive),
        "false_negative_rate": (~flagged, positive),
        "classification_accuracy": (flagged == positive, positive | True),
        "selection_rate": (flagged, positive | True),
        "brier_score": ((score - positive) ** 2, positive | True),
        "calibration_in_the_large": (positive - score, positive | True),
    }[metric]
    return values[among & (frame["sex"] == group).to_numpy()].astype(float)


def test_the_statistic_of_a_share_or_mean_is_that_of_welch(mortality):
    names = [metric.name for metric in TESTED if metric.name not in ("auroc", "rejected_rate")]
    found = measured(mortality, declared=of(*((name, "sex") for name in names)))
    for name in names:
        m, female, male = found[name, "sex"], outcomes(mortality, name, "female"), outcomes(mortality, name, "male")
        expected = stats.ttest_ind(female, male, equal_var=False).statistic
        assert m.value == pytest.approx(abs(expected), abs=1e-9), name
        assert m.n == female.size + male.size
        assert m.n_clusters == m.n
        assert m.method.parameters["gap"] == pytest.approx(abs(female.mean() - male.mean()), abs=1e-9)
        higher = "female above male" if female.mean() > male.mean() else "male above female"
        assert m.method.parameters["furthest_apart"] == higher
        assert m.interval is None
        assert "estimates nothing" in m.interval_reason
        assert (m.operating_point is None) == (name in SCORES)


@pytest.mark.parametrize("metric", ["sensitivity", "brier_score"])
def test_the_p_value_is_that_of_scipys_permutation_of_the_same_statistic(mortality, metric):
    pair = [outcomes(mortality, metric, sex) for sex in ("female", "male")]
    expected = stats.permutation_test(
        pair,
        lambda a, b, axis: np.abs(stats.ttest_ind(a, b, equal_var=False, axis=axis).statistic),
        n_resamples=4999,
        vectorized=True,
        alternative="greater",
        rng=np.random.default_rng(3),
    ).pvalue
    m = measured(mortality, declared=of((metric, "sex")), replicates=4999)[metric, "sex"]
    assert m.p_value == m.method.parameters["p_value_not_adjusted"]
    error = np.sqrt(2 * expected * (1 - expected) / 4999)
    assert m.p_value == pytest.approx(expected, abs=4 * error)


def test_p_values_are_adjusted_within_their_family(mortality):
    declared = of(("sensitivity", "sex"), ("specificity", "age"), ("selection_rate", "sex"), ("auroc", "race"))
    explored = of(("auroc", "sex"), ("selection_rate", "age"), ("brier_score", "sex"), ("brier_score", "sex x race"))
    found = measured(mortality, declared=declared, explored=explored)
    for family, written, method, name in (
        ("declared", declared, "holm", "Holm over 4 declared tests"),
        ("explored", explored, "fdr_bh", "Benjamini-Hochberg over 4 explored tests"),
    ):
        here = [found[one["metric"], one["over"]] for one in written]
        raw = [m.method.parameters["p_value_not_adjusted"] for m in here]
        expected = multipletests(raw, method=method)[1]
        np.testing.assert_allclose([m.p_value for m in here], expected, atol=1e-12)
        assert max(m.p_value - p for m, p in zip(here, raw, strict=True)) > 0, "adjusting changes something"
        assert {m.curve["family"] for m in here} == {family}
        assert all(m.test.endswith(name) for m in here)
    assert "999 permutations of patients" in found["auroc", "sex"].test
    assert found["specificity", "age"].p_value == pytest.approx(0.004), "4 / 1000: no permutation reaches it"
    assert found["brier_score", "sex x race"].method.parameters["groups"].count(" x ") >= 1


def test_a_test_that_cannot_be_made_stays_in_its_family(mortality):
    frame = mortality.test.frame.assign(small=np.where(np.arange(mortality.test.n) < 5, "few", "many"))
    found = measured(mortality, frame, declared=of(("specificity", "sex"), ("specificity", "small")))
    assert found["specificity", "small"].reason.startswith("fewer than two groups are large enough")
    assert "few: too few patients" in found["specificity", "small"].reason
    assert found["specificity", "small"].p_value is None
    m = found["specificity", "sex"]
    assert m.p_value == pytest.approx(min(1, 2 * m.method.parameters["p_value_not_adjusted"]))
    assert m.test.endswith("Holm over 2 declared tests, 1 of which could not be made and count as p = 1")


def test_small_groups_and_those_not_recorded_are_left_out_and_named(mortality):
    n = mortality.test.n
    site = np.array(["north", "south"])[np.arange(n) % 2].astype(object)
    site[:4], site[4:60] = "tiny", "not recorded"
    frame = mortality.test.frame.assign(site=site)
    m = measured(mortality, frame, explored=of(("selection_rate", "site")))["selection_rate", "site"]
    assert m.n == n - 60
    assert m.method.parameters["groups"] == "north, south"
    assert m.method.parameters["groups_left_out"].startswith("tiny: too few patients: 4")


def test_where_groups_share_patients_that_cannot_be_permuted_patients_are_drawn(mortality):
    n = mortality.test.n
    cluster = (np.arange(n) // 2).astype(str)
    scanner = np.where(np.arange(n) // 2 % 2, "a", "b").astype(object)
    scanner[1:40:2] = "b"
    frame = mortality.test.frame.assign(cluster=cluster, scanner=scanner)
    found = measured(mortality, frame, declared=of(("selection_rate", "scanner"), ("auroc", "scanner")))
    flagged, target = mortality.scores["test"] >= THRESHOLD, mortality.test.frame["target"]
    expected = {
        "selection_rate": bootstrapped_ratios(flagged, np.ones(n), scanner, cluster, replicates=999, seed=0),
        "auroc": bootstrapped_aurocs(mortality.scores["test"], target, scanner, cluster, replicates=999, seed=0),
    }
    for metric, test in expected.items():
        m = found[metric, "scanner"]
        assert m.value == pytest.approx(test.statistic, abs=1e-9)
        assert m.method.parameters["p_value_not_adjusted"] == test.p_value
        assert m.method.parameters["resampled"] == "patients"
        assert m.test.startswith("studentised cluster bootstrap, 999 replicates of patients; Holm over 2")
        assert "permuted" not in m.method.parameters


def test_an_attribute_that_varies_within_patients_is_permuted_within_them(mortality):
    n = mortality.test.n
    frame = mortality.test.frame.assign(
        cluster=(np.arange(n) // 2).astype(str), view=np.where(np.arange(n) % 2, "frontal", "lateral")
    )
    m = measured(mortality, frame, declared=of(("selection_rate", "view")))["selection_rate", "view"]
    assert m.method.parameters["permuted"] == "samples within patients"
    assert m.n_clusters == (n + 1) // 2


def test_rejected_inputs_are_tested_and_counted(mortality):
    table = predictions(mortality.test.frame, mortality.scores["test"])
    women = np.flatnonzero((mortality.test.frame["sex"] == "female").to_numpy())[:40]
    table.loc[women, ["status", "reason", "score"]] = ["rejected", "unreadable", np.nan]
    found = measured(mortality, table=table, declared=of(("rejected_rate", "sex"), ("brier_score", "sex")))
    m = found["rejected_rate", "sex"]
    assert (m.n, m.events) == (mortality.test.n, 40)
    assert m.p_value == pytest.approx(0.002)
    assert m.method.parameters["furthest_apart"] == "female above male"
    assert found["brier_score", "sex"].n == mortality.test.n - 40
    assert found["brier_score", "sex"].method.parameters["rejected"] == 40


def test_equal_input_gives_equal_evidence(mortality):
    first, again = (measured(mortality, declared=of(("auroc", "sex"), ("sensitivity", "age"))) for _ in range(2))
    assert [m.model_dump_json() for m in first.values()] == [m.model_dump_json() for m in again.values()]


def test_an_unknown_attribute_is_named(mortality):
    options = options_of(explored=of(("auroc", "sexx")))
    with pytest.raises(InputError, match=r"hypotheses\.explored\.0\.over: dataset 'test' has no attribute 'sexx'"):
        list(EVALUATOR.needs(mortality.context(options)))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({}, "`declared`, `explored` or both"),
        ({"declared": of(("sensitivty", "sex"))}, "'sensitivty' cannot be tested by permutation; .*sensitivity"),
        ({"declared": of(("f1_score", "sex"))}, "'f1_score' cannot be tested"),
        ({"declared": of(("auroc", "sex")), "explored": of(("auroc", "sex"))}, "'auroc' over 'sex' is written twice"),
        ({"declared": of(("auroc", "sex x  age")), "explored": of(("auroc", "sex x age"))}, "written twice"),
        ({"declared": of(("auroc", "sex")), "replicates": 50}, "greater than or equal to 99"),
    ],
)
def test_what_makes_no_sense_is_refused(written, message):
    with pytest.raises(ValidationError, match=message):
        HypothesisOptions.model_validate(written)
