"""Run one attack of the library on a batch, with seeds of its own and a change that is never larger than allowed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from evaluators.robustness.adversarial.library import (
    AutoProjectedGradientDescent,
    EvasionAttack,
    FastGradientMethod,
    ProjectedGradientDescent,
    SquareAttack,
)
from evaluators.robustness.adversarial.network import Logits, classifier
from evaluators.robustness.adversarial.options import DLR, SQUARE, AttackOptions
from governance.errors import InputError
from governance.statistics.clusters import Floats

Pixels = npt.NDArray[np.float32]

STEP = 2.5
"""A step of PGD, times the number of steps, over eps: Madry et al., ICLR (2018), so that the edge is reached."""
FIRST_STEP = 2.0
"""The first step of APGD over eps: Croce and Hein, ICML (2020), section 3.1."""
SQUARES = 0.8
"""Share of the pixels that the first squares change: Andriushchenko et al., ECCV (2020), section 5."""
_SMALLEST_SIDE = 10
"""Pixels: under l2 the library starts from a grid of five by five tiles, each at least two wide."""
_SEED_LIMIT = 2**32


def attacked(
    network: Logits,
    pixels: Pixels,
    truth: npt.NDArray[np.int64],
    *,
    options: AttackOptions,
    classes: int,
    device: str,
    seed: int,
) -> Pixels:
    """Return changed pixels, as near to the given ones as `eps` says and inside the range of a pixel.

    Parameters
    ----------
    pixels
        (n, channels, height, width) in the range of a pixel.
    truth
        (n,) class numbers that the model shall no longer decide for.
    seed
        Fixes the random starts of the whole batch: the library draws for all samples at once, so that a sample's start
        depends on the samples beside it. Batches are the same in every run.

    Raises
    ------
    InputError
        If the images are too small for the attack.
    """
    target = classifier(network, pixels.shape[1:], classes, device)
    attack = _attack(target, pixels, options)
    with _seeded(seed), np.errstate(all="ignore"):
        found = attack.generate(pixels, truth)
    return within(np.asarray(found, dtype=np.float32), pixels, options, network)


def within(found: Pixels, pixels: Pixels, options: AttackOptions, network: Logits) -> Pixels:
    """Return changed pixels inside of the allowed change and of the range, whatever the library did.

    What is not a number stays as it was.
    """
    low, high = network.input_range
    change = np.where(np.isfinite(found), found, pixels).astype(np.float64).clip(low, high) - pixels
    if options.norm == "linf":
        change = change.clip(-options.eps, options.eps)
    else:
        size = perturbation(change, options.norm)
        scale = np.minimum(1.0, options.eps / np.maximum(size, np.finfo(np.float64).tiny))
        change = change * scale.reshape(-1, *[1] * (pixels.ndim - 1))
    changed: Pixels = (pixels + change).astype(np.float32).clip(low, high)
    return changed


def perturbation(change: npt.NDArray[Any], norm: str) -> Floats:
    """Return (n,) the norm of a change of (n, ...) pixels."""
    flat = np.abs(change.reshape(len(change), -1).astype(np.float64))
    found: Floats = flat.max(axis=1) if norm == "linf" else np.sqrt(np.sum(flat**2, axis=1))
    return found


def _attack(target: Any, pixels: Pixels, options: AttackOptions) -> EvasionAttack:
    norm = np.inf if options.norm == "linf" else 2
    shared: dict[str, Any] = {"norm": norm, "eps": options.eps, "batch_size": len(pixels)}
    if options.attack == "fgsm":
        return FastGradientMethod(target, **shared)
    if options.attack == "pgd":
        step = STEP * options.eps / options.steps
        return ProjectedGradientDescent(
            target, eps_step=step, max_iter=options.steps, num_random_init=options.restarts, verbose=False, **shared
        )
    if options.attack == SQUARE:
        return SquareAttack(
            target,
            max_iter=options.queries,
            nb_restarts=options.restarts,
            p_init=_first_squares(pixels, options),
            verbose=False,
            **shared,
        )
    return AutoProjectedGradientDescent(
        target,
        eps_step=FIRST_STEP * options.eps,
        max_iter=options.steps,
        nb_random_init=options.restarts,
        loss_type="difference_logits_ratio" if options.attack == DLR else "cross_entropy",
        verbose=False,
        **shared,
    )


def _first_squares(pixels: Pixels, options: AttackOptions) -> float:
    """Return the share of pixels of the first squares, which the library needs to be narrower than the image."""
    height, width = pixels.shape[-2:]
    side = min(height, width)
    if side < (_SMALLEST_SIDE if options.norm == "l2" else 2):
        raise InputError(
            f"evaluate.robustness.adversarial.attacks: images of {height} x {width} pixels are too small for square "
            f"under {options.norm}",
            hint="leave `square` out, or use norm: linf",
        )
    largest = float((side - 1) ** 2) / float(height * width)
    return min(SQUARES, largest)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed the global random numbers that the library draws from, and put back what was there."""
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng(devices=[]):
            np.random.seed(seed % _SEED_LIMIT)
            random.seed(seed)
            torch.manual_seed(seed)
            yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)
