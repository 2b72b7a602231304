"""The survey and the risk model: what the model may see, how people are divided, equal files from equal fits."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def test_every_person_is_in_one_split(nhefs: Any) -> None:
    numbers = [set(split().table["seqn"]) for split in (nhefs.training, nhefs.validation, nhefs.testing)]
    assert sum(map(len, numbers)) == len(set.union(*numbers)) == 1629


def test_outcome_and_groups_are_those_of_the_survey(nhefs: Any) -> None:
    table, _ = nhefs._people()
    assert table["died"].sum() == 318
    assert table["sex"].value_counts().to_dict() == {"1": 830, "0": 799}
    assert table["race"].value_counts().to_dict() == {"0": 1414, "1": 215}


def test_model_sees_neither_race_nor_anything_measured_after_the_first_examination(nhefs: Any) -> None:
    names = nhefs.feature_names()
    for word in ("race", "82", "sbp", "dbp", "qsmk", "death", "income", "education", "school"):
        assert not any(word in name for name in names), word
    table, features = nhefs._people()
    assert features.shape == (len(table), len(names))
    for column in features.T:
        known = ~np.isnan(column)
        assert not np.array_equal(column[known], (table["race"] == "1").to_numpy(float)[known])


def test_decoding_takes_rows_in_the_order_asked_for(nhefs: Any) -> None:
    testing = nhefs.testing()
    rows = testing.decode([4, 0])
    assert rows.dtype == np.float32
    assert (rows[:, nhefs.feature_names().index("age")] == testing.table["age"].iloc[[4, 0]]).all()
    assert testing.variants("anything") == []


def test_fitted_twice_the_stored_file_is_the_same_and_opens_without_pickle(nhefs: Any, tmp_path: Path) -> None:
    import skops.io

    contents = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(nhefs.__file__, folder)
        nhefs.prepare(folder, quick=True)
        contents.append((folder / nhefs.WEIGHTS).read_bytes())
    assert contents[0] == contents[1]
    loaded = skops.io.load(tmp_path / "first" / nhefs.WEIGHTS, trusted=["numpy.dtype"])
    testing = nhefs.testing()
    inputs = testing.decode(range(50))
    fitted = nhefs.fit(nhefs.training())
    assert loaded.predict_proba(inputs) == pytest.approx(fitted.predict_proba(inputs), abs=0)


def test_stored_model_is_kept_until_the_recipe_changes(
    nhefs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(nhefs.__file__, tmp_path)
    nhefs.prepare(tmp_path, quick=True)
    weights = tmp_path / nhefs.WEIGHTS
    before = weights.stat().st_mtime_ns
    nhefs.prepare(tmp_path, quick=False)
    assert weights.stat().st_mtime_ns == before
    monkeypatch.setitem(nhefs.RECIPE, "C", 1.0)
    nhefs.prepare(tmp_path, quick=True)
    assert weights.stat().st_mtime_ns > before
