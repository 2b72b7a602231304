"""Data efficiency of several classes, and of networks that are trained on: all weights, or adapters."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from fitted_worlds import EVALUATOR, Table, World, one
from sklearn.datasets import load_digits
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from evaluators.data_efficiency import DataEfficiencyOptions
from governance.datasets.protocol import AttributeInfo, DatasetInfo
from governance.errors import InputError
from governance.spec.model import SubjectSpec


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Real handwriting, three digits, two samples a writer, and a small network."""
    x, y = load_digits(n_class=3, return_X_y=True)
    infos, datasets, embeddings = {}, {}, {}
    for name, rows in {"train": slice(0, 260), "test": slice(260, 520)}.items():
        images, target = x[rows].astype(np.float32), y[rows]
        n = len(target)
        frame = pd.DataFrame({"sample_id": [f"{name}{row}" for row in range(n)], "target": target.astype(float)})
        frame["cluster"] = [f"{name}-{row // 2}" for row in range(n)]
        frame["ink"] = np.where(images.mean(axis=1) > np.median(x.mean(axis=1)), "much", "little")
        infos[name] = DatasetInfo(
            name=name,
            role="testing",
            title=name,
            modality=None,
            digest=f"{name}-digest",
            frame=frame,
            attributes={"ink": AttributeInfo("ink", "Ink", ("little", "much"))},
            clustered=True,
            cluster_reason=None,
            classes=("zero", "one", "two"),
        )
        pictures = (images.reshape(n, 1, 8, 8) * 15).astype(np.uint8)
        datasets[name] = Table(frame, pictures)
        embeddings[name] = pd.DataFrame({"sample_id": frame["sample_id"], "status": "ok", "reason": ""})
        embeddings[name]["embedding"] = list(images)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 3)
        )
    session = SimpleNamespace(network=network.eval(), device="cpu", prepare=lambda batch: batch.float() / 255)
    subject = SubjectSpec(name="digits", version="1", kind="torch", task="multiclass")
    return World(infos, datasets, embeddings, tmp_path_factory.mktemp("none"), subject, session)


def test_several_classes_agree_with_scikit_learn(digits):
    options = DataEfficiencyOptions.model_validate(
        {
            "train_on": "train",
            "test_on": "test",
            "fractions": [10, 100],
            "seeds": [0, 1],
            "groups": ["ink"],
            "arms": {
                "probe": {"features": "own:all"},
                "one-shot": {"features": "own:all", "head": "knn", "shots": [1]},
            },
            "reference": {"value": 0.9},
        }
    )
    observed = digits.observed(options)
    found = list(EVALUATOR.measure(observed, digits.context(options)))
    need = next(n for n in EVALUATOR.needs(digits.context(options)) if dict(n.options).get("variant") == "probe")
    rows = observed.table(need).query("fraction == 0.1 and seed == 1")
    scores, truth = np.stack(rows["scores"].to_numpy()), digits.infos["test"].frame["target"].to_numpy()
    about = {"variant": "probe", "fraction": 0.1, "seed": 1, "estimand": "value"}
    area = np.mean([roc_auc_score(truth == k, scores[:, k]) for k in range(3)])
    assert one(found, metric="macro_auroc", **about).value == pytest.approx(area, abs=1e-9)
    balanced = balanced_accuracy_score(truth, scores.argmax(axis=1))
    assert one(found, metric="macro_sensitivity", **about).value == pytest.approx(balanced, abs=1e-12)
    mean = one(found, metric="macro_sensitivity", variant="probe", fraction=0.1)
    assert mean.interval.low < mean.value < mean.interval.high
    assert one(found, metric="macro_auroc", variant="one-shot", curve={"shots": 1}).value > 0.8
    assert one(found, metric="macro_auroc", variant="probe", fraction=1.0, slice={"ink": "much"}).value > 0.9


@pytest.mark.parametrize("lora", [None, {"rank": 4, "layers": ["1"]}])
def test_fine_tuning_learns_repeats_itself_and_leaves_the_subject_alone(digits, lora):
    if lora:
        pytest.importorskip("peft")
    recipe = {"epochs": 4, "fewest_steps": 30, "learning_rate": 0.01, "lora": lora}
    options = DataEfficiencyOptions.model_validate(
        {
            "train_on": "train",
            "test_on": "test",
            "fractions": [50],
            "seeds": [0, 1],
            "arms": {"tuned": {"fine_tune": recipe}},
        }
    )
    before = {name: tensor.clone() for name, tensor in digits.session.network.state_dict().items()}
    need = next(iter(EVALUATOR.needs(digits.context(options))))
    observed = digits.observed(options)
    first, again = observed.table(need), digits.observed(options).table(need)
    assert np.array_equal(np.stack(first["scores"].to_numpy()), np.stack(again["scores"].to_numpy()))
    assert all(torch.equal(before[name], tensor) for name, tensor in digits.session.network.state_dict().items())
    found = list(EVALUATOR.measure(observed, digits.context(options)))
    assert one(found, metric="macro_auroc", variant="tuned", fraction=0.5).value > 0.95


def test_adapters_in_layers_that_are_not_there_are_refused_with_those_that_are(digits):
    pytest.importorskip("peft")
    options = DataEfficiencyOptions.model_validate(
        {
            "train_on": "train",
            "test_on": "test",
            "arms": {"tuned": {"fine_tune": {"lora": {"layers": ["attention"]}}}},
        }
    )
    with pytest.raises(InputError, match="no linear layer is named attention") as caught:
        digits.observed(options)
    assert caught.value.hint == "linear layers: 1"
