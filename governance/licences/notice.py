"""Write the licence notice for people and the licence reference for machines."""

from __future__ import annotations

from collections.abc import Iterator

from governance.evidence.folder import RunFolder, write_atomically
from governance.licences.statement import LicenceStatement, RestrictionInForce, describe_licence
from governance.spec.model import Spec

_SUMMARY = (
    "This notice is a summary in other words. It is not the licence and no legal advice; only the licence text counts."
)
_NOT_OPEN_SOURCE = (
    "A RAIL licence restricts use, so it is not an open source licence in the sense of the Open Source Initiative, "
    "and it is not on the SPDX list. Whether the EU AI Act's reliefs for free and open-source models apply is doubtful."
)
_NO_TEXT = "not provided by the provider; without it there is only this summary"


def write_licence(folder: RunFolder, spec: Spec) -> LicenceStatement:
    """Write ``licence/NOTICE.md`` and ``licence/licence.json`` and return what they say.

    Raises
    ------
    InputError
        See `describe_licence`.
    """
    statement = describe_licence(spec)
    folder.write_json(folder.licence / "licence.json", {"version": 1, **statement.model_dump(mode="json")})
    write_atomically(folder.licence / "NOTICE.md", notice(statement, spec).encode("utf-8"))
    return statement


def notice(statement: LicenceStatement, spec: Spec) -> str:
    """Return the notice as Markdown."""
    return "\n".join(_lines(statement, spec)) + "\n"


def _lines(statement: LicenceStatement, spec: Spec) -> Iterator[str]:
    yield f"# Licence notice: {_plain(spec.subject.name)} {_plain(spec.subject.version)}"
    yield ""
    if statement.status == "not provided":
        yield "No licence was provided by the provider, so this notice gives nobody leave to use or pass on the model."
        return
    yield f"- Licence: {_plain(statement.title or '')}"
    yield f"- Reference: `{statement.spdx}`"
    if statement.permits:
        yield f"- Permits: {statement.permits}"
    yield f"- Covers: {', '.join(statement.artifacts)}"
    yield f"- Licensor: {_plain(statement.licensor or 'not provided by the provider')}"
    yield f"- Licence text: {_plain(statement.text or (_NO_TEXT if statement.is_rail else 'see the SPDX reference'))}"
    for base in statement.inherits:
        yield f"- Derived from: {_plain(base)}"
    fields = ", ".join(f"`{key}: {value}`" for key, value in statement.huggingface.items())
    yield f"- Model card fields (Hugging Face): {fields}"
    for warning in statement.warnings:
        yield ""
        yield f"**Warning.** {_plain(warning)}"
    if statement.restrictions:
        yield ""
        yield "## Restrictions on use in force"
        yield ""
        for restriction in statement.restrictions:
            yield f"- **{restriction.id}**: {_plain(restriction.label)}. {_origin(restriction)}"
    if statement.flow_down:
        yield ""
        yield "## If you pass it on"
        yield ""
        yield from (f"- {line}" for line in statement.flow_down)
        yield ""
        yield (
            "To whoever receives this model or anything derived from it: its use is restricted as listed above, and "
            "you must hold your own users to the same restrictions."
        )
    yield ""
    yield _SUMMARY
    if statement.is_rail:
        yield _NOT_OPEN_SOURCE


def _origin(restriction: RestrictionInForce) -> str:
    where = f"{restriction.source}, {restriction.clause}" if restriction.clause else restriction.source
    inherited = (
        f"; inherited from {_plain(', '.join(restriction.inherited_from))}" if restriction.inherited_from else ""
    )
    dates = f"; dated {restriction.version}, read {restriction.retrieved}" if restriction.version else ""
    return f"({where}{dates}{inherited})"


def _plain(text: str) -> str:
    """Keep what a person wrote on one line and out of Markdown's and HTML's hands."""
    one_line = " ".join(text.split())
    for mark in "\\`*_[]<>#|":
        one_line = one_line.replace(mark, f"\\{mark}")
    return one_line
