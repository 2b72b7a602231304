"""Evidence read through its columnar twin: only the measurements that somebody asks for are parsed and checked.

What is read is `evidence.json` itself. The twin says which measurement stands at which place, and is believed only
where it holds the digest of exactly that file; each measurement that is asked for is checked whole, its id included.
With a hundred thousand of them this takes a fraction of the time of reading all.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from governance.errors import InputError, Location
from governance.evidence.canonical import digest_bytes
from governance.evidence.folder import RunFolder
from governance.evidence.model import Evidence, Measurement, MetricDescriptor, Provenance

if TYPE_CHECKING:
    import pyarrow as pa

WORTH_IT = 8_000_000
"""Bytes of `evidence.json` (some five thousand measurements) below which reading all of it is no slower."""
BOUND_BY = b"evidence_json_sha256"
"""Metadata key under which the twin holds the digest of the `evidence.json` that it mirrors."""

_HEAD = b'{\n "measurements": [\n  {'
_BETWEEN = b"\n  },\n  {"
_TAIL = b"\n  }\n ],\n"
"""How `readable_json` writes a list of measurements; a text in JSON holds no line break, so these stand in none."""


@dataclass(frozen=True)
class ColumnarEvidence:
    """Evidence of which measurements are read one by one.

    Attributes
    ----------
    table
        The columns of the twin, in the order of the measurements.
    texts
        What stands between the braces of each measurement.
    digest
        SHA-256 of the `evidence.json` that was read.
    """

    folder: RunFolder
    provenance: Provenance
    metrics: tuple[MetricDescriptor, ...]
    table: pa.Table
    texts: list[bytes]
    digest: str
    _read: dict[int, Measurement] = field(default_factory=dict)

    @cached_property
    def descriptors(self) -> Mapping[str, MetricDescriptor]:
        """Metric descriptors by name."""
        return {metric.name: metric for metric in self.metrics}

    def measurement(self, row: int) -> Measurement:
        """Return one measurement, checked as `RunFolder.read_evidence` checks it.

        Raises
        ------
        InputError
            If it is malformed, or its id does not fit its content.
        """
        if row not in self._read:
            self._read[row] = self._parsed(row)
        return self._read[row]

    def _parsed(self, row: int) -> Measurement:
        from pydantic import ValidationError
        from pydantic_core import from_json

        place = Location(str(self.folder.evidence_json))
        try:
            content = from_json(b"{" + self.texts[row] + b"}")
            written = content.pop("id", None)
            measurement = Measurement.model_validate(content)
        except (ValidationError, ValueError) as error:
            raise InputError(f"measurements.{row}: {error}", location=place) from error
        if written != measurement.id:
            message = f"measurement id {written} does not fit its content ({measurement.id})"
            raise InputError(message, location=place)
        return measurement

    def seeds(self, evaluator: str) -> set[int]:
        """Return the seeds of an evaluator's measurements of a single seed."""
        columns = ("evaluator", "seed", "status")
        rows = zip(*(self.table.column(name).to_pylist() for name in columns), strict=True)
        return {
            int(seed) for name, seed, status in rows if (name, status) == (evaluator, "measured") and seed is not None
        }


def columnar_evidence(folder: RunFolder, *, worth_it: int = WORTH_IT) -> ColumnarEvidence | None:
    """Open a run's evidence through its twin; None where there is none that fits, or reading all is no slower.

    Parameters
    ----------
    worth_it
        Fewest bytes of `evidence.json`.

    Raises
    ------
    InputError
        If metric descriptors or provenance are malformed.
    """
    try:
        if folder.evidence_json.stat().st_size < worth_it:
            return None
        data = folder.evidence_json.read_bytes()
    except OSError:
        return None  # whoever reads all of it says what is wrong
    with ThreadPoolExecutor(1) as pool:  # hashing releases the interpreter lock
        hashing = pool.submit(digest_bytes, data)
        bound_by, table = _twin(folder)
        end = data.find(_TAIL)
        texts = data[len(_HEAD) : end].split(_BETWEEN)
        digest = hashing.result()
    if bound_by != digest or table is None or not data.startswith(_HEAD) or end < 0 or len(texts) != table.num_rows:
        return None
    rest = _rest(b"{" + data[end + len(_TAIL) :])
    if rest is None:
        return None
    return ColumnarEvidence(folder, rest.provenance, rest.metrics, table, texts, digest)


def read_for_decision(folder: RunFolder) -> tuple[Evidence | ColumnarEvidence, str]:
    """Return a run's evidence in the quickest way that is safe, and the SHA-256 of its `evidence.json`.

    Raises
    ------
    InputError
        As `RunFolder.read_evidence`.
    """
    columnar = columnar_evidence(folder)
    if columnar is not None:
        return columnar, columnar.digest
    return folder.read_evidence(), folder.evidence_digest()


def _twin(folder: RunFolder) -> tuple[str | None, pa.Table | None]:
    """Return the digest of the evidence that the twin mirrors, and the columns that say which measurement is which."""
    if not folder.evidence_parquet.is_file():
        return None, None
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(folder.evidence_parquet) as file:
            bound_by = (file.schema_arrow.metadata or {}).get(BOUND_BY, b"").decode("ascii", "replace")
            return bound_by, file.read(columns=list(COLUMNS))
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return None, None


COLUMNS = (
    "evaluator",
    "metric",
    "estimand",
    "dataset",
    "slice",
    "reference",
    "condition",
    "reference_condition",
    "reference_variant",
    "variant",
    "fraction",
    "target_class",
    "judge",
    "over",
    "curve",
    "seed",
    "status",
)
"""What is read of the twin."""


def _rest(text: bytes) -> Evidence | None:
    """Read what `evidence.json` holds beside the measurements."""
    from pydantic import ValidationError
    from pydantic_core import from_json

    try:
        return Evidence.model_validate({**from_json(text), "measurements": ()})
    except (ValidationError, ValueError, TypeError):
        return None
