"""What is installed and what was run, as tables: what `governance list` says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.errors import InputError, near_name


@dataclass(frozen=True)
class Listing:
    """A table of text. `about` says what its rows are."""

    kind: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def list_things(kind: str, *, runs: str | Path = "runs", modality: str | None = None, short: bool = False) -> Listing:
    """Return a table of what is installed, or of the runs in a folder.

    Parameters
    ----------
    kind
        One of `KINDS`.
    runs
        Where runs lie, for ``kind="runs"``.
    modality
        Only the conditions that make sense for this modality.
    short
        Leave out conditions that go by the name of their set, and shorten long lists, for people.

    Raises
    ------
    InputError
        If `kind` is none of them, or no condition is for that modality.
    """
    if kind not in KINDS:
        raise InputError(f"cannot list '{kind}'", hint=near_name(kind, KINDS))
    if kind == "conditions":
        return _conditions(modality, short=short)
    return _runs(Path(runs)) if kind == "runs" else _LISTINGS[kind]()


def _evaluators() -> Listing:
    from governance.plugins import EvaluatorDescriptor, installed

    rows = tuple(
        (name, str(found.version), found.title, _options(found.options))
        for name, found in installed("evaluators").items()
        if isinstance(found, EvaluatorDescriptor)
    )
    return Listing(
        "evaluators", "evaluators: keys of `evaluate` in a spec", ("name", "version", "title", "options"), rows
    )


def _metrics() -> Listing:
    from governance.plugins import EvaluatorDescriptor, installed

    rows = [
        (found.name, metric.name, metric.direction, _range(metric.low, metric.high), metric.title)
        for found in installed("evaluators").values()
        if isinstance(found, EvaluatorDescriptor)
        for metric in found.metrics
    ]
    columns = ("evaluator", "metric", "better", "range", "title")
    return Listing("metrics", "metrics that the rules of a policy can name", columns, tuple(rows))


def _collectors() -> Listing:
    from governance.plugins import CollectorDescriptor, installed

    rows = tuple(
        (name, str(found.version), found.title, ", ".join(found.columns))
        for name, found in installed("collectors").items()
        if isinstance(found, CollectorDescriptor)
    )
    return Listing("collectors", "collectors: what observes a model", ("name", "version", "title", "columns"), rows)


def _conditions(modality: str | None = None, *, short: bool = False) -> Listing:
    from governance.plugins import ConditionDescriptor, installed

    known = {name: found for name, found in installed("conditions").items() if isinstance(found, ConditionDescriptor)}
    every = sorted({each for found in known.values() for each in found.modalities})
    if modality is not None and modality not in every:
        raise InputError(f"no condition is for the modality '{modality}'", hint=near_name(modality, every))
    chosen = {name: found for name, found in known.items() if modality is None or modality in found.modalities}
    about = "conditions: entries of `evaluate.robustness.conditions`"
    if short:
        sets = [name for name, found in known.items() if found.kind == "set"]
        within = {name for name in chosen if any(name.startswith(f"{each}-") and name not in sets for each in sets)}
        chosen = {name: found for name, found in chosen.items() if name not in within}
        about += f"; {len(within)} more belong to a set that is named like them (--json lists all)" if within else ""
    rows = tuple(
        (name, _scale(found.severities), _kinds(found.modalities, short=short), found.title)
        for name, found in chosen.items()
    )
    return Listing("conditions", about, ("name", "severities", "modalities", "title"), rows)


_SHOWN_KINDS = 3
"""Modalities that are named in a short list; of more only the number is given."""


def _scale(severities: tuple[int, ...]) -> str:
    if len(severities) > 1 and severities == tuple(range(severities[0], severities[-1] + 1)):
        return f"{severities[0]} to {severities[-1]}"
    return ", ".join(map(str, severities)) or "none"


def _kinds(modalities: tuple[str, ...], *, short: bool) -> str:
    if short and len(modalities) > _SHOWN_KINDS:
        return f"{len(modalities)} modalities"
    return ", ".join(modalities) or "any"


def _subjects() -> Listing:
    from governance.plugins import SubjectDescriptor, installed

    rows = tuple(
        (name, found.title, ", ".join(sorted(found.capabilities)), _options(found.options))
        for name, found in installed("subjects").items()
        if isinstance(found, SubjectDescriptor)
    )
    return Listing(
        "subjects",
        "kinds of subjects: values of `subject.kind`; [options] can be left out",
        ("kind", "title", "can", "options"),
        rows,
    )


def _datasets() -> Listing:
    from governance.plugins import installed

    rows = tuple((name, found.title, _options(found.options)) for name, found in installed("datasets").items())
    return Listing(
        "datasets",
        "kinds of datasets: values of `datasets.*.kind`; [options] can be left out",
        ("kind", "title", "options"),
        rows,
    )


def _audiences() -> Listing:
    from governance.documents.audiences import READERS

    rows = tuple((name, reader.title, reader.disclosure) for name, reader in READERS.items())
    about = "audiences that documents are written for, and who may hold each document"
    return Listing("audiences", about, ("audience", "title", "disclosure"), rows)


def _extracts() -> Listing:
    from governance.documents.extracts import extracts

    rows = tuple((name, found.catalogue, found.title) for name, found in extracts().items())
    about = "extracts of catalogues: `governance render RUN --extract NAME`, or `output: {extracts: [all]}` in a spec"
    return Listing("extracts", about, ("name", "catalogue", "title"), rows)


def _policies() -> Listing:
    from governance.data_files import data_folder
    from governance.spec import read_yaml

    rows = []
    for path in sorted(data_folder("policies").glob("*.yaml")):
        content = read_yaml(path).content
        if isinstance(content, dict) and "rules" in content and "policy" in content:
            version = content.get("version")
            rules = content["rules"] or ()
            rows.append(
                (path.stem, str(getattr(version, "text", version)), str(len(rules)), content.get("title") or "")
            )
    return Listing(
        "policies", "policies that ship with the toolkit", ("name", "version", "rules", "title"), tuple(rows)
    )


def _runs(folder: Path) -> Listing:
    rows = []
    for lock in sorted(folder.glob("*/spec.lock.json")):
        subject = _read(lock).get("subject", {})
        for decision in _decisions(lock.parent) or [{}]:
            rows.append(
                (
                    lock.parent.name,
                    f"{subject.get('name', '?')} {subject.get('version', '')}".strip(),
                    str(decision.get("policy", "-")),
                    str(decision.get("exit_code", "-")),
                    str(decision.get("summary", "not finished: run the same command again")),
                )
            )
    return Listing(
        "runs", f"decisions of runs in {folder}/", ("run", "subject", "policy", "exit", "outcome"), tuple(rows)
    )


def _decisions(run: Path) -> list[dict[str, Any]]:
    return [_read(path) for path in sorted((run / "decisions").glob("*.json"))]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _options(model: Any) -> str:
    """Name a model's options, those that must be given first."""
    fields = model.model_fields
    needed = [field.alias or name for name, field in fields.items() if field.is_required()]
    others = [field.alias or name for name, field in fields.items() if not field.is_required()]
    return ", ".join([*needed, *(f"[{name}]" for name in others)])


def _range(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return "any"
    return f"{'-inf' if low is None else f'{low:g}'} to {'inf' if high is None else f'{high:g}'}"


_LISTINGS: Mapping[str, Callable[[], Listing]] = {
    "evaluators": _evaluators,
    "metrics": _metrics,
    "collectors": _collectors,
    "conditions": _conditions,
    "subjects": _subjects,
    "datasets": _datasets,
    "audiences": _audiences,
    "extracts": _extracts,
    "policies": _policies,
}
KINDS = (*_LISTINGS, "runs")
