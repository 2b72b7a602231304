"""Opens another model and keeps its scores of a dataset, sample by sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from evaluators.fairness.comparison.options import OtherModel
from governance.errors import InputError
from governance.harness.protocols import CollectionContext, Need, Shard
from governance.harness.rows import rows_of
from governance.plugins import SubjectDescriptor, find
from governance.subjects.protocol import Sample, Session

if TYPE_CHECKING:
    import numpy.typing as npt

SHARD_SAMPLES = 1024
"""About how many samples a shard holds; always a whole number of batches."""


class BaselineCollector:
    """Observes a model that is not the subject. It keeps opened models, each once."""

    uses_subject: ClassVar[bool] = False
    """What another model says does not depend on the subject, so its scores stay valid when the subject changes."""

    def __init__(self) -> None:
        self._opened: dict[str, Session] = {}

    def shards(self, need: Need, context: CollectionContext) -> Sequence[Shard]:
        """Check that the model is the one that was pinned, and cut the dataset into whole batches.

        Raises
        ------
        InputError
            If the model's files are missing, or are not those with the digest in the spec.
        """
        model = _model(need)
        descriptor: SubjectDescriptor = find("subjects", model.kind)
        digest = None
        if descriptor.identity:
            digest = replace(descriptor, implementation=descriptor.identity).load()(model.subject(), context.base)
        _check_digest(model, digest if digest is not None else self._session(model, context).digest)
        batch = context.settings.batch_size
        length = batch * max(1, SHARD_SAMPLES // batch)
        rows = range(context.info.n)
        return [Shard(f"{start:08d}", tuple(rows[start : start + length])) for start in rows[::length]]

    def collect(self, need: Need, shard: Shard, context: CollectionContext) -> pd.DataFrame:
        """Return ``score``, ``status`` and ``reason`` of every sample of the shard.

        Raises
        ------
        InputError
            If inputs under a condition are asked for, or the model refuses the data.
        """
        if not need.condition.is_clean:
            raise InputError(f"the collector '{need.collector}' has no condition '{need.condition.name}'")
        session = self._session(_model(need), context)
        size = min(context.settings.batch_size, max(1, context.info.n))
        parts = []
        for start in range(0, len(shard.indices), size):
            rows = list(shard.indices[start : start + size])
            # The last batch is filled up, so that equal samples are computed in batches of equal size.
            batch = _batch(session.takes, rows + [rows[0]] * (size - len(rows)), need, context)
            ids = [str(context.info.frame["sample_id"].iloc[row]) for row in rows]
            parts.append(rows_of(_columns(session.predict(batch)), ids))  # type: ignore[attr-defined]
        return pd.concat(parts, ignore_index=True)

    def _session(self, model: OtherModel, context: CollectionContext) -> Session:
        if model.digest not in self._opened:
            session: Session = find("subjects", model.kind).load()(
                model.subject(), context.base, context.device, context.settings
            )
            _check_digest(model, session.digest)
            self._opened[model.digest] = session
        return self._opened[model.digest]


def _model(need: Need) -> OtherModel:
    return OtherModel.model_validate_json(str(dict(need.options)["model"]))


def _check_digest(model: OtherModel, digest: str) -> None:
    if digest != model.digest:
        raise InputError(
            f"evaluate: the digest of the model '{model.name}' is {digest}, the spec says {model.digest}",
            hint=f"if it is the model to compare with, write digest: {digest}",
        )


def _columns(found: Any) -> Mapping[str, Any]:
    if isinstance(found, Mapping):
        return found
    scores: npt.NDArray[np.float64] = np.asarray(found, dtype=np.float64)
    return {"score": scores}


def _batch(takes: str, rows: Sequence[int], need: Need, context: CollectionContext) -> Any:
    """Return samples as the model takes them."""
    if takes == "samples":
        ids = context.info.frame["sample_id"]
        return [
            Sample(sample_id=str(ids.iloc[row]), dataset=need.dataset, condition=need.condition.name, severity=None)
            for row in rows
        ]
    decoded = context.dataset.decode(rows)
    if takes != "tensor":
        return decoded
    import torch

    return torch.from_numpy(np.require(decoded, requirements=["C", "W"])).to(context.device)
