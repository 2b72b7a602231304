"""Asks the subject rewritten questions, as it is asked those that stand in the dataset."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from evaluators.hallucination.rewriting.model import DEMAND, Rewriting, applicable, rewritten
from governance.datasets.protocol import Dataset
from governance.errors import InputError
from governance.evidence.model import Condition
from governance.harness.generation import Generate
from governance.harness.protocols import CollectionContext, Need, Shard
from governance.plugins import ConditionDescriptor

if TYPE_CHECKING:
    import pandas as pd

_DECODED = 256
"""Items that are decoded at a time to look whether they are asked; they may hold images."""
_REWRITTEN = ConditionDescriptor(name="rewritten", title="Rewritten", kind="variant", severities=())


@dataclass(frozen=True)
class RewrittenDataset:
    """A dataset whose samples have one more version: the rewritten question. `demands` holds an answer a sample."""

    table: pd.DataFrame
    dataset: Dataset
    rewriting: Rewriting
    demands: Sequence[str]

    def decode(self, indices: Sequence[int], variant: str | None = None) -> list[dict[str, Any]]:
        """Return the rewritten questions at `indices`, or those that were given where no version is named."""
        items = self.dataset.decode(indices)
        if variant is None:
            return list(items)
        return [
            rewritten(item, self.rewriting, self.demands[index], self._name(index))
            for item, index in zip(items, indices, strict=True)
        ]

    def variants(self, name: str) -> Sequence[int]:  # noqa: ARG002 - there is one
        """Return the samples for which the rewriting makes sense."""
        count = len(self.table)
        parts = (range(start, min(start + _DECODED, count)) for start in range(0, count, _DECODED))
        found = ((index, item) for part in parts for index, item in zip(part, self.dataset.decode(part), strict=True))
        return tuple(index for index, item in found if applicable(item, self.rewriting, self._name(index)))

    def _name(self, index: int) -> str:
        return str(self.table["sample_id"].iloc[index])


class GenerateRewritten:
    """Collects answers as `generate` does, from questions into which a text was put."""

    def shards(self, need: Need, context: CollectionContext) -> Sequence[Shard]:
        """Cut the questions for which the rewriting makes sense into shards of one batch each.

        Raises
        ------
        InputError
            If it makes sense for none of them, or one lacks the slot.
        """
        found = Generate().shards(*_delegated(need, context))
        if not found:
            values = ", ".join(_rewriting(need).values)
            raise InputError(
                f"datasets.{need.dataset}: every item says that '{values}' is not applicable",
                hint="leave the attribute out, or take items that can be asked of anyone",
            )
        return found

    def collect(self, need: Need, shard: Shard, context: CollectionContext) -> pd.DataFrame:
        """Return one row a question."""
        return Generate().collect(*_arguments(need, shard, context))


def _arguments(need: Need, shard: Shard, context: CollectionContext) -> tuple[Need, Shard, CollectionContext]:
    changed, inside = _delegated(need, context)
    return changed, shard, inside


def _rewriting(need: Need) -> Rewriting:
    return Rewriting.model_validate(json.loads(dict(need.options)["rewriting"]))


def _delegated(need: Need, context: CollectionContext) -> tuple[Need, CollectionContext]:
    """Return the need and its context as those of another version of the same questions."""
    options: Mapping[str, Any] = {key: value for key, value in need.options if key != "rewriting"}
    rewriting = _rewriting(need)
    dataset = RewrittenDataset(context.info.frame, context.dataset, rewriting, _demands(rewriting, options, context))
    conditions = {_REWRITTEN.name: _REWRITTEN}
    changed = Need.of("generate", need.dataset, condition=Condition(name=_REWRITTEN.name), **options)
    return changed, replace(context, dataset=dataset, conditions=conditions)


def _demands(rewriting: Rewriting, options: Mapping[str, Any], context: CollectionContext) -> list[str]:
    """Return the wrong answer to each question, where the text demands it."""
    if DEMAND not in rewriting.text:
        return [""] * len(context.info.frame)
    asserting, denying = options["choices"]
    return [denying if target == 1 else asserting for target in context.info.frame["target"]]
