"""Write the documents of a run: build the content once, filter it for each reader, render each format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from governance.documents.audiences import check_audiences, check_formats, select, traced
from governance.documents.blocks import AUDIENCES, Audience
from governance.documents.build.assemble import build, what_each_is_about
from governance.documents.build.run import Run
from governance.documents.content import Document
from governance.documents.extracts import check_extracts, extract, extracts, skipped
from governance.documents.masking import Masks
from governance.errors import CannotRunError, InputError
from governance.evidence.canonical import digest_bytes, digest_json
from governance.evidence.folder import RunFolder, write_atomically
from governance.evidence.templates import templates_digest
from governance.plugins import RendererDescriptor, find

if TYPE_CHECKING:
    from governance.harness.progress import Reporter

INPUTS = "inputs.json"
"""What each document was made from, so that it is kept while nothing of it changed."""


@dataclass(frozen=True)
class _Job:
    """One file to write. `inputs` is the digest of all that its bytes depend on."""

    path: Path
    document: Document
    inputs: str


def render(
    folder: RunFolder,
    *,
    audiences: Sequence[str] | None = None,
    formats: Sequence[str] | None = None,
    extracts: Sequence[str] = (),
    reporter: Reporter | None = None,
) -> list[Path]:
    """Write ``documents/<disclosure>/<audience>.<extension>`` and return the files, made now or kept.

    Extracts go to ``documents/confidential/extracts/<name>.<extension>``.

    A file is kept where the content, the templates and the renderer are the same and its bytes are those written then.

    Parameters
    ----------
    audiences, formats
        Names; by default all audiences, and the formats of the spec's output or else all installed ones.
    extracts
        Names of `governance.documents.extracts`; those that do not apply to the run are noted and not written.
    reporter
        Told about progress and about formats that this machine cannot make.

    Raises
    ------
    InputError
        If a name is not known, or a file of the run is missing or malformed.
    CannotRunError
        If a file cannot be written. A format that cannot be made here is noted, not raised.
    """
    wanted = check_audiences(AUDIENCES if audiences is None else audiences)
    names = check_formats(("html", "markdown", "pdf", "json") if formats is None else formats)
    run = Run.read(folder)
    documents = _documents(run, wanted, check_extracts(extracts), reporter)
    if reporter:
        reporter.stage("documents", len(documents) * len(names))
    known = _known_inputs(folder)
    made: list[Path] = []
    for name in names:
        jobs = [_job(folder, find("renderers", name), document) for document in documents]
        fresh = [job for job in jobs if not _kept(folder, job, known)]
        written = _write(find("renderers", name), fresh, reporter)
        known.update({_key(folder, job.path): [job.inputs, digest] for job, digest in written})
        done = {job.path for job, _ in written} | {job.path for job in jobs if job not in fresh}
        made += [job.path for job in jobs if job.path in done]
        if reporter:
            reporter.advance(len(jobs))
    folder.write_json(
        folder.documents / INPUTS, {key: known[key] for key in known if (folder.documents / key).exists()}
    )
    return made


def documents_of(folder: RunFolder, audiences: Sequence[Audience]) -> list[Document]:
    """Return what each audience may read of a run, before any format.

    Raises
    ------
    InputError
        If a file of the run is missing or malformed.
    """
    return _documents(Run.read(folder), audiences, ())


def extracts_of(folder: RunFolder, names: Sequence[str]) -> list[Document]:
    """Return the extracts of a run that apply to it, before any format.

    Raises
    ------
    InputError
        If there is no such extract, or a file of the run is missing or malformed.
    """
    return _documents(Run.read(folder), (), check_extracts(names))


def _documents(
    run: Run, audiences: Sequence[Audience], names: Sequence[str], reporter: Reporter | None = None
) -> list[Document]:
    about = what_each_is_about(run)
    made: list[Document] = []
    if audiences:
        content, masks = build(run), Masks.of(run.evidence.measurements, run.datasets)
        made += [select(content, audience, about, masks) for audience in audiences]
    for name in names:
        why = skipped(name, extracts()[name], run)
        if why is None:
            made.append(traced(extract(name, extracts()[name], run), about))
        elif reporter:
            reporter.note(f"no extract {why}")
    return made


def _job(folder: RunFolder, descriptor: RendererDescriptor, document: Document) -> _Job:
    inputs: dict[str, Any] = {
        "document": document.model_dump(mode="json"),
        "renderer": [descriptor.name, descriptor.version],
        "templates": templates_digest(),
    }
    version = getattr(descriptor.load(), "version", None)
    if version is not None:
        inputs["libraries"] = version()
    path = folder.documents / document.disclosure / f"{document.stem}.{descriptor.extension}"
    return _Job(path, document, digest_json(inputs))


def _write(
    descriptor: RendererDescriptor, jobs: Sequence[_Job], reporter: Reporter | None
) -> Iterable[tuple[_Job, str]]:
    """Render and write; a renderer with ``each`` gets all its documents at once, and one that fails takes no other."""
    if not jobs:
        return []
    renderer = descriptor.load()
    rendered: Sequence[bytes | CannotRunError]
    try:
        if hasattr(renderer, "each"):
            rendered = renderer.each([job.document for job in jobs])
        else:
            rendered = [renderer(job.document) for job in jobs]
    except CannotRunError as error:
        rendered = [error] * len(jobs)
    for failed in dict.fromkeys(one for one in rendered if isinstance(one, CannotRunError)):
        _note(reporter, failed)
    written = []
    for job, data in zip(jobs, rendered, strict=True):
        if isinstance(data, CannotRunError):
            job.path.unlink(missing_ok=True)
            continue
        write_atomically(job.path, data)
        written.append((job, digest_bytes(data)))
    return written


def _note(reporter: Reporter | None, error: CannotRunError) -> None:
    if reporter:
        reporter.note(error.message if error.hint is None else f"{error.message}: {error.hint}")


def _key(folder: RunFolder, path: Path) -> str:
    return path.relative_to(folder.documents).as_posix()


def _kept(folder: RunFolder, job: _Job, known: Mapping[str, Any]) -> bool:
    entry = known.get(_key(folder, job.path))
    if entry is None or not job.path.is_file():
        return False
    inputs, digest = entry
    return bool(inputs == job.inputs and digest == digest_bytes(job.path.read_bytes()))


def _known_inputs(folder: RunFolder) -> dict[str, Any]:
    path = folder.documents / INPUTS
    if not path.exists():
        return {}
    try:
        content = folder.read_json(path)
    except InputError:
        return {}
    return cast(dict[str, Any], content) if isinstance(content, dict) else {}
