"""Opening and saving PDFs in memory, for the tests of them."""

from __future__ import annotations

import io
from typing import Any


def opened(data: bytes) -> Any:
    import pikepdf

    return pikepdf.open(io.BytesIO(data))


def saved(file: Any) -> bytes:
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()
