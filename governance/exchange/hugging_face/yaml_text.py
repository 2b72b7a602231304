"""YAML that every reader reads alike: the Hub's (1.2) and huggingface_hub's (1.1)."""

from __future__ import annotations

import io
import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"})
"""Words that YAML 1.1 reads as something else than text."""
_NEVER_FOLD = 10**6


def to_yaml(content: Any) -> str:
    """Return content as block YAML, in its order. All text but plain words is quoted, each on one line.

    Numbers are as documents print them: without exponents, which the two versions read differently.
    """
    writer = YAML()
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.width = _NEVER_FOLD
    stream = io.StringIO()
    writer.dump(_quoted(content), stream)
    return stream.getvalue()


def _quoted(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _quoted(one) for key, one in content.items()}
    if isinstance(content, list):
        return [_quoted(one) for one in content]
    if isinstance(content, str) and (_PLAIN.fullmatch(content) is None or content.lower() in _WORDS):
        return DoubleQuotedScalarString(content)
    return content
