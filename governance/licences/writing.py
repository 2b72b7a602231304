"""Write what a run says of its licence: a notice for people, a reference for machines, and the licence text."""

from __future__ import annotations

from pathlib import Path

from governance.evidence.folder import RunFolder, write_atomically
from governance.licences.flow_down import flow_down, has_flow_down
from governance.licences.notice import notice
from governance.licences.statement import LicenceStatement, describe_licence
from governance.licences.text import FOLDER, read_licence_text
from governance.spec import LoadedSpec
from governance.spec.model import Spec

VERSION = 2
"""Of `licence.json`. 2 added the text's digest, the lineage, datasets and what to pass on; 1 is still read."""


def write_licence(folder: RunFolder, spec: Spec | LoadedSpec) -> LicenceStatement:
    """Write ``licence/``: ``NOTICE.md``, ``licence.json``, ``FLOW-DOWN.md`` and the licence text; return what they say.

    What an earlier call left there and this one does not write is removed.

    Parameters
    ----------
    spec
        The loaded spec; a spec without its folder will do, but then a licence text beside it is named and not copied.

    Raises
    ------
    InputError
        See `describe_licence`.
    """
    content, base = (spec.spec, spec.base) if isinstance(spec, LoadedSpec) else (spec, None)
    statement = describe_licence(content, base)
    named = content.licence.text if content.licence is not None else None
    text = read_licence_text(named, base)
    place = folder.licence
    _remove_left_over(place)
    folder.write_json(place / "licence.json", {"version": VERSION, **statement.model_dump(mode="json")})
    write_atomically(place / "NOTICE.md", notice(statement, content).encode("utf-8"))
    if has_flow_down(statement):
        write_atomically(place / "FLOW-DOWN.md", flow_down(statement, content).encode("utf-8"))
    if text is not None:
        write_atomically(place / text.copy, text.content)
    return statement


def _remove_left_over(place: Path) -> None:
    """Remove what only some licences have; links are removed, not followed."""
    (place / "FLOW-DOWN.md").unlink(missing_ok=True)
    texts = place / FOLDER
    if texts.is_symlink():
        texts.unlink()
    elif texts.is_dir():
        for file in texts.iterdir():
            if file.is_symlink() or file.is_file():
                file.unlink()
