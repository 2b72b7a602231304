"""The collector of recorded answers: observations that a dataset holds already, in the form that evaluators read."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from governance.errors import InputError
from governance.evidence.canonical import canonical_json
from governance.harness.protocols import OK, REJECTED, CollectionContext, Need, Shard

ROWS = 4096
"""Records in a shard."""


class ReadRecorded:
    """Reads records; no model is opened."""

    def shards(self, need: Need, context: CollectionContext) -> Sequence[Shard]:  # noqa: ARG002
        """Cut the records into parts of one size."""
        starts = range(0, context.info.n, ROWS)
        return [Shard(f"{start:07d}", tuple(range(start, min(start + ROWS, context.info.n)))) for start in starts]

    def collect(self, need: Need, shard: Shard, context: CollectionContext) -> pd.DataFrame:
        """Return one row an entry with the record as JSON, or the reason why it could not be read.

        Raises
        ------
        InputError
            If the dataset is not of the kind that holds records.
        """
        items = context.dataset.decode(shard.indices)
        rows = []
        for index, item in zip(shard.indices, items, strict=True):
            if "record" not in item and "broken" not in item:
                raise InputError(
                    f"datasets.{need.dataset}: holds no recorded answers",
                    hint="evaluate.generations needs a dataset of kind: generations",
                )
            broken = item.get("broken")
            rows.append(
                {
                    "sample_id": str(context.info.frame["sample_id"].iloc[index]),
                    "status": OK if broken is None else REJECTED,
                    "reason": broken or "",
                    "record": "" if broken is not None else canonical_json(item["record"]).decode(),
                }
            )
        return pd.DataFrame(rows)
