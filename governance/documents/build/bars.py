"""Bars, expressions and what is asked of a run, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from governance.evidence.wording import written


def bar_text(bar: Mapping[str, Any]) -> str:
    """Return what a verdict was held against, in words.

    Parameters
    ----------
    bar
        As in a `Verdict`.
    """
    kind = next((kind for kind in _WORDS if bar.get(kind) is not None), None)
    return "measured at all" if kind is None else _WORDS[kind](bar)


def _asked(content: Any) -> str:
    if isinstance(content, Mapping):
        return ", ".join(f"{str(key).replace('_', ' ')} {str(value)[:16]}" for key, value in content.items())
    if isinstance(content, (list, tuple)):
        return ", ".join(map(str, content))
    return str(content)


def _provenance(bar: Mapping[str, Any]) -> str:
    kind, asked = next(iter(bar["provenance"].items()))
    return f"{kind.replace('_', ' ')}: {_asked(asked)}"


def _equivalent(bar: Mapping[str, Any]) -> str:
    to = f" of {bar['to']}" if bar.get("to") else ""
    return f"equivalent within ±{written(bar['equivalent_within'])}{to}"


_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "expression": lambda bar: str(bar["expression"]),
    "provenance": _provenance,
    "at_least": lambda bar: f"at least {written(bar['at_least'])}",
    "at_most": lambda bar: f"at most {written(bar['at_most'])}",
    "within": lambda bar: f"within {written(bar['within'][0])} and {written(bar['within'][1])}",
    "equivalent_within": _equivalent,
    "not_worse_than": lambda bar: f"not worse than {bar['not_worse_than']} by {written(bar.get('by') or 0.0)}",
}
