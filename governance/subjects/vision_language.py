"""Vision-language models: questions about images, answered greedily or sampled, and log-probabilities of choices.

The model's own `generate` of transformers does the passes, because every architecture numbers its positions and places
its images in its own way; a processor of logits chooses the tokens, so that sampled answers are drawn as for language
models: each from a generator of its own. The penalties and filters that a model's files recommend are not applied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from governance.subjects.descriptors import VisionLanguageOptions
from governance.subjects.identity import digest_of, folder_of, opened_digest
from governance.subjects.offline import SAFE, go_offline, require_safe_weights
from governance.subjects.own_pair import pair_from_loader
from governance.subjects.weights import state_digest

_REJECTED = "rejected"
"""The status of a row without an answer; `governance.harness.protocols.REJECTED`, which this room may not import."""


@dataclass(frozen=True)
class VisionLanguageSession:
    """A vision-language model and its processor; takes decoded items with a ``prompt`` and mostly an ``image``."""

    digest: str
    model: Any
    processor: Any
    chat: bool
    system: str | None
    device: str
    precision: str
    takes: str = "items"

    def generate(
        self, items: Sequence[Mapping[str, Any]], *, options: Mapping[str, Any], seeds: Sequence[Sequence[int]]
    ) -> list[dict[str, Any]]:
        """Answer a batch of items, each with its image: ``image``, (height, width, 3) uint8, or without one.

        Options, seeds and rows are those of `governance.subjects.language_model.LanguageModelSession.generate`. A
        prompt that holds the model's own placeholder of an image is a row without an answer.
        """
        temperature = float(options.get("temperature") or 0.0)
        repeats = len(seeds[0]) if temperature > 0 and seeds else 1
        rows = [(item, repeat) for item in range(len(items)) for repeat in range(repeats)]
        misleading = self._misleading(items)
        asked = [item for item in range(len(items)) if item not in misleading]
        found: dict[tuple[int, int], dict[str, Any]] = {
            row: {"text": "", "status": _REJECTED, "reason": "the prompt holds the model's own placeholder of an image"}
            for row in rows
            if row[0] in misleading
        }
        if asked:
            wanted = [row for row in rows if row[0] not in misleading]
            draws = [Draw(seeds[item][repeat], temperature) for item, repeat in wanted] if temperature > 0 else None
            limit = int(options.get("max_new_tokens") or 32)
            choices = tuple(options.get("choices") or ())
            answers = self._answers([items[item] for item in asked], repeats, limit, draws, choices)
            found |= dict(zip(wanted, answers, strict=True))
        return [{"item": item, "repeat": repeat, **found[item, repeat]} for item, repeat in rows]

    def _answers(
        self,
        items: Sequence[Mapping[str, Any]],
        repeats: int,
        limit: int,
        draws: Sequence[Draw] | None,
        choices: Sequence[str],
    ) -> list[dict[str, Any]]:
        from governance.subjects.tensor_session import autocast

        tokenizer = self.processor.tokenizer
        with torch.inference_mode(), autocast(self.device, self.precision):
            inputs = self._inputs(items)
            chooser = Chooser(
                [Written() for _ in range(len(items) * repeats)], end_tokens(self.model, tokenizer), draws
            )
            self._run(inputs, chooser, limit, repeats)
            leanings = self._leanings(choices, inputs, chooser.first[::repeats])
        return [{**answer.columns(tokenizer), **leanings[row // repeats]} for row, answer in enumerate(chooser.written)]

    def _misleading(self, items: Sequence[Mapping[str, Any]]) -> set[int]:
        placeholder = getattr(self.processor, "image_token", None)
        if not self.chat or not isinstance(placeholder, str) or not placeholder:
            return set()
        return {index for index, item in enumerate(items) if placeholder in str(item["prompt"])}

    def _inputs(self, items: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        """Return left-padded tokens, their mask, and the images as the model's processor prepares them."""
        images = [[] if item.get("image") is None else [_image(item["image"])] for item in items]
        # Left, so that every text ends in the last column; files of models often say right, for training.
        self.processor.tokenizer.padding_side = "left"
        if self.processor.tokenizer.pad_token_id is None:
            self.processor.tokenizer.pad_token_id = padding_token(self.processor.tokenizer)
        try:
            made = self.processor(
                text=[self._text(item) for item in items],
                images=images if any(images) else None,
                padding=True,
                add_special_tokens=not self.chat,
                return_tensors="pt",
            )
        except Exception as error:
            raise InputError(
                f"the model's processor cannot prepare the questions: {type(error).__name__}: {first_line(error)}"
            ) from error
        longest = int(made["input_ids"].shape[1])
        limit = _longest_prompt(self.model.config)
        if limit is not None and longest >= limit:
            raise InputError(f"a prompt has {longest} tokens with its image; the model takes fewer than {limit}")
        return {name: value.to(self.device) for name, value in made.items() if isinstance(value, torch.Tensor)}

    def _text(self, item: Mapping[str, Any]) -> str:
        prompt = str(item["prompt"])
        if not self.chat:
            return prompt
        said: list[dict[str, Any]] = [{"type": "text", "text": prompt}]
        if item.get("image") is not None:
            said.insert(0, {"type": "image"})
        messages = [{"role": "user", "content": said}]
        if self.system:
            messages.insert(0, {"role": "system", "content": [{"type": "text", "text": self.system}]})
        return str(self.processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False))

    def _run(self, inputs: Mapping[str, torch.Tensor], chooser: Chooser, limit: int, repeats: int) -> None:
        from transformers import LogitsProcessorList

        self.model.generate(
            **inputs,
            max_new_tokens=limit,
            # Sampling, so that a question may have several answers; the chooser leaves it one token to sample.
            do_sample=True,
            num_return_sequences=repeats,
            logits_processor=LogitsProcessorList([chooser]),
        )

    def _leanings(
        self, choices: Sequence[str], inputs: Mapping[str, torch.Tensor], first: torch.Tensor
    ) -> list[dict[str, float]]:
        """Return for each item the log-probability of each choice, over all ways to write it."""
        found: list[dict[str, float]] = [{} for _ in range(len(first))]
        start = torch.log_softmax(first.double(), -1)
        for choice in choices:
            each = []
            for way in ways_to_write(self.processor.tokenizer, choice):
                if len(way) == 1:
                    each.append(start[:, way[0]])
                    continue
                forced = Chooser([Written() for _ in range(len(first))], set(), None, way)
                self._run(inputs, forced, len(way), 1)
                each.append(torch.tensor([row.log_probability for row in forced.written], device=start.device))
            for row, value in enumerate(torch.logsumexp(torch.stack(each), 0).tolist()):
                found[row][f"choice_{choice}"] = value
        return found


@dataclass
class Chooser:
    """Chooses each next token, keeps what was written, and leaves `generate` no other token to take.

    Parameters
    ----------
    draws
        One for each row; None takes the most probable token.
    forced
        Tokens to write instead, the same in each row.
    """

    written: list[Written]
    ends: set[int]
    draws: Sequence[Draw] | None
    forced: Sequence[int] | None = None
    first: torch.Tensor = field(default_factory=lambda: torch.empty(0))
    """(rows, vocabulary) logits of the first token."""
    step: int = 0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:  # noqa: ARG002
        """Return scores that are minus infinity for all tokens but the chosen ones."""
        logits = scores.float()
        if self.step == 0:
            self.first = logits
        chosen = chosen_tokens(logits, self.draws) if self.forced is None else [self.forced[self.step]] * len(logits)
        self.step += 1
        for answer, token, value in zip(self.written, chosen, log_probabilities(logits, chosen), strict=True):
            answer.add(token, value, self.ends)
        left = torch.full_like(scores, -torch.inf)
        left.scatter_(-1, torch.tensor(chosen, device=scores.device)[:, None], 0.0)
        return left


def _image(image: Any) -> Any:
    """Return an image as processors take it without having to guess which of its dimensions is the colour."""
    if isinstance(image, str):
        raise InputError(
            f"a question names the image '{image[:80]}', which was not read",
            hint="set `images: folder` in the dataset of questions, or give arrays by `kind: loader`",
        )
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(image))


def _longest_prompt(config: Any) -> int | None:
    for holder in (getattr(config, "text_config", None), config):
        limit = getattr(holder, "max_position_embeddings", None)
        if isinstance(limit, int):
            return limit
    return None


def open_vision_language(subject: SubjectSpec, base: Path, device: str, settings: Settings) -> VisionLanguageSession:
    """Open a vision-language model from its folder, or from a function of one's own.

    Raises
    ------
    InputError
        If the folder is missing or holds no such model, or only pickled weights that are not allowed.
    """
    options = VisionLanguageOptions.model_validate(subject.options)
    go_offline()
    if options.loader is not None:
        model, processor = pair_from_loader(options.loader, base, "processor")
        if not hasattr(processor, "tokenizer"):
            raise InputError(f"the loader '{options.loader}' must return (model, processor)")
        digest = opened_digest(subject, base, state_digest(model))
    else:
        model, processor = _from_folder(options, subject, base)
        digest = digest_of(subject, base)
    if options.chat and not getattr(processor, "chat_template", None):
        raise InputError("`chat: true`, but the processor has no chat template", hint="set `chat: false`")
    _forget_recommendations(model, processor.tokenizer)
    return VisionLanguageSession(
        digest, model.to(device).eval(), processor, options.chat, options.system, device, settings.precision
    )


def _forget_recommendations(model: Any, tokenizer: Any) -> None:
    """Leave of a model's recommended way to generate only where an answer ends: the rest would change probabilities."""
    from transformers import GenerationConfig

    ends = sorted(end_tokens(model, tokenizer))
    model.generation_config = GenerationConfig(
        eos_token_id=ends or None,
        pad_token_id=padding_token(tokenizer),
        do_sample=True,
        top_k=0,
        top_p=1.0,
        temperature=1.0,
    )


def _from_folder(options: VisionLanguageOptions, subject: SubjectSpec, base: Path) -> tuple[Any, Any]:
    import transformers

    transformers.utils.logging.disable_progress_bar()  # The run has one of its own.
    folder = folder_of(base, str(options.folder))
    arguments = require_safe_weights(folder, allow_pickle=subject.allow_pickle)
    try:
        processor = transformers.AutoProcessor.from_pretrained(folder, **SAFE)
        model = transformers.AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, **arguments)
    except Exception as error:
        raise InputError(
            f"cannot open a vision-language model: {first_line(error)}", location=Location(str(folder))
        ) from error
    if not hasattr(processor, "tokenizer") or not hasattr(processor, "image_processor"):
        raise InputError("the folder holds no processor of images and texts", location=Location(str(folder)))
    return model, processor
