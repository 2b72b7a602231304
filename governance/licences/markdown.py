"""Text of people inside Markdown: on one line, and out of Markdown's and HTML's hands."""

from __future__ import annotations

import re
import unicodedata

_MARKS = "\\`*_[]<>#|~&!"
"""Characters that mean something in Markdown or HTML; the backslash first, since it escapes the others."""
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Unicode categories that print nothing or change the direction of what follows."""
_OPENS_A_BLOCK = re.compile(r"^(?:(\d+)(?=[.)](?:\s|$))|(?=[-+=]))")
"""What begins a list, a rule or a heading where text begins a line or an item."""


def plain(text: str) -> str:
    """Return text as it may stand in a line of Markdown: escaped, on one line, without invisible characters."""
    visible = "".join(sign if unicodedata.category(sign) not in _INVISIBLE else " " for sign in text)
    one_line = " ".join(visible.split())
    for mark in _MARKS:
        one_line = one_line.replace(mark, f"\\{mark}")
    return _OPENS_A_BLOCK.sub(lambda found: f"{found[1] or ''}\\", one_line)
