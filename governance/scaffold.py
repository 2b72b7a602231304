"""Write the files that a person starts from: what `governance init` does."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Literal, get_args

from governance.data_files import data_folder
from governance.errors import CannotRunError, InputError, near_name
from governance.evidence.folder import write_atomically

Kind = Literal["recorded", "timm", "torch", "sklearn", "generate", "endpoint"]

_GENERATING = ("generate", "endpoint")
SHARED = ("facts.yaml", "hazards.yaml", "regulatory.yaml", "README.md")


@dataclass(frozen=True)
class Scaffold:
    """The files that were written."""

    folder: Path
    files: tuple[Path, ...]


def init(folder: str | Path = ".", *, kind: str = "recorded") -> Scaffold:
    """Write ``governance.yaml``, ``policy.yaml``, the files that people fill, and a README of next steps.

    Parameters
    ----------
    folder
        Where to write; made if it is missing.
    kind
        What the model is: ``recorded`` predictions (no model needed), ``timm``, ``torch``, ``sklearn``, ``generate``
        or ``endpoint``.

    Raises
    ------
    InputError
        If one of the files exists: nothing is ever overwritten.
    CannotRunError
        If the folder cannot be written.
    """
    if kind not in get_args(Kind):
        raise InputError(f"unknown kind '{kind}'", hint=near_name(kind, get_args(Kind)))
    home = Path(folder)
    source = data_folder("templates") / "init"
    policy = "policy-generate.yaml" if kind in _GENERATING else "policy.yaml"
    wanted = {"governance.yaml": f"governance-{kind}.yaml", "policy.yaml": policy, **{name: name for name in SHARED}}
    for name in wanted:
        if (home / name).exists():
            raise InputError(
                f"{home / name} exists and is not overwritten", hint="choose another folder, or move it away"
            )
    today = dt.datetime.now(dt.UTC).date()
    values = {"today": today.isoformat(), "review": today.replace(year=today.year + 1, day=1).isoformat()}
    written = []
    for name, template in wanted.items():
        try:
            text = (source / template).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise CannotRunError(f"the template {template} is missing", hint="install the toolkit again") from error
        write_atomically(home / name, Template(text).substitute(values).encode("utf-8"))
        written.append(home / name)
    return Scaffold(home, tuple(written))
