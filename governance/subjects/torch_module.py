"""PyTorch modules that a person's own function builds."""

from __future__ import annotations

from pathlib import Path

import torch

from governance.errors import GovernanceError, InputError
from governance.spec.model import Settings, SubjectSpec
from governance.spec.references import load_reference
from governance.subjects.descriptors import TorchOptions
from governance.subjects.identity import digest_of, file_of, opened_digest
from governance.subjects.one_pass import WithEmbedding
from governance.subjects.tensor_session import TensorSession, session_of
from governance.subjects.weights import fit_state, load_state, state_digest


def open_torch(subject: SubjectSpec, base: Path, device: str, settings: Settings) -> TensorSession:
    """Call the person's own function for the module and load the weights, where a file is given.

    Raises
    ------
    InputError
        If the function fails or returns no module, the file is missing or a pickle, or the weights do not fit.
    """
    options = TorchOptions.model_validate(subject.options)
    path = file_of(base, options.weights) if options.weights else None
    state = load_state(path, allow_pickle=subject.allow_pickle) if path else None
    function = load_reference(options.loader, base)
    try:
        # A module that is built with random weights before its own are loaded must not differ from run to run.
        torch.manual_seed(settings.seed)
        network = function()
    except GovernanceError:
        raise
    except Exception as error:
        raise InputError(
            f"the loader '{options.loader}' failed: {type(error).__name__}: {error}",
            hint="call it by hand from the folder of the spec to see where",
        ) from error
    if not isinstance(network, torch.nn.Module):
        raise InputError(f"the loader '{options.loader}' returned a {type(network).__name__}, not a torch.nn.Module")
    if path is not None and state is not None:
        fit_state(network, state, path, f"the module of '{options.loader}'")
        digest = digest_of(subject, base)
    else:
        digest = opened_digest(subject, base, state_digest(network))
    return session_of(
        network,
        options,
        subject=subject,
        base=base,
        device=device,
        settings=settings,
        digest=digest,
        run=WithEmbedding(network) if callable(getattr(network, "embed", None)) else None,
        known=False,
    )
