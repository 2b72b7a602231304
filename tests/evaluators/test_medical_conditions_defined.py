"""Each medical condition does what its definition says, against NumPy, SciPy and formulas written down here."""

import itertools

import numpy as np
import pytest
import torch
from medical_pixels import drawn, large, patches, seeds
from scipy import ndimage, stats

from evaluators.robustness.conditions import noise
from evaluators.robustness.conditions.medical import (
    archive,
    ct,
    dermatoscopy,
    font,
    geometry,
    histology,
    mri,
    outlines,
    ultrasound,
)
from evaluators.robustness.conditions.medical.medmnist_c_scales import SETS
from evaluators.robustness.conditions.medical.painting import Canvas, Draws
from evaluators.robustness.conditions.pixels import luminance
from governance.plugins import find


def flat(value, count=1, height=64, width=64):
    return torch.full((count, 1, height, width), value, dtype=torch.float32)


# CT


def test_another_window_moves_the_centre_and_changes_the_width_one_way_or_the_other():
    batch = large(in_grey=True)[:1].repeat(40, 1, 1, 1)
    changed = ct.window_shift(batch, 4, seeds(40)).numpy()
    pixels = batch[0].numpy().astype(np.float64)
    signs = list(itertools.product((-1, 1), (-1, 1)))
    expected = [
        np.clip((pixels - 255 * (0.5 + up * ct.SHIFT[3])) * ct.WIDTH[3] ** narrower + 127.5, 0, 255)
        for up, narrower in signs
    ]
    near = np.array([[np.abs(image - one).max() <= 0.51 for one in expected] for image in changed])
    assert (near.sum(axis=1) == 1).all()
    assert near.any(axis=0).all()


# MRI


def test_ghosts_are_what_weakened_lines_of_the_raw_data_give():
    """840 rows can be divided by every number of ghosts, so shifting by whole pixels is exact."""
    image = ndimage.gaussian_filter(np.random.default_rng(1).random((840, 3)), 2) * 0.8
    batch = torch.tensor(image, dtype=torch.float32)[None, None]
    found = set()
    for seed in range(40):
        changed = mri.ghosting(batch, 3, torch.tensor([seed])).numpy()[0, 0]
        for count in range(mri.GHOSTS[0], mri.GHOSTS[1] + 1):
            raw = np.fft.fft(image, axis=0)
            lines = np.arange(840)
            raw[(lines % count == 0) & (lines != 0)] *= 1 - mri.GHOST[2]
            if np.abs(np.clip(np.abs(np.fft.ifft(raw, axis=0)), 0, 1) - changed).max() < 1e-5:
                found.add(count)
    assert found == set(range(mri.GHOSTS[0], mri.GHOSTS[1] + 1))


def test_the_logarithm_of_a_bias_field_is_a_polynomial_of_third_order_and_its_mean_is_one():
    field = mri.bias_field(flat(0.2, 3, 60, 80), 3, seeds(3)).double().numpy()[:, 0] / 0.2
    y, x = np.meshgrid(np.linspace(-1, 1, 60), np.linspace(-1, 1, 80), indexing="ij")
    terms = np.stack([(y**i * x**j).ravel() for i in range(4) for j in range(4 - i)], axis=1)
    for one in field:
        coefficients, *_ = np.linalg.lstsq(terms, np.log(one).ravel(), rcond=None)
        assert np.abs(terms @ coefficients - np.log(one).ravel()).max() < 1e-5
        assert np.abs(coefficients[1:]).max() <= mri.COEFFICIENT[2] + 1e-6
        assert one.mean() == pytest.approx(1, abs=1e-5)
    assert not np.allclose(field[0], field[1])


def test_motion_keeps_the_middle_of_the_raw_data_and_so_the_position():
    image = large(in_grey=True)[:1].float() / 255
    changed = mri.motion(image, 5, seeds(1))
    before, after = (np.fft.fft2(one[0, 0].double().numpy()) for one in (image, changed))
    assert after[0, 0].real == pytest.approx(before[0, 0].real, rel=0.12)
    shift = np.unravel_index(np.argmax(np.fft.ifft2(before.conj() * after).real), before.shape)
    assert all(min(s, n - s) <= 1 for s, n in zip(shift, before.shape, strict=True))
    assert float((changed - image).abs().mean()) > 0.01


def test_a_patient_without_signal_has_none_after_moving():
    assert float(mri.motion(flat(0.0), 5, seeds(1)).max()) < 1e-6


# Ultrasound


def test_speckle_is_rayleigh_in_amplitude_and_wider_than_deep():
    weight = ultrasound.SHARE[4]
    changed = ultrasound.speckle(flat(0.5, 1, 224, 224), 5, seeds(1)).double().numpy()[0, 0]
    inside = (changed > 0) & (changed < 1)
    amplitude = 10 ** ((changed - 0.5) * ultrasound.DYNAMIC_RANGE / 20)
    rayleigh = (amplitude - (1 - weight)) / weight
    assert inside.mean() > 0.99
    thinned = rayleigh[::8, ::12].ravel()  # further apart than a grain
    assert stats.kstest(thinned, "rayleigh", args=(0, np.sqrt(2 / np.pi))).pvalue > 1e-3
    centred = changed - changed.mean()
    deep, across = ((centred * np.roll(centred, 1, axis)).mean() / centred.var() for axis in (0, 1))
    assert across > deep > 0.2


def test_echo_free_regions_stay_dark():
    assert float(ultrasound.speckle(flat(0.0), 3, seeds(1)).mean()) < 0.02


# Histology


def test_each_stain_is_changed_by_a_factor_and_an_offset_within_the_published_range():
    batch = patches(32, 6).float().clamp(60, 230) / 255
    sigma = histology.HALF_WIDTH[1]
    changed = histology.stain_variation(batch, 2, seeds(6))
    matrix = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    drawn_numbers = []
    for one, other in zip(batch.double().numpy(), changed.double().numpy(), strict=True):
        kept = (other > 0).all(0) & (other < 1).all(0)
        before, after = (-np.log(image[:, kept]).T @ np.linalg.inv(matrix) for image in (one, other))
        for stain in range(3):
            factor, offset = np.polyfit(before[:, stain], after[:, stain], 1)
            assert np.abs(factor * before[:, stain] + offset - after[:, stain]).max() < 1e-3
            assert abs(factor - 1) <= sigma + 1e-4
            assert abs(offset) <= sigma + 1e-4
            drawn_numbers += [factor, offset]
    assert len(np.unique(np.round(drawn_numbers, 6))) == 36


# Views


def test_a_rotation_agrees_with_scipy():
    batch = large(in_grey=True)[:1].float() / 255
    image = batch[0, 0].double().numpy()
    angles = set()
    for seed in range(6):
        changed = geometry.rotation(batch, 4, torch.tensor([seed])).double().numpy()[0, 0]
        for angle in (10, -10):
            expected = ndimage.rotate(image, angle, reshape=False, order=1, mode="nearest")
            if np.abs(changed - expected).max() < 1e-3:
                angles.add(angle)
    assert angles == {10, -10}


def test_a_crop_shows_the_share_of_the_sides_that_it_says_from_within_the_image():
    y, x = np.meshgrid(np.arange(200) / 199, np.arange(200) / 199, indexing="ij")
    ramps = torch.tensor(np.stack([y, x])[:, None], dtype=torch.float32)
    for seed in range(4):
        rows, columns = geometry.crop(ramps, 5, torch.tensor([seed, seed])).double().numpy()[:, 0]
        for seen in (rows[:, 100], columns[100]):
            assert np.diff(seen) == pytest.approx(np.full(199, geometry.KEPT[4] / 199), abs=1e-4)
            assert -1e-6 <= seen[0] < seen[-1] <= 1 + 1e-6


# The way through the archive


def test_down_sampling_agrees_with_pillow():
    from PIL import Image

    image = large(in_grey=True)[0, 0].numpy()
    found = archive.down_sampling(torch.from_numpy(image)[None, None], 2, seeds(1)).numpy()[0, 0]
    small = Image.fromarray(image).resize((112, 112), Image.Resampling.BILINEAR)
    expected = np.asarray(small.resize((224, 224), Image.Resampling.BILINEAR))
    difference = np.abs(found.astype(int) - expected)
    assert difference.max() <= 2  # Pillow rounds to whole levels four times
    assert difference.mean() < 0.5


def test_every_saving_as_jpeg_loses_more_and_the_picture_stays_itself():
    batch = large()
    loss = [float((archive.jpeg_generations(batch, k, seeds(2)).float() - batch).square().mean()) for k in range(1, 6)]
    assert loss == sorted(loss)
    assert 10 * np.log10(255**2 / loss[-1]) > 20


def test_letters_are_painted_as_they_are_drawn():
    text = torch.tensor([font.codes("LEFT 2")])
    canvas = Canvas(torch.zeros(1, 1, 12, 40))
    covered = font.paint_text(canvas, text, torch.tensor([[2]]), torch.tensor([[1]]), torch.tensor([[7.0]]))
    rows = ["".join("#" if dot else "." for dot in row) for row in covered[0, 0, 2:9, 1:36].numpy()]
    assert rows == [
        "#.....#####.#####.#####........###.",
        "#.....#.....#.......#.........#...#",
        "#.....#.....#.......#.............#",
        "#.....####..####....#...........##.",
        "#.....#.....#.......#..........#...",
        "#.....#.....#.......#.........#....",
        "#####.#####.#.......#.........#####",
    ]
    assert float(covered.sum()) == float(covered[0, 0, 2:9, 1:36].sum())


def test_a_letter_that_the_font_lacks_is_an_error():
    with pytest.raises(ValueError, match="substring"):
        font.codes("é")


def test_text_only_brightens_a_corner_and_there_is_more_of_it_at_each_severity():
    batch = flat(0.3, 12, 224, 224)
    shares = []
    for level in range(1, 6):
        changed = archive.burnt_in_text(batch, level, seeds(12))
        assert float((changed - batch).min()) >= 0
        assert float(changed.max()) == 1
        touched = (changed > batch).numpy()[:, 0]
        halves = [(touched[:, :112].any((1, 2)), touched[:, 112:].any((1, 2)))]
        assert all((above != below).all() for above, below in halves)
        shares.append(touched.mean())
    assert shares == sorted(shares)
    assert 0.0005 < shares[0] < shares[-1] < 0.12


# Outlines


def test_a_jittered_outline_stays_within_the_severitys_distance_and_keeps_its_values():
    batch = drawn(8)
    for level in (1, 3, 5):
        changed = outlines.jitter(batch, level, seeds(8)).numpy()
        size = (1, 1, 2 * level + 1, 2 * level + 1)
        assert (changed <= ndimage.maximum_filter(batch.numpy(), size=size, mode="constant")).all()
        assert (changed >= ndimage.minimum_filter(batch.numpy(), size=size, mode="constant")).all()
        assert set(np.unique(changed)) <= {0, 12}


def test_dropout_empties_the_share_that_it_says_in_all_planes_alike_and_never_everything():
    batch = torch.ones(200, 3, 40, 40, dtype=torch.uint8)
    changed = outlines.dropout(batch, 4, seeds(200))
    assert torch.equal(changed[:, 0], changed[:, 1])
    kept = changed[:, 0].double().mean(dim=(1, 2))
    assert float(kept.mean()) == pytest.approx(1 - outlines.DROPPED[3], abs=0.03)
    cells = changed[:, 0].reshape(200, 4, 10, 4, 10)
    assert torch.equal(cells.amax((2, 4)), cells.amin((2, 4)))
    tiny = torch.zeros(60, 1, 30, 30, dtype=torch.uint8)
    tiny[:, :, 10, 10] = 7
    assert torch.equal(outlines.dropout(tiny, 5, seeds(60)), tiny)


def test_an_empty_outline_stays_empty():
    empty = torch.zeros(2, 3, 30, 30, dtype=torch.uint8)
    for condition in (outlines.jitter, outlines.dropout):
        assert torch.equal(condition(empty, 5, seeds(2)), empty)


# MedMNIST-C


def test_marks_are_black_and_as_many_and_as_large_as_the_severity_allows():
    condition = find("conditions", "medmnist-c-path-stain-deposit").load()
    batch = torch.full((48, 1, 224, 224), 200, dtype=torch.uint8)
    for level, side in ((1, 24), (5, 32)):
        changed = condition(batch, level, seeds(48)).numpy()
        assert set(np.unique(changed)) == {0, 200}
        marks = [ndimage.label(image[0] == 0)[1] for image in changed]
        area = (changed[:, 0] == 0).sum() / side**2
        if level == 1:
            assert area / 48 == pytest.approx(0.62, abs=0.05)
        else:
            assert max(marks) >= 4
            assert area / 48 == pytest.approx(0.54 * 3, rel=0.25)  # one to five marks, that may overlap
        border = np.concatenate([changed[:, :, :10].ravel(), changed[:, :, -10:].ravel()])
        assert (border == 200).all()


def test_bubbles_are_discs_of_two_shades():
    condition = find("conditions", "medmnist-c-blood-bubble").load()
    changed = condition(torch.zeros(16, 1, 224, 224, dtype=torch.uint8), 3, seeds(16)).numpy()
    assert set(np.unique(changed)) == {0, 100, 130}
    assert all(5 <= ndimage.label(image[0] > 0)[1] <= 10 for image in changed)


def test_black_corners_lie_outside_of_a_circle():
    white = torch.full((1, 1, 224, 224), 255.0)
    y, x = np.ogrid[-112:112, -112:112]
    for share in (1.1, 0.9):
        found = dermatoscopy.black_corner(white, share, seeds(1)).numpy()[0, 0]
        assert np.array_equal(found > 0, y * y + x * x <= int(112 * share) ** 2)


def test_noise_on_a_grey_set_is_what_three_noisy_channels_leave():
    grey = torch.full((2, 1, 224, 224), 128, dtype=torch.uint8)
    changed = find("conditions", "medmnist-c-organa-gaussian-noise").load()(grey, 2, seeds(2)).double()
    weights = np.array([0.299, 0.587, 0.114])
    assert float(changed.std()) == pytest.approx(255 * 0.08 * np.sqrt((weights**2).sum()), rel=0.02)


@pytest.mark.parametrize("kind", ["gaussian", "speckle", "impulse", "shot"])
def test_noise_on_a_grey_set_has_the_distribution_of_three_channels_made_grey(kind):
    drawn = {"gaussian": noise.with_normal_noise, "speckle": noise.with_speckle}
    corrupt = {**drawn, "impulse": noise.salted, "shot": noise.counted}[kind]
    for level, severity in itertools.product((0, 30, 128, 240, 255), (1, 5)):
        grey = torch.full((1, 1, 384, 384), level, dtype=torch.uint8)
        found = find("conditions", f"medmnist-c-chest-{kind}-noise").load()(grey, severity, seeds(1)).double()
        strength = SETS["chest"].scales[f"{kind}-noise"][severity - 1]
        three = corrupt(grey.float().expand(-1, 3, -1, -1), strength, seeds(1) + 1).clamp(0, 255)
        expected = luminance(three).double()
        assert float(found.mean()) == pytest.approx(float(expected.mean()), abs=0.02 * float(expected.std()) + 0.1)
        spread = float(expected.std())
        assert float(found.std()) == pytest.approx(spread, rel=0.08 if kind == "impulse" else 0.03, abs=0.35)
        # As far as the distribution of one has to be moved to be the other's; levels are whole numbers.
        assert stats.wasserstein_distance(found.flatten(), expected.round().flatten()) < 0.15 + 0.02 * spread


def test_grey_stays_grey_in_three_channels_and_colour_keeps_its_colour():
    batch = patches(32, 4)
    batch[:2] = batch[:2, :1]
    found = find("conditions", "medmnist-c-chest-gaussian-noise").load()(batch, 2, seeds(4))
    assert torch.equal(found[:2, 0], found[:2, 2])
    assert not torch.equal(found[2:, 0], found[2:, 2])


def test_whole_numbers_are_drawn_evenly_with_both_ends():
    numbers = Draws(seeds(3000), torch.device("cpu")).between(3, 7)[:, 0].numpy()
    assert set(numbers) == {3, 4, 5, 6, 7}
    assert stats.chisquare(np.bincount(numbers)[3:]).pvalue > 1e-3
    assert (Draws(seeds(9), torch.device("cpu")).between(5, 2).numpy() == 5).all()
