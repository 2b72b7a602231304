"""Image and text classifiers of Hugging Face transformers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from governance.errors import InputError, Location, first_line
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.descriptors import InputOptions, TransformersOptions
from governance.subjects.identity import digest_of, folder_of
from governance.subjects.offline import SAFE, go_offline, require_safe_weights
from governance.subjects.protocol import Session


@dataclass(frozen=True)
class TextSession:
    """A sequence classifier; takes decoded items with a ``prompt``."""

    digest: str
    model: Any
    tokenizer: Any
    task: str
    output: str
    device: str
    precision: str
    takes: str = "items"

    def _run(self, items: Sequence[Mapping[str, Any]], **options: Any) -> Any:
        import torch

        from governance.subjects.tensor_session import autocast

        texts = [str(item["prompt"]) for item in items]
        batch = self.tokenizer(texts, return_tensors="pt", padding=True, truncation=True).to(self.device)
        with torch.inference_mode(), autocast(self.device, self.precision):
            return self.model(**batch, **options), batch["attention_mask"]

    def predict(self, batch: Sequence[Mapping[str, Any]]) -> np.ndarray | dict[str, np.ndarray]:
        """Return what the task asks for, float64: see `governance.subjects.network_outputs.predicted`."""
        from governance.subjects.network_outputs import predicted

        output, _ = self._run(batch)
        return predicted(output.logits, self.task, self.output, len(batch), None)

    def logits(self, batch: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return ``logits``: (n, outputs) float64; all rows rejected where the output is declared as probabilities."""
        from governance.subjects.network_outputs import logit_columns

        output, _ = self._run(batch)
        return logit_columns(output.logits, self.task, self.output, len(batch))

    def embed(self, batch: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Return (n, d) float32: the mean of the last hidden states over the tokens of each text."""
        output, mask = self._run(batch, output_hidden_states=True)
        weights = mask[..., None].to(output.hidden_states[-1].dtype)
        found: np.ndarray = ((output.hidden_states[-1] * weights).sum(1) / weights.sum(1)).float().cpu().numpy()
        return found


def open_transformers(subject: SubjectSpec, base: Path, device: str, settings: Settings) -> Session:
    """Open a classifier from its folder: safetensors, no network, no code from the folder.

    Raises
    ------
    InputError
        If the folder is missing or holds no classifier, or only pickled weights that are not allowed.
    """
    options = TransformersOptions.model_validate(subject.options)
    folder = folder_of(base, options.folder)
    go_offline()
    arguments = require_safe_weights(folder, allow_pickle=subject.allow_pickle)
    import transformers

    architecture = _architecture(folder)
    kinds = {
        "ForImageClassification": transformers.AutoModelForImageClassification,
        "ForSequenceClassification": transformers.AutoModelForSequenceClassification,
    }
    kind = next((name for name in kinds if architecture.endswith(name)), None)
    if kind is None:
        raise InputError(
            f"the folder holds a {architecture}, not a classifier of images or texts", location=Location(str(folder))
        )
    try:
        model, report = kinds[kind].from_pretrained(folder, output_loading_info=True, **arguments)
    except Exception as error:
        raise InputError(f"cannot open the model: {first_line(error)}", location=Location(str(folder))) from error
    unfit = sorted(report.get("missing_keys") or ()) or sorted(report.get("unexpected_keys") or ())
    if unfit or report.get("mismatched_keys"):
        shown = ", ".join(map(str, (unfit or sorted(map(str, report["mismatched_keys"])))[:3]))
        raise InputError(f"the weights do not fit {architecture}: {shown}", location=Location(str(folder)))
    digest = digest_of(subject, base)
    if kind == "ForSequenceClassification":
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **SAFE)
        network = model.to(device).eval()
        return TextSession(digest, network, tokenizer, subject.task, options.output, device, settings.precision)
    from governance.subjects.one_pass import Passed
    from governance.subjects.tensor_session import session_of

    def run(batch: Any, features: bool) -> Passed:
        # The hidden states of all layers are held until the pass ends: only where features are asked for.
        found = model(batch, output_hidden_states=features)
        if not features:
            return Passed(found.logits)
        hidden = found.hidden_states[-1]
        return Passed(found.logits, hidden.mean(1) if hidden.ndim == 3 else hidden)

    # The folder says how its images were scaled; what the spec says about `input` counts more.
    given = options if options.input or options.transform else options.model_copy(update={"input": _input(folder)})
    return session_of(
        model,
        given,
        subject=subject,
        base=base,
        device=device,
        settings=settings,
        digest=digest,
        run=run,
        known=False,
    )


def _architecture(folder: Path) -> str:
    try:
        return str(json.loads((folder / "config.json").read_bytes())["architectures"][0])
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(
            "config.json does not say which architecture it is", location=Location(str(folder / "config.json"))
        ) from error


def _input(folder: Path) -> InputOptions | None:
    """Read size, mean and standard deviation of the folder's image processor."""
    path = folder / "preprocessor_config.json"
    if not path.is_file():
        return None
    content = json.loads(path.read_bytes())
    size = content.get("size")
    if isinstance(size, Mapping):
        size = size.get("height", size.get("shortest_edge"))
    normalised = content.get("do_normalize", True)
    mean, std = (content.get("image_mean"), content.get("image_std")) if normalised else (None, None)
    return InputOptions(size=size, channels=len(mean) if mean else 3, mean=mean, std=std)
