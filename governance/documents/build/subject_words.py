"""What the cases of a run are called: with what the model looks for, and without."""

from __future__ import annotations

from governance.documents import numbers
from governance.documents.blocks import Figure, Statement, Text
from governance.documents.build.run import Run
from governance.documents.wording import FINDING, NATURAL
from governance.evidence.model import Measurement


def fill(run: Run, template: str, dataset: str, figure: Figure | None = None) -> Text:
    """Fill ``{n}``, ``{positive}`` and ``{negative}`` of a phrase; the parts keep their references."""
    finding = run.facts.get(FINDING)
    target = run.datasets.get(dataset, {}).get("target") or "the target"
    parts: list[str | Figure | Statement] = []
    for piece in template.replace("{", "\0{").replace("}", "}\0").split("\0"):
        if piece == "{n}" and figure is not None:
            parts.append(figure)
        elif piece in ("{positive}", "{negative}"):
            without = piece == "{negative}"
            if finding is not None:
                parts.append("without " if without else "with ")
                parts.append(Statement(fact=FINDING, text=finding.statement, disclosure=finding.disclosure))
            else:
                parts.append(f"{'negative' if without else 'positive'} for \N{LEFT DOUBLE QUOTATION MARK}{target}")
                parts.append("\N{RIGHT DOUBLE QUOTATION MARK}")
        elif piece:
            parts.append(piece)
    return tuple(parts)


def finding_heading(run: Run, measurement: Measurement) -> Text:
    """Return a heading that says a number: as a natural frequency where the metric has one."""
    natural = NATURAL.get(measurement.metric)
    if natural is None:
        title = run.title_of(measurement.metric)
        if measurement.status != "measured":
            return (f"{title} was not measured",)
        return (f"{title} ", numbers.value(measurement))
    if measurement.status != "measured":
        return (f"{natural.technical} was not measured",)
    return fill(run, natural.heading, measurement.dataset, numbers.hundred(measurement)[0])


def short_value(run: Run, measurement: Measurement) -> Text:
    """Return a number for the middle of a sentence: ``76 of 100`` or ``AUROC 0.78``."""
    if measurement.metric in NATURAL:
        return (numbers.hundred(measurement)[0], "\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}100")
    return (f"{run.title_of(measurement.metric)} ", numbers.value(measurement))
