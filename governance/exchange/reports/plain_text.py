"""Text from files and models as text: what it holds never becomes markup, a mention, a link or a command."""

from __future__ import annotations

import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]|~$!])")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_APART = "<!-- -->"
"""Shows as nothing, and keeps GitHub and GitLab from reading a mention, a reference or an address across it."""
_REFERENCE = re.compile(r"([@#!%&$]|\bGH-|\bwww)(?=[\w.:{(\"])", re.IGNORECASE)
_AT_START = re.compile(r"^(\d{0,9})([-+.)=](?=\s|$|[-=]))")
"""What would begin a list, a rule or a heading at the start of a line."""


def one_line(text: object) -> str:
    """Return text on one line, without characters that could steer a terminal or reorder what is read."""
    kept = "".join(letter if letter.isprintable() else " " for letter in str(text))
    return " ".join(kept.split())


def cut(text: str, longest: int) -> str:
    """Return text of at most `longest` characters; what is cut off shows as an ellipsis."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def markdown(text: object) -> str:
    """Return text that Markdown on GitHub and GitLab shows as it is, on one line, also inside a table."""
    line = one_line(text)
    parts = []
    position = 0
    for found in _REFERENCE.finditer(line):
        parts += [_escaped(line[position : found.end()]), _APART]
        position = found.end()
    whole = "".join([*parts, _escaped(line[position:])]).replace("://", f":{_APART}//")
    return _AT_START.sub(r"\1\\\2", whole)


def code(text: object) -> str:
    """Return text as a name in Markdown, set like code."""
    return f"<code>{markdown(text)}</code>"


def _escaped(text: str) -> str:
    html = "".join(_HTML.get(letter, letter) for letter in text)
    return _MARKDOWN.sub(r"\\\1", html)
