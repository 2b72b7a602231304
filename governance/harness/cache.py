"""Observations by content: equal work is done once, whatever run asks for it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from governance.evidence.canonical import digest_bytes, digest_json
from governance.evidence.folder import write_atomically


def table_bytes(frame: pd.DataFrame) -> bytes:
    """Serialise a table as Parquet; equal tables give equal bytes."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


class ShardCache:
    """Shards of observation tables by key, each beside its digest.

    A shard counts only if its bytes have that digest and can be read; else it is as if it were not there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root / "observations"

    def read(self, key: str, shard: str) -> pa.Table | None:
        """Return the shard, or None if it was not collected or is damaged."""
        path = self._path(key, shard)
        try:
            data = path.read_bytes()
            if path.with_suffix(".sha256").read_text(encoding="ascii").strip() != digest_bytes(data):
                return None
            return pq.read_table(io.BytesIO(data))
        except (OSError, UnicodeDecodeError, pa.ArrowException):
            return None

    def schema(self, key: str, shard: str) -> pa.Schema | None:
        """Return the columns and types of a shard from its end alone; None if it cannot be read."""
        try:
            return pq.read_schema(self._path(key, shard))
        except (OSError, pa.ArrowException):
            return None

    def exists(self, key: str, shard: str) -> bool:
        """Whether there is a file for the shard, without a look into it."""
        return self._path(key, shard).is_file()

    def has(self, key: str, shard: str) -> bool:
        """Whether the shard was collected and is whole."""
        return self.read(key, shard) is not None

    def write(self, key: str, shard: str, frame: pd.DataFrame) -> None:
        """Keep a shard: the table first, then its digest, which makes it count.

        Raises
        ------
        CannotRunError
            If the folder cannot be written; the shard is then as if it had not been collected.
        """
        path = self._path(key, shard)
        data = table_bytes(frame)
        write_atomically(path, data)
        write_atomically(path.with_suffix(".sha256"), digest_bytes(data).encode("ascii") + b"\n")

    def _path(self, key: str, shard: str) -> Path:
        name = shard if re.fullmatch(r"[A-Za-z0-9_.=-]{1,100}", shard) else digest_json(shard)[:32]
        return self.root / key[:2] / key / f"{name}.parquet"
