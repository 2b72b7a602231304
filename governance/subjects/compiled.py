"""A network's pass through `torch.compile`."""

from __future__ import annotations

from typing import Any

import torch

from governance.errors import CannotRunError, first_line
from governance.subjects.one_pass import Pass, Passed

_OF_THE_COMPILER = ("torch._dynamo", "torch._inductor", "torch._functorch")


class Compiled:
    """Compiles a pass when it first runs, for the batches' one shape.

    Parameters
    ----------
    features
        Whether each pass gives features, asked for or not; None passes on what is asked. Two graphs of one network may
        round differently, and what a batch gives must not depend on who else asked about it.
    """

    def __init__(self, run: Pass, features: bool | None) -> None:
        self._features = features
        self._compiled: Any = torch.compile(run, dynamic=False)

    def __call__(self, batch: torch.Tensor, features: bool) -> Passed:
        """Run the network; see `Pass`.

        Raises
        ------
        CannotRunError
            If the network cannot be compiled here.
        """
        try:
            passed: Passed = self._compiled(batch, features if self._features is None else self._features)
        except Exception as error:
            if not type(error).__module__.startswith(_OF_THE_COMPILER):
                raise
            raise CannotRunError(
                f"torch.compile cannot build the network: {first_line(error)}",
                hint="it needs a C++ compiler (g++) on the processor; or set settings.compile: false",
            ) from error
        return passed
