"""Natural frequencies: what a metric means for a hundred people."""

from __future__ import annotations

from governance.documents import numbers
from governance.documents.blocks import Frequencies, Hundred, Prose, Text
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
