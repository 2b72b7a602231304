"""Find the templates, policies and examples that ship with the toolkit."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from governance.errors import CannotRunError

Kind = Literal["templates", "policies", "examples"]


@cache
def data_folder(kind: Kind) -> Path:
    """Return the folder of a kind of data: inside the installed package, or in the checkout of an editable install.

    Raises
    ------
    CannotRunError
        If the installation is incomplete.
    """
    package = Path(str(files("governance")))
    packaged = package / "_data"
    folder = packaged / kind if packaged.is_dir() else package.parent / kind
    if not folder.is_dir():
        raise CannotRunError(f"the toolkit's {kind} are missing ({folder})", hint="install the toolkit again")
    return folder
