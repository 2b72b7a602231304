"""The run folder: where each file of a run lies, and how it is written so that nothing is ever half-written."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance.errors import CannotRunError, InputError, Location
from governance.evidence.canonical import digest_file, digest_json, readable_json

if TYPE_CHECKING:
    from governance.evidence.model import Evidence

RUN_ID_DIGITS = 12
"""Hexadecimal digits of the digest that name a run."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path` through a temporary file in the same folder, flushed to disk before it is renamed.

    Raises
    ------
    CannotRunError
        If the folder cannot be written or the disk is full; `path` is then as it was before.
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise CannotRunError(
            f"cannot write {path}: {error.strerror or error}",
            hint="make room or choose a folder that can be written, with --output",
        ) from error


def run_id_of(lock: Any) -> str:
    """Return the id of the run that the content of a `spec.lock.json` determines."""
    return digest_json(lock)[:RUN_ID_DIGITS]


@dataclass(frozen=True)
class RunFolder:
    """Paths inside ``runs/<run id>/`` and the reading of its files."""

    path: Path

    @property
    def run_id(self) -> str:
        """The run's id: the folder's name."""
        return self.path.name

    @property
    def spec_lock(self) -> Path:
        """The resolved spec with digests, versions, seeds and the inventory of what must be measured."""
        return self.path / "spec.lock.json"

    @property
    def policy_lock(self) -> Path:
        """Canonical policy and its digest, written before anything is measured."""
        return self.path / "policy.lock.json"

    @property
    def observations(self) -> Path:
        """Folder of observation tables."""
        return self.path / "observations"

    @property
    def evidence_json(self) -> Path:
        """The measurements."""
        return self.path / "evidence.json"

    @property
    def evidence_parquet(self) -> Path:
        """Columnar twin of the measurements."""
        return self.path / "evidence.parquet"

    @property
    def decisions(self) -> Path:
        """Folder of decisions, one file per policy digest and baseline."""
        return self.path / "decisions"

    @property
    def comparisons(self) -> Path:
        """Folder of paired differences to baselines, one file per decision against one."""
        return self.path / "comparisons"

    @property
    def documents(self) -> Path:
        """Folder of documents: ``<disclosure>/<audience>.<extension>``."""
        return self.path / "documents"

    @property
    def licence(self) -> Path:
        """Folder of licence notices."""
        return self.path / "licence"

    @property
    def manifest(self) -> Path:
        """SHA-256 of every other file."""
        return self.path / "manifest.json"

    @property
    def run_json(self) -> Path:
        """Times, tracking ids, machine: everything that may differ between equal runs."""
        return self.path / "run.json"

    @property
    def journal(self) -> Path:
        """What happened when, one JSON object a line."""
        return self.path / "journal.jsonl"

    def read_json(self, path: Path) -> Any:
        """Read a JSON file of this run.

        Raises
        ------
        InputError
            If it is missing or not JSON.
        """
        try:
            return json.loads(path.read_bytes())
        except FileNotFoundError as error:
            raise InputError(
                f"{path.name} is missing from the run folder {self.path}",
                hint="give the folder of a finished run, for example runs/5f1c09…; `governance list runs` shows them",
            ) from error
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            line = getattr(error, "lineno", None)
            raise InputError(f"not valid JSON: {error}", location=Location(str(path), line)) from error

    def write_json(self, path: Path, content: Any) -> None:
        """Write JSON, readable and sorted, atomically."""
        write_atomically(path, readable_json(content))

    def read_evidence(self) -> Evidence:
        """Read and check `evidence.json`, including that every id is the digest of its identity.

        Raises
        ------
        InputError
            If it is missing, malformed, or an id does not fit its measurement.
        """
        from pydantic import ValidationError  # late: whoever only asks for paths or digests needs no schema

        from governance.evidence.model import Evidence

        content = self.read_json(self.evidence_json)
        ids = []
        if isinstance(content, dict):
            ids = [m.pop("id", None) for m in content.get("measurements", []) if isinstance(m, dict)]
        try:
            evidence = Evidence.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InputError(f"{where}: {first['msg']}", location=Location(str(self.evidence_json))) from error
        for written, measurement in zip(ids, evidence.measurements, strict=True):
            if written is not None and written != measurement.id:
                raise InputError(
                    f"measurement id {written} does not fit its content ({measurement.id})",
                    location=Location(str(self.evidence_json)),
                )
        return evidence

    def evidence_digest(self) -> str:
        """SHA-256 of `evidence.json`."""
        return digest_file(self.evidence_json)
