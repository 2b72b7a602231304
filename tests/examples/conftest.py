"""The examples' own modules, imported as a run imports them; skipped with a reason where a data package is absent."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from governance.spec.references import load_reference

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def own_module(folder: str, name: str, package: str | None = None) -> Any:
    """Import a module of an example; `package` is the data package that it reads."""
    if package is not None and importlib.util.find_spec(package) is None:
        pytest.skip(f"needs the data package {package}")
    load_reference(f"{name}:__name__", EXAMPLES / folder)
    return sys.modules[name]


@pytest.fixture(scope="session")
def nodules() -> Any:
    """The reader of nodule outlines."""
    return own_module("nodule_suspicion", "nodules", "pylidc")


@pytest.fixture(scope="session")
def contours() -> Any:
    """The conditions on outlines."""
    return own_module("nodule_suspicion", "contours")


@pytest.fixture(scope="session")
def nodule_models() -> Any:
    """The networks of the nodule example."""
    return own_module("nodule_suspicion", "nodule_models", "pylidc")


@pytest.fixture(scope="session")
def nhefs() -> Any:
    """The reader and the model of the mortality example."""
    return own_module("mortality_risk", "nhefs", "causaldata")


@pytest.fixture(scope="session")
def reports() -> Any:
    """The reader of reports and the maker of questions."""
    return own_module("report_qa", "reports", "torchxrayvision")
