"""The device that a run computes on, and the switches that make equal runs equal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from governance.errors import CannotRunError

if TYPE_CHECKING:
    from governance.spec.model import Settings

PROCESSOR_BOUND = frozenset({"recorded", "sklearn", "mlflow", "endpoint"})
"""Kinds of subjects that compute without torch, so that it is not imported for them."""


def resolve_device(asked: str, *, uses_torch: bool) -> str:
    """Return ``cpu``, ``cuda`` or ``mps`` for what was asked; ``auto`` takes the first accelerator that is there.

    Parameters
    ----------
    uses_torch
        Whether anything in the run computes with torch; where nothing does, ``auto`` is the processor.

    Raises
    ------
    CannotRunError
        If the device that was asked for is not there.
    """
    if asked == "cpu" or (asked == "auto" and not uses_torch):
        return "cpu"
    try:
        import torch
    except ModuleNotFoundError as error:
        if asked == "auto":
            return "cpu"
        raise CannotRunError(
            f"the device '{asked}' needs the Python package 'torch', which is not installed",
            hint="pip install 'medical-ai-governance[eval]', or use --device cpu",
        ) from error
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if asked == "auto":
        return next((name for name, there in present.items() if there), "cpu")
    if not present[asked]:
        raise CannotRunError(
            f"the device '{asked}' was asked for, but this machine has none that torch can use",
            hint="use --device auto or --device cpu; `governance doctor` shows what torch sees",
        )
    return asked


def configure_torch(device: str, settings: Settings) -> None:
    """Fix the number of threads and switch to deterministic algorithms. Imports torch.

    Raises
    ------
    CannotRunError
        If the device has not the precision that was asked for.
    """
    # cuBLAS is deterministic only with a fixed workspace, which it reads when CUDA starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    import torch

    torch.set_num_threads(settings.threads)
    # An operation without a deterministic implementation warns instead of ending the run: its result is still used.
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    # Deterministic mode also fills fresh memory, which only helps to find reads of what was never written, and is slow.
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    if settings.precision == "bfloat16" and device == "cuda" and not torch.cuda.is_bf16_supported():
        raise CannotRunError("this GPU has no bfloat16", hint="set settings.precision to float16 or float32")
    if settings.precision == "float16" and device == "cpu":
        raise CannotRunError(
            "float16 on the processor is not supported", hint="set settings.precision to float32 or bfloat16"
        )


def limit_threads(threads: int) -> None:
    """Limit the threads of numerical libraries other than torch, where it can be done from outside."""
    try:
        import threadpoolctl  # type: ignore[import-untyped]
    except ModuleNotFoundError:
        return
    threadpoolctl.threadpool_limits(limits=threads)


_FULL = ("out of memory", "can't allocate memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the accelerator's memory is full."""
    return type(error).__name__ in {"OutOfMemoryError"} or (
        isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _FULL)
    )


def free_memory(device: str) -> None:
    """Give unused memory back to the accelerator."""
    import gc

    gc.collect()
    if device == "cuda":
        import torch

        torch.cuda.empty_cache()
