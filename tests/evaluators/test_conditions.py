"""What every built-in condition on pixels or outlines keeps: shape, type, input, and independence of the batch."""

import pytest
import torch
from real_pixels import as_batch, photographs, pictures, scanned_digits, seeds

from evaluators.robustness.condition_descriptors import imagenet_c
from evaluators.robustness.conditions import noise, outlines
from governance.plugins import find

NAMES = [descriptor.name for descriptor in imagenet_c.ALL]
EVERY = [*NAMES, "erosion", "dilation"]
GROWING = [
    "gaussian-noise",
    "shot-noise",
    "impulse-noise",
    "speckle-noise",
    "defocus-blur",
    "motion-blur",
    "zoom-blur",
    "gaussian-blur",
    "brightness",
    "contrast",
    "pixelate",
    "jpeg-compression",
    "erosion",
    "dilation",
]
"""Those whose published severities grow by mean squared change; frost, glass and others are no such order."""


def implementation_of(name):
    return find("conditions", name).load()


def small_photographs():
    """(64, 3, 32, 32) uint8: all go into one part."""
    whole = photographs()
    parts = [whole[:, :, y : y + 32, x : x + 32] for y in (0, 16, 32, 48) for x in (0, 48)]
    return torch.cat(parts).contiguous()


def test_fifteen_and_four_are_installed():
    assert len(imagenet_c.SCORED) == 15
    assert len(imagenet_c.HELD_BACK) == 4
    assert all(find("conditions", name) in imagenet_c.ALL for name in NAMES)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("images", [scanned_digits, small_photographs], ids=["grey", "colour"])
def test_pixels_are_the_same_in_batches_of_1_7_and_64_and_in_any_order(images, name):
    condition, batch, drawn = implementation_of(name), images(), seeds(64)
    for severity in (1, 4):
        whole = condition(batch, severity, drawn)
        for size in (1, 7):
            parts = [condition(batch[k : k + size], severity, drawn[k : k + size]) for k in range(0, 64, size)]
            assert torch.equal(torch.cat(parts), whole)
        order = torch.arange(64).roll(17).flip(0)
        assert torch.equal(condition(batch[order], severity, drawn[order]), whole[order])


@pytest.mark.parametrize("name", EVERY)
def test_pixels_of_full_size_do_not_depend_on_their_neighbours(name):
    condition, batch, drawn = implementation_of(name), as_batch(pictures()), seeds(3)
    whole = condition(batch, 5, drawn)
    alone = [condition(batch[k : k + 1], 5, drawn[k : k + 1]) for k in range(3)]
    assert torch.equal(torch.cat(alone), whole)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("kind", [torch.uint8, torch.float32])
def test_shape_type_and_input_are_kept(name, kind):
    batch = photographs() if kind == torch.uint8 else photographs().float() / 255
    before = batch.clone()
    for severity in (1, 3, 5):
        changed = implementation_of(name)(batch, severity, seeds(8))
        assert (changed.shape, changed.dtype, changed.device) == (batch.shape, kind, batch.device)
        assert torch.equal(batch, before)
        assert not torch.equal(changed, batch)


@pytest.mark.parametrize("name", EVERY)
def test_floating_images_come_out_like_those_of_eight_bits(name):
    batch = photographs()[:2]
    rounded = implementation_of(name)(batch, 2, seeds(2)).float()
    floating = implementation_of(name)(batch.float() / 255, 2, seeds(2)) * 255
    assert float((rounded - floating).abs().mean()) < 0.6
    assert float((rounded - floating).abs().max()) < 1.5


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("shape", [(2, 1, 28, 28), (2, 3, 28, 45), (1, 3, 91, 64), (1, 2, 40, 40)])
def test_any_size_and_number_of_channels_is_served(name, shape):
    generator = torch.Generator().manual_seed(1)
    batch = torch.randint(20, 230, shape, dtype=torch.uint8, generator=generator)
    for severity in (1, 5):
        changed = implementation_of(name)(batch, severity, seeds(shape[0]))
        assert changed.shape == shape
        without_colour = name == "saturate" and shape[1] != 3
        assert torch.equal(changed, batch) == without_colour


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_large_image_is_served(name):
    batch = as_batch(pictures(1024))[:1, :, :800]
    changed = implementation_of(name)(batch, 3, seeds(1))
    assert changed.shape == batch.shape
    assert not torch.equal(changed, batch)


@pytest.mark.parametrize("name", EVERY)
def test_an_empty_batch_stays_empty(name):
    assert implementation_of(name)(torch.zeros((0, 3, 32, 32), dtype=torch.uint8), 1, seeds(0)).shape == (0, 3, 32, 32)


@pytest.mark.parametrize("name", GROWING)
def test_a_higher_severity_changes_more(name):
    batch = as_batch(pictures()).float() / 255
    distance = [
        float((implementation_of(name)(batch, level, seeds(3)) - batch).square().mean()) for level in range(1, 6)
    ]
    assert distance == sorted(distance)
    assert distance[0] > 0


@pytest.mark.parametrize("name", NAMES)
def test_what_is_random_depends_on_the_seed_and_the_rest_does_not(name):
    fixed = {
        "defocus-blur",
        "zoom-blur",
        "gaussian-blur",
        "brightness",
        "contrast",
        "pixelate",
        "jpeg-compression",
        "saturate",
    }
    batch = photographs()[:1].repeat(4, 1, 1, 1)
    first, *others = implementation_of(name)(batch, 4, seeds(4))
    assert all(torch.equal(first, other) for other in others) == (name in fixed)


def test_floating_images_outside_the_unit_interval_are_refused_where_it_matters():
    thickness = torch.full((1, 1, 8, 8), 12.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        noise.gaussian_noise(thickness, 1, seeds(1))
    assert torch.equal(outlines.erosion(thickness, 1, seeds(1)), thickness)


WITHIN_A_LEVEL = {"zoom-blur", "snow", "elastic-transform", "spatter"}
"""These interpolate, which devices round differently."""


@pytest.mark.gpu
@pytest.mark.parametrize("name", EVERY)
def test_an_accelerator_gives_the_same_pixels(name):
    condition, batch = implementation_of(name), as_batch(pictures())
    expected = condition(batch, 3, seeds(3))
    found = condition(batch.cuda(), 3, seeds(3).cuda()).cpu()
    if name in WITHIN_A_LEVEL:
        assert float((found.float() - expected.float()).abs().mean()) < 0.3
    else:
        assert torch.equal(found, expected)
