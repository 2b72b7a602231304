"""A sequence classifier as a judge: texts or pairs of texts in, probabilities of its labels out. Imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from evaluators.hallucination.judges.options import ClassifierJudge
from governance.errors import InputError, Location, first_line
from governance.spec.model import Settings
from governance.subjects.identity import folder_of
from governance.subjects.offline import SAFE, go_offline, require_safe_weights
from governance.subjects.tensor_session import autocast


@dataclass(frozen=True)
class Classifier:
    """An opened sequence classifier and the names of its labels."""

    model: Any
    tokenizer: Any
    labels: tuple[str, ...]
    device: str
    precision: str

    def probabilities(self, texts: Sequence[str], pairs: Sequence[str] | None) -> np.ndarray:
        """Return (n, labels) float64; a row of NaN where the input is too long: a part would be judged as the whole.

        Parameters
        ----------
        pairs
            The second texts; None where there is one text each.
        """
        arguments = (list(texts),) if pairs is None else (list(texts), list(pairs))
        encoded = self.tokenizer(*arguments, truncation=False)
        limit = self._longest()
        fitting = [row for row, tokens in enumerate(encoded["input_ids"]) if limit is None or len(tokens) <= limit]
        found: np.ndarray = np.full((len(texts), len(self.labels)), np.nan)
        if fitting:
            chosen = {name: [values[row] for row in fitting] for name, values in encoded.items()}
            batch = self.tokenizer.pad(chosen, return_tensors="pt").to(self.device)
            with torch.inference_mode(), autocast(self.device, self.precision):
                logits = self.model(**batch).logits
            found[fitting] = torch.softmax(logits.double(), -1).cpu().numpy()
        return found

    def _longest(self) -> int | None:
        own = [getattr(self.model.config, "max_position_embeddings", None), self.tokenizer.model_max_length]
        known = [limit for limit in own if isinstance(limit, int) and 0 < limit < 10**6]
        return min(known) if known else None


def open_classifier(judge: ClassifierJudge, base: Path, device: str, settings: Settings) -> Classifier:
    """Open a sequence classifier from its folder: safetensors, no network, no code from the folder.

    Raises
    ------
    InputError
        If the folder is missing, holds no such classifier or weights that do not fit it, or `labels` are not as many
        as its own.
    """
    folder = folder_of(base, judge.folder)
    where = Location(str(folder))
    go_offline()
    arguments = require_safe_weights(folder, allow_pickle=False)
    import transformers

    transformers.utils.logging.disable_progress_bar()  # The run has one of its own.
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **SAFE)
        model, report = transformers.AutoModelForSequenceClassification.from_pretrained(
            folder, dtype=torch.float32, output_loading_info=True, **arguments
        )
    except Exception as error:
        raise InputError(f"cannot open a sequence classifier: {first_line(error)}", location=where) from error
    # A head that is not in the file would be made of random numbers, and judge.
    unfit = [*(report.get("missing_keys") or ()), *(report.get("mismatched_keys") or ())]
    if unfit:
        raise InputError(f"the weights do not fit the classifier: {', '.join(map(str, unfit[:3]))}", location=where)
    own = tuple(str(model.config.id2label[index]) for index in range(model.config.num_labels))
    if judge.labels and len(judge.labels) != len(own):
        raise InputError(f"the judge '{judge.name}' gives {len(own)} labels, `labels` names {len(judge.labels)}")
    labels = judge.labels or own
    if len({label.casefold() for label in labels}) != len(labels):
        raise InputError(f"two labels of the judge '{judge.name}' have the same name", hint="name them with `labels`")
    if tokenizer.pad_token_id is None:
        raise InputError("the tokenizer has no padding token", location=where)
    return Classifier(model.to(device).eval(), tokenizer, labels, device, settings.precision)
