"""A finished run is measured again from its folder alone: no data, no model and no code of a user's is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from governance import api
from governance.errors import InputError
from governance.evidence.folder import RunFolder
from governance.harness.reopened import Reopened, measured_again


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_age_alone: Callable[[Path], None]) -> RunFolder:
    write_age_alone(tmp_path)
    (tmp_path / "policy.yaml").write_text('policy: none\nversion: "1"\n')
    monkeypatch.chdir(tmp_path)
    folder = api.evaluate("governance.yaml", no_tracking=True).folder
    for path in tmp_path.glob("*.csv"):
        path.unlink()
    return folder


def test_the_numbers_are_the_same_without_data_and_model(finished: RunFolder) -> None:
    assert tuple(measured_again(finished)) == finished.read_evidence().measurements


def test_datasets_are_as_they_were_described(finished: RunFolder) -> None:
    info = Reopened.read(finished).datasets["test"]
    assert (info.n, info.role, info.clustered, info.attributes["sex"].groups) == (1629, "testing", False, ("0", "1"))
    assert set(info.frame.columns) == {"sample_id", "cluster", "target", "sex"}


def test_a_table_of_other_samples_is_refused(finished: RunFolder) -> None:
    (path,) = finished.observations.glob("samples-*.parquet")
    pd.read_parquet(path).iloc[1:].to_parquet(path)
    with pytest.raises(InputError, match="not the samples that the run was planned with"):
        Reopened.read(finished)


def test_a_damaged_table_is_refused(finished: RunFolder) -> None:
    (path,) = finished.observations.glob("samples-*.parquet")
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="cannot be read"):
        Reopened.read(finished)
