"""Data efficiency on real patients: nested parts, the probe against scikit-learn, fits, curves and comparisons."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nhefs_predictions import FEATURES, Tables, nhefs
from pydantic import ValidationError
from sklearn.metrics import roc_auc_score

from evaluators.data_efficiency import DESCRIPTOR, DataEfficiencyOptions
from evaluators.data_efficiency.descriptors import FIT
from evaluators.data_efficiency.subsets import nested_subset
from governance.errors import InputError
from governance.harness.protocols import CollectionContext, EvaluationContext, Need
from governance.spec.model import Settings, SubjectSpec

EVALUATOR, COLLECTOR = DESCRIPTOR.load(), FIT.load()
OPTIONS = DataEfficiencyOptions(
    train_on="train",
    test_on="test",
    fractions=(1, 20, 100),
    seeds=(0, 1, 2),
    arms={"all-features": {"features": "own:everything"}, "age-only": {"trainer": "own_trainer:age_only"}},
    groups=("sex",),
)
TRAINER = '''
import numpy as np

def age_only(dataset, indices, test, *, seed, device):
    """Rank by age, with noise that gets smaller with more data."""
    noise = np.random.default_rng(seed).normal(0, 30 / np.sqrt(len(indices)), len(test.table))
    return 1 / (1 + np.exp(-(test.table["age_years"].to_numpy() - 50 + noise) / 10))

def wrong(dataset, indices, test, *, seed, device):
    return np.full(3, 0.5)
'''


class Table:
    """A dataset of a table alone."""

    def __init__(self, table):
        self.table = table


@pytest.fixture(scope="module")
def setting(mortality, tmp_path_factory):
    """Two datasets of real patients, the validation part training, with their features as embeddings."""
    base = tmp_path_factory.mktemp("spec")
    (base / "own_trainer.py").write_text(TRAINER)
    raw = nhefs().assign(sample_id=lambda frame: frame["seqn"].astype(int).astype(str)).set_index("sample_id")
    infos = {"train": replace(mortality.validation, name="train", role="training"), "test": mortality.test}
    datasets, tables = {}, {}
    for name, info in infos.items():
        rows = raw.loc[info.frame["sample_id"], FEATURES].to_numpy(dtype=np.float32)
        table = pd.DataFrame({"sample_id": info.frame["sample_id"], "status": "ok", "reason": ""})
        table["embedding"] = list(rows)
        tables[Need.of("embed", name, extractor="own:everything").id] = table
        datasets[name] = (Table(info.frame.assign(age_years=rows[:, 0])), info)
    subject = SubjectSpec(name="mortality-risk", version="1", kind="recorded")

    def collection(dataset="train"):
        return CollectionContext(
            dataset=datasets[dataset][0],
            info=datasets[dataset][1],
            datasets=datasets,
            subject=subject,
            base=Path(base),
            device="cpu",
            settings=Settings(),
            tables=tables,
            open_subject=None,
        )

    def evaluation(options=OPTIONS, **more):
        return EvaluationContext(
            options=options, subject=subject, datasets={**infos, **more}, settings=Settings(), requests=()
        )

    return collection, evaluation, tables


def fits(setting, options=OPTIONS):
    collection, evaluation, _ = setting
    found = {}
    for need in EVALUATOR.needs(evaluation(options)):
        if need.collector == "fit":
            shards = COLLECTOR.shards(need, collection())
            found[need.id] = pd.concat([COLLECTOR.collect(need, shard, collection()) for shard in shards])
    return Tables(found)


@pytest.fixture(scope="module")
def observed(setting):
    return fits(setting)


@pytest.fixture(scope="module")
def found(setting, observed):
    return list(EVALUATOR.measure(observed, setting[1]()))


def one(found, **about):
    about = {"estimand": "mean", "slice": {}, "seed": None, **about}
    rows = [m for m in found if all(getattr(m, key) == value for key, value in about.items())]
    assert len(rows) == 1, (about, len(rows))
    return rows[0]


PATIENTS = st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=5, max_size=120)


@given(PATIENTS, st.integers(0, 9), st.tuples(st.floats(1, 100), st.floats(1, 100)))
@settings(deadline=None)
def test_a_smaller_part_is_inside_a_larger_one_and_no_patient_is_split(rows, seed, percents):
    clusters, target = [f"p{patient}" for patient, _ in rows], [float(label) for _, label in rows]
    small, large = (set(nested_subset(target, clusters, percent, seed).rows) for percent in sorted(percents))
    assert small <= large
    for part in (small, large):
        inside = {clusters[row] for row in part}
        assert part == {row for row, patient in enumerate(clusters) if patient in inside}


@given(PATIENTS, st.integers(0, 9))
@settings(deadline=None)
def test_the_whole_is_the_whole_and_the_order_of_the_rows_does_not_matter(rows, seed):
    clusters, target = np.array([f"p{patient}" for patient, _ in rows]), np.array([float(label) for _, label in rows])
    assert len(nested_subset(target, clusters, 100, seed).rows) == len(rows)
    order = np.random.default_rng(seed).permutation(len(rows))
    part = {clusters[row] for row in nested_subset(target, clusters, 30, seed).rows}
    again = {clusters[order][row] for row in nested_subset(target[order], clusters[order], 30, seed).rows}
    assert part == again


def test_parts_keep_the_share_of_affected_patients_and_differ_between_seeds(mortality):
    frame = mortality.validation.frame
    target, clusters = frame["target"].to_numpy(), frame["cluster"].to_numpy(dtype=str)
    parts = [nested_subset(target, clusters, 20, seed).rows for seed in range(3)]
    for part in parts:
        assert target[list(part)].mean() == pytest.approx(target.mean(), abs=0.01)
    assert len({frozenset(part) for part in parts}) == 3


def test_needs_put_features_before_the_fits_that_use_them(setting):
    needs = list(EVALUATOR.needs(setting[1]()))
    assert [need.collector for need in needs] == ["embed", "embed", "fit", "fit"]
    assert needs[2].builds_on == (needs[0], needs[1])
    assert needs[3].builds_on == ()


def test_heads_of_an_arm_are_one_shard_other_fits_one_each_and_all_give_the_same_again(setting):
    collection, evaluation, _ = setting
    probes, trained = list(EVALUATOR.needs(evaluation()))[2:]
    whole = COLLECTOR.shards(probes, collection())
    assert len(whole) == 1
    first = COLLECTOR.collect(probes, whole[0], collection())
    assert first.equals(COLLECTOR.collect(probes, whole[0], collection()))
    assert list(dict.fromkeys(zip(first["fraction"], first["seed"], strict=True)))[4] == (0.2, 1)
    shards = COLLECTOR.shards(trained, collection())
    assert len({shard.name for shard in shards}) == 9
    one = COLLECTOR.collect(trained, shards[4], collection())
    assert one.equals(COLLECTOR.collect(trained, shards[4], collection()))
    assert (one["fraction"].iloc[0], one["seed"].iloc[0]) == (0.2, 1)
    assert len(shards[4].indices) == one["n_train"].iloc[0]


def test_a_part_without_a_class_is_not_measured_and_says_why(setting):
    options = OPTIONS.model_copy(update={"fractions": (0.1, 100.0)})
    found = list(EVALUATOR.measure(fits(setting, options), setting[1](options)))
    point = one(found, variant="age-only", fraction=0.001)
    assert point.status == "not_measured"
    assert point.reason == "seed 0: 0.1 % of the training patients (0) hold no sample at all"
    assert one(found, variant="age-only", fraction=0.001, estimand="value", seed=1).status == "not_measured"


def test_each_fit_agrees_with_scikit_learn_and_has_no_interval_of_its_own(mortality, observed, setting, found):
    need = list(EVALUATOR.needs(setting[1]()))[2]
    rows = observed.table(need).query("fraction == 0.2 and seed == 1")
    single = one(found, variant="all-features", fraction=0.2, estimand="value", seed=1)
    assert single.value == pytest.approx(roc_auc_score(mortality.test.frame["target"], rows["score"]), abs=1e-9)
    assert single.interval is None
    assert single.interval_reason == "one fit; the interval is on the mean over seeds"


def test_the_mean_over_seeds_has_an_interval_with_more_data_better(found):
    points = [one(found, variant="all-features", fraction=fraction) for fraction in (0.2, 1.0)]
    for point in points:
        singles = [m.value for m in found if m.seed is not None and m.variant == point.variant]
        assert min(singles) <= point.value <= max(singles)
        assert point.interval.low < point.value < point.interval.high
    assert points[1].value > points[0].value - 0.02


def test_arms_are_compared_on_the_same_parts_and_samples(found):
    difference = one(found, estimand="difference", variant="age-only", fraction=1.0, over=None)
    assert difference.reference_variant == "all-features"
    means = [one(found, variant=name, fraction=1.0).value for name in ("age-only", "all-features")]
    assert difference.value == pytest.approx(means[0] - means[1], abs=1e-12)
    assert difference.interval.low < difference.value < difference.interval.high


def test_groups_have_their_own_curve_and_their_gap_at_every_fraction(found):
    for fraction in (0.2, 1.0):
        values = {
            group: one(found, variant="all-features", fraction=fraction, slice={"sex": group}).value
            for group in ("female", "male")
        }
        gap = one(
            found,
            estimand="difference",
            variant="all-features",
            fraction=fraction,
            slice={"sex": "male"},
            over="sex",
        )
        assert gap.reference == {"sex": "female"}
        assert gap.value == pytest.approx(values["male"] - values["female"], abs=1e-12)


def test_every_measurement_answers_another_question(found):
    assert len({m.id for m in found}) == len(found)


def test_a_trainer_that_returns_something_else_is_refused(setting):
    options = OPTIONS.model_copy(
        update={
            "arms": DataEfficiencyOptions.model_validate(
                {"train_on": "train", "test_on": "test", "arms": {"bad": {"trainer": "own_trainer:wrong"}}}
            ).arms
        }
    )
    with pytest.raises(InputError, match=r"must return 651 probabilities.*shape \(3,\)"):
        fits(setting, options)


def test_patients_that_both_train_and_judge_are_refused(setting, mortality):
    leaky = replace(
        mortality.validation,
        name="train",
        frame=pd.concat([mortality.validation.frame, mortality.test.frame.iloc[:3]], ignore_index=True),
    )
    with pytest.raises(InputError, match="share 3 patients"):
        list(EVALUATOR.needs(setting[1](train=leaky)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"test_on": "train"},
        {"fractions": (20, 10)},
        {"fractions": (0, 10)},
        {"seeds": (1, 1)},
        {"arms": {}},
        {"arms": {"a": {}}},
        {"arms": {"a": {"features": "a:b", "trainer": "a:b"}}},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong):
    content = {"train_on": "train", "test_on": "test", "arms": {"a": {"trainer": "own:f"}}, **wrong}
    with pytest.raises(ValidationError):
        DataEfficiencyOptions(**content)
