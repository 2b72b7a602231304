"""What a run works with, by content: the subject, extractors, own code, variants of datasets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance.datasets.decoded import DecodedDataset
from governance.errors import GovernanceError, InputError
from governance.harness.collectors import ExtractorSession
from governance.harness.places import located
from governance.harness.protocols import Need
from governance.plugins import ConditionDescriptor, SubjectDescriptor, find
from governance.spec.model import Settings
from governance.spec.references import load_reference
from governance.subjects.own_code import source_digest
from governance.subjects.protocol import Session

if TYPE_CHECKING:
    from governance.spec import LoadedSpec

REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*\Z")


class Subject:
    """The subject: its digest without opening it where that is possible, and the session, opened on first use."""

    def __init__(self, loaded: LoadedSpec, settings: Settings, before: Callable[[], None]) -> None:
        self._loaded, self._settings, self._before = loaded, settings, before
        self._descriptor: SubjectDescriptor = find("subjects", loaded.spec.subject.kind)
        self._session: Session | None = None
        self._digest: str | None = None

    @property
    def kind(self) -> str:
        """The kind of model."""
        return self._loaded.spec.subject.kind

    @property
    def digest(self) -> str:
        """SHA-256 of all that determines the subject's outputs."""
        if self._digest is None and self._descriptor.identity:
            identify = replace(self._descriptor, implementation=self._descriptor.identity).load()
            with located(self._loaded, "subject"):
                self._digest = identify(self._loaded.spec.subject, self._loaded.base)
        if self._digest is None:
            self._digest = self.open().digest
        return self._digest

    def open(self) -> Session:
        """Open the model on the device, once.

        Raises
        ------
        InputError
            If the model cannot be opened, or its files are not those that were planned with.
        """
        if self._session is None:
            self._before()
            spec = self._loaded.spec.subject
            with located(self._loaded, "subject"):
                session: Session = self._descriptor.load()(
                    spec, self._loaded.base, self._settings.device, self._settings
                )
                if self._digest is not None and session.digest != self._digest:
                    raise InputError(
                        f"the files of the subject '{spec.name}' changed while the run was going on",
                        hint="run the same command again",
                    )
            self._session = session
        return self._session


@dataclass(frozen=True)
class Identities:
    """Digests of what the needs of a plan name beside datasets and the subject."""

    extractors: Mapping[str, ExtractorSession]
    code: Mapping[str, str]
    variants: Mapping[tuple[str, str], str]


def identities(
    needs: Sequence[Need],
    *,
    base: Path,
    device: str,
    datasets: Mapping[str, DecodedDataset],
    conditions: Mapping[str, ConditionDescriptor],
    before: Callable[[], None],
    recorded: bool = False,
) -> Identities:
    """Load extractors and digest own code and variants that the needs name.

    Where predictions are `recorded`, their conditions were applied elsewhere, and nothing is decoded for them.

    Raises
    ------
    InputError
        If an extractor fails or has no digest, or a dataset lacks a variant.
    """
    extractors: dict[str, ExtractorSession] = {}
    code: dict[str, str] = {}
    variants: dict[tuple[str, str], str] = {}
    for need in needs:
        options = dict(need.options)
        for value in options.values():
            if isinstance(value, str) and REFERENCE.match(value) and value not in code:
                code[value] = source_digest(value, base)
        extractor = options.get("extractor")
        if isinstance(extractor, str) and need.collector == "embed" and extractor not in extractors:
            before()
            extractors[extractor] = _extractor(extractor, base, device)
        condition = conditions.get(need.condition.name)
        if condition is None or (recorded and need.collector == "predict"):
            continue
        if condition.kind == "variant":
            variants[need.dataset, condition.name] = _variant(datasets[need.dataset], need.dataset, condition.name)
        elif _lies_beside(condition.implementation, base):
            code[condition.implementation] = source_digest(condition.implementation, base)
    return Identities(extractors, code, variants)


def _extractor(reference: str, base: Path, device: str) -> ExtractorSession:
    try:
        made: Any = load_reference(reference, base)(device)
    except GovernanceError:
        raise
    except Exception as error:
        raise InputError(f"the extractor '{reference}' failed: {type(error).__name__}: {error}") from error
    digest = getattr(made, "digest", None)
    if not isinstance(digest, str) or not digest or not callable(made):
        raise InputError(
            f"the extractor '{reference}' returned an object without a digest or that cannot be called",
            hint="it needs `digest`: a text that changes with its weights, and `__call__(batch) -> (n, d) tensor`",
        )
    return ExtractorSession(digest, made, reference)


def _variant(dataset: DecodedDataset, name: str, variant: str) -> str:
    if not dataset.variants(variant):
        raise InputError(f"the dataset '{name}' has no sample in the variant '{variant}'")
    return dataset.content_digest(variant)


def _lies_beside(reference: str, base: Path) -> bool:
    top = reference.partition(":")[0].partition(".")[0]
    return (base / f"{top}.py").is_file() or (base / top).is_dir()
