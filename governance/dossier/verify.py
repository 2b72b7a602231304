"""Compare a run folder with its manifest, in the standard library and two files of ours."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from governance.dossier.inventory import FileEntry, digests, name_problem, printable, take_inventory
from governance.dossier.manifest import MANIFEST, MANIFEST_VERSION
from governance.errors import CannotRunError, ExitCode, InputError
from governance.evidence.canonical import digest_json, readable_json

Kind = Literal["manifest", "changed", "missing", "added", "strange"]

_ORDER: tuple[Kind, ...] = ("manifest", "changed", "missing", "added", "strange")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LARGEST_MANIFEST = 64 * 1024 * 1024
"""Bytes; a manifest of a million files is smaller."""


@dataclass(frozen=True)
class Finding:
    """One difference between a folder and its manifest."""

    kind: Kind
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.path}: {self.message}"


@dataclass(frozen=True)
class Report:
    """What a verification found: nothing, or every difference, in a fixed order (by kind, then by path)."""

    path: Path
    files: int
    size: int
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether every file is what the manifest says and nothing else is there."""
        return not self.findings

    @property
    def exit_code(self) -> ExitCode:
        """0, or 1 where anything was found."""
        return ExitCode.OK if self.ok else ExitCode.FAILED

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON content, without the path of this machine."""
        findings = [{"kind": f.kind, "path": f.path, "message": f.message} for f in self.findings]
        return {"ok": self.ok, "files": self.files, "size": self.size, "findings": findings}


def verify(path: Path) -> Report:
    """Compare every file in a run folder with its manifest.

    A folder in which nothing was changed verifies; that says nothing about who wrote the manifest.

    Raises
    ------
    InputError
        If `path` is not a folder.
    CannotRunError
        If the folder cannot be listed.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder", hint="give the folder of a run, for example runs/5f1c09…")
    try:
        inventory = take_inventory(folder)
    except OSError as error:
        raise CannotRunError(f"cannot list {folder}: {error.strerror or error}") from error
    findings = [
        Finding("strange", name, f"{what}; a dossier holds regular files only") for name, what in inventory.strange
    ]
    present = {file.path: file for file in inventory.files if file.path != MANIFEST}
    size = sum(file.size for file in present.values())
    listed, problems = _read_manifest(folder / MANIFEST)
    findings += problems
    if listed is not None:
        findings += _compare(folder, present, listed, {name for name, _ in inventory.strange})
    findings.sort(key=lambda finding: (_ORDER.index(finding.kind), finding.path, finding.message))
    return Report(folder, len(present), size, tuple(findings))


def _compare(
    folder: Path, present: dict[str, FileEntry], listed: dict[str, dict[str, Any]], strange: set[str]
) -> list[Finding]:
    findings = [
        Finding("missing", name, "listed in the manifest, not in the folder")
        for name in listed
        if name not in present and name not in strange
    ]
    findings += [Finding("added", name, "in the folder, not in the manifest") for name in present if name not in listed]
    same_size = []
    for name in sorted(set(present) & set(listed)):
        was, now = listed[name]["size"], present[name].size
        if was == now:
            same_size.append(name)
        else:
            findings.append(Finding("changed", name, f"{now} bytes, {was} in the manifest"))
    for name, digest in zip(same_size, digests(folder, same_size), strict=True):
        if digest is None:
            findings.append(Finding("changed", name, "cannot be read"))
        elif digest != listed[name]["sha256"]:
            findings.append(Finding("changed", name, "its content is not what the manifest says"))
    return findings


def _read_manifest(path: Path) -> tuple[dict[str, dict[str, Any]] | None, list[Finding]]:
    """Return the listed files by path (None where the manifest cannot be read at all) and what is wrong with it."""
    if path.is_symlink() or not path.exists():
        return None, [Finding("manifest", MANIFEST, "missing: the folder was never sealed, or its seal was removed")]
    try:
        if path.stat().st_size > _LARGEST_MANIFEST:
            return None, [_malformed("larger than any manifest")]
        data = path.read_bytes()
        content = json.loads(data)
    except OSError as error:
        return None, [_malformed(f"cannot be read: {error.strerror or error}")]
    except (ValueError, RecursionError):
        return None, [_malformed("not JSON")]
    if problem := _structure_problem(content):
        return None, [_malformed(problem)]
    findings = []
    try:
        canonical = readable_json(content) == data
    except (ValueError, RecursionError):
        canonical = False
    if not canonical:
        findings.append(_malformed("its bytes are not the ones that were written"))
    if content["digest"] != digest_json(content["files"]):
        findings.append(_malformed("its list of files does not fit its own digest"))
    return {entry["path"]: entry for entry in content["files"]}, findings


def _malformed(message: str) -> Finding:
    return Finding("manifest", MANIFEST, message)


def _structure_problem(content: Any) -> str | None:
    """Say what is wrong with the shape of a manifest, or None."""
    if not isinstance(content, dict) or set(content) != {"version", "files", "digest"}:
        return "it must hold version, files and digest, and nothing else"
    if content["version"] != MANIFEST_VERSION or isinstance(content["version"], bool | float):
        return f"its version {content['version']!r} is not known"
    if not isinstance(content["files"], list) or not isinstance(content["digest"], str):
        return "files must be a list and digest a text"
    paths: list[str] = []
    for entry in content["files"]:
        if problem := _entry_problem(entry):
            return problem
        paths.append(entry["path"])
    if paths != sorted(set(paths)):
        return "its files are not sorted, or one is listed twice"
    return None


def _entry_problem(entry: Any) -> str | None:
    if not isinstance(entry, dict) or set(entry) != {"path", "sha256", "size"}:
        return "an entry must hold path, sha256 and size, and nothing else"
    path, digest, size = entry["path"], entry["sha256"], entry["size"]
    if not isinstance(path, str) or path == MANIFEST or name_problem(path):
        return f"'{printable(str(path))[:200]}' cannot be the name of a listed file"
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        return f"the SHA-256 of {path} is not 64 hexadecimal digits"
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        return f"the size of {path} is not a whole number"
    return None
