"""Records in the toolkit's own form: the fields of a `GenerationRecord`, one JSON object a line.

Short forms: ``samples`` may be texts; ``label`` is what people judged; a boolean, ``sex`` or the like that is no field
of a record is kept under ``extra`` and can define groups.
"""

from __future__ import annotations

from typing import Any

from governance.datasets.generations.fields import lettered
from governance.datasets.generations.record import HUMAN, known_fields


def read(content: dict[str, Any], number: int, file: str) -> dict[str, Any]:  # noqa: ARG001
    """Return the fields of a record."""
    known = known_fields()
    found = {key: value for key, value in content.items() if key in known and value is not None}
    extra = {key: value for key, value in content.items() if key not in known}
    given = found.pop("extra", {})
    for name in ("item_id", "pair_id", "image_id", "patient_id", "reference"):
        if isinstance(found.get(name), int | float) and not isinstance(found[name], bool):
            found[name] = str(found[name])
    if isinstance(found.get("samples"), list):
        found["samples"] = [{"text": one} if isinstance(one, str) else one for one in found["samples"]]
    if "options" in found:
        found["options"] = lettered(found["options"])
    label = extra.pop("label", None)
    if label is not None:
        found["judgements"] = [*found.get("judgements", ()), {"judge": HUMAN, "label": label}]
    return {**found, "extra": {**(given if isinstance(given, dict) else {"extra": given}), **extra}}
