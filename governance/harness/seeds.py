"""Randomness that belongs to a sample, so that it does not depend on batches, order or resumption."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from governance.evidence.canonical import canonical_json, digest_bytes

_TEXT = json.JSONEncoder(ensure_ascii=False)
"""Writes a text as canonical JSON does; made once, as making it takes longer than writing."""
_BITS = 63
"""Seeds are non-negative 64-bit integers."""


def sample_seed(seed: int, sample_id: str, *what: str | int | None) -> int:
    """Return the seed of one sample under one condition, from SHA-256 of all that names it."""
    digest = digest_bytes(canonical_json([seed, sample_id, *what]))
    return int(digest[:16], 16) >> (64 - _BITS)


def sample_seeds(seed: int, sample_ids: Iterable[str], *what: str | int | None) -> list[int]:
    """Return `sample_seed` of many samples under one condition; what they share is written once."""
    start = hashlib.sha256(canonical_json([seed])[:-1] + b",")
    end = b"," + canonical_json(list(what))[1:] if what else b"]"
    seeds = []
    for sample_id in sample_ids:
        digest = start.copy()
        digest.update(_TEXT.encode(sample_id).encode("utf-8") + end)
        seeds.append(int.from_bytes(digest.digest()[:8], "big") >> (64 - _BITS))
    return seeds
