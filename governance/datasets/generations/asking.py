"""How a record's question is put to a model: its words, its choices, and its image."""

from __future__ import annotations

from pathlib import Path

from governance.datasets.generations.record import GenerationRecord
from governance.errors import InputError

PLAIN = "{question}"
WITH_CHOICES = "{question}\n{options}\nAnswer with the letter of one choice."
"""What a question with choices is put as, unless the dataset says otherwise under `ask`."""
PLACES = ("question", "options")
IMAGES = (".png", ".jpg", ".jpeg")


def asked(record: GenerationRecord, template: str | None = None) -> str:
    """Return the text that is put to a model; "" where the record holds no question.

    Parameters
    ----------
    template
        With ``{question}``, and ``{options}`` for the choices, one a line. Braces in the question itself are no places.
    """
    if not record.question.strip():
        return ""
    form = template or (WITH_CHOICES if record.options else PLAIN)
    choices = "\n".join(f"{key}: {text}" for key, text in record.options.items())
    before, place, after = form.partition("{question}")
    if not place:
        raise ValueError("a template needs {question}")
    return before.replace("{options}", choices) + record.question + after.replace("{options}", choices)


def image_file(folder: Path, name: str) -> Path:
    """Return the file of an image, with the ending that it has there where its name has none.

    Raises
    ------
    InputError
        If there is none, or it lies outside of the folder.
    """
    for path in (folder / name, *(folder / f"{name}{ending}" for ending in IMAGES)):
        if path.is_file():
            if not path.resolve().is_relative_to(folder.resolve()):
                raise InputError(f"the image '{name}' lies outside of '{folder.name}'")
            return path
    raise InputError(f"a record names the image '{name}', which is not in '{folder.name}'")
