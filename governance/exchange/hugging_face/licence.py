"""How the Hub names the licence of a run, and the files that go with a licence that it has no name for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from governance.documents.build.run import Run
from governance.exchange.hugging_face.hub_datasets import HUB_ID
from governance.exchange.hugging_face.results import slug
from governance.exchange.reports.plain_text import one_line
from governance.licences.statement import LicenceStatement

NOTICE = "NOTICE.md"
LICENCE_FILES = ("LICENSE", "LICENSE.md", NOTICE)
"""What lies beside a card. The first two are the only names of a file that the Hub takes for a licence."""
_OTHER = "other"
"""The Hub's word for a licence that it has no name for."""


def licence_fields(run: Run) -> dict[str, Any]:
    """Return how the Hub names the licence, and the address of its text or the file of it beside the card."""
    given = _given(run)
    if given is None:
        return {}
    fields: dict[str, Any] = {"license": slug(given.huggingface.get("license", _OTHER))}
    if fields["license"] != _OTHER:
        return fields
    fields["license_name"] = slug(given.huggingface.get("license_name") or given.kind)
    address = _address(given)
    file = next((name for name in licence_files(run) if name != NOTICE), None)
    link = address or file
    return fields if link is None else {**fields, "license_link": link}


def licence_files(run: Run) -> Mapping[str, Path]:
    """Return the files that go beside the card, by their names there: the licence, and the notice of its restrictions.

    Where there is no text of the licence, the notice, which says that it is a summary, stands in its place.
    """
    given = _given(run)
    if given is None or slug(given.huggingface.get("license", _OTHER)) != _OTHER:
        return {}
    folder = run.folder.licence
    notice = folder / NOTICE
    text = folder / Path(given.huggingface.get("license_link", NOTICE)).name
    if text.name != NOTICE and text.is_file():
        name = "LICENSE.md" if text.suffix.lower() == ".md" else "LICENSE"
        return {name: text, **({NOTICE: notice} if notice.is_file() else {})}
    if not notice.is_file():
        return {}
    return {(NOTICE if _address(given) else "LICENSE.md"): notice}


def base_models(run: Run) -> Iterator[str]:
    """Yield models of the Hub that this one derives from: ``owner/name under licence``."""
    for written in run.licence.inherits if run.licence else ():
        base, under, _ = written.rpartition(" under ")
        if under and HUB_ID.fullmatch(base.strip()):
            yield base.strip()


def _given(run: Run) -> LicenceStatement | None:
    return run.licence if run.licence is not None and run.licence.status == "given" else None


def _address(given: LicenceStatement) -> str | None:
    text = one_line(given.text or "")
    return text if text.startswith(("https://", "http://")) and " " not in text else None
