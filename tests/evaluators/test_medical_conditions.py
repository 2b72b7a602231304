"""What all medical conditions keep: pixels that no batch changes, shape and type, a scale, and their modality."""

import pytest
import torch
from medical_pixels import drawn, grey, large, patches, seeds

from evaluators.robustness.condition_descriptors import medical, medmnist_c
from evaluators.robustness.condition_descriptors.modalities import OUTLINES, PIXELS
from evaluators.robustness.conditions.medical.medmnist_c_scales import SETS, TITLES
from governance.plugins import find, installed

FIRST = {corruption: of_set for of_set, found in reversed(SETS.items()) for corruption in found.scales}
"""For each corruption of MedMNIST-C the first set that has it."""
MEDMNIST = [
    *(medmnist_c.name_of(of_set, corruption) for corruption, of_set in FIRST.items()),
    *(f"medmnist-c-chest-{noise}-noise" for noise in ("gaussian", "speckle", "impulse", "shot")),
    "medmnist-c-oct-defocus-blur",
]
BEYOND = [found.name for found in medical.CONDITIONS]
COLOUR_ONLY = {"medmnist-c-path-saturate", "stain-variation"}
UNORDERED = {"medmnist-c-derma-black-corner", "medmnist-c-derma-characters", "medmnist-c-path-stain-deposit"}
"""Their published scales are not: severity 4 above 5, words in random colours, one to n marks."""


def pixels_for(name, batch):
    if find("conditions", name).modalities == OUTLINES:
        return drawn(len(batch), batch.shape[-1])
    return batch


@pytest.mark.parametrize("name", [*MEDMNIST, *BEYOND])
def test_pixels_are_the_same_in_batches_of_1_7_and_64(name):
    condition, batch = find("conditions", name).load(), pixels_for(name, patches())
    whole = condition(batch, 5, seeds(64))
    for size, upto in ((1, 12), (7, 64)):
        parts = [condition(batch[k : k + size], 5, seeds(64)[k : k + size]) for k in range(0, upto, size)]
        assert torch.equal(torch.cat(parts)[:upto], whole[:upto])


@pytest.mark.parametrize("name", [*MEDMNIST, *BEYOND])
@pytest.mark.parametrize("kind", [torch.uint8, torch.float32])
def test_shape_type_and_input_are_kept_for_one_and_three_channels(name, kind):
    condition = find("conditions", name).load()
    for colours in (patches(28, 4), grey(patches(28, 4))):
        given = pixels_for(name, colours)
        batch = given if kind == torch.uint8 else given.float() / 255
        before = batch.clone()
        if name in COLOUR_ONLY and batch.shape[1] == 1:
            with pytest.raises(ValueError, match="three channels"):
                condition(batch, 4, seeds(4))
            continue
        changed = condition(batch, 4, seeds(4))
        assert (changed.shape, changed.dtype) == (batch.shape, kind)
        assert torch.equal(batch, before)
        assert not torch.equal(changed, batch)
        assert 0 <= float(changed.min()) <= float(changed.max()) <= (255 if kind == torch.uint8 else 1)


@pytest.mark.parametrize("name", [name for name in (*MEDMNIST, *BEYOND) if name not in UNORDERED])
def test_a_higher_severity_changes_more(name):
    condition, batch = find("conditions", name).load(), pixels_for(name, patches(64, 24))
    distance = [
        float((condition(batch, level, seeds(24)).double() - batch.double()).square().mean()) for level in range(1, 6)
    ]
    assert distance == sorted(distance)
    assert 0 < distance[0] < distance[4]


@pytest.mark.parametrize("name", [*MEDMNIST, *BEYOND])
def test_what_is_random_depends_on_the_seed_alone(name):
    condition, batch = find("conditions", name).load(), pixels_for(name, patches(32, 2))
    swapped = condition(batch.flip(0), 3, seeds(2).flip(0)).flip(0)
    assert torch.equal(condition(batch, 3, seeds(2)), swapped)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["medmnist-c-chest-gaussian-blur", "burnt-in-text", "mri-ghosting", "mri-bias-field"])
def test_what_happens_to_an_image_of_1024_pixels_is_what_happens_to_it_at_224(name):
    """Sizes follow the image: the change of the large image, reduced, is near the change of the small one."""
    condition = find("conditions", name).load()
    small = large(in_grey=True)[:1].float() / 255
    big = torch.nn.functional.interpolate(small, size=(1024, 1024), mode="bilinear", antialias=True)
    change = condition(small, 5, seeds(1)) - small
    found = torch.nn.functional.interpolate(condition(big, 5, seeds(1)) - big, size=(224, 224), mode="area")
    assert float((found - change).abs().mean()) < 0.5 * float(change.abs().mean())


def test_all_sets_of_medmnist_c_are_there_with_their_corruptions():
    """Numbers of corruptions as in the paper; together they are all 21."""
    counts = {"path": 11, "blood": 11, "derma": 15, "retina": 8, "tissue": 8, "oct": 6, "breast": 7, "chest": 13}
    counts |= {"pneumonia": 13, "organa": 13, "organc": 13, "organs": 13}
    assert {name: len(found.scales) for name, found in SETS.items()} == counts
    assert set(FIRST) == set(TITLES)
    assert all(len(scale) == 5 for found in SETS.values() for scale in found.scales.values())
    for of_set, found in SETS.items():
        whole = find("conditions", f"medmnist-c-{of_set}")
        assert whole.members == tuple(f"medmnist-c-{of_set}-{corruption}" for corruption in found.scales)


def test_every_condition_of_medmnist_c_has_an_error_of_alexnet(checkout):
    from governance.spec.yaml import read_yaml

    known = read_yaml(checkout / "evaluators/robustness/baselines/medmnist_c.yaml").content["sets"]
    assert {name: set(found["corrupted"]) for name, found in known.items()} == {
        name: set(found.scales) for name, found in SETS.items()
    }


def test_an_unknown_condition_of_the_module_is_an_error_of_the_module():
    from evaluators.robustness.conditions.medical import medmnist_c as module

    for name in ("chest__zoom_blur", "brain__gaussian_noise", "anything"):
        with pytest.raises(AttributeError, match=name):
            getattr(module, name)


def test_every_condition_says_what_it_is_for_and_no_pixel_condition_is_for_outlines():
    for name in (*MEDMNIST, *BEYOND):
        modalities = set(find("conditions", name).modalities)
        assert modalities
        assert modalities <= set(PIXELS) or modalities == set(OUTLINES)


def test_a_set_for_a_modality_holds_only_what_is_possible_there():
    assert "medmnist-c-chest" in installed("conditions")["radiograph"].members
    assert "stain-variation" in installed("conditions")["histology"].members
    assert "ct-window-shift" not in installed("conditions")["radiograph"].members


def test_the_documentation_has_every_condition_and_every_number_of_the_published_scales(checkout):
    text = (checkout / "docs/conditions.md").read_text(encoding="utf-8")
    assert [name for name in (*BEYOND, "imagenet-c", "imagenet-c-indoors", *SETS) if name not in text] == []
    rows = {line.split("|", 3)[3] for line in text.splitlines() if line.count("|") == 8}
    for found in SETS.values():
        for scale in found.scales.values():
            numbers = (setting if isinstance(setting, tuple) else (setting,) for setting in scale)
            assert " " + " | ".join(", ".join(f"{n:g}" for n in given) for given in numbers) + " |" in rows
