"""The library that attacks. On import it writes settings to the home folder, where nobody asked for them; not here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory


@contextmanager
def _other_home() -> Iterator[None]:
    """Let the home folder be one that vanishes."""
    names = ("HOME", "USERPROFILE")
    before = {name: os.environ.get(name) for name in names}
    with TemporaryDirectory() as folder:
        os.environ.update(dict.fromkeys(names, folder))
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


with _other_home():
    from art.attacks import EvasionAttack
    from art.attacks.evasion import (
        AutoProjectedGradientDescent,
        FastGradientMethod,
        ProjectedGradientDescent,
        SquareAttack,
    )
    from art.estimators.classification import PyTorchClassifier

__all__ = [
    "AutoProjectedGradientDescent",
    "EvasionAttack",
    "FastGradientMethod",
    "ProjectedGradientDescent",
    "PyTorchClassifier",
    "SquareAttack",
]
