"""Hostile strings in every field: nothing executes, nothing breaks the layout."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from governance.documents import render, render_index
from governance.documents.markdown import escape
from governance.evidence.folder import RunFolder
from governance.evidence.model import Measurement

from .browser import DESKTOP, PHONE, Visit, chromium, needs_chromium, visit
from .sample_evidence import measurements
from .sample_run import FACTS, spec, write

PAYLOADS = (
    "<script>alert('x')</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE | a | b |\n\n# heading\n---\n",
    "{{ 7 * 7 }}{% for x in () %}",
    "</style></title><svg onload=alert(2)>",
    "[link](javascript:alert(3)) `code` **bold** <marquee>",
    "W" * 300,
    "\u202e38.0\u202c \u2066x\u2069 \x00\x07\x1b[31m \U000e0041",
    "} * { display: none } </style > url(https://evil.example/a) @import 'https://evil.example/b'; /*",
    '<a href="javascript:alert(4)">x</a> data:text/html,<script>alert(5)</script>',
    "' onfocus=alert(6) autofocus tabindex=1 ]]><!-- --!> &lt;script&gt; ${alert(7)} <base href=//evil.example>",
    '=HYPERLINK("https://evil.example","0.99") @SUM(1) +1 -1',
    "Z" + "\u0341" * 60 + "\U0001d54f" * 90,
)


def _hostile(folder: Path) -> RunFolder:
    nasty = " ".join(PAYLOADS)
    facts = {key: {**fact, "statement": nasty, "owner": PAYLOADS[1]} for key, fact in FACTS.items()}
    changes: dict[str, Any] = {}
    content = spec(facts)
    content["hazards"]["H-01"].update(hazard=nasty, harm=nasty, who=nasty)
    content["licence"].update(kind=nasty, licensor=nasty, own_restrictions={"x": nasty})
    group = PAYLOADS[0] + PAYLOADS[2]
    changes["subject"] = {"name": nasty, "version": PAYLOADS[4], "kind": "timm", "task": "binary", "digest": "e5" * 32}
    changes["spec"] = content
    changes["datasets"] = {
        "test": {
            "role": "testing", "title": nasty, "digest": "b2" * 32, "n": 429, "clusters": 382, "clustered": True,
            "events": 100, "target": nasty,
            "attributes": {"sex": {"title": nasty, "order": [group, "M"], "groups": {group: {"n": 1}, "M": {"n": 2}}}},
        }
    }  # fmt: skip
    changes["conditions"] = {"motion": {"version": 1, "severities": [], "title": nasty}}
    found = []
    for m in measurements():
        raw = m.model_dump(exclude={"id"})
        for name in ("slice", "reference"):
            raw[name] = {k: group if v == "F" else v for k, v in raw[name].items()} if raw[name] else raw[name]
        if raw["variant"]:
            raw["variant"] = nasty[:200] + raw["variant"]
        if raw["reason"]:
            raw["reason"] = nasty
        found.append(Measurement.model_validate(raw))
    made = write(folder, facts=facts, found=found, changes=changes)
    licence = made.read_json(made.licence / "licence.json")
    licence.update(title=nasty, licensor=nasty, warnings=[nasty], flow_down=[nasty], inherits=[nasty])
    made.write_json(made.licence / "licence.json", licence)
    path = next(made.decisions.glob("*.json"))
    decision = made.read_json(path)
    for verdict in decision["verdicts"]:
        verdict.update(
            title=nasty, sentence=nasty, rationale=nasty, set={"by": nasty, "on": "2026-01-01"}, supports=[nasty]
        )
    made.write_json(path, decision)
    return made


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, list[Path]]:
    runs = tmp_path_factory.mktemp("hostile")
    folder = _hostile(runs)
    return folder, [*render(folder, formats=["html", "markdown", "json"]), render_index(runs)]


def test_no_payload_becomes_markup(rendered: tuple[RunFolder, list[Path]]) -> None:
    for path in rendered[1]:
        if path.suffix == ".html":
            source = path.read_text("utf-8")
            assert not re.search(r"<(img|marquee|base|iframe)", source)
            for name in ("style", "script"):
                assert source.count(f"<{name}>") == source.count(f"</{name}>") == 1
            assert "{{ 7 * 7 }}" in source


def test_markdown_stays_text_and_tables_keep_their_columns(rendered: tuple[RunFolder, list[Path]]) -> None:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    for path in rendered[1]:
        if path.suffix == ".md":
            text = path.read_text("utf-8")
            kinds = set()
            for token in parser.parse(text):
                kinds.add(token.type)
                kinds.update(child.type for child in token.children or ())
            assert not kinds & {"html_block", "html_inline", "link_open", "image", "code_inline", "fence"}
            headings = [line for line in text.splitlines() if line.startswith("# ")]
            assert len(headings) == 1


def test_json_is_json(rendered: tuple[RunFolder, list[Path]]) -> None:
    for path in rendered[1]:
        if path.suffix == ".json":
            assert json.loads(path.read_bytes())["version"] == 1


@pytest.mark.slow
@needs_chromium
def test_in_a_browser_nothing_executes_logs_or_breaks_out_of_a_phone(rendered: tuple[RunFolder, list[Path]]) -> None:
    with chromium() as browser:
        for width, theme in ((PHONE, "light"), (DESKTOP, "dark")):
            for path in (path for path in rendered[1] if path.suffix == ".html"):
                with visit(browser, path, width=width, theme=theme) as made:  # type: ignore[arg-type]
                    assert made.width() <= width, path.name
                    made.open_all()
                    assert made.width() <= width, path.name
                    assert _foreign(made) == [], path.name
                    made.page.evaluate("document.querySelectorAll('*').forEach(node => node.focus())")
                    assert made.said == [], path.name


@pytest.mark.slow
@needs_chromium
def test_in_a_browser_the_controls_work_on_hostile_text_and_run_none_of_it(
    rendered: tuple[RunFolder, list[Path]],
) -> None:
    with chromium() as browser:
        for path in (path for path in rendered[1] if path.name in ("engineer.html", "auditor.html", "index.html")):
            with visit(browser, path, width=PHONE, accept_downloads=True, at="#" + PAYLOADS[1]) as made:
                for payload in PAYLOADS:
                    made.search(payload.replace("\x00", ""))
                    assert made.width() <= PHONE, payload
                made.search("")
                made.open_all()
                made.page.evaluate("document.querySelectorAll('.sort').forEach(button => button.click())")
                for index in range(min(made.page.locator(".tools button").count(), 5)):
                    with made.page.expect_download() as download:
                        made.page.locator(".tools button").nth(index).click()
                    _is_harmless_table(Path(download.value.path()).read_text("utf-8-sig"))
                made.page.click(".theme")
                assert _foreign(made) == [], path.name
                assert made.said == [], path.name


def _foreign(made: Visit) -> list[str]:
    """Elements and attributes of the living page that no template of ours writes, and our own in the wrong number."""
    found: list[str] = made.page.evaluate(
        """() => {
            const all = (selector) => Array.from(document.querySelectorAll(selector));
            const names = all('*').flatMap((node) => node.getAttributeNames());
            const links = all('a[href]').map((link) => link.getAttribute('href'));
            return [
                ...all('img, marquee, iframe, base, form, object, embed').map((node) => node.outerHTML),
                ...names.filter((name) => name.startsWith('on') || name === 'style'),
                ...links.filter((link) => !link.startsWith('#') && !/^[0-9a-z]+[/]documents[/]/.test(link)),
                ...all('script, style').slice(2).map((node) => node.outerHTML),
                ...(document.body.textContent.match(/[\u0007\u001b\u202a-\u202e\u2066-\u2069]/g) || []),
            ];
        }"""
    )
    return found


def _is_harmless_table(text: str) -> None:
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len({len(line) for line in lines}) == 1
    for cell in (cell for line in lines for cell in line):
        assert not re.match(r"[=+@\t\r]|-(?![\d.])", cell), cell


@pytest.mark.parametrize("text", ["0.84", "0.75 to 0.90", "-0.03 (−0.06)", "1992", "2.3.0"])
def test_markdown_leaves_numbers_as_they_are(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize("text", ["1. a", "3) a", "- a", "+ a", "-", "---", "==", "# a", "> a", "| a |", "* a", "~~~"])
def test_markdown_that_begins_a_block_is_escaped(text: str) -> None:
    from markdown_it import MarkdownIt

    kinds = [token.type for token in MarkdownIt("commonmark").enable("table").parse(f"above\n{escape(text)}")]
    assert kinds == ["paragraph_open", "inline", "paragraph_close"]
    assert MarkdownIt("commonmark").render(escape(text)).replace("&gt;", ">") == f"<p>{text}</p>\n"
