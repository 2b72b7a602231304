"""From observations to `evidence.json`: call the evaluators, check what they say, write it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from governance.errors import CannotRunError, GovernanceError
from governance.evidence.canonical import canonical_json, digest_bytes, readable_json
from governance.evidence.columnar import BOUND_BY
from governance.evidence.folder import RunFolder, write_atomically
from governance.evidence.model import Evidence, Measurement, MetricDescriptor, Provenance
from governance.harness.journal import Journal
from governance.harness.preparation import Prepared, evaluator_of
from governance.harness.progress import Reporter
from governance.harness.protocols import Observations
from governance.harness.sample_tables import write_samples
from governance.plugins import find


def measure(prepared: Prepared, observations: Observations, reporter: Reporter) -> Evidence:
    """Let each evaluator measure, and write `evidence.json` and its columnar twin.

    Raises
    ------
    CannotRunError
        If an evaluator's result is not valid evidence, or the folder cannot be written.
    """
    reporter.stage("measure", len(prepared.contexts))
    write_samples(prepared.folder, {name: info for name, (_, info) in prepared.datasets.items()})
    measurements: list[Measurement] = []
    metrics: dict[str, MetricDescriptor] = {}
    for name, context in prepared.contexts.items():
        descriptor = find("evaluators", name)
        own = _measured(name, evaluator_of(name), observations, context)
        _check(name, own, descriptor.metrics, prepared)
        for metric in descriptor.metrics:
            if metrics.setdefault(metric.name, metric) != metric:
                raise CannotRunError(f"two evaluators describe the metric '{metric.name}' differently")
        measurements += own
        reporter.advance()
    try:
        evidence = Evidence(
            provenance=_provenance(prepared), metrics=tuple(metrics.values()), measurements=tuple(measurements)
        )
    except ValidationError as error:
        raise CannotRunError(f"the measurements do not fit together: {error.errors()[0]['msg']}") from error
    write_evidence(prepared.folder, evidence)
    Journal(prepared.folder.journal).write("measured", measurements=len(measurements))
    return evidence


def write_evidence(folder: RunFolder, evidence: Evidence) -> None:
    """Write `evidence.json` and the columnar twin that is bound to it by digest."""
    data = readable_json(evidence.model_dump(mode="json"))
    write_atomically(folder.evidence_json, data)
    write_atomically(folder.evidence_parquet, columnar(evidence.measurements, digest_bytes(data)))


def columnar(measurements: Sequence[Measurement], digest: str) -> bytes:
    """Return measurements as Parquet: one row each, nested values as canonical JSON text, bound to `digest`."""
    rows = [measurement.model_dump(mode="json") for measurement in measurements]
    names = [*Measurement.model_fields, "id"]
    columns = {name: _column([row[name] for row in rows]) for name in names}
    table = pa.table(columns).replace_schema_metadata({BOUND_BY: digest.encode("ascii")})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _column(values: list[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds & {dict, list}:
        return pa.array([None if value is None else canonical_json(value).decode() for value in values], pa.string())
    if kinds and kinds <= {int}:
        return pa.array(values, pa.int64())
    if kinds and kinds <= {int, float}:
        return pa.array(values, pa.float64())
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _measured(name: str, evaluator: Any, observations: Observations, context: Any) -> list[Measurement]:
    try:
        return list(evaluator.measure(observations, context))
    except GovernanceError:
        raise
    except (ValidationError, KeyError) as error:
        raise CannotRunError(f"the evaluator '{name}' failed: {type(error).__name__}: {error}") from error


def _check(name: str, own: Sequence[Measurement], metrics: Iterable[MetricDescriptor], prepared: Prepared) -> None:
    known = {metric.name: metric for metric in metrics}
    for measurement in own:
        wrong = None
        if measurement.evaluator != name:
            wrong = f"the evaluator '{measurement.evaluator}'"
        elif measurement.metric not in known:
            wrong = f"the metric '{measurement.metric}', which it does not describe"
        elif measurement.dataset not in prepared.datasets:
            wrong = f"the unknown dataset '{measurement.dataset}'"
        elif measurement.dataset_digest != prepared.datasets[measurement.dataset][1].digest:
            wrong = f"another digest of the dataset '{measurement.dataset}'"
        if wrong:
            raise CannotRunError(f"a measurement of the evaluator '{name}' names {wrong}")


def _provenance(prepared: Prepared) -> Provenance:
    lock = prepared.lock
    kept = ("role", "title", "modality", "digest", "n", "clusters", "clustered", "events")
    return Provenance(
        run_id=prepared.folder.run_id,
        subject=dict(lock["subject"]),
        datasets={name: {key: content[key] for key in kept} for name, content in lock["datasets"].items()},
        toolkit=lock["toolkit"],
        libraries=dict(lock["libraries"]),
        device=prepared.device,
        precision=prepared.settings.precision,
        threads=prepared.settings.threads,
        processor=lock["processor"],
        seed=prepared.settings.seed,
    )
