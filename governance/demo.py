"""The demonstration: three real models, prepared, evaluated, decided on and documented in one folder.

An example is a folder with a complete ``governance.yaml`` and a ``demo.yaml``::

    title: …
    prepare: "module:function"     # called as prepare(folder, quick=…); makes what the spec evaluates
    quick: {dotted.key: value}     # overrides that keep the demonstration short

The examples are copied beside the results, so that a reader can change and run them again.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance import api
from governance.data_files import data_folder
from governance.errors import CannotRunError, GovernanceError, InputError, Location, near_name

if TYPE_CHECKING:
    from governance.harness.progress import Reporter


@dataclass(frozen=True)
class Example:
    """An example and how to run it."""

    name: str
    folder: Path
    title: str
    prepare: str
    quick: Mapping[str, Any]


@dataclass(frozen=True)
class DemoResult:
    """What one example came to. `seconds` is wall-clock time, preparation included."""

    example: Example
    result: api.RunResult
    seconds: float


def examples() -> tuple[Example, ...]:
    """Return the examples that ship with the toolkit, in the order in which they run."""
    found = [_read(path.parent) for path in sorted(data_folder("examples").glob("*/demo.yaml"))]
    if not found:
        raise CannotRunError("the toolkit's examples are missing", hint="install the toolkit again")
    return tuple(found)


def demo(
    folder: str | Path = "demo",
    *,
    full: bool = False,
    only: Sequence[str] = (),
    device: str | None = None,
    no_tracking: bool = False,
    formats: Sequence[str] | None = None,
    reporter: Reporter | None = None,
) -> list[DemoResult]:
    """Run the examples in `folder` and return what each came to.

    Parameters
    ----------
    folder
        Where the copies of the examples, the runs, the tracking store and the cache go.
    full
        At full size instead of the short overrides.
    only
        Names of examples; all by default.

    Raises
    ------
    GovernanceError
        If an example cannot run; those before it keep their results.
    """
    chosen = _chosen(only)
    home = Path(folder).resolve()
    results = []
    for example in chosen:
        started = time.monotonic()
        here = _copied(example, home)
        if reporter:
            reporter.stage(f"{example.name}: prepare the model", None)
        with chdir(home):
            _prepare(here, quick=not full)
            result = api.run(
                here.folder / "governance.yaml",
                device=device,
                no_tracking=no_tracking,
                formats=formats,
                reporter=reporter,
                overrides=None if full else example.quick,
            )
            absolute = api.RunResult(
                type(result.folder)(result.folder.path.resolve()),
                result.decision,
                tuple(path.resolve() for path in result.documents),
                result.index.resolve() if result.index else None,
                result.notes,
            )
        results.append(DemoResult(example, absolute, time.monotonic() - started))
    return results


def _chosen(only: Sequence[str]) -> tuple[Example, ...]:
    known = {example.name: example for example in examples()}
    for name in only:
        if name not in known:
            raise InputError(f"unknown example '{name}'", hint=near_name(name, known))
    return tuple(known[name] for name in only) if only else tuple(known.values())


def _read(folder: Path) -> Example:
    from governance.spec import read_yaml

    content = read_yaml(folder / "demo.yaml").content
    try:
        return Example(
            folder.name, folder, str(content["title"]), str(content["prepare"]), dict(content.get("quick") or {})
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            "an example's demo.yaml needs title and prepare", location=Location(str(folder / "demo.yaml"))
        ) from error


def _copied(example: Example, home: Path) -> Example:
    """Copy the example's own files into `home`; files that are made there (weights) stay."""
    target = home / example.folder.name
    try:
        shutil.copytree(
            example.folder, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".governance*")
        )
    except (OSError, shutil.Error) as error:
        raise CannotRunError(f"cannot write {target}: {error}", hint="choose another folder with --folder") from error
    return Example(example.name, target, example.title, example.prepare, example.quick)


def _prepare(example: Example, *, quick: bool) -> None:
    from governance.spec.references import load_reference

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    prepare = load_reference(example.prepare, example.folder)
    try:
        prepare(example.folder, quick=quick)
    except GovernanceError:
        raise
    except ModuleNotFoundError as error:
        raise CannotRunError(
            f"the example {example.name} needs the Python package '{error.name}'",
            hint="run it with `make demo` from a checkout, which installs the examples' data packages",
        ) from error
