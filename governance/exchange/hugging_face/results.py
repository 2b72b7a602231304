"""Headline measurements in the words of the Hub."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from governance.documents import numbers
from governance.documents.build.run import Run
from governance.documents.wording import KEY_METRICS
from governance.errors import InputError, near_name
from governance.evidence.model import Measurement
from governance.exchange.hugging_face.hub_datasets import HubDataset
from governance.exchange.hugging_face.metadata import Benchmark, Dataset, EvalResult, Metric, Result, Source, Task
from governance.exchange.reports.plain_text import cut, one_line

LONGEST = 300
"""Characters of a name that comes from a run."""
ON_THE_HUB: Mapping[str, str] = {
    "auroc": "roc_auc",
    "accuracy": "accuracy",
    "classification_accuracy": "accuracy",
    "sensitivity": "recall",
    "positive_predictive_value": "precision",
    "brier_score": "brier_score",
    "mean_absolute_error": "mae",
    "r_squared": "r_squared",
}
"""Metrics of ours that the Hub knows under an id with the same definition; all others keep their own names."""
_PIPELINES: Mapping[tuple[str, str], str] = {
    ("class", "image"): "image-classification",
    ("class", "tabular"): "tabular-classification",
    ("class", "text"): "text-classification",
    ("regression", "tabular"): "tabular-regression",
    ("segmentation", "image"): "image-segmentation",
    ("generate", "text"): "text-generation",
}
_CLASSES = ("binary", "multiclass", "multilabel")
_SPLITS = {"training": "train", "validation": "validation", "testing": "test"}


def headline_measurements(run: Run) -> list[Measurement]:
    """Return the numbers for everyone on unchanged input, in a fixed order."""
    return [
        m
        for wanted in KEY_METRICS
        for (metric, _), m in run.headlines.items()
        if metric == wanted and m.status == "measured"
    ]


def results(run: Run, hub: Mapping[str, HubDataset]) -> Iterator[Result]:
    """Yield the headline measurements, one result a dataset."""
    found = headline_measurements(run)
    for name in dict.fromkeys(m.dataset for m in found):
        metrics = tuple(metric_of(run, m) for m in found if m.dataset == name)
        yield Result(task=_task(run, name), dataset=_dataset(run, name, hub), metrics=metrics)


def metric_of(run: Run, m: Measurement) -> Metric:
    """Return a number as printed, with its interval and what it rests on in its name."""
    return Metric(type=metric_type(m.metric), value=_value(m), name=f"{_name(run, m)} ({', '.join(_details(run, m))})")


def metric_type(metric: str) -> str:
    """Return the Hub's id of a metric, or our name of it."""
    return ON_THE_HUB.get(metric, slug(metric, "_"))


def eval_result(run: Run, place: HubDataset, source: str | None) -> EvalResult:
    """Return the result of a benchmark.

    Raises
    ------
    InputError
        If its metric was not measured for everyone on that dataset.
    """
    found = {m.metric: m for m in headline_measurements(run) if m.dataset == place.name}
    m = found.get(place.metric or "")
    if m is None or place.task is None:
        raise InputError(
            f"'{place.metric}' is no headline number on the dataset '{place.name}'",
            hint=near_name(place.metric or "", found),
        )
    about = [*_details(run, m), f"dataset digest {m.dataset_digest[:16]}", f"run {run.folder.run_id}"]
    return EvalResult(
        dataset=Benchmark(id=place.id, task_id=_line(place.task)),
        value=_value(m),
        date=run.started.isoformat() if run.started else None,
        source=None if source is None else Source(url=source, name="Evaluation record"),
        notes=f"{_name(run, m)}: {', '.join(about)}",
    )


def pipeline(run: Run, modality: str | None) -> str | None:
    """Return the Hub's name of what the model does, None where it has none."""
    if run.subject.get("kind") == "vision-language":
        return "image-text-to-text"
    kind = "class" if run.task in _CLASSES else run.task
    return _PIPELINES.get((kind, modality or ""))


def modality_of(run: Run, dataset: str) -> str | None:
    """Return what kind of input a dataset holds, as its owner says."""
    found: Any = run.datasets.get(dataset, {}).get("modality")
    return str(found) if found else None


def slug(text: object, dash: str = "-") -> str:
    """Return a name in lower-case letters, digits and dashes, ``unnamed`` where nothing is left."""
    made = re.sub(r"[^a-z0-9.]+", dash, str(text).lower()).strip(f"{dash}.")
    return made[:90].strip(f"{dash}.") or "unnamed"


def _task(run: Run, dataset: str) -> Task:
    named = f"{run.task}-classification" if run.task in _CLASSES else run.task
    return Task(type=pipeline(run, modality_of(run, dataset)) or slug(named), name=slug(named).replace("-", " "))


def _dataset(run: Run, name: str, hub: Mapping[str, HubDataset]) -> Dataset:
    entry = run.datasets.get(name, {})
    title = _line(entry.get("title") or name)
    return Dataset(
        type=hub[name].id if name in hub else slug(title),
        name=title,
        split=_SPLITS.get(str(entry.get("role"))),
        revision=_line(entry.get("digest") or "not recorded"),
    )


def _name(run: Run, m: Measurement) -> str:
    unit = "" if m.unit in ("1", "") else f" in {m.unit}"
    return _line(f"{run.title_of(m.metric)}{unit}")


def _value(m: Measurement) -> float:
    """Return the value at the precision at which documents print it."""
    return round(m.value or 0.0, numbers.decimals(m))


def _details(run: Run, m: Measurement) -> list[str]:
    said = []
    shown, text = m.interval or m.gating, numbers.interval(m)
    if shown is not None and text is not None:
        said.append(one_line(f"{100 * shown.level:.4g} % interval {text.text.rstrip(numbers.MARK)}"))
    else:
        said.append(f"no interval: {_line(m.interval_reason or 'no reason was recorded')}")
    if m.operating_point is not None:
        said.append(f"threshold {m.operating_point.threshold:.3g}")
    said.append(f"n = {m.n}")
    if m.n_clusters is not None and run.datasets.get(m.dataset, {}).get("clustered"):
        said.append(f"{m.n_clusters} patients")
    return said


def _line(text: object) -> str:
    return cut(one_line(text), LONGEST) or "unnamed"
