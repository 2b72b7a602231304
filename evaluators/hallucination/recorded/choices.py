"""Which of the given choices an answer names; read exactly, so that "10 mg" is not choice 1."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache

from evaluators.hallucination.parsing import visible

_LEAD = (
    r"(?:(?:the\s+)?(?:correct\s+|best\s+|right\s+|final\s+|my\s+)?(?:answer|option|choice)"
    r"\s*(?:is\b|:|=)?\s*(?:option|choice)?\s*[:=]?\s*)?"
)
_OPEN, _CLOSE = r"[(\[\"'*]*", r"[)\]\"'*]*"
_END = r"(?:[:;)\]]|[.,](?!\d)|\n|$)"
_JSON_KEYS = ("cop_index", "correct_index", "answer_index", "answer", "option", "choice")


def read_option(text: str, options: Mapping[str, str]) -> str | None:
    """Return the key of the choice that an answer names, or None.

    Read are: the key alone ("B", "(b)", "2."); the key before a mark of punctuation ("B: No", "The answer is B."), if
    what follows is not another choice; a choice in full; a JSON object with the key as ``cop_index`` or ``answer``.
    """
    seen = visible(text).strip()
    keys = {key.casefold(): key for key in options}
    texts = {_plain(value): key for key, value in options.items()}
    bare = seen.strip(" .,:;()[]\"'*").casefold()
    if bare in keys:
        return keys[bare]
    if len(texts) == len(options) and _plain(seen) in texts:
        return texts[_plain(seen)]
    return _of_json(seen, options) if seen.startswith("{") else _leading(seen, options, texts)


def _leading(text: str, options: Mapping[str, str], texts: Mapping[str, str]) -> str | None:
    match = _pattern(tuple(options)).match(text) if options else None
    if match is None:
        return None
    rest = match["rest"].strip()
    other = _pattern(tuple(options)).match(rest)
    named = {texts.get(_plain(rest)), other["key"] if other is not None else None}
    return match["key"] if named <= {None, match["key"]} else None


def _of_json(text: str, options: Mapping[str, str]) -> str | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    given = next((content[key] for key in _JSON_KEYS if key in content), None)
    if isinstance(given, bool) or not isinstance(given, str | int):
        return None
    return str(given).strip() if str(given).strip() in options else None


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".")


@lru_cache(maxsize=1024)
def _pattern(keys: tuple[str, ...]) -> re.Pattern[str]:
    alternatives = "|".join(re.escape(key) for key in sorted(keys, key=len, reverse=True))
    return re.compile(rf"(?i:{_LEAD}){_OPEN}(?P<key>{alternatives}){_CLOSE}\s*{_END}(?P<rest>.*)", re.DOTALL)
