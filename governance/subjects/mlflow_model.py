"""MLflow models with the python_function flavour. The only file of this room that knows MLflow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from governance.errors import CannotRunError, InputError, first_line
from governance.evidence.canonical import digest_file, digest_json
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.descriptors import MlflowOptions
from governance.subjects.weights import ask_for_trust

_SCHEMES = ("models:", "runs:", "file:", "http:", "https:", "s3:", "gs:", "mlflow-artifacts:")


@dataclass(frozen=True)
class MlflowSession:
    """A python_function model; takes (n, features) arrays, named by its signature where it has one."""

    digest: str
    model: Any
    task: str
    takes: str = "array"

    def predict(self, batch: np.ndarray) -> np.ndarray | dict[str, np.ndarray]:
        """Return (n,) probabilities of the positive class, (n, classes), (n, labels), or the ``value`` of a regression.

        Raises
        ------
        InputError
            If the model refuses the batch or gives something else than probabilities.
        """
        import pandas as pd

        schema = self.model.metadata.get_input_schema()
        names = schema.input_names() if schema is not None and schema.has_input_names() else None
        data: Any = batch
        if names is not None and not schema.is_tensor_spec():
            if len(names) != batch.shape[1]:
                raise InputError(f"the model takes {len(names)} columns, the dataset gives {batch.shape[1]} features")
            data = pd.DataFrame({name: batch[:, index] for index, name in enumerate(names)})
            for name, kind in zip(names, schema.pandas_types(), strict=True):
                data[name] = data[name].astype(kind)
        try:
            found = np.asarray(self.model.predict(data), dtype=np.float64)
        except Exception as error:
            raise InputError(f"the MLflow model refuses the data: {first_line(error)}") from error
        if found.ndim == 2 and found.shape[1] == 1 and self.task != "multilabel":
            found = found[:, 0]
        if self.task == "binary" and found.ndim == 2 and found.shape[1] == 2:
            found = found[:, 1]
        if len(found) != len(batch) or found.ndim != (1 if self.task in ("binary", "regression") else 2):
            raise InputError(f"the MLflow model gives an output of shape {found.shape} for {len(batch)} samples")
        return {"value": found} if self.task == "regression" else found


def open_mlflow(subject: SubjectSpec, base: Path, device: str, settings: Settings) -> MlflowSession:  # noqa: ARG001
    """Open a model from a folder or an MLflow address.

    Raises
    ------
    InputError
        If unpickling is not allowed or there is no such model.
    CannotRunError
        If the server that should have it cannot be reached.
    """
    options = MlflowOptions.model_validate(subject.options)
    ask_for_trust(
        "an MLflow python_function model",
        allow_pickle=subject.allow_pickle,
        instead="use kind sklearn or torch with safe weights",
    )
    import mlflow
    from mlflow.exceptions import MlflowException

    local = base / options.uri
    if not options.uri.startswith(_SCHEMES) and not local.is_dir():
        raise InputError(f"the model folder '{options.uri}' does not exist", hint="paths are relative to the spec")
    try:
        folder = Path(local if local.is_dir() else mlflow.artifacts.download_artifacts(artifact_uri=options.uri))
    except OSError as error:
        raise CannotRunError(f"cannot fetch the model '{options.uri}': {error}") from error
    except MlflowException as error:
        raise InputError(f"MLflow has no model '{options.uri}': {first_line(error)}") from error
    try:
        model = mlflow.pyfunc.load_model(str(folder))
    except Exception as error:
        raise InputError(f"cannot open the MLflow model '{options.uri}': {first_line(error)}") from error
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    content = {path.relative_to(folder).as_posix(): digest_file(path) for path in files}
    # Where the model was registered is no part of what it computes.
    content.pop("registered_model_meta", None)
    return MlflowSession(digest_json(["mlflow", subject.task, content]), model, subject.task)
