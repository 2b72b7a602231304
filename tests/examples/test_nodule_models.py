"""The networks of the nodule example: equal trainings give equal weights, stored weights are not trained again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch


class Few:
    """The first nodules of a split."""

    def __init__(self, split: Any, count: int) -> None:
        self.table: pd.DataFrame = split.table.head(count)
        self._split = split

    def decode(self, indices: Any, variant: str | None = None) -> Any:
        return self._split.decode(indices, variant)


def test_two_trainings_give_equal_weights_and_leave_the_random_state_alone(nodules: Any, nodule_models: Any) -> None:
    few = Few(nodules.training(), 64)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first = nodule_models.train(few, seed=1, epochs=1, batch_size=32).state_dict()
    assert torch.equal(torch.rand(3), expected)
    second = nodule_models.train(few, seed=1, epochs=1, batch_size=32).state_dict()
    other = nodule_models.train(few, seed=2, epochs=1, batch_size=32).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_fit_from_scratch_is_reproducible_uses_only_its_indices_and_gives_probabilities(
    nodules: Any, nodule_models: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(nodule_models.SMALL_NET, "epochs", 1)
    monkeypatch.setitem(nodule_models.SMALL_NET, "fewest_steps", 1)
    train, test = nodules.training(), Few(nodules.testing(), 40)
    indices = [3, 10, 11, 40, 77, 90]
    first = nodule_models.train_from_scratch(train, indices, test, seed=0, device="cpu")
    assert first.shape == (40,)
    assert first.dtype == np.float64
    assert ((first >= 0) & (first <= 1)).all()
    assert (nodule_models.train_from_scratch(train, indices, test, seed=0, device="cpu") == first).all()
    assert (nodule_models.train_from_scratch(train, indices, test, seed=1, device="cpu") != first).any()


def test_stored_weights_are_kept_while_recipe_and_file_fit(
    nodule_models: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []

    def tiny(*_: object, **__: object) -> Any:
        trained.append(1)
        return torch.nn.Linear(2, 1)

    for name in ("nodules.py", "contours.py", "nodule_models.py"):
        (tmp_path / name).write_bytes(Path(nodule_models.__file__).with_name(name).read_bytes())
    monkeypatch.setattr(nodule_models, "train", tiny)
    monkeypatch.setattr(nodule_models.nodules, "training", lambda: None)
    nodule_models.prepare(tmp_path, quick=True)
    nodule_models.prepare(tmp_path, quick=False)
    assert len(trained) == 1
    note = json.loads((tmp_path / "model.safetensors.recipe.json").read_text())
    assert note["recipe"]["seed"] == nodule_models.RECIPE["seed"]
    (tmp_path / "model.safetensors").write_bytes(b"changed")
    nodule_models.prepare(tmp_path, quick=True)
    (tmp_path / "contours.py").write_text("# another projection\n")
    nodule_models.prepare(tmp_path, quick=True)
    assert len(trained) == 3


@pytest.mark.slow
def test_frozen_features_come_from_tensors_alone_and_do_not_depend_on_the_batch(
    nodules: Any, nodule_models: Any
) -> None:
    pytest.importorskip("efficientnet_lite_pytorch", reason="needs the data package efficientnet-lite-pytorch")
    extractor = nodule_models.efficientnet_lite0("cpu")
    stacks = torch.from_numpy(nodules.testing().decode(range(4)))
    features = extractor(stacks)
    assert features.shape == (4, 1280)
    assert features.dtype == torch.float32
    # Features reach 6; the processor sums a batch of one in another order, which moves them by about 3e-5.
    assert torch.allclose(extractor(stacks[2:3]), features[2:3], atol=1e-3)
    assert not torch.allclose(features[2:3], features[1:2], atol=1e-1)
    assert extractor.digest == nodule_models.efficientnet_lite0("cpu").digest
