"""BERTScore by an encoder of transformers: texts in, precision, recall and F1 of their greedy matches out.

Our own few lines and not the package bert-score, which opens models by name, network and pickle included, and has had
no release since 2023; tests compare the two where the package is installed. Imports torch.

Source: Zhang et al., ICLR (2020), BERTScore: without idf weights and without rescaling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from evaluators.hallucination.judges.options import EncoderJudge
from evaluators.hallucination.judges.units import sentences
from governance.errors import InputError, Location, first_line
from governance.spec.model import Settings
from governance.subjects.identity import folder_of
from governance.subjects.offline import SAFE, go_offline, require_safe_weights
from governance.subjects.tensor_session import autocast

_KEPT = 4096
"""Embedded texts that are kept: an answer's sentences meet every further answer."""


@dataclass
class Encoder:
    """An opened encoder, and at which of its layers words are compared."""

    model: Any
    tokenizer: Any
    layer: int
    device: str
    precision: str
    _known: dict[str, Tensor | None] = field(default_factory=dict, repr=False)

    def best(self, candidates: Sequence[str], references: Sequence[str], batch: int) -> list[tuple[float, ...] | None]:
        """Return (precision, recall, F1) of each candidate with the sentence of its reference that it fits best."""
        parts = [sentences(reference) for reference in references]
        self._embed([*candidates, *(one for some in parts for one in some)], batch)
        found: list[tuple[float, ...] | None] = []
        for candidate, some in zip(candidates, parts, strict=True):
            scores = [score for one in some if (score := self._score(candidate, one)) is not None]
            found.append(max(scores, key=lambda score: score[2]) if scores and len(scores) == len(some) else None)
        return found

    def pairs(self, candidates: Sequence[str], references: Sequence[str], batch: int) -> list[tuple[float, ...] | None]:
        """Return (precision, recall, F1) of each pair; None where a text is longer than the encoder reads, or empty."""
        self._embed([*candidates, *references], batch)
        return [self._score(one, other) for one, other in zip(candidates, references, strict=True)]

    def _score(self, candidate: str, reference: str) -> tuple[float, ...] | None:
        ours, theirs = self._known[candidate], self._known[reference]
        if ours is None or theirs is None:
            return None
        # Marks at both ends may be matched with, and count for nothing themselves.
        similar = ours @ theirs.T
        precision = float(similar.max(1).values[1:-1].mean())
        recall = float(similar.max(0).values[1:-1].mean())
        total = precision + recall
        return precision, recall, 2 * precision * recall / total if total else 0.0

    def _embed(self, texts: Sequence[str], batch: int) -> None:
        """Embed texts that are not known yet, sorted by length: little is spent on padding."""
        if len(self._known) > _KEPT:
            self._known.clear()
        tokens = {
            text: self.tokenizer(text, truncation=False)["input_ids"] for text in texts if text not in self._known
        }
        limit = self._longest()
        readable = sorted((t for t, ids in tokens.items() if 2 < len(ids) <= limit), key=lambda t: (len(tokens[t]), t))
        self._known.update(dict.fromkeys(tokens))
        for start in range(0, len(readable), batch):
            part = readable[start : start + batch]
            padded = self.tokenizer.pad({"input_ids": [tokens[t] for t in part]}, return_tensors="pt").to(self.device)
            with torch.inference_mode(), autocast(self.device, self.precision):
                states = self.model(**padded, output_hidden_states=True).hidden_states[self.layer]
            unit = torch.nn.functional.normalize(states.float(), dim=-1).cpu()
            for text, row in zip(part, unit, strict=True):
                self._known[text] = row[: len(tokens[text])]

    def _longest(self) -> int:
        own = [getattr(self.model.config, "max_position_embeddings", None), self.tokenizer.model_max_length]
        return min([limit for limit in own if isinstance(limit, int) and 0 < limit < 10**6], default=10**6)


def open_encoder(judge: EncoderJudge, base: Path, device: str, settings: Settings) -> Encoder:
    """Open an encoder from its folder: safetensors, no network, no code from the folder.

    Raises
    ------
    InputError
        If the folder is missing or holds no such model, it has fewer layers, or it does not mark both ends of a text.
    """
    folder = folder_of(base, judge.folder)
    where = Location(str(folder))
    go_offline()
    arguments = require_safe_weights(folder, allow_pickle=False)
    import transformers

    transformers.utils.logging.disable_progress_bar()  # The run has one of its own.
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **SAFE)
        model, report = transformers.AutoModel.from_pretrained(
            folder, dtype=torch.float32, output_loading_info=True, **arguments
        )
    except Exception as error:
        raise InputError(f"cannot open an encoder: {first_line(error)}", location=where) from error
    # What is not in the file is made of random numbers; a pooler is not used here.
    unfit = [str(key) for key in report.get("missing_keys") or () if "pooler" not in str(key)]
    if unfit or report.get("mismatched_keys"):
        raise InputError(f"the weights do not fit the encoder: {', '.join(unfit[:3])}", location=where)
    layers = model.config.num_hidden_layers
    if judge.layer > layers:
        raise InputError(f"the encoder has {layers} layers; the judge '{judge.name}' asks for {judge.layer}")
    if tokenizer.pad_token_id is None or len(tokenizer("a")["input_ids"]) < 3:
        raise InputError("the tokenizer must pad, and mark the beginning and the end of a text", location=where)
    return Encoder(model.to(device).eval(), tokenizer, judge.layer, device, settings.precision)
