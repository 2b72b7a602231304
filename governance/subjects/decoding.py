"""How tokens become answers: drawn each from a generator of its own, collected until the end, and counted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from governance.subjects.spellings import spellings


class Draw:
    """Draws tokens for one answer from a random generator of its own, by inverting the cumulative distribution."""

    def __init__(self, seed: int, temperature: float) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._temperature = temperature

    def __call__(self, logits: torch.Tensor) -> int:
        """Draw one token from (vocabulary,) logits; the arithmetic is in double precision on the processor."""
        distribution = torch.softmax(logits.double().cpu() / self._temperature, dim=-1).cumsum(0)
        place = torch.rand((), dtype=torch.float64, generator=self._generator) * distribution[-1]
        return int(torch.searchsorted(distribution, place, right=True).clamp(max=len(distribution) - 1))


@dataclass
class Written:
    """An answer while it is written; what comes after its end is no part of it."""

    tokens: list[int] = field(default_factory=list)
    log_probability: float = 0.0
    ended: bool = False

    def add(self, token: int, log_probability: float, ends: Collection[int]) -> None:
        """Take the next token and its natural log-probability."""
        self.ended = self.ended or token in ends
        if not self.ended:
            self.tokens.append(token)
            self.log_probability += log_probability

    def columns(self, tokenizer: Any) -> dict[str, Any]:
        """Return ``text``, ``tokens`` and ``log_probability``."""
        return {
            "text": str(tokenizer.decode(self.tokens, skip_special_tokens=True)),
            "tokens": len(self.tokens),
            "log_probability": self.log_probability,
        }


def chosen_tokens(logits: torch.Tensor, draws: Sequence[Draw] | None) -> list[int]:
    """Return the next token of each row of (rows, vocabulary) logits: the most probable one, or one drawn."""
    if draws is None:
        return [int(token) for token in logits.argmax(-1).tolist()]
    return [draw(row) for draw, row in zip(draws, logits, strict=True)]


def log_probabilities(logits: torch.Tensor, tokens: Sequence[int]) -> list[float]:
    """Return the natural log-probability of one token for each row of (rows, vocabulary) logits, at temperature 1."""
    index = torch.tensor(tokens, device=logits.device)[:, None]
    chosen = logits.gather(-1, index)[:, 0].double() - logits.double().logsumexp(-1)
    return [float(value) for value in chosen.tolist()]


def ways_to_write(tokenizer: Any, choice: str) -> list[tuple[int, ...]]:
    """Return the tokens of all spellings of a choice; one that continues a shorter one is counted with it."""
    ways = sorted({tuple(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in spellings(choice)})
    return [way for way in ways if not any(way != other and way[: len(other)] == other for other in ways)]


def padding_token(tokenizer: Any) -> int:
    """Return the token that fills a batch up: it is masked, so that any will do."""
    for name in ("pad_token_id", "eos_token_id"):
        if getattr(tokenizer, name, None) is not None:
            return int(getattr(tokenizer, name))
    return 0


def end_tokens(model: Any, tokenizer: Any) -> set[int]:
    """Return the tokens that end an answer, whichever of model and tokenizer names them."""
    ends: set[int] = set()
    for holder in (getattr(model, "generation_config", None), model.config, tokenizer):
        value = getattr(holder, "eos_token_id", None)
        if value is not None:
            ends.update([value] if isinstance(value, int) else value)
    return ends
