"""Built-in conditions on real pixels and real outlines, against SciPy and ImageNet-C's definitions."""

import numpy as np
import pytest
import torch
from scipy import ndimage, stats

from evaluators.robustness.conditions import blur, noise, outlines, tones
from evaluators.robustness.random_numbers import normal, uniform
from governance.plugins import find

NAMES = ("gaussian_noise", "gaussian_blur", "brightness", "contrast", "erosion", "dilation")


@pytest.fixture(scope="module")
def digits():
    """Real scanned digits of scikit-learn as (64, 1, 24, 24) uint8."""
    from sklearn.datasets import load_digits

    images = torch.tensor(load_digits().images[:64] * 255 / 16, dtype=torch.uint8)[:, None]
    return images.repeat_interleave(3, 2).repeat_interleave(3, 3)


@pytest.fixture(scope="module")
def photographs():
    """Parts of scikit-learn's two photographs as (8, 3, 80, 80) uint8."""
    from sklearn.datasets import load_sample_images

    parts = [image[y : y + 80, 100:180] for image in load_sample_images().images for y in (0, 90, 180, 270)]
    return torch.tensor(np.stack(parts)).permute(0, 3, 1, 2).contiguous()


def implementation_of(name: str):
    return find("conditions", name.replace("_", "-")).load()


def seeds(n):
    return torch.arange(n, dtype=torch.int64) * 7919 - 3


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("severity", [1, 5])
def test_pixels_are_the_same_in_batches_of_1_7_and_64(digits, name, severity):
    condition = implementation_of(name)
    whole = condition(digits, severity, seeds(64))
    for size in (1, 7):
        parts = [condition(digits[k : k + size], severity, seeds(64)[k : k + size]) for k in range(0, 64, size)]
        assert torch.equal(torch.cat(parts), whole)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [torch.uint8, torch.float32])
def test_shape_type_and_input_are_kept(photographs, name, kind):
    batch = photographs if kind == torch.uint8 else photographs.float() / 255
    before = batch.clone()
    changed = implementation_of(name)(batch, 3, seeds(8))
    assert (changed.shape, changed.dtype) == (batch.shape, kind)
    assert torch.equal(batch, before)
    assert not torch.equal(changed, batch)


@pytest.mark.parametrize("name", NAMES)
def test_a_higher_severity_changes_more(photographs, name):
    batch = photographs.float() / 255
    distance = [
        float((implementation_of(name)(batch, level, seeds(8)) - batch).square().mean()) for level in range(1, 6)
    ]
    assert distance == sorted(distance)
    assert distance[0] > 0


def test_noise_has_the_published_standard_deviation():
    grey = torch.full((4, 1, 200, 200), 0.5)
    for severity, deviation in ((1, 0.08), (2, 0.12)):
        changed = noise.gaussian_noise(grey, severity, seeds(4)).double()
        assert float(changed.std()) == pytest.approx(deviation, rel=0.01)
        assert float(changed.mean()) == pytest.approx(0.5, abs=0.002)


def test_noise_of_a_sample_depends_on_its_seed_alone(digits):
    first = noise.gaussian_noise(digits[:2], 3, torch.tensor([5, 6]))
    swapped = noise.gaussian_noise(digits[:2].flip(0), 3, torch.tensor([6, 5])).flip(0)
    assert torch.equal(first, swapped)
    same = torch.cat([digits[:1]] * 2)
    two = noise.gaussian_noise(same, 3, torch.tensor([5, 6]))
    assert not torch.equal(two[0], two[1])


def test_blur_agrees_with_scipy(photographs):
    batch = photographs[:2].double() / 255
    for severity in (1, 4):
        found = blur.gaussian_blur(batch, severity, seeds(2)).numpy()
        sigma = blur.BLUR[severity - 1] * 80 / 224
        expected = ndimage.gaussian_filter(batch.numpy(), (0, 0, sigma, sigma), mode="nearest", truncate=4)
        assert found == pytest.approx(expected, abs=0.2 / 255)


def test_brightness_is_added_to_the_value_of_hsv(photographs):
    from matplotlib.colors import hsv_to_rgb, rgb_to_hsv

    batch = photographs.permute(0, 2, 3, 1).numpy() / 255
    hsv = rgb_to_hsv(batch)
    hsv[..., 2] = np.clip(hsv[..., 2] + 0.3, 0, 1)
    found = tones.brightness(photographs.double() / 255, 3, seeds(8)).permute(0, 2, 3, 1).numpy()
    assert found == pytest.approx(hsv_to_rgb(hsv), abs=1e-6)


def test_contrast_agrees_with_its_definition(photographs):
    share = photographs.double() / 255
    mean = share.mean(dim=(2, 3), keepdim=True)
    expected = ((share - mean) * 0.4 + mean).clamp(0, 1)
    assert torch.allclose(tones.contrast(share, 1, seeds(8)), expected, atol=1e-6)
    rounded = tones.contrast(photographs, 1, seeds(8))
    assert torch.equal(rounded, torch.round(expected * 255).to(torch.uint8))


def test_erosion_and_dilation_agree_with_scipy(digits):
    for severity in (1, 3):
        size = (1, 1, 2 * severity + 1, 2 * severity + 1)
        # Outside of the image nothing is known, so it neither shrinks nor grows what touches the border.
        smallest = ndimage.minimum_filter(digits.numpy(), size=size, mode="constant", cval=255)
        largest = ndimage.maximum_filter(digits.numpy(), size=size, mode="constant", cval=0)
        assert np.array_equal(outlines.erosion(digits, severity, seeds(64)).numpy(), smallest)
        assert np.array_equal(outlines.dilation(digits, severity, seeds(64)).numpy(), largest)


def test_floating_images_outside_the_unit_interval_are_refused_where_it_matters():
    thickness = torch.full((1, 1, 8, 8), 12.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        noise.gaussian_noise(thickness, 1, seeds(1))
    assert torch.equal(outlines.erosion(thickness, 1, seeds(1)), thickness)


def test_random_numbers_are_uniform_normal_and_uncorrelated():
    numbers = uniform(seeds(50), 2000)
    assert stats.kstest(numbers.flatten().numpy(), "uniform").pvalue > 1e-3
    assert float(numbers.min()) > 0
    assert float(numbers.max()) < 1
    drawn = normal(seeds(50), 2000)
    assert stats.kstest(drawn.flatten().numpy(), "norm").pvalue > 1e-3
    between_seeds = np.corrcoef(drawn.numpy())[np.triu_indices(50, 1)]
    assert np.abs(between_seeds).max() < 0.1
    next_pixels = np.corrcoef(drawn[:, :-1].flatten().numpy(), drawn[:, 1:].flatten().numpy())[0, 1]
    assert abs(next_pixels) < 0.02


def test_streams_and_neighbouring_seeds_give_other_numbers():
    one = uniform(torch.tensor([1]), 100)
    assert not torch.equal(one, uniform(torch.tensor([2]), 100))
    for stream in (1, 2, 99):
        assert not torch.equal(one, uniform(torch.tensor([1]), 100, stream=stream))
    assert torch.equal(one, uniform(torch.tensor([1]), 200)[:, :100])


def test_splitmix64_gives_the_published_numbers():
    """First outputs of SplitMix64 for the seed 0 are known: e220a8397b1dcdaf, 6e789e6aa1b965f4."""
    from evaluators.robustness.random_numbers import _GOLDEN, _hash

    outputs = [int(_hash(torch.tensor([k * _GOLDEN]))) % 2**64 for k in (0, 1)]
    assert [hex(value) for value in outputs] == ["0xe220a8397b1dcdaf", "0x6e789e6aa1b965f4"]


@pytest.mark.gpu
@pytest.mark.parametrize("name", NAMES)
def test_an_accelerator_gives_the_same_pixels(digits, name):
    condition = implementation_of(name)
    assert torch.equal(condition(digits.cuda(), 3, seeds(64).cuda()).cpu(), condition(digits, 3, seeds(64)))
