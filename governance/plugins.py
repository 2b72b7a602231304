"""Light descriptors of everything that registers by entry point, and how to find them.

An entry point names a descriptor, never the implementation: descriptors hold names, metric definitions and option
schemas, and import nothing heavy. `Descriptor.load()` imports the implementation when it is needed. A family of many
descriptors is one entry point that names a tuple of them; each is known by its own name.

Groups: ``governance.evaluators``, ``governance.collectors``, ``governance.conditions``, ``governance.subjects``,
``governance.datasets``, ``governance.renderers``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from governance.errors import CannotRunError, InputError, near_name
from governance.evidence.model import MetricDescriptor

Group = Literal["evaluators", "collectors", "conditions", "subjects", "datasets", "renderers"]


class NoOptions(BaseModel):
    """The options model of what takes no options."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """What every plug-in says about itself without being imported.

    Attributes
    ----------
    name
        The word people write in `governance.yaml`.
    version
        Raised by hand whenever results may change; part of cache keys and of the lock.
    implementation
        ``"module:attribute"`` of the implementation.
    options
        Pydantic model of the options that people may write.
    """

    name: str
    title: str
    implementation: str
    version: int = 1
    options: type[BaseModel] = NoOptions

    def load(self) -> Any:
        """Import and return the implementation.

        Raises
        ------
        CannotRunError
            If a library that the implementation needs is not installed.
        """
        module, _, attribute = self.implementation.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            raise CannotRunError(
                f"{self.name} needs the Python package '{error.name}', which is not installed",
                hint="install the extra that brings it: pip install 'medical-ai-governance[eval]'",
            ) from error


@dataclass(frozen=True, kw_only=True)
class EvaluatorDescriptor(Descriptor):
    """An evaluator: the metrics it can measure. The implementation is an `Evaluator`."""

    metrics: tuple[MetricDescriptor, ...]


@dataclass(frozen=True, kw_only=True)
class CollectorDescriptor(Descriptor):
    """A collector: the observation columns it writes. The implementation is a `Collector`.

    Attributes
    ----------
    opens
        For a collector that opens another model than the subject: its kind, from the options of the need.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    opens: Callable[[Mapping[str, Any]], str] | None = None


@dataclass(frozen=True, kw_only=True)
class ConditionDescriptor(Descriptor):
    """A condition.

    Attributes
    ----------
    modalities
        Kinds of input on which it makes physical sense; empty means any. A dataset of another modality refuses it.
    severities
        The scale, mildest first; empty for a condition without a scale.
    kind
        ``"batch"``: the implementation is ``f(batch, severity, seeds, **options) -> batch`` on the device.
        ``"variant"``: the dataset decodes another version of the same sample, named `name`; no implementation is
        called, and samples without that version are left out and counted.
        ``"set"``: a name for several conditions; nothing is measured under it, but under each of its members.
    members
        For a set: the names of its conditions, in the order in which they are shown.
    opposite
        Whether the right answer to the changed input is the opposite one, as for a negated question.
    by_columns
        Whether the implementation also takes ``columns``, a `governance.harness.columns.Columns` of the whole dataset.
    """

    implementation: str = ""
    modalities: tuple[str, ...] = ()
    severities: tuple[int, ...] = (1, 2, 3, 4, 5)
    kind: Literal["batch", "variant", "set"] = "batch"
    members: tuple[str, ...] = ()
    opposite: bool = False
    by_columns: bool = False


@dataclass(frozen=True, kw_only=True)
class SubjectDescriptor(Descriptor):
    """A kind of model.

    The implementation is ``open(subject: SubjectSpec, base: Path, device: str, settings: Settings) -> Session``.

    Attributes
    ----------
    identity
        ``"module:attribute"`` of ``identify(subject, base) -> str | None``: the digest that the opened session will
        have, found without opening the model; empty, or None as its answer, where only the opened model tells.
    """

    capabilities: frozenset[str] = frozenset({"predict"})
    identity: str = ""


@dataclass(frozen=True, kw_only=True)
class DatasetDescriptor(Descriptor):
    """A kind of data. The implementation is ``open(dataset: DatasetSpec, base: Path) -> Dataset``."""


@dataclass(frozen=True, kw_only=True)
class RendererDescriptor(Descriptor):
    """A document format. The implementation is ``render(document: Document) -> bytes``."""

    extension: str


@cache
def installed(group: Group) -> Mapping[str, Descriptor]:
    """Return the descriptors of a group by name, in the order of their names.

    Raises
    ------
    CannotRunError
        If two installed packages register the same name.
    """
    found: dict[str, Descriptor] = {}
    for point in sorted(entry_points(group=f"governance.{group}"), key=lambda point: point.name):
        loaded = point.load()
        named = [(member.name, member) for member in loaded] if isinstance(loaded, tuple) else [(point.name, loaded)]
        for name, descriptor in named:
            if name in found and found[name] != descriptor:
                raise CannotRunError(f"two installed packages register the {group[:-1]} '{name}'")
            found[name] = descriptor
    return dict(sorted(found.items()))


def find(group: Group, name: str) -> Any:
    """Return the descriptor of a name, or say which near name is known.

    Raises
    ------
    InputError
        If nothing registers that name.
    """
    known = installed(group)
    if name not in known:
        raise InputError(f"unknown {group[:-1]} '{name}'", hint=near_name(name, known))
    return known[name]
