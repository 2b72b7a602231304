"""The collector of generated answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from governance.harness.conditions import changed_items, condition_seeds, implementation
from governance.harness.descriptors import GenerateOptions
from governance.harness.protocols import OK, CollectionContext, Need, Shard
from governance.harness.seeds import sample_seed

if TYPE_CHECKING:
    from governance.subjects.protocol import Session

LARGEST_BATCH = 16
"""Most questions at a time: a cache of keys and values for more would not fit beside a model on a small machine."""

_DECODED = 256
"""Items that are decoded at a time to look at their prompts."""


class Generate:
    """Asks a language model, shard after shard of a fixed size; every answer has a seed of its own."""

    def shards(self, need: Need, context: CollectionContext) -> Sequence[Shard]:
        """Cut the questions into shards of one batch each."""
        chosen = _chosen(context, _options(need).items)
        variant = _variant(need, context)
        if variant is not None:
            having = set(context.dataset.variants(variant))
            chosen = [index for index in chosen if index in having]
        chosen, lengths = _askable(context, chosen, variant)
        # Questions of like length travel together: a batch computes as many tokens as its longest prompt has.
        order = sorted(range(len(chosen)), key=lambda place: (lengths[place], place))
        size = min(context.settings.batch_size, LARGEST_BATCH)
        cuts = range(0, len(chosen), size)
        return [Shard(f"{start:07d}", tuple(chosen[place] for place in order[start : start + size])) for start in cuts]

    def collect(self, need: Need, shard: Shard, context: CollectionContext) -> pd.DataFrame:
        """Return one row a question and repeat."""
        options = _options(need)
        session: Session = context.open_subject()
        ids = [str(context.info.frame["sample_id"].iloc[index]) for index in shard.indices]
        items = _items(need, shard, ids, context)
        repeats = range(options.samples if options.temperature > 0 else 1)
        seeds = [[sample_seed(context.settings.seed, name, "generate", repeat) for repeat in repeats] for name in ids]
        answers = session.generate(items, options=options.model_dump(), seeds=seeds)  # type: ignore[attr-defined]
        rows: list[dict[str, Any]] = []
        for answer in answers:
            row = {"sample_id": ids[answer["item"]], "status": OK, "reason": ""}
            rows.append({**row, **{key: value for key, value in answer.items() if key != "item"}})
        return pd.DataFrame(rows)


def _askable(context: CollectionContext, chosen: Sequence[int], variant: str | None) -> tuple[list[int], list[int]]:
    """Return the items with a question and the characters of each; entries that could not be read have none.

    Items are decoded a few at a time, for they may hold images.
    """
    found, lengths = [], []
    for start in range(0, len(chosen), _DECODED):
        part = chosen[start : start + _DECODED]
        for index, item in zip(part, context.dataset.decode(part, variant), strict=True):
            if str(item["prompt"]).strip():
                found.append(index)
                lengths.append(len(str(item["prompt"])))
    return found, lengths


def _options(need: Need) -> GenerateOptions:
    return GenerateOptions.model_validate(dict(need.options))


def _variant(need: Need, context: CollectionContext) -> str | None:
    """Return the name of the version that the dataset decodes for the need's condition."""
    descriptor = context.conditions.get(need.condition.name)
    return need.condition.name if descriptor is not None and descriptor.kind == "variant" else None


def _items(need: Need, shard: Shard, ids: Sequence[str], context: CollectionContext) -> list[Any]:
    """Decode the items of a shard under the need's condition."""
    variant = _variant(need, context)
    items = list(context.dataset.decode(shard.indices, variant))
    if need.condition.is_clean or variant is not None:
        return items
    function = implementation(context.conditions[need.condition.name], context.base)
    return changed_items(function, need, items, condition_seeds(need, ids, context.settings.seed))


def _chosen(context: CollectionContext, limit: int | None) -> list[int]:
    """Choose questions by a hash of seed and id, in the dataset's order: a choice of 20 is part of a choice of 30."""
    ids = context.info.frame["sample_id"].tolist()
    if limit is None or limit >= len(ids):
        return list(range(len(ids)))
    order = sorted(range(len(ids)), key=lambda row: sample_seed(context.settings.seed, str(ids[row]), "items"))
    return sorted(order[:limit])
