"""The request for answers to rewritten closed questions. Imports nothing heavy."""

from __future__ import annotations

from evaluators.hallucination.descriptors import HallucinationOptions
from evaluators.hallucination.rewriting.model import COLLECTOR_NAME, Rewriting
from governance.harness.protocols import Need


def rewritten_need(options: HallucinationOptions, rewriting: Rewriting) -> Need:
    """Ask for one greedy answer to every question that can be rewritten so."""
    return Need.of(
        COLLECTOR_NAME,
        options.on,
        choices=options.choices,
        max_new_tokens=options.max_new_tokens,
        rewriting=rewriting.canonical,
    )
