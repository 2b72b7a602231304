"""HTML: one self-contained page, complete without its script. The PDF is made from the same page with a print style."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from governance.data_files import data_folder
from governance.documents import numbers
from governance.documents.blocks import Chart, Figure, Panel, Text
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
_SCRIPTS = ("page.js", "tables.js", "find.js")
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
            anchor=_Anchors(),
            place=_Places(section.id for section in document.sections),
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
        finalize=_shown,
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
        measurements_of=_measurements_of,
        script=Markup(script()),  # noqa: S704 - ours
        script_hash=csp_hash(script()),
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
    names = ("page.css", "print.css" if printed else "browser.css")
    sheets = [(folder / "style" / name).read_text("utf-8") for name in names]
    return "\n".join([*faces, *sheets])


@cache
def script() -> str:
    """Return the page's script: it finds, sorts and saves what the page holds, and adds nothing to it."""
    folder = data_folder("templates") / "script"
    return "\n".join((folder / name).read_text("utf-8") for name in _SCRIPTS)


def csp_hash(source: str) -> str:
    """Return the source expression of Content Security Policy Level 3 that allows exactly this style or script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode('utf-8')).digest()).decode('ascii')}"


class _Places:
    """Gives blocks their addresses: their own names, made fit for a link, and never that of a section."""

    def __init__(self, sections: Iterable[str]) -> None:
        self._sections = frozenset(sections)

    def __call__(self, name: str) -> str:
        made = re.sub(r"[^\w.-]+", "-", name)
        return f"{made}-table" if made in self._sections else made


class _Anchors:
    """Gives rows their addresses: ``m-<measurement>``, numbered from the second row about the same measurement on."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def __call__(self, measurement: str) -> str:
        self._seen[measurement] += 1
        again = self._seen[measurement]
        return f"m-{measurement}" if again == 1 else f"m-{measurement}-{again}"


_UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control characters, characters that reorder or hide what stands around them, and halves of a character.

Marks that text of some languages is written with (joiners, direction marks) reorder nothing else and are not here.
"""


def _shown(value: Any) -> Any:
    """Return a text with its control characters in sight.

    A reordering one can make 0.38 of 0.83 before a reader's eyes (Unicode Technical Report 36, 2.1.3).
    """
    if not isinstance(value, str) or not _UNSEEN.search(value):
        return value
    text = _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", value)
    return Markup(text) if isinstance(value, Markup) else text  # noqa: S704 - brackets are no markup


def _measurements_of(row: Sequence[Text]) -> tuple[str, ...]:
    """Return the measurements that the numbers of a table's row are read from, in order."""
    named = (part.measurements for cell in row for part in cell if isinstance(part, Figure))
    return tuple(dict.fromkeys(measurement for measurements in named for measurement in measurements))


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
