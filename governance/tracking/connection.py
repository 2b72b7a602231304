"""Connect to an MLflow store quickly or not at all, quietly, without telemetry and without printing credentials."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from governance.errors import CannotRunError

_ALWAYS = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_LOGGING_LEVEL": "WARNING"}
_WHILE_CONNECTING = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "3",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}
"""Seconds and counts: a server that is down is known within ten seconds, not after MLflow's usual minutes."""

_WHILE_LOGGING = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "30", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3"}

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_SECRET_QUERY = re.compile(r"(?i)\b(password|passwd|pwd|token|secret|sslkey|key)=[^&\s'\"]+")


def without_credentials(text: str) -> str:
    """Return `text` with user names and passwords of URLs replaced by stars."""
    return _SECRET_QUERY.sub(r"\1=***", _CREDENTIALS.sub("***@", text))


def import_mlflow() -> Any:
    """Import MLflow with telemetry off and its logs at warnings only.

    Raises
    ------
    CannotRunError
        If it is not installed.
    """
    os.environ.update({**_ALWAYS, **{k: v for k, v in os.environ.items() if k == "MLFLOW_LOGGING_LEVEL"}})
    try:
        import mlflow
    except ModuleNotFoundError as error:
        raise CannotRunError(
            f"tracking needs the Python package '{error.name}', which is not installed",
            hint="pip install 'medical-ai-governance[eval]', or run with --no-tracking",
        ) from error
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return mlflow


@contextmanager
def connecting() -> Iterator[None]:
    """Give up early inside this block."""
    with _environment(_WHILE_CONNECTING):
        yield


@contextmanager
def answering(uri: str, doing: str, hint: str) -> Iterator[None]:
    """Turn whatever a store raises inside this block into one message, without credentials.

    MLflow, SQLAlchemy, database drivers and HTTP libraries all raise errors of their own, with no common base.
    """
    try:
        with _environment(_WHILE_LOGGING):
            yield
    except CannotRunError:
        raise
    except Exception as error:
        lines = without_credentials(str(error)).strip().splitlines()
        reason = lines[0][:300] if lines else type(error).__name__
        raise CannotRunError(f"{doing} {without_credentials(uri)}: {reason}", hint=hint) from None


@contextmanager
def current_store(mlflow: Any, uri: str) -> Iterator[None]:
    """Make `uri` the process's tracking store inside this block; some functions of MLflow know no other way."""
    variable = os.environ.get("MLFLOW_TRACKING_URI")
    before = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)
        if variable is None:
            os.environ.pop("MLFLOW_TRACKING_URI", None)
        else:
            os.environ["MLFLOW_TRACKING_URI"] = variable


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables inside this block, except those a person has set."""
    added = [name for name in values if name not in os.environ]
    os.environ.update({name: values[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
