"""The kinds of data that ship with the toolkit: what people may write for each, without importing anything heavy."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from governance.plugins import DatasetDescriptor
from governance.spec.model import FileName, Name, Reference, Text, Written


class TableOptions(Written):
    """A CSV or Parquet file, one row a sample. `features` are the columns that the model takes, in their order."""

    table: FileName
    features: tuple[Text, ...] = ()


class ImageFolderOptions(Written):
    """A table that names one image file a sample. Images are decoded to 8 bits, grey (1) or colour (3).

    `folder` is where the file names start (by default where the table lies). Without `size` all images must have the
    same size; with it they are resized to ``size x size`` pixels (bilinear).
    """

    table: FileName
    image: Text
    folder: FileName | None = None
    channels: Literal[1, 3] = 3
    size: int | None = Field(default=None, ge=1, le=4096)


class NpzOptions(Written):
    """Arrays in one `.npz` file without pickled objects.

    `images` names the array of inputs, ``(n, h, w)``, ``(n, h, w, channels)``, ``(n, channels, h, w)`` or
    ``(n, features)``; `labels` an array that becomes the column of that name; `masks` reference masks of a
    segmentation, ``(n, h, w)``; `table` a CSV or Parquet file with one row a sample for everything else. Without a
    table every one-dimensional array of length n is a column.
    """

    file: FileName
    images: Text = "images"
    labels: Text | None = None
    masks: Text | None = None
    table: FileName | None = None


class QuestionsOptions(Written):
    """A file of questions, one JSON object a line.

    Keys: ``item_id``, ``prompt`` (or ``question`` with an optional ``context``), and as needed ``reference``,
    ``choices``, columns for target, cluster and attributes, and ``variants``: other wordings of the prompt (or of the
    question) by the name of a condition, such as ``{"paraphrase": "..."}``.

    With `images`, the folder where the file names under ``image`` start, an item is asked with its image, decoded to
    8-bit colour in its own size; items without that key are asked without one.
    """

    file: FileName
    images: FileName | None = None


class GenerationsOptions(Written):
    """Answers that a generating model gave, or questions for them, in one of the known formats.

    `format` says how to read the file (``plain``: `governance schema generations`, one JSON object a line). `answers`
    is a file with a model's answers to the questions by ``item_id``, one JSON object a line. `task_type` replaces what
    the format says. `fields` tells which name the file has for a field of the format: ``{generation: model_output}``.

    Where a model is asked the questions, `ask` is how they are put to it (``{question}``, and ``{options}`` for the
    choices, one a line), and `images` is the folder that holds the image of each record's ``image_id``.
    """

    file: FileName
    format: Literal["plain", "med-hallmark", "medvh", "cares", "med-halt", "polling", "vqa-rad", "slake"] = "plain"
    answers: FileName | None = None
    task_type: Text | None = None
    fields: dict[Text, Text] = Field(default_factory=dict)
    images: FileName | None = None
    ask: Annotated[str, StringConstraints(pattern=r"\{question\}")] | None = None


class GeneratedImagesOptions(Written):
    """Images that a model made on request, with verdicts of quality control; `governance schema generated-images`."""

    file: FileName


class LoaderOptions(Written):
    """A function of one's own that returns the dataset. `options` are passed to it as keyword arguments."""

    loader: Reference
    options: dict[Name, Any] = Field(default_factory=dict)


TABLE = DatasetDescriptor(
    name="table",
    title="CSV or Parquet table",
    implementation="governance.datasets.table:open_table",
    options=TableOptions,
)
IMAGE_FOLDER = DatasetDescriptor(
    name="image-folder",
    title="Folder of images with a table",
    implementation="governance.datasets.image_folder:open_image_folder",
    options=ImageFolderOptions,
)
NPZ = DatasetDescriptor(
    name="npz",
    title="NumPy arrays in one file",
    implementation="governance.datasets.npz:open_npz",
    options=NpzOptions,
)
GENERATED_IMAGES = DatasetDescriptor(
    name="generated-images",
    title="Records of generated images, one JSON object a line",
    implementation="governance.datasets.generated_images.dataset:open_generated_images",
    options=GeneratedImagesOptions,
)
QUESTIONS = DatasetDescriptor(
    name="questions",
    title="Questions, one JSON object a line",
    implementation="governance.datasets.questions:open_questions",
    options=QuestionsOptions,
)
GENERATIONS = DatasetDescriptor(
    name="generations",
    title="Recorded answers of a generating model",
    implementation="governance.datasets.generations.dataset:open_generations",
    options=GenerationsOptions,
)
LOADER = DatasetDescriptor(
    name="loader",
    title="A function of one's own",
    implementation="governance.datasets.loader:open_loader",
    options=LoaderOptions,
)
