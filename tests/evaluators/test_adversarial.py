"""Accuracy under attack of small networks that were trained on real handwritten digits."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from nhefs_predictions import Tables, dataset_info, one
from pydantic import ValidationError
from sklearn.datasets import load_digits

from evaluators.robustness import DESCRIPTOR, RobustnessOptions
from evaluators.robustness.adversarial.collector import AttackCollector, drawn
from evaluators.robustness.adversarial.metrics import METRICS
from evaluators.robustness.adversarial.options import AdversarialOptions
from governance import api
from governance.datasets.protocol import DatasetInfo
from governance.errors import CannotRunError, InputError
from governance.harness.protocols import CollectionContext, EvaluationContext
from governance.harness.rows import rows_of
from governance.policy import Policy
from governance.policy.lint import problems
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.descriptors import NetworkOptions
from governance.subjects.tensor_session import TensorSession, session_of

EVALUATOR = DESCRIPTOR.load()
FITTED, SCORED = slice(0, 1200), slice(1200, 1400)
SMALL, LARGE = 0.06, 0.15
MAX = "max-probability"


class Network(torch.nn.Module):
    """A small network; `sharpness` multiplies the logits, which changes no decision but can hide all gradients."""

    def __init__(self, outputs: int, sharpness: float = 1.0) -> None:
        super().__init__()
        self.sharpness = sharpness
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(1, 8, 3, padding=1),
            torch.nn.ReLU(),
            torch.nn.Conv2d(8, 16, 3, padding=1),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
            torch.nn.Flatten(),
            torch.nn.Linear(256, outputs),
        )

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return self.layers(batch) * self.sharpness


def trained(outputs: int, target: np.ndarray, images: np.ndarray) -> Network:
    torch.manual_seed(0)
    network = Network(outputs)
    optimiser = torch.optim.Adam(network.parameters(), 4e-3)
    pixels = torch.tensor(images[FITTED] / np.float32(255))
    truth = torch.tensor(target[FITTED])
    for _ in range(12):
        for rows in torch.randperm(len(pixels)).split(64):
            optimiser.zero_grad()
            found = network(pixels[rows])
            loss = (
                torch.nn.functional.cross_entropy(found, truth[rows])
                if outputs > 1
                else torch.nn.functional.binary_cross_entropy_with_logits(found[:, 0], truth[rows].float())
            )
            loss.backward()
            optimiser.step()
    return network


@dataclass
class Case:
    """A subject and the images that it is attacked on."""

    task: str
    info: DatasetInfo
    images: np.ndarray
    network: Network
    kind: str = "torch"
    device: str = "cpu"

    @property
    def subject(self) -> SubjectSpec:
        return SubjectSpec(name="digits", version="1", kind=self.kind, task=self.task)

    def session(self) -> TensorSession:
        return session_of(
            self.network,
            NetworkOptions.model_validate({"input": {"channels": 1}}),
            subject=self.subject,
            base=Path(),
            device=self.device,
            settings=Settings(),
            digest="d",
            run=None,
        )

    def context(self, adversarial: dict, batch_size: int = 100, **options) -> EvaluationContext:
        written = {"on": "test", "groups": ["ink"], "adversarial": adversarial, **options}
        return EvaluationContext(
            options=RobustnessOptions.model_validate(written),
            subject=self.subject,
            datasets={"test": self.info},
            settings=Settings(replicates=200, batch_size=batch_size),
        )

    def observe(self, context: EvaluationContext) -> Tables:
        """Let the collectors observe all that the evaluator needs."""
        session, collector, tables = self.session(), AttackCollector(), {}
        collection = CollectionContext(
            dataset=SimpleNamespace(decode=lambda rows, variant=None: self.images[list(rows)]),
            info=self.info,
            datasets={},
            subject=self.subject,
            base=Path(),
            device=self.device,
            settings=context.settings,
            tables={},
            open_subject=lambda: session,
        )
        for need in EVALUATOR.needs(context):
            if need.collector == "predict":
                found = session.predict(torch.tensor(self.images, device=self.device))
                columns = {"score": found} if found.ndim == 1 else {"scores": found}
                tables[need.id] = rows_of(columns, self.info.frame["sample_id"].tolist())
            else:
                shards = collector.shards(need, collection)
                tables[need.id] = pd.concat([collector.collect(need, shard, collection) for shard in shards])
        return Tables(tables)

    def measure(self, adversarial: dict, **options) -> list:
        context = self.context(adversarial, **options)
        return list(EVALUATOR.measure(self.observe(context), context))


def case_of(task: str, target: np.ndarray, images: np.ndarray, network: Network, classes: tuple[str, ...]) -> Case:
    ink = images[SCORED].reshape(len(images[SCORED]), -1).sum(axis=1)
    names = [f"d{row:04d}" for row in range(len(ink))]
    frame = pd.DataFrame(
        {
            "sample_id": names,
            "cluster": [f"p{row // 2}" for row in range(len(ink))],
            "target": target[SCORED].astype(float),
            "ink": np.where(ink > np.median(ink), "dark", "light"),
        }
    )
    info = replace(dataset_info(frame, "test"), modality="photograph", classes=classes)
    return Case(task, info, images[SCORED], network)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Networks this small only wait for each other's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def images():
    return np.round(load_digits().images / 16 * 255).astype(np.uint8)[:, None]


@pytest.fixture(scope="module")
def several(images):
    target = load_digits().target
    return case_of("multiclass", target, images, trained(10, target, images), tuple("0123456789"))


@pytest.fixture(scope="module")
def binary(images):
    target = (load_digits().target >= 5).astype(np.int64)
    return case_of("binary", target, images, trained(1, target, images), ("below five", "five or more"))


@pytest.fixture(scope="module")
def attacked(several):
    attacks = ["fgsm", "pgd", "apgd-ce", "apgd-dlr", "square"]
    context = several.context({"eps": [LARGE, SMALL], "attacks": attacks, "steps": 12, "queries": 80})
    observed = several.observe(context)
    return list(EVALUATOR.measure(observed, context)), observed, context


def value(found, variant, cell=None, **about):
    return one(found, "robust_accuracy", cell or {}, variant=variant, **{"target_class": None, **about}).value


def test_stronger_never_looks_weaker(attacked):
    found, *_ = attacked
    clean = value(found, "no attack")
    assert clean > 0.9
    for cell in ({}, {"ink": "dark"}, {"ink": "light"}):
        for attack in ("fgsm, ", "pgd, ", "apgd-ce, ", "apgd-dlr, ", "square, ", ""):
            small, large = (value(found, f"{attack}linf {eps}", cell) for eps in (SMALL, LARGE))
            assert large <= small <= value(found, "no attack", cell)
            assert value(found, f"linf {LARGE}", cell) <= large
    assert value(found, f"apgd-ce, linf {LARGE}") <= value(found, f"fgsm, linf {LARGE}")
    assert value(found, f"linf {LARGE}") < 0.5 * clean


def test_more_attacks_never_leave_more_right(several, attacked):
    found, observed, context = attacked
    before = 1.0
    for count in range(1, 6):
        own = context.options.adversarial
        fewer = own.model_copy(update={"attacks": own.attacks[:count]})
        part = replace(context, options=context.options.model_copy(update={"adversarial": fewer}))
        now = value(list(EVALUATOR.measure(observed, part)), f"linf {SMALL}")
        assert now <= before
        before = now
    assert before == value(found, f"linf {SMALL}")


def test_an_output_under_attack_is_what_the_model_says_of_the_changed_image(attacked):
    _, observed, context = attacked
    tables = [
        (dict(need.options), observed.table(need)) for need in EVALUATOR.needs(context) if need.collector == "attack"
    ]
    assert len(tables) == 10
    for options, table in tables:
        assert table["perturbation"].max() <= options["eps"] + 1e-6
        assert (table["perturbation"][~table["attacked"]] == 0).all()
        scores, clean = (np.stack(list(table[name])) for name in ("scores", "clean_scores"))
        truth = np.array([float(name) for name in context.datasets["test"].frame["target"]])
        assert ((clean.argmax(axis=1) == truth) == table["attacked"]).all()
        assert ((scores.argmax(axis=1) != truth) & table["attacked"] == table["success"]).all()


def test_the_drop_is_paired_and_never_a_rise(attacked):
    found, *_ = attacked
    drop = one(
        found,
        "robust_accuracy",
        {},
        "difference",
        variant=f"linf {SMALL}",
        reference_variant="no attack",
    )
    assert drop.value == pytest.approx(value(found, f"linf {SMALL}") - value(found, "no attack"), abs=1e-12)
    assert drop.interval.low < drop.value < drop.interval.high <= 0.01
    assert drop.n_clusters == 100
    success = one(found, "attack_success_rate", {}, variant=f"linf {SMALL}")
    assert success.value == pytest.approx(-drop.value / value(found, "no attack"), abs=1e-12)


def test_every_class_and_group_is_given_and_groups_are_compared(attacked):
    found, *_ = attacked
    classes = [one(found, "robust_accuracy", {}, variant=f"linf {SMALL}", target_class=name) for name in "0123456789"]
    assert all(m.status == "not_measured" and m.reason.startswith("too few patients") for m in classes)
    gap = one(found, "robust_accuracy", estimand="difference", variant=f"linf {SMALL}", over="ink")
    light, dark = (value(found, f"linf {SMALL}", {"ink": name}) for name in ("light", "dark"))
    assert gap.value == pytest.approx(light - dark, abs=1e-12)
    assert one(found, "robust_accuracy", estimand="worst", variant=f"linf {SMALL}").value == min(light, dark)


def test_how_the_model_was_attacked_stands_in_the_method(attacked):
    method = one(attacked[0], "robust_accuracy", {}, variant=f"linf {LARGE}", target_class=None).method
    assert method.parameters["attacks"] == "fgsm, pgd, apgd-ce, apgd-dlr, square"
    assert (method.parameters["norm"], method.parameters["eps"], method.parameters["steps"]) == ("linf", LARGE, 12)
    assert method.parameters["smaller_eps"] == "0.06"
    assert all("not a guarantee" in metric.does_not_show for metric in METRICS)


def test_a_model_that_only_hides_its_gradients_is_caught_by_square(several):
    """Logits so large that the softmax is 1: the cross-entropy has no gradient left, but the decisions are the same."""
    masked = replace(several, network=Network(10, sharpness=1e4))
    masked.network.load_state_dict(several.network.state_dict())
    found = masked.measure({"eps": [LARGE], "attacks": ["pgd", "square"], "steps": 10, "queries": 150})
    assert value(found, f"pgd, linf {LARGE}") > value(found, "no attack") - 0.3  # only its random start does harm
    assert value(found, f"square, linf {LARGE}") < 0.6 * value(found, f"pgd, linf {LARGE}")
    assert value(found, f"linf {LARGE}") <= value(found, f"square, linf {LARGE}")


def test_a_change_under_l2_is_no_longer_than_allowed(several):
    context = several.context({"eps": [0.5], "attacks": ["pgd", "apgd-ce"], "norm": "l2", "steps": 10})
    observed = several.observe(context)
    for table in (observed.tables[need.id] for need in EVALUATOR.needs(context) if need.collector == "attack"):
        assert 0.3 < table["perturbation"].max() <= 0.5 + 1e-6
    assert value(list(EVALUATOR.measure(observed, context)), "l2 0.5") < 0.8


def test_equal_seeds_give_equal_attacks(several):
    context = several.context({"eps": [LARGE], "attacks": ["square"], "queries": 20})
    first, second = (several.observe(context) for _ in range(2))
    before = np.random.get_state()[1].copy()
    for key, table in first.tables.items():
        pd.testing.assert_frame_equal(table, second.tables[key])
    several.observe(context)
    assert (np.random.get_state()[1] == before).all()


def test_a_binary_decision_is_attacked_at_its_threshold(binary):
    """At 0.1 the model decides otherwise than at one half; the attack has to cross 0.1."""
    point = {"operating_point": {"threshold": 0.1}}
    found = binary.measure({"eps": [SMALL], "attacks": ["square", "apgd-ce"], "queries": 60, "steps": 10}, **point)
    context = binary.context({"eps": [SMALL], "attacks": ["square"], "queries": 60}, **point)
    observed = binary.observe(context)
    table = next(observed.table(need) for need in EVALUATOR.needs(context) if need.collector == "attack")
    truth = binary.info.frame["target"].to_numpy()
    success = table["success"].to_numpy()
    assert success.sum() > 5
    assert (table["score"][success & (truth == 1)] < 0.1).all()
    assert (table["score"][success & (truth == 0)] >= 0.1).all()
    by_class = one(found, "robust_accuracy", {}, variant=f"linf {SMALL}", target_class="five or more")
    assert by_class.status == "measured"
    assert by_class.operating_point.threshold == 0.1


def test_an_input_without_a_finite_output_is_counted_and_not_attacked(several):
    class Broken(Network):
        def forward(self, batch):
            found = super().forward(batch)
            # Only images with a single white pixel in a corner, which no change of the others brings about.
            return torch.where((batch[:, :, 0, 0] > 0.99).expand_as(found), torch.nan, found)

    broken = replace(several, network=Broken(10), images=several.images.copy())
    broken.network.load_state_dict(several.network.state_dict())
    broken.images[:7, 0, 0, 0] = 255
    found = broken.measure({"eps": [SMALL], "attacks": ["fgsm"]})
    robust = one(found, "robust_accuracy", {}, variant=f"linf {SMALL}", target_class=None)
    assert (robust.n, robust.method.parameters["rejected_left_out"]) == (193, 7)


def test_an_attack_that_leaves_the_model_without_an_answer_has_succeeded(several):
    class Silenced(Network):
        def forward(self, batch):
            found = super().forward(batch)
            changed = (batch * 255 - (batch * 255).round()).abs().amax((1, 2, 3)) > 0.01  # not of whole grey levels
            return torch.where(changed[:, None].expand_as(found), torch.nan, found)

    silenced = replace(several, network=Silenced(10))
    silenced.network.load_state_dict(several.network.state_dict())
    found = silenced.measure({"eps": [SMALL], "attacks": ["fgsm"]})
    robust = one(found, "robust_accuracy", {}, variant=f"linf {SMALL}", target_class=None)
    assert (robust.value, robust.n) == (0, 200)
    assert robust.method.parameters["left_without_output"] > 150


def test_a_missing_library_is_named_with_how_to_get_it(several, monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    with pytest.raises(CannotRunError, match="adversarial-robustness-toolbox") as raised:
        list(EVALUATOR.needs(several.context({"eps": [SMALL]})))
    assert "medical-ai-governance[adversarial]" in raised.value.hint


@pytest.mark.slow
def test_the_library_leaves_nothing_in_the_home_folder(tmp_path, checkout):
    code = "import evaluators.robustness.adversarial.attacks, os; assert os.environ['HOME'] == os.path.expanduser('~')"
    environment = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=checkout)
    assert not list(tmp_path.glob(".art*"))


@pytest.mark.gpu
def test_an_attack_runs_on_the_accelerator(several):
    found = replace(several, device="cuda").measure({"eps": [SMALL], "attacks": ["pgd", "square"], "queries": 20})
    assert value(found, f"linf {SMALL}") < value(found, "no attack")


def test_a_sample_of_patients_is_attacked_whole_and_a_larger_one_holds_it(several):
    some, more = drawn(several.info, 50, 0), drawn(several.info, 120, 0)
    assert len(some) == 50
    assert set(some) < set(more)
    assert (
        {row // 2 for row in some} == {row // 2 for row in some if row % 2} == {row // 2 for row in some if not row % 2}
    )
    found = several.measure({"eps": [SMALL], "attacks": ["fgsm"], "at_most": 80})
    assert one(found, "robust_accuracy", {}, variant=f"linf {SMALL}", target_class=None).n == 80


@pytest.mark.parametrize(
    ("changed", "adversarial", "message"),
    [
        ({"kind": "recorded"}, {}, "the kind 'recorded' has none"),
        ({"kind": "sklearn"}, {}, "the kind 'sklearn' has none"),
        ({"modality": "mask"}, {}, "is of the modality 'mask'"),
        ({"modality": None}, {}, "does not say its `modality`"),
        ({"task": "binary"}, {"attacks": ["apgd-dlr"]}, "there are 2 classes"),
    ],
)
def test_what_cannot_be_attacked_is_refused_with_the_reason(several, changed, adversarial, message):
    about = {key: value for key, value in changed.items() if key != "modality"}
    info = replace(several.info, modality=changed["modality"]) if "modality" in changed else several.info
    case = replace(several, info=info, **about)
    with pytest.raises(InputError, match=f"evaluate.robustness.adversarial.*{message}"):
        list(EVALUATOR.needs(case.context({"eps": [SMALL], **adversarial})))


def test_images_too_small_for_square_under_l2_are_refused(several):
    with pytest.raises(InputError, match="8 x 8 pixels are too small for square under l2"):
        several.measure({"eps": [0.5], "norm": "l2", "attacks": ["square"]})


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"eps": []}, "at least 1 item"),
        ({"eps": [0.1, 0.1]}, "named twice"),
        ({"eps": [8]}, "more than its range"),
        ({"eps": [0.1], "attacks": ["deepfool"]}, "apgd-dlr"),
    ],
)
def test_options_that_make_no_sense_are_refused(written, message):
    with pytest.raises(ValidationError, match=message):
        AdversarialOptions.model_validate(written)


def test_square_attacks_images_that_are_not_square(several):
    tall = replace(several, images=several.images[..., :6].repeat(3, axis=2), network=Network(10))
    tall.network.layers[-1] = torch.nn.Linear(16 * 12 * 3, 10)
    found = tall.measure({"eps": [SMALL], "attacks": ["square"], "queries": 5})
    assert one(found, "robust_accuracy", {}, variant=f"linf {SMALL}", target_class=None).status == "measured"


# A whole run, with a rule on the accuracy under attack by group.

CODE = """
import torch


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(1, 8, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(8, 16, 3, padding=1), torch.nn.ReLU(),
            torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(256, 10),
        )

    def embed(self, batch):
        return self.layers[:-1](batch)

    def forward(self, batch):
        return self.layers[-1](self.embed(batch))


def network():
    return Network()
"""
SPEC = """
version: 1
subject:
  name: digits
  version: "1"
  kind: torch
  task: multiclass
  loader: small_digits:network
  weights: weights.safetensors
  input: {channels: 1}
datasets:
  test:
    kind: npz
    role: testing
    file: test.npz
    images: images
    table: test.csv
    target: digit
    sample_id: id
    cluster: patient
    modality: photograph
    attributes: {ink: ink}
  train:
    kind: npz
    role: training
    file: train.npz
    images: images
    table: train.csv
    target: digit
    sample_id: id
    cluster: none
    cluster_reason: one image a writer
    modality: photograph
evaluate:
  robustness:
    on: test
    groups: [ink]
    severities: [5]
    adversarial: {eps: [0.06], attacks: [pgd, square], steps: 8, queries: 20}
    uncertainty:
      scores: [max-probability, energy, mahalanobis]
      train_on: train
      out_of_distribution: [gaussian-noise]
policy: policy.yaml
settings: {batch_size: 64, threads: 1, replicates: 200}
"""
POLICY = """
policy: attacks
version: "1"
owner: {name: A Person, role: engineer}
rules:
  - id: attacked-groups
    title: Every group keeps enough right answers under attack
    measure: {evaluator: robustness, metric: robust_accuracy, variant: linf 0.06, worst: ink}
    bar: {at_least: 0.99}
    rationale: Somebody may change images.
    set: {by: engineering, on: 2026-01-01}
  - id: knows-errors
    title: Answers at 90 % are right
    measure: {evaluator: robustness, metric: selective_risk, variant: "max-probability, 90 % answered"}
    bar: {at_most: 0.2}
    rationale: Only confident answers are shown.
    set: {by: engineering, on: 2026-01-01}
"""


@pytest.fixture
def project(several, images, tmp_path, monkeypatch):
    from safetensors.torch import save_file

    monkeypatch.chdir(tmp_path)
    (tmp_path / "small_digits.py").write_text(CODE)
    (tmp_path / "governance.yaml").write_text(SPEC)
    (tmp_path / "policy.yaml").write_text(POLICY)
    state = {name: tensor.contiguous() for name, tensor in several.network.state_dict().items()}
    save_file(state, tmp_path / "weights.safetensors")
    np.savez(tmp_path / "test.npz", images=several.images)
    np.savez(tmp_path / "train.npz", images=images[FITTED])
    digits = load_digits().target[FITTED]
    pd.DataFrame({"id": [f"t{row}" for row in range(len(digits))], "digit": digits}).to_csv("train.csv", index=False)
    frame = several.info.frame.rename(columns={"sample_id": "id", "cluster": "patient", "target": "digit"})
    frame.assign(digit=frame["digit"].astype(int)).to_csv(tmp_path / "test.csv", index=False)
    return tmp_path


def test_a_run_attacks_judges_by_group_and_collects_nothing_again(project):
    result = api.run("governance.yaml", formats=("json", "html"), no_tracking=True)
    decision = json.loads(next(result.folder.path.glob("decisions/*.json")).read_text())
    verdicts = {verdict["rule"]: verdict["outcome"] for verdict in decision["verdicts"]}
    assert verdicts == {"attacked-groups": "fail", "knows-errors": "pass"}
    lock = json.loads((result.folder.path / "spec.lock.json").read_text())
    needs = [need for need in lock["needs"] if need["collector"] == "attack"]
    assert [need["options"]["attack"] for need in needs] == ["pgd", "square"]
    assert all(need["options"]["library"].startswith("adversarial-robustness-toolbox 1.") for need in needs)
    evidence = json.loads(result.folder.evidence_json.read_bytes())["measurements"]
    told = {m["variant"]: m["value"] for m in evidence if m["metric"] == "out_of_distribution_auroc" and not m["slice"]}
    assert set(told) == {f"{score}, against gaussian-noise severity 5" for score in (MAX, "energy", "mahalanobis")}
    assert max(told.values()) > 0.6
    pages = {path.stem: path.read_text() for path in result.folder.path.glob("documents/*/*.html")}
    for name in ("deployer", "engineer", "auditor"):
        assert "Robustness to these attacks is not a guarantee" in pages[name]
        assert "If only the most confident 80" in pages[name]
        assert "errors among the answered" in pages[name]
    assert "Under attack" not in pages["public"] + pages["clinician"]
    again = api.run("governance.yaml", formats=("json",), no_tracking=True)
    events = [json.loads(line) for line in (again.folder.path / "journal.jsonl").read_text().splitlines()]
    assert [event for event in events if event["event"] == "observed"][-1]["collected"] == 0


def test_lint_knows_the_metric_and_a_bar_that_makes_no_sense_for_it():
    rule = {
        "id": "attacked-groups",
        "title": "Every group keeps enough right answers under attack",
        "measure": {"evaluator": "robustness", "metric": "robust_accuracy", "variant": "linf 0.06", "worst": "ink"},
        "rationale": "Somebody may change images.",
        "set": {"by": "engineering", "on": "2026-01-01"},
    }
    policy = {"policy": "attacks", "version": "1", "owner": {"name": "A Person", "role": "engineer"}}
    good, bad = (
        Policy.model_validate({**policy, "rules": [{**rule, "bar": bar}]})
        for bar in ({"at_least": 0.5}, {"at_most": 0.5})
    )
    assert not list(problems(good))
    assert [one.message.split(",")[0] for one in problems(bad)] == ["higher is better for robust_accuracy"]
