"""Proxy groups on features of real patients: against scikit-learn and SciPy, on planted groups, and without any."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from nhefs_predictions import FEATURES, Tables, dataset_info, nhefs
from pydantic import ValidationError
from scipy import stats
from scipy.stats.contingency import association
from sklearn import metrics as sk

from evaluators.fairness import DESCRIPTOR, FairnessOptions
from evaluators.fairness.proxies.clustering import UNASSIGNED, Clustering, Stability, by_size, stability
from evaluators.fairness.proxies.options import METRICS, ProxyOptions
from evaluators.fairness.proxies.part import PROXY_GROUP, UNASSIGNED_NAME
from governance.datasets.protocol import NOT_RECORDED
from governance.errors import CannotRunError, InputError
from governance.harness.protocols import Need

EVALUATOR = DESCRIPTOR.load()
PROXIES = {"groups": 3, "components": 8, "validate_against": ("sex", "age")}
OWN = {metric.name for metric in METRICS}


@pytest.fixture(scope="module")
def features(mortality):
    """Standardised measurements of the patients of each dataset, in its order."""
    raw = nhefs().assign(sample_id=lambda frame: frame["seqn"].astype(int).astype(str)).set_index("sample_id")
    found = {}
    for name, info in (("test", mortality.test), ("validation", mortality.validation)):
        values = raw.loc[info.frame["sample_id"], FEATURES].to_numpy(dtype=np.float32)
        found[name] = (values - values.mean(axis=0)) / values.std(axis=0)
    return found


def embedded(info, values):
    table = pd.DataFrame({"sample_id": info.frame["sample_id"], "status": "ok", "reason": ""})
    table["embedding"] = list(values)
    return table


def measured(mortality, tables, proxies=PROXIES, info=None):
    options = FairnessOptions(on="test", operating_point={"threshold": 0.2}, proxies=proxies)
    context = mortality.context(options, kind="torch")
    if info is not None:
        context = replace(context, datasets={**context.datasets, "test": info})
    needs = {need.id for need in EVALUATOR.needs(context)}
    observed = dict(mortality.observations().tables)
    for name, table in tables.items():
        observed[Need.of("embed", name).id] = table
    assert needs <= set(observed)
    return [m for m in EVALUATOR.measure(Tables(observed), context) if m.metric in OWN]


@pytest.fixture(scope="module")
def found(mortality, features):
    return measured(mortality, {"test": embedded(mortality.test, features["test"])})


def one(found, metric, group=None, estimand="value", **about):
    rows = [
        m
        for m in found
        if m.metric == metric
        and m.estimand == estimand
        and (group is None or m.slice == {PROXY_GROUP: group})
        and all(getattr(m, key) == value for key, value in about.items())
    ]
    assert len(rows) == 1, (metric, group, estimand, about, len(rows))
    return rows[0]


def labels_of(features, seed=0):
    return Clustering("kmeans", 3, 30, 8).labels(np.asarray(features["test"], dtype=np.float64), seed=seed)


def test_every_metric_says_that_it_is_a_screen_and_no_demographic_claim():
    for metric in METRICS:
        assert "exploratory screen" in metric.does_not_show
        assert "bound nothing" in metric.does_not_show
        assert "no demographic groups" in metric.does_not_show


def test_equal_input_gives_equal_evidence(mortality, features, found):
    again = measured(mortality, {"test": embedded(mortality.test, features["test"])})
    assert [m.model_dump_json() for m in again] == [m.model_dump_json() for m in found]
    assert {m.metric for m in found} == OWN


def test_groups_are_numbered_by_size_and_hold_everyone(mortality, features, found):
    counts = np.bincount(labels_of(features))[1:]
    shares = [one(found, "proxy_group_share", g) for g in "123"]
    assert [m.events for m in shares] == list(counts) == sorted(counts, reverse=True)
    assert sum(m.events for m in shares) == mortality.test.n
    assert all(m.interval.low < m.value < m.interval.high for m in shares)


@pytest.mark.parametrize("group", ["1", "2", "3"])
def test_values_of_a_group_agree_with_scikit_learn(mortality, features, found, group):
    inside = labels_of(features) == int(group)
    target, score = mortality.test.frame["target"].to_numpy()[inside], mortality.scores["test"][inside]
    expected = {
        "proxy_group_prevalence": target.mean(),
        "proxy_group_sensitivity": sk.recall_score(target, score >= 0.2),
        "proxy_group_specificity": sk.recall_score(target, score >= 0.2, pos_label=0),
        "proxy_group_auroc": sk.roc_auc_score(target, score),
    }
    measured_here = {name: one(found, name, group) for name in expected}
    for name, value in expected.items():
        m = measured_here[name]
        if m.status == "measured":
            assert m.value == pytest.approx(value, abs=1e-9)
            assert m.method.parameters["groups_by"] == "k-means, 3 groups, on 8 principal components"
        else:
            assert "too few patients with the condition" in m.reason
    assert measured_here["proxy_group_specificity"].status == "measured"


def test_the_worst_group_is_the_lowest_and_allows_for_having_looked_at_all(found):
    values = [m.value for m in found if m.metric == "proxy_group_specificity" and m.estimand == "value"]
    worst = one(found, "proxy_group_specificity", estimand="worst", over=PROXY_GROUP)
    assert worst.value == min(values)
    assert worst.simultaneous.low < worst.interval.low
    assert "3 groups" in worst.simultaneous.family


def test_no_difference_between_proxy_groups_is_claimed(found):
    assert {m.estimand for m in found} == {"value", "worst"}


@pytest.mark.parametrize("attribute", ["sex", "age"])
def test_validity_agrees_with_scipy_and_scikit_learn(mortality, features, found, attribute):
    labels, known = labels_of(features), mortality.test.frame[attribute].to_numpy()
    table = pd.crosstab(labels, known).to_numpy()
    v = one(found, "proxy_group_cramers_v", curve={"attribute": attribute})
    information = one(found, "proxy_group_mutual_information", curve={"attribute": attribute})
    assert v.value == pytest.approx(association(table), abs=1e-9)
    assert information.value == pytest.approx(sk.adjusted_mutual_info_score(known, labels), abs=1e-9)
    for m in (v, information):
        assert m.n == mortality.test.n
        assert m.interval.low < m.value < m.interval.high


def test_groups_of_measurements_follow_age_since_age_is_one_of_them(found):
    assert one(found, "proxy_group_cramers_v", curve={"attribute": "age"}).interval.low > 0.3


def test_groups_that_are_an_attribute_are_fully_associated_and_nothing_is_claimed_to_be_certain(mortality, features):
    labels = labels_of(features)
    frame = mortality.test.frame.assign(site=[f"site {label}" for label in labels])
    found = measured(mortality, {"test": embedded(mortality.test, features["test"])},
                     {**PROXIES, "validate_against": ("site",)}, info=dataset_info(frame, "test"))  # fmt: skip
    v, information = one(found, "proxy_group_cramers_v"), one(found, "proxy_group_mutual_information")
    assert (v.value, information.value) == pytest.approx((1, 1))
    assert v.interval.low < 1
    assert information.interval is None
    assert "same whichever patients are drawn" in information.interval_reason


def test_an_attribute_with_one_group_has_no_association(mortality, features):
    info = dataset_info(mortality.test.frame.assign(site="A"), "test")
    tables = {"test": embedded(mortality.test, features["test"])}
    found = measured(mortality, tables, {**PROXIES, "validate_against": ("site",)}, info=info)
    assert (
        one(found, "proxy_group_mutual_information").reason == "an association needs at least two groups on either side"
    )


def planted(n=80, seed=0):
    generator = np.random.default_rng(seed)
    centres = np.zeros((3, 20))
    centres[1, 0] = centres[2, 1] = 12
    sizes = (3 * n, 2 * n, n)
    truth = np.repeat([1, 2, 3], sizes)
    shuffled = generator.permutation(len(truth))
    values = centres[truth - 1] + generator.normal(size=(len(truth), 20))
    return values[shuffled], truth[shuffled]


@pytest.mark.parametrize("method", ["kmeans", "hdbscan", "tsne_dbscan"])
def test_every_method_finds_groups_that_are_there(method):
    values, truth = planted()
    clustering = Clustering(method, 3, 40, 10)
    labels = clustering.labels(values, seed=0)
    assigned = labels != UNASSIGNED
    assert assigned.mean() > 0.6
    assert sk.adjusted_rand_score(truth[assigned], labels[assigned]) > 0.99
    assert list(labels) == list(clustering.labels(values, seed=0))


def test_only_kmeans_places_samples_that_it_has_not_seen():
    values, _ = planted()
    others, others_truth = planted(n=60, seed=1)
    labels = Clustering("kmeans", 3, 40, 10).labels(values, others, seed=0)
    assert list(labels) == list(others_truth)
    with pytest.raises(ValueError, match="cannot place"):
        Clustering("hdbscan", 3, 40, 10).labels(values, others, seed=0)


def test_numbering_by_size_puts_ties_in_the_order_of_the_samples_and_noise_at_zero():
    assert list(by_size([7, -1, 2, 2, 9, 7, -1])) == [1, 0, 2, 2, 3, 1, 0]


def test_stability_is_full_for_planted_groups_and_low_for_noise():
    values, _ = planted()
    patients = np.arange(len(values)) // 3
    clear = stability(Clustering("kmeans", 3, 40, 10), values, patients, None, seeds=4, seed=0)
    assert clear.value == pytest.approx(1)
    with pytest.raises(ValueError, match="all pairs of fits agree alike"):
        clear.interval(0.95)
    noise = np.random.default_rng(0).normal(size=(600, 20))
    vague = stability(Clustering("kmeans", 4, 40, 20), noise, np.arange(600), None, seeds=5, seed=0)
    assert vague.value < 0.5
    assert vague.interval(0.95).high < 1


def test_the_interval_of_the_stability_is_the_jackknife_of_a_mean_over_pairs():
    generator = np.random.default_rng(5)
    agreement = np.eye(6)
    for i, j in combinations(range(6), 2):
        agreement[i, j] = agreement[j, i] = generator.uniform(0.5, 0.9)
    without = []
    for left_out in range(6):
        kept = [i for i in range(6) if i != left_out]
        without.append(np.mean([agreement[i, j] for i, j in combinations(kept, 2)]))
    error = np.sqrt(5 / 6 * np.sum((np.array(without) - np.mean(without)) ** 2))
    found = Stability(agreement).interval(0.95)
    half = stats.t.ppf(0.975, 5) * error
    assert (found.low, found.high) == pytest.approx((Stability(agreement).value - half, min(1, found.low + 2 * half)))


def test_the_stability_of_the_groups_of_real_patients_has_an_interval_or_a_reason(found):
    m = one(found, "proxy_group_stability")
    assert 0 < m.value <= 1
    assert m.method.parameters["pairs"] == 10
    assert m.interval is not None or "agree alike" in m.interval_reason


def test_samples_without_features_are_a_visible_group_outside_of_the_comparison(mortality, features):
    table = embedded(mortality.test, features["test"])
    table.loc[:99, ["status", "reason"]] = ["rejected", "unreadable"]
    table.loc[:99, "embedding"] = None
    found = measured(mortality, {"test": table})
    assert one(found, "proxy_group_share", NOT_RECORDED).events == 100
    assert one(found, "proxy_group_specificity", NOT_RECORDED).status == "measured"
    assert one(found, "proxy_group_specificity", estimand="worst").slice != {PROXY_GROUP: NOT_RECORDED}
    assert one(found, "proxy_group_cramers_v", curve={"attribute": "sex"}).method.parameters[
        "not_recorded_left_out"
    ] == 100  # fmt: skip


def test_samples_without_a_group_are_shown_and_can_be_the_worst(mortality, features):
    proxies = {"method": "hdbscan", "components": 8, "smallest_group": 40}
    found = measured(mortality, {"test": embedded(mortality.test, features["test"])}, proxies)
    names = {m.slice[PROXY_GROUP] for m in found if m.metric == "proxy_group_share"}
    assert UNASSIGNED_NAME in names
    assert sum(m.events for m in found if m.metric == "proxy_group_share") == mortality.test.n


def test_groups_can_be_found_in_another_dataset(mortality, features):
    tables = {name: embedded(getattr(mortality, name), features[name]) for name in ("test", "validation")}
    found = measured(mortality, tables, {**PROXIES, "fit_on": "validation"})
    expected = Clustering("kmeans", 3, 30, 8).labels(
        features["validation"].astype(float), features["test"].astype(float), seed=0
    )
    shares = [one(found, "proxy_group_share", g) for g in "123"]
    assert [m.events for m in shares] == list(np.bincount(expected)[1:])
    assert shares[0].method.parameters["groups_found_in"] == "validation"


def test_too_few_patients_give_a_reason_and_no_group(mortality, features):
    table = embedded(mortality.test, features["test"])
    table.loc[20:, ["status", "reason"]] = ["rejected", "unreadable"]
    table.loc[20:, "embedding"] = None
    found = measured(mortality, {"test": table})
    assert found
    assert all(m.status == "not_measured" for m in found)
    assert "too few patients with features in 'test': 20, at least 30" in found[0].reason


@pytest.mark.parametrize("method", ["kmeans", "hdbscan", "tsne_dbscan"])
def test_features_that_are_all_alike_give_a_reason_and_no_group(mortality, method):
    """A network that has collapsed gives everyone the same; a map of equal points is not even defined."""
    table = embedded(mortality.test, np.ones((mortality.test.n, 4)))
    found = measured(mortality, {"test": table}, {"method": method, "validate_against": ("sex",)})
    assert {m.reason for m in found} == {"all samples have the same features"}
    assert list(Clustering(method, 3, 40, 4).labels(np.ones((50, 4)), seed=0)) == [1] * 50


def test_features_that_are_no_finite_numbers_are_as_if_missing(mortality, features):
    values = features["test"].copy()
    values[:70, 2] = np.nan
    values[70:100, 0] = np.inf
    found = measured(mortality, {"test": embedded(mortality.test, values)})
    assert one(found, "proxy_group_share", NOT_RECORDED).events == 100
    with pytest.raises(CannotRunError, match="no sample of dataset 'test' has features that are finite"):
        measured(mortality, {"test": embedded(mortality.test, values * np.nan)})


def test_features_without_a_column_are_refused(mortality):
    table = embedded(mortality.test, np.zeros((mortality.test.n, 0)))
    with pytest.raises(InputError, match="the features of dataset 'test' have no column"):
        measured(mortality, {"test": table})


@pytest.mark.parametrize(
    ("proxies", "message"),
    [
        ({"method": "hdbscan", "groups": 4}, "finds their number"),
        ({"method": "tsne_dbscan", "fit_on": "validation"}, "cannot place samples"),
        ({"smallest_group": 40}, "goes with `method: hdbscan`"),
        ({"seeds": 1}, "greater than or equal to 3"),
        ({"k": 4}, "Extra inputs"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(proxies, message):
    with pytest.raises(ValidationError, match=message):
        ProxyOptions(**proxies)


@pytest.mark.parametrize(
    ("proxies", "message"),
    [({"validate_against": ("scanner",)}, "no attribute 'scanner'"), ({"fit_on": "train"}, "unknown dataset 'train'")],
)
def test_names_that_the_spec_lacks_are_refused(mortality, proxies, message):
    options = FairnessOptions(on="test", proxies=proxies)
    with pytest.raises(InputError, match=message):
        list(EVALUATOR.needs(mortality.context(options, kind="torch")))
