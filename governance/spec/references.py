"""Find a person's own code by ``module:function``: beside the spec first, then among installed modules."""

from __future__ import annotations

import importlib
import importlib.machinery
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from governance.errors import CannotRunError, InputError, Location, near_name

OURS = ("governance", "evaluators")
"""Modules that are running; a checkout beside a spec must not replace them."""

_FORM = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*\Z")


def is_reference(text: str) -> bool:
    """Whether text has the form ``module:name``."""
    return _FORM.match(text) is not None


def load_reference(reference: str, base: Path, *, location: Location | None = None) -> Any:
    """Import a person's own code and return what ``"module:name"`` names.

    The folder of the spec is on the import path only while the module is imported, so what the module needs from beside
    the spec must be imported at its top. A module of the same name from another spec's folder is not reused.

    Parameters
    ----------
    reference
        ``"module:name"``; the module may be dotted.
    base
        The folder of the spec.
    location
        Where the reference was written, for the error.

    Raises
    ------
    InputError
        If the module or the name in it is missing, or importing it fails.
    CannotRunError
        If it needs a package that is not installed.
    """
    if not is_reference(reference):
        raise InputError(f"'{reference}' is not module:function", location=location, hint="for example nodules:testing")
    name, _, attribute = reference.partition(":")
    module = _import_beside(name, base.resolve(), location)
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        public = [key for key in vars(module) if not key.startswith("_")]
        where = getattr(module, "__file__", None) or name
        raise InputError(
            f"{where} has no '{attribute}'", location=location, hint=near_name(attribute, public)
        ) from error


def _import_beside(name: str, base: Path, location: Location | None) -> ModuleType:
    top = name.partition(".")[0]
    beside = _names_beside(base)
    if top in beside and _is_installed(top, base):
        raise InputError(
            f"{base / top} has the name of an installed module",
            location=location,
            hint=f"rename it, for example to my_{top}, so that neither hides the other",
        )
    with _first_on_path(base):
        _forget_strangers(beside | {top})
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and (error.name == name or name.startswith(f"{error.name}.")):
                raise InputError(
                    f"there is no module '{name}' beside the spec or installed",
                    location=location,
                    hint=f"expected {base / (name.replace('.', '/') + '.py')}; {near_name(name, beside)}",
                ) from error
            raise CannotRunError(
                f"the module '{name}' needs the Python package '{error.name}', which is not installed",
                location=location,
                hint=f"install it beside the toolkit: pip install {error.name}",
            ) from error
        except (Exception, SystemExit) as error:
            raise InputError(
                f"importing '{name}' failed with {type(error).__name__}: {error}",
                location=_raised_at(error, base) or location,
                hint="the module must import without side effects; try: python -c 'import " + name + "' in that folder",
            ) from error


@contextmanager
def _first_on_path(base: Path) -> Iterator[None]:
    entry = str(base)
    sys.path.insert(0, entry)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(entry)


def _names_beside(base: Path) -> set[str]:
    """Names of the modules and packages that lie in the folder."""
    if not base.is_dir():
        return set()
    files = {path.stem for path in base.glob("*.py")}
    return files | {path.parent.name for path in base.glob("*/*.py")}


def _is_installed(name: str, base: Path) -> bool:
    """Whether Python or an installed package has a module of that name elsewhere."""
    if name in sys.stdlib_module_names or name in OURS:
        return True
    places = [entry for entry in sys.path if "site-packages" in entry or "dist-packages" in entry]
    spec = importlib.machinery.PathFinder.find_spec(name, places)
    origin = spec.origin if spec is not None else None
    return origin is not None and base not in Path(origin).resolve().parents


def _forget_strangers(tops: set[str]) -> None:
    """Forget modules that were imported from another folder than the one where they would be found now."""
    for top in tops - set(sys.stdlib_module_names) - set(OURS):
        found = importlib.machinery.PathFinder.find_spec(top, sys.path)
        homes = list(found.submodule_search_locations or [found.origin or ""]) if found is not None else []
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name.partition(".")[0] == top and file is not None:
                resolved = Path(file).resolve()
                if not any(resolved.is_relative_to(Path(home).resolve()) for home in homes):
                    del sys.modules[name]


def _raised_at(error: BaseException, base: Path) -> Location | None:
    """The deepest line of the person's own code in a traceback."""
    if isinstance(error, SyntaxError) and error.filename:
        return Location(error.filename, error.lineno, error.offset)
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if base in Path(frame.filename).parents]
    return Location(own[-1].filename, own[-1].lineno) if own else None
