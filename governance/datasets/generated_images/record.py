"""One record of a generated image: what was asked for, and what quality control said.

The form is a contract with a version (`governance schema generated-images`); readers keep every published version.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StringConstraints

from governance.datasets.generations.record import Closed, Id

GENERATED_IMAGES_VERSION: Literal[1] = 1


class QualityVerdict(Closed):
    """What one person or tool said of one check of one image.

    `violated` is None where no verdict could be given; `by` names who judged, `version` that of a tool.
    """

    check: Id
    violated: StrictBool | None
    by: Id
    version: str | None = None
    note: str | None = None


class GeneratedImageRecord(Closed):
    """An image, the request it was made for, and verdicts of quality control.

    Attributes
    ----------
    image_id
        Unique in a file.
    prompt_id
        What images of the same request share: they are no independent observations. By default the prompt itself.
    prompt
        What was asked for, in words.
    requested
        What was asked for, attribute by attribute (sex, age, view, finding, ...): these define groups.
    model, seed
        What made it.
    file, sha256
        Where the image is, and the digest of its bytes.
    verdicts
        What persons or tools said, several to a check where several looked.
    extra
        Every field of the file that has no place above, as it was.
    """

    version: Literal[1] = GENERATED_IMAGES_VERSION
    image_id: Id
    prompt_id: Id | None = None
    prompt: str = ""
    requested: dict[str, str | bool | int | float | None] = Field(default_factory=dict)
    model: str | None = None
    seed: int | None = None
    file: str | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    verdicts: tuple[QualityVerdict, ...] = ()
    extra: dict[str, Any] = Field(default_factory=dict)
