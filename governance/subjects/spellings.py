"""How a model may write a choice at the beginning of its answer."""

from __future__ import annotations


def spellings(choice: str) -> tuple[str, ...]:
    """Return how a model may begin an answer with a choice: as given or capitalised, with or without a space before."""
    return (choice, choice.capitalize(), f" {choice}", f" {choice.capitalize()}")
