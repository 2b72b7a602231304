"""Look at the machine: what works, what is missing, and the one command that mends each gap."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, get_args

from governance.errors import CannotRunError, ExitCode, GovernanceError

State = Literal["ok", "missing", "broken"]

OLDEST_PYTHON = (3, 11)
ROOM = 2_000_000_000
"""Free bytes below which a run may end with a full disk: observations, cache and documents of a middling run."""

CORE = ("click", "jinja2", "numpy", "pandas", "pyarrow", "pydantic", "rich", "ruamel.yaml", "scipy")
EVALUATION = ("torch", "torchvision", "timm", "transformers", "scikit-learn", "skops", "safetensors", "pillow")
OLDEST_WEASYPRINT = 70
"""Earlier versions write untagged or insecure PDFs (CVE-2026-55073 is mended in 70)."""

_REINSTALL = "pip install --force-reinstall --no-deps SOURCE, the checkout or wheel that the toolkit came from"

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    needed
        Whether the toolkit's core does not work without it.
    without
        What cannot be done without it.
    fix
        The one command or step that mends it.
    """

    name: str
    state: State
    detail: str
    needed: bool = False
    without: str | None = None
    fix: str | None = None


def doctor(device: str | None = None, *, folder: str | Path = ".") -> list[Check]:
    """Look at Python, libraries, PDF libraries, fonts, plug-ins and the folder.

    Parameters
    ----------
    device
        Also ask torch, which takes seconds, whether this device can be used: ``auto``, ``cpu``, ``cuda`` or ``mps``.
    folder
        Where runs would be written.
    """
    checks = [_python(), *(_package(name, needed=True) for name in CORE), *_data(), *_plugins(), *_room(Path(folder))]
    checks += [_package(name, without="opening models of that kind") for name in EVALUATION]
    if device is not None:
        checks.append(_device(device))
    checks.append(_package("mlflow", without="tracking; `--no-tracking` runs without it"))
    checks += [*_weasyprint(), *_system_libraries()]
    return checks


def verdict(checks: Sequence[Check]) -> ExitCode:
    """Return 0 if the core works and what was asked for is there, otherwise 5."""
    return ExitCode.COULD_NOT_RUN if any(c.needed and c.state != "ok" for c in checks) else ExitCode.OK


def _python() -> Check:
    found = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:  # a checkout can be run by any Python
        return Check("Python", "broken", found, True, fix="use Python 3.11 or newer")
    return Check("Python", "ok", found, True)


def _package(name: str, *, needed: bool = False, without: str | None = None) -> Check:
    extra = "" if needed else "[eval]"
    fix = f"pip install 'medical-ai-governance{extra}'"
    try:
        return Check(name, "ok", version(name), needed, without)
    except PackageNotFoundError:
        return Check(name, "missing", "not installed", needed, without, fix)


def _data() -> Iterator[Check]:
    from governance.data_files import data_folder

    for kind in ("templates", "policies"):
        try:
            data_folder("templates" if kind == "templates" else "policies")
        except CannotRunError as error:
            yield Check(kind, "missing", error.message, True, fix=_REINSTALL)
        else:
            yield Check(kind, "ok", "shipped with the toolkit", True)
    try:
        fonts = sorted((data_folder("templates") / "fonts").glob("*.woff2"))
    except CannotRunError:
        fonts = []
    if fonts:
        yield Check("fonts", "ok", f"{len(fonts)} files shipped with the toolkit", True)
    else:
        yield Check("fonts", "missing", "none beside the templates", True, "documents as designed", _REINSTALL)


def _plugins() -> Iterator[Check]:
    from governance.plugins import Group, installed

    for group in get_args(Group):
        try:
            found = installed(group)
        except (GovernanceError, ImportError, AttributeError) as error:
            fix = f"{_REINSTALL}, or remove the package that registers it"
            yield Check(group, "broken", f"{type(error).__name__}: {error}", True, fix=fix)
        else:
            yield Check(group, "ok", ", ".join(found), True)


def _room(folder: Path) -> Iterator[Check]:
    place = str(folder.resolve())
    try:
        handle, name = tempfile.mkstemp(prefix=".governance-doctor-", dir=folder)
        os.close(handle)
        Path(name).unlink()
    except OSError as error:
        fix = "work in a folder of your own, or name one with --output"
        yield Check("folder", "broken", f"cannot write {place}: {error.strerror}", True, fix=fix)
        return
    free = shutil.disk_usage(folder).free
    detail = f"{place}, {free / 1e9:.0f} GB free"
    if free < ROOM:
        yield Check("folder", "broken", detail, False, "a middling run", "make room, or name another with --output")
    else:
        yield Check("folder", "ok", detail, True)


def _device(device: str) -> Check:
    if device not in DEVICES:
        return Check("device", "broken", f"'{device}' is none of {', '.join(DEVICES)}", True)
    if importlib.util.find_spec("torch") is None:
        return Check(
            "device", "missing", "torch is not installed", True, fix="pip install 'medical-ai-governance[eval]'"
        )
    import torch

    usable = ["cpu"]
    if torch.cuda.is_available():
        usable.append("cuda")
    if torch.backends.mps.is_available():
        usable.append("mps")
    if device != "auto" and device not in usable:
        return Check(
            "device", "missing", f"{device} was asked for; usable: {', '.join(usable)}", True, fix="--device auto"
        )
    chosen = usable[-1] if device == "auto" else device
    named = f" ({torch.cuda.get_device_name()})" if chosen == "cuda" else f", {torch.get_num_threads()} threads"
    return Check("device", "ok", f"{chosen}{named}", True)


def _weasyprint() -> Iterator[Check]:
    fix = f"pip install 'weasyprint>={OLDEST_WEASYPRINT}' 'pikepdf>=9'"
    for name in ("weasyprint", "pikepdf"):
        check = _package(name, without="PDFs; every other format is made")
        if check.state == "ok" and name == "weasyprint" and int(check.detail.split(".")[0]) < OLDEST_WEASYPRINT:
            yield Check(name, "broken", f"{check.detail} is older than {OLDEST_WEASYPRINT}", False, check.without, fix)
        else:
            yield Check(name, check.state, check.detail, False, check.without, check.fix and fix)


def _system_libraries() -> Iterator[Check]:
    wanted = (
        ("Pango", ("libpango-1.0.so.0", "libpango-1.0.dylib"), "libpango-1.0-0"),
        ("PangoFT2", ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib"), "libpangoft2-1.0-0"),
        ("HarfBuzz subset", ("libharfbuzz-subset.so.0", "libharfbuzz-subset.dylib"), "libharfbuzz-subset0"),
    )
    for name, files, package in wanted:
        library = _library(files)
        if library is None:
            fix = f"sudo apt-get install -y {package}"
            yield Check(name, "missing", "not found", False, "PDFs; every other format is made", fix)
        else:
            yield Check(name, "ok", _pango_version(library) if name == "Pango" else "found")


def _library(files: Sequence[str]) -> ctypes.CDLL | None:
    for file in files:
        try:
            return ctypes.CDLL(file)
        except OSError:
            continue
    return None


def _pango_version(library: ctypes.CDLL) -> str:
    ask = library.pango_version_string
    ask.restype = ctypes.c_char_p
    found = ask()
    return found.decode() if isinstance(found, bytes) else "found"
