"""A network draws masks; they are compared with the reference masks where they are made, and only numbers are kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reader_masks import MILLIMETRES, TwoReaders, two_readers
from scipy import ndimage
from scipy.spatial import distance

from governance import api
from governance.errors import InputError

CODE = """
import torch


class SecondReader(torch.nn.Module):
    \"\"\"Draws the outline that it is shown.\"\"\"

    def forward(self, batch):
        return batch.float() * {scale} - 4.0


def network():
    return SecondReader()
"""
SPEC = """
version: 1
subject:
  name: second-reader
  version: "1"
  kind: torch
  task: segmentation
  loader: drawing:network
  transform: drawing:as_it_is
datasets:
  test:
    kind: npz
    role: testing
    file: nodules.npz
    masks: first
    images: second
    table: nodules.csv
    sample_id: sample_id
    cluster: patient_id
    attributes: {contrast: contrast_used}
evaluate:
  fairness:
    on: test
    groups: [contrast]
    tasks: {spacing: [0.6, 0.6]}
settings: {batch_size: 32, replicates: 200}
"""
N = 300


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwoReaders:
    readers = two_readers()
    (tmp_path / "drawing.py").write_text(
        CODE.format(scale="8.0") + "\n\ndef as_it_is(batch):\n    return batch.float()\n"
    )
    (tmp_path / "governance.yaml").write_text(SPEC)
    np.savez(tmp_path / "nodules.npz", first=readers.first[:N], second=readers.second[:N])
    readers.table[:N].to_csv(tmp_path / "nodules.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return TwoReaders(readers.table[:N], readers.first[:N] > 0, readers.second[:N] > 0)


def run() -> tuple[pd.DataFrame, list[dict]]:
    """Return the observation table and the measurements."""
    result = api.run("governance.yaml", formats=("json",), no_tracking=True)
    (table,) = result.folder.observations.glob("segment-*.parquet")
    evidence = json.loads(result.folder.evidence_json.read_bytes())
    return pd.read_parquet(table), evidence["measurements"]


def hausdorff(first: np.ndarray, second: np.ndarray) -> float:
    """The larger of the two 95th percentiles of the distance from an outline to the other, pixel by pixel."""
    edges = [np.argwhere(mask & ~ndimage.binary_erosion(mask)) * MILLIMETRES for mask in (first, second)]
    away = distance.cdist(*edges)
    return float(max(np.percentile(away.min(axis=1), 95), np.percentile(away.min(axis=0), 95)))


def test_numbers_are_those_of_the_two_masks_and_no_mask_is_kept(project: TwoReaders) -> None:
    table, measurements = run()
    shared = (project.first & project.second).sum(axis=(1, 2))
    sizes = project.first.sum(axis=(1, 2)) + project.second.sum(axis=(1, 2))
    np.testing.assert_allclose(table["dice"], 2 * shared / sizes, atol=1e-9)
    np.testing.assert_allclose(table["iou"], shared / (sizes - shared), atol=1e-9)
    drawn = project.second.any(axis=(1, 2))
    np.testing.assert_array_equal(table["prediction_empty"], ~drawn)
    assert table["hausdorff_95"].isna().tolist() == (~drawn).tolist()
    for row in np.flatnonzero(drawn)[:40]:
        expected = hausdorff(project.first[row], project.second[row])
        assert table["hausdorff_95"][row] == pytest.approx(expected, abs=1e-9)
    assert table.select_dtypes("number").shape[1] == 5
    mean = next(one for one in measurements if one["metric"] == "hausdorff_95" and not one["slice"])
    assert mean["unit"] == "mm"
    assert mean["value"] == pytest.approx(table["hausdorff_95"].mean(), abs=1e-9)
    assert mean["method"]["parameters"]["undefined_left_out"] == (~drawn).sum()
    far = [
        hausdorff(*pair) if any_drawn else np.nan
        for *pair, any_drawn in zip(project.first, project.second, drawn, strict=True)
    ]
    by_contrast = pd.Series(far).groupby(project.table["contrast_used"]).mean()
    of_groups = {
        one["slice"]["contrast"]: one
        for one in measurements
        if one["metric"] == "hausdorff_95" and one["estimand"] == "value" and one["slice"]
    }
    assert {name: one["value"] for name, one in of_groups.items()} == pytest.approx(by_contrast.to_dict(), abs=1e-9)
    (worst,) = (one for one in measurements if one["metric"] == "hausdorff_95" and one["estimand"] == "worst")
    assert worst["slice"] == {"contrast": by_contrast.idxmax()}, "the larger a distance, the worse"


def test_the_threshold_on_pixels_is_the_operating_point(project: TwoReaders) -> None:
    path = Path("governance.yaml")
    path.write_text(path.read_text().replace("groups: [contrast]", "operating_point: {threshold: 0.99}"))
    table, _ = run()
    assert (table["prediction_empty"] == 1).all()  # the network is never surer than sigmoid(4) = 0.982
    assert (table["dice"] == 0).all()


def test_a_network_that_does_not_give_finite_numbers_is_counted(project: TwoReaders) -> None:
    code = Path("drawing.py").read_text().replace("- 4.0", "/ batch.float().amax((1, 2, 3), keepdim=True) - 4.0")
    Path("drawing.py").write_text(code)
    table, measurements = run()
    blank = ~project.second.any(axis=(1, 2))
    assert blank.any()
    assert (table["status"] == "rejected").tolist() == blank.tolist()
    rejected = next(one for one in measurements if one["metric"] == "rejected_rate" and not one["slice"])
    assert rejected["events"] == blank.sum()


def test_samples_without_a_reference_mask_are_refused(project: TwoReaders) -> None:
    path = Path("governance.yaml")
    path.write_text(path.read_text().replace("    masks: first\n", ""))
    with pytest.raises(InputError, match="300 of 300 samples have no reference mask"):
        run()


def test_masks_of_another_size_are_refused(project: TwoReaders) -> None:
    path = Path("drawing.py")
    path.write_text(path.read_text().replace("return batch.float() * 8.0", "return batch.float()[:, :, ::2] * 8.0"))
    with pytest.raises(InputError, match=r"masks of shape \(32, 64\), the reference masks of dataset 'test' have"):
        run()


def test_a_spacing_of_another_number_of_axes_is_refused(project: TwoReaders) -> None:
    path = Path("governance.yaml")
    path.write_text(path.read_text().replace("[0.6, 0.6]", "[1, 0.6, 0.6]"))
    with pytest.raises(InputError, match="the spacing has 3 numbers, a mask 2 axes"):
        run()


def test_a_subject_that_draws_no_masks_is_refused(project: TwoReaders) -> None:
    path = Path("governance.yaml")
    text = (
        path.read_text().replace("kind: torch", "kind: sklearn").replace("loader: drawing:network", "weights: m.skops")
    )
    path.write_text(text.replace("  transform: drawing:as_it_is\n", ""))
    with pytest.raises(InputError, match="needs 'segment' of the subject, but the kind 'sklearn' can only predict"):
        run()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda masks: masks[:, :32], r"the masks 'first' have shape \(300, 32, 64\); expected \(300, 64, 64\)"),
        (lambda masks: masks / 2, "the masks 'first' are float64"),
    ],
)
def test_masks_that_do_not_fit_their_images_are_refused(project: TwoReaders, change, message) -> None:
    np.savez("nodules.npz", first=change(project.first.astype(np.uint8)), second=project.second.astype(np.uint8))
    with pytest.raises(InputError, match=message):
        run()
