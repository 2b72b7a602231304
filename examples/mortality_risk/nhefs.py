"""Death by 1992 among smokers of a US national health survey of 1971-75, and a risk model for it.

The data are the extract of the NHANES I Epidemiologic Follow-up Study (NHEFS) that the Python package `causaldata` has
as a Stata file: 1,629 people who smoked when they were examined in 1971-75 and were examined again in 1982. The package
itself is never imported.

Source: M. A. Hernán, J. M. Robins, Causal Inference: What If, Chapman & Hall/CRC 2020, data and codebook.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

WEIGHTS = "model.skops"
BASELINE = "age_alone.csv"
"""What the model is compared with: how many of the same age died, among the training people."""
BAND = 5
"""Years of age that the baseline takes together."""

WAIVERS = "waivers.yaml"
WAIVER = """\
# Written by nhefs:prepare, dated the day it was made: a waiver holds for a year at most.
version: 1
waivers:
  - rule: calibration-in-the-large
    reason: Demonstration of a waiver. Nobody is shown these risks before the model is recalibrated on people of today.
    owner: the example author
    granted_on: {today}
    expires_on: {expires}
    model: mortality-risk
    versions: ["1.0"]
"""

AS_MEASURED = ("age", "smokeintensity", "smokeyrs", "cholesterol")
"""Years of age, cigarettes a day, years of smoking, and serum cholesterol in mg/dl, all at the first examination."""
HAD = ("hbp", "diabetes", "hf", "weakheart", "bronch", "asthma", "chroniccough", "tb", "tumor")
"""Conditions ever diagnosed before the first examination. Code 1 is yes; 0 (no) and 2 (not known) count as no."""
LEAST = ("active", "exercise")
"""How active in daily life and in recreation; code 2 is the least."""

RECIPE: dict[str, Any] = {"model": "logistic regression on standardised features", "penalty": "ridge", "C": 0.1}


class People:
    """The people of one split: `table`, `decode`, `variants` (see ``governance.datasets.protocol.Dataset``)."""

    def __init__(self, table: pd.DataFrame, features: NDArray[np.float32]) -> None:
        self.table = table
        self._features = features

    def decode(self, indices: Sequence[int], variant: str | None = None) -> NDArray[np.float32]:
        """Return ``(n, features)`` float32 in the order of `feature_names`; NaN where a value was not measured."""
        if variant is not None:
            raise KeyError(f"unknown variant {variant!r}")
        chosen: NDArray[np.float32] = self._features[np.asarray(indices, dtype=int)]
        return chosen

    def variants(self, name: str) -> Sequence[int]:  # noqa: ARG002
        """Return nothing: a person was examined once."""
        return []


def training() -> People:
    """Return the training split."""
    return _split("training")


def validation() -> People:
    """Return the validation split: it chooses the operating point."""
    return _split("validation")


def testing() -> People:
    """Return the test split."""
    return _split("testing")


def feature_names() -> tuple[str, ...]:
    """Return the names of the model's inputs, in their order.

    Sex is one of them: it changes the risk of dying, and without it the model would be wrong in one direction for women
    and in the other for men. Race is not: it stands for how people were treated, not for how their bodies work. Nothing
    that was measured after the first examination is used (blood pressure and weight of 1982, giving up smoking), nor
    income and schooling.
    """
    had = (f"had_{name}" for name in HAD)
    return (*AS_MEASURED, "body_mass_index", "female", *had, *(f"least_{name}" for name in LEAST))


def prepare(folder: Path, *, quick: bool) -> None:  # noqa: ARG001 - fitting takes less than a second
    """Fit the risk model on the training split, store it without pickle, and write baseline and waiver beside it.

    What is there and fits the recipe stays.
    """
    grant(Path(folder) / WAIVERS, dt.datetime.now(dt.UTC).date())
    recipe = RECIPE | {
        "code": _digest(Path(folder) / "nhefs.py"),
        "libraries": {name: version(name) for name in ("causaldata", "numpy", "pandas", "scikit-learn", "skops")},
    }
    weights, note = Path(folder) / WEIGHTS, Path(folder) / f"{WEIGHTS}.recipe.json"
    if _stored(weights, note) == recipe and (Path(folder) / BASELINE).is_file():
        return
    (Path(folder) / BASELINE).write_text(age_alone(), newline="\n")
    import skops.io  # Takes seconds, so only where the model is made.

    note.unlink(missing_ok=True)
    skops.io.dump(fit(training()), weights)
    _without_addresses(weights)
    note.write_text(json.dumps({"recipe": recipe, "sha256": _digest(weights)}, indent=2, sort_keys=True) + "\n")


def grant(path: Path, today: dt.date) -> None:
    """Write the waiver that this demonstration shows: one with a fixed date would end it some day."""
    path.write_text(WAIVER.format(today=today, expires=today + dt.timedelta(days=90)), newline="\n")


def fit(people: People) -> Any:
    """Return the fitted pipeline: median imputation, standardisation, logistic regression with a ridge penalty."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(
        SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(C=RECIPE["C"], max_iter=1000)
    )
    return model.fit(people.decode(range(len(people.table))), people.table["died"].to_numpy())


def age_alone() -> str:
    """Return a table of scores: the share that died among the training people within the same five years of age.

    Plain division of counts, so that the bytes are the same everywhere; the share of all where nobody is of that age.
    """
    table = training().table
    died = table.groupby(table["age"] // BAND)["died"].mean()
    lines = ["dataset,sample_id,score"]
    for name, people in (("validation", validation()), ("test", testing())):
        shares = (people.table["age"] // BAND).map(died).fillna(table["died"].mean())
        lines += [f"{name},{person},{share:.6f}" for person, share in zip(people.table["seqn"], shares, strict=True)]
    return "\n".join(lines) + "\n"


def split_of(person: int) -> str:
    """Return the split of a person from a hash of the survey number: 50 % training, 15 % validation, 35 % testing."""
    share = int(hashlib.sha256(str(person).encode()).hexdigest()[:8], 16) / 16**8
    return "training" if share < 0.50 else "validation" if share < 0.65 else "testing"


def _split(name: str) -> People:
    table, features = _people()
    chosen = table["seqn"].map(split_of).to_numpy() == name
    return People(table[chosen].reset_index(drop=True), features[chosen])


@cache
def _people() -> tuple[pd.DataFrame, NDArray[np.float32]]:
    raw = pd.read_stata(_file())
    table = pd.DataFrame(
        {
            "seqn": raw["seqn"].astype(int),
            "died": raw["death"].astype(int),
            "sex": raw["sex"].astype(str),
            "race": raw["race"].astype(str),
            "age": raw["age"].astype(float),
        }
    )
    columns: Mapping[str, Any] = {
        **{name: raw[name] for name in AS_MEASURED},
        "body_mass_index": raw["wt71"] / (raw["ht"] / 100) ** 2,
        "female": table["sex"] == "1",
        **{f"had_{name}": raw[name] == 1 for name in HAD},
        **{f"least_{name}": raw[name].astype(str) == "2" for name in LEAST},
    }
    features = np.stack([np.asarray(columns[name], np.float32) for name in feature_names()], axis=1)
    return table, features


def _without_addresses(path: Path) -> None:
    """Number the objects of a skops file by appearance and drop its times, so that equal models are equal bytes.

    skops numbers them by their address in memory, in the schema and in the names of the arrays.
    """
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    numbers: dict[str, str] = {}

    def number(text: str) -> str:
        return re.sub(
            r'(?<="__id__": )\d+|(?<=")\d+(?=\.npy")',
            lambda found: numbers.setdefault(found.group(), str(len(numbers) + 1)),
            text,
        )

    schema = number(content.pop("schema.json").decode())
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(content, key=lambda name: int(numbers[Path(name).stem])):
            archive.writestr(zipfile.ZipInfo(f"{numbers[Path(name).stem]}.npy"), content[name])
        archive.writestr(zipfile.ZipInfo("schema.json"), schema)


def _stored(weights: Path, note: Path) -> Any:
    """Return the recipe of the stored model; None where there is none or it is not the one that the note describes."""
    try:
        content = json.loads(note.read_text())
        return content["recipe"] if content["sha256"] == _digest(weights) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _file() -> Path:
    spec = find_spec("causaldata")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the survey comes with the Python package causaldata", name="causaldata")
    return Path(next(iter(spec.submodule_search_locations))) / "nhefs" / "nhefs.dta"
