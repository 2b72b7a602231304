"""From shards to the table of a need, one shard in memory at a time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from governance.errors import CannotRunError
from governance.evidence.canonical import digest_file
from governance.harness.cache import ShardCache

Pieces = Sequence[tuple[str, str]]
"""Keys and shards that make up a table, in order."""
Found = TypeVar("Found")


def assemble(cache: ShardCache, pieces: Pieces, path: Path) -> str:
    """Write the table that shards make up, a row group each, and return its SHA-256; an equal file stays as it is.

    Raises
    ------
    CannotRunError
        If a shard vanished, or the folder cannot be written; the file is then as it was before.
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            schemas = [_there(cache.schema(*piece), cache, piece) for piece in pieces]
            schema = pa.unify_schemas(schemas, promote_options="permissive")
            with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
                for table in _alike(cache, pieces, schema):
                    writer.write_table(table)
            stream.flush()
            os.fsync(stream.fileno())
        digest = digest_file(Path(temporary))
        if path.is_file() and digest_file(path) == digest:
            Path(temporary).unlink()
        else:
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
    except OSError as error:
        raise CannotRunError(
            f"cannot write {path}: {error.strerror or error}",
            hint="make room or choose a folder that can be written, with --output",
        ) from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
    return digest


def _alike(cache: ShardCache, pieces: Pieces, schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the shards with the columns and types that all have together."""
    for piece in pieces:
        both = [schema.empty_table(), _there(cache.read(*piece), cache, piece)]
        yield pa.concat_tables(both, promote_options="permissive").combine_chunks()


def _there(found: Found | None, cache: ShardCache, piece: tuple[str, str]) -> Found:
    if found is None:
        raise CannotRunError(
            f"the shard {piece[1]} of an observation table vanished from the cache {cache.root}",
            hint="run the same command again; if it happens again, the disk is failing",
        )
    return found
