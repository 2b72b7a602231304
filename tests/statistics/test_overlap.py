"""Overlap of masks against scikit-learn, brute force and shapes whose distances are known."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import f1_score, jaccard_score

from governance.statistics.overlap import dice, hausdorff_distance_95, intersection_over_union


def blobs(stream, shape, n=6):
    """Random masks with coarse structure, none of them empty."""
    found = []
    while len(found) < n:
        coarse = stream.random([-(-size // 4) for size in shape]) < 0.35
        mask = np.kron(coarse, np.ones([4] * len(shape), dtype=bool))[tuple(slice(size) for size in shape)]
        if mask.any():
            found.append(mask)
    return found


def rim(mask):
    """Places with a neighbour by a face outside the mask or the image, by a loop."""
    padded, places = np.pad(mask, 1), []
    for place in np.argwhere(mask):
        neighbours = [
            place + 1 + sign * np.eye(mask.ndim, dtype=int)[axis] for axis in range(mask.ndim) for sign in (-1, 1)
        ]
        if not all(padded[tuple(neighbour)] for neighbour in neighbours):
            places.append(place)
    return np.array(places)


def brute_force(one, two, spacing):
    distances = cdist(rim(one) * np.asarray(spacing), rim(two) * np.asarray(spacing))
    return max(np.percentile(distances.min(axis=1), 95), np.percentile(distances.min(axis=0), 95))


@pytest.mark.parametrize("shape", [(20, 17), (9, 12, 10)])
def test_dice_and_intersection_agree_with_scikit_learn(shape):
    stream = np.random.default_rng(0)
    predicted, reference = blobs(stream, shape), blobs(stream, shape)
    for ours, theirs in ((dice, f1_score), (intersection_over_union, jaccard_score)):
        expected = [theirs(b.ravel(), a.ravel()) for a, b in zip(predicted, reference, strict=True)]
        found = ours(predicted, reference)
        assert found.values == pytest.approx(expected, abs=1e-12)
        assert found.defined.all()


@pytest.mark.parametrize(
    ("shape", "spacing"), [((20, 17), (1.0, 1.0)), ((20, 17), (0.5, 2.0)), ((9, 12, 10), (3, 1, 1))]
)
def test_distance_agrees_with_brute_force_over_the_surfaces(shape, spacing):
    stream = np.random.default_rng(1)
    predicted, reference = blobs(stream, shape), blobs(stream, shape)
    expected = [brute_force(a, b, spacing) for a, b in zip(predicted, reference, strict=True)]
    assert hausdorff_distance_95(predicted, reference, spacing).values == pytest.approx(expected, abs=1e-12)


def test_a_shifted_square_is_as_far_away_as_it_was_shifted_in_millimetres():
    one, two = np.zeros((2, 40, 40), dtype=bool)
    one[5:15, 5:15] = two[5:15, 12:22] = True
    found = hausdorff_distance_95([one, one], [two, two], [[1.0, 1.0], [1.0, 0.7]])
    assert found.values == pytest.approx([7.0, 4.9])


def test_one_stray_pixel_in_a_hundred_does_not_count():
    one, two = np.zeros((2, 60, 60), dtype=bool)
    one[10:40, 10:40] = two[10:40, 10:40] = True
    two[55, 55] = True
    assert hausdorff_distance_95([one], [two]).values == [0.0]


def test_empty_masks_follow_the_named_convention_and_are_counted():
    empty, full = np.zeros((8, 6), dtype=bool), np.ones((8, 6), dtype=bool)
    predicted, reference = [empty, full, empty, full], [empty, empty, full, full]
    agreed = dice(predicted, reference)
    assert list(agreed.values) == [1, 0, 0, 1]
    assert (agreed.both_empty, agreed.one_empty) == (1, 2)
    assert agreed.defined.all()
    assert "both masks empty: 1" in agreed.convention
    left_out = intersection_over_union(predicted, reference, "left out")
    assert list(left_out.defined) == [False, True, True, True]
    assert "left out" in left_out.convention


def test_distances_to_nothing_are_left_out_or_the_diagonal_and_never_missing_numbers():
    empty, full = np.zeros((8, 6), dtype=bool), np.ones((8, 6), dtype=bool)
    predicted, reference = [empty, full, empty, full], [empty, empty, full, full]
    found = hausdorff_distance_95(predicted, reference)
    assert list(found.defined) == [True, False, False, True]
    assert (found.both_empty, found.one_empty) == (1, 2)
    assert np.isfinite(found.values).all()
    far = hausdorff_distance_95(predicted, reference, 2.0, one_empty="image diagonal")
    assert far.values == pytest.approx([0, 20, 20, 0])
    assert far.defined.all()


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: dice([np.ones((2, 2))], []), "do not fit"),
        (lambda: dice([np.ones((2, 2))], [np.ones((2, 3))]), "sample 0"),
        (lambda: hausdorff_distance_95([np.ones((2, 2))], [np.ones((2, 2))], 0.0), "above 0"),
        (lambda: hausdorff_distance_95([np.ones((2, 2))], [np.ones((2, 2))], [1.0, 1.0, 1.0]), "each dimension"),
        (lambda: hausdorff_distance_95([np.ones((2, 2))], [np.ones((2, 2))], [[1.0, 1.0]] * 2), "2 spacings"),
    ],
)
def test_masks_that_do_not_fit_are_refused_with_the_reason(call, reason):
    with pytest.raises(ValueError, match=reason):
        call()
