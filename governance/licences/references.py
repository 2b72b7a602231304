"""How outside formats name a licence: SPDX, CycloneDX and Hugging Face cards.

RAIL licences are not on the SPDX list, so they are ``LicenseRef-...`` with the text beside it where it was given.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from governance.licences.known import is_listed

if TYPE_CHECKING:
    from governance.licences.statement import LicenceStatement

NOASSERTION = "NOASSERTION"
"""What SPDX says where nothing is stated."""
_NO_TEXT = "The licence text was not provided."
_LONE = re.compile(r"[A-Za-z0-9.+-]+")


def reference_name(*parts: str) -> str:
    """Return a name that SPDX takes after ``LicenseRef-``: letters, digits, dots and hyphens."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", "-".join(parts)).strip("-") or "unnamed"


def spdx_expression(statement: LicenceStatement) -> str:
    """Return the licence as an SPDX expression; ``NOASSERTION`` where none was given."""
    return statement.spdx or NOASSERTION


def spdx_extracted_licence(statement: LicenceStatement, text: bytes | None = None) -> dict[str, Any] | None:
    """Return what an SPDX 2.3 document says of a licence that is not listed (``hasExtractedLicensingInfos``).

    None where the licence is on the SPDX list or not given. SPDX 3 has the same as a ``SimpleLicensingText``.

    Parameters
    ----------
    text
        The licence text, as `LicenceStatement.text_file` names it in the run.
    """
    if statement.spdx is None or statement.on_spdx_list or _LONE.fullmatch(statement.spdx) is None:
        return None
    found: dict[str, Any] = {
        "licenseId": statement.spdx,
        "name": statement.title or statement.kind or statement.spdx,
        "extractedText": _NO_TEXT if text is None else text.decode("utf-8", errors="replace"),
    }
    if statement.text_link is not None:
        found["seeAlsos"] = [statement.text_link]
    return found


def cyclonedx_licences(statement: LicenceStatement, text: bytes | None = None) -> list[dict[str, Any]]:
    """Return the ``licenses`` of a CycloneDX 1.6 component; empty where none was given.

    Parameters
    ----------
    text
        The licence text, for a licence that is not listed.
    """
    if statement.spdx is None:
        return []
    if _LONE.fullmatch(statement.spdx) is None:
        return [{"expression": statement.spdx, "acknowledgement": "declared"}]
    if is_listed(statement.spdx):
        return [{"license": {"id": statement.spdx, "acknowledgement": "declared"}}]
    own: dict[str, Any] = {"name": statement.spdx, "acknowledgement": "declared"}
    if text is not None:
        encoded = base64.b64encode(text).decode("ascii")
        own["text"] = {"contentType": "text/plain", "encoding": "base64", "content": encoded}
    if statement.text_link is not None:
        own["url"] = statement.text_link
    return [{"license": own}]


def huggingface_fields(statement: LicenceStatement) -> dict[str, str]:
    """Return the licence fields of a Hugging Face card; empty where none was given."""
    return dict(statement.huggingface)
