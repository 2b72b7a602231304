"""Trace every number of a document of a run: read the file, build its content anew, and find each number there."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from governance.documents.audiences import READERS
from governance.documents.blocks import AUDIENCES, Audience
from governance.documents.build.assemble import what_each_is_about
from governance.documents.build.run import Run
from governance.documents.content import Document
from governance.documents.rendering import documents_of
from governance.documents.trace.explaining import Explainer, Explanation
from governance.documents.trace.lines import lines_of
from governance.documents.trace.matching import Matched, match
from governance.documents.trace.reading import FileText, read_file
from governance.documents.trace.report import Finding, Number, Trace
from governance.documents.trace.tokens import words
from governance.errors import InputError, Location, near_name
from governance.evidence.canonical import digest_file
from governance.evidence.folder import RunFolder

_FOLDERS = ("public", "customer", "confidential")
_ROWS = re.compile(r"first (\d+) of (\d+) rows")
_PAGE = re.compile(r"(?:page )?(\d+) (?:of|/) (\d+)")
_FILES = ("evidence.json", "spec.lock.json", "policy.lock.json", "run.json", "manifest.json")
_BELOW = ("decisions/", "comparisons/", "licence/")
_TABLE = re.compile(r"Table (\d+)\.")
_AROUND = 48
"""Characters on either side of a number that are told as its context."""


@dataclass(frozen=True)
class _SealedFolder(RunFolder):
    """A run folder whose evidence was changed, read as what was sealed, so that it can be said what was changed."""

    sealed: str = ""

    def evidence_digest(self) -> str:
        """Return the digest that was sealed."""
        return self.sealed


def run_of(document: Path) -> Path:
    """Return the run folder that a document lies in: ``RUN/documents/<disclosure>/<audience>.<extension>``.

    Raises
    ------
    InputError
        If it lies nowhere in a run.
    """
    folder = document.resolve().parent
    if folder.name in _FOLDERS and folder.parent.name == "documents":
        return folder.parent.parent
    raise InputError(
        f"{document} does not lie in a run folder", hint="name the run that it is said to be of: --run runs/5f1c09…"
    )


def rests_on(path: str, document: Path) -> bool:
    """Whether a document rests on a file of its run, or is it: ``evidence.json``, a decision, the manifest itself."""
    own = f"documents/{_disclosure(document)}/{document.name}"
    return path in (*_FILES, own) or path.startswith(_BELOW)


def trace(document: Path, folder: RunFolder, *, changed: Sequence[Finding] = ()) -> Trace:
    """Return every number of a document with what explains it.

    Parameters
    ----------
    document
        The file, named for its audience, for example ``auditor.html``.
    folder
        The run that it is of.
    changed
        Files of the run that are not what its manifest says; they are told, and the search goes on in what is there.

    Raises
    ------
    InputError
        If the file is no document, or the run cannot be read although nothing says that it was changed.
    CannotRunError
        If a file cannot be read, or a library is missing.
    """
    audience = _audience(document)
    if not document.is_file():
        raise InputError(f"there is no file {document}")
    sealed, other_evidence = _decided_on(folder)
    faults = [*changed, *other_evidence, *_outside(document, folder)]
    try:
        with _no_collection():
            numbers, another = _numbers(document, audience, sealed)
    except InputError as error:
        if not any(fault.fault == "changed" and "evidence" in fault.message for fault in faults):
            raise
        numbers, another = (), [Finding("changed", f"the run cannot be read any more: {error.message}")]
    return Trace(
        document=document.name,
        document_sha256=digest_file(document),
        run_id=folder.run_id,
        evidence_sha256=digest_file(folder.evidence_json),
        numbers=numbers,
        changed=(*faults, *another),
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Leave out the search for cycles: many small objects, none of them in one, and a quarter of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _numbers(document: Path, audience: Audience, folder: RunFolder) -> tuple[tuple[Number, ...], list[Finding]]:
    """Return the numbers of a document, and whether it is of another run."""
    run = Run.read(folder)
    (made,) = documents_of(folder, (audience,))
    lines = lines_of(made)
    explainer = Explainer(run, lines)
    if document.suffix == ".json":
        from governance.documents.trace.reading.content import read_content

        found, another = read_content(document, made, lines)
    else:
        text = read_file(document)
        tables = _table_numbers(text)
        found = [_of_the_file(one, text, explainer, tables) for one in match(text.fragments, lines)]
        another = _names_another_run(text, made)
    told = _Teller(run, explainer)
    return tuple(told.number(one) for one in found), another


def _decided_on(folder: RunFolder) -> tuple[RunFolder, list[Finding]]:
    """Return the run as it was decided on; where its evidence is another one by now, that is a finding."""
    decided = [
        content.get("evidence_digest")
        for content in (folder.read_json(path) for path in sorted(folder.decisions.glob("*.json")))
        if isinstance(content, dict)
    ]
    now = folder.evidence_digest() if folder.evidence_json.is_file() else ""
    if not decided or now in decided:
        return folder, []
    message = "evidence.json: not the evidence that the decision of this run was made on"
    return _SealedFolder(folder.path, sealed=str(decided[-1])), [Finding("changed", message)]


def _outside(document: Path, folder: RunFolder) -> list[Finding]:
    """Say so where a file from elsewhere is not the one of that name in the run."""
    own = folder.documents / _disclosure(document) / document.name
    if own.resolve() == document.resolve():
        return []
    if not own.is_file():
        return [Finding("changed", f"the run holds no {document.name} to compare it with")]
    if digest_file(own) == digest_file(document):
        return []
    return [Finding("changed", f"{document.name}: its content is not that of the run's own {document.name}")]


def _disclosure(document: Path) -> str:
    return READERS[_audience(document)].disclosure


def _audience(document: Path) -> Audience:
    for audience in AUDIENCES:
        if audience == document.stem:
            return audience
    raise InputError(
        f"'{document.name}' is not named for an audience",
        location=Location(str(document)),
        hint=near_name(document.stem, AUDIENCES),
    )


def _names_another_run(text: FileText, made: Document) -> list[Finding]:
    """Say so where the file does not name the run that it is said to be of."""
    run_id = words(made.identity.run_id)[0]
    said = "".join("".join(words(fragment.text)) for fragment in text.fragments)
    if run_id in said:
        return []
    return [Finding("another run", f"the document does not name run {made.identity.run_id}")]


def _table_numbers(text: FileText) -> set[str]:
    """Return how the tables of a file are numbered, as far as they are counted without a gap."""
    numbered = [match for match in (_TABLE.match(fragment.text) for fragment in text.fragments) if match]
    return {found[0] for place, found in enumerate(numbered, start=1) if int(found[1]) == place}


def _of_the_file(found: Matched, text: FileText, explainer: Explainer, tables: set[str]) -> Matched:
    """Explain what only the file knows: numbers of pages and of tables, and how many rows of a table are printed."""
    if found.place is not None:
        return found
    said, page = " ".join(found.fragment.text.split()), found.fragment.page
    numbered, cut = _PAGE.search(said), _ROWS.search(said)
    if page and numbered and (int(numbered[1]), int(numbered[2])) == (page, text.pages):
        known = numbered.groups()
    elif cut and int(cut[1]) < int(cut[2]) and int(cut[2]) in explainer.sizes.values():
        known = cut.groups()
    elif found.token.start < len("Table 1000") and any(said.startswith(table) for table in tables):
        known = (said.split()[1].rstrip("."),)
    else:
        return found
    return replace(found, known="page") if found.token.text in known else found


class _Teller:
    """Tells of each number what it is about, on which data."""

    def __init__(self, run: Run, explainer: Explainer) -> None:
        self.run = run
        self.explainer = explainer
        self.about = what_each_is_about(run)

    def number(self, found: Matched) -> Number:
        """Return a number with everything that is known about it."""
        explained = self._explained(found)
        m = self.explainer.measurements.get(explained.measurement or "")
        about = self.about.get(explained.measurement or "")
        text, token = found.fragment.text, found.token
        return Number(
            text=text[token.start : token.end],
            context=_context(text, token.start, token.end),
            section=found.fragment.section or "",
            kind=explained.kind,
            measurement=explained.measurement,
            field=explained.field,
            about=about.about if about else None,
            dataset=m.dataset if m else None,
            dataset_digest=m.dataset_digest if m else None,
            run_id=self.run.folder.run_id if m else None,
            instead=found.instead.text if found.instead and explained.kind is None else None,
            problem=explained.problem,
        )

    def _explained(self, found: Matched) -> Explanation:
        if found.known is not None:
            return Explanation(found.known, found.measurement)
        return Explanation(None) if found.place is None else self.explainer.explain(found.place)


def _context(text: str, start: int, end: int) -> str:
    before, after = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    left = "…" if start > _AROUND else ""
    right = "…" if end + _AROUND < len(text) else ""
    return " ".join(f"{left}{before}{text[start:end]}{after}{right}".split())
