"""Causal language models: greedy and sampled answers, and log-probabilities of given answers.

Sampling draws every answer from a random generator of its own, seeded by its item and repeat, so that what one item
gets does not depend on which other items are in the batch.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from governance.errors import InputError, Location, first_line
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.decoding import (
    Draw,
    Written,
    chosen_tokens,
    end_tokens,
    log_probabilities,
    padding_token,
    ways_to_write,
)
from governance.subjects.descriptors import GenerateOptions
from governance.subjects.identity import digest_of, file_of, folder_of, opened_digest
from governance.subjects.offline import SAFE, go_offline, require_safe_weights
from governance.subjects.own_pair import pair_from_loader
from governance.subjects.weights import state_digest


@dataclass(frozen=True)
class LanguageModelSession:
    """A causal language model and its tokenizer; takes decoded items with a ``prompt``."""

    digest: str
    model: Any
    tokenizer: Any
    chat: bool
    system: str | None
    device: str
    precision: str
    takes: str = "items"

    def generate(
        self, items: Sequence[Mapping[str, Any]], *, options: Mapping[str, Any], seeds: Sequence[Sequence[int]]
    ) -> list[dict[str, Any]]:
        """Answer a batch of items.

        Parameters
        ----------
        options
            ``max_new_tokens`` (32), ``temperature`` (0: greedy), ``choices``: answers to give log-probabilities for.
        seeds
            For each item one seed for each repeat; greedy answers need none and are given once.

        Returns
        -------
        list of dict
            ``item``: position in `items`, ``repeat``, ``text``, ``tokens``: how many tokens the answer has, its end not
            counted, ``log_probability``: the sum of their natural log-probabilities at temperature 1, and
            ``choice_<answer>``: the log-probability that the answer begins with this choice, in any of the spellings of
            `spellings`.
        """
        from governance.subjects.tensor_session import autocast

        temperature = float(options.get("temperature") or 0.0)
        repeats = len(seeds[0]) if temperature > 0 and seeds else 1
        with torch.inference_mode(), autocast(self.device, self.precision):
            tokens, mask = self._tokens([self._text(item) for item in items])
            first = self.model(
                input_ids=tokens, attention_mask=mask, position_ids=_positions(mask), use_cache=True, logits_to_keep=1
            )
            logits = first.logits[:, -1].float()
            choices = self._choices(tuple(options.get("choices") or ()), logits, first.past_key_values, mask)
            rows = [(item, repeat) for item in range(len(items)) for repeat in range(repeats)]
            draws = [Draw(seeds[item][repeat], temperature) for item, repeat in rows] if temperature > 0 else None
            cache = first.past_key_values
            if repeats > 1:
                cache.batch_repeat_interleave(repeats)
                logits, mask = logits.repeat_interleave(repeats, 0), mask.repeat_interleave(repeats, 0)
            written = self._continue(logits, cache, mask, int(options.get("max_new_tokens") or 32), draws)
        return [
            {"item": item, "repeat": repeat, **answer.columns(self.tokenizer), **choices[item]}
            for (item, repeat), answer in zip(rows, written, strict=True)
        ]

    def _text(self, item: Mapping[str, Any]) -> str:
        if isinstance(item.get("image"), np.ndarray):
            raise InputError(
                "a question has an image, which a model of texts does not see",
                hint="use `kind: vision-language` for the subject, or questions without images",
            )
        if not self.chat:
            return str(item["prompt"])
        messages = [{"role": "system", "content": self.system}] if self.system else []
        messages.append({"role": "user", "content": str(item["prompt"])})
        return str(self.tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False))

    def _tokens(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return left-padded tokens and their mask, so that every text ends in the last column."""
        rows = [self.tokenizer(text, add_special_tokens=not self.chat)["input_ids"] for text in texts]
        longest = max(map(len, rows))
        limit = getattr(self.model.config, "max_position_embeddings", None)
        if limit is not None and longest >= limit:
            raise InputError(f"a prompt has {longest} tokens; the model takes fewer than {limit}")
        padding = padding_token(self.tokenizer)
        tokens = torch.full((len(rows), longest), padding, dtype=torch.long)
        mask = torch.zeros((len(rows), longest), dtype=torch.long)
        for index, row in enumerate(rows):
            tokens[index, longest - len(row) :] = torch.tensor(row, dtype=torch.long)
            mask[index, longest - len(row) :] = 1
        return tokens.to(self.device), mask.to(self.device)

    def _choices(
        self, choices: Sequence[str], logits: torch.Tensor, cache: Any, mask: torch.Tensor
    ) -> list[dict[str, float]]:
        """Return for each row the log-probability of each choice, summed over its tokens and over its spellings."""
        found: list[dict[str, float]] = [{} for _ in range(len(logits))]
        start = torch.log_softmax(logits, dim=-1)
        for choice in choices:
            ways = ways_to_write(self.tokenizer, choice)
            each = torch.stack([self._log_probability(way, start, cache, mask) for way in ways])
            for row, value in enumerate(torch.logsumexp(each.double(), 0).tolist()):
                found[row][f"choice_{choice}"] = value
        return found

    def _log_probability(
        self, way: tuple[int, ...], start: torch.Tensor, cache: Any, mask: torch.Tensor
    ) -> torch.Tensor:
        total = start[:, way[0]]
        if len(way) == 1:
            return total
        fed = torch.tensor(way[:-1], device=mask.device).expand(len(start), -1)
        longer = torch.cat([mask, torch.ones_like(fed)], 1)
        output = self.model(
            input_ids=fed,
            attention_mask=longer,
            position_ids=_positions(longer)[:, -fed.shape[1] :],
            past_key_values=copy.deepcopy(cache),
            use_cache=True,
        )
        rest = torch.log_softmax(output.logits.float(), dim=-1)
        for position, token in enumerate(way[1:]):
            total = total + rest[:, position, token]
        return total

    def _continue(
        self, logits: torch.Tensor, cache: Any, mask: torch.Tensor, limit: int, draws: Sequence[Draw] | None
    ) -> list[Written]:
        ends = end_tokens(self.model, self.tokenizer)
        written = [Written() for _ in range(len(logits))]
        for step in range(limit):
            chosen = chosen_tokens(logits, draws)
            for answer, token, value in zip(written, chosen, log_probabilities(logits, chosen), strict=True):
                answer.add(token, value, ends)
            if all(answer.ended for answer in written) or step == limit - 1:
                break
            mask = torch.cat([mask, mask.new_ones((len(mask), 1))], 1)
            output = self.model(
                input_ids=torch.tensor(chosen, device=mask.device)[:, None],
                attention_mask=mask,
                position_ids=_positions(mask)[:, -1:],
                past_key_values=cache,
                use_cache=True,
            )
            cache, logits = output.past_key_values, output.logits[:, -1].float()
        return written


def _positions(mask: torch.Tensor) -> torch.Tensor:
    """Number the tokens from the first one that is not padding."""
    return (mask.cumsum(-1) - 1).clamp(min=0)


def open_language_model(subject: SubjectSpec, base: Path, device: str, settings: Settings) -> LanguageModelSession:
    """Open a causal language model from its folder, or from a function of one's own.

    Raises
    ------
    InputError
        If the folder is missing or holds no such model, or only pickled weights that are not allowed.
    """
    options = GenerateOptions.model_validate(subject.options)
    go_offline()
    if options.loader is not None:
        model, tokenizer = pair_from_loader(options.loader, base, "tokenizer")
        digest = opened_digest(subject, base, state_digest(model))
    else:
        model, tokenizer = _from_folder(options, subject, base)
        digest = digest_of(subject, base)
    if options.chat and not getattr(tokenizer, "chat_template", None):
        raise InputError("`chat: true`, but the tokenizer has no chat template", hint="set `chat: false`")
    return LanguageModelSession(
        digest, model.to(device).eval(), tokenizer, options.chat, options.system, device, settings.precision
    )


def _from_folder(options: GenerateOptions, subject: SubjectSpec, base: Path) -> tuple[Any, Any]:
    import transformers

    transformers.utils.logging.disable_progress_bar()  # The run has one of its own.
    folder = folder_of(base, str(options.folder))
    if options.gguf_file is not None:
        file_of(folder, options.gguf_file)
        arguments: dict[str, Any] = {**SAFE, "gguf_file": options.gguf_file}
        words = {**SAFE, "gguf_file": options.gguf_file}
    else:
        arguments, words = require_safe_weights(folder, allow_pickle=subject.allow_pickle), SAFE
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **words)
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **arguments)
    except Exception as error:
        raise InputError(
            f"cannot open a causal language model: {first_line(error)}", location=Location(str(folder))
        ) from error
    return model, tokenizer
