"""Built-in conditions on real pixels, against SciPy, Pillow, matplotlib, OpenCV and their definitions."""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from real_pixels import as_batch, as_images, photographs, pictures, scanned_digits, seeds
from scipy import ndimage, stats

from evaluators.robustness.conditions import blur, digital, elastic, noise, outlines, tones
from evaluators.robustness.conditions.convolution import convolve, exact_weights, separable
from evaluators.robustness.conditions.fields import smooth_noise
from evaluators.robustness.conditions.resampling import clipped_zoom, pixel_grid, warped


def test_noise_has_the_published_standard_deviation():
    grey = torch.full((4, 1, 200, 200), 0.5)
    for severity, deviation in ((1, 0.08), (2, 0.12)):
        changed = noise.gaussian_noise(grey, severity, seeds(4)).double()
        assert float(changed.std()) == pytest.approx(deviation, rel=0.01)
        assert float(changed.mean()) == pytest.approx(0.5, abs=0.002)
        assert float(noise.speckle_noise(grey, severity, seeds(4)).std()) == pytest.approx(
            0.5 * noise.SPECKLE[severity - 1], rel=0.01
        )


@pytest.mark.parametrize("level", [3, 60, 128])
@pytest.mark.parametrize("severity", [1, 3])
def test_shot_noise_has_the_probabilities_of_poisson_counts(level, severity):
    photons = noise.PHOTONS[severity - 1]
    changed = noise.shot_noise(torch.full((4, 1, 200, 200), level / 255), severity, seeds(4))
    counts = torch.round(changed * photons).int().flatten()
    found = np.bincount(counts.numpy(), minlength=photons + 1) / len(counts)
    expected = stats.poisson.pmf(np.arange(photons), level / 255 * photons)
    assert found[:photons] == pytest.approx(expected, abs=0.006)


def test_impulse_noise_replaces_the_published_share():
    grey = torch.full((4, 3, 100, 100), 100, dtype=torch.uint8)
    for severity, share in enumerate(noise.REPLACED, start=1):
        changed = noise.impulse_noise(grey, severity, seeds(4))
        assert float((changed == 0).float().mean()) == pytest.approx(share / 2, abs=0.003)
        assert float((changed == 255).float().mean()) == pytest.approx(share / 2, abs=0.003)


def test_noise_of_a_sample_depends_on_its_seed_alone():
    same = scanned_digits()[:1].repeat(2, 1, 1, 1)
    two = noise.gaussian_noise(same, 3, torch.tensor([5, 6]))
    swapped = noise.gaussian_noise(same, 3, torch.tensor([6, 5]))
    assert torch.equal(two, swapped.flip(0))
    assert not torch.equal(two[0], two[1])


def test_weighted_sums_of_whole_levels_are_exact_in_any_order():
    weights = exact_weights(np.random.default_rng(1).random((9, 9)))
    assert weights.sum() == 1
    assert np.array_equal(weights * 2**16, np.rint(weights * 2**16))
    levels = as_batch(pictures())[:1].float()
    expected = [ndimage.correlate(channel, weights, mode="mirror") for channel in levels[0].double().numpy()]
    assert np.array_equal(convolve(levels, weights)[0].double().numpy(), np.stack(expected))


@pytest.mark.parametrize("severity", [1, 4, 5])
def test_gaussian_blur_agrees_with_scipy(severity):
    batch = as_batch(pictures()).float() / 255
    found = blur.gaussian_blur(batch, severity, seeds(3)).numpy()
    sigma = blur.BLUR[severity - 1]
    expected = ndimage.gaussian_filter(batch.numpy(), (0, 0, sigma, sigma), mode="nearest", truncate=4)
    assert np.abs(found - expected).max() < 0.25 / 255


def test_blur_grows_with_the_image_and_stops_shrinking_at_56_pixels():
    batch = photographs().float() / 255
    sigma = blur.BLUR[3] * 80 / 224
    expected = ndimage.gaussian_filter(batch.numpy(), (0, 0, sigma, sigma), mode="nearest", truncate=4)
    assert np.abs(blur.gaussian_blur(batch, 4, seeds(8)).numpy() - expected).max() < 0.25 / 255
    small = scanned_digits().float() / 255
    expected = ndimage.gaussian_filter(small.numpy(), (0, 0, 1, 1), mode="nearest", truncate=4)
    assert np.abs(blur.gaussian_blur(small, 4, seeds(64)).numpy() - expected).max() < 0.25 / 255


def test_many_weights_by_matrix_give_what_few_by_shifts_give():
    levels = as_batch(pictures())[:1].float()
    weights = np.exp(-0.5 * (np.arange(-8, 9) / 3.0) ** 2)
    padded = np.pad(weights, 12)  # 41 weights, of which 24 are nothing
    assert torch.allclose(separable(levels, weights), separable(levels, padded), atol=0.3)


def test_zoom_agrees_with_scipy():
    levels = as_batch(pictures())[:1].double()
    for factor in (1.01, 1.13, 1.3):
        rows = int(np.ceil(224 / factor))
        top = (224 - rows) // 2
        middle = levels[0, :, top : top + rows, top : top + rows].numpy()
        expected = ndimage.zoom(middle, (1, factor, factor), order=1)[:, :224, :224]
        assert np.abs(clipped_zoom(levels, factor)[0].numpy() - expected).max() < 1e-6


def test_brightness_and_saturation_agree_with_hsv():
    from matplotlib.colors import hsv_to_rgb, rgb_to_hsv

    images = as_images(photographs()) / 255
    lighter, coloured = rgb_to_hsv(images), rgb_to_hsv(images)
    lighter[..., 2] = np.clip(lighter[..., 2] + 0.3, 0, 1)
    found = as_images(tones.brightness(photographs().double() / 255, 3, seeds(8)))
    assert np.abs(found - hsv_to_rgb(lighter)).max() < 1e-6
    for severity, (factor, more) in enumerate(tones.SATURATION, start=1):
        changed = coloured.copy()
        changed[..., 1] = np.clip(changed[..., 1] * factor + more, 0, 1)
        found = as_images(tones.saturate(photographs().double() / 255, severity, seeds(8)))
        assert np.abs(found - hsv_to_rgb(changed)).max() < 1e-5


def test_contrast_agrees_with_its_definition():
    share = photographs().double() / 255
    mean = share.mean(dim=(2, 3), keepdim=True)
    expected = ((share - mean) * 0.4 + mean).clamp(0, 1)
    assert torch.allclose(tones.contrast(share, 1, seeds(8)), expected, atol=1e-6)
    rounded = tones.contrast(photographs(), 1, seeds(8)).int()
    assert int((rounded - torch.round(expected * 255).int()).abs().max()) <= 1
    assert float((rounded - torch.round(expected * 255).int()).abs().double().mean()) < 1e-3


def test_pixelation_agrees_with_pillow():
    for severity in range(1, 6):
        small = [int(224 * digital.SIDE[severity - 1])] * 2
        images = [Image.fromarray(image) for image in pictures()]
        coarse = [im.resize(small, Image.Resampling.BOX).resize((224, 224), Image.Resampling.NEAREST) for im in images]
        found = as_images(digital.pixelate(as_batch(pictures()), severity, seeds(3)))
        assert np.abs(found.astype(int) - np.stack(coarse)).max() <= 1
        assert np.mean(found != np.stack(coarse)) < 0.001


def test_jpeg_of_a_grey_image_stays_grey_and_loses_detail():
    digits = scanned_digits()
    changed = digital.jpeg_compression(digits, 5, seeds(64))
    assert changed.shape == digits.shape
    assert 1 < float((changed.float() - digits.float()).abs().mean()) < 40


@pytest.mark.parametrize("sigma", [2.44, 19.52, 170.8])
def test_smooth_noise_has_the_variance_and_the_correlation_of_smoothed_noise(sigma):
    found = np.stack([smooth_noise(torch.tensor([k]), 96, 128, sigma, 0)[0].numpy() for k in range(600)]).astype(float)
    down, across = (
        ndimage.gaussian_filter1d(np.eye(length), sigma, axis=0, mode="reflect", truncate=3) for length in (96, 128)
    )
    rows, columns = down @ down.T, across @ across.T
    variance = np.diag(rows).mean() * np.diag(columns).mean() / 3
    assert np.square(found).mean() == pytest.approx(variance, rel=0.2 if sigma > 100 else 0.05)
    for shift in (1, 3, 8):
        expected = np.diag(rows).mean() * np.diag(columns, shift).mean() / 3
        assert (found[:, :, :-shift] * found[:, :, shift:]).mean() == pytest.approx(
            expected, abs=0.03 * variance, rel=0.2
        )


def test_warping_agrees_with_scipy():
    levels = as_batch(pictures())[:1].float()
    generator = np.random.default_rng(2)
    rows, columns = (axis.numpy() + generator.uniform(-30, 30, (224, 224)) for axis in pixel_grid(levels))
    found = warped(levels, *(torch.tensor(places[None], dtype=torch.float32) for places in (rows, columns)))
    expected = [ndimage.map_coordinates(c, [rows, columns], order=1, mode="mirror") for c in levels[0].numpy()]
    assert np.abs(found[0].numpy() - np.stack(expected)).max() < 0.05


def test_the_affine_part_of_the_elastic_transform_is_that_of_three_corners():
    drawn = np.random.default_rng(3).random(6)
    given = np.float32([112, 112]) + 74 * np.float32([[1, 1], [1, -1], [-1, -1]])
    moved = (given + (drawn.reshape(3, 2) * 2 - 1) * 24.4).astype(np.float32)
    expected = cv2.getAffineTransform(moved, given)
    assert elastic._affine(list(drawn), 224, 224, 24.4) == pytest.approx(expected.ravel(), abs=1e-4)


def test_erosion_and_dilation_agree_with_scipy():
    digits = scanned_digits()
    for severity in (1, 3):
        size = (1, 1, 2 * severity + 1, 2 * severity + 1)
        # Outside of the image nothing is known, so it neither shrinks nor grows what touches the border.
        smallest = ndimage.minimum_filter(digits.numpy(), size=size, mode="constant", cval=255)
        largest = ndimage.maximum_filter(digits.numpy(), size=size, mode="constant", cval=0)
        assert np.array_equal(outlines.erosion(digits, severity, seeds(64)).numpy(), smallest)
        assert np.array_equal(outlines.dilation(digits, severity, seeds(64)).numpy(), largest)
