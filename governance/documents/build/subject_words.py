"""What the cases of a run are called: with what the model looks for, and without."""

from __future__ import annotations

from governance.documents import numbers
from governance.documents.blocks import Figure, Statement, Text
from governance.documents.build.run import Run
from governance.documents.wording import FINDING, IN_THE_UNIT_OF_THE_TARGET, NATURAL, OF_A_CLASS
from governance.evidence.model import Measurement


def fill(run: Run, template: str, dataset: str, figure: Figure | None = None, target_class: str | None = None) -> Text:
    """Fill ``{n}``, ``{positive}`` and ``{negative}`` of a phrase; the parts keep their references.

    With `target_class` the cases are those of a class, or with a label where a case may have several.
    """
    finding = run.facts.get(FINDING)
    target = run.datasets.get(dataset, {}).get("target") or "the target"
    parts: list[str | Figure | Statement] = []
    for piece in template.replace("{", "\0{").replace("}", "}\0").split("\0"):
        if piece == "{n}" and figure is not None:
            parts.append(figure)
        elif piece in ("{positive}", "{negative}"):
            without = piece == "{negative}"
            if target_class is not None:
                parts.append(_of_class(run, target_class, without=without))
            elif finding is not None:
                parts.append("without " if without else "with ")
                parts.append(Statement(fact=FINDING, text=finding.statement, disclosure=finding.disclosure))
            else:
                parts.append(f"{'negative' if without else 'positive'} for \N{LEFT DOUBLE QUOTATION MARK}{target}")
                parts.append("\N{RIGHT DOUBLE QUOTATION MARK}")
        elif piece:
            parts.append(piece)
    return tuple(parts)


def lowered(text: Text) -> Text:
    """Return a sentence that goes on after a colon."""
    head, *rest = text
    return (f"{head[:1].lower()}{head[1:]}" if isinstance(head, str) else head, *rest)


def finding_heading(run: Run, measurement: Measurement) -> Text:
    """Return a heading that says a number: as a natural frequency where the metric has one."""
    natural = NATURAL.get(measurement.metric)
    if natural is None or (measurement.target_class is not None and measurement.metric not in OF_A_CLASS):
        title = run.title_of(measurement.metric) + _for_class(measurement)
        if measurement.status != "measured":
            return (f"{title} was not measured",)
        unit = target_unit(run, measurement, short=True)
        return (f"{title} ", numbers.value(measurement), *((f", {unit}",) if unit else ()))
    if measurement.status != "measured":
        return (f"{natural.technical}{_for_class(measurement)} was not measured",)
    heading = natural.heading if measurement.target_class is None else OF_A_CLASS[measurement.metric]
    return fill(run, heading, measurement.dataset, numbers.hundred(measurement)[0], measurement.target_class)


def target_unit(run: Run, measurement: Measurement, *, short: bool = False) -> str:
    """Return in which unit an error is given, where that is the target's; empty otherwise."""
    if measurement.metric not in IN_THE_UNIT_OF_THE_TARGET or measurement.unit not in ("", "1"):
        return ""
    target = run.datasets.get(measurement.dataset, {}).get("target") or "the target"
    words = f"in the unit of \N{LEFT DOUBLE QUOTATION MARK}{target}\N{RIGHT DOUBLE QUOTATION MARK}"
    return words if short else f"It is given {words}. "


def _of_class(run: Run, target_class: str, *, without: bool) -> str:
    name = f"\N{LEFT DOUBLE QUOTATION MARK}{target_class}\N{RIGHT DOUBLE QUOTATION MARK}"
    if run.task == "multilabel":
        return f"{'without' if without else 'with'} {name}"
    return f"not of class {name}" if without else f"of class {name}"


def _for_class(measurement: Measurement) -> str:
    name = measurement.target_class
    return f" of \N{LEFT DOUBLE QUOTATION MARK}{name}\N{RIGHT DOUBLE QUOTATION MARK}," if name else ""


def short_value(run: Run, measurement: Measurement) -> Text:
    """Return a number for the middle of a sentence: ``76 of 100`` or ``AUROC 0.78``."""
    if measurement.metric in NATURAL:
        return (numbers.hundred(measurement)[0], "\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}100")
    return (f"{run.title_of(measurement.metric)} ", numbers.value(measurement))
