"""The kinds of models that ship with the toolkit: what people may write for each, without importing anything heavy.

The implementation of a kind is ``open(subject, base, device, settings) -> Session``. Its `identity`, if it has one, is
``identify(subject, base) -> str | None``: the digest that the opened session will have, found without opening it, or
None where only the opened model tells.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from governance.plugins import SubjectDescriptor
from governance.spec.model import Name, Reference, Refers, Text, Written

File = Annotated[Text, "file", Refers("file")]
"""A file beside the spec; what counts for the subject's identity is its content."""
Folder = Annotated[Text, "folder"]
"""A folder beside the spec, or ``module:function`` that returns one; what counts are the contents of its files."""
Code = Annotated[Reference, "code"]
"""A function of one's own; what counts is the source of its module and of the modules beside it that it imports."""


class InputOptions(Written):
    """How decoded images become the network's input.

    8-bit images are divided by `scale` (255 unless given), images in floating point only if `scale` is given. Then
    `mean` is taken off and the result divided by `std`, channel by channel. Images of another size than `size` are
    resized on the device (bilinear, antialiased).
    """

    size: int | None = Field(default=None, ge=1, le=4096)
    channels: int = Field(default=3, ge=1, le=16)
    scale: float | None = Field(default=None, gt=0)
    mean: tuple[float, ...] | None = None
    std: tuple[Annotated[float, Field(gt=0)], ...] | None = None


class NetworkOptions(Written):
    """What all networks have in common.

    `transform` is a function of one's own, called with the decoded batch on the device instead of the scaling of
    `input`. `output` says whether the network gives logits (sigmoid or softmax is then applied) or probabilities.
    `classes` is the number of classes or their names in order of the index.
    """

    input: InputOptions | None = None
    transform: Code | None = None
    output: Literal["logits", "probabilities"] = "logits"
    classes: tuple[Text, ...] | int | None = None


class TimmOptions(NetworkOptions):
    """An architecture of timm by name, and its weights as safetensors."""

    architecture: Text
    weights: File


class TorchOptions(NetworkOptions):
    """A function of one's own that returns a ``torch.nn.Module``, and optionally the weights to load into it."""

    loader: Code
    weights: File | None = None


class TransformersOptions(NetworkOptions):
    """A folder with a classifier as `save_pretrained` leaves it: image or sequence classification."""

    folder: Folder


class GenerateOptions(Written):
    """A causal language model: a folder (with `gguf_file` for quantised weights), or a function that returns model and
    tokenizer. `chat` wraps the prompt in the tokenizer's chat template, after `system` where it is given.
    """

    folder: Folder | None = None
    loader: Code | None = None
    gguf_file: Text | None = None
    chat: bool = False
    system: Text | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.folder is None) == (self.loader is None):
            raise ValueError("a generating subject needs either `folder` or `loader`")
        if self.gguf_file is not None and self.folder is None:
            raise ValueError("gguf_file names a file in `folder`")
        return self


class VisionLanguageOptions(Written):
    """A vision-language model: a folder, or a function that returns model and processor. `chat` wraps image and prompt
    in the chat template, after `system` where it is given; without it prompts hold the placeholder of the image.
    """

    folder: Folder | None = None
    loader: Code | None = None
    chat: bool = True
    system: Text | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.folder is None) == (self.loader is None):
            raise ValueError("a vision-language subject needs either `folder` or `loader`")
        return self


_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_OWN_PARAMETERS = frozenset(
    {"model", "messages", "temperature", "max_tokens", "max_completion_tokens", "seed", "n", "stream", "logprobs"}
    | {"top_logprobs"}
)


class EndpointOptions(Written):
    """A model behind an OpenAI-compatible chat-completions endpoint, which is asked over the network.

    `base_url` is what comes before ``/chat/completions``; `network: true` says that the questions may be sent there.
    `api_key_env` names the environment variable that holds the key; a key is never written. `timeout` is seconds an
    attempt may take, `attempts` how often a request is sent before the server counts as down, `concurrency` how many
    requests are under way at a time. `top_logprobs` asks for log-probabilities (0: of the answer's tokens alone; with
    it the choices of closed questions can be compared). `token_limit` is the parameter that limits an answer's length,
    `parameters` are sent along as they are.
    """

    base_url: Text
    model: Text
    network: bool = False
    api_key_env: Annotated[Text, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    system: Text | None = None
    parameters: dict[Name, Any] = Field(default_factory=dict)
    token_limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"  # noqa: S105
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    timeout: float = Field(default=60.0, gt=0, le=3600)
    attempts: int = Field(default=5, ge=1, le=20)
    requests_per_minute: float | None = Field(default=None, gt=0)
    concurrency: int = Field(default=4, ge=1, le=64)

    @model_validator(mode="after")
    def _said_and_safe(self) -> Self:
        if not self.network:
            raise ValueError("an endpoint is asked over the network: write `network: true` if questions may be sent")
        try:
            parts = urlsplit(self.base_url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise ValueError("base_url is no address such as https://example.org/v1") from error
        if parts.scheme not in {"https", "http"} or not host:
            raise ValueError("base_url must be an address such as https://example.org/v1")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("base_url must hold no user, password, query or fragment; keys belong into api_key_env")
        if parts.scheme == "http" and self.api_key_env is not None and host not in _LOOPBACK:
            raise ValueError("a key is only sent over https, or to this machine itself")
        taken = sorted(_OWN_PARAMETERS & set(self.parameters))
        if taken:
            raise ValueError(f"`parameters` must not hold '{taken[0]}', which the collector sets")
        return self


class SklearnOptions(Written):
    """A fitted estimator with ``predict_proba``, saved by skops (or a pickle with `allow_pickle: true`).

    `trusted` lists types outside scikit-learn that the file may hold.
    """

    weights: File
    trusted: tuple[Text, ...] = ()
    classes: tuple[Text, ...] | int | None = None


class MlflowOptions(Written):
    """An MLflow model with the python_function flavour, which unpickles: needs `allow_pickle: true`."""

    uri: Text
    classes: tuple[Text, ...] | int | None = None


class RecordedOptions(Written):
    """Predictions that were made elsewhere: a CSV or Parquet file, or one for each dataset by its name.

    Columns: ``sample_id`` and what the task asks for: ``score`` (probability of the positive class); the columns that
    `scores` lists, one a class or label; ``value`` of a regression; ``dice`` of a segmentation (optional beside it:
    ``iou``, ``hausdorff_95`` in mm, ``reference_empty`` and ``prediction_empty``). Optional for all: ``status`` and
    ``reason`` for samples that the model rejected; ``dataset``, ``condition`` and ``severity`` where one file holds
    several.
    """

    predictions: File | dict[Name, File]
    scores: tuple[Text, ...] = ()
    classes: tuple[Text, ...] | int | None = None


TIMM = SubjectDescriptor(
    name="timm",
    title="Image classifier of timm",
    implementation="governance.subjects.timm_image:open_timm",
    identity="governance.subjects.identity:identify",
    options=TimmOptions,
    capabilities=frozenset({"predict", "logits", "embed"}),
)
TORCH = SubjectDescriptor(
    name="torch",
    title="PyTorch module",
    implementation="governance.subjects.torch_module:open_torch",
    identity="governance.subjects.identity:identify",
    options=TorchOptions,
    capabilities=frozenset({"predict", "logits", "embed", "segment"}),
)
TRANSFORMERS = SubjectDescriptor(
    name="transformers",
    title="Classifier of Hugging Face transformers",
    implementation="governance.subjects.transformers_classifier:open_transformers",
    identity="governance.subjects.identity:identify",
    options=TransformersOptions,
    capabilities=frozenset({"predict", "logits", "embed"}),
)
GENERATE = SubjectDescriptor(
    name="generate",
    title="Causal language model of Hugging Face transformers",
    implementation="governance.subjects.language_model:open_language_model",
    identity="governance.subjects.identity:identify",
    options=GenerateOptions,
    capabilities=frozenset({"generate"}),
)
VISION_LANGUAGE = SubjectDescriptor(
    name="vision-language",
    title="Vision-language model of Hugging Face transformers",
    implementation="governance.subjects.vision_language:open_vision_language",
    identity="governance.subjects.identity:identify",
    options=VisionLanguageOptions,
    capabilities=frozenset({"generate"}),
)
ENDPOINT = SubjectDescriptor(
    name="endpoint",
    title="Model behind an OpenAI-compatible endpoint",
    implementation="governance.subjects.endpoint:open_endpoint",
    identity="governance.subjects.endpoint:identify_endpoint",
    options=EndpointOptions,
    capabilities=frozenset({"generate"}),
)
SKLEARN = SubjectDescriptor(
    name="sklearn",
    title="Estimator of scikit-learn",
    implementation="governance.subjects.sklearn_estimator:open_sklearn",
    identity="governance.subjects.identity:identify",
    options=SklearnOptions,
)
MLFLOW = SubjectDescriptor(
    name="mlflow",
    title="MLflow model (python_function)",
    implementation="governance.subjects.mlflow_model:open_mlflow",
    options=MlflowOptions,
)
RECORDED = SubjectDescriptor(
    name="recorded",
    title="Predictions made elsewhere",
    implementation="governance.subjects.recorded:open_recorded",
    identity="governance.subjects.identity:identify",
    options=RecordedOptions,
)
