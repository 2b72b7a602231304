"""Data efficiency from options to measurements: heads, shots, test sets, references, groups."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from fitted_worlds import EVALUATOR, Table, World, one
from nhefs_predictions import FEATURES, nhefs
from pydantic import ValidationError
from sklearn.metrics import recall_score, roc_auc_score

from evaluators.data_efficiency import DataEfficiencyOptions
from evaluators.data_efficiency.matching import first_crossing
from governance.errors import InputError
from governance.spec.model import SubjectSpec

TRAINER = """
import numpy as np

def age(dataset, indices, test, *, seed, device):
    noise = np.random.default_rng(seed).normal(0, 60 / np.sqrt(len(indices)), len(test.table))
    return 1 / (1 + np.exp(-(test.table["age_years"].to_numpy() - 50 + noise) / 10))
"""


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def smoking(mortality, tmp_path_factory):
    """Real patients: training, two test sets (by sex, as if of two sites), and one to choose thresholds on."""
    base = tmp_path_factory.mktemp("spec")
    (base / "own_arm.py").write_text(TRAINER)
    raw = nhefs().assign(sample_id=lambda frame: frame["seqn"].astype(int).astype(str)).set_index("sample_id")
    train, test = mortality.validation, mortality.test
    male = (test.frame["sex"] == "male").to_numpy()
    half = np.arange(train.n) % 2 == 0

    def part(info, name, mask):
        return replace(info, name=name, digest=f"{name}-digest", frame=info.frame[mask].reset_index(drop=True))

    infos = {
        "train": part(train, "train", half),
        "validation": part(train, "validation", ~half),
        "here": part(test, "here", ~male),
        "there": part(test, "there", male),
        "all": replace(test, name="all"),
    }
    datasets, embeddings = {}, {}
    for name, info in infos.items():
        rows = raw.loc[info.frame["sample_id"], FEATURES].to_numpy(dtype=np.float32)
        datasets[name] = Table(info.frame.assign(age_years=rows[:, 0]))
        embeddings[name] = pd.DataFrame({"sample_id": info.frame["sample_id"], "status": "ok", "reason": ""})
        embeddings[name]["embedding"] = list(rows)
    subject = SubjectSpec(name="mortality-risk", version="1", kind="recorded")
    return World(infos, datasets, embeddings, base, subject)


BINARY = DataEfficiencyOptions.model_validate(
    {
        "train_on": "train",
        "test_on": ["here", "there"],
        "fractions": [10, 30, 100],
        "seeds": [0, 1, 2],
        "arms": {
            "probe": {"features": "own:all"},
            "near": {"features": "own:all", "head": "knn", "distance": "euclidean"},
            "few": {"features": "own:all", "head": "centroid", "shots": [1, 4]},
            "age": {"trainer": "own_arm:age"},
        },
        "reference": {"arm": "age", "margin": 0.05},
        "operating_point": {"choose_on": "validation", "by": "youden"},
    }
)


@pytest.fixture(scope="module")
def binary(smoking):
    return smoking.measured(BINARY)


def test_two_test_sets_stand_side_by_side_and_each_agrees_with_scikit_learn(smoking, binary):
    observed = smoking.observed(BINARY)
    need = next(n for n in EVALUATOR.needs(smoking.context(BINARY)) if dict(n.options).get("variant") == "probe")
    rows = observed.table(need).query("fraction == 0.3")
    for test in ("here", "there"):
        truth = smoking.infos[test].frame["target"]
        values = [roc_auc_score(truth, part["score"]) for _, part in rows[rows["test"] == test].groupby("seed")]
        point = one(binary, metric="auroc", dataset=test, variant="probe", fraction=0.3)
        assert point.value == pytest.approx(np.mean(values), abs=1e-12)
        assert point.interval.low < point.value < point.interval.high
        assert "folds of patients" in point.method.parameters["chosen"]


def test_thresholds_are_chosen_for_each_fit_on_other_patients(smoking, binary):
    need = next(n for n in EVALUATOR.needs(smoking.context(BINARY)) if dict(n.options).get("variant") == "probe")
    rows = smoking.observed(BINARY).table(need).query("fraction == 1.0 and seed == 0")
    truth = smoking.infos["validation"].frame["target"].to_numpy()
    scores = rows[rows["test"] == "validation"]["score"].to_numpy()
    cuts = np.unique(scores)
    gain = [np.mean(scores[truth == 1] >= cut) + np.mean(scores[truth == 0] < cut) for cut in cuts]
    judged = rows[rows["test"] == "here"]["score"] >= cuts[int(np.argmax(gain))]
    found = one(binary, metric="sensitivity", dataset="here", variant="probe", fraction=1.0, seed=0, estimand="value")
    assert found.value == pytest.approx(recall_score(smoking.infos["here"].frame["target"], judged), abs=1e-12)
    assert found.operating_point.chosen_on == "validation"


def test_shots_have_a_curve_of_their_own(binary):
    points = [one(binary, metric="auroc", dataset="here", variant="few", curve={"shots": k}) for k in (1, 4)]
    assert all(point.fraction is None for point in points)
    assert points[0].value < points[1].value
    share = one(binary, metric="label_fraction_to_match", dataset="here", variant="few", estimand="value")
    assert share.status == "not_measured"
    assert "some patients of each class" in share.reason


def test_the_share_that_reaches_a_reference_is_the_crossing_of_the_printed_means(binary):
    for test in ("here", "there"):
        reference = one(binary, metric="auroc", dataset=test, variant="age", fraction=1.0).value - 0.05
        for arm in ("probe", "near"):
            means = [
                one(binary, metric="auroc", dataset=test, variant=arm, fraction=share).value for share in (0.1, 0.3, 1)
            ]
            expected = float(first_crossing([0.1, 0.3, 1.0], [means], reference)[0])
            found = one(
                binary,
                metric="label_fraction_to_match",
                dataset=test,
                variant=arm,
                estimand="value",
            )
            if not np.isfinite(expected):
                assert found.status == "not_measured"
                assert found.reason.startswith("not reached: auroc is at most")
                continue
            assert found.value == pytest.approx(expected, abs=1e-12)
            saved = one(binary, metric="label_savings", dataset=test, variant=arm, estimand="value")
            assert saved.value == pytest.approx(1 - expected, abs=1e-12)
            if found.interval is not None:
                assert (saved.interval.low, saved.interval.high) == pytest.approx(
                    (1 - found.interval.high, 1 - found.interval.low)
                )


@pytest.mark.parametrize(
    ("value", "state"), [(0.55, "reached at the smallest share: an upper bound"), (0.99, "not reached")]
)
def test_a_reference_that_is_reached_at_once_or_never_is_said_to_be(smoking, value, state):
    options = BINARY.model_copy(
        update={
            "arms": {"probe": BINARY.arms["probe"]},
            "test_on": "all",
            "operating_point": None,
            "reference": DataEfficiencyOptions.model_validate(
                {"train_on": "a", "test_on": "b", "arms": {"c": {"trainer": "d:e"}}, "reference": {"value": value}}
            ).reference,
        }
    )
    found = one(smoking.measured(options), metric="label_fraction_to_match", variant="probe", estimand="value")
    if state == "not reached":
        assert found.status == "not_measured"
        assert "0 of 400 resamples reach it" in found.reason
    else:
        assert (found.value, found.method.parameters["state"]) == (0.1, state)
        assert found.interval.low == 0.0


def test_groups_have_a_share_of_their_own_and_the_change_of_their_gap(smoking):
    options = BINARY.model_copy(
        update={
            "arms": {"probe": BINARY.arms["probe"], "age": BINARY.arms["age"]},
            "test_on": "all",
            "operating_point": None,
            "groups": ("sex",),
        }
    )
    found = smoking.measured(options)
    for group in ("female", "male"):
        share = one(
            found,
            metric="label_fraction_to_match",
            variant="probe",
            estimand="value",
            slice={"sex": group},
        )
        assert share.method.parameters["reference"] == "age with 100 % of the labels, less 0.05" or share.reason
    gaps = {
        share: one(
            found,
            metric="auroc",
            variant="probe",
            fraction=share,
            estimand="difference",
            over="sex",
            slice={"sex": "male"},
        ).value
        for share in (0.1, 1.0)
    }
    change = one(found, metric="gap_change", variant="probe", estimand="difference", over="sex", slice={"sex": "male"})
    assert change.value == pytest.approx(gaps[1.0] - gaps[0.1], abs=1e-12)
    assert change.interval.low < change.value < change.interval.high
    worst = [m for m in found if m.estimand == "worst" and m.variant == "probe"]
    assert [m.fraction for m in worst] == [0.1, 0.3, 1.0]


def test_labels_of_another_site_can_be_added_to_all_labels_of_this_one(smoking):
    options = DataEfficiencyOptions.model_validate(
        {
            "train_on": "train",
            "test_on": "there",
            "fractions": [20, 100],
            "seeds": [0, 1],
            "arms": {
                "target-alone": {"features": "own:all", "train_on": "validation", "regularisation": 0.1},
                "on-top": {
                    "features": "own:all",
                    "train_on": "validation",
                    "on_top_of": "train",
                    "regularisation": 0.1,
                },
                "trained": {"trainer": "own_arm:age", "train_on": "validation", "on_top_of": "train"},
            },
        }
    )
    observed = smoking.observed(options)
    needs = {dict(n.options)["variant"]: n for n in EVALUATOR.needs(smoking.context(options)) if n.collector == "fit"}
    n_source = smoking.infos["train"].n
    sizes = {name: observed.table(need).groupby("fraction")["n_train"].first() for name, need in needs.items()}
    assert (sizes["on-top"] - sizes["target-alone"]).tolist() == [n_source, n_source]
    assert sizes["trained"].tolist() == sizes["on-top"].tolist()


def test_a_subject_without_a_network_cannot_be_fine_tuned(smoking):
    options = BINARY.model_copy(
        update={
            "arms": DataEfficiencyOptions.model_validate(
                {"train_on": "a", "test_on": "b", "arms": {"tuned": {"fine_tune": {}}}}
            ).arms,
            "reference": None,
        }
    )
    with pytest.raises(InputError, match="only networks of images can be fine-tuned"):
        smoking.observed(options)


@pytest.mark.parametrize(
    "wrong",
    [
        {"arms": {"a": {"features": "own:f", "head": "knn", "regularisation": 1.0}}},
        {"arms": {"a": {"features": "own:f", "k": 3}}},
        {"arms": {"a": {"trainer": "own:f", "head": "probe"}}},
        {"arms": {"a": {"trainer": "own:f", "on_top_of": "train"}}},
        {"arms": {"a": {"trainer": "own:f", "train_on": "test"}}},
        {"arms": {"a": {"trainer": "own:f", "shots": [4, 1]}}},
        {"reference": {"arm": "b"}},
        {"reference": {"arm": "a", "value": 0.8}},
        {"reference": {"margin": 0.1}},
        {"test_on": ["test", "test"]},
        {"operating_point": {"choose_on": "test", "by": "youden"}},
    ],
)
def test_options_that_contradict_themselves_are_refused(wrong):
    content = {"train_on": "train", "test_on": "test", "arms": {"a": {"trainer": "own:f"}}, **wrong}
    with pytest.raises(ValidationError):
        DataEfficiencyOptions.model_validate(content)


def test_thresholds_must_not_be_chosen_on_the_patients_that_train_or_judge(smoking):
    for chosen in ("train", "all"):
        options = BINARY.model_copy(
            update={"operating_point": BINARY.operating_point.model_copy(update={"choose_on": chosen})}
        )
        with pytest.raises(InputError, match="share"):
            list(EVALUATOR.needs(smoking.context(options)))
