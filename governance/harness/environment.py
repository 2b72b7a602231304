"""What a run computed with: versions, processor, device. Nothing here imports the libraries that it names."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

DISTRIBUTION = "medical-ai-governance"
ALWAYS = ("numpy", "pandas", "pyarrow", "scipy")
"""Libraries that every run computes with."""
BY_SUBJECT = {
    "timm": ("torch", "timm", "safetensors"),
    "torch": ("torch", "safetensors"),
    "transformers": ("torch", "transformers", "tokenizers", "safetensors"),
    "generate": ("torch", "transformers", "tokenizers", "safetensors", "gguf"),
    "vision-language": ("torch", "torchvision", "transformers", "tokenizers", "safetensors", "pillow"),
    "endpoint": (),
    "sklearn": ("scikit-learn", "skops"),
    "mlflow": ("mlflow", "scikit-learn"),
    "recorded": (),
}
"""Libraries that a kind of subject computes with; kinds of others: torch."""

_VECTOR_UNITS = ("avx512f", "avx2", "avx", "sse4_2", "sve", "asimd")
"""Vector instructions from wide to narrow: numerical libraries choose their kernels, and so their rounding, by them."""


def versions(names: Iterable[str]) -> dict[str, str]:
    """Return the installed versions of libraries; what is not installed is left out."""
    found: dict[str, str] = {}
    for name in sorted(set(names)):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def toolkit_version() -> str:
    """Return the version of the toolkit."""
    return versions([DISTRIBUTION]).get(DISTRIBUTION, "unknown")


@cache
def compiler() -> dict[str, str]:
    """Return the C++ compiler that `torch.compile` builds with on the processor, and its version; empty without one."""
    name = os.environ.get("CXX") or "g++"
    try:
        done = subprocess.run([name, "-dumpfullversion"], capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return {}
    return {Path(name).name: done.stdout.strip()}


@cache
def processor() -> str:
    """Return the processor's model and the widest vector instructions it has."""
    model, flags = platform.processor() or platform.machine(), set()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                model = value.strip()
            elif key.strip().lower() in {"flags", "features"}:
                flags = set(value.split())
                break
    except OSError:
        pass
    unit = next((name for name in _VECTOR_UNITS if name in flags), "")
    return ", ".join(part for part in (model, platform.machine(), unit) if part)


def device_name(device: str) -> str:
    """Return the accelerator's name; the processor's for ``cpu``."""
    if device == "cuda":
        import torch

        return str(torch.cuda.get_device_name())
    return processor()


def machine(device: str) -> dict[str, Any]:
    """Describe the machine for `run.json`: what may differ between equal runs."""
    return {
        "platform": platform.platform(),
        "python": sys.version.split()[0],
        "processor": processor(),
        "processors": os.cpu_count(),
        "device": device,
        "device_name": device_name(device),
    }
