"""Hostile strings in every field: nothing executes, nothing breaks the layout."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from governance.documents import render, render_index
from governance.documents.markdown import escape
from governance.evidence.folder import RunFolder
from governance.evidence.model import Measurement

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
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


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
            assert not re.search(r"<(script|img|marquee)", source)
            assert source.count("<style>") == source.count("</style>") == 1
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
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_in_a_browser_nothing_executes_logs_or_breaks_out_of_a_phone(rendered: tuple[RunFolder, list[Path]]) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for width, theme in ((390, "light"), (1200, "dark")):
            context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=theme)  # type: ignore[arg-type]
            for path in rendered[1]:
                if path.suffix != ".html":
                    continue
                page = context.new_page()
                said: list[str] = []
                page.on("console", lambda message, said=said: said.append(message.text))
                page.on("pageerror", lambda error, said=said: said.append(str(error)))
                page.on("dialog", lambda dialog, said=said: (said.append(dialog.message), dialog.dismiss()))
                page.on(
                    "request", lambda r, said=said: None if r.url.startswith(("file:", "data:")) else said.append(r.url)
                )
                page.goto(path.as_uri())
                assert said == [], path.name
                assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name
                page.close()
        browser.close()


@pytest.mark.parametrize("text", ["0.84", "0.75 to 0.90", "-0.03 (−0.06)", "1992", "2.3.0"])
def test_markdown_leaves_numbers_as_they_are(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize("text", ["1. a", "3) a", "- a", "+ a", "-", "---", "==", "# a", "> a", "| a |", "* a", "~~~"])
def test_markdown_that_begins_a_block_is_escaped(text: str) -> None:
    from markdown_it import MarkdownIt

    kinds = [token.type for token in MarkdownIt("commonmark").enable("table").parse(f"above\n{escape(text)}")]
    assert kinds == ["paragraph_open", "inline", "paragraph_close"]
    assert MarkdownIt("commonmark").render(escape(text)).replace("&gt;", ">") == f"<p>{text}</p>\n"
