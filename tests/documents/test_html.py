from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from governance.documents.blocks import AUDIENCES, Audience
from governance.documents.content import Document
from governance.documents.html import environment, render, script
from governance.documents.html import page as page_of
from governance.documents.markdown import render as render_markdown

from .conftest import documents_of
from .sample_run import write

OFFICE = "Person responsible for regulatory compliance"
"""Who an economic operator must have under the device regulations; no claim about anything."""
CLAIMS = re.compile(
    r"\b(compliant|compliance|conforms?|certified|approved|safe|safely|unbiased|validated)\b", re.IGNORECASE
)


class Page(HTMLParser):
    """What a page holds: attributes, references, text."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.measurements: set[str] = set()
        self.tags: list[str] = []
        self.style = ""
        self.script = ""
        self._within = ""
        self.feed(data.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._within = tag
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name == "data-m":
                self.measurements.update((value or "").split())

    def handle_data(self, data: str) -> None:
        if self._within == "style":
            self.style += data
        elif self._within == "script":
            self.script += data

    def handle_endtag(self, tag: str) -> None:
        self._within = ""


@pytest.fixture(scope="module", params=AUDIENCES)
def page(request: pytest.FixtureRequest, documents: dict[Audience, Document]) -> Page:
    return Page(render(documents[request.param]))


def test_the_page_fetches_nothing_and_runs_only_its_own_script(page: Page) -> None:
    assert page.tags.count("script") == 1
    assert page.script == script()
    assert not {"iframe", "object", "embed", "form", "base", "frame"} & set(page.tags)
    assert not [a for a in page.attributes if a[1].startswith("on") or a[1] in ("style", "srcdoc")]
    addresses = [value for _, name, value in page.attributes if name in ("src", "href", "xlink:href", "action")]
    assert all(value.startswith(("#", "data:")) for value in addresses)
    assert not re.search(r"url\((?!data:)|@import|transition|animation|scroll-behavior", page.style)


def test_the_policy_allows_exactly_the_style_and_the_script_of_the_page(page: Page) -> None:
    policy = next(value for tag, name, value in page.attributes if name == "content" and "default-src" in value)
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    for name, source in (("style-src", page.style), ("script-src", page.script)):
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert directives[name] == f"'sha256-{digest}'"
    assert directives["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in policy


def test_the_script_makes_no_markup_and_asks_nobody() -> None:
    never = r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function|fetch\(|XMLHttp|WebSocket"
    kept = r"sendBeacon|import\(|localStorage|sessionStorage|indexedDB|document\.cookie"
    assert not re.search(f"{never}|{kept}|</script|<!--", script())


def test_every_name_of_a_place_is_given_once_and_every_link_arrives(page: Page) -> None:
    places = [value for _, name, value in page.attributes if name == "id"]
    assert len(places) == len(set(places))
    assert {value[1:] for tag, name, value in page.attributes if tag == "a" and name == "href"} <= set(places)
    named = [
        v for _, n, vs in page.attributes if n in ("aria-labelledby", "aria-describedby", "for") for v in vs.split()
    ]
    assert set(named) <= set(places)


def test_every_measured_row_of_a_table_has_a_place_named_after_its_measurement(documents, run) -> None:
    source = render(documents["engineer"]).decode()
    for measurement in run.evidence.measurements:
        assert f'id="m-{measurement.id}"' in source


def test_on_paper_there_are_no_controls(documents: dict[Audience, Document]) -> None:
    for document in documents.values():
        paper = page_of(document, printed=True)
        assert not re.search(r"<(script|button|input|details|a)\b", paper)
        assert not re.search(r'class="(controls|tools|block)|id="m-', paper)


@pytest.mark.parametrize(
    ("character", "seen"),
    [
        ("\u202e", "[U+202E]"),
        ("\u2066", "[U+2066]"),
        ("\x07", "[U+0007]"),
        ("\U000e0041", "[U+E0041]"),
        ("\ud800", "[U+D800]"),
    ],
)
def test_characters_that_hide_or_reorder_text_are_shown(character: str, seen: str) -> None:
    made = environment().from_string("{{ name }}<b title='{{ name }}'>").render(name=f"0.{character}38 & é\u200d")
    assert made == f"0.{seen}38 &amp; é\u200d<b title='0.{seen}38 &amp; é\u200d'>"


def test_every_reference_is_a_measurement_of_the_run(page: Page, run) -> None:
    assert page.measurements
    assert page.measurements <= set(run.evidence.by_id)


def test_every_drawing_has_a_text(page: Page, documents: dict[Audience, Document]) -> None:
    for audience in AUDIENCES:
        source = render(documents[audience]).decode()
        for svg in re.findall(r"<svg\b[^>]*>", source):
            assert 'aria-hidden="true"' in svg or ('role="img"' in svg and re.search(r'aria-label="[^"]{8,}', svg)), svg


@pytest.mark.parametrize("audience", AUDIENCES)
def test_our_text_claims_nothing(documents: dict[Audience, Document], audience: Audience) -> None:
    """The provider's and the policy's own words are theirs; the sample holds none of these words but "safety"."""
    for data in (render(documents[audience]), render_markdown(documents[audience])):
        text = re.sub(r"<(style|script)>.*?</\1>", "", data.decode(), flags=re.DOTALL)
        assert CLAIMS.findall(text.replace(OFFICE, "")) == []


def test_pages_are_small_and_equal_on_rendering_again(documents: dict[Audience, Document]) -> None:
    for document in documents.values():
        first = render(document)
        assert len(first) < 2_000_000
        assert first == render(document)


def test_the_second_font_file_is_embedded_only_where_its_letters_are_used(tmp_path: Path) -> None:
    from .sample_run import FACTS

    polish = {**FACTS, "provider": {**FACTS["provider"], "statement": "Szpital św. Łukasza"}}
    with_letters = documents_of(write(tmp_path / "a", facts=polish))["public"]
    without = documents_of(write(tmp_path / "b"))["public"]
    assert len(render(with_letters)) - len(render(without)) > 80_000


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_have_a_contrast_of_4_5_in_both_themes() -> None:
    """WCAG 2.2, 1.4.3, computed from the style sheet itself."""
    from governance.data_files import data_folder

    sheet = (data_folder("templates") / "style" / "page.css").read_text()
    roots = re.findall(r":root\s*{(.*?)}", sheet, flags=re.DOTALL)
    for root in roots[:2]:
        colours = {
            n: c if len(c) == 7 else f"#{c[1] * 2}{c[2] * 2}{c[3] * 2}"
            for n, c in re.findall(r"--([\w-]+): (#\w+)", root)
        }
        words = (
            "ink",
            "mute",
            "accent",
            "pass",
            "fail",
            "inconclusive",
            "not-measured",
            "waived",
            "s0",
            "s1",
            "s2",
            "s3",
        )
        for paper in ("paper", "wash"):
            for word in words:
                light, dark = sorted((_luminance(colours[paper]), _luminance(colours[word])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (paper, word)
