"""HTML: one self-contained page without scripts. The PDF is made from the same page with a print style."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from governance.data_files import data_folder
from governance.documents import numbers
from governance.documents.blocks import Chart, Figure, Panel
from governance.documents.charts import conditions, efficiency, forest, front, reliability, risk_coverage
from governance.documents.charts.hundred import hundred
from governance.documents.content import Document, Section, plain

_PANELS = {
    "conditions": conditions.panel,
    "efficiency": efficiency.panel,
    "reliability": reliability.panel,
    "front": front.panel,
    "risk-coverage": risk_coverage.panel,
}
_COLOURS = {
    "pass": "#00694b",
    "fail": "#a63603",
    "inconclusive": "#7a5600",
    "not measured": "#5a6672",
    "waived": "#5b4a8a",
}
_LONG = ("deployer", "engineer", "auditor")
_FONTS = {
    "latin": (
        "inter-latin-wght-normal.woff2",
        "U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+0304, U+0308, U+0329, U+2000-206F, "
        "U+20AC, U+2122, U+2191, U+2193, U+2212, U+2215, U+FEFF, U+FFFD",
    ),
    "latin-ext": (
        "inter-latin-ext-wght-normal.woff2",
        "U+0100-02BA, U+02BD-02C5, U+02C7-02CC, U+02CE-02D7, U+02DD-02FF, U+0304, U+0308, U+0329, U+1D00-1DBF, "
        "U+1E00-1E9F, U+1EF2-1EFF, U+2020, U+20A0-20AB, U+20AD-20C0, U+2113, U+2C60-2C7F, U+A720-A7FF",
    ),
}
"""Font files and the characters that they hold, as their makers (Fontsource) declare them."""


def render(document: Document) -> bytes:
    """Return the document as one self-contained page."""
    return page(document, printed=False).encode("utf-8")


def page(document: Document, *, printed: bool) -> str:
    """Return the page's text: for the screen, or for the PDF with its print style and open tables."""
    body = _compose(document, printed=printed, style=Markup(), style_hash="")
    extended = any("\u0100" <= letter <= "\u02ff" or "\u1e00" <= letter <= "\u1eff" for letter in body)
    style = stylesheet(printed=printed, extended=extended)
    return _compose(document, printed=printed, style=Markup(style), style_hash=csp_hash(style))  # noqa: S704 - ours


def _compose(document: Document, *, printed: bool, style: Markup, style_hash: str) -> str:
    named = tuple(section for section in document.sections if section.title)
    return (
        environment()
        .get_template("card.html.j2")
        .render(
            document=document,
            printed=printed,
            style=style,
            style_hash=style_hash,
            groups=_side_by_side(document.sections),
            contents=named if document.audience in _LONG else (),
            run_short=numbers.short(document.identity.run_id),
            evidence_short=numbers.short(document.identity.evidence_digest),
        )
    )


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """Return the template environment: sandboxed, everything escaped, undefined names are errors."""
    made = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(data_folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        forest_axis=forest.axis,
        forest_row=forest.row,
        chart_panel=_panel,
        chart_rows=_rows,
        hundred=hundred,
        plain=plain,
        colours=_COLOURS,
    )
    return made


@cache
def stylesheet(*, printed: bool, extended: bool) -> str:
    """Return the style with the font inside; `extended` adds the letters beyond Western European ones."""
    folder = data_folder("templates")
    faces = []
    for name in ("latin", "latin-ext") if extended else ("latin",):
        file, letters = _FONTS[name]
        data = base64.b64encode((folder / "fonts" / file).read_bytes()).decode("ascii")
        faces.append(
            f"@font-face{{font-family:Inter;font-style:normal;font-weight:100 900;"
            f"src:url(data:font/woff2;base64,{data}) format('woff2');unicode-range:{letters}}}"
        )
    sheets = [(folder / "style" / "page.css").read_text("utf-8")]
    if printed:
        sheets.append((folder / "style" / "print.css").read_text("utf-8"))
    return "\n".join([*faces, *sheets])


def csp_hash(style: str) -> str:
    """Return the source expression of Content Security Policy Level 3 that allows exactly this style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode('utf-8')).digest()).decode('ascii')}"


def _panel(chart: Chart, panel: Panel) -> Markup:
    return _PANELS[chart.form](chart, panel)


def _rows(chart: Chart) -> list[Mapping[str, Any]]:
    """Return a chart's points as rows of a table."""
    rows: list[Mapping[str, Any]] = []
    for panel in chart.panels:
        for series in panel.series:
            for point in series.points:
                x = "none" if chart.form == "conditions" and point.x == 0 else f"{point.x:.4g}"
                rows.append(
                    {
                        "panel": panel.title,
                        "line": series.title,
                        "x": point.label or Figure(measurements=(), text=x),
                        "name": point.name,
                        "figure": point.figure,
                        "interval": point.interval,
                        "n": point.n,
                    }
                )
    return rows


def _side_by_side(sections: Sequence[Section]) -> list[tuple[Section, ...]]:
    """Return the sections in order, neighbouring half ones as pairs."""
    groups: list[tuple[Section, ...]] = []
    for section in sections:
        if section.half and groups and len(groups[-1]) == 1 and groups[-1][0].half:
            groups[-1] = (groups[-1][0], section)
        else:
            groups.append((section,))
    return groups
