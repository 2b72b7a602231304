"""A model and what prepares its inputs, from a function of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from governance.errors import GovernanceError, InputError, first_line
from governance.spec.references import load_reference


def pair_from_loader(loader: str, base: Path, second: str) -> tuple[Any, Any]:
    """Call ``module:function``, which returns a ``torch.nn.Module`` and its tokenizer or processor.

    Parameters
    ----------
    second
        What the second of the two is called.

    Raises
    ------
    InputError
        If the function fails or returns something else.
    """
    try:
        made = load_reference(loader, base)()
    except GovernanceError:
        raise
    except Exception as error:
        raise InputError(f"the loader '{loader}' failed: {type(error).__name__}: {first_line(error)}") from error
    if not isinstance(made, tuple) or len(made) != 2 or not isinstance(made[0], torch.nn.Module):
        raise InputError(f"the loader '{loader}' must return (model, {second})")
    return made
