"""What a tracker does, and the one that does nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from governance.evidence.folder import RunFolder
from governance.spec.model import Spec

DEFAULT_URI = "sqlite:///mlflow.db"


class DecisionSummary(Protocol):
    """What a tracker tells of a decision (`governance.policy.model.Decision`)."""

    @property
    def summary(self) -> str:
        """The outcome in one sentence."""
        ...

    @property
    def exit_code(self) -> int:
        """The exit code that the outcome leads to."""
        ...

    @property
    def policy_digest(self) -> str:
        """The digest of the policy that was decided under."""
        ...


class Tracked(Protocol):
    """A run that is being tracked."""

    @property
    def ids(self) -> Mapping[str, str]:
        """Where the run is found again: empty where it is not tracked. Holds no credentials."""
        ...

    def log(self, folder: RunFolder, decision: DecisionSummary | None) -> None:
        """Log measurements, outcome and files of a sealed run folder; nothing where nothing changed since."""
        ...


class Tracker(Protocol):
    """A connected tracking store."""

    def started(
        self, folder: RunFolder, lock: Mapping[str, Any], policy_digest: str
    ) -> AbstractContextManager[Tracked]:
        """Begin or reopen the run of a folder, before anything is measured; finish it, or mark it failed."""
        ...


@dataclass(frozen=True)
class NotTracked:
    """A run that is not tracked."""

    ids: Mapping[str, str] = field(default_factory=dict)

    def log(self, folder: RunFolder, decision: DecisionSummary | None) -> None:
        """Do nothing."""


class NullTracker:
    """Tracks nothing, for ``--no-tracking``."""

    @contextmanager
    def started(self, folder: RunFolder, lock: Mapping[str, Any], policy_digest: str) -> Iterator[Tracked]:  # noqa: ARG002
        """Track nothing."""
        yield NotTracked()


def open_tracker(spec: Spec, uri: str | None = None, *, enabled: bool = True) -> Tracker:
    """Connect to the tracking store before anything is collected.

    Parameters
    ----------
    uri
        An MLflow tracking URI. Without it: the spec's, then ``MLFLOW_TRACKING_URI``, then ``sqlite:///mlflow.db`` in
        the current directory.

    Raises
    ------
    CannotRunError
        If MLflow is not installed or the store does not answer.
    """
    if not enabled:
        return NullTracker()
    from governance.tracking.store import MlflowTracker

    chosen = uri or spec.track.uri or os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI
    return MlflowTracker.connect(chosen, spec.track.experiment or spec.subject.name)
