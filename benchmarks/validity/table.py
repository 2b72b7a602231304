"""The table of the study: for people in Markdown, for programs as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import cast

from benchmarks.validity.results import ERRORS, Figure, Kind

_COLUMNS = (
    "part",
    "family",
    "cell",
    "kind",
    "simulations",
    "missed below",
    "missed above",
    "coverage or rate",
    "Monte-Carlo error",
    "averaged coverage",
    "mean width",
    "expected",
    "verdict",
)
_SAYS = {
    "shown": "shown",
    "usual": "shown (usual)",
    "gating": "for verdicts",
    "joint": "simultaneous",
    "false pass": "passes at the bar",
    "power": "passes when adequate",
    "false alarm": "alarms",
}


def csv_text(parts: Mapping[str, Sequence[Figure]]) -> str:
    """Return all figures, one a line, with the part of the study that each is of."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for part, figures in parts.items():
        for f in figures:
            numbers = (f.below, f.above, f.rate, f.error, f.averaged, f.width, f.expected)
            texts = ["" if number is None else f"{number:.7g}" for number in numbers]
            writer.writerow([part, f.family, f.cell, f.kind, f.simulations, *texts, f.verdict])
    return out.getvalue()


def from_csv(text: str) -> dict[str, list[Figure]]:
    """Read what `csv_text` wrote."""
    parts: dict[str, list[Figure]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        below, above, rate, averaged, width, expected = (
            float(row[name]) if row[name] else None
            for name in (
                "missed below",
                "missed above",
                "coverage or rate",
                "averaged coverage",
                "mean width",
                "expected",
            )
        )
        figure = Figure(
            row["family"],
            row["cell"],
            cast(Kind, row["kind"]),
            int(row["simulations"]),
            rate or 0.0,
            below,
            above,
            width,
            averaged,
            expected,
        )
        parts.setdefault(row["part"], []).append(figure)
    return parts


def markdown(figures: Sequence[Figure]) -> str:
    """Return a section a family."""
    simulations = min((figure.simulations for figure in figures if figure.simulations), default=0)
    lines = [
        "# Validity of intervals and verdicts",
        "",
        f"Made by `python -m benchmarks.validity`, {simulations} simulations a cell. To read it: `docs/validity.md`.",
        'Rates are in per cent. "Below" is the share of intervals that lie wholly above the truth (a lower bound that',
        'is too high: the error that lets a model pass a floor), "above" the share wholly below it. "Error" is the',
        f"Monte-Carlo standard error; a figure breaks its rule when it is more than {ERRORS:g} of them beyond it.",
        "",
        "```text",
        summary(figures),
        "```",
    ]
    for family, members in groupby(figures, key=lambda figure: figure.family):
        rows = list(members)
        lines += ["", f"## {family[0].upper()}{family[1:]}", ""]
        lines += _intervals(rows) if rows[0].below is not None else _rates(rows)
    return "\n".join(lines) + "\n"


def summary(figures: Sequence[Figure]) -> str:
    """Return how many figures of each kind hold, and name those that break."""
    lines = []
    for kind, words in _SAYS.items():
        verdicts = [figure.verdict for figure in figures if figure.kind == kind]
        if not verdicts:
            continue
        counts = ", ".join(f"{verdicts.count(v)} {v}" for v in ("holds", "BREAKS", "below minimum", "reported"))
        lines.append(f"  {words:<22} {counts}")
    broken = [figure for figure in figures if figure.verdict == "BREAKS"]
    lines += [f"  BREAKS: {f.family}, {f.cell}, {_SAYS[f.kind]}: {_says(f)}" for f in broken]
    return "\n".join(lines)


def _says(figure: Figure) -> str:
    if figure.below is None or figure.above is None:
        return _percent(figure.rate)
    return f"coverage {_percent(figure.rate)}, below {_percent(figure.below)}, above {_percent(figure.above)}"


def _intervals(rows: Sequence[Figure]) -> list[str]:
    averaged = any(row.averaged is not None for row in rows)
    heads = ["cell", "interval", "below", "above", "coverage", *(["averaged"] if averaged else []), "error", "width"]
    lines = _head([*heads, "expected", "rule"], text=2)
    for f in rows:
        cells = [f.cell, _SAYS[f.kind], _percent(f.below), _percent(f.above), _percent(f.rate)]
        cells += [_percent(f.averaged)] if averaged else []
        expected = "" if f.expected is None else f"{f.expected:.1f}"
        lines.append(_line([*cells, _error(f), f"{f.width:.4f}", expected, _marked(f)]))
    return lines


def _rates(rows: Sequence[Figure]) -> list[str]:
    lines = _head(["cell", "share of runs that", "rate", "error", "rule"], text=2)
    return lines + [_line([f.cell, _SAYS[f.kind], _percent(f.rate), _error(f), _marked(f)]) for f in rows]


def _head(names: Sequence[str], *, text: int) -> list[str]:
    marks = ["---"] * text + ["---:"] * (len(names) - text - 1) + ["---"]
    return [_line(names), _line(marks)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f}"


def _error(figure: Figure) -> str:
    return "exact" if not figure.simulations else f"{100 * figure.error:.2f}"


def _marked(figure: Figure) -> str:
    return f"**{figure.verdict}**" if figure.verdict == "BREAKS" else figure.verdict
