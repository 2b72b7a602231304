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


class SegmentOptions(Written):
    """A pixel belongs to the predicted mask from `threshold` on. `spacing` is millimetres between pixels, by axis."""

    threshold: float = Field(default=0.5, gt=0, lt=1)
    spacing: tuple[float, ...] | None = None


PREDICT = CollectorDescriptor(
    name="predict",
    title="Predicted probabilities",
    implementation="governance.harness.collectors:Predict",
    columns={
        **_ROW,
        "score": "float64, probability of the positive class",
        "scores": "list of float64, one a class or label, instead of score for several",
        "value": "float64, instead of score for a regression",
    },
)
LOGITS = CollectorDescriptor(
    name="logits",
    title="Outputs of the network before sigmoid or softmax",
    implementation="governance.harness.collectors:Logits",
    columns={**_ROW, "logits": "list of float64, one an output of the network; a binary task may have one or two"},
)
SEGMENT = CollectorDescriptor(
    name="segment",
    title="Predicted masks against reference masks",
    implementation="governance.harness.segmentation:Segment",
    options=SegmentOptions,
    columns={
        **_ROW,
        "dice": "float64 in [0, 1]; missing where both masks are empty",
        "iou": "float64 in [0, 1]; missing where both masks are empty",
        "hausdorff_95": "float64, mm; missing where a mask is empty or no spacing is given",
        "reference_empty": "float64, 0 or 1",
        "prediction_empty": "float64, 0 or 1",
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
    version=2,
    options=GenerateOptions,
    columns={
        **_ROW,
        "repeat": "int64",
        "text": "string",
        "choice_*": "float64, log-probability that the answer begins with this choice",
        "tokens": "int64, tokens of the answer, where the model tells",
        "log_probability": "float64, sum of the tokens' natural log-probabilities, where the model tells",
        "prompt_tokens": "int64, as an endpoint counts",
        "completion_tokens": "int64, as an endpoint counts",
        "finish_reason": "string, why an endpoint ended the answer",
        "served_model": "string, the model that an endpoint says it asked",
        "system_fingerprint": "string, what an endpoint says of its configuration",
    },
)
