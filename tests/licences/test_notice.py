"""What is written for people: it says what it is, and nothing that a person wrote can change its structure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from governance.evidence.folder import RunFolder
from governance.licences import describe_licence, write_licence
from governance.licences.flow_down import flow_down, has_flow_down
from governance.licences.markdown import plain
from governance.licences.notice import notice

from .sample_spec import spec

HOSTILE = (
    "<script>alert(1)</script>",
    "x\n\n# Heading\n\n- item",
    "[link](javascript:alert(1)) ![image](http://x/y.png)",
    "`code` **bold** _it_ ~~gone~~ | a | b |",
    "\u202etxt.exe\u2028# next\x00\x07",
    "&lt;b&gt; &amp;",
    "```\nfence\n```",
    "1. one\n2) two",
    "- - x",
    "+ x\n===",
    "\x1b 0",
)
SAID_NEVER = ("compliant", "conforms", "certified by", "approved", "is safe", "unbiased", "validated")


def licence(text: str) -> dict[str, Any]:
    return {
        "kind": "OpenRAIL-M",
        "licensor": text,
        "text": text,
        "inherits": [f"{text} under bigscience-openrail-m"],
        "own_restrictions": {"own": text},
        "built_on": [
            {"kind": "model", "name": text, "licence": "MIT", "note": text},
            {"kind": "dataset", "name": text},
            {"kind": "dataset", "name": "isic"},
        ],
    }


def structure(document: str) -> list[str]:
    """Return the kinds of all blocks and of what is inside lines."""
    found = MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(document)
    return [token.type for token in found] + [
        child.type for token in found for child in token.children or () if child.type != "text"
    ]


def rendered(text: str) -> str:
    given_spec = spec(licence(text), "Reads radiographs.")
    statement = describe_licence(given_spec)
    return notice(statement, given_spec) + "\n" + flow_down(statement, given_spec)


def without_escapes(kinds: list[str]) -> list[str]:
    return [kind for kind in kinds if kind not in ("text_special", "entity")]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_write_does_not_change_the_structure(text: str) -> None:
    assert without_escapes(structure(rendered(text))) == without_escapes(structure(rendered("harmless")))
    assert "html_inline" not in structure(rendered(text))
    assert "<" not in rendered(text).replace("\\<", "")
    assert "\u202e" not in rendered(text)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=40).filter(lambda text: text.strip() and not text.lower().startswith("http")))
def test_no_text_changes_the_structure(text: str) -> None:
    if " under " in text or not plain(text):
        return
    assert without_escapes(structure(rendered(text))) == without_escapes(structure(rendered("harmless")))


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_text_reads_as_it_was_written(text: str) -> None:
    (line,) = (token for token in MarkdownIt().parse(f"x {plain(text)}") if token.type == "inline")
    shown = "".join(child.content for child in line.children or ())
    visible = "".join(sign if sign.isprintable() else " " for sign in text)
    assert shown == "x " + " ".join(visible.split())


def test_a_version_is_not_escaped_where_it_needs_not_be() -> None:
    assert plain("1.0") == "1.0"
    assert plain("1. one") == "1\\. one"


def test_the_notice_says_what_it_is_and_what_a_rail_licence_is_not() -> None:
    text = rendered("harmless")
    for said in ("is a summary", "no legal advice", "not an open source licence", "not on the SPDX list", "counsel"):
        assert said in text
    assert not [word for word in SAID_NEVER if word in text.lower()]


def test_unknown_doubtful_and_missing_things_are_said() -> None:
    built_on = [{"kind": "dataset", "name": name} for name in ("asu-mayo", "tcga")]
    one = spec({"kind": "OpenRAIL-M", "built_on": built_on})
    text = notice(describe_licence(one), one)
    assert "licence not known" in text
    assert "Not known: licence: none is printed" in text
    assert "Looks doubtful: region printed as dermal" in text
    assert "not known, so not taken as allowed" in text
    unstated = spec({"kind": "MIT"})
    assert "Not provided by the provider: base models" in notice(describe_licence(unstated), unstated)


def test_what_is_passed_on_names_derived_models_and_hosted_services(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    write_licence(run, spec({"kind": "OpenRAIL-M", "inherits": ["bigscience-openrail-m"]}))
    text = (run.licence / "FLOW-DOWN.md").read_text()
    assert "## With a model derived from it" in text
    assert "## With a service that offers it" in text
    assert "API" in text
    assert "distilling" in text
    for letter in "abcdefghijklm":
        assert f"bigscience-{letter}:" in text
    assert "in the words of the licence text" in text


def test_there_is_nothing_to_pass_on_without_restrictions_and_duties() -> None:
    assert not has_flow_down(describe_licence(spec({"kind": "MIT", "built_on": []})))
    assert not has_flow_down(describe_licence(spec(None)))
    data = {"kind": "dataset", "name": "data", "licence": "CC-BY-4.0"}
    assert has_flow_down(describe_licence(spec({"kind": "MIT", "built_on": [data]})))
