"""Image networks: probabilities, preprocessing, features, and weights that do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import transformers
from safetensors.torch import save_file

from governance.errors import InputError
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.descriptors import InputOptions, NetworkOptions
from governance.subjects.identity import identify
from governance.subjects.image_preparation import preparation
from governance.subjects.network_outputs import predicted, probabilities
from governance.subjects.own_code import source_digest
from governance.subjects.timm_image import open_timm
from governance.subjects.torch_module import open_torch
from governance.subjects.transformers_classifier import open_transformers

ARCHITECTURE = "mobilenetv3_small_050"
IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (4, 1, 48, 48), dtype=np.uint8))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("timm")
    for outputs in (1, 2, 3):
        torch.manual_seed(outputs)
        network = timm.create_model(ARCHITECTURE, pretrained=False, in_chans=1, num_classes=outputs)
        save_file(network.state_dict(), folder / f"w{outputs}.safetensors")
    return folder


def timm_subject(outputs: int, task: str = "binary", **options: object) -> SubjectSpec:
    given = {
        "architecture": ARCHITECTURE,
        "weights": f"w{outputs}.safetensors",
        "input": {"size": 64, "channels": 1, "mean": [0.5], "std": [0.25]},
    }
    return SubjectSpec.model_validate(
        {"name": "n", "version": "1", "kind": "timm", "task": task, "options": {**given, **options}}
    )


@pytest.mark.parametrize(("outputs", "task"), [(1, "binary"), (2, "binary"), (3, "multiclass")])
def test_timm_gives_the_probabilities_and_features_of_the_network(weights: Path, outputs: int, task: str) -> None:
    from safetensors.torch import load_file

    session = open_timm(timm_subject(outputs, task), weights, "cpu", Settings())
    network = timm.create_model(ARCHITECTURE, pretrained=False, in_chans=1, num_classes=outputs).eval()
    network.load_state_dict(load_file(weights / f"w{outputs}.safetensors"))
    scaled = torch.nn.functional.interpolate(IMAGES / 255.0, size=(64, 64), mode="bilinear", antialias=True)
    with torch.inference_mode():
        logits = network((scaled - 0.5) / 0.25).double()
    expected = logits.sigmoid()[:, 0] if outputs == 1 else logits.softmax(1)
    expected = expected[:, 1] if outputs == 2 else expected
    found = session.predict(IMAGES)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float64
    features = session.embed(IMAGES)
    assert features.shape == (4, network.head_hidden_size)
    with torch.inference_mode():
        np.testing.assert_allclose(network.classifier(torch.from_numpy(features)), logits, atol=1e-4)


def test_the_digest_of_a_timm_subject_is_known_before_it_is_opened(weights: Path) -> None:
    subject = timm_subject(1)
    assert open_timm(subject, weights, "cpu", Settings()).digest == identify(subject, weights)
    others = {
        identify(timm_subject(2), weights),
        identify(timm_subject(1, input={"size": 32, "channels": 1}), weights),
        identify(timm_subject(1, task="multiclass"), weights),
        identify(subject, weights),
    }
    assert len(others) == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"architecture": "mobilenetv3_smal_050"}, "did you mean 'mobilenetv3_small_050'"),
        ({"architecture": "resnet18"}, "the weights do not fit resnet18"),
        ({"input": {"channels": 3}}, "'conv_stem.weight' has shape"),
        ({"classes": 4}, "expected \\(4, 1024\\)"),
        ({"weights": "absent.safetensors"}, "did you mean"),
    ],
)
def test_what_does_not_fit_is_named(weights: Path, options: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        open_timm(timm_subject(1, **options), weights, "cpu", Settings())


def test_a_file_that_is_not_what_its_name_says_is_refused(weights: Path) -> None:
    (weights / "broken.safetensors").write_bytes(b"not tensors")
    with pytest.raises(InputError, match="is not a safetensors file"):
        open_timm(timm_subject(1, weights="broken.safetensors"), weights, "cpu", Settings())


def test_scaling_follows_the_type_of_the_images() -> None:
    scaled = preparation(NetworkOptions(input=InputOptions(channels=1)), Path(), "cpu")
    torch.testing.assert_close(scaled(IMAGES), IMAGES / 255.0)
    floating = IMAGES / 100.0
    torch.testing.assert_close(scaled(floating), floating)
    torch.testing.assert_close(
        preparation(NetworkOptions(input=InputOptions(channels=1, scale=50)), Path(), "cpu")(floating), floating / 50
    )
    wide = preparation(NetworkOptions(input=InputOptions(channels=3)), Path(), "cpu")(IMAGES)
    assert wide.shape == (4, 3, 48, 48)
    with pytest.raises(InputError, match="2 channels, the network takes 3"):
        preparation(NetworkOptions(input=InputOptions(channels=3)), Path(), "cpu")(IMAGES.expand(-1, 2, -1, -1))


def test_a_transform_of_ones_own_replaces_the_scaling(tmp_path: Path) -> None:
    (tmp_path / "own_transform.py").write_text("def halve(batch):\n    return batch.float() / 2\n")
    halved = preparation(NetworkOptions(transform="own_transform:halve"), tmp_path, "cpu")(IMAGES)
    torch.testing.assert_close(halved, IMAGES / 2)


def test_outputs_become_probabilities_of_the_right_shape() -> None:
    logits = torch.tensor([[0.0, 2.0], [1.0, -1.0]])
    np.testing.assert_allclose(probabilities(logits, "binary", "logits", 2), torch.softmax(logits.double(), 1)[:, 1])
    np.testing.assert_allclose(probabilities(torch.tensor([[0.25], [1.0]]), "binary", "probabilities", 2), [0.25, 1.0])
    with pytest.raises(InputError, match=r"shape \(2, 3\) for n=2; expected \(n,\), \(n, 1\) or \(n, 2\)"):
        probabilities(torch.zeros(2, 3), "binary", "logits", 2)
    with pytest.raises(InputError, match=r"expected \(n, 4\)"):
        probabilities(torch.zeros(2, 3), "multiclass", "logits", 2, 4)


def test_reduced_precision_stays_near(weights: Path) -> None:
    exact = open_timm(timm_subject(1), weights, "cpu", Settings()).predict(IMAGES)
    reduced = open_timm(timm_subject(1), weights, "cpu", Settings(precision="bfloat16")).predict(IMAGES)
    assert not np.array_equal(exact, reduced)
    np.testing.assert_allclose(exact, reduced, atol=0.02)


def torch_subject(**options: object) -> SubjectSpec:
    return SubjectSpec(name="n", version="1", kind="torch", options=options)


def test_a_module_without_a_weights_file_is_identified_by_its_weights(tmp_path: Path) -> None:
    (tmp_path / "own_module.py").write_text(
        "import torch\ndef plain():\n    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48 * 48, 1))\n"
        "def broken():\n    raise ValueError('no such thing')\n"
        "def other():\n    return 3\n"
    )
    subject = torch_subject(loader="own_module:plain")
    assert identify(subject, tmp_path) is None
    first = open_torch(subject, tmp_path, "cpu", Settings())
    second = open_torch(subject, tmp_path, "cpu", Settings())
    assert first.digest == second.digest
    assert open_torch(subject, tmp_path, "cpu", Settings(seed=1)).digest != first.digest
    with pytest.raises(InputError, match="does not say what its features are"):
        first.embed(IMAGES)
    with pytest.raises(InputError, match="ValueError: no such thing"):
        open_torch(torch_subject(loader="own_module:broken"), tmp_path, "cpu", Settings())
    with pytest.raises(InputError, match=r"returned a int, not a torch\.nn\.Module"):
        open_torch(torch_subject(loader="own_module:other"), tmp_path, "cpu", Settings())


def test_own_code_is_identified_with_the_modules_that_it_imports(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import b\nimport json\nfrom package import inner\ndef f():\n    return b.g()\n")
    (tmp_path / "b.py").write_text("def g():\n    return 1\n")
    (tmp_path / "unrelated.py").write_text("x = 1\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "inner.py").write_text("y = 1\n")
    digest = source_digest("a:f", tmp_path)
    (tmp_path / "unrelated.py").write_text("x = 2\n")
    assert source_digest("a:f", tmp_path) == digest
    (tmp_path / "package" / "inner.py").write_text("y = 2\n")
    changed = source_digest("a:f", tmp_path)
    (tmp_path / "b.py").write_text("def g():\n    return 2\n")
    assert len({digest, changed, source_digest("a:f", tmp_path)}) == 3
    with pytest.raises(InputError, match="was not found"):
        source_digest("nowhere_to_be_found:f", tmp_path)


def test_an_image_classifier_of_transformers_is_opened_with_its_own_scaling(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8
    )
    model = transformers.ViTForImageClassification(config).eval()
    model.save_pretrained(tmp_path / "vit")
    (tmp_path / "vit" / "preprocessor_config.json").write_text(
        '{"size": {"height": 32, "width": 32}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}'
    )
    subject = SubjectSpec(name="n", version="1", kind="transformers", options={"folder": "vit"})
    session = open_transformers(subject, tmp_path, "cpu", Settings())
    scaled = torch.nn.functional.interpolate(IMAGES / 255.0, size=(32, 32), mode="bilinear", antialias=True)
    with torch.inference_mode():
        expected = model(((scaled - 0.5) / 0.5).expand(-1, 3, -1, -1)).logits.double().softmax(1)[:, 1]
    np.testing.assert_allclose(session.predict(IMAGES), expected, atol=1e-5)
    assert session.embed(IMAGES).shape == (4, 16)
    assert session.digest == identify(subject, tmp_path)


def test_a_text_classifier_of_transformers_takes_prompts(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {word: index for index, word in enumerate(["[PAD]", "[UNK]", "a", "mass", "no", "is", "seen"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]")
    fast.save_pretrained(tmp_path / "bert")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=7, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    model = transformers.BertForSequenceClassification(config).eval()
    model.save_pretrained(tmp_path / "bert")
    subject = SubjectSpec(name="n", version="1", kind="transformers", options={"folder": "bert"})
    session = open_transformers(subject, tmp_path, "cpu", Settings())
    assert session.takes == "items"
    prompts = ["a mass is seen", "no mass"]
    together = session.predict([{"prompt": prompt} for prompt in prompts])
    alone = [session.predict([{"prompt": prompt}])[0] for prompt in prompts]
    np.testing.assert_allclose(together, alone, atol=1e-6)
    with torch.inference_mode():
        raw = model(**fast("no mass", return_tensors="pt")).logits.double().softmax(1)[0, 1]
    assert together[1] == pytest.approx(float(raw), abs=1e-6)


def test_each_label_is_a_question_of_its_own_and_numbers_of_a_regression_stay_as_they_are() -> None:
    logits = torch.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0]])
    np.testing.assert_allclose(probabilities(logits, "multilabel", "logits", 2), torch.sigmoid(logits.double()))
    assert probabilities(logits[:, :1], "multilabel", "logits", 2).shape == (2, 1)
    np.testing.assert_array_equal(predicted(logits[:, :1], "regression", "logits", 2)["value"], [2, 0])
    with pytest.raises(InputError, match=r"expected \(n,\) or \(n, 1\)"):
        predicted(logits, "regression", "logits", 2)
