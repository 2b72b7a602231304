"""What makes no physical sense is refused when the spec is read, before anything is collected."""

from pathlib import Path

import pytest

from governance.errors import InputError
from governance.spec import load_spec

SPEC = """\
version: 1
subject: {{name: any, version: "1", kind: recorded, predictions: predictions.csv}}
datasets:
  test: {{kind: table, table: test.csv, role: testing, target: ill, cluster: patient, modality: {modality}}}
evaluate:
  robustness: {{on: test, conditions: [{condition}]}}
"""


def read(folder: Path, modality: str, condition: str) -> object:
    path = folder / "governance.yaml"
    path.write_text(SPEC.format(modality=modality, condition=condition))
    return load_spec(path)


@pytest.mark.parametrize(
    ("condition", "modality", "instead"),
    [
        ("ct-window-shift", "photograph", "ct"),
        ("ct-window-shift", "radiograph", "ct"),
        ("mri-bias-field", "ct", "mri"),
        ("mri-ghosting", "radiograph", "mri"),
        ("mri-motion", "ultrasound", "mri"),
        ("ultrasound-speckle", "mri", "ultrasound"),
        ("stain-variation", "radiograph", "histology"),
        ("stain-variation", "dermatoscopy", "histology"),
        ("burnt-in-text", "histology", "radiograph"),
        ("jpeg-generations", "mask", "radiograph"),
        ("down-sampling", "contour-stack", "radiograph"),
        ("rotation", "mask", "radiograph"),
        ("crop", "mask", "radiograph"),
        ("outline-jitter", "radiograph", "mask"),
        ("outline-dropout", "ct", "mask"),
        ("medmnist-c-chest-gaussian-noise", "mask", "radiograph"),
        ("medmnist-c-path-stain-deposit", "fundus", "histology"),
        ("medmnist-c-derma-characters", "radiograph", "dermatoscopy"),
    ],
)
def test_a_condition_that_makes_no_physical_sense_is_refused(tmp_path, condition, modality, instead):
    with pytest.raises(InputError, match=f"'{condition}' makes no sense for the modality '{modality}'") as caught:
        read(tmp_path, modality, condition)
    assert instead in str(caught.value.hint)


@pytest.mark.parametrize(
    ("name", "modality", "instead"),
    [
        ("medmnist-c-chest", "mri", "radiograph"),
        ("medmnist-c-path", "dermatoscopy", "histology"),
        ("medmnist-c-organa", "radiograph", "ct"),
        ("radiograph", "ct", "radiograph"),
        ("outlines", "photograph", "contour-stack"),
        ("imagenet-c", "radiograph", "photograph"),
    ],
)
def test_a_whole_set_is_refused_by_its_own_name_and_once(tmp_path, name, modality, instead):
    with pytest.raises(InputError, match=f"'{name}' makes no sense for the modality '{modality}'") as caught:
        read(tmp_path, modality, name)
    assert instead in str(caught.value.hint)
    assert "also wrong" not in str(caught.value.hint)


def test_a_near_name_is_offered(tmp_path):
    with pytest.raises(InputError) as caught:
        read(tmp_path, "radiograph", "medmnist-c-chst")
    assert "medmnist-c-chest" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("name", "modality"),
    [("medmnist-c-chest", "radiograph"), ("imagenet-c-indoors", "oct"), ("outlines", "mask"), ("mri", "mri")],
)
def test_what_fits_is_accepted(tmp_path, name, modality):
    read(tmp_path, modality, name)
