"""Conditions on texts: ``f(items, severity, seeds) -> items``. Imports no torch.

An item is a dict with a ``prompt``; only that is changed, and in a copy. Numbers, units and abbreviations keep their
meaning: a condition here must not change what the right answer is.
Paraphrases and negations are not made by rule, because no rule does that right; a dataset gives them as variants.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

Items = Sequence[Mapping[str, Any]]

MISSPELT = (0.02, 0.05, 0.10, 0.20, 0.30)
"""Share of the words of four letters or more that get one typing error. No published scale is known: chosen."""
SHORTEST = 4
"""Letters; shorter words are often answers, negations or abbreviations, where one letter changes the meaning."""

_WORD = re.compile(rf"(?<![\w'’-])[A-Za-z]{{{SHORTEST},}}(?![\w'’-])")
_NEIGHBOURS = {
    key: row[max(0, place - 1) : place] + row[place + 1 : place + 2]
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    for place, key in enumerate(row)
}

_NUMBER = r"\d+(?:\.\d+)?"
_QUANTITY = re.compile(
    rf"(?<![\w.,/+-])(?P<numbers>{_NUMBER}(?:\s*(?:x|×|by|to|and|or|-|–)\s*{_NUMBER})*)"
    r"(?P<gap>\s*-?)(?P<unit>mm|cm|mg|g|kg|mL|L|°C)(?![\w/°²³^·*-])"
)
_CONVERSIONS: Mapping[str, tuple[str, Callable[[Decimal], Decimal]]] = {
    "mm": ("cm", lambda number: number / 10),
    "cm": ("mm", lambda number: number * 10),
    "mg": ("g", lambda number: number / 1000),
    "g": ("mg", lambda number: number * 1000),
    "kg": ("g", lambda number: number * 1000),
    "mL": ("L", lambda number: number / 1000),
    "L": ("mL", lambda number: number * 1000),
    "°C": ("°F", lambda number: number * Decimal("1.8") + 32),
}
"""Conversions that are exact in decimal numbers, so that nothing is rounded."""


def typing_errors(items: Items, severity: int, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Misspell a share of the words: two letters swapped, one left out, one doubled, or a neighbouring key.

    The first letter stays; words with digits, hyphens or apostrophes, words in capitals, and words shorter than four
    letters stay as they are. At least one word is misspelt where there is one.
    """
    return [
        {**item, "prompt": _misspelt(str(item["prompt"]), MISSPELT[severity - 1], seed)}
        for item, seed in zip(items, seeds, strict=True)
    ]


def other_units(items: Items, severity: None, seeds: Sequence[int]) -> list[dict[str, Any]]:  # noqa: ARG001
    """Write each quantity in another unit of the same size: 12 mm becomes 1.2 cm, 38.5 °C becomes 101.3 °F.

    Numbers before the unit are converted together ("3 x 4 cm"); compound units ("mg/dL") stay as they are.
    """
    return [{**item, "prompt": _QUANTITY.sub(_converted, str(item["prompt"]))} for item in items]


def option_order(items: Items, severity: None, seeds: Sequence[int]) -> list[dict[str, Any]]:  # noqa: ARG001
    """Name the two answers of a closed question the other way round: "yes or no" becomes "no or yes".

    Which two these are says the item's ``choices``, or else they are yes and no.
    """
    changed = []
    for item in items:
        given = item.get("choices")
        choices = [str(choice) for choice in given] if isinstance(given, list | tuple) else ["yes", "no"]
        text = str(item["prompt"])
        if len(choices) == 2:
            first, second = (re.escape(choice) for choice in choices)
            pattern = re.compile(rf"\b({first})(\s*(?:or|/|,)\s*)({second})\b", re.IGNORECASE)
            text = pattern.sub(lambda match: match[3] + match[2] + match[1], text)
        changed.append({**item, "prompt": text})
    return changed


def _misspelt(text: str, share: float, seed: int) -> str:
    words = [match for match in _WORD.finditer(text) if not match.group().isupper()]
    if not words:
        return text
    wanted = max(1, round(share * len(words)))
    order = sorted(range(len(words)), key=lambda place: _draw(seed, place, 0))
    pieces, end = [], 0
    for place in sorted(order[:wanted]):
        match = words[place]
        pieces += [text[end : match.start()], _typed(match.group(), seed, place)]
        end = match.end()
    return "".join([*pieces, text[end:]])


def _typed(word: str, seed: int, place: int) -> str:
    """Misspell one word; a kind of error that would leave it as it is gives way to the next."""
    start, at = _draw(seed, place, 1), 1 + _draw(seed, place, 2) % (len(word) - 1)
    pair = min(at, len(word) - 2)
    near = _NEIGHBOURS[word[at].lower()]
    key = near[_draw(seed, place, 3) % len(near)]
    ways = (
        word[:pair] + word[pair + 1] + word[pair] + word[pair + 2 :],
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + (key.upper() if word[at].isupper() else key) + word[at + 1 :],
    )
    return next(way for turn in range(len(ways)) if (way := ways[(start + turn) % len(ways)]) != word)


def _draw(seed: int, place: int, stream: int) -> int:
    """Return a number that depends on the item's seed, the word's place and the purpose alone."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:{place}:{stream}".encode(), digest_size=8).digest(), "big")


def _converted(match: re.Match[str]) -> str:
    unit, convert = _CONVERSIONS[match["unit"]]
    numbers = re.sub(_NUMBER, lambda number: _plain(convert(Decimal(number.group()))), match["numbers"])
    return f"{numbers}{match['gap']}{unit}"


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
