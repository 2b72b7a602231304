"""Natural frequencies: what a metric means for a hundred people."""

from __future__ import annotations

from collections.abc import Iterator

from governance.documents import numbers
from governance.documents.blocks import Figure, Frequencies, Hundred, Prose, Text
from governance.documents.build.run import Run
from governance.documents.build.subject_words import fill
from governance.documents.content import Section
from governance.documents.wording import NATURAL, ONLY_OF_SEVERAL_CLASSES
from governance.evidence.model import Measurement


def hundred(run: Run) -> Section | None:
    """Return the section of natural frequencies, for the public and for clinicians."""
    items = []
    for metric in natural_metrics(run):
        for (name, dataset), measurement in run.headlines.items():
            if name == metric and measurement.status == "measured":
                items.append(_item(run, measurement, dataset))
    if not items:
        return None
    note = _prevalence(run)
    blocks: list[Frequencies | Prose] = [Frequencies(id="hundred", items=tuple(items))]
    if note:
        blocks.append(Prose(paragraphs=(note,), style="note"))
    stated = tuple(_stated(run))
    if stated:
        blocks.append(Prose(paragraphs=stated, style="list"))
    return Section(id="hundred", title="What to expect", blocks=tuple(blocks), audiences=("public", "clinician"))


def natural_metrics(run: Run) -> tuple[str, ...]:
    """Return the metrics that are said as natural frequencies of this model."""
    return tuple(name for name in NATURAL if run.task == "multiclass" or name not in ONLY_OF_SEVERAL_CLASSES)


def _item(run: Run, measurement: Measurement, dataset: str) -> Hundred:
    natural = NATURAL[measurement.metric]
    figure, drawn = numbers.hundred(measurement)
    return Hundred(
        count=drawn,
        sentence=fill(run, natural.sentence, dataset, figure),
        technical=technical(run, measurement),
    )


def technical(run: Run, measurement: Measurement) -> Text:
    """Return a number in full: ``Sensitivity 0.86 (0.78 to 0.91, n = 100)``."""
    parts: list[object] = [f"{run.title_of(measurement.metric)} ", numbers.value(measurement)]
    interval, n = numbers.interval(measurement), numbers.count(measurement, "n")
    details: list[object] = [interval] if interval else []
    if n:
        details += [", n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}" if details else "n = ", n]
    if details:
        parts += [" (", *details, ")"]
    return tuple(parts)  # type: ignore[arg-type]


def _stated(run: Run) -> Iterator[Text]:
    """Yield what to expect at each prevalence that the spec states for the place of use."""
    found: dict[tuple[str, float], dict[str, Measurement]] = {}
    for m in run.find(evaluator="fairness", slice={}, status="measured", estimand="value"):
        if "prevalence" in m.curve and m.variant is None:
            found.setdefault((m.dataset, float(m.curve["prevalence"])), {})[m.metric] = m
    for (dataset, prevalence), by_metric in sorted(found.items()):
        flags = by_metric.get("alerts_per_100")
        rightly, alone = (by_metric.get(f"{name}_predictive_value_at") for name in ("positive", "negative"))
        if flags is None or rightly is None or alone is None:
            continue
        common = Figure(measurements=(flags.id,), text=f"{100 * prevalence:.4g}")
        yield (
            *fill(run, "Where {n} of 100 cases are {positive}: of 100 cases the model flags ", dataset, common),
            *_with_interval(numbers.hundred(_as_share(flags))[0], numbers.hundred_interval(_as_share(flags))),
            "; of 100 flagged cases ",
            *_with_interval(numbers.hundred(rightly)[0], numbers.hundred_interval(rightly)),
            " are rightly flagged; of 100 others ",
            *_with_interval(numbers.hundred(alone)[0], numbers.hundred_interval(alone)),
            " are rightly left alone, if the model errs there as often as in the test data.",
        )


def _as_share(m: Measurement) -> Measurement:
    """Return a number of 100 as a share, as the others are."""
    interval = m.interval
    if interval is not None:
        interval = interval.model_copy(update={"low": interval.low / 100, "high": interval.high / 100})
    return m.model_copy(update={"value": (m.value or 0.0) / 100, "interval": interval, "gating": None})


def _with_interval(value: Figure, interval: Figure | None) -> Text:
    return (value, " (", interval, ")") if interval else (value,)


def _prevalence(run: Run) -> Text:
    for (name, dataset), m in run.headlines.items():
        if name == "prevalence" and m.status == "measured":
            share, _ = numbers.hundred(m)
            return fill(
                run,
                "In the test data {n} of 100 cases are {positive}. Where the condition is rarer, fewer of the flagged "
                "cases really have it.",
                dataset,
                share,
            )
    return ()
