"""Plan, collect and measure. Importing this package imports nothing heavy; its functions do when they are used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from governance.harness.collection import collect
    from governance.harness.measuring import measure
    from governance.harness.observe import FolderObservations
    from governance.harness.preparation import Prepared, prepare

__all__ = ["FolderObservations", "Prepared", "collect", "measure", "prepare"]

_PLACES = {
    "FolderObservations": "observe",
    "Prepared": "preparation",
    "collect": "collection",
    "measure": "measuring",
    "prepare": "preparation",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'governance.harness' has no attribute '{name}'")
    return getattr(importlib.import_module(f"governance.harness.{_PLACES[name]}"), name)
