"""Accuracy under attack of small networks that were trained on real handwritten digits."""

import os
import subprocess
import sys
from dataclasses import replace
from importlib import metadata

import numpy as np
import pandas as pd
import pytest
import torch
from attacked_digits import EVALUATOR, LARGE, SMALL, Network, ten_classes, two_classes
from nhefs_predictions import one
from pydantic import ValidationError

from evaluators.robustness.adversarial.collector import drawn
from evaluators.robustness.adversarial.metrics import METRICS
from evaluators.robustness.adversarial.options import AdversarialOptions
from governance.errors import CannotRunError, InputError
from governance.policy import Policy
from governance.policy.lint import problems


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Networks this small only wait for each other's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def several():
    return ten_classes()


@pytest.fixture(scope="module")
def binary():
    return two_classes()


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
