"""The same run on an accelerator: the same samples, nearly the same scores, equal bytes when it is repeated."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from governance.harness.protocols import Need


@pytest.mark.gpu
def test_scores_on_cuda_are_those_of_the_processor_and_repeat_byte_for_byte(image_project) -> None:
    _, processor, _ = image_project.run(device="cpu")
    expected = processor.table(Need.of("predict", "test"))["score"]
    first, accelerator, _ = image_project.run(device="cuda")
    assert first.lock["settings"]["device"] == "cuda"
    np.testing.assert_allclose(accelerator.table(Need.of("predict", "test"))["score"], expected, atol=1e-4)
    before = first.folder.evidence_json.read_bytes()
    shutil.rmtree(image_project.folder / "cache")
    shutil.rmtree(first.folder.path)
    second, _, _ = image_project.run(device="cuda")
    assert second.folder.path == first.folder.path
    assert second.folder.evidence_json.read_bytes() == before


@pytest.mark.gpu
def test_reduced_precision_on_cuda_stays_near(image_project) -> None:
    _, exact, _ = image_project.run(device="cuda")
    _, reduced, _ = image_project.run({"settings.precision": "bfloat16"}, device="cuda")
    need = Need.of("predict", "test")
    np.testing.assert_allclose(reduced.table(need)["score"], exact.table(need)["score"], atol=0.02)
