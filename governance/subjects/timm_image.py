"""Image classifiers of timm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import timm
import torch

from governance.errors import InputError, near_name
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.descriptors import TimmOptions
from governance.subjects.identity import digest_of, file_of
from governance.subjects.one_pass import Passed
from governance.subjects.tensor_session import TensorSession, class_count, session_of
from governance.subjects.weights import fit_state, load_state


def open_timm(subject: SubjectSpec, base: Path, device: str, settings: Settings) -> TensorSession:
    """Open an architecture of timm with weights from a file; nothing is downloaded.

    Raises
    ------
    InputError
        If the architecture is unknown, the file is missing or a pickle, or the weights do not fit.
    """
    options = TimmOptions.model_validate(subject.options)
    if not timm.is_model(options.architecture):
        raise InputError(
            f"timm has no architecture '{options.architecture}'", hint=near_name(options.architecture, _near(options))
        )
    path = file_of(base, options.weights)
    state = load_state(path, allow_pickle=subject.allow_pickle)
    channels = options.input.channels if options.input else 3
    network = timm.create_model(options.architecture, pretrained=False, in_chans=channels, num_classes=1)
    outputs = class_count(options) or _outputs(network, state)
    if outputs != 1:
        network = timm.create_model(options.architecture, pretrained=False, in_chans=channels, num_classes=outputs)
    fit_state(network, state, path, f"{options.architecture} with {channels} channels and {outputs} outputs")

    def run(batch: torch.Tensor, _: bool) -> Passed:
        trunk = network.forward_features(batch)
        return Passed(network.forward_head(trunk), network.forward_head(trunk, pre_logits=True))

    return session_of(
        network,
        options,
        subject=subject,
        base=base,
        device=device,
        settings=settings,
        digest=digest_of(subject, base),
        run=run,
    )


def _outputs(network: Any, state: dict[str, torch.Tensor]) -> int:
    """Return the number of outputs that the weights of the classifier have; 1 where that cannot be seen."""
    name = network.default_cfg.get("classifier")
    weight = state.get(f"{name}.weight") if isinstance(name, str) else None
    return int(weight.shape[0]) if weight is not None else 1


def _near(options: TimmOptions) -> list[str]:
    """Names that resemble the wrong one; all 1,000 would help nobody."""
    import difflib

    return difflib.get_close_matches(options.architecture, timm.list_models(), n=5, cutoff=0.5)
