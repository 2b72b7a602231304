"""Randomness that belongs to a sample, so that it does not depend on batches, order or resumption."""

from __future__ import annotations

from governance.evidence.canonical import canonical_json, digest_bytes

_BITS = 63
"""Seeds are non-negative 64-bit integers."""


def sample_seed(seed: int, sample_id: str, *what: str | int | None) -> int:
    """Return the seed of one sample under one condition, from SHA-256 of all that names it."""
    digest = digest_bytes(canonical_json([seed, sample_id, *what]))
    return int(digest[:16], 16) >> (64 - _BITS)
