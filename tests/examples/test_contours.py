"""Conditions on outlines: what they keep, what they change, and that a sample's result is its own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch

CONDITIONS = ("contour_jitter", "slice_dropout", "coarser_grid")


@pytest.fixture(scope="module")
def stacks(nodules: Any) -> torch.Tensor:
    return torch.from_numpy(nodules.testing().decode(range(40)))


@pytest.fixture(scope="module")
def seeds() -> torch.Tensor:
    return torch.arange(40, dtype=torch.int64) * 6_364_136_223_846_793_005


@pytest.fixture(params=CONDITIONS)
def condition(request: pytest.FixtureRequest, contours: Any) -> Callable[..., torch.Tensor]:
    function: Callable[..., torch.Tensor] = getattr(contours, request.param)
    return function


def overlap(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Dice coefficient of each sample."""
    a, b = (first > 0).flatten(1), (second > 0).flatten(1)
    return 2 * (a & b).sum(1) / (a.sum(1) + b.sum(1))


def test_result_does_not_depend_on_the_batch(
    condition: Callable[..., torch.Tensor], stacks: torch.Tensor, seeds: torch.Tensor
) -> None:
    whole = condition(stacks, 3, seeds)
    order = torch.tensor([17, 3, 39])
    assert torch.equal(condition(stacks[order], 3, seeds[order]), whole[order])
    assert torch.equal(condition(stacks[5:6], 3, seeds[5:6]), whole[5:6])


def test_shape_and_thickness_stay_and_the_input_is_not_touched(
    condition: Callable[..., torch.Tensor], stacks: torch.Tensor, seeds: torch.Tensor
) -> None:
    before = stacks.clone()
    result = condition(stacks, 5, seeds)
    assert torch.equal(stacks, before)
    assert result.shape == stacks.shape
    assert result.dtype == torch.uint8
    thickness = stacks.amax((2, 3), keepdim=True)
    assert ((result == 0) | (result == thickness)).all()
    assert result.flatten(1).any(1).all(), "no nodule may vanish"


def test_more_severe_is_further_from_the_outline(
    condition: Callable[..., torch.Tensor], stacks: torch.Tensor, seeds: torch.Tensor
) -> None:
    likeness = [float(overlap(condition(stacks, severity, seeds), stacks).mean()) for severity in (1, 2, 3, 4, 5)]
    assert likeness == pytest.approx(sorted(likeness, reverse=True), abs=0.01)
    assert likeness[0] > 0.85
    assert likeness[4] < likeness[0] - 0.1


@pytest.mark.parametrize("name", ["contour_jitter", "slice_dropout"])
def test_seed_decides(contours: Any, stacks: torch.Tensor, seeds: torch.Tensor, name: str) -> None:
    function = getattr(contours, name)
    assert torch.equal(function(stacks, 4, seeds), function(stacks, 4, seeds.clone()))
    assert not torch.equal(function(stacks, 4, seeds), function(stacks, 4, seeds + 1))


def test_slices_left_out_at_one_severity_are_left_out_at_the_next(
    contours: Any, stacks: torch.Tensor, seeds: torch.Tensor
) -> None:
    left = [contours.slice_dropout(stacks, severity, seeds).flatten(2).any(2) for severity in (1, 2, 3, 4, 5)]
    for milder, harder in pairwise(left):
        assert not (harder & ~milder).any()


def test_share_of_slices_that_is_left_out_is_about_the_stated_one(contours: Any) -> None:
    stacks = torch.full((400, 24, 4, 4), 10, dtype=torch.uint8)
    kept = contours.slice_dropout(stacks, 3, torch.arange(400)).flatten(2).any(2).float().mean()
    assert float(kept) == pytest.approx(1 - contours.DROPPED[2], abs=0.02)


def test_jitter_displaces_by_no_more_than_stated(contours: Any, seeds: torch.Tensor) -> None:
    stacks = torch.zeros((40, 1, 64, 64), dtype=torch.uint8)
    stacks[:, :, 20:44, 20:44] = 10
    for severity, largest in enumerate(contours.JITTER_MM, start=1):
        reach = round(largest / contours.PIXEL_MM)
        moved = contours.contour_jitter(stacks, severity, seeds)[:, 0] > 0
        inner, outer = slice(20 + reach, 44 - reach), slice(20 - reach, 44 + reach)
        assert moved[:, inner, inner].all()
        assert moved.sum() == moved[:, outer, outer].sum()


def test_uniform_numbers_are_spread_evenly_and_differ_between_streams(contours: Any) -> None:
    numbers = contours._uniform(torch.arange(200), 500, stream=1)
    assert float(numbers.min()) >= 0
    assert float(numbers.max()) < 1
    assert torch.histc(numbers, 10, 0, 1).sub(10_000).abs().max() < 500
    other = contours._uniform(torch.arange(200), 500, stream=2)
    assert abs(float(torch.corrcoef(torch.stack([numbers.flatten(), other.flatten()]))[0, 1])) < 0.02


def test_projection_is_the_depth_in_millimetres(contours: Any, nodules: Any) -> None:
    stack = torch.zeros((1, nodules.PLANES, 64, 64), dtype=torch.uint8)
    stack[0, :4, 10, 10] = 25
    depth = contours.projection(stack)
    assert depth.shape == (1, 1, 64, 64)
    assert float(depth[0, 0, 10, 10]) * contours.FULL_SCALE_MM == pytest.approx(10.0)


def test_both_modules_speak_of_the_same_grid(contours: Any, nodules: Any) -> None:
    assert (contours.PIXEL_MM, contours.TENTHS) == (nodules.SPACING_MM, nodules.TENTHS)
