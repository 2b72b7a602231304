"""AlexNet's errors under corruption, by which published robustness numbers are divided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from governance.spec import read_yaml

IMAGENET_C = "imagenet-c"
MEDMNIST_C = "medmnist-c"
_FOLDER = Path(__file__).parent.parent / "baselines"


@dataclass(frozen=True)
class Baseline:
    """One row of errors.

    Attributes
    ----------
    name
        As the option `reference` names it.
    clean
        The error on clean input.
    corrupted
        The mean error over all severities of each condition, by the condition's name.
    severities
        Those over which the means were taken.
    source
        Where the errors were published.
    """

    name: str
    clean: float
    corrupted: Mapping[str, float]
    severities: tuple[int, ...]
    source: str

    def harm(self, condition: str) -> float:
        """Return how much a condition adds to the error."""
        return self.corrupted[condition] - self.clean


@cache
def baseline(reference: str) -> Baseline:
    """Return the errors that a reference names: ``imagenet-c``, or ``medmnist-c chest``.

    Conditions of MedMNIST-C are called ``medmnist-c-<set>-<corruption>``: the sets have scales of their own.
    """
    kind, _, which = reference.partition(" ")
    content = _content(f"{kind.replace('-', '_')}.yaml")
    source, severities = " ".join(str(content["source"]).split()), tuple(int(s) for s in content["severities"])
    if kind == IMAGENET_C:
        means = {name: sum(rates) / len(rates) for name, rates in content["corrupted"].items()}
        return Baseline(reference, float(content["clean"]), means, severities, source)
    row = content["sets"][which]
    errors = {f"{MEDMNIST_C}-{which}-{name}": float(error) for name, error in row["corrupted"].items()}
    return Baseline(reference, float(row["clean"]), errors, severities, source)


@cache
def _content(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = read_yaml(_FOLDER / name).content
    return found
