"""Shards become one table, one in memory at a time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from governance.errors import CannotRunError
from governance.harness.assembly import assemble
from governance.harness.cache import ShardCache

KEY = "ab" + "0" * 62


def frame(start: int, n: int, **columns: object) -> pd.DataFrame:
    rows = pd.DataFrame({"sample_id": pd.Series([f"s{row}" for row in range(start, start + n)], dtype="str")})
    return rows.assign(**columns)


def test_the_table_holds_the_shards_in_order_whatever_columns_each_has(tmp_path: Path) -> None:
    cache, path = ShardCache(tmp_path), tmp_path / "tables" / "table.parquet"
    features = list(np.arange(12, dtype=np.float32).reshape(3, 4))
    parts = [
        frame(0, 3, score=[0.1, 0.2, 0.3], embedding=features, reason=""),
        frame(3, 3, score=[0.4, np.nan, 0.6], embedding=features, reason=None),  # a column of nothing
        frame(6, 3, embedding=features, reason="why"),  # a column that is not there
    ]
    for number, part in enumerate(parts):
        cache.write(KEY, f"{number}", part)
    digest = assemble(cache, [(KEY, f"{number}") for number in range(3)], path)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    table = pd.read_parquet(path)
    assert table["sample_id"].tolist() == [f"s{row}" for row in range(9)]
    np.testing.assert_array_equal(table["score"], [0.1, 0.2, 0.3, 0.4, np.nan, 0.6, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(np.stack(table["embedding"].to_numpy()), np.tile(np.stack(features), (3, 1)))
    assert table["reason"].fillna("nothing").tolist() == ["", "", "", *["nothing"] * 3, "why", "why", "why"]
    assert pq.ParquetFile(path).num_row_groups == 3


def test_an_equal_table_is_not_written_again_and_a_lost_shard_leaves_the_old_one(tmp_path: Path) -> None:
    cache, path = ShardCache(tmp_path), tmp_path / "table.parquet"
    for number in range(2):
        cache.write(KEY, f"{number}", frame(number, 1, score=0.5))
    pieces = [(KEY, "0"), (KEY, "1")]
    digest = assemble(cache, pieces, path)
    written = path.stat()
    assert assemble(cache, pieces, path) == digest
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    lost = next(file for file in tmp_path.rglob("1.parquet"))
    lost.write_bytes(lost.read_bytes()[:-9])
    with pytest.raises(CannotRunError, match="the shard 1 of an observation table vanished"):
        assemble(cache, pieces, path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert not [file for file in tmp_path.rglob(".*") if file.is_file()]
