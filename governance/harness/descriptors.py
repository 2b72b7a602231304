"""The collectors that ship with the harness, without importing anything heavy."""

from __future__ import annotations

from pydantic import Field

from governance.plugins import CollectorDescriptor
from governance.spec.model import Reference, Text, Written

_ROW = {"sample_id": "string", "status": "ok, rejected or unparsed", "reason": "string, empty where ok"}


class EmbedOptions(Written):
    """Which network embeds: the subject, or an extractor ``module:function`` of one's own."""

    extractor: Reference | None = None


class GenerateOptions(Written):
    """How a language model answers. With `temperature` 0 it answers greedily, once; else `samples` times.

    `items` limits the questions to that many, chosen by a hash of the seed and the item's id.
    """

    choices: tuple[Text, ...] = ()
    max_new_tokens: int = Field(default=32, ge=1, le=4096)
    samples: int = Field(default=1, ge=1, le=1000)
    temperature: float = Field(default=0.0, ge=0, le=10)
    items: int | None = Field(default=None, ge=1)


PREDICT = CollectorDescriptor(
    name="predict",
    title="Predicted probabilities",
    implementation="governance.harness.collectors:Predict",
    columns={
        **_ROW,
        "score": "float64, probability of the positive class",
        "scores": "list of float64, one a class, instead of score for several classes",
    },
)
EMBED = CollectorDescriptor(
    name="embed",
    title="Features before the classifier",
    implementation="governance.harness.collectors:Embed",
    options=EmbedOptions,
    columns={**_ROW, "embedding": "list of float32"},
)
GENERATE = CollectorDescriptor(
    name="generate",
    title="Generated answers",
    implementation="governance.harness.generation:Generate",
    options=GenerateOptions,
    columns={
        **_ROW,
        "repeat": "int64",
        "text": "string",
        "choice_*": "float64, log-probability that the answer begins with this choice",
    },
)
