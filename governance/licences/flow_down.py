"""Words to pass restrictions and duties on: for derived models, and for services that offer the model."""

from __future__ import annotations

from collections.abc import Iterator

from governance.licences.markdown import plain
from governance.licences.notice import NOT_PROVIDED, SUMMARY
from governance.licences.statement import LicenceStatement
from governance.spec.model import Spec

_OWN_WORDS = (
    "Put the restrictions into an agreement in the words of the licence text, not in the words of this list, which "
    "only says which ones they are. Have counsel review the agreement."
)


def has_flow_down(statement: LicenceStatement) -> bool:
    """Whether there is anything to pass on."""
    return bool(statement.flow_down or (statement.lineage is not None and statement.lineage.duties))


def flow_down(statement: LicenceStatement, spec: Spec) -> str:
    """Return what to pass on as Markdown: with a derived model, and with a service that offers the model."""
    return "\n".join(_lines(statement, spec)) + "\n"


def _lines(statement: LicenceStatement, spec: Spec) -> Iterator[str]:
    subject = f"{plain(spec.subject.name)} {plain(spec.subject.version)}"
    yield f"# To pass on with {subject}"
    yield ""
    yield SUMMARY
    if statement.is_rail:
        yield _OWN_WORDS
    yield ""
    yield f"- Licence: {plain(statement.title or '')} ({plain(statement.spdx or '')})"
    yield f"- Licence text: {plain(_text(statement))}"
    yield from _list("Restrictions on use, which bind you, your users and theirs", tuple(_restrictions(statement)))
    yield from _list("Duties from what it is built on", tuple(_duties(statement)))
    for title, opening, extra in (
        ("With a model derived from it", f"What you receive is derived from {subject}.", statement.derivatives),
        ("With a service that offers it", f"This service runs {subject} or what is derived from it.", statement.hosted),
    ):
        listed = " It comes with the restrictions listed above." if statement.restrictions else ""
        duties = " The duties listed above go with it." if statement.lineage and statement.lineage.duties else ""
        yield from _list(title, (*statement.flow_down, *extra), f"{opening}{listed}{duties}")
    yield from _list("What this does not reach", statement.not_covered)


def _text(statement: LicenceStatement) -> str:
    if statement.text_file is not None:
        return f"{statement.text_file}, SHA-256 {statement.text_sha256}"
    return statement.text or ("see the SPDX reference" if statement.on_spdx_list else NOT_PROVIDED)


def _restrictions(statement: LicenceStatement) -> Iterator[str]:
    for restriction in statement.restrictions:
        where = "; ".join(restriction.found_in) or restriction.source
        yield f"{restriction.id}: {restriction.label.rstrip('.')}. ({where})"


def _duties(statement: LicenceStatement) -> Iterator[str]:
    for duty in statement.lineage.duties if statement.lineage is not None else ():
        yield f"{duty.text} For: {'; '.join(duty.because)}."


def _list(title: str, lines: tuple[str, ...], opening: str | None = None) -> Iterator[str]:
    if lines or opening:
        yield from ("", f"## {title}", "")
    if opening:
        yield opening
    if lines and opening:
        yield ""
    yield from (f"- {plain(line)}" for line in lines)
