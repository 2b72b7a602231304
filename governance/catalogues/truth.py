"""What is so, is not so, or cannot be said, each with its reason: Kleene's three values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Truth:
    """A value with its reason. `holds` is None where facts are missing; `missing` then names them.

    Source: S. C. Kleene, Introduction to Metamathematics, 1952, section 64 (strong three-valued logic).
    """

    holds: bool | None
    because: str = ""
    missing: tuple[str, ...] = ()


def yes(because: str) -> Truth:
    """It is so."""
    return Truth(True, because)


def no(because: str) -> Truth:
    """It is not so."""
    return Truth(False, because)


def unknown(*missing: str, because: str = "") -> Truth:
    """It cannot be said while facts are missing."""
    return Truth(None, because, missing)


def both(*parts: Truth) -> Truth:
    """All of them: false as soon as one is false, whatever is missing."""
    false = [part for part in parts if part.holds is False]
    if false:
        return false[0]
    if any(part.holds is None for part in parts):
        return _unknown(parts)
    return yes("; ".join(dict.fromkeys(part.because for part in parts if part.because)))


def either(*parts: Truth) -> Truth:
    """At least one of them: true as soon as one is true, whatever is missing."""
    true = [part for part in parts if part.holds]
    if true:
        return yes("; ".join(dict.fromkeys(part.because for part in true if part.because)))
    if any(part.holds is None for part in parts):
        return _unknown(parts)
    return no("; ".join(dict.fromkeys(part.because for part in parts if part.because)))


def _unknown(parts: tuple[Truth, ...]) -> Truth:
    open_ = [part for part in parts if part.holds is None]
    missing = dict.fromkeys(name for part in open_ for name in part.missing)
    return Truth(None, "; ".join(dict.fromkeys(part.because for part in open_ if part.because)), tuple(missing))
