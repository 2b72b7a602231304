"""Counter-based random numbers: distribution, independence, and the published hash behind the keys."""

import numpy as np
import pytest
import torch
from real_pixels import seeds
from scipy import stats

from evaluators.robustness.random_numbers import _GOLDEN, _hash, halves, normal, normal_quantiles, uniform, words


def test_random_numbers_are_uniform_normal_and_uncorrelated():
    numbers = uniform(seeds(50), 2000).double()
    assert stats.kstest(numbers.flatten().numpy(), "uniform").pvalue > 1e-3
    assert float(numbers.min()) > 0
    assert float(numbers.max()) < 1
    drawn = normal(seeds(50), 2000).double()
    assert stats.kstest(drawn.flatten().numpy(), "norm").pvalue > 1e-3
    between_seeds = np.corrcoef(drawn.numpy())[np.triu_indices(50, 1)]
    assert np.abs(between_seeds).max() < 0.1
    for lag in (1, 2, 3, 224):
        together = np.corrcoef(drawn[:, :-lag].flatten().numpy(), drawn[:, lag:].flatten().numpy())[0, 1]
        assert abs(together) < 0.02


def test_every_bit_of_a_word_is_fair_and_independent_of_the_others():
    bits = words(seeds(20), 5000).flatten().numpy().view(np.uint32)
    ones = np.unpackbits(bits.view(np.uint8)).reshape(len(bits), 32).astype(float)
    assert np.abs(ones.mean(axis=0) - 0.5).max() < 5 * 0.5 / np.sqrt(len(bits))
    between = np.corrcoef(ones.T)[np.triu_indices(32, 1)]
    assert np.abs(between).max() < 5 / np.sqrt(len(bits))


def test_halves_of_words_fall_evenly_into_bins():
    counts = np.bincount(halves(seeds(10), 60_000).flatten().numpy() >> 8, minlength=256)
    assert stats.chisquare(counts).pvalue > 1e-3


def test_pixels_at_the_same_place_of_following_seeds_are_independent():
    drawn = uniform(torch.arange(20_000), 2).double().numpy()
    assert stats.kstest(drawn[:, 0], "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 0.03


def test_streams_and_neighbouring_seeds_give_other_numbers():
    one = uniform(torch.tensor([1]), 100)
    assert not torch.equal(one, uniform(torch.tensor([2]), 100))
    assert not torch.equal(one, uniform(torch.tensor([1]), 100, stream=1))
    assert torch.equal(one, uniform(torch.tensor([1]), 200)[:, :100])
    assert torch.equal(halves(torch.tensor([1]), 101), halves(torch.tensor([1]), 200)[:, :101])


def test_the_table_of_normal_quantiles_has_unit_variance():
    table = normal_quantiles("cpu").double()
    assert float(table.mean()) == pytest.approx(0, abs=1e-6)
    assert float(table.std()) == pytest.approx(1, abs=1e-3)
    assert table.numpy() == pytest.approx(stats.norm.ppf((np.arange(65536) + 0.5) / 65536), abs=1e-6)


def test_splitmix64_gives_the_published_numbers():
    """First outputs of SplitMix64 for the seed 0 are known: e220a8397b1dcdaf, 6e789e6aa1b965f4."""
    outputs = [int(_hash(np.array([k * _GOLDEN]))[0]) % 2**64 for k in (0, 1)]
    assert [hex(value) for value in outputs] == ["0xe220a8397b1dcdaf", "0x6e789e6aa1b965f4"]
