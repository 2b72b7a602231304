"""Which reports there are, and how they are asked for: ``KIND=PATH``, or ``KIND=-`` for standard output."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from governance.errors import InputError, near_name
from governance.evidence.canonical import readable_json
from governance.exchange.reports import github, junit, markdown, sarif
from governance.exchange.reports.reported import Reported

STANDARD_OUTPUT = "-"


def _json(reported: Reported) -> bytes:
    """Return the decision with the names, and the bytes, of ``decisions/<policy digest>.json``."""
    return readable_json(reported.decision.model_dump(mode="json"))


KINDS: dict[str, Callable[[Reported], bytes]] = {
    "junit": junit.render,
    "sarif": sarif.render,
    "github": markdown.render,
    "markdown": markdown.render,
    "json": _json,
}


@dataclass(frozen=True)
class Request:
    """A kind of report and where it goes; no path is standard output."""

    kind: str
    path: Path | None

    @property
    def fills_output(self) -> bool:
        """Whether standard output must hold this report and nothing else."""
        return self.path is None and self.kind != "github"


def read_requests(written: Iterable[str]) -> tuple[Request, ...]:
    """Read ``KIND=PATH`` pairs.

    Raises
    ------
    InputError
        If a kind is unknown, a path is missing, is no file or is named twice, or two reports want standard output.
    """
    requests: list[Request] = []
    for pair in written:
        kind, equals, path = pair.partition("=")
        if kind not in KINDS:
            raise InputError(f"--report: unknown kind '{kind}'", hint=near_name(kind, KINDS))
        if not equals or not path:
            raise InputError(f"--report takes KIND=PATH, not '{pair}'", hint=f"for example {kind}=report, or {kind}=-")
        target = None if path == STANDARD_OUTPUT else Path(path)
        if target is not None and target.exists() and not target.is_file():
            hint = "name a file in it" if target.is_dir() else f"for standard output write {kind}=-"
            raise InputError(f"--report {pair}: {path} is there, and no file", hint=hint)
        if any(target is not None and request.path == target for request in requests):
            raise InputError(f"--report: two reports would be written to {path}")
        requests.append(Request(kind, target))
    to_output = [request for request in requests if request.path is None]
    if len(to_output) > 1:
        names = ", ".join(request.kind for request in to_output)
        raise InputError(f"--report: only one report can go to standard output, not {names}", hint="give paths")
    return tuple(requests)


def render(request: Request, reported: Reported) -> bytes:
    """Return the report that is asked for. ``github`` is annotations on standard output, and a summary in a file."""
    if request.kind == "github" and request.path is None:
        return github.render(reported)
    content = KINDS[request.kind](reported)
    return _for_a_log(request.kind, content) if request.path is None else content


def _for_a_log(kind: str, content: bytes) -> bytes:
    """Return a report for standard output: the same content, spelt so that a runner reads no command in it.

    GitHub's takes a line that begins with ``::``, and ``##[`` anywhere. In Markdown both are escaped already.
    """
    if kind == "junit":
        return content.replace(b"##[", b"#&#35;[").replace(b"::", b":&#58;")
    if kind in ("json", "sarif"):
        return content.replace(b"##[", b"#\\u0023[")
    return content
